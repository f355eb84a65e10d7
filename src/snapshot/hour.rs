//! An hour of the course of the day: its number, and what happened in it to the listed rows.

use crate::base::timestamp::{MINUTE_MS, Timestamp};
use crate::snapshot::departments::Share;

const HOUR_MS: i64 = 60 * MINUTE_MS;

/// The number of the hour that an instant is in: how many there were from 1970 up to it.
#[must_use]
pub fn hour_of(at: Timestamp) -> i64 {
    at.as_milliseconds().div_euclid(HOUR_MS)
}

/// When an hour begins.
#[must_use]
pub fn start_of(hour: i64) -> Timestamp {
    Timestamp::from_milliseconds(hour.saturating_mul(HOUR_MS))
}

/// An hour, and the quiet ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hour {
    /// Its number: see [`hour_of`].
    pub number: i64,
    /// The first of the quiet hours before it: from then until this hour nothing changed. If it is this hour's own
    /// number, this says nothing of the time before.
    pub quiet_since: i64,
    /// How many rows were listed all that time.
    pub opened: i64,
    /// How many rows came over their threshold, or were over it when they came.
    pub crossed: i64,
    /// How many rows over their threshold were taken off the list by a publication.
    pub cleared: i64,
    /// The median of how long those were over it, in minutes, or the lower one of two. From 16 minutes on it is rounded
    /// down, so the true one may be up to an eighth more. `None` means that there are none.
    pub median_minutes: Option<i64>,
    /// The longest of these times.
    pub worst_minutes: Option<i64>,
    /// The most rows that were listed at once.
    pub most: i64,
}

impl Hour {
    /// An hour that begins with so many rows listed.
    pub(super) fn beginning(number: i64, listed: i64) -> Self {
        Self {
            number,
            quiet_since: number,
            opened: listed,
            most: listed,
            ..Self::default()
        }
    }

    /// An hour of some departments together.
    #[must_use]
    pub fn new(number: i64, quiet_since: i64, share: &Share) -> Self {
        let median_minutes = share.times.median();
        Self {
            number,
            quiet_since,
            opened: share.opened,
            crossed: share.crossed,
            cleared: share.times.total(),
            median_minutes,
            worst_minutes: median_minutes.map(|_| share.worst_minutes),
            most: share.most(),
        }
    }

    /// One of the quiet hours before it.
    #[must_use]
    pub fn quiet(&self, number: i64) -> Self {
        Self::beginning(number, self.opened)
    }

    /// Whether nothing has happened in it.
    pub(super) fn is_quiet(&self) -> bool {
        *self
            == Self {
                quiet_since: self.quiet_since,
                ..self.quiet(self.number)
            }
    }
}
