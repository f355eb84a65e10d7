//! The stages of verification, one after the other.

use crate::auth::algorithm::Algorithm;
use crate::auth::claims::{Claims, Expectations};
use crate::auth::error::{TokenError, VerifyError};
use crate::auth::jwks_cache::JwksCache;
use crate::auth::keys::{Key, KeyMatch, KeySet};
use crate::auth::ports::AuthPorts;
use crate::auth::token;
use crate::auth::token::Header;
use crate::auth::token_cache;
use crate::auth::token_cache::{Source, TokenCache};
use crate::base::timestamp::Timestamp;
use std::cell::RefCell;
use std::rc::Rc;

/// All that an isolate knows of keys and tokens. Its configuration never changes; with another one it is another.
pub struct Authenticator<K> {
    keys: KeySet<K>,
    remote: Option<JwksCache<K>>,
    expected: Expectations,
    verified: RefCell<TokenCache>,
}

impl<K> Authenticator<K> {
    /// Trusts `keys`, and those of the server at the URL `key_server`.
    #[must_use]
    pub fn new(keys: Vec<Key<K>>, key_server: Option<String>, expected: Expectations) -> Self {
        Self {
            keys: KeySet::new(keys),
            remote: key_server.map(JwksCache::new),
            expected,
            verified: RefCell::default(),
        }
    }

    /// Verifies a token at `now`. One that this isolate has verified before, with keys that are still trusted, is only
    /// held against the clock.
    ///
    /// # Errors
    /// [`VerifyError`]
    pub async fn verify<P: AuthPorts<Key = K>>(
        &self,
        token: &str,
        ports: &P,
        now: Timestamp,
    ) -> Result<Rc<Claims>, VerifyError> {
        token::check_size(token)?;
        let fingerprint = token_cache::fingerprint(token);
        let known = self.verified.borrow_mut().get(&fingerprint);
        if let Some((claims, _)) = known.filter(|(_, source)| self.trusts(*source, now)) {
            ports.trace().source("token", "memory");
            if let Err(error) = claims.check(&self.expected, now) {
                self.verified.borrow_mut().forget(&fingerprint);
                return Err(error.into());
            }
            return Ok(claims);
        }
        let parsed = token::parse(token)?;
        let (key, source) = self.key(&parsed.header, ports, now).await?;
        let is_genuine = key.verify(ports.cryptography(), parsed.signed, &parsed.signature).await;
        if !is_genuine.map_err(|error| VerifyError::Cryptography(error.to_string()))? {
            return Err(TokenError::Signature.into());
        }
        let claims = Claims::read(&parsed.payload)?;
        claims.check(&self.expected, now)?;
        let claims = Rc::new(claims);
        ports.trace().source("token", "verified");
        self.verified
            .borrow_mut()
            .put(fingerprint, Rc::clone(&claims), source, token.len());
        Ok(claims)
    }

    /// The one key that a header means.
    async fn key<P: AuthPorts<Key = K>>(
        &self,
        header: &Header,
        ports: &P,
        now: Timestamp,
    ) -> Result<(Rc<Key<K>>, Source), VerifyError> {
        let configured = self.keys.fitting(header);
        // A secret is never taken from a key server, and a kid that is configured means the configured key.
        let is_decided =
            header.algorithm == Algorithm::Hs256 || (header.key_id.is_some() && !matches!(configured, KeyMatch::None));
        let Some(remote) = self.remote.as_ref().filter(|_| !is_decided) else {
            return Ok((configured.one()?, Source::Configured));
        };
        let (published, set_no) = remote.fitting(header, ports, now).await?;
        Ok((configured.and(published).one()?, Source::Published(set_no)))
    }

    /// Whether what was verified with keys of `source` still is.
    fn trusts(&self, source: Source, now: Timestamp) -> bool {
        match (source, &self.remote) {
            (Source::Configured, _) => true,
            (Source::Published(set_no), Some(remote)) => remote.is_fresh(set_no, now),
            (Source::Published(_), None) => false,
        }
    }
}
