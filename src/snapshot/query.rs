//! Which rows of a version a report shows: those over the threshold, of some departments, that pass a filter, on a page.

use crate::conversation::category::Category;
use crate::snapshot::index::{IndexEntry, SnapshotIndex};
use crate::snapshot::positions::{CategoryPositions, before, merged_page};
use serde::Serialize;
use std::collections::BTreeSet;

/// The most rows of a chunk.
const CHUNK_ROWS_MAX: usize = 500;
/// The most assignees of a chunk's rows, except those of its last row. Their names are what can make rows large.
const CHUNK_NAMES_MAX: usize = 2_000;

/// What a client can filter rows by.
///
/// A new filter is a field here, a line in `ReportRequest` that parses it, and a condition in [`SnapshotIndex`]. Cache keys
/// and ETags are made of this type by `Serialize`, so they follow.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RowFilter {
    /// The category. `None` means the two that a report shows when none is named.
    pub category: Option<Category>,
}

/// Which rows of an organization are asked for and may be seen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RowQuery {
    /// The departments. `None` means all, and also rows without a department.
    pub departments: Option<BTreeSet<String>>,
    /// What the client filters by.
    pub filter: RowFilter,
}

/// A page of the rows that a query selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Paging {
    /// The page, from 1.
    pub page: u64,
    /// Rows a page.
    pub limit: u64,
}

/// How many rows there are of each category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Rows of category `ai_stuck`.
    pub ai_stuck: u64,
    /// Rows of category `agent_abandoned`.
    pub agent_abandoned: u64,
    /// Rows of category `unassigned`.
    pub unassigned: u64,
    /// Rows of category `snoozed`.
    pub snoozed: u64,
    /// Rows of category `acknowledged`.
    pub acknowledged: u64,
}

impl Counts {
    /// The rows of a category. `None` means the two that a report shows when none is named.
    #[must_use]
    pub const fn for_category(self, category: Option<Category>) -> u64 {
        match category {
            Some(Category::AiStuck) => self.ai_stuck,
            Some(Category::AgentAbandoned) => self.agent_abandoned,
            Some(Category::Unassigned) => self.unassigned,
            Some(Category::Snoozed) => self.snoozed,
            Some(Category::Acknowledged) => self.acknowledged,
            None => self.ai_stuck + self.agent_abandoned,
        }
    }

    pub(super) fn add(&mut self, category: Category, rows: usize) {
        let count = match category {
            Category::AiStuck => &mut self.ai_stuck,
            Category::AgentAbandoned => &mut self.agent_abandoned,
            Category::Unassigned => &mut self.unassigned,
            Category::Snoozed => &mut self.snoozed,
            Category::Acknowledged => &mut self.acknowledged,
        };
        *count += rows as u64;
    }
}

/// What a query selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// The rows over the threshold and of the departments, before they are filtered by category.
    pub counts: Counts,
    /// The rows of the page, in order.
    pub row_nos: Vec<i64>,
}

impl SnapshotIndex {
    /// Selects a page among the first `over_threshold_count` entries.
    #[must_use]
    pub fn select(&self, query: &RowQuery, over_threshold_count: usize, paging: Paging) -> Selection {
        let mut counts = Counts::default();
        let mut lists = Vec::new();
        for positions in self.positions_of(query) {
            for (category, positions) in positions.iter() {
                let positions = before(positions, over_threshold_count);
                counts.add(category, positions.len());
                if !positions.is_empty() && query.filter.has_category(category) {
                    lists.push(positions);
                }
            }
        }
        let skip = paging.page.saturating_sub(1).saturating_mul(paging.limit);
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let limit = usize::try_from(paging.limit).unwrap_or(usize::MAX);
        let page = merged_page(lists, skip, limit);
        let entries = page.into_iter().filter_map(|position| self.entries.get(position));
        Selection {
            counts,
            row_nos: entries.map(|entry| entry.row_no).collect(),
        }
    }

    /// How many of the first `over_threshold_count` entries a query selects in each category, before they are filtered by
    /// category.
    #[must_use]
    pub fn counts(&self, query: &RowQuery, over_threshold_count: usize) -> Counts {
        let none = Paging { page: 1, limit: 0 };
        self.select(query, over_threshold_count, none).counts
    }

    /// The positions of the departments of a query.
    fn positions_of(&self, query: &RowQuery) -> Vec<&CategoryPositions> {
        let Some(ids) = &query.departments else {
            return vec![self.positions.all()];
        };
        let numbers = self.are_asked_for(ids).into_iter().enumerate();
        numbers
            .filter(|(_, is_asked_for)| *is_asked_for)
            .filter_map(|(number, _)| self.positions.department(number))
            .collect()
    }

