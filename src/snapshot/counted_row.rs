//! The rows that the course of the day counts, and how long they have been over their thresholds.

use crate::base::timestamp::{DAY_MS, MINUTE_MS, Timestamp};
use crate::hours::calendar::Calendar;
use crate::snapshot::groups::Groups;
use crate::snapshot::index::SnapshotIndex;
use std::rc::Rc;

/// An entry of the categories that a report shows unnamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedRow {
    /// Since when whoever is responsible owes the answer.
    pub since: Timestamp,
    /// The threshold that applies to it.
    pub threshold_minutes: i64,
    /// Its department. `None` means that it has none, or that departments are not distinguished.
    pub department_id: Option<Rc<str>>,
}

/// A conversation whose row changes: what it was and what it will be, in each case if a report shows it unnamed.
pub type CountedChange = (Option<CountedRow>, Option<CountedRow>);

/// The entries of a version whose rows a report shows unnamed: those of some departments, whose ids are ascending, or
/// all.
#[must_use]
pub fn counted_rows(index: &SnapshotIndex, groups: &Groups, department_ids: Option<&[String]>) -> Vec<CountedRow> {
    let lists = match department_ids {
        None => vec![groups.all()],
        Some(ids) => {
            let numbers = index.numbers_of(ids).into_iter();
            numbers.map(|number| groups.department(number)).collect()
        }
    };
    let mut rows = Vec::new();
    for group in lists.into_iter().flatten() {
        if group.category.is_shown_unnamed() {
            let threshold_minutes = groups.threshold_minutes(group);
            rows.extend(index.entries_at(&group.positions).map(|(_, entry)| CountedRow {
                since: entry.stalled_since,
                threshold_minutes,
                department_id: None,
            }));
        }
    }
    rows
}

/// How ages are counted.
#[derive(Debug, Default)]
pub struct Ages {
    /// The business hours, if there are any.
    pub calendar: Option<Rc<Calendar>>,
    /// How long a row is listed.
    pub max_age_days: i64,
}

impl Ages {
    /// How long a row has been over its threshold, in milliseconds; of business hours, if there are any. `None` means
    /// that it is not listed: below its threshold or too old.
    #[must_use]
    pub fn over_ms(&self, row: &CountedRow, at: Timestamp) -> Option<i64> {
        let age_ms = match &self.calendar {
            Some(calendar) => calendar.open_ms(row.since, at),
            None => at.milliseconds_since(row.since),
        };
        let over_ms = age_ms - row.threshold_minutes.saturating_mul(MINUTE_MS);
        (over_ms >= 0 && at <= self.last(row)).then_some(over_ms)
    }

    /// The last instant at which a row is not too old.
    pub(super) fn last(&self, row: &CountedRow) -> Timestamp {
        row.since.plus(self.max_age_days.saturating_mul(DAY_MS))
    }
}
