//! The form of a token: RFC 7515 compact serialization, read strictly.
//!
//! jwt-compact could parse tokens as well, but accepts base64url that is not canonical and repeated members, so that
//! one token would have many spellings; only its algorithms are used (`keys`).

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

/// A token whose form is right; nothing in it is to be believed yet.
#[derive(Debug)]
pub struct ParsedToken<'a> {
    /// The first two segments with the dot between: what is signed.
    pub signed: &'a [u8],
    /// What its header asks for.
    pub header: Header,
    /// The claims, not read yet.
    pub payload: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
}

/// What is used of a token's header. `jku`, `jwk`, `x5u` and `x5c` never are: keys come from configuration alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// `alg`
    pub algorithm: Algorithm,
    /// `kid`
    pub key_id: Option<String>,
}

/// The token in the value of an `Authorization` header: `Bearer`, in any case, and what follows it; RFC 6750 section
/// 2.1, RFC 9110 section 11.1. None where the header is something else.
#[must_use]
pub fn of_header(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    let token = token.trim_start_matches(' ');
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    (scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty() && token.bytes().all(is_token)).then_some(token)
}

/// Takes a token apart.
///
/// # Errors
/// The rule of form that it breaks.
pub fn parse(token: &str) -> Result<ParsedToken<'_>, TokenError> {
    check_size(token)?;
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Segments)?;
    let (header, payload) = signed.split_once('.').ok_or(TokenError::Segments)?;
    if payload.contains('.') {
        return Err(TokenError::Segments);
    }
    Ok(ParsedToken {
        signed: signed.as_bytes(),
        header: read_header(&decode(header)?)?,
        payload: decode(payload)?,
        signature: decode(signature)?,
    })
}

/// # Errors
/// [`TokenError::TooLarge`]
pub fn check_size(token: &str) -> Result<(), TokenError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::TooLarge);
    }
    Ok(())
}

/// Base64url without padding, in the one spelling that encodes the bytes.
pub fn decode(segment: &str) -> Result<Vec<u8>, TokenError> {
    let bytes = Base64UrlUnpadded::decode_vec(segment).map_err(|_| TokenError::Segments)?;
    if bytes.is_empty() || Base64UrlUnpadded::encode_string(&bytes) != segment {
        return Err(TokenError::Segments);
    }
    Ok(bytes)
}

fn read_header(bytes: &[u8]) -> Result<Header, TokenError> {
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

/// RFC 8725 section 3.11: `typ`, where there is one, is `JWT` or RFC 9068's `at+jwt`. It is a media type, whose
/// `application/` may be left out: RFC 7515 section 4.1.9.
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
