//! An issuer of Ed25519 tokens, and the key sets that its server publishes.

use base64ct::{Base64UrlUnpadded, Encoding};
use jwt_compact::alg::Ed25519;
use jwt_compact::{Algorithm, AlgorithmSignature};
use serde_json::{Value, json};

/// The instant at which tests begin, in epoch milliseconds.
pub const T0: i64 = 1_780_000_000_000;
/// The `exp` of a token unless it is given, in seconds: years after [`T0`].
const EXP: i64 = 2_000_000_000;

/// A key pair of the issuer.
pub struct Pair {
    id: &'static str,
    seed: [u8; 32],
}

impl Pair {
    /// The pair with this `kid`. Each `kid` has another pair.
    pub fn new(id: &'static str) -> Self {
        let mut seed = [0; 32];
        seed[..id.len()].copy_from_slice(id.as_bytes());
        Self { id, seed }
    }

    fn signing_key(&self) -> <Ed25519 as Algorithm>::SigningKey {
        <Ed25519 as Algorithm>::SigningKey::from_bytes(&self.seed)
    }

    /// The public half as it is published.
    pub fn jwk(&self) -> Value {
        let x = Base64UrlUnpadded::encode_string(self.signing_key().verifying_key().as_bytes());
        json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.id })
    }

    /// Both halves, which no issuer should publish.
    pub fn private_jwk(&self) -> Value {
        let mut jwk = self.jwk();
        jwk["d"] = Base64UrlUnpadded::encode_string(&self.seed).into();
        jwk
    }

    /// A token for `subject`.
    pub fn token(&self, subject: &str) -> String {
        self.token_with(&json!({ "sub": subject, "exp": EXP }), &json!({ "kid": self.id }))
    }

    /// A token with these claims, and with these header parameters besides `alg`.
    pub fn token_with(&self, claims: &Value, header: &Value) -> String {
        let mut members = json!({ "alg": "EdDSA" });
        members
            .as_object_mut()
            .unwrap()
            .extend(header.as_object().unwrap().clone());
        let segment = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
        let content = format!("{}.{}", segment(&members), segment(claims));
        let signature = Ed25519.sign(&self.signing_key(), content.as_bytes());
        format!("{content}.{}", Base64UrlUnpadded::encode_string(&signature.as_bytes()))
    }
}

/// A key set, as a server publishes it.
pub fn published(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}
