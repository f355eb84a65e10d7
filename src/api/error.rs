//! Every way in which a request can fail, and the one place that decides about status, code and message.
//!
//! The modules below have errors of their own, which know no HTTP; the `From` implementations here map them.

use crate::alert::settings::DestinationsError;
use crate::auth::access::{AccessError, Denial};
use crate::auth::connection::SignatureError;
use crate::auth::error::{TokenError, VerifyError};
use crate::directory::scopes::ScopesError;
use crate::directory::settings::ChangeError;
use crate::directory::settings_change::SettingsError;
use crate::evidence::EvidenceError;
use crate::http::query::QueryError;
use crate::ingest::parse::{ParseError, Remark};
use crate::report::error::ReportError;
use crate::report::request::SearchError;
use crate::storage::database::DatabaseError;

/// After how many seconds a client may try again if storage is out of reach.
const RETRY_AFTER_SECONDS: u32 = 5;

/// Why a request was not answered with what it asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiError {
    /// A parameter or the body is malformed. The text names it and says what it takes.
    Invalid(String),
    /// Some events of a body are bad: a text that says how many, and the first of them.
    BadEvents(String, Vec<Remark>),
    /// There is no token.
    TokenMissing,
    /// The `Authorization` header is not `Bearer` and one token.
    TokenMalformed,
    /// The token was refused.
    Token(TokenError),
    /// There were too many calls. The number is after how many seconds the client may try again.
    RateLimited(u32),
    /// The caller may not do this. Which rule denies it is for the log.
    Forbidden(Denial),
    /// The organization does not exist.
    OrganizationNotFound,
    /// There is no such conversation that the caller may see.
    ConversationNotFound,
    /// What is asked for does not go together with what is stored. The text says why.
    Conflict(&'static str),
    /// There is no such connection.
    ConnectionNotFound,
    /// There is no such destination of alerts.
    DestinationNotFound,
    /// The signature of a webhook was refused.
    Signature(SignatureError),
    /// There is no such route.
    RouteNotFound,
    /// The route does not take this method. The text lists the methods that it takes.
    MethodNotAllowed(&'static str),
    /// The snapshot that the request names is no longer stored, or never was one.
    SnapshotExpired,
    /// The body has too many bytes or events. The text says which.
    TooLarge(String),
    /// The body has a type or an encoding that is not taken. The text says which are.
    UnsupportedMediaType(&'static str),
    /// The fault is ours. The text is for the log.
    Internal(String),
    /// Storage is out of reach, or the service is misconfigured. The text is for the log.
    Unavailable(String),
}

/// The response to an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorResponse {
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: &'static str,
    /// A sentence that a person can act on.
    pub message: String,
    /// Headers besides those of every response.
    pub headers: Vec<(&'static str, String)>,
}

impl ApiError {
    /// The response: status, code, words and headers.
    #[must_use]
    pub fn response(&self) -> ErrorResponse {
        let response = |status, code, message: &str| ErrorResponse {
            status,
            code,
            message: message.to_owned(),
            headers: Vec::new(),
        };
        match self {
            Self::Invalid(message) => response(400, "INVALID_REQUEST", message),
            Self::BadEvents(message, _) => response(400, "INVALID_REQUEST", message),
            Self::TokenMissing => {
                let message = "A bearer token is required in the Authorization header.";
                response(401, "UNAUTHENTICATED", message)
                    .with("WWW-Authenticate", r#"Bearer realm="conversation-monitor""#)
            }
            Self::TokenMalformed => {
                let message = "The Authorization header must be \"Bearer\" and one token.";
                response(401, "UNAUTHENTICATED", message)
                    .with("WWW-Authenticate", &challenge("invalid_request", message))
            }
            Self::Token(error) => {
                let description = error.description();
                response(401, "UNAUTHENTICATED", &format!("{description}."))
                    .with("WWW-Authenticate", &challenge("invalid_token", description))
            }
            Self::RateLimited(seconds) => response(429, "RATE_LIMITED", "Too many requests. Try again after a while.")
                .with("Retry-After", &seconds.to_string()),
            Self::Forbidden(_) => response(
                403,
                "FORBIDDEN",
                "Your role, scope or organization does not allow this.",
            ),
            Self::OrganizationNotFound => response(404, "NOT_FOUND", "Organization not found."),
            Self::ConversationNotFound => response(404, "NOT_FOUND", "Conversation not found."),
            Self::Conflict(message) => response(409, "CONFLICT", message),
            Self::ConnectionNotFound => response(404, "NOT_FOUND", "There is no such connection."),
            Self::DestinationNotFound => response(404, "NOT_FOUND", "There is no such destination."),
            Self::Signature(_) => response(401, "UNAUTHENTICATED", "The signature is not valid.")
                .with("WWW-Authenticate", r#"Signature realm="conversation-monitor""#),
            Self::RouteNotFound => response(404, "NOT_FOUND", "There is nothing at this path."),
            Self::MethodNotAllowed(allow) => {
                let message = format!("This path takes {allow}.");
                response(405, "METHOD_NOT_ALLOWED", &message).with("Allow", allow)
            }
            Self::SnapshotExpired => {
                let message = "The snapshot is no longer kept. Leave out \"snapshot\" to get the newest one.";
                response(410, "SNAPSHOT_EXPIRED", message)
            }
            Self::TooLarge(message) => response(413, "PAYLOAD_TOO_LARGE", message),
            Self::UnsupportedMediaType(message) => response(415, "UNSUPPORTED_MEDIA_TYPE", message),
            Self::Internal(_) => response(500, "INTERNAL", "Something went wrong on our side."),
            Self::Unavailable(_) => response(503, "UNAVAILABLE", "The service is not available right now. Try again.")
                .with("Retry-After", &RETRY_AFTER_SECONDS.to_string()),
        }
    }

    /// What the log says besides status and code: the cause, which the client is not told; for a 401, the stage; for a
    /// 403, the rule.
    #[must_use]
    pub fn cause(&self) -> Option<String> {
        match self {
            Self::TokenMissing => Some("header: no token".to_owned()),
            Self::TokenMalformed => Some("header: not Bearer and one token".to_owned()),
            Self::Token(error) => Some(error.to_string()),
            Self::Signature(error) => Some(error.to_string()),
            Self::Forbidden(denial) => Some(denial.to_string()),
            Self::Internal(cause) | Self::Unavailable(cause) => Some(cause.clone()),
            _ => None,
        }
    }
}

impl ErrorResponse {
    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// A challenge as in RFC 6750 section 3. The description is quoted as it is, because nothing in it comes from the
/// client.
fn challenge(error: &str, description: &str) -> String {
    let description = description.replace('"', "'");
    format!(r#"Bearer realm="conversation-monitor", error="{error}", error_description="{description}""#)
}

impl From<VerifyError> for ApiError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Token(error) => Self::Token(error),
            VerifyError::KeysUnavailable(cause) => Self::Unavailable(cause),
            VerifyError::Cryptography(cause) => Self::Internal(cause),
        }
    }
}

impl From<SignatureError> for ApiError {
    fn from(error: SignatureError) -> Self {
        Self::Signature(error)
    }
}

impl From<AccessError> for ApiError {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Forbidden(denial) => Self::Forbidden(denial),
            AccessError::OrganizationMissing => Self::Invalid(
                "organizationId is required: neither the token nor the request names an organization.".to_owned(),
            ),
        }
    }
}

impl From<ParseError> for ApiError {
    fn from(error: ParseError) -> Self {
        let message = error.to_string();
        match error {
            ParseError::TooManyEvents => Self::TooLarge(message),
            ParseError::Malformed(_) => Self::Invalid(message),
            ParseError::BadEvents { first, .. } => Self::BadEvents(message, first),
        }
    }
}

impl From<DatabaseError> for ApiError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Decode(_) | DatabaseError::Encode => Self::Internal(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl From<ReportError> for ApiError {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::OrganizationNotFound => Self::OrganizationNotFound,
            ReportError::SnapshotExpired => Self::SnapshotExpired,
            ReportError::Unavailable(cause) => Self::Unavailable(cause),
            ReportError::Corrupt(cause) => Self::Internal(cause),
        }
    }
}

