//! Random names: request ids and marks.

use std::fmt::Write;

/// 128 random bits in hex.
///
/// # Errors
/// Where the platform has no randomness, which does not happen.
pub fn token() -> worker::Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| worker::Error::RustError(error.to_string()))?;
    let mut text = String::with_capacity(32);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}
