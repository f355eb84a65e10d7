//! Segments of a path.

use percent_encoding::percent_decode_str;

/// Decodes the percent-encoding of a segment, once. `None` means that an escape is incomplete, or that the bytes are
/// not UTF-8.
#[must_use]
pub fn decode(segment: &str) -> Option<String> {
    // `percent_decode_str` leaves an incomplete escape as it is.
    let mut after_percent_signs = segment.split('%').skip(1);
    let is_escape = |text: &str| matches!(text.as_bytes(), [high, low, ..] if [high, low].iter().all(|digit| digit.is_ascii_hexdigit()));
    if !after_percent_signs.all(is_escape) {
        return None;
    }
    let decoded = percent_decode_str(segment).decode_utf8().ok()?;
    Some(decoded.into_owned())
}
