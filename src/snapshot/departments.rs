//! The course of the day by department: what has happened in the current hour to the rows of each.
//!
//! Some callers see several departments and get one sum. The most rows that were listed at once in several departments
//! does not follow from the most of each. So what is stored is when the number of rows listed in a department has
//! changed.

use crate::base::timestamp::MINUTE_MS;
use crate::snapshot::chunk::TextTable;
use crate::snapshot::tally::Tally;
use std::rc::Rc;

/// The most bytes that are stored of an hour by department. If an hour would take more, nothing of it is stored by
/// department.
pub const HOUR_BYTES_MAX: usize = 64 * 1024;

/// Departments with their numbers, as they are stored of an hour.
type StoredHour = Vec<(Rc<str>, Vec<i64>)>;

/// What has happened in an hour to the rows of a department, or of several together.
#[derive(Debug, Default)]
pub struct Share {
    /// How many rows were listed when the hour began, and in the quiet hours before it.
    pub opened: i64,
    /// How many rows came over their threshold, or were over it when they came.
    pub crossed: i64,
    /// How long rows that were cleared had been over their threshold, in minutes.
    pub times: Tally,
    /// The longest of these times.
    pub worst_minutes: i64,
    /// By how much the number of listed rows changed, by the number of the observation that noticed it.
    changes: Tally,
}

impl Share {
    /// Adds up what is stored of departments: see [`Departments::hour`]. `None` means that it cannot be read.
    #[must_use]
    pub fn from_json(text: &str) -> Option<Self> {
        let stored: StoredHour = serde_json::from_str(text).ok()?;
        let mut share = Self::default();
        stored.iter().try_for_each(|(_, numbers)| share.add(numbers))?;
        Some(share)
    }

    /// Adds the numbers of a department, as [`Share::numbers`] writes them.
    fn add(&mut self, numbers: &[i64]) -> Option<()> {
        let [opened, crossed, worst_minutes, changes, pairs @ ..] = numbers else {
            return None;
        };
        self.opened += opened;
        self.crossed += crossed;
        self.worst_minutes = self.worst_minutes.max(*worst_minutes);
        let (changes, times) = pairs.split_at_checked(usize::try_from(*changes).ok()?)?;
        self.changes.add_pairs(changes);
        self.times.add_pairs(times);
        Some(())
    }

    /// Its stored form: four numbers, the last of which says how many of the following belong to `changes`, and then
    /// the pairs of `changes` and of `times`.
    fn numbers(&self) -> Vec<i64> {
        let mut numbers = vec![self.opened, self.crossed, self.worst_minutes, 0];
        self.changes.write_pairs(&mut numbers);
        let changes = numbers.len() as i64 - 4;
        if let Some(count) = numbers.get_mut(3) {
            *count = changes;
        }
        self.times.write_pairs(&mut numbers);
        numbers
    }

    /// The most rows that were listed at once.
    #[must_use]
    pub fn most(&self) -> i64 {
        let mut listed = self.opened;
        self.changes.pairs().fold(listed, |most, (_, change)| {
            listed += change;
            most.max(listed)
        })
    }

    fn is_quiet(&self) -> bool {
        self.crossed == 0 && self.times.is_empty() && self.changes.is_empty()
    }
}

/// A department with rows that are or were listed.
#[derive(Debug)]
struct ListedDepartment {
    id: Rc<str>,
    share: Share,
    /// How many rows were listed at the last observation.
    listed: i64,
    /// How many rows were counted for the next observation.
    counted: i64,
}

/// The departments of an organization.
#[derive(Debug, Default)]
pub struct Departments {
    numbers: TextTable,
    all: Vec<ListedDepartment>,
    /// How many observations there have been since the hour began.
    observations: i64,
    /// Whether something unknown may have happened in this hour.
    pub is_unknown: bool,
}

impl Departments {
    /// The current hour as it was stored.
    #[must_use]
    pub fn from_json(text: Option<&str>) -> Self {
        let mut departments = Self::default();
        let added = text.and_then(|text| {
            let stored: StoredHour = serde_json::from_str(text).ok()?;
            stored.iter().try_for_each(|(id, numbers)| departments.add(id, numbers))
        });
        departments.is_unknown = added.is_none();
        departments
    }

    fn add(&mut self, id: &Rc<str>, numbers: &[i64]) -> Option<()> {
        let number = self.number_of(Some(id));
        let ListedDepartment { share, listed, .. } = self.get_mut(number)?;
        share.add(numbers)?;
        *listed = share.opened;
        let mut observations = 0;
        for (observation, change) in share.changes.pairs() {
            *listed += change;
            observations = observation;
        }
        self.observations = self.observations.max(observations);
        Some(())
    }

    /// What to store of the current hour: `[[id, [number, …]], …]`, with every department that had rows listed or in
    /// which something has happened. `None` means that it is unknown, or has more than `bytes_max` bytes.
    #[must_use]
    pub fn hour(&self, bytes_max: usize) -> Option<String> {
        if self.is_unknown {
            return None;
        }
        let departments = self.all.iter();
        let busy = departments.filter(|ListedDepartment { share, .. }| !share.is_quiet() || share.opened != 0);
        let stored: StoredHour = busy
            .map(|ListedDepartment { id, share, .. }| (Rc::clone(id), share.numbers()))
            .collect();
        let text = serde_json::to_string(&stored).ok()?;
        (text.len() <= bytes_max).then_some(text)
    }

