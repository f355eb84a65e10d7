//! A version of a snapshot: which rows an organization's candidates have, in the order of the report.
//!
//! A version and the rows that it lists never change once they can be read. The next version is a new list that shares
//! the rows which stayed the same, so publishing one change writes one row and one list, however long it is. For each
//! row the list has everything that can be counted, so totals and summaries read no row.

use crate::base::timestamp::Timestamp;
use crate::conversation::category::{Category, Reason};
use crate::snapshot::chunk::{Chunk, ChunkEntry, TextTable, bytes_within_json, index_from, item_at};
use std::collections::HashMap;
use std::rc::Rc;

/// The most entries of one stored chunk: about three quarters of a megabyte of JSON with usual ids.
const CHUNK_ENTRIES_MAX: usize = 10_000;
/// The most candidates that a version lists.
pub const CANDIDATES_MAX: usize = 20_000;
/// The most bytes of a version's list. All of it is in memory when the next version is made and when a report is read.
pub const LIST_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The most bytes of one stored chunk as part of a statement, which is JSON within JSON: see [`bytes_within_json`]. A
/// single entry that is longer, of at most 400 KB, is a chunk of its own.
const CHUNK_BYTES_MAX: usize = 1_200_000;
/// How many bytes an entry takes besides its texts and the indices of its names.
const ENTRY_BYTES: usize = 80;
/// How many bytes the index of a name takes.
const INDEX_BYTES: usize = 8;

/// An entry of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Since when whoever is responsible owes the answer.
    pub stalled_since: Timestamp,
    /// The conversation.
    pub conversation_id: String,
    /// The number of its published row.
    pub row_no: i64,
    /// Which list it is in.
    pub category: Category,
    /// Why no answer came.
    pub reason: Reason,
    /// `sms`, `email` …
    pub channel_type: Rc<str>,
    /// The department, if any.
    pub department_id: Option<Rc<str>>,
    /// The assignees that the row shows.
    pub assignee_names: Vec<Rc<str>>,
}

impl Entry {
    /// The order of the report: the longest stalled first, then by the UTF-8 bytes of the id.
    fn sort_key(&self) -> (Timestamp, &[u8]) {
        (self.stalled_since, self.conversation_id.as_bytes())
    }

    /// Upper bound on the bytes that this entry adds to a chunk, assuming that none of its texts is in the chunk's
    /// tables yet.
    fn bytes(&self, department_name: Option<&Rc<str>>) -> usize {
        let texts = self.department_id.iter().chain(department_name);
        texts
            .chain([&self.channel_type])
            .chain(&self.assignee_names)
            .fold(self.own_bytes(), |sum, text| sum + bytes_within_json(text))
    }

    /// The bytes that it adds to a chunk besides the tables.
    fn own_bytes(&self) -> usize {
        bytes_within_json(&self.conversation_id) + ENTRY_BYTES + self.assignee_names.len() * INDEX_BYTES
    }
}

/// The entries of a version, in order, and the names of their departments, as far as they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Version {
    entries: Vec<Entry>,
    department_names: HashMap<Rc<str>, Rc<str>>,
    is_truncated: bool,
}

impl Version {
    /// The entries in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The names of departments.
    #[must_use]
    pub fn department_names(&self) -> &HashMap<Rc<str>, Rc<str>> {
        &self.department_names
    }

