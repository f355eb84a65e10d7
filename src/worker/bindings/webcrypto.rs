//! Public-key signatures by the platform's WebCrypto: 4 to 17 times as fast as in wasm, and none of it in the wasm.

use crate::auth::algorithm::PublicKey;
use crate::auth::ports::{Cryptography, CryptographyError};
use crate::worker::bindings::message_of;
use base64ct::{Base64UrlUnpadded, Encoding};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Crypto, CryptoKey, SubtleCrypto};
use worker::js_sys::{self, Array, Object, Reflect, Uint8Array};
use worker::wasm_bindgen_futures::JsFuture;

/// `crypto.subtle`
pub struct WebCrypto;

/// A key that WebCrypto has imported, for one algorithm. It belongs to the isolate, not to a request.
pub struct ImportedKey {
    key: CryptoKey,
    /// What WebCrypto calls its algorithm.
    algorithm: &'static str,
}

impl Cryptography for WebCrypto {
    type Key = ImportedKey;

    async fn import(&self, key: &PublicKey) -> Result<ImportedKey, CryptographyError> {
        let algorithm = match key {
            PublicKey::Rsa { .. } => "RSASSA-PKCS1-v1_5",
            PublicKey::P256 { .. } => "ECDSA",
            PublicKey::Ed25519 { .. } => "Ed25519",
        };
        let import = || {
            let usages = Array::of1(&JsValue::from_str("verify"));
            subtle()?.import_key_with_object("jwk", &jwk(key)?, &parameters(algorithm)?, false, &usages)
        };
        let imported = JsFuture::from(import().map_err(|error| failure(&error))?).await;
        Ok(ImportedKey {
            key: imported.map_err(|error| failure(&error))?.unchecked_into(),
            algorithm,
        })
    }

    async fn verify(&self, key: &ImportedKey, message: &[u8], signature: &[u8]) -> Result<bool, CryptographyError> {
        let verify = || {
            let parameters = parameters(key.algorithm)?;
            subtle()?.verify_with_object_and_u8_slice_and_u8_array(
                &parameters,
                &key.key,
                signature,
                &Uint8Array::from(message),
            )
        };
        let verified = JsFuture::from(verify().map_err(|error| failure(&error))?).await;
        Ok(verified.map_err(|error| failure(&error))?.is_truthy())
    }
}

fn subtle() -> Result<SubtleCrypto, JsValue> {
    let crypto = Reflect::get(&js_sys::global(), &JsValue::from_str("crypto"))?;
    Ok(crypto.unchecked_into::<Crypto>().subtle())
}

/// An object with these members.
fn object<const N: usize>(members: [(&str, &str); N]) -> Result<Object, JsValue> {
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &JsValue::from_str(name), &JsValue::from_str(value))?;
    }
    Ok(object)
}

/// The algorithm with everything that any of them takes: each ignores what it has no use for.
fn parameters(algorithm: &str) -> Result<Object, JsValue> {
    object([("name", algorithm), ("hash", "SHA-256"), ("namedCurve", "P-256")])
}

/// The key as a JWK with only the members that it is made of.
fn jwk(key: &PublicKey) -> Result<Object, JsValue> {
    let text = Base64UrlUnpadded::encode_string;
    match key {
        PublicKey::Rsa { modulus, exponent } => object([("kty", "RSA"), ("n", &text(modulus)), ("e", &text(exponent))]),
        PublicKey::P256 { x, y } => object([("kty", "EC"), ("crv", "P-256"), ("x", &text(x)), ("y", &text(y))]),
        PublicKey::Ed25519 { x } => object([("kty", "OKP"), ("crv", "Ed25519"), ("x", &text(x))]),
    }
}

fn failure(error: &JsValue) -> CryptographyError {
    CryptographyError(message_of(error, "WebCrypto failed"))
}
