//! The time zones of the platform's Intl.

use crate::base::timestamp::Timestamp;
use crate::hours::business_hours::BusinessHours;
use crate::hours::calendar::Calendar;
use crate::hours::time_zone::{TimeZones, ZoneCache};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/src/worker/zone.js")]
extern "C" {
    /// The offset of local time from UTC in seconds, or NaN if there is no such time zone. `at` is in milliseconds.
    #[wasm_bindgen(js_name = offsetSeconds)]
    fn offset_seconds(zone: &str, at: f64) -> f64;
}

thread_local! {
    /// What the isolate knows of time zones; the same for all organizations.
    static ZONES: RefCell<ZoneCache> = RefCell::default();
}

/// The calendar of business hours for instants from `earliest` to `latest`.
pub fn calendar_of(hours: &Rc<BusinessHours>, earliest: Timestamp, latest: Timestamp) -> Option<Rc<Calendar>> {
    ZONES.with_borrow_mut(|zones| Calendar::find(zones, &Intl, hours, earliest, latest))
}

/// Intl.
struct Intl;

impl TimeZones for Intl {
    fn offset_seconds(&self, zone: &str, at: Timestamp) -> Option<i64> {
        // Instants that are asked about are far below 2^53 ms.
        let offset = offset_seconds(zone, at.as_milliseconds() as f64);
        (!offset.is_nan()).then_some(offset as i64)
    }
}