    /// Whether there are candidates that it does not list.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.is_truncated
    }

    /// Notes whether there are candidates that it does not list.
    pub fn set_truncated(&mut self, is_truncated: bool) {
        self.is_truncated = is_truncated;
    }

    /// Keeps at most `entries_max` entries: those of the categories that a report shows unnamed before the others,
    /// those that have been stalled since `oldest` or later before older ones, and the longest stalled first. Returns
    /// the numbers of the rows that it no longer lists, ascending.
    pub fn keep_at_most(&mut self, entries_max: usize, oldest: Timestamp) -> Vec<i64> {
        if self.entries.len() <= entries_max {
            return Vec::new();
        }
        let rank = |entry: &Entry| match (entry.category.is_shown_unnamed(), entry.stalled_since >= oldest) {
            (true, true) => 0,
            (true, false) => 1,
            (false, true) => 2,
            (false, false) => 3,
        };
        let mut counts = [0_usize; 4];
        for entry in &self.entries {
            if let Some(count) = counts.get_mut(rank(entry)) {
                *count += 1;
            }
        }
        // How many entries of each rank stay.
        let mut room = entries_max;
        for count in &mut counts {
            *count = room.min(*count);
            room -= *count;
        }
        let mut dropped = Vec::new();
        self.entries.retain(|entry| {
            let staying = counts.get_mut(rank(entry)).filter(|staying| **staying > 0);
            match staying {
                Some(staying) => *staying -= 1,
                None => {
                    dropped.push(entry.row_no);
                    return false;
                }
            }
            true
        });
        dropped.sort_unstable();
        dropped
    }

    /// Upper bound on the bytes of its chunks.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let mut bytes = 0;
        let mut draft = ChunkDraft::default();
        for entry in &self.entries {
            let department_name = self.department_name(entry);
            if draft.is_full_for(entry, department_name) {
                bytes += std::mem::take(&mut draft).bytes();
            }
            draft.add(entry, department_name);
        }
        bytes + draft.bytes()
    }

    fn department_name(&self, entry: &Entry) -> Option<&Rc<str>> {
        let department = entry.department_id.as_ref();
        department.and_then(|id| self.department_names.get(id))
    }

    /// This version without the entries whose rows are in `dropped` (ascending), and with `added`.
    #[must_use]
    pub fn with_changes(mut self, dropped: &[i64], added: Vec<Entry>) -> Self {
        self.entries
            .retain(|entry| dropped.binary_search(&entry.row_no).is_err());
        self.entries.extend(added);
        self.entries
            .sort_by(|left, right| left.sort_key().cmp(&right.sort_key()));
        self
    }

    /// This version with the names of its departments that are in `known`.
    #[must_use]
    pub fn with_department_names(mut self, known: &HashMap<Rc<str>, Rc<str>>) -> Self {
        self.department_names.clear();
        for department_id in self.entries.iter().filter_map(|entry| entry.department_id.as_ref()) {
            if let Some((id, name)) = known.get_key_value(department_id) {
                self.department_names.insert(Rc::clone(id), Rc::clone(name));
            }
        }
        self
    }

    /// Writes the version as the JSON texts of its chunks; at least one.
    ///
    /// # Errors
    /// If an entry cannot be written as JSON, which does not happen.
    pub fn to_chunks(&self) -> Result<Vec<String>, serde_json::Error> {
        let mut chunks = Vec::new();
        let mut draft = ChunkDraft {
            is_truncated: self.is_truncated,
            ..ChunkDraft::default()
        };
        for entry in &self.entries {
            let department_name = self.department_name(entry);
            if draft.is_full_for(entry, department_name) {
                chunks.push(std::mem::take(&mut draft).into_json(&self.department_names)?);
            }
            draft.add(entry, department_name);
        }
        chunks.push(draft.into_json(&self.department_names)?);
        Ok(chunks)
    }

    /// Reads a version from its chunks, in order.
    ///
    /// # Errors
    /// If a chunk is not what [`Version::to_chunks`] writes.
    pub fn from_chunks<'a>(chunks: impl IntoIterator<Item = &'a str>) -> Result<Self, serde_json::Error> {
        let mut version = Self::default();
        for text in chunks {
            let chunk: Chunk = serde_json::from_str(text)?;
            version.is_truncated |= chunk.truncated;
            for (id, name) in &chunk.departments {
                let name = name.as_ref().map(|name| (Rc::clone(id), Rc::clone(name)));
                version.department_names.extend(name);
            }
            for entry in chunk.entries {
                let department = entry.department.map(|index| item_at(&chunk.departments, index));
                let assignee_names = entry.assignees.iter();
                let assignee_names = assignee_names.map(|index| item_at(&chunk.names, *index).map(Rc::clone));
                version.entries.push(Entry {
                    stalled_since: entry.stalled_since,
                    conversation_id: entry.conversation_id,
                    row_no: entry.row_no,
                    category: entry.category,
                    reason: *item_at(&chunk.reasons, entry.reason)?,
                    channel_type: Rc::clone(item_at(&chunk.channels, entry.channel)?),
                    department_id: department.transpose()?.map(|(id, _)| Rc::clone(id)),
                    assignee_names: assignee_names.collect::<Result<_, _>>()?,
                });
            }
        }
        Ok(version)
    }
}

/// A chunk that is being filled.
#[derive(Default)]
struct ChunkDraft {
    departments: TextTable,
    channels: TextTable,
    names: TextTable,
    reasons: Vec<Reason>,
    entries: Vec<ChunkEntry>,
    /// The bytes of the entries and of the names of departments.
    bytes: usize,
    /// Whether the version is truncated, in its first chunk.
    is_truncated: bool,
}

impl ChunkDraft {
    /// Whether `entry` has to go into the next chunk.
    fn is_full_for(&self, entry: &Entry, department_name: Option<&Rc<str>>) -> bool {
        let bytes = self.bytes() + entry.bytes(department_name);
        let is_first = self.entries.is_empty();
        !is_first && (self.entries.len() >= CHUNK_ENTRIES_MAX || bytes > CHUNK_BYTES_MAX)
    }

    fn bytes(&self) -> usize {
        self.bytes + self.departments.bytes() + self.channels.bytes() + self.names.bytes()
    }

    fn add(&mut self, entry: &Entry, department_name: Option<&Rc<str>>) {
        let reason = self.reasons.iter().position(|reason| *reason == entry.reason);
        let reason = reason.unwrap_or_else(|| {
            self.reasons.push(entry.reason);
            self.reasons.len() - 1
        });
        let departments_bytes = self.departments.bytes();
        let department = entry.department_id.as_ref().map(|id| self.departments.index_of(id));
        if self.departments.bytes() > departments_bytes {
            self.bytes += department_name.map_or(0, |name| bytes_within_json(name));
        }
        self.bytes += entry.own_bytes();
        let assignees = entry.assignee_names.iter();
        self.entries.push(ChunkEntry {
            stalled_since: entry.stalled_since,
            row_no: entry.row_no,
            category: entry.category,
            department,
            conversation_id: entry.conversation_id.clone(),
            reason: index_from(reason),
            channel: self.channels.index_of(&entry.channel_type),
            assignees: assignees.map(|name| self.names.index_of(name)).collect(),
        });
    }

