//! The keys that tokens are verified with, each bound to one algorithm.

use crate::auth::TokenError;
use crate::auth::token::Header;
use jwt_compact::alg::{Hs256, Hs256Key, Hs256Signature};
use jwt_compact::{Algorithm as _, AlgorithmSignature as _};
use std::fmt;

/// The fewest bytes of an HMAC key: as many as the hash gives, RFC 7518 section 3.2.
pub const HMAC_KEY_BYTES_MIN: usize = 32;
/// The bytes of an HMAC-SHA256 signature.
const HS256_SIGNATURE_BYTES: usize = 32;

/// The algorithms that a key may be bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256.
    Hs256,
}

impl Algorithm {
    /// The algorithm that `alg` names; names are case-sensitive, RFC 7515 section 4.1.1.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "HS256" => Some(Self::Hs256),
            _ => None,
        }
    }
}

/// A key. Its material is never shown.
pub struct Key {
    id: Option<String>,
    material: Material,
}

/// The seam for further algorithms: a key is of one kind, and so of one algorithm.
enum Material {
    Hs256(Hs256Key),
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Key")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm())
            .finish_non_exhaustive()
    }
}

impl Key {
    /// An HS256 key without an id; none where it is shorter than [`HMAC_KEY_BYTES_MIN`].
    #[must_use]
    pub fn hs256(secret: &[u8]) -> Option<Self> {
        (secret.len() >= HMAC_KEY_BYTES_MIN).then(|| Self {
            id: None,
            material: Material::Hs256(Hs256Key::new(secret)),
        })
    }

    /// The one algorithm that it is for.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Hs256(_) => Algorithm::Hs256,
        }
    }

    /// Whether `signature` is this key's of `message`; compared in constant time.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Hs256(key) => {
                signature.len() == HS256_SIGNATURE_BYTES
                    && Hs256Signature::try_from_slice(signature)
                        .is_ok_and(|signature| Hs256.verify_signature(&signature, key, message))
            }
        }
    }
}

/// All keys that are trusted.
#[derive(Debug)]
pub struct KeySet(Vec<Key>);

impl KeySet {
    /// A set of keys.
    #[must_use]
    pub fn new(keys: Vec<Key>) -> Self {
        Self(keys)
    }

    /// The key that a header asks for: the one of its `kid`, or, without `kid`, the only one of its algorithm. A key
    /// without an id is never found by a `kid`.
    ///
    /// # Errors
    /// [`TokenError::NoKey`] where none, or more than one, fits.
    pub fn select(&self, header: &Header) -> Result<&Key, TokenError> {
        let fits =
            |key: &&Key| key.algorithm() == header.algorithm && (header.key_id.is_none() || key.id == header.key_id);
        let mut fitting = self.0.iter().filter(fits);
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key),
            _ => Err(TokenError::NoKey),
        }
    }
}