impl From<EvidenceError> for ApiError {
    fn from(error: EvidenceError) -> Self {
        match error {
            EvidenceError::ConversationNotFound => Self::ConversationNotFound,
            EvidenceError::NotWaiting => Self::Conflict(
                "Nobody waits in this conversation any more, so there is nothing to acknowledge. Load the list again.",
            ),
            EvidenceError::AnotherLastMessage => Self::Conflict(
                "The customer's last message is not the one that you name. Look at the conversation again.",
            ),
            EvidenceError::Invalid(message) => Self::Invalid(message),
            EvidenceError::Report(error) => error.into(),
        }
    }
}

impl From<ScopesError> for ApiError {
    fn from(error: ScopesError) -> Self {
        match error {
            ScopesError::Access(error) => error.into(),
            ScopesError::OrganizationNotFound => Self::OrganizationNotFound,
            ScopesError::Database(error) => error.into(),
        }
    }
}

impl From<SearchError> for ApiError {
    fn from(error: SearchError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl From<DestinationsError> for ApiError {
    fn from(error: DestinationsError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl From<SettingsError> for ApiError {
    fn from(error: SettingsError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl From<ChangeError> for ApiError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Settings(error) => error.into(),
            ChangeError::Report(error) => error.into(),
        }
    }
}