    /// Selects all rows among the first `over_threshold_count` entries, in order, in chunks that may be in memory at once.
    #[must_use]
    pub fn select_all(&self, query: &RowQuery, over_threshold_count: usize) -> Vec<Vec<i64>> {
        let mut chunks = Vec::new();
        let mut chunk = Vec::new();
        let mut names = 0;
        for (index, entry) in self.matching_entries(query, over_threshold_count) {
            if chunk.len() >= CHUNK_ROWS_MAX || names >= CHUNK_NAMES_MAX {
                chunks.push(std::mem::take(&mut chunk));
                names = 0;
            }
            chunk.push(entry.row_no);
            names += self.assignees(index).len();
        }
        if !chunk.is_empty() {
            chunks.push(chunk);
        }
        chunks
    }

    /// The entries that a query selects among the first `over_threshold_count`, each with its index.
    pub(super) fn matching_entries(
        &self,
        query: &RowQuery,
        over_threshold_count: usize,
    ) -> impl Iterator<Item = (usize, &IndexEntry)> {
        let departments = query.departments.as_ref().map(|ids| self.are_asked_for(ids));
        let entries = self.entries.iter().enumerate().take(over_threshold_count);
        entries.filter(move |(_, entry)| {
            let has_department = |asked_for: &Vec<bool>| asked_for.get(entry.department as usize) == Some(&true);
            departments.as_ref().is_none_or(has_department) && query.filter.has_category(entry.category)
        })
    }

    /// For each department whether it is among `ids`.
    fn are_asked_for(&self, ids: &BTreeSet<String>) -> Vec<bool> {
        let departments = self.departments.iter();
        departments.map(|department| ids.contains(&*department.id)).collect()
    }
}

impl RowFilter {
    fn has_category(&self, category: Category) -> bool {
        match self.category {
            Some(asked_for) => asked_for == category,
            None => category.is_shown_unnamed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, Paging, RowFilter, RowQuery, SnapshotIndex};
    use crate::base::timestamp::Timestamp;
    use crate::conversation::category::{Category, Reason};
    use crate::snapshot::version::{Entry, Version};
    use std::rc::Rc;
    use strum::VariantArray;

    /// Ten entries, stalled at minutes 0 to 9, by turns of both categories and of departments d0, d1 and none.
    fn ten_entries() -> SnapshotIndex {
        let entries = (0..10)
            .map(|number: i64| Entry {
                stalled_since: Timestamp::from_milliseconds(number * 60_000),
                conversation_id: format!("c{number}"),
                row_no: 100 + number,
                category: [Category::AiStuck, Category::AgentAbandoned][(number % 2) as usize],
                reason: Reason::NoReply,
                channel_type: Rc::from("sms"),
                department_id: [Some("d0"), Some("d1"), None][(number % 3) as usize].map(Rc::from),
                assignee_names: Vec::new(),
            })
            .collect();
        let chunks = Version::default().with_changes(&[], entries).to_chunks().unwrap();
        SnapshotIndex::from_chunks(chunks.iter().map(String::as_str)).unwrap()
    }

    #[test]
    fn exactly_at_the_threshold_is_over_it() {
        let over = |as_of: i64| ten_entries().over_threshold_count(Timestamp::from_milliseconds(as_of), 5);
        assert_eq!(over(299_999), 0);
        assert_eq!(over(300_000), 1);
        assert_eq!(over(359_999), 1);
        assert_eq!(over(360_000), 2);
        assert_eq!(over(i64::MAX), 10);
        assert_eq!(over(i64::MIN), 0);
    }

    fn query(departments: Option<&[&str]>, category: Option<Category>) -> RowQuery {
        RowQuery {
            departments: departments.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect()),
            filter: RowFilter { category },
        }
    }

    fn check(
        over_threshold_count: usize,
        departments: Option<&[&str]>,
        category: Option<Category>,
        page: u64,
        limit: u64,
        rows: &[i64],
        counts: (u64, u64),
    ) {
        let query = query(departments, category);
        let selection = ten_entries().select(&query, over_threshold_count, Paging { page, limit });
        assert_eq!(selection.row_nos, rows);
        let (ai_stuck, agent_abandoned) = counts;
        assert_eq!(
            selection.counts,
            Counts {
                ai_stuck,
                agent_abandoned,
                ..Counts::default()
            }
        );
    }

