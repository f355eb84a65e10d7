//! What a publication adds to the course of the day.

use crate::base::timestamp::Timestamp;
use crate::hours::calendar::CalendarOf;
use crate::snapshot::counted_row::{Ages, CountedChange, CountedRow};
use crate::snapshot::departments::Departments;
use crate::snapshot::settings::Settings;
use crate::snapshot::trend::Course;
use crate::snapshot::version::{Entry, Version};

/// A version that is to be published, as far as the course of the day depends on it.
pub struct Publication<'a> {
    /// The settings in force for the organization.
    pub settings: &'a Settings,
    /// The hour that is stored with the version before.
    pub stored: Option<&'a str>,
    /// What has happened in it by department.
    pub departments: Departments,
    /// What the version before lists.
    pub before: &'a [CountedRow],
    /// The version that is to be published.
    pub next: &'a Version,
    /// The rows that count as coming and going.
    pub changes: &'a [CountedChange],
    /// The instant that the version before is as of.
    pub since: Timestamp,
    /// The instant that the new version is as of.
    pub at: Timestamp,
}

impl Publication<'_> {
    /// The course of the day until it is published.
    pub fn course(self, calendar_of: &CalendarOf) -> Course {
        let Self { settings, at, .. } = self;
        let coming = self.changes.iter().filter_map(|(_, row)| row.as_ref());
        let rows = self.before.iter().take(1).chain(coming);
        let earliest = rows.map(|row| row.since).fold(at, Timestamp::min);
        let ages = Ages {
            calendar: settings.calendar(calendar_of, earliest, at),
            max_age_days: settings.max_age_days,
        };
        let stored = Course::from_stored(self.stored, self.departments);
        let mut course = stored.go_on(self.before, &ages, self.since, at);
        course.publish(self.changes, &counted_rows(self.next, settings), &ages, at);
        course
    }
}

/// The rows of a version that a report shows unnamed.
pub fn counted_rows(version: &Version, settings: &Settings) -> Vec<CountedRow> {
    let entries = version.entries().iter();
    entries.filter_map(|entry| counted_row(entry, settings)).collect()
}

/// `None` means that a report does not show the row unnamed.
pub fn counted_row(entry: &Entry, settings: &Settings) -> Option<CountedRow> {
    entry.category.is_shown_unnamed().then(|| CountedRow {
        since: entry.stalled_since,
        threshold_minutes: settings.threshold(entry.department_id.as_deref(), &entry.channel_type),
        department_id: entry.department_id.clone(),
    })
}
