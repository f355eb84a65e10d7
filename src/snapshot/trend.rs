//! The course of the day: for each hour how many rows came over their threshold, how many of those went and how long that took,
//! and how many were listed at once.
//!
//! Between two publications only time changes what is listed, so what happens then follows from the published list, the
//! thresholds and the business hours: it is worked out when the next version is published, and whenever somebody asks. Only
//! what a publication itself changes has to be stored, and that goes along with the version.

use crate::base::timestamp::{DAY_MS, MINUTE_MS, Timestamp};
use crate::hours::calendar::{Calendar, earliest_end};
use crate::snapshot::index::SnapshotIndex;
use crate::snapshot::lanes::Lanes;
use std::rc::Rc;

/// For how many days back hours can be asked for.
pub const TREND_DAYS_MAX: u64 = 30;
/// So many hours of an organization are stored. The next one takes the place of the oldest.
pub const SLOTS: i64 = 32 * 24;
/// So much of the time in which nothing was published is worked out.
const BACK_MS: i64 = 31 * DAY_MS;
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

/// An entry of the categories that a report shows unnamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stall {
    /// Since when the answer is overdue.
    pub since: Timestamp,
    /// The threshold that applies to it.
    pub threshold_minutes: i64,
}

/// The entries of a version whose rows a report shows unnamed.
#[must_use]
pub fn stalls_of(index: &SnapshotIndex, lanes: &Lanes) -> Vec<Stall> {
    let mut stalls = Vec::new();
    for lane in lanes.all().iter().filter(|lane| lane.category.is_shown_unnamed()) {
        let threshold_minutes = lanes.threshold_minutes(lane);
        stalls.extend(index.entries_at(&lane.positions).map(|(_, entry)| Stall {
            since: entry.stalled_since,
            threshold_minutes,
        }));
    }
    stalls
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
    /// How long a row has been over its threshold, in milliseconds; of business hours, if there are any. `None` means that it is
    /// not listed: below its threshold or too old.
    #[must_use]
    pub fn over_ms(&self, stall: Stall, at: Timestamp) -> Option<i64> {
        let age_ms = match &self.calendar {
            Some(calendar) => calendar.open_ms(stall.since, at),
            None => at.milliseconds_since(stall.since),
        };
        let over_ms = age_ms - stall.threshold_minutes.saturating_mul(MINUTE_MS);
        (over_ms >= 0 && at <= self.last(stall)).then_some(over_ms)
    }

    /// How many rows are listed.
    #[must_use]
    pub fn count(&self, stalls: &[Stall], at: Timestamp) -> i64 {
        let listed = stalls.iter().filter(|stall| self.over_ms(**stall, at).is_some());
        listed.count() as i64
    }

    /// The last instant at which a row is not too old.
    fn last(&self, stall: Stall) -> Timestamp {
        stall.since.plus(self.max_age_days.saturating_mul(DAY_MS))
    }
}

/// An hour, and the quiet ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hour {
    /// Its number: see [`hour_of`].
    pub number: i64,
    /// From this hour on until then nothing changed. The hour itself means that what was before it is not known.
    pub quiet_since: i64,
    /// How many rows were listed all that time.
    pub opened: i64,
    /// How many rows came over their threshold, or were over it when they came.
    pub crossed: i64,
    /// How many rows over their threshold a publication took off.
    pub cleared: i64,
    /// How long half of those were over it at most, in minutes. From 16 minutes on it may be up to an eighth more. `None` means that
    /// there are none.
    pub median_minutes: Option<i64>,
    /// The longest of these times.
    pub worst_minutes: Option<i64>,
    /// The most rows that were listed at once.
    pub most: i64,
}

impl Hour {
    fn beginning(number: i64, listed: i64) -> Self {
        Self {
            number,
            quiet_since: number,
            opened: listed,
            most: listed,
            ..Self::default()
        }
    }

