//! Random names: ids of requests, and tokens for rows of `pending` and for leases.

use std::cell::RefCell;
use std::fmt::Write;

thread_local! {
    static ISOLATE: RefCell<(String, u32)> = const { RefCell::new((String::new(), 0)) };
}

/// 128 random bits in hex.
///
/// # Errors
/// Where the platform has no randomness, which does not happen.
pub fn token() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)?;
    let mut text = String::with_capacity(32);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

/// The id of a request: 96 random bits of the isolate and the number of the request. It need not be hard to guess.
///
/// # Errors
/// As [`token`].
pub fn request_id() -> Result<String, getrandom::Error> {
    ISOLATE.with_borrow_mut(|(isolate, requests)| {
        if isolate.is_empty() {
            *isolate = token()?;
            isolate.truncate(24);
        }
        *requests = requests.wrapping_add(1);
        let mut id = String::with_capacity(32);
        id.push_str(isolate);
        // Writing to a String cannot fail.
        let _ = write!(id, "{requests:08x}");
        Ok(id)
    })
}
