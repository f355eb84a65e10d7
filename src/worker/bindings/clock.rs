//! The wall clock. In a worker it stands still but for I/O.

use crate::base::timestamp::Timestamp;

/// Now.
pub fn now() -> Timestamp {
    // Milliseconds of a date are whole and well below 2^53.
    Timestamp::from_milliseconds(js_sys::Date::now() as i64)
}
