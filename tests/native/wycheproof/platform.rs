//! jwt-compact's algorithms, with a note of the key that they were given last: what is asked of them is asked of
//! WebCrypto, too.

use crate::support::keys::{Native, NativeKey};
use crate::wycheproof::vectors::base64url;
use conversation_monitor::auth::algorithm::PublicKey;
use conversation_monitor::auth::ports::{Cryptography, CryptographyError};
use serde_json::{Value, json};
use std::cell::RefCell;

/// The platform, and the last key that it was to import.
#[derive(Default)]
pub struct Noting {
    key: RefCell<Option<PublicKey>>,
}

impl Noting {
    /// The members of the JWK that the worker would hand to WebCrypto. `None` means that no key was imported.
    pub fn take_key(&self) -> Option<Value> {
        self.key.take().as_ref().map(members)
    }
}

impl Cryptography for Noting {
    type Key = NativeKey;

    async fn import(&self, key: &PublicKey) -> Result<NativeKey, CryptographyError> {
        self.key.replace(Some(key.clone()));
        Native.import(key).await
    }

    async fn verify(&self, key: &NativeKey, message: &[u8], signature: &[u8]) -> Result<bool, CryptographyError> {
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
