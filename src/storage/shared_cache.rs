//! The cache that all isolates share.

use std::future::Future;

/// A shared cache of report pages. It may lose or garble anything at any time: who reads it checks what he got.
pub trait SharedCache {
    /// The value under `key`, if there is one.
    ///
    /// # Errors
    /// [`SharedCacheError`] when the cache is out of reach or too slow.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<String>, SharedCacheError>>;

    /// Stores `value` under `key`, some time later, for at least `seconds`; a failure is logged and goes no further.
    fn put(&self, key: String, value: String, seconds: u64);
}

/// Why a page could not be had from the cache.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the page cache failed: {0}")]
pub struct SharedCacheError(pub String);
