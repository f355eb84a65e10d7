//! Why a token could not be verified.

/// Why a token could not be verified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The token is not valid.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The token's key may be one of the key server's, and those are unavailable.
    #[error("{0}")]
    KeysUnavailable(String),
    /// The platform could not check the signature.
    #[error("{0}")]
    Cryptography(String),
}

/// Why a token is not valid, by stage. The texts are for the log: they contain nothing of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Longer than [`TOKEN_BYTES_MAX`](crate::auth::token::TOKEN_BYTES_MAX).
    #[error("form: too large")]
    TooLarge,
    /// Not three segments of canonical base64url.
    #[error("form: not three segments of canonical base64url")]
    Segments,
    /// The header is not a JSON object without repeated members.
    #[error("header: not a JSON object")]
    Header,
    /// `alg` is not an algorithm that a key can have.
    #[error("header: algorithm not allowed")]
    Algorithm,
    /// `typ` is not that of a JWT.
    #[error("header: not a JWT by its typ")]
    Type,
    /// The header demands an extension that is not supported: `crit` or `b64`.
    #[error("header: critical extension")]
    Critical,
    /// `kid` is not a string, or it is too long.
    #[error("header: malformed kid")]
    KeyId,
    /// No key matches the header, or more than one does.
    #[error("key: no unique match for kid/alg")]
    NoUniqueKey,
    /// The signature does not match.
    #[error("signature: does not match")]
    Signature,
    /// The claims are not a JSON object without repeated members.
    #[error("claims: not a JSON object")]
    Claims,
    /// The named claim is missing, has a wrong type or is out of bounds.
    #[error("claims: malformed {0}")]
    Claim(&'static str),
    /// `exp` has passed.
    #[error("claims: expired")]
    Expired,
    /// `nbf` has not come yet.
    #[error("claims: not valid yet")]
    NotYetValid,
    /// `iat` has not come yet.
    #[error("claims: issued in the future")]
    IssuedInFuture,
    /// `iss` is not the configured issuer.
    #[error("claims: another issuer")]
    Issuer,
    /// `aud` does not name this service.
    #[error("claims: another audience")]
    Audience,
}

impl TokenError {
    /// What the client is told: enough to act on for an honest client, nothing that helps others to guess.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Expired => "The token has expired",
            Self::NotYetValid | Self::IssuedInFuture => "The token is not valid yet",
            Self::Issuer | Self::Audience => "The token is not meant for this service",
            _ => "The token is not valid",
        }
    }
}
