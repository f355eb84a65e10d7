//! The wall clock. It stands still while a worker computes and moves on when it waits for I/O.

use crate::base::timestamp::Timestamp;
use worker::js_sys::Date;

/// Now.
pub fn now() -> Timestamp {
    // `Date.now()`, and not `worker::Date`, which makes an object: so a test can set the clock. The milliseconds of a
    // date are whole and well below 2^53.
    Timestamp::from_milliseconds(Date::now() as i64)
}
