//! What a snapshot comes to in numbers: a pure function of its outline.

use crate::base::timestamp::{MINUTE_MS, Timestamp};
use crate::conversation::category::Reason;
use crate::snapshot::index::SnapshotIndex;
use crate::snapshot::query::{Counts, Filter};
use std::cmp::Reverse;
use strum::VariantArray;

/// Where the age groups begin, in minutes; each ends where the next begins, and the last one never.
pub const AGES_FROM_MINUTES: [i64; 7] = [0, 5, 15, 30, 60, 240, 1_440];

/// How many rows a filter selects, by everything that a row may be told apart by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary<'a> {
    /// By category.
    pub categories: Counts,
    /// By reason.
    pub reasons: Vec<Count<'a>>,
    /// By channel.
    pub channels: Vec<Count<'a>>,
    /// By department.
    pub departments: Vec<Count<'a>>,
    /// By the name of an assignee: a row counts for each name that it shows, or for none.
    pub assignees: Vec<Count<'a>>,
    /// By age, in the groups of [`AGES_FROM_MINUTES`].
    pub ages: [u64; AGES_FROM_MINUTES.len()],
}

/// How many rows have something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count<'a> {
    /// What they have; none: those that have nothing of its kind.
    pub key: Option<&'a str>,
    /// The name that goes with the key, if there is one.
    pub name: Option<&'a str>,
    /// How many.
    pub rows: u64,
}

impl SnapshotIndex {
    /// Counts the rows that a filter selects; its page does not matter. An age below zero counts as zero.
    #[must_use]
    pub fn summarize(&self, filter: &Filter, as_of: Timestamp) -> Summary<'_> {
        let departments = self.departments.iter();
        let departments = departments.map(|department| (&*department.id, department.name.as_deref()));
        let mut departments = counts(departments);
        let mut channels = counts(self.channels.iter().map(|channel| (&**channel, None)));
        let mut assignees = counts(self.names.iter().map(|name| (&**name, None)));
        let mut reasons = counts(Reason::VARIANTS.iter().map(|reason| (reason.as_str(), None)));
        let mut categories = Counts::default();
        let mut ages = [0_u64; AGES_FROM_MINUTES.len()];
        for (index, entry) in self.shown(filter).filter(|(_, entry)| filter.shows(entry.category)) {
            categories.add(entry.category, 1);
            add(&mut reasons, entry.reason as usize);
            add(&mut channels, entry.channel as usize);
            add(&mut departments, entry.department as usize);
            let names = self.assignees(index);
            if names.is_empty() {
                add(&mut assignees, usize::MAX);
            }
            for (number, name) in names.iter().enumerate() {
                // Two people of one name are one line, and a row is no two rows of it.
                if !names.iter().take(number).any(|before| before == name) {
                    add(&mut assignees, *name as usize);
                }
            }
            let age_ms = as_of.milliseconds_since(entry.stalled_since).max(0);
            let groups = AGES_FROM_MINUTES.iter().zip(&mut ages);
            let reached = |from: i64| from.saturating_mul(MINUTE_MS) <= age_ms;
            if let Some((_, group)) = groups.rev().find(|(from, _)| reached(**from)) {
                *group = group.saturating_add(1);
            }
        }
        Summary {
            categories,
            reasons: largest_first(reasons),
            channels: largest_first(channels),
            departments: largest_first(departments),
            assignees: largest_first(assignees),
            ages,
        }
    }
}

/// No rows of each key, and, at the end, none of those that have none.
fn counts<'a>(keys: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Vec<Count<'a>> {
    let none = Count {
        key: None,
        name: None,
        rows: 0,
    };
    let of_key = |(key, name)| Count {
        key: Some(key),
        name,
        rows: 0,
    };
    keys.map(of_key).chain([none]).collect()
}

