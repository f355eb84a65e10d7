//! The time zones of a crate, where the worker has those of Intl.

use chrono::{Offset, TimeZone};
use chrono_tz::Tz;
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::hours::time_zone::TimeZones;

pub struct CrateZones;

impl TimeZones for CrateZones {
    fn offset_seconds(&self, zone: &str, at: Timestamp) -> Option<i64> {
        let zone = Tz::from_str_insensitive(zone).ok()?;
        let instant = chrono::DateTime::from_timestamp_millis(at.as_milliseconds())?;
        let offset = zone.offset_from_utc_datetime(&instant.naive_utc());
        Some(i64::from(offset.fix().local_minus_utc()))
    }
}
