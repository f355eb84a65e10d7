//! Which rows of a version a report shows: threshold, departments, category and page.

use crate::conversation::category::Category;
use crate::snapshot::index::{IndexEntry, SnapshotIndex};
use crate::snapshot::positions as lanes;
use crate::snapshot::positions::Lane;
use std::collections::BTreeSet;

/// The most rows of a chunk.
const CHUNK_ROWS_MAX: usize = 500;
/// The most assignees of a chunk's rows, but for those of the last: their names are what rows may be made large by.
const CHUNK_NAMES_MAX: usize = 2_000;

/// Which rows of a snapshot: everything that a page's content depends on, beside organization and version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// How many entries from the first one are considered: those over the threshold, or all.
    pub cut: usize,
    /// The departments shown; none: all, and what has no department.
    pub departments: Option<BTreeSet<String>>,
    /// The category shown; none: both.
    pub category: Option<Category>,
    /// The page, from 1.
    pub page: u64,
    /// Rows a page.
    pub limit: u64,
}

/// How many rows there are of each category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Rows of category `ai_stuck`.
    pub ai_stuck: u64,
    /// Rows of category `agent_abandoned`.
    pub agent_abandoned: u64,
}

impl Counts {
    /// The rows of a category, or of both.
    #[must_use]
    pub const fn of(self, category: Option<Category>) -> u64 {
        match category {
            Some(Category::AiStuck) => self.ai_stuck,
            Some(Category::AgentAbandoned) => self.agent_abandoned,
            None => self.ai_stuck.saturating_add(self.agent_abandoned),
        }
    }

    pub(super) fn add(&mut self, category: Category, rows: usize) {
        let count = match category {
            Category::AiStuck => &mut self.ai_stuck,
            Category::AgentAbandoned => &mut self.agent_abandoned,
        };
        *count = count.saturating_add(rows as u64);
    }
}

/// What a filter selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Rows within the threshold and the departments, before the category is looked at.
    pub counts: Counts,
    /// The rows of the page, in order.
    pub row_nos: Vec<i64>,
}

impl SnapshotIndex {
    /// Applies a filter.
    #[must_use]
    pub fn select(&self, filter: &Filter) -> Selection {
        let mut counts = Counts::default();
        let mut shown = Vec::new();
        for lanes in self.lanes_of(filter) {
            for (category, lane) in [Category::AiStuck, Category::AgentAbandoned].into_iter().zip(lanes) {
                let lane = lanes::before(lane, filter.cut);
                counts.add(category, lane.len());
                if !lane.is_empty() && filter.shows(category) {
                    shown.push(lane);
                }
            }
        }
        let skip = filter.page.saturating_sub(1).saturating_mul(filter.limit);
        let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
        let positions = lanes::page(shown, usize::try_from(skip).unwrap_or(usize::MAX), limit);
        let entries = positions.into_iter().filter_map(|position| self.entries.get(position));
        Selection {
            counts,
            row_nos: entries.map(|entry| entry.row_no).collect(),
        }
    }

    /// The lanes of the departments that a filter shows.
    fn lanes_of(&self, filter: &Filter) -> Vec<&[Lane; 2]> {
        let Some(ids) = &filter.departments else {
            return vec![self.lanes.all()];
        };
        let numbers = self
            .wanted(ids)
            .into_iter()
            .enumerate()
            .filter(|(_, is_wanted)| *is_wanted);
        numbers
            .filter_map(|(number, _)| self.lanes.of_department(number))
            .collect()
    }

    /// All rows that a filter selects, in order, whatever its page: in chunks that may be held in memory at once.
    #[must_use]
    pub fn select_all(&self, filter: &Filter) -> Vec<Vec<i64>> {
        let mut chunks = Vec::new();
        let mut chunk = Vec::new();
        let mut names: usize = 0;
        for (index, entry) in self.shown(filter).filter(|(_, entry)| filter.shows(entry.category)) {
            if chunk.len() >= CHUNK_ROWS_MAX || names >= CHUNK_NAMES_MAX {
                chunks.push(std::mem::take(&mut chunk));
                names = 0;
            }
            chunk.push(entry.row_no);
            names = names.saturating_add(self.assignees(index).len());
        }
        if !chunk.is_empty() {
            chunks.push(chunk);
        }
        chunks
    }

    /// The entries within the cut and the departments, each with its index.
    pub(super) fn shown(&self, filter: &Filter) -> impl Iterator<Item = (usize, &IndexEntry)> {
        let wanted = filter.departments.as_ref().map(|ids| self.wanted(ids));
        let entries = self.entries.iter().enumerate().take(filter.cut);
        entries.filter(move |(_, entry)| {
            wanted
                .as_ref()
                .is_none_or(|wanted| wanted.get(entry.department as usize).is_some_and(|shown| *shown))
        })
    }

