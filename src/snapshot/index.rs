//! The index of a version: everything that a report or a summary needs to know about its entries without reading a row.

use crate::base::timestamp::Timestamp;
use crate::conversation::category::{Category, Reason};
use crate::snapshot::chunk::{Chunk, TextTable, index_from, item_at};
use std::rc::Rc;

/// A version's entries without conversation ids: 40 bytes an entry and 4 an assignee. Each text is there once.
#[derive(Debug, Clone, Default)]
pub struct SnapshotIndex {
    /// The departments of the entries.
    pub(super) departments: Vec<IndexedDepartment>,
    /// The channels of the entries.
    pub(super) channels: Vec<Rc<str>>,
    /// The names of the assignees of the entries.
    pub(super) names: Vec<Rc<str>>,
    /// The entries, in the order of the report.
    pub(super) entries: Vec<IndexEntry>,
    /// The assignees of all entries, one entry after the other, as indices into `names`.
    assignees: Vec<u32>,
    /// Whether there are candidates that the version does not list.
    pub(super) is_truncated: bool,
}

/// A department that has candidates.
#[derive(Debug, Clone)]
pub(super) struct IndexedDepartment {
    /// Its id.
    pub(super) id: Rc<str>,
    /// `None` means that no record of the department is stored.
    pub(super) name: Option<Rc<str>>,
}

/// An entry of the version, without the id of its conversation.
#[derive(Debug, Clone, Copy)]
pub(super) struct IndexEntry {
    /// Since when it has been stalled.
    pub(super) stalled_since: Timestamp,
    /// The number of its row.
    pub(super) row_no: i64,
    /// An index into `departments`, or [`NO_DEPARTMENT`].
    pub(super) department: u32,
    /// An index into `channels`.
    pub(super) channel: u32,
    /// The end of its assignees in `assignees`. They begin at the end of the previous entry's.
    assignees_end: u32,
    /// Which list it is in.
    pub(super) category: Category,
    /// Why no answer came.
    pub(super) reason: Reason,
}

/// Stands for no department.
pub(super) const NO_DEPARTMENT: u32 = u32::MAX;

impl SnapshotIndex {
    /// Reads the index of a version from the version's chunks, in order.
    ///
    /// # Errors
    /// If a chunk is not what `Version::to_chunks` writes.
    pub fn from_chunks<'a>(chunks: impl IntoIterator<Item = &'a str>) -> Result<Self, serde_json::Error> {
        let mut index = Self::default();
        let (mut departments, mut channels, mut names) =
            (TextTable::default(), TextTable::default(), TextTable::default());
        for text in chunks {
            let chunk: Chunk = serde_json::from_str(text)?;
            index.is_truncated |= chunk.truncated;
            let numbers = |texts: &[Rc<str>], table: &mut TextTable| -> Vec<u32> {
                texts.iter().map(|text| table.index_of(text)).collect()
            };
            let channel_numbers = numbers(&chunk.channels, &mut channels);
            let name_numbers = numbers(&chunk.names, &mut names);
            let mut department_numbers = Vec::with_capacity(chunk.departments.len());
            for (id, name) in chunk.departments {
                let number = departments.index_of(&id);
                if number as usize == index.departments.len() {
                    index.departments.push(IndexedDepartment { id, name });
                }
                department_numbers.push(number);
            }
            index.entries.reserve_exact(chunk.entries.len());
            for entry in chunk.entries {
                for name in entry.assignees {
                    index.assignees.push(*item_at(&name_numbers, name)?);
                }
                let department = entry.department.map(|number| item_at(&department_numbers, number));
                let department = department.transpose()?.copied();
                index.entries.push(IndexEntry {
                    stalled_since: entry.stalled_since,
                    row_no: entry.row_no,
                    department: department.unwrap_or(NO_DEPARTMENT),
                    channel: *item_at(&channel_numbers, entry.channel)?,
                    assignees_end: index_from(index.assignees.len()),
                    category: entry.category,
                    reason: *item_at(&chunk.reasons, entry.reason)?,
                });
            }
        }
        index.channels = channels.into_texts();
        index.names = names.into_texts();
        Ok(index)
    }

    /// About how many bytes of memory it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let departments = self.departments.iter();
        let texts = departments.flat_map(|department| department.name.iter().chain([&department.id]));
        let texts = texts.chain(&self.channels).chain(&self.names);
        // A pointer and a length, two counters, and the text.
        let text_bytes: usize = texts.map(|text| text.len() + 32).sum();
        text_bytes + self.entries.len() * size_of::<IndexEntry>() + self.assignees.len() * size_of::<u32>()
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Since when the longest stalled entry has been stalled.
    #[must_use]
    pub fn earliest(&self) -> Option<Timestamp> {
        self.entries.first().map(|entry| entry.stalled_since)
    }

    /// How many entries have been stalled since `latest` or longer. They come first.
    pub(super) fn count_until(&self, latest: Timestamp) -> usize {
        self.entries.partition_point(|entry| entry.stalled_since <= latest)
    }

    /// The entries at `positions`, each with its position.
    pub(super) fn entries_at(&self, positions: &[u32]) -> impl Iterator<Item = (usize, &IndexEntry)> {
        let positions = positions.iter().map(|position| *position as usize);
        positions.filter_map(|position| Some((position, self.entries.get(position)?)))
    }

    /// The numbers of the departments whose ids are in `ids`, which are ascending.
    pub(super) fn numbers_of(&self, ids: &[String]) -> Vec<usize> {
        let departments = self.departments.iter().enumerate();
        let asked_for =
            departments.filter(|(_, department)| ids.binary_search_by(|id| id.as_str().cmp(&department.id)).is_ok());
        asked_for.map(|(number, _)| number).collect()
    }

    /// The number of a channel. `None` means that no entry has it.
    pub(super) fn channel_number(&self, channel_type: &str) -> Option<u32> {
        number_of(&self.channels, channel_type)
    }

    /// The number of an assignee's name. `None` means that no entry has it.
    pub(super) fn name_number(&self, name: &str) -> Option<u32> {
        number_of(&self.names, name)
    }

    /// The assignees of the entry at `index`, as indices into `names`.
    pub(super) fn assignees(&self, index: usize) -> &[u32] {
        let end = |index: usize| self.entries.get(index).map_or(0, |entry| entry.assignees_end as usize);
        let start = index.checked_sub(1).map_or(0, end);
        self.assignees.get(start..end(index)).unwrap_or_default()
    }
}

/// The index of a text in a table.
fn number_of(table: &[Rc<str>], text: &str) -> Option<u32> {
    let index = table.iter().position(|entry| **entry == *text)?;
    Some(index_from(index))
}
