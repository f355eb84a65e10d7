//! Segments of a path.

/// None where an escape is cut off, or where the bytes are no UTF-8.
pub fn decode(segment: &str) -> Option<String> {
    let mut bytes = segment.bytes();
    let mut decoded = Vec::with_capacity(segment.len());
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'%' {
            let mut digit = || char::from(bytes.next()?).to_digit(16);
            let (high, low) = (digit()?, digit()?);
            u8::try_from(high.checked_mul(16)?.checked_add(low)?).ok()?
        } else {
            byte
        });
    }
    String::from_utf8(decoded).ok()
}