    #[test]
    fn chunks_all_rows_by_number_and_by_assignees() {
        let check = |rows: usize, names: usize, expected: &[usize]| {
            let entry = |number: usize| Entry {
                stalled_since: Timestamp::from_milliseconds(0),
                conversation_id: format!("c{number:04}"),
                row_no: number as i64,
                category: Category::AiStuck,
                reason: Reason::NoReply,
                channel_type: Rc::from("sms"),
                department_id: None,
                assignee_names: vec![Rc::from("A"); names],
            };
            let version = Version::default().with_changes(&[], (0..rows).map(entry).collect());
            let chunks = version.to_chunks().unwrap();
            let index = SnapshotIndex::from_chunks(chunks.iter().map(String::as_str)).unwrap();
            let found = index.select_all(&RowQuery::default(), rows);
            assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), expected);
            assert_eq!(found.concat(), (0..rows as i64).collect::<Vec<_>>());
        };
        check(0, 0, &[]);
        check(500, 0, &[500]);
        check(1_001, 1, &[500, 500, 1]);
        check(50, 100, &[20, 20, 10]);
    }

    #[test]
    fn a_page_is_what_a_look_at_every_entry_finds() {
        let index = ten_entries();
        let departments: [Option<&[&str]>; 6] = [
            None,
            Some(&[]),
            Some(&["d0"]),
            Some(&["d1"]),
            Some(&["d1", "d0"]),
            Some(&["x"]),
        ];
        for departments in departments {
            for category in [None, Some(Category::AiStuck), Some(Category::AgentAbandoned)] {
                for (count, page, limit) in (0..=10)
                    .flat_map(|count| (1..=11).flat_map(move |page| [1, 2, 3, 10].map(|limit| (count, page, limit))))
                {
                    let (of_category, of_both) = (query(departments, category), query(departments, None));
                    let rows_of = |query: &RowQuery| -> Vec<i64> {
                        let entries = index.matching_entries(query, count);
                        entries.map(|(_, entry)| entry.row_no).collect()
                    };
                    let (skip, take) = ((page as usize - 1) * limit as usize, limit as usize);
                    let expected: Vec<i64> = rows_of(&of_category).into_iter().skip(skip).take(take).collect();
                    let selection = index.select(&of_category, count, Paging { page, limit });
                    let context = format!("{of_category:?}, {count}, page {page} of {limit}");
                    assert_eq!(selection.row_nos, expected, "{context}");
                    let total = rows_of(&of_both).len() as u64;
                    assert_eq!(selection.counts.for_category(None), total, "{context}");
                }
            }
        }
    }

    #[test]
    fn shows_the_other_categories_only_where_they_are_named() {
        let entries = Category::VARIANTS.iter().zip(0..).map(|(category, number)| Entry {
            stalled_since: Timestamp::from_milliseconds(number),
            conversation_id: format!("c{number}"),
            row_no: number,
            category: *category,
            reason: Reason::NobodyAssigned,
            channel_type: Rc::from("sms"),
            department_id: Some(Rc::from("d")),
            assignee_names: Vec::new(),
        });
        let version = Version::default().with_changes(&[], entries.collect());
        let chunks = version.to_chunks().unwrap();
        let index = SnapshotIndex::from_chunks(chunks.iter().map(String::as_str)).unwrap();
        let paging = Paging { page: 1, limit: 25 };
        let rows = |departments: Option<&[&str]>, category| {
            let query = query(departments, category);
            let selection = index.select(&query, index.len(), paging);
            let counts = selection.counts;
            let of_each = Category::VARIANTS
                .iter()
                .map(|category| counts.for_category(Some(*category)));
            assert_eq!(of_each.collect::<Vec<_>>(), [1; 5]);
            assert_eq!(counts.for_category(category), selection.row_nos.len() as u64);
            assert_eq!(index.select_all(&query, index.len()).concat(), selection.row_nos);
            selection.row_nos
        };
        for departments in [None, Some(&["d"][..])] {
            assert_eq!(rows(departments, None), [0, 1]);
            for (category, number) in Category::VARIANTS.iter().zip(0..) {
                assert_eq!(rows(departments, Some(*category)), [number]);
            }
        }
    }

    #[test]
    fn selects_by_threshold_departments_category_and_page() {
        let ai = Some(Category::AiStuck);
        check(10, None, None, 1, 3, &[100, 101, 102], (5, 5));
        check(10, None, None, 4, 3, &[109], (5, 5));
        check(10, None, None, 5, 3, &[], (5, 5));
        check(10, None, None, u64::MAX, 100, &[], (5, 5));
        check(4, None, None, 1, 100, &[100, 101, 102, 103], (2, 2));
        check(10, None, ai, 2, 2, &[104, 106], (5, 5));
        check(10, Some(&["d1"]), None, 1, 9, &[101, 104, 107], (1, 2));
        check(10, Some(&["d1", "x"]), ai, 1, 9, &[104], (1, 2));
        check(10, Some(&["x"]), None, 1, 9, &[], (0, 0));
        check(10, Some(&[]), None, 1, 9, &[], (0, 0));
        check(0, None, None, 1, 9, &[], (0, 0));
    }
}
