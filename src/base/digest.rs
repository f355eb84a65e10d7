//! SHA-256.

use base64ct::{Base64UrlUnpadded, Encoding};
use sha2::{Digest, Sha256};

/// The SHA-256 of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The SHA-256 of `bytes` in base64url without padding: 43 characters.
#[must_use]
pub fn sha256_base64url(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(&sha256(bytes))
}

#[cfg(test)]
mod tests {
    use super::{sha256, sha256_base64url};

    #[test]
    fn matches_the_example_of_fips_180() {
        let [first, .., last] = sha256(b"abc");
        assert_eq!((first, last), (0xba, 0xad));
        assert_eq!(sha256_base64url(b"abc"), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
    }
}
