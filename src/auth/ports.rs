//! What verification needs from the platform: public-key signatures, a key server, a cache that outlives the isolate,
//! and a timer.
//!
//! In the worker these are WebCrypto, `fetch`, KV and `setTimeout`. In the native tests they are the pure-Rust
//! algorithms of jwt-compact, a scripted server and a map.

use crate::auth::algorithm::PublicKey;
use crate::base::trace::Trace;
use crate::storage::shared_cache::SharedCache;
use std::future::Future;

/// Everything that verifying a token may need besides the token. A request makes one for itself.
pub trait AuthPorts {
    /// A public key that the platform has imported.
    type Key;

    /// Public-key signatures.
    fn cryptography(&self) -> &impl Cryptography<Key = Self::Key>;

    /// The server that publishes the key set.
    fn key_server(&self) -> &impl KeyServer;

    /// Where isolates share the key sets that they have fetched.
    fn shared_cache(&self) -> &impl SharedCache;

    /// Waits, while another request of the isolate fetches the key set.
    fn pause(&self, milliseconds: u32) -> impl Future<Output = ()>;

    /// Notes where the claims came from, and what went wrong on the way.
    fn trace(&self) -> &Trace;
}

/// Public-key signatures.
pub trait Cryptography {
    /// A public key that the platform has imported.
    type Key;

    /// Imports a public key.
    ///
    /// # Errors
    /// [`CryptographyError`] if the platform rejects the key, for example because its point is not on the curve.
    fn import(&self, key: &PublicKey) -> impl Future<Output = Result<Self::Key, CryptographyError>>;

    /// Whether `signature` is the signature of `message` by `key`.
    ///
    /// # Errors
    /// [`CryptographyError`] if the platform cannot tell.
    fn verify(
        &self,
        key: &Self::Key,
        message: &[u8],
        signature: &[u8],
    ) -> impl Future<Output = Result<bool, CryptographyError>>;
}

/// Why the platform could not import a key or check a signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cryptography: {0}")]
pub struct CryptographyError(pub String);

/// A server that publishes a key set.
pub trait KeyServer {
    /// The bytes of the key set at `url`: one GET that follows no redirect and takes at most 5 s and
    /// [`KEY_SET_BYTES_MAX`](crate::auth::jwk::KEY_SET_BYTES_MAX) bytes.
    ///
    /// # Errors
    /// [`KeyServerError`] for every other outcome.
    fn fetch_jwks(&self, url: &str) -> impl Future<Output = Result<Vec<u8>, KeyServerError>>;
}

/// Why a key server gave no key set. The text is for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the key server: {0}")]
pub struct KeyServerError(pub String);
