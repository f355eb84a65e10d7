//! JSON Web Keys, parsed strictly: RFC 7517, RFC 7518 section 6, RFC 8037 section 2.

use crate::auth::algorithm::{Algorithm, PublicKey};
use crate::auth::keys::{KeyMaterial, UnimportedKey};
use crate::auth::token::{KEY_ID_BYTES_MAX, decode_segment};
use crate::base::strict_json;
use crate::base::strict_json::Object;
use serde_json::Value;

/// The most bytes of a key set.
pub const KEY_SET_BYTES_MAX: usize = 64 * 1024;
/// The most keys of a set.
pub const KEYS_MAX: usize = 100;
/// The fewest bits of an RSA modulus: RFC 7518 section 3.3.
pub const RSA_BITS_MIN: usize = 2_048;
/// The most bits of an RSA modulus. A larger one only makes each verification slower.
pub const RSA_BITS_MAX: usize = 8_192;
/// The least RSA exponent, as in FIPS 186-5. With a tiny one, signatures that pass a lenient padding check can be
/// forged.
pub const RSA_EXPONENT_MIN: u64 = 65_537;
/// The greatest RSA exponent, which is that of BoringSSL: 2^33 − 1.
const RSA_EXPONENT_MAX: u64 = (1 << 33) - 1;
/// A key pair's JWK is private if it has one of these members: RFC 7518 section 6.3.2.
const PRIVATE_MEMBERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/// Why a key cannot be used. The texts continue a sentence that begins with the key's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// It is not a JSON object.
    #[error("is not an object")]
    NotAnObject,
    /// `kty` or `crv` is not supported.
    #[error("is not of a supported type (oct, RSA, EC with P-256, OKP with Ed25519)")]
    Type,
    /// `alg` is not the algorithm of its type.
    #[error("has an alg that does not match its type (oct HS256, RSA RS256, EC ES256, OKP EdDSA)")]
    Algorithm,
    /// `use` or `key_ops` does not allow it to verify signatures.
    #[error("is not for verifying signatures, by its use or key_ops")]
    Purpose,
    /// It is the private half of a pair, which only the issuer may have.
    #[error("is a private key")]
    Private,
    /// It is a secret in a set that is published.
    #[error("is a symmetric key in a public key set")]
    PublishedSecret,
    /// Another usable key of the set has its `kid`.
    #[error("has the kid of another key")]
    Duplicate,
    /// A member is missing, is not canonical base64url, has a wrong length or is out of bounds.
    #[error("has a missing or malformed {0}")]
    Member(&'static str),
    /// An RSA modulus that is too short or too long.
    #[error("has an RSA modulus of less than {RSA_BITS_MIN} or more than {RSA_BITS_MAX} bits")]
    RsaBits,
    /// An RSA exponent that is too small, too large or even.
    #[error("has an RSA exponent that is even, below {RSA_EXPONENT_MIN} or above {RSA_EXPONENT_MAX}")]
    RsaExponent,
    /// The platform could not import it.
    #[error("was rejected on import (for example, the point is not on the curve)")]
    Import,
}

/// Why a text is not a key set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// It is longer than [`KEY_SET_BYTES_MAX`].
    #[error("is larger than {} KiB", KEY_SET_BYTES_MAX / 1024)]
    TooLarge,
    /// It is not a JSON object with an array `keys`.
    #[error("is not a JSON Web Key Set")]
    Malformed,
    /// It has more than [`KEYS_MAX`] keys.
    #[error("has more than {KEYS_MAX} keys")]
    TooMany,
    /// None of its keys can be used.
    #[error("has no usable key")]
    Empty,
}

/// A key that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} {reason}")]
pub struct UnusableKey {
    /// What the key is called in the log, such as `JWT_KEYS key 2`.
    pub name: String,
    /// Why it cannot be used.
    pub reason: JwkError,
}

/// Parses a key set. Each of its keys gives, in order, the key or the reason why it cannot be used.
///
/// # Errors
/// [`KeySetError`] if the text is not a key set at all.
pub fn parse_set(text: &[u8]) -> Result<Vec<Result<UnimportedKey, JwkError>>, KeySetError> {
    if text.len() > KEY_SET_BYTES_MAX {
        return Err(KeySetError::TooLarge);
    }
    let Ok(Value::Object(set)) = strict_json::parse(text) else {
        return Err(KeySetError::Malformed);
    };
    let Some(Value::Array(keys)) = set.get("keys") else {
        return Err(KeySetError::Malformed);
    };
    if keys.len() > KEYS_MAX {
        return Err(KeySetError::TooMany);
    }
    let mut keys: Vec<_> = keys.iter().map(parse_key).collect();
    reject_duplicates(&mut keys);
    Ok(keys)
}

