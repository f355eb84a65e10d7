//! A version's entries by category and threshold, with which totals and pages are found without reading every entry.
//!
//! Entries are in the order of `stalledSince`. So among the entries with the same threshold, those that are listed are
//! next to each other: they begin with the oldest that is within the age limit, and end before the first that is not
//! over the threshold. That holds in business hours as well: a customer who has waited longer has waited at least as
//! many of them.

use crate::base::timestamp::{DAY_MS, Timestamp};
use crate::conversation::category::Category;
use crate::hours::calendar::{Calendar, latest_start};
use crate::snapshot::chunk::index_from;
use crate::snapshot::index::{IndexEntry, SnapshotIndex};
use crate::snapshot::positions::count_before;
use crate::snapshot::settings::Settings;
use serde::Serialize;
use std::collections::HashMap;
use std::ops::Range;

/// Entries of one category to which one threshold applies.
#[derive(Debug, Clone)]
pub struct Group {
    /// The category.
    pub category: Category,
    /// The index of the threshold in [`Groups::thresholds`].
    pub threshold: usize,
    /// The positions of the entries, ascending.
    pub positions: Vec<u32>,
}

/// The groups of a version's entries under an organization's settings: 8 bytes an entry.
#[derive(Debug, Clone, Default)]
pub struct Groups {
    /// The thresholds that apply to entries, in minutes, ascending.
    thresholds: Vec<i64>,
    all: Vec<Group>,
    /// By the number of the department.
    by_department: Vec<Vec<Group>>,
    max_age_days: i64,
}

/// Which entries of a version are listed: in each group those from `oldest` to before the end of its threshold. It
/// changes only when an entry crosses its threshold or the age limit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ListedEntries {
    /// The position of the oldest entry that is within the age limit.
    pub oldest: usize,
    /// For each threshold, how many entries of the version have been stalled for at least that long.
    pub ends: Vec<usize>,
}

impl Groups {
    /// Sorts the entries of a version by category and threshold.
    #[must_use]
    pub fn new(index: &SnapshotIndex, settings: &Settings) -> Self {
        let departments = index.departments.iter();
        let of_departments: Vec<Option<i64>> = departments
            .map(|department| settings.department_threshold(&department.id))
            .collect();
        let channels = index.channels.iter();
        let of_channels: Vec<i64> = channels.map(|channel| settings.channel_threshold(channel)).collect();
        let of_entry = |entry: &IndexEntry| -> i64 {
            let of_department = of_departments.get(entry.department as usize).copied().flatten();
            let of_channel = of_channels.get(entry.channel as usize).copied();
            of_department.or(of_channel).unwrap_or(settings.threshold_minutes)
        };
        let mut thresholds: Vec<i64> = Vec::new();
        for entry in &index.entries {
            let minutes = of_entry(entry);
            if let Err(position) = thresholds.binary_search(&minutes) {
                thresholds.insert(position, minutes);
            }
        }
        let mut all = GroupList::default();
        let mut by_department = vec![GroupList::default(); index.departments.len()];
        for (position, entry) in index.entries.iter().enumerate() {
            let minutes = of_entry(entry);
            let threshold = thresholds.partition_point(|threshold| *threshold < minutes);
            let position = index_from(position);
            all.push(entry.category, threshold, position);
            if let Some(department) = by_department.get_mut(entry.department as usize) {
                department.push(entry.category, threshold, position);
            }
        }
        Self {
            thresholds,
            all: all.groups,
            by_department: by_department.into_iter().map(|list| list.groups).collect(),
            max_age_days: settings.max_age_days,
        }
    }

    /// The entries that are listed as of an instant: the time from `stalledSince` to `asOf` is at least the threshold
    /// that applies, in business hours if there is a calendar, and at most the age limit.
    #[must_use]
    pub fn listed(&self, index: &SnapshotIndex, as_of: Timestamp, calendar: Option<&Calendar>) -> ListedEntries {
        let oldest = as_of.minus(self.max_age_days.saturating_mul(DAY_MS));
        let end = |threshold: &i64| index.count_until(latest_start(calendar, as_of, *threshold));
        ListedEntries {
            oldest: index.entries.partition_point(|entry| entry.stalled_since < oldest),
            ends: self.thresholds.iter().map(end).collect(),
        }
    }

    /// All entries, whatever their age.
    #[must_use]
    pub fn everything(&self, index: &SnapshotIndex) -> ListedEntries {
        ListedEntries {
            oldest: 0,
            ends: vec![index.len(); self.thresholds.len()],
        }
    }

    /// The threshold of a group, in minutes.
    pub(super) fn threshold_minutes(&self, group: &Group) -> i64 {
        self.thresholds.get(group.threshold).copied().unwrap_or_default()
    }

    /// The groups of all entries.
    pub(super) fn all(&self) -> &[Group] {
        &self.all
    }

    /// The groups of the entries of a department.
    pub(super) fn department(&self, number: usize) -> &[Group] {
        self.by_department.get(number).map_or(&[], Vec::as_slice)
    }

    /// About how many bytes of memory they take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let lists = self.by_department.iter().chain([&self.all]);
        let group_bytes = |group: &Group| size_of::<Group>() + group.positions.capacity() * size_of::<u32>();
        let list_bytes = |list: &Vec<Group>| size_of_val(list) + list.iter().map(group_bytes).sum::<usize>();
        size_of::<Self>() + self.thresholds.len() * size_of::<i64>() + lists.map(list_bytes).sum::<usize>()
    }
}

impl Group {
    /// The positions that are listed.
    pub fn listed(&self, listed: &ListedEntries) -> &[u32] {
        self.within(listed.oldest..self.end(listed))
    }

    /// The positions that are over the threshold and not listed, because they are older than the age limit.
    pub fn older(&self, listed: &ListedEntries) -> &[u32] {
        self.within(0..listed.oldest.min(self.end(listed)))
    }

    /// The positions that are not listed, because they are below the threshold.
    pub fn below(&self, listed: &ListedEntries) -> &[u32] {
        self.within(self.end(listed)..usize::MAX)
    }

    fn end(&self, listed: &ListedEntries) -> usize {
        listed.ends.get(self.threshold).copied().unwrap_or_default()
    }

    fn within(&self, range: Range<usize>) -> &[u32] {
        let range = count_before(&self.positions, range.start)..count_before(&self.positions, range.end);
        self.positions.get(range).unwrap_or_default()
    }
}

/// Groups that are being filled.
#[derive(Debug, Clone, Default)]
struct GroupList {
    groups: Vec<Group>,
    indices: HashMap<(Category, usize), usize>,
}

impl GroupList {
    fn push(&mut self, category: Category, threshold: usize, position: u32) {
        let index = *self.indices.entry((category, threshold)).or_insert_with(|| {
            self.groups.push(Group {
                category,
                threshold,
                positions: Vec::new(),
            });
            self.groups.len() - 1
        });
        if let Some(group) = self.groups.get_mut(index) {
            group.positions.push(position);
        }
    }
}