    /// Of each department's number, whether it is among `ids`.
    fn wanted(&self, ids: &BTreeSet<String>) -> Vec<bool> {
        let is_wanted = |id: &str| ids.contains(id);
        self.departments
            .iter()
            .map(|department| is_wanted(&department.id))
            .collect()
    }
}

impl Filter {
    /// Whether it shows rows of `category`.
    pub(super) fn shows(&self, category: Category) -> bool {
        self.category.is_none_or(|shown| shown == category)
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, Filter, IndexEntry, SnapshotIndex};
    use crate::base::timestamp::Timestamp;
    use crate::conversation::category::{Category, Reason};
    use crate::snapshot::version::{Entry, Version};
    use std::collections::BTreeSet;
    use std::rc::Rc;

    /// Ten entries, stalled at minutes 0 to 9, by turns of both categories and of departments d0, d1 and none.
    fn outline() -> SnapshotIndex {
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
        let parts = Version::default().with_changes(&[], entries).to_parts().unwrap();
        SnapshotIndex::from_parts(parts.iter().map(String::as_str)).unwrap()
    }

    #[test]
    fn exactly_at_the_threshold_is_over_it() {
        let over = |as_of: i64| outline().over_threshold(Timestamp::from_milliseconds(as_of), 5);
        assert_eq!(over(299_999), 0);
        assert_eq!(over(300_000), 1);
        assert_eq!(over(359_999), 1);
        assert_eq!(over(360_000), 2);
        assert_eq!(over(i64::MAX), 10);
        assert_eq!(over(i64::MIN), 0);
    }

    fn check(
        cut: usize,
        departments: Option<&[&str]>,
        category: Option<Category>,
        page: u64,
        limit: u64,
        rows: &[i64],
        counts: (u64, u64),
    ) {
        let departments = departments.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect());
        let selection = outline().select(&Filter {
            cut,
            departments,
            category,
            page,
            limit,
        });
        assert_eq!(selection.row_nos, rows);
        let (ai_stuck, agent_abandoned) = counts;
        assert_eq!(
            selection.counts,
            Counts {
                ai_stuck,
                agent_abandoned
            }
        );
    }

    #[test]
    fn chunks_all_rows_by_number_and_by_assignees() {
        let check = |rows: usize, names: usize, chunks: &[usize]| {
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
            let parts = Version::default().with_changes(&[], (0..rows).map(entry).collect());
            let parts = parts.to_parts().unwrap();
            let outline = SnapshotIndex::from_parts(parts.iter().map(String::as_str)).unwrap();
            let (page, limit, cut) = (7, 3, rows);
            let filter = Filter {
                cut,
                departments: None,
                category: None,
                page,
                limit,
            };
            let found = outline.select_all(&filter);
            assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), chunks);
            assert_eq!(found.concat(), (0..rows as i64).collect::<Vec<_>>());
        };
        check(0, 0, &[]);
        check(500, 0, &[500]);
        check(1_001, 1, &[500, 500, 1]);
        check(50, 100, &[20, 20, 10]);
    }

    #[test]
    fn a_page_is_what_a_look_at_every_entry_finds() {
        let outline = outline();
        let departments: [Option<&[&str]>; 6] = [
            None,
            Some(&[]),
            Some(&["d0"]),
            Some(&["d1"]),
            Some(&["d1", "d0"]),
            Some(&["x"]),
        ];
        for departments in departments {
            let departments: Option<BTreeSet<String>> =
                departments.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect());
            for category in [None, Some(Category::AiStuck), Some(Category::AgentAbandoned)] {
                for (cut, page, limit) in (0..=10)
                    .flat_map(|cut| (1..=11).flat_map(move |page| [1, 2, 3, 10].map(|limit| (cut, page, limit))))
                {
                    let departments = departments.clone();
                    let filter = Filter {
                        cut,
                        departments,
                        category,
                        page,
                        limit,
                    };
                    let of_category = |entry: &&IndexEntry| filter.shows(entry.category);
                    let (skip, take) = ((page as usize - 1) * limit as usize, limit as usize);
                    let shown: Vec<&IndexEntry> = outline.shown(&filter).map(|(_, entry)| entry).collect();
                    let expected: Vec<i64> = shown
                        .iter()
                        .copied()
                        .filter(of_category)
                        .map(|entry| entry.row_no)
                        .skip(skip)
                        .take(take)
                        .collect();
                    let selection = outline.select(&filter);
                    assert_eq!(selection.row_nos, expected, "{filter:?}");
                    assert_eq!(selection.counts.of(None), shown.len() as u64, "{filter:?}");
                }
            }
        }
    }

    #[test]
    fn selects_by_cut_departments_category_and_page() {
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
