//! The wall clock. In a worker it stands still but for I/O.

use crate::instant::Instant;
use worker::Date;

/// Now.
pub fn now() -> Instant {
    Instant::from_milliseconds(i64::try_from(Date::now().as_millis()).unwrap_or(i64::MAX))
}
