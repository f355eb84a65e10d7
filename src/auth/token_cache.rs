//! The tokens that this isolate has verified. A dashboard sends the same one every few seconds.

use crate::auth::claims::Claims;
use crate::base::byte_cache::ByteBoundedCache;
use std::rc::Rc;

/// The most bytes of tokens and claims that an isolate keeps.
const BYTES_MAX: usize = 2 * 1024 * 1024;

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

/// The verified tokens, bounded in bytes. They are kept and compared whole, which takes
/// less time than a digest.
pub struct TokenCache {
    tokens: ByteBoundedCache<Rc<str>, VerifiedToken>,
}

impl TokenCache {
    /// An empty cache.
    pub fn new() -> Self {
        Self {
            tokens: ByteBoundedCache::new(BYTES_MAX),
        }
    }

    /// What is kept of a token.
    pub fn get(&mut self, token: &str) -> Option<VerifiedToken> {
        self.tokens.get(token)
    }

    /// Keeps a token, whose claims take about twice as many bytes as its text.
    pub fn put(&mut self, token: &str, verified: VerifiedToken) {
        self.tokens.put(token.into(), verified, token.len().saturating_mul(3));
    }

    /// Removes a token that has expired.
    pub fn remove(&mut self, token: &str) {
        self.tokens.remove(token);
    }
}
