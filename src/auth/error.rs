//! Why a request has no claims.

/// Why there are no claims.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The token was refused.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The key that it names may be one of the key server's, which cannot be had.
    #[error("{0}")]
    KeysUnavailable(String),
    /// The platform could not check the signature.
    #[error("{0}")]
    Cryptography(String),
}

/// Why a token was refused, by stage. The texts are for the log: they say nothing of the token's content.
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
    /// `alg` is none of those that keys may have.
    #[error("header: algorithm not allowed")]
    Algorithm,
    /// `typ` is something else than a JWT.
    #[error("header: not a JWT by its typ")]
    Type,
    /// The header demands what is not understood: `crit` or `b64`.
    #[error("header: critical extension")]
    Critical,
    /// `kid` is not a string of a sane length.
    #[error("header: malformed kid")]
    KeyId,
    /// There is no key for this header, or more than one.
    #[error("key: none, or not just one, fits")]
    NoKey,
    /// The signature does not match.
    #[error("signature: does not match")]
    Signature,
    /// The claims are not a JSON object without repeated members.
    #[error("claims: not a JSON object")]
    Claims,
    /// The named claim is missing, of the wrong type or out of bounds.
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
    /// `iss` is another than configured.
    #[error("claims: another issuer")]
    Issuer,
    /// `aud` does not name this service.
    #[error("claims: another audience")]
    Audience,
}

impl TokenError {
    /// What the client is told: enough for an honest one to act on, nothing that helps to guess.
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
