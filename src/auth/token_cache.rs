//! Tokens that this isolate has verified: a dashboard shows the same one every few seconds.

use crate::auth::claims::Claims;
use crate::base::byte_cache::ByteBoundedCache;
use crate::base::digest::sha256;
use std::rc::Rc;

/// The most bytes of claims that an isolate keeps.
const BYTES_MAX: usize = 2 * 1024 * 1024;

/// The SHA-256 of a token: no other token has it, so no entry serves another token, and no token is kept.
pub type Fingerprint = [u8; 32];

/// Which keys verified a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Configured ones: they are trusted as long as the isolate lives.
    Configured,
    /// Those of the key server, in this of its sets.
    Published(u64),
}

/// The claims of verified tokens, bounded in bytes. Whoever takes them out checks them against the clock.
pub struct TokenCache(ByteBoundedCache<Fingerprint, (Rc<Claims>, Source)>);

impl Default for TokenCache {
    fn default() -> Self {
        Self(ByteBoundedCache::new(BYTES_MAX))
    }
}

/// The fingerprint of a token.
pub fn fingerprint(token: &str) -> Fingerprint {
    sha256(token.as_bytes())
}

impl TokenCache {
    /// What is known of a token.
    pub fn get(&mut self, fingerprint: &Fingerprint) -> Option<(Rc<Claims>, Source)> {
        self.0.get(fingerprint)
    }

    /// Keeps the claims of a token of `token_bytes`: they take about twice as much.
    pub fn put(&mut self, fingerprint: Fingerprint, claims: Rc<Claims>, source: Source, token_bytes: usize) {
        self.0.put(fingerprint, (claims, source), token_bytes.saturating_mul(2));
    }

    /// Forgets a token: it has expired.
    pub fn forget(&mut self, fingerprint: &Fingerprint) {
        self.0.remove(fingerprint);
    }
}
