//! Webhooks: whether the help desk of a connection has sent one. There is no token: the help desk signs the body with a
//! secret that both know.

use crate::auth::keys::is_hs256_signature;
use crate::base::timestamp::{MINUTE_MS, Timestamp};
use crate::connector::connection::Connection;
use crate::connector::delivery::Delivery;
use crate::connector::help_desk::Hash;
use hmac::{Hmac, Mac};
use jwt_compact::alg::Hs256Key;
use sha1::Sha1;
use std::borrow::Cow;
use strum::VariantArray;

/// How far the time that a signature covers may be from the service's clock, in either direction. Within it a webhook
/// can be replayed, which changes nothing.
pub const WINDOW_MS: i64 = 5 * MINUTE_MS;
/// The most digits of such a time, in seconds.
const TIMESTAMP_DIGITS_MAX: usize = 12;

/// A connection one of whose webhooks has been verified. Nothing else makes one.
#[derive(Debug, Clone, Copy)]
pub struct VerifiedConnection<'a>(&'a Connection);

impl<'a> VerifiedConnection<'a> {
    /// The connection.
    #[must_use]
    pub const fn connection(self) -> &'a Connection {
        self.0
    }
}

/// Why a webhook was refused. The texts are for the log, and docs/operating.md lists them: the client is told only that
/// the signature is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, VariantArray)]
pub enum SignatureError {
    /// The header is missing.
    #[error("signature: the webhook has none")]
    Missing,
    /// The header is not what the help desk sends.
    #[error("signature: malformed")]
    Malformed,
    /// The time that it covers is missing or malformed.
    #[error("signature: the time of sending is missing or malformed")]
    TimeMissing,
    /// The time that it covers is too far from now.
    #[error("signature: sent more than 5 minutes before or after now")]
    OutsideWindow,
    /// None of the connection's secrets makes this signature.
    #[error("signature: not by a secret of the connection")]
    Wrong,
}

/// Verifies the signature of a webhook.
///
/// # Errors
/// [`SignatureError`].
pub fn verify<'a>(
    connection: &'a Connection,
    delivery: &Delivery<'_>,
) -> Result<VerifiedConnection<'a>, SignatureError> {
    let (prefix, hash) = connection.kind.signature_scheme();
    let header = delivery.signature.ok_or(SignatureError::Missing)?;
    let signature = header
        .strip_prefix(prefix)
        .and_then(bytes_of_hexadecimal)
        .ok_or(SignatureError::Malformed)?;
    let timestamp = match connection.kind.timestamp_header() {
        None => None,
        Some(_) => Some(timestamp(delivery)?),
    };
    let message = match timestamp {
        None => Cow::Borrowed(delivery.body),
        Some(timestamp) => Cow::Owned([timestamp.as_bytes(), b".", delivery.body].concat()),
    };
    let is_by = |secret: &&String| match hash {
        Hash::Sha1 => is_hmac_sha1(secret.as_bytes(), &message, &signature),
        Hash::Sha256 => is_hs256_signature(&Hs256Key::new(secret.as_bytes()), &message, &signature),
    };
    // All secrets are tried, so that the time it takes does not tell which of them it was.
    if connection.secrets.iter().filter(is_by).count() == 0 {
        return Err(SignatureError::Wrong);
    }
    Ok(VerifiedConnection(connection))
}

/// When a webhook says that it was sent, as text and as an instant.
#[must_use]
pub fn sent_at<'a>(delivery: &Delivery<'a>) -> Option<(&'a str, Timestamp)> {
    let is_number = |text: &&str| {
        (1..=TIMESTAMP_DIGITS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let text = delivery.timestamp.filter(is_number)?;
    let seconds: i64 = text.parse().ok()?;
    Some((text, Timestamp::from_milliseconds(seconds.saturating_mul(1_000))))
}

/// The text of the time of sending, if it is near enough.
fn timestamp<'a>(delivery: &Delivery<'a>) -> Result<&'a str, SignatureError> {
    let (text, sent_at) = sent_at(delivery).ok_or(SignatureError::TimeMissing)?;
    let distance_ms = delivery.received_at.milliseconds_since(sent_at).saturating_abs();
    (distance_ms <= WINDOW_MS)
        .then_some(text)
        .ok_or(SignatureError::OutsideWindow)
}

/// Compares in constant time.
fn is_hmac_sha1(secret: &[u8], message: &[u8], signature: &[u8]) -> bool {
    Hmac::<Sha1>::new_from_slice(secret).is_ok_and(|mac| mac.chain_update(message).verify_slice(signature).is_ok())
}

/// The bytes that pairs of hexadecimal digits in lower case stand for.
fn bytes_of_hexadecimal(digits: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = digits.as_bytes();
    while let [high, low, others @ ..] = rest {
        bytes.push((value_of(*high)? << 4) | value_of(*low)?);
        rest = others;
    }
    rest.is_empty().then_some(bytes)
}

fn value_of(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => digit.checked_sub(b'0'),
        b'a'..=b'f' => digit.checked_sub(b'a' - 10),
        _ => None,
    }
}
