//! The tokens that this isolate has verified. A dashboard sends the same one every few seconds.

use crate::auth::claims::Claims;
use crate::base::byte_cache::ByteBoundedCache;
use crate::base::digest::sha256;
use std::rc::Rc;

/// The most bytes of claims that an isolate keeps.
const BYTES_MAX: usize = 2 * 1024 * 1024;

/// The SHA-256 of a token: tokens themselves are not kept, and no two tokens share an entry.
pub type Fingerprint = [u8; 32];

/// The fingerprint of a token.
pub fn fingerprint(token: &str) -> Fingerprint {
    sha256(token.as_bytes())
}

/// The keys that verified a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySource {
    /// The configured keys, which are trusted as long as the isolate lives.
    Configured,
    /// The key server's, in this generation of its key set.
    KeyServer {
        /// Which of the sets.
        generation: u64,
    },
}

/// What is kept of a token.
#[derive(Debug, Clone)]
pub struct VerifiedToken {
    /// The claims. They must be checked against the clock at every use.
    pub claims: Rc<Claims>,
    /// The keys that verified it.
    pub key_source: KeySource,
}

/// The verified tokens, bounded in bytes.
pub struct TokenCache {
    tokens: ByteBoundedCache<Fingerprint, VerifiedToken>,
}

impl TokenCache {
    /// An empty cache.
    pub fn new() -> Self {
        Self {
            tokens: ByteBoundedCache::new(BYTES_MAX),
        }
    }

    /// What is kept of a token.
    pub fn get(&mut self, fingerprint: &Fingerprint) -> Option<VerifiedToken> {
        self.tokens.get(fingerprint)
    }

    /// Keeps a token of `token_bytes`, whose claims take about twice as many bytes.
    pub fn put(&mut self, fingerprint: Fingerprint, token: VerifiedToken, token_bytes: usize) {
        self.tokens.put(fingerprint, token, token_bytes.saturating_mul(2));
    }

    /// Removes a token that has expired.
    pub fn remove(&mut self, fingerprint: &Fingerprint) {
        self.tokens.remove(fingerprint);
    }
}
