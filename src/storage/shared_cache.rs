//! The cache that all isolates share, and the keys of its entries.

use crate::base::digest::sha256_base64url;
use std::future::Future;

/// A cache of report pages and key sets that all isolates share. Entries may vanish or be corrupt: callers must
/// validate what they read.
pub trait SharedCache {
    /// The value of `key`, if there is one.
    ///
    /// # Errors
    /// [`SharedCacheError`] if the cache is out of reach or too slow.
    fn get(&self, key: &CacheKey) -> impl Future<Output = Result<Option<String>, SharedCacheError>>;

    /// Stores `value` some time later for at least `seconds`. A failure is logged and has no other effect.
    fn put(&self, key: CacheKey, value: String, seconds: u64);
}

/// Why the shared cache did not answer. The text is for the log.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the shared cache failed: {0}")]
pub struct SharedCacheError(pub String);

/// What the keys of one kind of entry begin with. All prefixes are listed here, and only they make a [`CacheKey`], so
/// no entry is read as one of another kind.
///
/// The number in a prefix is the version of the format of its keys and values. Raise it when either format changes:
/// then the entries of the worker that ran before are not found, rather than misread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPrefix(&'static str);

impl KeyPrefix {
    /// Pages of reports.
    pub const PAGE: Self = Self("page/4/");
    /// Key sets of key servers.
    pub const KEY_SET: Self = Self("keys/1/");

    /// The key of the entry that `identity` identifies. It is hashed, because an identity may be longer than a key of
    /// KV, and because ids do not belong in key listings.
    #[must_use]
    pub fn key(self, identity: &str) -> CacheKey {
        CacheKey(format!("{}{}", self.0, sha256_base64url(identity.as_bytes())))
    }
}

/// The key of an entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CacheKey(String);

impl CacheKey {
    /// The key as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
