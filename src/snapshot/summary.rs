//! What can be counted of the rows that a report shows: a pure function of the version's index and the settings.

use crate::base::timestamp::Timestamp;
use crate::conversation::category::Reason;
use crate::hours::calendar::{Calendar, latest_start};
use crate::snapshot::query::{Listing, RowQuery, Totals};
use std::cmp::Reverse;
use strum::VariantArray;

/// Where the age groups begin, in minutes. Each ends where the next begins; the last has no end.
pub const AGES_FROM_MINUTES: [i64; 7] = [0, 5, 15, 30, 60, 240, 1_440];

/// How many rows a query selects, grouped in several ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary<'a> {
    /// By category, before the rows are filtered by category; and how many are too old to be listed.
    pub totals: Totals,
    /// The rows that pass all filters, and are not listed only because they are below the threshold.
    pub below: u64,
    /// By reason.
    pub reasons: Vec<Count<'a>>,
    /// By channel.
    pub channels: Vec<Count<'a>>,
    /// By department.
    pub departments: Vec<Count<'a>>,
    /// By the name of an assignee. A row counts once for each name that it shows, or as one without a name.
    pub assignees: Vec<Count<'a>>,
    /// By age, in business hours if the organization has any, in the groups of [`AGES_FROM_MINUTES`].
    pub ages: [u64; AGES_FROM_MINUTES.len()],
}

/// The rows of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count<'a> {
    /// What the rows have in common. `None` counts the rows without a department, or without an assignee.
    pub key: Option<&'a str>,
    /// The name that goes with the key, if there is one.
    pub name: Option<&'a str>,
    /// How many rows there are.
    pub rows: u64,
}

impl Listing<'_> {
    /// Counts the rows that a query selects as of an instant. A negative age counts as zero. Ages are of business hours
    /// if there is a `calendar`.
    #[must_use]
    pub fn summarize(&self, query: &RowQuery, as_of: Timestamp, calendar: Option<&Calendar>) -> Summary<'_> {
        let index = self.index;
        let departments = index.departments.iter();
        let departments = departments.map(|department| (&*department.id, department.name.as_deref()));
        let mut departments = counts(departments);
        let mut channels = counts(index.channels.iter().map(|channel| (&**channel, None)));
        let mut assignees = counts(index.names.iter().map(|name| (&**name, None)));
        let mut reasons = counts(Reason::VARIANTS.iter().map(|reason| (reason.as_str(), None)));
        let mut ages = [0_u64; AGES_FROM_MINUTES.len()];
        // Entries that have been stalled since this instant or longer are in the group or in a later one.
        let group_starts = AGES_FROM_MINUTES.map(|minutes| latest_start(calendar, as_of, minutes));
        let positions = self.matching_positions(query);
        for (position, entry) in index.entries_at(&positions) {
            add(&mut reasons, entry.reason as usize);
            add(&mut channels, entry.channel as usize);
            add(&mut departments, entry.department as usize);
            let names = index.assignees(position);
            if names.is_empty() {
                add(&mut assignees, usize::MAX);
            }
            for (number, name) in names.iter().enumerate() {
                // Two people of one name share a group, in which a row counts once.
                if !names.iter().take(number).any(|before| before == name) {
                    add(&mut assignees, *name as usize);
                }
            }
            let later = group_starts.iter().skip(1);
            let number = later.take_while(|start| entry.stalled_since <= **start).count();
            if let Some(group) = ages.get_mut(number) {
                *group += 1;
            }
        }
        Summary {
            totals: self.totals(query),
            below: self.count_below(query),
            reasons: largest_first(reasons),
            channels: largest_first(channels),
            departments: largest_first(departments),
            assignees: largest_first(assignees),
            ages,
        }
    }
}

/// One zero count per key, plus a final one for rows without a key.
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

