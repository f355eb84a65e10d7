//! How the rows of a version differ from those of the one before.

use crate::conversation::report_row::PublishedRow;
use crate::refresh::trend::counted_row;
use crate::snapshot::counted_row::{CountedChange, CountedRow};
use crate::snapshot::settings::Settings;
use crate::snapshot::version::Entry;
use std::collections::HashMap;

/// A conversation whose row may have changed.
#[derive(Debug)]
pub struct AffectedRow {
    /// The number of its published row, if it has one.
    pub published_row_no: Option<i64>,
    /// What its published row lists.
    pub counted_before: Option<CountedRow>,
    /// The row that it has now, if it has one.
    pub current: Option<(Entry, PublishedRow)>,
}

/// How the rows of the next version differ from those of the published one.
pub struct RowChanges {
    /// The numbers of rows that the next version does not list, ascending.
    pub superseded: Vec<i64>,
    /// The entries of new rows.
    pub entries: Vec<Entry>,
    /// New rows with their numbers.
    pub rows: Vec<(i64, PublishedRow)>,
    /// What the course of the day counts of these changes: what each row was, and what it will be.
    pub counted: Vec<CountedChange>,
    /// The first row number that is unused after that.
    pub next_row_no: i64,
}

impl RowChanges {
    /// The differences, with the numbers from `next_row_no` on for new rows. `counted` is that of an organization with
    /// `settings`.
    pub fn new(
        affected: Vec<AffectedRow>,
        published_rows: &HashMap<i64, PublishedRow>,
        next_row_no: i64,
        settings: &Settings,
    ) -> Self {
        let mut changes = Self {
            superseded: Vec::new(),
            entries: Vec::new(),
            rows: Vec::new(),
            counted: Vec::new(),
            next_row_no,
        };
        for conversation in affected {
            let row_no = conversation.published_row_no;
            let published_row = row_no.and_then(|row_no| published_rows.get(&row_no));
            let current_row = conversation.current.as_ref().map(|(_, row)| row);
            if current_row == published_row && current_row.is_some() == row_no.is_some() {
                continue;
            }
            changes.superseded.extend(row_no);
            let current = conversation.current.as_ref();
            let counted = current.and_then(|(entry, _)| counted_row(entry, settings));
            changes.counted.push((conversation.counted_before, counted));
            if let Some((mut entry, row)) = conversation.current {
                entry.row_no = changes.next_row_no;
                changes.rows.push((entry.row_no, row));
                changes.entries.push(entry);
                changes.next_row_no += 1;
            }
        }
        changes.superseded.sort_unstable();
        changes
    }

    /// The next version does not list these rows (ascending), be they published or new.
    pub fn drop_rows(&mut self, dropped: &[i64]) {
        let is_new = |row_no: &i64| self.rows.binary_search_by_key(row_no, |(number, _)| *number).is_ok();
        let published: Vec<i64> = dropped.iter().filter(|row_no| !is_new(row_no)).copied().collect();
        self.rows.retain(|(row_no, _)| dropped.binary_search(row_no).is_err());
        self.superseded.extend(published);
        self.superseded.sort_unstable();
    }

    /// Whether there are no changes.
    pub fn is_empty(&self) -> bool {
        self.superseded.is_empty() && self.rows.is_empty()
    }
}
