//! The time zones of a crate, where the worker has those of Intl.

use chrono::{Offset, TimeZone};
use chrono_tz::Tz;
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::hours::business_hours::BusinessHours;
use conversation_monitor::hours::calendar::Calendar;
use conversation_monitor::hours::time_zone::{TimeZones, ZoneCache};
use std::cell::RefCell;
use std::rc::Rc;

thread_local! {
    static ZONES: RefCell<ZoneCache> = RefCell::default();
}

/// The calendar of business hours for instants from `earliest` to `latest`.
pub fn calendar_of(hours: &Rc<BusinessHours>, earliest: Timestamp, latest: Timestamp) -> Option<Rc<Calendar>> {
    ZONES.with_borrow_mut(|zones| Calendar::find(zones, &CrateZones, hours, earliest, latest))
}

pub struct CrateZones;

impl TimeZones for CrateZones {
    fn offset_seconds(&self, zone: &str, at: Timestamp) -> Option<i64> {
        let zone = Tz::from_str_insensitive(zone).ok()?;
        let instant = chrono::DateTime::from_timestamp_millis(at.as_milliseconds())?;
        let offset = zone.offset_from_utc_datetime(&instant.naive_utc());
        Some(i64::from(offset.fix().local_minus_utc()))
    }
}