    /// The number of a department, which is added if it is new. `None` means that there is no department.
    pub fn number_of(&mut self, id: Option<&Rc<str>>) -> Option<usize> {
        let id = id?;
        let number = self.numbers.index_of(id) as usize;
        if number == self.all.len() {
            self.all.push(ListedDepartment {
                id: Rc::clone(id),
                share: Share::default(),
                listed: 0,
                counted: 0,
            });
        }
        Some(number)
    }

    fn get_mut(&mut self, number: Option<usize>) -> Option<&mut ListedDepartment> {
        self.all.get_mut(number?)
    }

    /// Counts a row that is listed, for the next observation.
    pub fn count(&mut self, number: Option<usize>) {
        if let Some(department) = self.get_mut(number) {
            department.counted += 1;
        }
    }

    /// Observes how many rows are listed: those that were counted since the last observation.
    pub fn observe(&mut self) {
        self.observations += 1;
        for department in &mut self.all {
            let counted = std::mem::take(&mut department.counted);
            if counted != department.listed {
                department
                    .share
                    .changes
                    .add(self.observations, counted - department.listed);
                department.listed = counted;
            }
        }
    }

    /// Observes how many rows are listed: those of the last observation, changed by the calls of [`Departments::pass`]
    /// that follow.
    pub fn observe_again(&mut self) {
        self.observations += 1;
    }

    /// Notes for this observation that a row has come over its threshold meanwhile, or has become too old.
    pub fn pass(&mut self, number: Option<usize>, is_crossing: bool) {
        let observations = self.observations;
        if let Some(department) = self.get_mut(number) {
            let change = if is_crossing { 1 } else { -1 };
            department.share.crossed += i64::from(is_crossing);
            department.share.changes.add(observations, change);
            department.listed += change;
        }
    }

    /// Notes that a row comes that is over its threshold.
    pub fn cross(&mut self, number: Option<usize>) {
        if let Some(department) = self.get_mut(number) {
            department.share.crossed += 1;
        }
    }

    /// Notes that a row is cleared that was over its threshold for this long.
    pub fn clear(&mut self, number: Option<usize>, over_ms: i64) {
        if let Some(ListedDepartment { share, .. }) = self.get_mut(number) {
            let minutes = over_ms / MINUTE_MS;
            share.times.add_minutes(minutes);
            share.worst_minutes = share.worst_minutes.max(minutes);
        }
    }

    /// Whether nothing is known to have changed in the current hour.
    #[must_use]
    pub fn are_quiet(&self) -> bool {
        self.all.iter().all(|department| department.share.is_quiet())
    }

    /// Begins the next hour with the rows that were listed at the last observation.
    pub fn begin(&mut self) {
        self.observations = 0;
        self.is_unknown = false;
        for department in &mut self.all {
            department.share = Share {
                opened: department.listed,
                ..Share::default()
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Departments, HOUR_BYTES_MAX, Share};
    use std::rc::Rc;

    /// Departments in which something has happened, and one in which nothing has.
    fn departments() -> Departments {
        let mut departments = Departments::default();
        let ids: [Rc<str>; 3] = ["a", "\"é\\", "nothing"].map(Rc::from);
        let [first, second, _] = ids.each_ref().map(|id| departments.number_of(Some(id)));
        departments.count(first);
        departments.observe();
        departments.begin();
        departments.observe_again();
        departments.pass(first, true);
        departments.pass(second, true);
        departments.clear(second, 40 * 60_000);
        departments.cross(second);
        departments.count(first);
        departments.observe();
        departments
    }

    #[test]
    fn what_is_written_can_be_read() {
        let departments = departments();
        let text = departments.hour(HOUR_BYTES_MAX).unwrap();
        assert_eq!(text, r#"[["a",[1,1,0,4,1,1,2,-1]],["\"é\\",[0,2,40,4,1,1,2,-1,40,1]]]"#);
        let read = Departments::from_json(Some(&text));
        assert_eq!(read.hour(HOUR_BYTES_MAX), Some(text));
        assert_eq!(read.observations, 2);
        for unreadable in [None, Some(""), Some("{}"), Some(r#"[["a",[1]]]"#)] {
            let unknown = Departments::from_json(unreadable);
            assert!(unknown.is_unknown && unknown.hour(HOUR_BYTES_MAX).is_none());
        }
    }

    #[test]
    fn an_hour_has_at_most_so_many_bytes() {
        let departments = departments();
        let hour = departments.hour(usize::MAX).unwrap();
        assert_eq!(departments.hour(hour.len()), Some(hour.clone()));
        assert_eq!(departments.hour(hour.len() - 1), None);
    }

    #[test]
    fn what_was_listed_at_once_of_several_is_less_than_the_most_of_each() {
        // One has three until the second observation, the other one from the third observation on.
        let share = Share::from_json(r#"[["a",[3,0,9,2,2,-3,9,2]],["b",[0,5,7,4,3,3,4,-1,7,1]]]"#).unwrap();
        assert_eq!((share.opened, share.crossed, share.most()), (3, 5, 3));
        assert_eq!((share.times.median(), share.worst_minutes), (Some(9), 9));
        assert_eq!(Share::from_json("[]").unwrap().most(), 0);
        for unreadable in [
            "",
            "{}",
            r#"[["a",[1]]]"#,
            r#"[["a",[1,2,3,4]]]"#,
            r#"[["a",[1,2,3,-1]]]"#,
        ] {
            assert!(Share::from_json(unreadable).is_none(), "{unreadable}");
        }
    }
}
