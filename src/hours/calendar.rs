//! How much of a period is within business hours, and the other way round: since when so much of it has passed.
//!
//! An instant is within business hours if the local date and time at it are. So when the clock changes, the time that
//! really passes counts: an hour that comes twice counts twice, and one that does not exist counts nothing. Between two
//! changes of the offset, open time depends on local time alone, so everything is found by a search for the last change
//! before an instant and some additions.

use crate::base::timestamp::{MINUTE_MS, Timestamp};
use crate::hours::business_hours::BusinessHours;
use crate::hours::time_zone::{Offsets, TimeZones, ZoneCache};
use std::rc::Rc;

/// Finds the calendar of business hours for instants from one to another. `None` means that the platform does not know
/// their time zone.
pub type CalendarOf = dyn Fn(&Rc<BusinessHours>, Timestamp, Timestamp) -> Option<Rc<Calendar>>;

/// Business hours in their time zone. It is right for the instants that its offsets cover.
#[derive(Debug, Clone)]
pub struct Calendar {
    hours: Rc<BusinessHours>,
    /// Ascending, at least one.
    segments: Vec<Segment>,
}

/// A time with one offset.
#[derive(Debug, Clone, Copy)]
struct Segment {
    start: Timestamp,
    offset_ms: i64,
    /// What to add to the open time before a local time, so that it continues from the segment before.
    correction_ms: i64,
}

impl Calendar {
    /// The calendar of business hours. `offsets` are those of their time zone.
    #[must_use]
    pub fn new(hours: Rc<BusinessHours>, offsets: &Offsets) -> Self {
        let mut calendar = Self {
            hours,
            segments: Vec::new(),
        };
        for (start, offset_seconds) in offsets.changes() {
            let offset_ms = offset_seconds * 1_000;
            let correction_ms = calendar.open_before(start) - calendar.hours.open_before(start.plus(offset_ms));
            calendar.segments.push(Segment {
                start,
                offset_ms,
                correction_ms,
            });
        }
        calendar
    }

    /// Finds a calendar as [`CalendarOf`] demands: with the time zones that are cached, or with what the platform says
    /// of them.
    #[must_use]
    pub fn find(
        known: &mut ZoneCache,
        zones: &dyn TimeZones,
        hours: &Rc<BusinessHours>,
        earliest: Timestamp,
        latest: Timestamp,
    ) -> Option<Rc<Self>> {
        let offsets = known.offsets(zones, hours.time_zone(), earliest, latest)?;
        Some(Rc::new(Self::new(Rc::clone(hours), &offsets)))
    }

    /// How much of the time from `from` to `until` is within business hours, in milliseconds; 0 if `until` is earlier.
    #[must_use]
    pub fn open_ms(&self, from: Timestamp, until: Timestamp) -> i64 {
        self.open_before(until).saturating_sub(self.open_before(from)).max(0)
    }

    /// How many whole minutes of business hours there are from `from` to `until`; 0 if `until` is earlier.
    #[must_use]
    pub fn open_minutes(&self, from: Timestamp, until: Timestamp) -> i64 {
        self.open_ms(from, until) / MINUTE_MS
    }

    /// The latest instant from which `minutes` of business hours have passed at `as_of`. If that would be before
    /// everything that its offsets cover, it is an instant before that.
    #[must_use]
    pub fn latest_start(&self, as_of: Timestamp, minutes: i64) -> Timestamp {
        let open_until = self
            .open_before(as_of)
            .saturating_sub(minutes.saturating_mul(MINUTE_MS));
        let is_soon_enough = |at: i64| self.open_before(Timestamp::from_milliseconds(at)) <= open_until;
        let first = self.segments.first().map_or(as_of, |segment| segment.start);
        let (mut start, mut end) = (first.minus(1).as_milliseconds(), as_of.plus(1).as_milliseconds());
        // `start` is early enough, or before everything. `end` is not, or after everything.
        while end.saturating_sub(start) > 1 {
            let middle = start.midpoint(end);
            if is_soon_enough(middle) {
                start = middle;
            } else {
                end = middle;
            }
        }
        Timestamp::from_milliseconds(start)
    }

    /// The earliest instant at which `minutes` of business hours have passed since `from`. `None` means that this is
    /// after `until`.
    #[must_use]
    pub fn earliest_end(&self, from: Timestamp, minutes: i64, until: Timestamp) -> Option<Timestamp> {
        let open_until = self.open_before(from).saturating_add(minutes.saturating_mul(MINUTE_MS));
        let has_passed = |at: i64| self.open_before(Timestamp::from_milliseconds(at)) >= open_until;
        // `start` is too early, or before everything. `end` is not.
        let (mut start, mut end) = (from.minus(1).as_milliseconds(), until.as_milliseconds());
        if !has_passed(end) {
            return None;
        }
        while end.saturating_sub(start) > 1 {
            let middle = start.midpoint(end);
            if has_passed(middle) {
                end = middle;
            } else {
                start = middle;
            }
        }
        Some(Timestamp::from_milliseconds(end))
    }

    /// The open time before an instant, in milliseconds, counted from an instant that never changes.
    fn open_before(&self, at: Timestamp) -> i64 {
        let next = self.segments.partition_point(|segment| segment.start <= at);
        match self.segments.get(next.saturating_sub(1)) {
            None => 0,
            Some(segment) => {
                let local = at.plus(segment.offset_ms);
                self.hours.open_before(local).saturating_add(segment.correction_ms)
            }
        }
    }
}

/// The earliest instant at which `minutes` have passed since `from`, of business hours if there is a calendar. `None`
/// means that this is after `until`.
#[must_use]
pub fn earliest_end(calendar: Option<&Calendar>, from: Timestamp, minutes: i64, until: Timestamp) -> Option<Timestamp> {
    match calendar {
        Some(calendar) => calendar.earliest_end(from, minutes, until),
        None => Some(from.plus(minutes.saturating_mul(MINUTE_MS))).filter(|end| *end <= until),
    }
}

/// The latest instant from which `minutes` have passed at `as_of`, of business hours if there is a calendar.
#[must_use]
pub fn latest_start(calendar: Option<&Calendar>, as_of: Timestamp, minutes: i64) -> Timestamp {
    match calendar {
        Some(calendar) => calendar.latest_start(as_of, minutes),
        None => as_of.minus(minutes.saturating_mul(MINUTE_MS)),
    }
}
