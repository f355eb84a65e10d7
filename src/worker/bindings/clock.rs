//! The wall clock. It stands still while a worker computes and moves on when it waits for I/O.

use crate::base::timestamp::Timestamp;
use worker::Date;

/// Now.
pub fn now() -> Timestamp {
    // The milliseconds of a date are well below 2^63.
    Timestamp::from_milliseconds(Date::now().as_millis() as i64)
}