    fn into_json(self, department_names: &HashMap<Rc<str>, Rc<str>>) -> Result<String, serde_json::Error> {
        let departments = self.departments.into_texts().into_iter().map(|id| {
            let name = department_names.get(&id).map(Rc::clone);
            (id, name)
        });
        serde_json::to_string(&Chunk {
            departments: departments.collect(),
            channels: self.channels.into_texts(),
            reasons: self.reasons,
            names: self.names.into_texts(),
            entries: self.entries,
            truncated: self.is_truncated,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Version};
    use crate::base::timestamp::Timestamp;
    use crate::conversation::category::{Category, Reason};
    use std::collections::HashMap;
    use std::rc::Rc;

    fn entry(id: &str, stalled_since: i64, row_no: i64, department: Option<&str>) -> Entry {
        Entry {
            stalled_since: Timestamp::from_milliseconds(stalled_since),
            conversation_id: id.to_owned(),
            row_no,
            category: Category::AiStuck,
            reason: Reason::NoReply,
            channel_type: Rc::from("sms"),
            department_id: department.map(Rc::from),
            assignee_names: Vec::new(),
        }
    }

    #[test]
    fn has_the_order_of_the_report() {
        let added = vec![
            entry("\u{10000}", 5, 1, None),
            entry("\u{ffff}", 5, 2, Some("d")),
            entry("b", 9, 3, Some("d")),
            entry("a", 9, 4, Some("e")),
        ];
        let first = Version::default().with_changes(&[], added);
        let ids = |version: &Version| -> Vec<String> {
            let id = |entry: &Entry| entry.conversation_id.clone();
            version.entries().iter().map(id).collect()
        };
        assert_eq!(ids(&first), ["\u{ffff}", "\u{10000}", "a", "b"]);
        let second = first.with_changes(&[3, 4], vec![entry("b", 1, 5, None)]);
        assert_eq!(ids(&second), ["b", "\u{ffff}", "\u{10000}"]);
    }

    /// D1 accepts every chunk, also as JSON within JSON, and together they are the version.
    fn check_chunks(version: &Version) -> usize {
        let chunks = version.to_chunks().unwrap();
        let within_json = |chunk: &String| serde_json::to_string(chunk).unwrap().len();
        assert!(chunks.iter().all(|chunk| within_json(chunk) < 1_250_000));
        let read = Version::from_chunks(chunks.iter().map(String::as_str)).unwrap();
        assert_eq!(&read, version);
        chunks.len()
    }

    #[test]
    fn reads_back_what_it_wrote_however_many_chunks() {
        let long = "\"".repeat(120);
        let mut all = Vec::new();
        for number in 0..12_345 {
            let id = format!("{long}{number}");
            let other = format!("{id}, a department");
            let department = [None, Some("d"), Some(other.as_str())][number % 3];
            all.push(entry(&id, 1_000 - (number as i64) / 7, number as i64, department));
        }
        assert!(check_chunks(&Version::default().with_changes(&[], all)) > 1);
        assert_eq!(check_chunks(&Version::default()), 1);
    }

    #[test]
    fn no_chunk_is_too_large_whatever_its_names() {
        let name = |number: usize| -> Rc<str> { Rc::from(format!("{}{number}", "\u{1}".repeat(508))) };
        let mut known = HashMap::new();
        let mut all = Vec::new();
        for number in 0..100 {
            let department = format!("d{number}");
            known.insert(Rc::from(department.as_str()), name(number));
            let mut entry = entry(&format!("c{number:03}"), 1, number as i64, Some(&department));
            entry.reason = [Reason::NoReply, Reason::ReplyFailed, Reason::AssigneeMissing][number % 3];
            entry.channel_type = Rc::from(["sms", "email"][number % 2]);
            entry.assignee_names = (0..100).map(|assignee| name(number % 7 * 100 + assignee)).collect();
            all.push(entry);
        }
        let version = Version::default().with_changes(&[], all).with_department_names(&known);
        assert_eq!(version.department_names(), &known);
        assert!(check_chunks(&version) > 1);
        let none_left = version.with_changes(&(0..100).collect::<Vec<_>>(), Vec::new());
        assert!(none_left.with_department_names(&known).department_names().is_empty());
    }

    #[test]
    fn refuses_a_chunk_with_an_index_beyond_its_table() {
        let version = Version::default().with_changes(&[], vec![entry("c", 1, 1, Some("d"))]);
        let chunks = version.to_chunks().unwrap();
        for table in [r#"[["d",null]]"#, r#"["sms"]"#, r#"["no_reply"]"#] {
            let broken = chunks[0].replace(table, "[]");
            assert_ne!(broken, chunks[0]);
            assert!(Version::from_chunks([broken.as_str()]).is_err(), "{table}");
        }
    }
}
