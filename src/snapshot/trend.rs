//! The course of the day: for each hour how many rows came over their threshold, how many of those went and how long
//! that took, and how many were listed at once.
//!
//! Between two publications only time changes what is listed, so what happens then follows from the published list, the
//! thresholds and the business hours. It is computed when the next version is published, and whenever somebody asks.
//! Only what a publication itself changes has to be stored, and that goes along with the version.

use crate::base::timestamp::{DAY_MS, MINUTE_MS, Timestamp};
use crate::hours::calendar::earliest_end;
use crate::snapshot::counted_row::{Ages, CountedChange, CountedRow};
use crate::snapshot::departments::{Departments, HOUR_BYTES_MAX, Share};
use crate::snapshot::hour::{Hour, hour_of};
use crate::snapshot::tally::Tally;

/// For how many past days hours can be asked for.
pub const TREND_DAYS_MAX: u64 = 30;
/// How many hours of an organization are stored. The next one takes the place of the oldest.
pub const SLOTS: i64 = 32 * 24;
/// The most bytes of past hours by department that a publication adds. It adds more than one such hour only if nothing
/// was published for a while.
pub const HOURS_BYTES_MAX: usize = 1024 * 1024;
/// How much of the time in which nothing was published is computed.
const BACK_MS: i64 = 31 * DAY_MS;

/// Hours until an instant.
#[derive(Debug, Default)]
pub struct Course {
    /// The hours that are over, except quiet ones, each with what is stored of it by department.
    pub over: Vec<(Hour, Option<String>)>,
    /// The hour that is not over.
    pub current: Hour,
    /// How long its cleared rows were over their threshold.
    times: Tally,
    /// What has happened in it by department. Without departments in the rows, nothing is distinguished.
    pub departments: Departments,
    /// How many bytes `over` has by department.
    bytes: usize,
}

impl Course {
    /// The hour that was `stored` with a version.
    #[must_use]
    pub fn from_stored(stored: Option<&str>, departments: Departments) -> Self {
        Self {
            departments,
            ..stored.and_then(Self::from_json).unwrap_or_default()
        }
    }

    /// The hour that was `stored` with a version, for some departments: `share` is what was stored of them. `None`
    /// means that it is not known.
    #[must_use]
    pub fn from_share(stored: Option<&str>, share: Option<&str>) -> Option<Self> {
        let Hour {
            number, quiet_since, ..
        } = Self::from_json(stored?)?.current;
        let share = Share::from_json(share?)?;
        Some(Self {
            current: Hour::new(number, quiet_since, &share),
            times: share.times,
            ..Self::default()
        })
    }

    /// Continues from the hour that was stored with a version, through the time in which that version stayed: from
    /// `from` until `until`. `rows` are its entries.
    #[must_use]
    pub fn go_on(mut self, rows: &[CountedRow], ages: &Ages, from: Timestamp, until: Timestamp) -> Self {
        let from = from.max(until.minus(BACK_MS)).min(until);
        let mut listed = 0;
        // The hours in which rows come over their threshold, and those in which rows become too old.
        let mut passing = Vec::new();
        for row in rows {
            let end = ages.last(row).min(until);
            if end < from || ages.over_ms(row, end).is_none() {
                continue;
            }
            let department = self.departments.number_of(row.department_id.as_ref());
            if ages.over_ms(row, from).is_some() {
                listed += 1;
                self.departments.count(department);
            } else if let Some(at) = earliest_end(ages.calendar.as_deref(), row.since, row.threshold_minutes, end) {
                passing.push((hour_of(at), true, department));
            }
            if end < until {
                passing.push((hour_of(end.plus(1)), false, department));
            }
        }
        passing.sort_by_key(|(hour, ..)| *hour);
        let first = hour_of(from);
        self.resume(first, listed);
        let mut next = 0;
        for number in first..=hour_of(until) {
            if number > first {
                self.begin(number, listed);
            }
            self.see(listed);
            self.departments.observe_again();
            while let Some((_, is_crossing, department)) = passing.get(next).filter(|(hour, ..)| *hour <= number) {
                if *is_crossing {
                    self.current.crossed += 1;
                    listed += 1;
                } else {
                    listed -= 1;
                }
                self.departments.pass(*department, *is_crossing);
                next += 1;
            }
            self.see(listed);
        }
        self
    }

    fn resume(&mut self, first: i64, listed: i64) {
        self.departments.observe();
        if self.current.number == first {
            return;
        }
        // Nothing was stored, or an older worker has published since. What happened until then is not known.
        let stored = self.current.number;
        let is_unknown = self.departments.is_unknown || stored > 0;
        if (1..first).contains(&stored) {
            self.end();
        }
        self.current = Hour::beginning(first, listed);
        self.times = Tally::default();
        self.departments.begin();
        self.departments.is_unknown = is_unknown;
    }

