//! JSON Web Keys, read strictly: RFC 7517, RFC 7518 section 6, RFC 8037 section 2.

use crate::auth::algorithm::{Algorithm, PublicKey};
use crate::auth::keys::{Candidate, Material};
use crate::auth::token::{KEY_ID_BYTES_MAX, decode};
use crate::base::strict_json;
use crate::base::strict_json::Object;
use serde_json::Value;

/// The most bytes of a key set.
pub const KEY_SET_BYTES_MAX: usize = 64 * 1024;
/// The most keys of a set.
pub const KEYS_MAX: usize = 100;
/// The fewest bits of an RSA modulus: RFC 7518 section 3.3.
pub const RSA_BITS_MIN: usize = 2_048;
/// The most: a larger one only makes each verification slower.
pub const RSA_BITS_MAX: usize = 8_192;
/// The least RSA exponent, as FIPS 186-5 has it: forgeries against lenient padding checks need a tiny one.
pub const RSA_EXPONENT_MIN: u64 = 65_537;
/// The greatest: as far as BoringSSL goes.
const RSA_EXPONENT_MAX: u64 = (1 << 33) - 1;
/// The members of which any makes a key of a pair a private one: RFC 7518 section 6.3.2.
const PRIVATE_MEMBERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/// Why a key is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// It is not a JSON object.
    #[error("is not an object")]
    NotAnObject,
    /// `kty`, or `crv`, is none of those that are taken.
    #[error("is of another type than oct, RSA, EC with P-256 and OKP with Ed25519")]
    Type,
    /// `alg` is not the one that its type allows.
    #[error("is for another algorithm than its type allows (HS256, RS256, ES256, EdDSA)")]
    Algorithm,
    /// `use` or `key_ops` do not allow to verify signatures.
    #[error("is not for verifying signatures, by its use or key_ops")]
    Purpose,
    /// It holds the private half of a pair, which must be nowhere but with the issuer.
    #[error("is a private key")]
    Private,
    /// A secret in a set that is published.
    #[error("is a secret that everybody can read")]
    PublishedSecret,
    /// Another usable key of the set has its `kid`.
    #[error("has the kid of another key")]
    Duplicate,
    /// A member is missing, not canonical base64url, of a wrong length or out of bounds.
    #[error("has a missing or malformed {0}")]
    Member(&'static str),
    /// An RSA modulus that is too short or too long.
    #[error("has an RSA modulus of less than 2048 or more than 8192 bits")]
    RsaBits,
    /// An RSA exponent that is too small, too large or even.
    #[error("has an RSA exponent below 65537, above 2^33 or even")]
    RsaExponent,
    /// The platform could not import it.
    #[error("is refused by the platform: its point is not on the curve, say")]
    Import,
}

/// Why a text is no key set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// It is longer than [`KEY_SET_BYTES_MAX`].
    #[error("is larger than 64 KiB")]
    TooLarge,
    /// It is not a JSON object with an array `keys`.
    #[error("is not a JSON Web Key Set")]
    Malformed,
    /// It has more than [`KEYS_MAX`] keys.
    #[error("has more than 100 keys")]
    TooMany,
    /// None of its keys can be used.
    #[error("has no usable key")]
    Empty,
}

/// Reads a set: of each of its keys, in order, the key or why it is not used.
///
/// # Errors
/// [`KeySetError`] where the text is no set at all.
pub fn read_set(text: &[u8]) -> Result<Vec<Result<Candidate, JwkError>>, KeySetError> {
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
    let mut keys: Vec<_> = keys.iter().map(read_key).collect();
    refuse_duplicates(&mut keys);
    Ok(keys)
}

/// Refuses every key whose `kid` another usable one has: which of them is meant cannot be told.
fn refuse_duplicates(keys: &mut [Result<Candidate, JwkError>]) {
    let id = |key: &Result<Candidate, JwkError>| key.as_ref().ok().and_then(|key| key.id.clone());
    let ids: Vec<Option<String>> = keys.iter().map(id).collect();
    for (key, id) in keys.iter_mut().zip(&ids) {
        if id.is_some() && ids.iter().filter(|other| *other == id).count() > 1 {
            *key = Err(JwkError::Duplicate);
        }
    }
}

fn read_key(key: &Value) -> Result<Candidate, JwkError> {
    let Value::Object(key) = key else {
        return Err(JwkError::NotAnObject);
    };
    let kind = text(key, "kty")?.ok_or(JwkError::Member("kty"))?;
    if kind != "oct" && PRIVATE_MEMBERS.iter().any(|name| key.contains_key(*name)) {
        return Err(JwkError::Private);
    }
    check_purpose(key)?;
    let material = match kind {
        "oct" => Material::secret(&bytes(key, "k")?).ok_or(JwkError::Member("k"))?,
        "RSA" => Material::Public(read_rsa(key)?),
        "EC" if text(key, "crv")? == Some("P-256") => Material::Public(PublicKey::P256 {
            x: coordinate(key, "x")?,
            y: coordinate(key, "y")?,
        }),
        "OKP" if text(key, "crv")? == Some("Ed25519") => Material::Public(PublicKey::Ed25519 {
            x: coordinate(key, "x")?,
        }),
        _ => return Err(JwkError::Type),
    };
    if text(key, "alg")?.is_some_and(|name| Algorithm::from_name(name) != Some(material.algorithm())) {
        return Err(JwkError::Algorithm);
    }
    let id = text(key, "kid")?;
    if id.is_some_and(|id| id.len() > KEY_ID_BYTES_MAX) {
        return Err(JwkError::Member("kid"));
    }
    Ok(Candidate {
        id: id.map(str::to_owned),
        material,
    })
}

/// RFC 7517 sections 4.2 and 4.3: what says what it is for must say that it is for this.
fn check_purpose(key: &Object) -> Result<(), JwkError> {
    if text(key, "use")?.is_some_and(|purpose| purpose != "sig") {
        return Err(JwkError::Purpose);
    }
    match key.get("key_ops") {
        None => Ok(()),
        Some(Value::Array(operations)) if operations.iter().any(|operation| operation == "verify") => Ok(()),
        Some(_) => Err(JwkError::Purpose),
    }
}

fn read_rsa(key: &Object) -> Result<PublicKey, JwkError> {
    let modulus = number(key, "n")?;
    let exponent = number(key, "e")?;
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

fn text<'a>(key: &'a Object, name: &'static str) -> Result<Option<&'a str>, JwkError> {
    match key.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(JwkError::Member(name)),
    }
}

fn bytes(key: &Object, name: &'static str) -> Result<Vec<u8>, JwkError> {
    let text = text(key, name)?.ok_or(JwkError::Member(name))?;
    decode(text).map_err(|_| JwkError::Member(name))
}

/// A Base64urlUInt. Leading zeros, which RFC 7518 section 2 forbids and some issuers write, are dropped.
fn number(key: &Object, name: &'static str) -> Result<Vec<u8>, JwkError> {
    let bytes = bytes(key, name)?;
    Ok(bytes.into_iter().skip_while(|byte| *byte == 0).collect())
}

/// A coordinate at its full length: RFC 7518 section 6.2.1.2.
fn coordinate(key: &Object, name: &'static str) -> Result<[u8; 32], JwkError> {
    bytes(key, name)?.try_into().map_err(|_| JwkError::Member(name))
}
