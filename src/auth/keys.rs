//! The keys that tokens are verified with, each bound to one algorithm.

use crate::auth::algorithm::{Algorithm, PublicKey};
use crate::auth::error::TokenError;
use crate::auth::ports::{Cryptography, CryptographyError};
use crate::auth::token::Header;
use jwt_compact::alg::{Hs256, Hs256Key, Hs256Signature};
use jwt_compact::{Algorithm as _, AlgorithmSignature as _};
use std::fmt;
use std::rc::Rc;

/// The fewest bytes of an HMAC key: as many as the hash gives, RFC 7518 section 3.2.
pub const HMAC_KEY_BYTES_MIN: usize = 32;
/// The bytes of an HMAC-SHA256 signature.
const HS256_SIGNATURE_BYTES: usize = 32;

/// What a key is made of, as it is configured. The seam for further algorithms: a key is of one kind, and so of one
/// algorithm.
pub enum Material {
    /// A secret for HS256.
    Secret(Hs256Key),
    /// A public key.
    Public(PublicKey),
}

impl Material {
    /// The one algorithm that it is for.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Secret(_) => Algorithm::Hs256,
            Self::Public(key) => key.algorithm(),
        }
    }

    /// A secret for HS256; none where it is shorter than [`HMAC_KEY_BYTES_MIN`].
    #[must_use]
    pub fn secret(bytes: &[u8]) -> Option<Self> {
        (bytes.len() >= HMAC_KEY_BYTES_MIN).then(|| Self::Secret(Hs256Key::new(bytes)))
    }
}

/// A key as it is configured or published, not imported yet. Its material is never shown.
pub struct Candidate {
    /// `kid`
    pub id: Option<String>,
    /// What it is made of.
    pub material: Material,
}

impl fmt::Debug for Candidate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Candidate")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A key that signatures can be verified with; `K` is what the platform made of a public key.
pub struct Key<K> {
    id: Option<String>,
    algorithm: Algorithm,
    verifier: Verifier<K>,
}

enum Verifier<K> {
    Secret(Hs256Key),
    Public { key: K, signature_bytes: usize },
}

impl<K> Key<K> {
    /// Imports a key.
    ///
    /// # Errors
    /// [`CryptographyError`] where the platform refuses it: its point is not on the curve, say.
    pub async fn import<C: Cryptography<Key = K>>(
        candidate: Candidate,
        platform: &C,
    ) -> Result<Self, CryptographyError> {
        let algorithm = candidate.material.algorithm();
        let verifier = match candidate.material {
            Material::Secret(key) => Verifier::Secret(key),
            Material::Public(key) => Verifier::Public {
                key: platform.import(&key).await?,
                signature_bytes: key.signature_bytes(),
            },
        };
        Ok(Self {
            id: candidate.id,
            algorithm,
            verifier,
        })
    }

    /// Whether `signature` is this key's of `message`; a secret's are compared in constant time.
    ///
    /// # Errors
    /// [`CryptographyError`] where the platform cannot say.
    pub async fn verify<C: Cryptography<Key = K>>(
        &self,
        platform: &C,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, CryptographyError> {
        match &self.verifier {
            Verifier::Secret(key) => Ok(signature.len() == HS256_SIGNATURE_BYTES
                && Hs256Signature::try_from_slice(signature)
                    .is_ok_and(|signature| Hs256.verify_signature(&signature, key, message))),
            Verifier::Public { signature_bytes, .. } if signature.len() != *signature_bytes => Ok(false),
            Verifier::Public { key, .. } => platform.verify(key, message, signature).await,
        }
    }

    fn fits(&self, header: &Header) -> bool {
        self.algorithm == header.algorithm && (header.key_id.is_none() || self.id == header.key_id)
    }
}

/// Keys that are trusted.
pub struct KeySet<K>(Vec<Rc<Key<K>>>);

/// How many keys fit a header.
pub enum KeyMatch<K> {
    /// None.
    None,
    /// Just one.
    One(Rc<Key<K>>),
    /// More than one: none of them is to be used.
    Several,
}

impl<K> KeySet<K> {
    /// A set of keys.
    #[must_use]
    pub fn new(keys: Vec<Key<K>>) -> Self {
        Self(keys.into_iter().map(Rc::new).collect())
    }

    /// The keys that a header may mean: those of its `kid`, or, without `kid`, all of its algorithm. A key without an
    /// id is never found by a `kid`.
    #[must_use]
    pub fn fitting(&self, header: &Header) -> KeyMatch<K> {
        let mut fitting = self.0.iter().filter(|key| key.fits(header));
        match (fitting.next(), fitting.next()) {
            (None, _) => KeyMatch::None,
            (Some(key), None) => KeyMatch::One(Rc::clone(key)),
            (Some(_), Some(_)) => KeyMatch::Several,
        }
    }

    /// Whether there is no key at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K> KeyMatch<K> {
    /// The key, if just one fits here and in `other`.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (one, Self::None) => one,
            (Self::None, one) => one,
            _ => Self::Several,
        }
    }

    /// The key, if just one fits.
    ///
    /// # Errors
    /// [`TokenError::NoKey`]
    pub fn one(self) -> Result<Rc<Key<K>>, TokenError> {
        match self {
            Self::One(key) => Ok(key),
            Self::None | Self::Several => Err(TokenError::NoKey),
        }
    }
}