    /// Begins the next hour, with this many rows listed. A quiet hour becomes part of it.
    fn begin(&mut self, number: i64, listed: i64) {
        if self.current.is_quiet() && self.current.opened == listed && self.departments.are_quiet() {
            self.current.number = number;
            return;
        }
        self.end();
        self.current = Hour::beginning(number, listed);
        self.times = Tally::default();
        self.departments.begin();
    }

    /// Ends the current hour.
    fn end(&mut self) {
        let departments = self.departments.hour(HOUR_BYTES_MAX.min(HOURS_BYTES_MAX - self.bytes));
        self.bytes += departments.as_ref().map_or(0, String::len);
        self.over.push((self.current, departments));
    }

    /// Notes that this many rows are listed at once.
    pub fn see(&mut self, listed: i64) {
        self.current.most = self.current.most.max(listed);
    }

    /// Notes that a row is cleared that was over its threshold for this long.
    pub fn clear(&mut self, over_ms: i64) {
        let minutes = over_ms / MINUTE_MS;
        self.times.add_minutes(minutes);
        self.current.cleared += 1;
        self.current.median_minutes = self.times.median();
        self.current.worst_minutes = self.current.worst_minutes.max(Some(minutes));
    }

    /// Notes that a version is published that lists `next`; `changes` are what it changes. A row that moves from one
    /// department to another is cleared in the one and comes in the other.
    pub fn publish(&mut self, changes: &[CountedChange], next: &[CountedRow], ages: &Ages, at: Timestamp) {
        for (before, after) in changes {
            let [before, after] = [before, after].map(|row| {
                let row = row.as_ref()?;
                Some((ages.over_ms(row, at)?, row.department_id.as_ref()))
            });
            match (before, after) {
                (Some((over_ms, _)), None) => self.clear(over_ms),
                (None, Some(_)) => self.current.crossed += 1,
                _ => {}
            }
            let [from, to] = [before, after].map(|row| row.map(|(_, department_id)| department_id));
            if from == to {
                continue;
            }
            if let Some((over_ms, department_id)) = before {
                let department = self.departments.number_of(department_id);
                self.departments.clear(department, over_ms);
            }
            if let Some((_, department_id)) = after {
                let department = self.departments.number_of(department_id);
                self.departments.cross(department);
            }
        }
        let mut listed = 0;
        for row in next {
            if ages.over_ms(row, at).is_some() {
                listed += 1;
                let department = self.departments.number_of(row.department_id.as_ref());
                self.departments.count(department);
            }
        }
        self.see(listed);
        self.departments.observe();
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
        self.times.write_pairs(&mut numbers);
        serde_json::to_string(&numbers)
    }

