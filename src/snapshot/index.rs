//! The outline of a version: all that a report or a summary has to know of its entries, without reading a row.

use crate::base::timestamp::{MINUTE_MS, Timestamp};
use crate::conversation::category::{Category, Reason};
use crate::snapshot::chunk::{Chunk, ChunkEntry, Texts, at};
use crate::snapshot::positions::Lanes;
use std::rc::Rc;

/// A version's entries without conversation ids: 40 bytes an entry and 4 an assignee, and each text once.
#[derive(Debug, Clone, Default)]
pub struct SnapshotIndex {
    pub(super) departments: Vec<Department>,
    pub(super) channels: Vec<Rc<str>>,
    pub(super) names: Vec<Rc<str>>,
    pub(super) entries: Vec<IndexEntry>,
    pub(super) lanes: Lanes,
    /// The assignees of all entries one after the other, as indices into `names`.
    assignees: Vec<u32>,
}

/// A department that candidates have.
#[derive(Debug, Clone)]
pub(super) struct Department {
    pub(super) id: Rc<str>,
    /// None where no record of it is held.
    pub(super) name: Option<Rc<str>>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct IndexEntry {
    pub(super) stalled_since: Timestamp,
    pub(super) row_no: i64,
    /// An index into `departments`; [`NO_DEPARTMENT`] for none.
    pub(super) department: u32,
    /// An index into `channels`.
    pub(super) channel: u32,
    /// Where its assignees end in `assignees`; they begin where those of the entry before end.
    assignees_end: u32,
    pub(super) category: Category,
    pub(super) reason: Reason,
}

pub(super) const NO_DEPARTMENT: u32 = u32::MAX;

impl SnapshotIndex {
    /// Reads the outline of a version from its parts, in order.
    ///
    /// # Errors
    /// Where a part is not what `Version::to_parts` writes.
    pub fn from_parts<'a>(parts: impl IntoIterator<Item = &'a str>) -> Result<Self, serde_json::Error> {
        let mut outline = Self::default();
        let (mut departments, mut channels, mut names) = (Texts::default(), Texts::default(), Texts::default());
        for text in parts {
            let part: Chunk = serde_json::from_str(text)?;
            let numbers = |table: &[Rc<str>], texts: &mut Texts| -> Vec<u32> {
                table.iter().map(|text| texts.number(text)).collect()
            };
            let channel_numbers = numbers(&part.channels, &mut channels);
            let name_numbers = numbers(&part.names, &mut names);
            let mut department_numbers = Vec::with_capacity(part.departments.len());
            for (id, name) in part.departments {
                let number = departments.number(&id);
                if number as usize == outline.departments.len() {
                    outline.departments.push(Department { id, name });
                }
                department_numbers.push(number);
            }
            outline.entries.reserve_exact(part.entries.len());
            for ChunkEntry(stalled_since, row_no, category, department, _, reason, channel, assignees) in part.entries {
                for name in assignees {
                    outline.assignees.push(*at(&name_numbers, name)?);
                }
                let department = department.map(|number| at(&department_numbers, number)).transpose()?;
                outline.lanes.push(category, department.copied());
                outline.entries.push(IndexEntry {
                    stalled_since,
                    row_no,
                    department: department.copied().unwrap_or(NO_DEPARTMENT),
                    channel: *at(&channel_numbers, channel)?,
                    assignees_end: u32::try_from(outline.assignees.len()).unwrap_or(u32::MAX),
                    category,
                    reason: *at(&part.reasons, reason)?,
                });
            }
        }
        outline.channels = channels.into_texts();
        outline.names = names.into_texts();
        Ok(outline)
    }

    /// Bytes of memory, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let departments = self.departments.iter();
        let texts = departments.flat_map(|department| department.name.iter().chain([&department.id]));
        let texts = texts.chain(&self.channels).chain(&self.names);
        // A pointer and a length, two counters, and the text.
        let texts: usize = texts.fold(0, |sum, text| sum.saturating_add(text.len()).saturating_add(32));
        let entries = self.entries.len().saturating_mul(size_of::<IndexEntry>());
        texts
            .saturating_add(entries)
            .saturating_add(self.lanes.bytes())
            .saturating_add(self.assignees.len().saturating_mul(size_of::<u32>()))
    }

    /// How many entries there are: the cut that considers all of them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many entries are over the threshold at `as_of`: `asOf − stalledSince ≥ thresholdMinutes`. They are a
    /// prefix of all, so this number says which they are; it changes only when one crosses the threshold.
    #[must_use]
    pub fn over_threshold(&self, as_of: Timestamp, threshold_minutes: i64) -> usize {
        let latest = as_of.minus(threshold_minutes.saturating_mul(MINUTE_MS));
        self.entries.partition_point(|entry| entry.stalled_since <= latest)
    }

    /// The assignees of the entry at `index`, as indices into `names`.
    pub(super) fn assignees(&self, index: usize) -> &[u32] {
        let end = |index: usize| self.entries.get(index).map_or(0, |entry| entry.assignees_end as usize);
        let start = index.checked_sub(1).map_or(0, end);
        self.assignees.get(start..end(index)).unwrap_or_default()
    }
}