    /// One of the quiet hours before it.
    #[must_use]
    pub fn quiet(&self, number: i64) -> Self {
        Self::beginning(number, self.opened)
    }

    fn is_quiet(&self) -> bool {
        *self
            == Self {
                quiet_since: self.quiet_since,
                ..self.quiet(self.number)
            }
    }
}

/// Times in minutes: how many there are of each, ascending. From 16 on they are rounded down to four binary digits, so that there
/// are not more than some hundred.
#[derive(Debug, Default)]
struct Times(Vec<(i64, i64)>);

impl Times {
    fn add(&mut self, minutes: i64) {
        let digits = minutes.checked_ilog2().unwrap_or_default().saturating_sub(3);
        let minutes = minutes >> digits << digits;
        let position = self.0.partition_point(|(time, _)| *time < minutes);
        match self.0.get_mut(position) {
            Some((time, count)) if *time == minutes => *count += 1,
            _ => self.0.insert(position, (minutes, 1)),
        }
    }

    fn median(&self) -> Option<i64> {
        let total: i64 = self.0.iter().map(|(_, count)| count).sum();
        let mut left = (total + 1) / 2;
        let of_middle = self.0.iter().find(|(_, count)| {
            left -= count;
            left <= 0
        });
        of_middle.map(|(time, _)| *time)
    }
}

/// Hours until an instant.
#[derive(Debug, Default)]
pub struct Course {
    /// Those that are over, except quiet ones.
    pub over: Vec<Hour>,
    /// The one that is not.
    pub current: Hour,
    /// How long its cleared rows were over their threshold.
    times: Times,
}

impl Course {
    /// Goes on from the hour that was `stored` with a version, through the time in which that version stayed: from `from` until
    /// `until`. `stalls` are its entries.
    #[must_use]
    pub fn new(stored: Option<&str>, stalls: &[Stall], ages: &Ages, from: Timestamp, until: Timestamp) -> Self {
        let from = from.max(until.minus(BACK_MS)).min(until);
        let first = hour_of(from);
        let hours = (hour_of(until) - first) as usize + 1;
        // How many rows come over their threshold, and how many become too old, in each hour.
        let (mut crossed, mut too_old) = (vec![0_i64; hours], vec![0_i64; hours]);
        let count = |counts: &mut [i64], at: Timestamp| {
            if let Some(count) = counts.get_mut((hour_of(at) - first) as usize) {
                *count += 1;
            }
        };
        for stall in stalls.iter().copied() {
            let end = ages.last(stall).min(until);
            if end < from || ages.over_ms(stall, end).is_none() {
                continue;
            }
            if ages.over_ms(stall, from).is_none()
                && let Some(at) = earliest_end(ages.calendar.as_deref(), stall.since, stall.threshold_minutes, end)
            {
                count(&mut crossed, at);
            }
            if end < until {
                count(&mut too_old, end.plus(1));
            }
        }
        let mut listed = ages.count(stalls, from);
        let mut course = Self::resume(stored, first, listed);
        for (number, (crossed, too_old)) in (first..).zip(crossed.into_iter().zip(too_old)) {
            if number > first {
                course.begin(number, listed);
            }
            let before = listed;
            listed += crossed - too_old;
            course.current.crossed += crossed;
            course.see(before);
            course.see(listed);
        }
        course
    }

    fn resume(stored: Option<&str>, first: i64, listed: i64) -> Self {
        let course = stored.and_then(Self::read).unwrap_or_default();
        if course.current.number == first {
            return course;
        }
        // Nothing was stored, or a worker of before has published since. What was until then is not known.
        let over = Some(course.current).filter(|hour| (1..first).contains(&hour.number));
        Self {
            over: over.into_iter().collect(),
            current: Hour::beginning(first, listed),
            times: Times::default(),
        }
    }

