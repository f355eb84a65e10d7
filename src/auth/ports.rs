//! What verification needs of the world: public-key signatures, a key server, a store that outlives the isolate.
//!
//! In the worker WebCrypto, `fetch` and KV fill these ports; in native tests the pure-Rust algorithms of jwt-compact
//! and a scripted server do.

use crate::auth::keys::PublicKey;
use crate::base::trace::Trace;
use std::future::Future;

/// Signatures of key pairs.
pub trait Cryptography {
    /// A public key that the platform has imported.
    type Key;

    /// Imports a public key.
    ///
    /// # Errors
    /// [`CryptographyError`] where it is no key: its point is not on the curve, say.
    fn import(&self, key: &PublicKey) -> impl Future<Output = Result<Self::Key, CryptographyError>>;

    /// Whether `signature` is the key's of `message`.
    ///
    /// # Errors
    /// [`CryptographyError`] where the platform cannot say.
    fn verifies(
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
    /// The bytes of the set: one GET that follows no redirect, takes at most 5 s and at most
    /// [`KEY_SET_BYTES_MAX`](crate::auth::jwk::KEY_SET_BYTES_MAX).
    ///
    /// # Errors
    /// [`KeyServerError`] for whatever else comes of it.
    fn fetch(&self, url: &str) -> impl Future<Output = Result<Vec<u8>, KeyServerError>>;

    /// Lets `milliseconds` pass, while another request of the isolate fetches.
    fn pause(&self, milliseconds: u32) -> impl Future<Output = ()>;
}

/// Why a key server gave no keys. The text is for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the key server: {0}")]
pub struct KeyServerError(pub String);

/// What verification needs beside the token.
pub struct AuthPorts<'a, C, S, P> {
    /// Signatures of key pairs.
    pub cryptography: &'a C,
    /// The key server.
    pub server: &'a S,
    /// Where fetched key sets are kept for other isolates.
    pub store: &'a P,
    /// Where the claims came from, and what went wrong on the way.
    pub trace: &'a Trace,
}
