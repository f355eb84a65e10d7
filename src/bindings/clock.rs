//! The wall clock. In a worker it stands still but for I/O.

use crate::instant::Instant;

/// Now.
pub fn now() -> Instant {
    // Milliseconds of a date are whole and well below 2^53.
    Instant::from_milliseconds(js_sys::Date::now() as i64)
}
