//! jwt-compact's algorithms, with a note of what they were asked: WebCrypto is asked the same.

use crate::support::keys::{Native, NativeKey};
use crate::wycheproof::vectors::base64url;
use conversation_monitor::auth::algorithm::PublicKey;
use conversation_monitor::auth::ports::{Cryptography, CryptographyError};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};

/// The platform, and what it was asked about the vector that is tried now.
#[derive(Default)]
pub struct Noting {
    key: RefCell<Option<PublicKey>>,
    has_verified: Cell<bool>,
}

impl Noting {
    /// Begins another vector.
    pub fn forget(&self) {
        self.key.take();
        self.has_verified.set(false);
    }

    /// The members of the JWK that the worker would hand to WebCrypto. `None` means that there was no key to import.
    pub fn imported(&self) -> Option<Value> {
        self.key.borrow().as_ref().map(members)
    }

    /// Whether the signature was verified, and not refused before.
    pub fn has_verified(&self) -> bool {
        self.has_verified.get()
    }
}

impl Cryptography for Noting {
    type Key = NativeKey;

    async fn import(&self, key: &PublicKey) -> Result<NativeKey, CryptographyError> {
        self.key.replace(Some(key.clone()));
        Native.import(key).await
    }

    async fn verify(&self, key: &NativeKey, message: &[u8], signature: &[u8]) -> Result<bool, CryptographyError> {
        self.has_verified.set(true);
        Native.verify(key, message, signature).await
    }
}

fn members(key: &PublicKey) -> Value {
    match key {
        PublicKey::Rsa { modulus, exponent } => {
            json!({ "kty": "RSA", "n": base64url(modulus), "e": base64url(exponent) })
        }
        PublicKey::P256 { x, y } => json!({ "kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y) }),
        PublicKey::Ed25519 { x } => json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url(x) }),
    }
}
