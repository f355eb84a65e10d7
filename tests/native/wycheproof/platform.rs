//! Jwt-compact's algorithms, with a note of all that they were asked: `tests/workerd/webcrypto.test.mjs` asks
//! WebCrypto the same and holds the answers against each other.

use crate::support::keys::{Native, NativeKey};
use crate::wycheproof::vectors::base64url;
use conversation_monitor::auth::algorithm::PublicKey;
use conversation_monitor::auth::ports::{Cryptography, CryptographyError};
use serde_json::{Value, json};
use std::cell::RefCell;

/// The platform, and what it was asked on behalf of the vector that is tried now.
#[derive(Default)]
pub struct Noting {
    notes: RefCell<Vec<Value>>,
    vector: RefCell<String>,
}

impl Noting {
    /// What is asked from now on is asked for this vector.
    pub fn begin(&self, vector: String) {
        self.vector.replace(vector);
    }

    /// All that was asked, with the answers.
    pub fn into_notes(self) -> Vec<Value> {
        self.notes.into_inner()
    }

    fn note(&self, key: &PublicKey, question: Value, answer: bool) {
        let mut note = json!({ "vector": *self.vector.borrow(), "key": members(key), "native": answer });
        let members = question.as_object().cloned().unwrap_or_default();
        note.as_object_mut().unwrap().extend(members);
        self.notes.borrow_mut().push(note);
    }
}

impl Cryptography for Noting {
    type Key = (PublicKey, NativeKey);

    async fn import(&self, key: &PublicKey) -> Result<Self::Key, CryptographyError> {
        let imported = Native.import(key).await;
        // An import that succeeds shows in the verification that follows it.
        if imported.is_err() {
            self.note(key, json!({ "question": "import" }), false);
        }
        Ok((key.clone(), imported?))
    }

    async fn verify(&self, key: &Self::Key, message: &[u8], signature: &[u8]) -> Result<bool, CryptographyError> {
        let verified = Native.verify(&key.1, message, signature).await?;
        let (message, signature) = (base64url(message), base64url(signature));
        let question = json!({ "question": "verify", "message": message, "signature": signature });
        self.note(&key.0, question, verified);
        Ok(verified)
    }
}

/// The members of the JWK that the worker hands to WebCrypto.
fn members(key: &PublicKey) -> Value {
    match key {
        PublicKey::Rsa { modulus, exponent } => {
            json!({ "kty": "RSA", "n": base64url(modulus), "e": base64url(exponent) })
        }
        PublicKey::P256 { x, y } => json!({ "kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y) }),
        PublicKey::Ed25519 { x } => json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url(x) }),
    }
}
