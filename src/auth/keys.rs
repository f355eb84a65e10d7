//! The keys that tokens are verified with. Each is bound to one algorithm.

use crate::auth::algorithm::{Algorithm, PublicKey};
use crate::auth::error::TokenError;
use crate::auth::ports::{Cryptography, CryptographyError};
use crate::auth::token::Header;
use jwt_compact::alg::{Hs256, Hs256Key, Hs256Signature};
use jwt_compact::{Algorithm as _, AlgorithmSignature as _};
use std::fmt;
use std::rc::Rc;

/// The fewest bytes of an HMAC key: as many as the hash has, RFC 7518 section 3.2.
pub const HMAC_KEY_BYTES_MIN: usize = 32;

/// What a key consists of, as it is configured or published. A further algorithm needs a variant here or of
/// [`PublicKey`].
pub enum KeyMaterial {
    /// A secret for HS256.
    Secret(Hs256Key),
    /// A public key.
    Public(PublicKey),
}

impl KeyMaterial {
    /// A secret for HS256. `None` means that it is shorter than [`HMAC_KEY_BYTES_MIN`].
    #[must_use]
    pub fn from_secret(bytes: &[u8]) -> Option<Self> {
        (bytes.len() >= HMAC_KEY_BYTES_MIN).then(|| Self::Secret(Hs256Key::new(bytes)))
    }

    /// The only algorithm that the key may be used for.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Secret(_) => Algorithm::Hs256,
            Self::Public(key) => key.algorithm(),
        }
    }
}

/// A key as it is configured or published, before the platform has imported it.
pub struct UnimportedKey {
    /// `kid`
    pub id: Option<String>,
    /// What the key consists of.
    pub material: KeyMaterial,
}

impl fmt::Debug for UnimportedKey {
    /// Never shows the material, which may be a secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("UnimportedKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A key that verifies signatures. `K` is what the platform makes of a public key.
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
    /// [`CryptographyError`] if the platform rejects the key, for example because its point is not on the curve.
    pub async fn import<C: Cryptography<Key = K>>(
        key: &UnimportedKey,
        cryptography: &C,
    ) -> Result<Self, CryptographyError> {
        let verifier = match &key.material {
            KeyMaterial::Secret(secret) => Verifier::Secret(secret.clone()),
            KeyMaterial::Public(public) => Verifier::Public {
                key: cryptography.import(public).await?,
                signature_bytes: public.signature_bytes(),
            },
        };
        Ok(Self {
            id: key.id.clone(),
            algorithm: key.material.algorithm(),
            verifier,
        })
    }

    /// Whether `signature` is the signature of `message` by this key. A signature whose length is wrong for the key is
    /// never given to the platform.
    ///
    /// # Errors
    /// [`CryptographyError`] if the platform cannot tell.
    pub async fn verify<C: Cryptography<Key = K>>(
        &self,
        cryptography: &C,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, CryptographyError> {
        match &self.verifier {
            Verifier::Secret(secret) => Ok(is_hs256_signature(secret, message, signature)),
            Verifier::Public { signature_bytes, .. } if signature.len() != *signature_bytes => Ok(false),
            Verifier::Public { key, .. } => cryptography.verify(key, message, signature).await,
        }
    }

    fn matches(&self, header: &Header) -> bool {
        self.algorithm == header.algorithm && (header.key_id.is_none() || self.id == header.key_id)
    }
}

/// Whether `signature` is the HMAC-SHA256 of `message`, compared in constant time.
#[must_use]
pub fn is_hs256_signature(secret: &Hs256Key, message: &[u8], signature: &[u8]) -> bool {
    // jwt-compact panics if the length is wrong.
    let has_length = Hs256Signature::LENGTH.is_some_and(|length| signature.len() == length.get());
    has_length
        && Hs256Signature::try_from_slice(signature)
            .is_ok_and(|signature| Hs256.verify_signature(&signature, secret, message))
}

/// Keys that are trusted.
pub struct KeySet<K>(Vec<Rc<Key<K>>>);

/// The keys that match a header.
pub enum KeyMatch<K> {
    /// No key matches.
    None,
    /// Exactly one key matches.
    Unique(Rc<Key<K>>),
    /// More than one key matches. None of them may be used.
    Ambiguous,
}

impl<K> KeySet<K> {
    /// A set of these keys.
    #[must_use]
    pub fn new(keys: Vec<Key<K>>) -> Self {
        Self(keys.into_iter().map(Rc::new).collect())
    }

    /// Finds the keys that a header may mean: those with its `kid`, or, if it has no `kid`, all keys of its algorithm.
    /// A key without an id is never found by a `kid`.
    #[must_use]
    pub fn find(&self, header: &Header) -> KeyMatch<K> {
        let mut matching = self.0.iter().filter(|key| key.matches(header));
        match (matching.next(), matching.next()) {
            (None, _) => KeyMatch::None,
            (Some(key), None) => KeyMatch::Unique(Rc::clone(key)),
            (Some(_), Some(_)) => KeyMatch::Ambiguous,
        }
    }
}

impl<K> KeyMatch<K> {
    /// The keys that match in one set or the other.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (only, Self::None) | (Self::None, only) => only,
            _ => Self::Ambiguous,
        }
    }

    /// The only key that matches.
    ///
    /// # Errors
    /// [`TokenError::NoUniqueKey`]
    pub fn into_unique(self) -> Result<Rc<Key<K>>, TokenError> {
        match self {
            Self::Unique(key) => Ok(key),
            Self::None | Self::Ambiguous => Err(TokenError::NoUniqueKey),
        }
    }
}