/// Counts a row for the key at `index`, or, where there is no such key, for those that have none.
fn add(counts: &mut [Count<'_>], index: usize) {
    let index = index.min(counts.len().saturating_sub(1));
    if let Some(count) = counts.get_mut(index) {
        count.rows = count.rows.saturating_add(1);
    }
}

/// Those that have rows, the most rows first, then by key, and those that have none of its kind after these.
fn largest_first(mut counts: Vec<Count<'_>>) -> Vec<Count<'_>> {
    counts.retain(|count| count.rows > 0);
    counts.sort_by(|left, right| left.position().cmp(&right.position()));
    counts
}

impl Count<'_> {
    fn position(&self) -> (Reverse<u64>, bool, Option<&str>) {
        (Reverse(self.rows), self.key.is_none(), self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::{Count, Summary};
    use crate::base::timestamp::Timestamp;
    use crate::conversation::category::{Category, Reason};
    use crate::snapshot::index::SnapshotIndex;
    use crate::snapshot::query::Filter;
    use crate::snapshot::version::{Entry, Version};
    use std::collections::BTreeMap;
    use std::rc::Rc;
    use strum::VariantArray;

    const MINUTE: i64 = 60_000;

    fn outline(entries: Vec<Entry>) -> SnapshotIndex {
        let known = BTreeMap::from([(Rc::from("d2"), Rc::from("Two"))]);
        let version = Version::default().with_changes(&[], entries);
        let parts = version.with_department_names(&known).to_parts().unwrap();
        SnapshotIndex::from_parts(parts.iter().map(String::as_str)).unwrap()
    }

    fn entry(number: usize, stalled_since: i64, names: &[&str]) -> Entry {
        Entry {
            stalled_since: Timestamp::from_milliseconds(stalled_since),
            conversation_id: format!("c{number:03}"),
            row_no: 1,
            category: [Category::AiStuck, Category::AgentAbandoned][number % 2],
            reason: [Reason::NoReply, Reason::AssigneeMissing][number % 2],
            channel_type: Rc::from(["sms", "email", "sms"][number % 3]),
            department_id: [None, Some("d1"), Some("d2")][number % 3].map(Rc::from),
            assignee_names: names.iter().map(|name| Rc::from(*name)).collect(),
        }
    }

    fn all(outline: &SnapshotIndex) -> Filter {
        Filter {
            cut: outline.len(),
            departments: None,
            category: None,
            page: 1,
            limit: 25,
        }
    }

    fn lines<'a>(counts: &[Count<'a>]) -> Vec<(Option<&'a str>, u64)> {
        counts.iter().map(|count| (count.key, count.rows)).collect()
    }

    #[test]
    fn counts_each_row_once_a_name() {
        let names: [&[&str]; 6] = [&["B", "A"], &["A", "A"], &[], &["B"], &[], &["C", "B", "A", "B"]];
        let entries = names.iter().enumerate().map(|(number, names)| entry(number, 0, names));
        let outline = outline(entries.collect());
        let summary = outline.summarize(&all(&outline), Timestamp::from_milliseconds(0));
        let Summary { assignees, .. } = &summary;
        assert_eq!(
            lines(assignees),
            [(Some("A"), 3), (Some("B"), 3), (None, 2), (Some("C"), 1)]
        );
        assert_eq!(lines(&summary.channels), [(Some("sms"), 4), (Some("email"), 2)]);
        assert_eq!(
            lines(&summary.departments),
            [(Some("d1"), 2), (Some("d2"), 2), (None, 2)]
        );
        assert_eq!(summary.departments[1].name, Some("Two"));
        assert_eq!(
            lines(&summary.reasons),
            [(Some("assignee_missing"), 3), (Some("no_reply"), 3)]
        );
        assert_eq!(summary.categories.of(None), 6);
        let category = Some(Category::AiStuck);
        let stuck = outline.summarize(
            &Filter {
                category,
                ..all(&outline)
            },
            Timestamp::from_milliseconds(0),
        );
        assert_eq!(lines(&stuck.reasons), [(Some("no_reply"), 3)]);
        assert_eq!((stuck.categories.of(None), stuck.categories.of(category)), (3, 3));
    }

    #[test]
    fn groups_of_age_are_half_open_and_begin_at_zero() {
        let check = |age_ms: i64, group: usize| {
            let outline = outline(vec![entry(0, 1_000_000_000 - age_ms, &[])]);
            let summary = outline.summarize(&all(&outline), Timestamp::from_milliseconds(1_000_000_000));
            let mut ages = [0; 7];
            ages[group] = 1;
            assert_eq!(summary.ages, ages, "{age_ms}");
        };
        check(-1, 0);
        check(0, 0);
        for (number, minutes) in [5, 15, 30, 60, 240, 1_440].into_iter().enumerate() {
            check(minutes * MINUTE - 1, number);
            check(minutes * MINUTE, number + 1);
        }
    }

    #[test]
    fn every_reason_stands_at_its_place() {
        for (number, reason) in Reason::VARIANTS.iter().copied().enumerate() {
            assert_eq!(reason as usize, number);
            assert_eq!(
                serde_json::to_string(&reason).unwrap(),
                format!("\"{}\"", reason.as_str())
            );
        }
    }
}