/// Counts a row for the key at `index`. If there is no such key, it is a row without a key.
fn add(counts: &mut [Count<'_>], index: usize) {
    let index = index.min(counts.len().saturating_sub(1));
    if let Some(count) = counts.get_mut(index) {
        count.rows += 1;
    }
}

/// The groups that have rows: the largest first, then by key, and the one without a key after those of its size.
fn largest_first(mut counts: Vec<Count<'_>>) -> Vec<Count<'_>> {
    counts.retain(|count| count.rows > 0);
    counts.sort_unstable_by_key(Count::position);
    counts
}

impl<'a> Count<'a> {
    fn position(&self) -> (Reverse<u64>, bool, Option<&'a str>) {
        (Reverse(self.rows), self.key.is_none(), self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::{Count, Summary};
    use crate::base::timestamp::Timestamp;
    use crate::conversation::category::{Category, Reason};
    use crate::snapshot::groups::{Groups, ListedEntries};
    use crate::snapshot::index::SnapshotIndex;
    use crate::snapshot::query::{Listing, RowFilter, RowQuery};
    use crate::snapshot::settings::Settings;
    use crate::snapshot::version::{Entry, Version};
    use std::collections::HashMap;
    use std::rc::Rc;
    use strum::VariantArray;

    const MINUTE: i64 = 60_000;

    /// All entries, whatever their age.
    struct Everything {
        index: SnapshotIndex,
        groups: Groups,
        listed: ListedEntries,
    }

    impl Everything {
        fn listing(&self) -> Listing<'_> {
            Listing {
                index: &self.index,
                groups: &self.groups,
                listed: &self.listed,
                among: None,
            }
        }
    }

    fn everything(entries: Vec<Entry>) -> Everything {
        let known = HashMap::from([(Rc::from("d2"), Rc::from("Two"))]);
        let version = Version::default().with_changes(&[], entries);
        let chunks = version.with_department_names(&known).to_chunks().unwrap();
        let index = SnapshotIndex::from_chunks(chunks.iter().map(String::as_str)).unwrap();
        let groups = Groups::new(&index, &Settings::default());
        let listed = groups.everything(&index);
        Everything { index, groups, listed }
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

    fn lines<'a>(counts: &[Count<'a>]) -> Vec<(Option<&'a str>, u64)> {
        counts.iter().map(|count| (count.key, count.rows)).collect()
    }

    #[test]
    fn counts_each_row_once_a_name() {
        let names: [&[&str]; 6] = [&["B", "A"], &["A", "A"], &[], &["B"], &[], &["C", "B", "A", "B"]];
        let entries = names.iter().enumerate().map(|(number, names)| entry(number, 0, names));
        let all = everything(entries.collect());
        let (listing, as_of) = (all.listing(), Timestamp::from_milliseconds(0));
        let summary = listing.summarize(&RowQuery::default(), as_of, None);
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
        assert_eq!(summary.totals.counts.for_category(None), 6);
        let category = Some(Category::AiStuck);
        let query = RowQuery {
            filter: RowFilter {
                category,
                ..RowFilter::default()
            },
            ..RowQuery::default()
        };
        let stuck = listing.summarize(&query, as_of, None);
        assert_eq!(lines(&stuck.reasons), [(Some("no_reply"), 3)]);
        assert_eq!(stuck.totals, summary.totals);
        assert_eq!(stuck.totals.counts.for_category(category), 3);
    }

    #[test]
    fn groups_of_age_are_half_open_and_begin_at_zero() {
        let check = |age_ms: i64, group: usize| {
            let all = everything(vec![entry(0, 1_000_000_000 - age_ms, &[])]);
            let as_of = Timestamp::from_milliseconds(1_000_000_000);
            let listing = all.listing();
            let summary = listing.summarize(&RowQuery::default(), as_of, None);
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
    fn every_reason_is_at_its_index() {
        for (number, reason) in Reason::VARIANTS.iter().copied().enumerate() {
            assert_eq!(reason as usize, number);
            assert_eq!(
                serde_json::to_string(&reason).unwrap(),
                format!("\"{}\"", reason.as_str())
            );
        }
    }
}
