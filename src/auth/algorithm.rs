//! The signature algorithms, and the public keys that they verify with.

/// The algorithms that a key may be bound to: RFC 7518 section 3.1 and RFC 8037 section 3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// EdDSA with Ed25519.
    EdDsa,
}

impl Algorithm {
    /// The algorithm that `alg` names. Names are case-sensitive: RFC 7515 section 4.1.1.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "HS256" => Some(Self::Hs256),
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            "EdDSA" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

/// The bytes of an ES256 or Ed25519 signature: RFC 7518 section 3.4, RFC 8032 section 5.1.6.
const ELLIPTIC_SIGNATURE_BYTES: usize = 64;

/// The public half of a key pair. Its numbers are big-endian, as RFC 7518 encodes them, and their sizes have been
/// checked. Whether a point is on its curve is only known once the key has been imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// For RS256. Neither number begins with a zero byte.
    Rsa {
        /// `n`
        modulus: Vec<u8>,
        /// `e`
        exponent: Vec<u8>,
    },
    /// For ES256: a point of P-256.
    P256 {
        /// `x`
        x: [u8; 32],
        /// `y`
        y: [u8; 32],
    },
    /// For EdDSA: an encoded point of Ed25519.
    Ed25519 {
        /// `x`
        x: [u8; 32],
    },
}

impl PublicKey {
    /// The only algorithm that the key may be used for.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa { .. } => Algorithm::Rs256,
            Self::P256 { .. } => Algorithm::Es256,
            Self::Ed25519 { .. } => Algorithm::EdDsa,
        }
    }

    /// How many bytes each of its signatures has.
    #[must_use]
    pub const fn signature_bytes(&self) -> usize {
        match self {
            Self::Rsa { modulus, .. } => modulus.len(),
            Self::P256 { .. } | Self::Ed25519 { .. } => ELLIPTIC_SIGNATURE_BYTES,
        }
    }
}