    /// Begins the next hour, with so many rows listed. A quiet hour becomes part of it.
    fn begin(&mut self, number: i64, listed: i64) {
        if self.current.is_quiet() && self.current.opened == listed {
            self.current.number = number;
            return;
        }
        self.over.push(self.current);
        self.current = Hour::beginning(number, listed);
        self.times = Times::default();
    }

    /// So many rows are listed at once.
    pub fn see(&mut self, listed: i64) {
        self.current.most = self.current.most.max(listed);
    }

    /// A row that was over its threshold for so long is cleared.
    pub fn clear(&mut self, over_ms: i64) {
        let minutes = over_ms / MINUTE_MS;
        self.times.add(minutes);
        self.current.cleared += 1;
        self.current.median_minutes = self.times.median();
        self.current.worst_minutes = self.current.worst_minutes.max(Some(minutes));
    }

    /// The hour that is not over, as it is stored: a JSON array of its numbers, and of the times with their counts.
    ///
    /// # Errors
    /// If it cannot be written as JSON, which does not happen.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        let hour = &self.current;
        let worst = hour.worst_minutes.unwrap_or_default();
        let mut numbers = vec![
            hour.number,
            hour.quiet_since,
            hour.opened,
            hour.crossed,
            hour.cleared,
            hour.most,
            worst,
        ];
        for (time, count) in &self.times.0 {
            numbers.extend([*time, *count]);
        }
        serde_json::to_string(&numbers)
    }

    fn read(text: &str) -> Option<Self> {
        let numbers: Vec<i64> = serde_json::from_str(text).ok()?;
        let [number, quiet_since, opened, crossed, cleared, most, worst, times @ ..] = numbers.as_slice() else {
            return None;
        };
        let pairs = times.chunks_exact(2).filter_map(|pair| match pair {
            [time, count] => Some((*time, *count)),
            _ => None,
        });
        let times = Times(pairs.collect());
        let median_minutes = times.median();
        Some(Self {
            over: Vec::new(),
            current: Hour {
                number: *number,
                quiet_since: *quiet_since,
                opened: *opened,
                crossed: *crossed,
                cleared: *cleared,
                median_minutes,
                worst_minutes: median_minutes.map(|_| *worst),
                most: *most,
            },
            times,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Ages, Course, Hour, Stall, Times};
    use crate::base::timestamp::{MINUTE_MS, Timestamp};

    /// The beginning of an hour.
    const START: i64 = 495_000 * 60;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_milliseconds((START + minute) * MINUTE_MS)
    }

    fn stall(minute: i64, threshold_minutes: i64) -> Stall {
        Stall {
            since: at(minute),
            threshold_minutes,
        }
    }

    fn ages(max_age_days: i64) -> Ages {
        Ages {
            calendar: None,
            max_age_days,
        }
    }

    /// Number, quiet since, opened, crossed, cleared, most.
    fn numbers(hour: &Hour) -> [i64; 6] {
        let first = 495_000;
        [
            hour.number - first,
            hour.quiet_since - first,
            hour.opened,
            hour.crossed,
            hour.cleared,
            hour.most,
        ]
    }

    #[test]
    fn the_middle_time_is_exact_up_to_a_quarter_of_an_hour_and_nearly_so_above() {
        let median = |minutes: &[i64]| {
            let mut times = Times::default();
            minutes.iter().for_each(|minutes| times.add(*minutes));
            times.median()
        };
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[7]), Some(7));
        assert_eq!(median(&[15, 0, 3]), Some(3));
        assert_eq!(median(&[9, 1, 4, 2]), Some(2));
        assert_eq!(median(&[5, 5, 0]), Some(5));
        for minutes in (0..5_000).chain([5_256_000, i64::MAX]) {
            let found = median(&[minutes]).unwrap();
            assert!(found <= minutes && (minutes < 16) == (found < 16), "{minutes}");
            assert!(
                minutes < 16 || found as f64 > minutes as f64 * 8.0 / 9.0 - 1.0,
                "{minutes}: {found}"
            );
            assert!(minutes > 15 || found == minutes, "{minutes}");
        }
        let mut times = Times::default();
        (0..5_256_000).for_each(|minutes| times.add(minutes));
        assert!(times.0.len() <= 176, "{}", times.0.len());
    }

    #[test]
    fn what_crosses_at_the_full_hour_is_of_the_next_one() {
        let stalls = [stall(0, 59), stall(0, 60), stall(0, 61), stall(0, 600)];
        let course = Course::new(None, &stalls, &ages(30), at(0), at(119));
        assert_eq!(
            course.over.iter().map(numbers).collect::<Vec<_>>(),
            [[0, 0, 0, 1, 0, 1]]
        );
        assert_eq!(numbers(&course.current), [1, 1, 1, 2, 0, 3]);
    }

    #[test]
    fn quiet_hours_are_part_of_the_next_one_that_is_not() {
        let stalls = [stall(0, 5), stall(0, 305), stall(0, 430)];
        let course = Course::new(None, &stalls, &ages(30), at(10), at(600));
        // Until then one was listed.
        let over: Vec<_> = course.over.iter().map(numbers).collect();
        assert_eq!(over, [[5, 0, 1, 1, 0, 2], [7, 6, 2, 1, 0, 3]]);
        assert_eq!(numbers(&course.current), [10, 8, 3, 0, 0, 3]);
        assert_eq!(numbers(&course.over[0].quiet(495_003)), [3, 3, 1, 0, 0, 1]);
    }

    #[test]
    fn what_becomes_too_old_goes_without_being_cleared() {
        let stalls = [stall(0, 5), stall(30, 5), stall(90, 24 * 60)];
        let course = Course::new(None, &stalls, &ages(1), at(0), at(26 * 60));
        let over: Vec<_> = course.over.iter().map(numbers).collect();
        // The third is listed for the instant at which it comes over its threshold.
        assert_eq!(over, [[0, 0, 0, 2, 0, 2], [24, 1, 2, 0, 0, 2], [25, 25, 0, 1, 0, 0]]);
        assert_eq!(numbers(&course.current), [26, 26, 0, 0, 0, 0]);
    }

    #[test]
    fn goes_on_from_what_was_stored_and_knows_what_it_does_not_know() {
        let mut course = Course::new(None, &[stall(0, 5)], &ages(30), at(0), at(20));
        course.clear(7 * MINUTE_MS + 1);
        course.clear(40 * MINUTE_MS);
        course.see(9);
        let text = course.to_text().unwrap();
        assert_eq!(text, "[495000,495000,0,1,2,9,40,7,1,40,1]");
        let same = Course::new(Some(&text), &[], &ages(30), at(20), at(59));
        assert_eq!(same.current, course.current);
        assert_eq!(same.to_text().unwrap(), text);
        let next = Course::new(Some(&text), &[], &ages(30), at(20), at(60));
        assert_eq!(next.over, [course.current]);
        assert_eq!(numbers(&next.current), [1, 1, 0, 0, 0, 0]);
        // Something else has published three hours later.
        let later = Course::new(Some(&text), &[stall(0, 5)], &ages(30), at(190), at(200));
        assert_eq!(later.over, [course.current]);
        assert_eq!(numbers(&later.current), [3, 3, 1, 0, 0, 1]);
        for unreadable in ["", "[]", "{}", "[1,2]", "null"] {
            let none = Course::new(Some(unreadable), &[], &ages(30), at(20), at(59));
            assert_eq!((none.over.len(), numbers(&none.current)), (0, [0, 0, 0, 0, 0, 0]));
        }
        // After years only the last month is worked out.
        let late = Course::new(Some(&text), &[stall(0, 5)], &ages(3_650), at(20), at(900 * 24 * 60));
        assert_eq!(late.over, [course.current]);
        assert_eq!(late.current.number - late.current.quiet_since, 31 * 24);
    }
}