    fn from_json(text: &str) -> Option<Self> {
        let numbers: Vec<i64> = serde_json::from_str(text).ok()?;
        let [number, quiet_since, opened, crossed, cleared, most, worst, pairs @ ..] = numbers.as_slice() else {
            return None;
        };
        let mut times = Tally::default();
        times.add_pairs(pairs);
        let median_minutes = times.median();
        Some(Self {
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
            ..Self::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Ages, CountedRow, Course, HOUR_BYTES_MAX, HOURS_BYTES_MAX, Hour};
    use crate::base::timestamp::{MINUTE_MS, Timestamp};
    use crate::snapshot::departments::Departments;
    use std::rc::Rc;

    /// The beginning of an hour.
    const START: i64 = 495_000 * 60;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_milliseconds((START + minute) * MINUTE_MS)
    }

    fn row(minute: i64, threshold_minutes: i64) -> CountedRow {
        CountedRow {
            since: at(minute),
            threshold_minutes,
            department_id: None,
        }
    }

    fn ages(max_age_days: i64) -> Ages {
        Ages {
            calendar: None,
            max_age_days,
        }
    }

    fn course(stored: Option<&str>, rows: &[CountedRow], ages: &Ages, from: Timestamp, until: Timestamp) -> Course {
        Course::from_stored(stored, Departments::default()).go_on(rows, ages, from, until)
    }

    fn over_of(course: &Course) -> Vec<Hour> {
        course.over.iter().map(|(hour, _)| *hour).collect()
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
    fn what_crosses_at_the_full_hour_is_of_the_next_one() {
        let rows = [row(0, 59), row(0, 60), row(0, 61), row(0, 600)];
        let found = course(None, &rows, &ages(30), at(0), at(119));
        assert_eq!(
            over_of(&found).iter().map(numbers).collect::<Vec<_>>(),
            [[0, 0, 0, 1, 0, 1]]
        );
        assert_eq!(numbers(&found.current), [1, 1, 1, 2, 0, 3]);
    }

    #[test]
    fn quiet_hours_are_part_of_the_next_one_that_is_not() {
        let rows = [row(0, 5), row(0, 305), row(0, 430)];
        let found = course(None, &rows, &ages(30), at(10), at(600));
        // Until then one was listed.
        let over: Vec<_> = over_of(&found).iter().map(numbers).collect();
        assert_eq!(over, [[5, 0, 1, 1, 0, 2], [7, 6, 2, 1, 0, 3]]);
        assert_eq!(numbers(&found.current), [10, 8, 3, 0, 0, 3]);
        assert_eq!(numbers(&over_of(&found)[0].quiet(495_003)), [3, 3, 1, 0, 0, 1]);
    }

    #[test]
    fn what_becomes_too_old_goes_without_being_cleared() {
        let rows = [row(0, 5), row(30, 5), row(90, 24 * 60)];
        let found = course(None, &rows, &ages(1), at(0), at(26 * 60));
        let over: Vec<_> = over_of(&found).iter().map(numbers).collect();
        // The third is listed for the instant at which it comes over its threshold.
        assert_eq!(over, [[0, 0, 0, 2, 0, 2], [24, 1, 2, 0, 0, 2], [25, 25, 0, 1, 0, 0]]);
        assert_eq!(numbers(&found.current), [26, 26, 0, 0, 0, 0]);
    }

    #[test]
    fn what_is_stored_of_many_hours_by_department_is_limited() {
        let long = "x".repeat(300);
        let mut rows: Vec<CountedRow> = (0..200)
            .map(|number| CountedRow {
                department_id: Some(Rc::from(format!("{number}{long}"))),
                ..row(0, 5)
            })
            .collect();
        // Something happens in each hour.
        rows.extend((1..40).map(|hour| row(0, hour * 60 + 5)));
        let found = course(None, &rows, &ages(30), at(0), at(40 * 60));
        let bytes: Vec<usize> = found
            .over
            .iter()
            .map(|(_, text)| text.as_ref().map_or(0, String::len))
            .collect();
        assert_eq!(bytes.len(), 40);
        let known = bytes.iter().take_while(|bytes| **bytes > 0).count();
        assert!(bytes.iter().skip(known).all(|bytes| *bytes == 0));
        let sum: usize = bytes.iter().sum();
        assert!(
            sum <= HOURS_BYTES_MAX && sum + HOUR_BYTES_MAX > HOURS_BYTES_MAX,
            "{sum}"
        );
        assert!(found.departments.hour(HOUR_BYTES_MAX).is_some());
    }

    #[test]
    fn goes_on_from_what_was_stored_and_knows_what_it_does_not_know() {
        let mut found = course(None, &[row(0, 5)], &ages(30), at(0), at(20));
        found.clear(7 * MINUTE_MS + 1);
        found.clear(40 * MINUTE_MS);
        found.see(9);
        let text = found.to_text().unwrap();
        assert_eq!(text, "[495000,495000,0,1,2,9,40,7,1,40,1]");
        let same = course(Some(&text), &[], &ages(30), at(20), at(59));
        assert_eq!(same.current, found.current);
        assert_eq!(same.to_text().unwrap(), text);
        let next = course(Some(&text), &[], &ages(30), at(20), at(60));
        assert_eq!(over_of(&next), [found.current]);
        assert_eq!(numbers(&next.current), [1, 1, 0, 0, 0, 0]);
        // Something else has published three hours later.
        let later = course(Some(&text), &[row(0, 5)], &ages(30), at(190), at(200));
        assert_eq!(over_of(&later), [found.current]);
        assert_eq!(numbers(&later.current), [3, 3, 1, 0, 0, 1]);
        for unreadable in ["", "[]", "{}", "[1,2]", "null"] {
            let none = course(Some(unreadable), &[], &ages(30), at(20), at(59));
            assert_eq!((none.over.len(), numbers(&none.current)), (0, [0, 0, 0, 0, 0, 0]));
        }
        // After years only the last month is worked out.
        let late = course(Some(&text), &[row(0, 5)], &ages(3_650), at(20), at(900 * 24 * 60));
        assert_eq!(over_of(&late), [found.current]);
        assert_eq!(late.current.number - late.current.quiet_since, 31 * 24);
    }
}
