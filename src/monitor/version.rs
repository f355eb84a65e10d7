//! A version of a snapshot: which rows an organization's candidates have, in the order of the report.
//!
//! A version and the rows it lists never change once they can be seen. The next version is a new list that shares
//! the rows that stayed the same, so that publishing one change writes one row and one list, however long.

use crate::instant::Instant;
use crate::json;
use crate::monitor::candidate::Category;
use crate::order::sort_by;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The most entries of one stored part: about half a megabyte of JSON with usual ids.
pub const PART_ENTRIES_MAX: usize = 10_000;
/// The most candidates of one organization, which a refresh may have to hold in memory all at once when the record of
/// somebody who is on all of them changes; its refresh fails beyond.
pub const CANDIDATES_MAX: usize = 20_000;
/// The most bytes of one stored part where it goes into a statement: JSON within JSON, see [`bytes_within_json`].
const PART_BYTES_MAX: usize = 1_200_000;
/// What an entry takes beside its texts.
const ENTRY_BYTES: usize = 64;

/// An entry of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Since when whoever is responsible owes the answer.
    pub stalled_since: Instant,
    /// The conversation.
    pub conversation_id: String,
    /// Which stored row it has.
    pub row_no: i64,
    /// Who stalled.
    pub category: Category,
    /// The department, if any.
    pub department_id: Option<String>,
}

impl Entry {
    /// The order of the report: who has been owed an answer longest, then by the id's UTF-8 bytes.
    fn position(&self) -> (Instant, &[u8]) {
        (self.stalled_since, self.conversation_id.as_bytes())
    }
}

/// The entries of a version, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Version(Vec<Entry>);

impl Version {
    /// The entries in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// The version without the entries whose row is in `dropped` (ascending), and with `added`.
    #[must_use]
    pub fn with_changes(mut self, dropped: &[i64], added: Vec<Entry>) -> Self {
        self.0.retain(|entry| dropped.binary_search(&entry.row_no).is_err());
        self.0.extend(added);
        sort_by(&mut self.0, |left, right| left.position().cmp(&right.position()));
        self
    }

    /// The version as the texts of its parts; at least one.
    ///
    /// # Errors
    /// Where an entry cannot be written as JSON, which does not happen.
    pub fn to_parts(&self) -> Result<Vec<String>, serde_json::Error> {
        let mut parts = Vec::new();
        let mut part = Part::default();
        let mut bytes: usize = 0;
        let mut numbers: HashMap<String, usize> = HashMap::new();
        for entry in &self.0 {
            if part.entries.len() >= PART_ENTRIES_MAX || bytes > PART_BYTES_MAX {
                parts.push(serde_json::to_string(&part)?);
                part = Part::default();
                bytes = 0;
                numbers.clear();
            }
            let department = entry.department_id.as_deref().map(|id| {
                *numbers.entry(id.to_owned()).or_insert_with(|| {
                    bytes = bytes.saturating_add(bytes_within_json(id));
                    part.departments.push(id.to_owned());
                    part.departments.len().saturating_sub(1)
                })
            });
            bytes = bytes
                .saturating_add(bytes_within_json(&entry.conversation_id))
                .saturating_add(ENTRY_BYTES);
            part.entries.push(PartEntry(
                entry.stalled_since,
                entry.row_no,
                entry.category,
                department,
                entry.conversation_id.clone(),
            ));
        }
        parts.push(serde_json::to_string(&part)?);
        Ok(parts)
    }

    /// Reads a version back from its parts, in order.
    ///
    /// # Errors
    /// Where a part is not what [`Version::to_parts`] writes.
    pub fn from_parts<'a>(parts: impl IntoIterator<Item = &'a str>) -> Result<Self, serde_json::Error> {
        let mut entries = Vec::new();
        for text in parts {
            let part: Part = json::read(text)?;
            for PartEntry(stalled_since, row_no, category, department, conversation_id) in part.entries {
                let department_id = department.and_then(|number| part.departments.get(number).cloned());
                entries.push(Entry {
                    stalled_since,
                    conversation_id,
                    row_no,
                    category,
                    department_id,
                });
            }
        }
        Ok(Self(entries))
    }
}

/// The bytes of an id in a JSON text that is itself a string of a JSON text: a quote becomes `\\\"`.
fn bytes_within_json(id: &str) -> usize {
    let escaped = id.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    id.len().saturating_add(escaped.saturating_mul(3)).saturating_add(8)
}

#[derive(Default, Serialize, Deserialize)]
struct Part {
    departments: Vec<String>,
    entries: Vec<PartEntry>,
}

/// `[stalledSince, row_no, category, index into departments or null, conversationId]`
#[derive(Serialize, Deserialize)]
struct PartEntry(Instant, i64, Category, Option<usize>, String);

#[cfg(test)]
mod tests {
    use super::{Entry, Version};
    use crate::instant::Instant;
    use crate::monitor::candidate::Category;

    fn entry(id: &str, stalled_since: i64, row_no: i64, department: Option<&str>) -> Entry {
        Entry {
            stalled_since: Instant::from_milliseconds(stalled_since),
            conversation_id: id.to_owned(),
            row_no,
            category: Category::AiStuck,
            department_id: department.map(str::to_owned),
        }
    }

    #[test]
    fn keeps_the_order_of_the_report() {
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

    #[test]
    fn reads_back_what_it_wrote_however_many_parts() {
        let long = "\"".repeat(120);
        let mut all = Vec::new();
        for number in 0..12_345 {
            let id = format!("{long}{number}");
            let other = format!("{id}, a department");
            let department = [None, Some("d"), Some(other.as_str())][number % 3];
            all.push(entry(&id, 1_000 - (number as i64) / 7, number as i64, department));
        }
        let version = Version::default().with_changes(&[], all);
        let parts = version.to_parts().unwrap();
        assert!(parts.len() > 1);
        let within_json = |part: &String| serde_json::to_string(part).unwrap().len();
        assert!(parts.iter().all(|part| within_json(part) < 1_500_000));
        let read = Version::from_parts(parts.iter().map(String::as_str)).unwrap();
        assert_eq!(read, version);
        assert_eq!(Version::default().to_parts().unwrap().len(), 1);
    }
}
