//! What a publication adds to the course of the day.

use crate::base::timestamp::Timestamp;
use crate::hours::calendar::Calendar;
use crate::hours::time_zone::{TimeZones, ZoneCache};
use crate::snapshot::settings::Settings;
use crate::snapshot::trend::{Ages, Course, Stall};
use crate::snapshot::version::{Entry, Version};
use std::cell::RefCell;
use std::rc::Rc;

/// The time zones that a run needs for business hours.
pub struct Zones<'a> {
    zones: &'a dyn TimeZones,
    cache: RefCell<ZoneCache>,
}

impl<'a> Zones<'a> {
    /// Those of the platform.
    pub fn new(zones: &'a dyn TimeZones) -> Self {
        Self {
            zones,
            cache: RefCell::default(),
        }
    }

    /// How ages are counted from `earliest` to `latest`. If the platform does not know the time zone, they count at all hours, as
    /// in the report.
    fn ages(&self, settings: &Settings, earliest: Timestamp, latest: Timestamp) -> Ages {
        let calendar = settings.business_hours.as_ref().and_then(|hours| {
            let mut cache = self.cache.borrow_mut();
            let offsets = cache.offsets(self.zones, hours.time_zone(), earliest, latest)?;
            Some(Rc::new(Calendar::new(Rc::clone(hours), &offsets)))
        });
        Ages {
            calendar,
            max_age_days: settings.max_age_days,
        }
    }
}

/// A conversation whose row changes: what it was and what it will be, if a report shows it unnamed.
pub type StallChange = (Option<Stall>, Option<Stall>);

/// A version that is to be published, as far as it matters for the course of the day.
pub struct Publication<'a> {
    pub settings: &'a Settings,
    /// The hour that is stored with the version before.
    pub stored: Option<&'a str>,
    /// What the version before lists.
    pub before: &'a [Stall],
    pub next: &'a Version,
    /// What is counted as coming and going.
    pub changes: &'a [StallChange],
    /// The instant that the version before is as of.
    pub since: Timestamp,
    pub at: Timestamp,
}

impl Publication<'_> {
    /// The course of the day until it is published.
    pub fn course(&self, zones: &Zones<'_>) -> Course {
        let &Self { settings, at, .. } = self;
        let coming = self.changes.iter().filter_map(|(_, stall)| stall.as_ref());
        let stalls = self.before.iter().take(1).chain(coming);
        let earliest = stalls.map(|stall| stall.since).fold(at, Timestamp::min);
        let ages = zones.ages(settings, earliest, at);
        let mut course = Course::new(self.stored, self.before, &ages, self.since, at);
        let over_ms = |stall: &Option<Stall>| ages.over_ms((*stall)?, at);
        for (before, after) in self.changes {
            match (over_ms(before), over_ms(after)) {
                (Some(over_ms), None) => course.clear(over_ms),
                (None, Some(_)) => course.current.crossed += 1,
                _ => {}
            }
        }
        course.see(ages.count(&stalls_of(self.next, settings), at));
        course
    }
}

/// What a version lists, and a report shows unnamed.
pub fn stalls_of(version: &Version, settings: &Settings) -> Vec<Stall> {
    let entries = version.entries().iter();
    entries.filter_map(|entry| stall_of(entry, settings)).collect()
}

/// `None` means that a report does not show the row unnamed.
pub fn stall_of(entry: &Entry, settings: &Settings) -> Option<Stall> {
    entry.category.is_shown_unnamed().then(|| Stall {
        since: entry.stalled_since,
        threshold_minutes: settings.threshold(entry.department_id.as_deref(), &entry.channel_type),
    })
}