/// Rejects every key whose `kid` another usable key has: nobody can tell which of them a token means.
fn reject_duplicates(keys: &mut [Result<UnimportedKey, JwkError>]) {
    let id = |key: &Result<UnimportedKey, JwkError>| key.as_ref().ok().and_then(|key| key.id.clone());
    let ids: Vec<Option<String>> = keys.iter().map(id).collect();
    for (key, id) in keys.iter_mut().zip(&ids) {
        if id.is_some() && ids.iter().filter(|other| *other == id).count() > 1 {
            *key = Err(JwkError::Duplicate);
        }
    }
}

fn parse_key(key: &Value) -> Result<UnimportedKey, JwkError> {
    let Value::Object(key) = key else {
        return Err(JwkError::NotAnObject);
    };
    let key_type = optional_text(key, "kty")?.ok_or(JwkError::Member("kty"))?;
    if key_type != "oct" && PRIVATE_MEMBERS.iter().any(|name| key.contains_key(*name)) {
        return Err(JwkError::Private);
    }
    check_purpose(key)?;
    let material = match key_type {
        "oct" => KeyMaterial::from_secret(&bytes(key, "k")?).ok_or(JwkError::Member("k"))?,
        "RSA" => KeyMaterial::Public(parse_rsa(key)?),
        "EC" if optional_text(key, "crv")? == Some("P-256") => KeyMaterial::Public(PublicKey::P256 {
            x: coordinate(key, "x")?,
            y: coordinate(key, "y")?,
        }),
        "OKP" if optional_text(key, "crv")? == Some("Ed25519") => KeyMaterial::Public(PublicKey::Ed25519 {
            x: coordinate(key, "x")?,
        }),
        _ => return Err(JwkError::Type),
    };
    if optional_text(key, "alg")?.is_some_and(|name| Algorithm::from_name(name) != Some(material.algorithm())) {
        return Err(JwkError::Algorithm);
    }
    let id = optional_text(key, "kid")?;
    if id.is_some_and(|id| id.len() > KEY_ID_BYTES_MAX) {
        return Err(JwkError::Member("kid"));
    }
    Ok(UnimportedKey {
        id: id.map(str::to_owned),
        material,
    })
}

/// A key that says what it is for must say that it is for verifying signatures: RFC 7517 sections 4.2 and 4.3.
fn check_purpose(key: &Object) -> Result<(), JwkError> {
    if optional_text(key, "use")?.is_some_and(|purpose| purpose != "sig") {
        return Err(JwkError::Purpose);
    }
    match key.get("key_ops") {
        None => Ok(()),
        Some(Value::Array(operations)) if operations.iter().any(|operation| operation == "verify") => Ok(()),
        Some(_) => Err(JwkError::Purpose),
    }
}

fn parse_rsa(key: &Object) -> Result<PublicKey, JwkError> {
    let modulus = unsigned_integer(key, "n")?;
    let exponent = unsigned_integer(key, "e")?;
    let first = modulus.first().ok_or(JwkError::Member("n"))?;
    let zeros = usize::try_from(first.leading_zeros()).unwrap_or(0);
    let bits = modulus.len().saturating_mul(8).saturating_sub(zeros);
    if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) {
        return Err(JwkError::RsaBits);
    }
    if modulus.last().is_none_or(|last| last % 2 == 0) {
        return Err(JwkError::Member("n"));
    }
    let is_small = exponent.len() <= size_of::<u64>();
    let value = exponent.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    if !is_small || !(RSA_EXPONENT_MIN..=RSA_EXPONENT_MAX).contains(&value) || value % 2 == 0 {
        return Err(JwkError::RsaExponent);
    }
    Ok(PublicKey::Rsa { modulus, exponent })
}

fn optional_text<'a>(key: &'a Object, name: &'static str) -> Result<Option<&'a str>, JwkError> {
    match key.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(JwkError::Member(name)),
    }
}

fn bytes(key: &Object, name: &'static str) -> Result<Vec<u8>, JwkError> {
    let text = optional_text(key, name)?.ok_or(JwkError::Member(name))?;
    decode_segment(text).map_err(|_| JwkError::Member(name))
}

/// The bytes of a Base64urlUInt without leading zeros, which RFC 7518 section 2 forbids and some issuers write.
fn unsigned_integer(key: &Object, name: &'static str) -> Result<Vec<u8>, JwkError> {
    let bytes = bytes(key, name)?;
    Ok(bytes.into_iter().skip_while(|byte| *byte == 0).collect())
}

/// A coordinate, which always has its full length: RFC 7518 section 6.2.1.2.
fn coordinate(key: &Object, name: &'static str) -> Result<[u8; 32], JwkError> {
    bytes(key, name)?.try_into().map_err(|_| JwkError::Member(name))
}
