//! Verification of tokens: the stages, one after the other.

use crate::auth::algorithm::Algorithm;
use crate::auth::claim_mapping::ClaimMapping;
use crate::auth::claims::{Claims, ExpectedClaims};
use crate::auth::error::{TokenError, VerifyError};
use crate::auth::jwk::{JwkError, UnusableKey};
use crate::auth::jwks_cache::JwksCache;
use crate::auth::keys::{Key, KeyMatch, KeySet, UnimportedKey};
use crate::auth::ports::{AuthPorts, Cryptography};
use crate::auth::token;
use crate::auth::token::Header;
use crate::auth::token_cache::{KeySource, TokenCache, VerifiedToken};
use crate::base::timestamp::Timestamp;
use std::cell::RefCell;
use std::rc::Rc;

/// A configured key and what it is called in the log, such as `JWT_KEYS key 2`.
#[derive(Debug)]
pub struct ConfiguredKey {
    /// What it is called.
    pub name: String,
    /// The key.
    pub key: UnimportedKey,
}

/// Everything that an isolate knows about keys and tokens. It is made from a configuration that never changes, so the
/// claims of the cached tokens were read with the one mapping.
pub struct Authenticator<K> {
    configured_keys: KeySet<K>,
    jwks_cache: Option<JwksCache<K>>,
    expectations: ExpectedClaims,
    claim_mapping: ClaimMapping,
    token_cache: RefCell<TokenCache>,
}

impl<K> Authenticator<K> {
    /// An authenticator that trusts `keys`, and the keys that the server at `key_server_url` publishes.
    ///
    /// # Errors
    /// Every key that the platform rejects, for example because its point is not on the curve.
    pub async fn import<C: Cryptography<Key = K>>(
        keys: &[ConfiguredKey],
        key_server_url: Option<String>,
        expectations: ExpectedClaims,
        claim_mapping: ClaimMapping,
        cryptography: &C,
    ) -> Result<Self, Vec<UnusableKey>> {
        let mut imported = Vec::with_capacity(keys.len());
        let mut unusable = Vec::new();
        for ConfiguredKey { name, key } in keys {
            match Key::import(key, cryptography).await {
                Ok(key) => imported.push(key),
                Err(_) => unusable.push(UnusableKey {
                    name: name.clone(),
                    reason: JwkError::Import,
                }),
            }
        }
        if !unusable.is_empty() {
            return Err(unusable);
        }
        Ok(Self {
            configured_keys: KeySet::new(imported),
            jwks_cache: key_server_url.map(JwksCache::new),
            expectations,
            claim_mapping,
            token_cache: RefCell::new(TokenCache::new()),
        })
    }

    /// Verifies a token at `now`. A token that this isolate has verified before, with keys that are still trusted, is
    /// only checked against the clock.
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
        let cached = self.token_cache.borrow_mut().get(token);
        if let Some(cached) = cached.filter(|cached| self.trusts(cached.key_source, now)) {
            ports.trace().source("token", "memory");
            if let Err(error) = cached.claims.check(&self.expectations, now) {
                self.token_cache.borrow_mut().remove(token);
                return Err(error.into());
            }
            return Ok(cached.claims);
        }
        let parsed = token::parse(token)?;
        let (key, key_source) = self.find_key(&parsed.header, ports, now).await?;
        let is_genuine = key.verify(ports.cryptography(), parsed.signed, &parsed.signature).await;
        if !is_genuine.map_err(|error| VerifyError::Cryptography(error.to_string()))? {
            return Err(TokenError::Signature.into());
        }
        let claims = Claims::from_mapped_payload(&parsed.payload, &self.claim_mapping)?;
        claims.check(&self.expectations, now)?;
        let claims = Rc::new(claims);
        ports.trace().source("token", "verified");
        let verified = VerifiedToken {
            claims: Rc::clone(&claims),
            key_source,
        };
        self.token_cache.borrow_mut().put(token, verified);
        Ok(claims)
    }

    /// The one key that a header means.
    async fn find_key<P: AuthPorts<Key = K>>(
        &self,
        header: &Header,
        ports: &P,
        now: Timestamp,
    ) -> Result<(Rc<Key<K>>, KeySource), VerifyError> {
        let configured = self.configured_keys.find(header);
        // A secret is never taken from a key server, and a kid that is configured means the configured key.
        let is_decided =
            header.algorithm == Algorithm::Hs256 || (header.key_id.is_some() && !matches!(configured, KeyMatch::None));
        let Some(jwks_cache) = self.jwks_cache.as_ref().filter(|_| !is_decided) else {
            return Ok((configured.into_unique()?, KeySource::Configured));
        };
        let (published, generation) = jwks_cache.find(header, ports, now).await?;
        let key = configured.or(published).into_unique()?;
        Ok((key, KeySource::KeyServer { generation }))
    }

    /// Whether a token that was verified with keys of `key_source` still counts as verified.
    fn trusts(&self, key_source: KeySource, now: Timestamp) -> bool {
        match (key_source, &self.jwks_cache) {
            (KeySource::Configured, _) => true,
            (KeySource::KeyServer { generation }, Some(jwks_cache)) => jwks_cache.is_fresh(generation, now),
            (KeySource::KeyServer { .. }, None) => false,
        }
    }
}
