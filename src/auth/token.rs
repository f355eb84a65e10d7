//! The syntax of a token: RFC 7515 compact serialization, parsed strictly.
//!
//! jwt-compact verifies HS256 signatures (see `keys`), but its `UntrustedToken` does not do the parsing. It ignores
//! `crit` and `b64`, takes `"kid": null` for a missing `kid`, refuses a token because of header parameters that nobody
//! here uses (`cty`, a malformed `x5t`), and gives the claims only as a deserialized type, never as the bytes that were
//! signed, in which a repeated member can be noticed.

use crate::auth::algorithm::Algorithm;
use crate::auth::error::TokenError;
use crate::base::strict_json;
use crate::base::strict_json::Object;
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;

/// The most bytes of a token.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// The most bytes of a `kid`.
pub const KEY_ID_BYTES_MAX: usize = 256;

/// A token whose syntax is right. Nothing in it has been verified.
#[derive(Debug)]
pub struct ParsedToken<'a> {
    /// What the signature is made of: the first two segments with the dot between them.
    pub signed: &'a [u8],
    /// The header.
    pub header: Header,
    /// The JSON of the claims, not parsed yet.
    pub payload: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
}

/// The parameters of a token's header that are used. `jku`, `jwk`, `x5u` and `x5c` are not: keys come only from the
/// configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// `alg`
    pub algorithm: Algorithm,
    /// `kid`
    pub key_id: Option<String>,
}

/// The token in the value of an `Authorization` header: `Bearer`, in any case, and the token. `None` means that the
/// value is something else. RFC 6750 section 2.1, RFC 9110 section 11.1.
#[must_use]
pub fn from_authorization(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    let token = token.trim_start_matches(' ');
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    (scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty() && token.bytes().all(is_token)).then_some(token)
}

/// Parses a token.
///
/// # Errors
/// The rule of syntax that it breaks.
pub fn parse(token: &str) -> Result<ParsedToken<'_>, TokenError> {
    check_size(token)?;
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Segments)?;
    let (header, payload) = signed.split_once('.').ok_or(TokenError::Segments)?;
    if payload.contains('.') {
        return Err(TokenError::Segments);
    }
    Ok(ParsedToken {
        signed: signed.as_bytes(),
        header: parse_header(&decode_segment(header)?)?,
        payload: decode_segment(payload)?,
        signature: decode_segment(signature)?,
    })
}

/// Checks the length of a token.
///
/// # Errors
/// [`TokenError::TooLarge`] if the token has more than [`TOKEN_BYTES_MAX`] bytes.
pub fn check_size(token: &str) -> Result<(), TokenError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::TooLarge);
    }
    Ok(())
}

/// Decodes base64url without padding. Only the canonical encoding of the bytes is accepted, so that no token has a
/// second spelling.
///
/// # Errors
/// [`TokenError::Segments`] if the segment is malformed or empty.
pub fn decode_segment(segment: &str) -> Result<Vec<u8>, TokenError> {
    let bytes = Base64UrlUnpadded::decode_vec(segment).map_err(|_| TokenError::Segments)?;
    if bytes.is_empty() {
        return Err(TokenError::Segments);
    }
    Ok(bytes)
}

fn parse_header(bytes: &[u8]) -> Result<Header, TokenError> {
    let Ok(Value::Object(header)) = strict_json::parse(bytes) else {
        return Err(TokenError::Header);
    };
    let algorithm = header
        .get("alg")
        .and_then(Value::as_str)
        .and_then(Algorithm::from_name)
        .ok_or(TokenError::Algorithm)?;
    if !is_jwt(&header) {
        return Err(TokenError::Type);
    }
    if header.contains_key("crit") || header.contains_key("b64") {
        return Err(TokenError::Critical);
    }
    let key_id = match header.get("kid") {
        None => None,
        Some(Value::String(key_id)) if key_id.len() <= KEY_ID_BYTES_MAX => Some(key_id.clone()),
        Some(_) => return Err(TokenError::KeyId),
    };
    Ok(Header { algorithm, key_id })
}

/// Whether `typ`, if it is there, is `JWT` or the `at+jwt` of RFC 9068: RFC 8725 section 3.11. It is a media type that
/// may be written without `application/`: RFC 7515 section 4.1.9.
fn is_jwt(header: &Object) -> bool {
    match header.get("typ") {
        None => true,
        Some(Value::String(name)) => {
            let name = name.to_ascii_lowercase();
            matches!(name.strip_prefix("application/").unwrap_or(&name), "jwt" | "at+jwt")
        }
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::decode_segment;
    use base64ct::{Base64UrlUnpadded, Encoding};

    #[test]
    fn accepts_only_the_canonical_encoding() {
        let letters: Vec<char> = ('\0'..='\u{7f}').collect();
        let mut accepted = 0;
        for first in &letters {
            for second in &letters {
                for segment in [format!("{first}{second}"), format!("A{first}{second}")] {
                    if let Ok(bytes) = decode_segment(&segment) {
                        assert_eq!(Base64UrlUnpadded::encode_string(&bytes), segment);
                        accepted += 1;
                    }
                }
            }
        }
        // One byte has 256 encodings, and two bytes of which the first is below 4 have 1,024.
        assert_eq!(accepted, 256 + 1_024);
        assert!(decode_segment("").is_err());
    }
}
