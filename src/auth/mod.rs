//! Who calls, and what the caller may see.
//!
//! Verification goes in stages that never mix: size and form (`token`), then the key (`keys`; `jwk` reads them, `remote`
//! fetches them), then the signature, then the claims (`claims`); nothing of a later stage is looked at before the
//! earlier ones have passed. What a verified caller may do is decided in `access`, the only place that makes an
//! [`access::OrganizationId`] for a caller.

pub mod access;
pub mod claims;
pub mod jwk;
pub mod keys;
pub mod ports;
pub mod remote;
pub mod token;
mod verified;

use crate::auth::claims::{Claims, Expectations};
use crate::auth::keys::{Algorithm, Fitting, Key, KeySet};
use crate::auth::ports::{Cryptography, KeyServer};
use crate::auth::remote::RemoteKeys;
use crate::auth::token::Header;
use crate::auth::verified::{Source, Verified};
use crate::instant::Instant;
use crate::ports::PageCache;
use crate::trace::Trace;
use std::cell::RefCell;
use std::rc::Rc;

/// All that an isolate knows of keys and tokens. Its configuration never changes; with another one it is another.
pub struct Authenticator<K> {
    keys: KeySet<K>,
    remote: Option<RemoteKeys<K>>,
    expected: Expectations,
    verified: RefCell<Verified>,
}

/// What verification needs beside the token.
pub struct World<'a, C, S, P> {
    /// Signatures of key pairs.
    pub cryptography: &'a C,
    /// The key server.
    pub server: &'a S,
    /// Where fetched key sets are kept for other isolates.
    pub store: &'a P,
    /// Where the claims came from, and what went wrong on the way.
    pub trace: &'a Trace,
}

impl<K> Authenticator<K> {
    /// Trusts `keys`, and those of the server at the URL `key_server`.
    #[must_use]
    pub fn new(keys: Vec<Key<K>>, key_server: Option<String>, expected: Expectations) -> Self {
        Self {
            keys: KeySet::new(keys),
            remote: key_server.map(RemoteKeys::new),
            expected,
            verified: RefCell::default(),
        }
    }

    /// Verifies a token at `now`. One that this isolate has verified before, with keys that are still trusted, is only
    /// held against the clock.
    ///
    /// # Errors
    /// [`VerifyError`]
    pub async fn verify<C, S, P>(
        &self,
        token: &str,
        world: &World<'_, C, S, P>,
        now: Instant,
    ) -> Result<Rc<Claims>, VerifyError>
    where
        C: Cryptography<Key = K>,
        S: KeyServer,
        P: PageCache,
    {
        token::check_size(token)?;
        let fingerprint = verified::fingerprint(token);
        let known = self.verified.borrow_mut().get(&fingerprint);
        if let Some((claims, _)) = known.filter(|(_, source)| self.trusts(*source, now)) {
            world.trace.source("token", "memory");
            if let Err(error) = claims.check(&self.expected, now) {
                self.verified.borrow_mut().forget(&fingerprint);
                return Err(error.into());
            }
            return Ok(claims);
        }
        let parsed = token::parse(token)?;
        let (key, source) = self.key(&parsed.header, world, now).await?;
        let is_genuine = key.verifies(world.cryptography, parsed.signed, &parsed.signature).await;
        if !is_genuine.map_err(|error| VerifyError::Cryptography(error.to_string()))? {
            return Err(TokenError::Signature.into());
        }
        let claims = Claims::read(&parsed.payload)?;
        claims.check(&self.expected, now)?;
        let claims = Rc::new(claims);
        world.trace.source("token", "verified");
        self.verified
            .borrow_mut()
            .put(fingerprint, Rc::clone(&claims), source, token.len());
        Ok(claims)
    }

    /// The one key that a header means.
    async fn key<C, S, P>(
        &self,
        header: &Header,
        world: &World<'_, C, S, P>,
        now: Instant,
    ) -> Result<(Rc<Key<K>>, Source), VerifyError>
    where
        C: Cryptography<Key = K>,
        S: KeyServer,
        P: PageCache,
    {
        let configured = self.keys.fitting(header);
        // A secret is never taken from a key server, and a kid that is configured means the configured key.
        let is_decided =
            header.algorithm == Algorithm::Hs256 || (header.key_id.is_some() && !matches!(configured, Fitting::None));
        let Some(remote) = self.remote.as_ref().filter(|_| !is_decided) else {
            return Ok((configured.one()?, Source::Configured));
        };
        let (published, set_no) = remote.fitting(header, world, now).await?;
        Ok((configured.and(published).one()?, Source::Published(set_no)))
    }

    /// Whether what was verified with keys of `source` still is.
    fn trusts(&self, source: Source, now: Instant) -> bool {
        match (source, &self.remote) {
            (Source::Configured, _) => true,
            (Source::Published(set_no), Some(remote)) => remote.is_fresh(set_no, now),
            (Source::Published(_), None) => false,
        }
    }
}

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
    /// Longer than [`token::TOKEN_BYTES_MAX`].
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
