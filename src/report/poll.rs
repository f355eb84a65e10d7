//! When it is worth asking again. Only a refresh changes a report, and the next one is known in advance.

use crate::base::timestamp::Timestamp;
use crate::report::snapshot::SnapshotHead;
use xxhash_rust::xxh64::xxh64;

/// The period over which callers are spread, in milliseconds, so that they do not all ask at the instant of a
/// publication: 20 s.
pub const PHASE_MAX_MS: u64 = 20_000;
/// How long to wait for a late refresh: how late it is at most, in milliseconds, and the pause in seconds.
const LATE_PAUSES: [(i64, i64); 2] = [(5_000, 5), (15_000, 10)];
/// How many seconds to wait if the refresh is later than that, or if the database is out of reach.
const LONGEST_PAUSE_SECONDS: i64 = 15;

/// What a response's advice depends on besides the head.
#[derive(Debug, Clone, Copy, Default)]
pub struct PollSchedule {
    /// How often the refresh runs, in milliseconds.
    pub refresh_every_ms: i64,
    /// How long after a publication this caller asks, in milliseconds.
    phase_ms: i64,
}

/// When to ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollAdvice {
    /// In how many milliseconds the next refresh will probably have published; negative if it should have by now.
    pub due_in_ms: i64,
    /// After how many seconds this caller should ask again, 1 or more.
    pub after_seconds: i64,
}

impl PollSchedule {
    /// The schedule of the caller with this `sub`. It always gets the same phase.
    #[must_use]
    pub fn new(refresh_every_ms: i64, subject: Option<&str>) -> Self {
        let phase_ms = xxh64(subject.unwrap_or_default().as_bytes(), 0) % PHASE_MAX_MS;
        Self {
            refresh_every_ms,
            phase_ms: i64::try_from(phase_ms).unwrap_or_default(),
        }
    }

    /// The advice at `now`, the service's clock. `is_out_of_reach` says that the head is an old one, because the
    /// database is out of reach.
    #[must_use]
    pub fn advise(&self, head: &SnapshotHead, is_out_of_reach: bool, now: Timestamp) -> PollAdvice {
        // The next run publishes as long after its instant as the last one did.
        let age_ms = now.milliseconds_since(head.as_of);
        let due_in_ms = self.refresh_every_ms + head.last_run_ms - age_ms;
        let pause_ms = due_in_ms + self.phase_ms;
        let after_seconds = if is_out_of_reach {
            LONGEST_PAUSE_SECONDS
        } else if pause_ms > 0 {
            pause_ms.div_euclid(1_000) + i64::from(pause_ms.rem_euclid(1_000) > 0)
        } else {
            let late = LATE_PAUSES.iter().find(|(late_max_ms, _)| -pause_ms < *late_max_ms);
            late.map_or(LONGEST_PAUSE_SECONDS, |(_, seconds)| *seconds)
        };
        PollAdvice {
            due_in_ms,
            after_seconds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PHASE_MAX_MS, PollSchedule};
    use crate::base::timestamp::Timestamp;
    use crate::report::snapshot::SnapshotHead;
    use std::rc::Rc;

    fn check(age_ms: i64, phase_ms: i64, is_out_of_reach: bool, due_in_ms: i64, after_seconds: i64) {
        check_every(60_000, age_ms, phase_ms, is_out_of_reach, (due_in_ms, after_seconds));
    }

    fn check_every(refresh_every_ms: i64, age_ms: i64, phase_ms: i64, is_out_of_reach: bool, expected: (i64, i64)) {
        let head = SnapshotHead {
            version: 1,
            retained_versions: Vec::new(),
            as_of: Timestamp::from_milliseconds(1_000_000),
            settings: Rc::default(),
            settings_number: 0,
            last_run_ms: 1_500,
            generation: String::new(),
            database_fingerprint: String::new(),
        };
        let schedule = PollSchedule {
            refresh_every_ms,
            phase_ms,
        };
        let now = Timestamp::from_milliseconds(1_000_000 + age_ms);
        let advice = schedule.advise(&head, is_out_of_reach, now);
        let found = (advice.due_in_ms, advice.after_seconds);
        assert_eq!(found, expected, "{age_ms} ms old, phase {phase_ms} ms");
    }

    #[test]
    fn advises_the_next_publication_and_the_phase_of_the_caller() {
        check(0, 0, false, 61_500, 62);
        check(0, 20_000, false, 61_500, 82);
        check(61_000, 0, false, 500, 1);
        check(61_500, 1, false, 0, 1);
        // A clock that is behind the refresh's.
        check(-2_000, 0, false, 63_500, 64);
    }

    #[test]
    fn follows_the_interval_of_the_refresh() {
        for (every, seconds) in [(20_000, 20), (30_000, 30)] {
            check_every(every, 0, 0, false, (every + 1_500, seconds + 2));
            check_every(every, 0, 20_000, false, (every + 1_500, seconds + 22));
            check_every(every, every, 0, false, (1_500, 2));
            // The run has been missing for as long as another one takes.
            check_every(every, 2 * every + 1_500, 0, false, (-every, 15));
        }
    }

    #[test]
    fn asks_less_and_less_often_for_a_refresh_that_is_late() {
        check(61_500, 0, false, 0, 5);
        check(66_499, 0, false, -4_999, 5);
        check(66_500, 0, false, -5_000, 10);
        check(76_499, 0, false, -14_999, 10);
        check(76_500, 0, false, -15_000, 15);
        check(i64::MAX / 4, 0, false, 61_500 - i64::MAX / 4, 15);
        check(0, 0, true, 61_500, 15);
    }

    #[test]
    fn gives_every_caller_a_phase_of_its_own() {
        let phase_of = |subject: &str| PollSchedule::new(60_000, Some(subject)).phase_ms;
        assert_eq!(phase_of("u-1"), phase_of("u-1"));
        let phases: Vec<i64> = (0..1_000).map(|number| phase_of(&format!("u-{number}"))).collect();
        let range = 0..i64::try_from(PHASE_MAX_MS).unwrap();
        assert!(phases.iter().all(|phase| range.contains(phase)));
        for second in 0..20 {
            let in_second = phases.iter().filter(|phase| **phase / 1_000 == second).count();
            assert!(
                (20..=90).contains(&in_second),
                "{in_second} of 1,000 in second {second}"
            );
        }
    }
}
