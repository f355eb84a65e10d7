//! A version of a snapshot: which rows an organization's candidates have, in the order of the report.
//!
//! A version and the rows it lists never change once they can be seen. The next version is a new list that shares
//! the rows that stayed the same, so that publishing one change writes one row and one list, however long. The list
//! says of each row all that can be counted, so that totals and summaries read no row.

use crate::base::timestamp::Timestamp;
use crate::conversation::category::{Category, Reason};
use crate::snapshot::chunk::{Chunk, ChunkEntry, Texts, at, bytes_within_json};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The most entries of one stored part: about three quarters of a megabyte of JSON with usual ids.
pub const PART_ENTRIES_MAX: usize = 10_000;
/// The most candidates of one organization, which a refresh may have to hold in memory all at once when the record of
/// somebody who is on all of them changes; its refresh fails beyond.
pub const CANDIDATES_MAX: usize = 20_000;
/// The most bytes of one stored part where it goes into a statement, unless a single entry is longer, which is 400 KB
/// at most: JSON within JSON, see [`bytes_within_json`].
const PART_BYTES_MAX: usize = 1_200_000;
/// What an entry takes beside its texts and the numbers of its names.
const ENTRY_BYTES: usize = 80;
/// What the number of a name takes.
const NUMBER_BYTES: usize = 8;

/// An entry of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Since when whoever is responsible owes the answer.
    pub stalled_since: Timestamp,
    /// The conversation.
    pub conversation_id: String,
    /// Which stored row it has.
    pub row_no: i64,
    /// Who stalled.
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
    /// The order of the report: who has been owed an answer longest, then by the id's UTF-8 bytes.
    fn position(&self) -> (Timestamp, &[u8]) {
        (self.stalled_since, self.conversation_id.as_bytes())
    }

    /// The most that it can add to a part, to whose tables all its texts may be new.
    fn bytes(&self, department_name: Option<&Rc<str>>) -> usize {
        let texts = self.department_id.iter().chain(department_name);
        texts
            .chain([&self.channel_type])
            .chain(&self.assignee_names)
            .fold(self.own_bytes(), |sum, text| {
                sum.saturating_add(bytes_within_json(text))
            })
    }

    /// What it adds beside the tables.
    fn own_bytes(&self) -> usize {
        bytes_within_json(&self.conversation_id)
            .saturating_add(ENTRY_BYTES)
            .saturating_add(self.assignee_names.len().saturating_mul(NUMBER_BYTES))
    }
}

/// The entries of a version, in order, and the names of their departments, where these are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Version {
    entries: Vec<Entry>,
    department_names: BTreeMap<Rc<str>, Rc<str>>,
}

impl Version {
    /// The entries in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The names of departments.
    #[must_use]
    pub fn department_names(&self) -> &BTreeMap<Rc<str>, Rc<str>> {
        &self.department_names
    }

    /// The version without the entries whose row is in `dropped` (ascending), and with `added`.
    #[must_use]
    pub fn with_changes(mut self, dropped: &[i64], added: Vec<Entry>) -> Self {
        self.entries
            .retain(|entry| dropped.binary_search(&entry.row_no).is_err());
        self.entries.extend(added);
        self.entries
            .sort_by(|left, right| left.position().cmp(&right.position()));
        self
    }

    /// The version with those of the names in `known` whose departments it has.
    #[must_use]
    pub fn with_department_names(mut self, known: &BTreeMap<Rc<str>, Rc<str>>) -> Self {
        self.department_names.clear();
        for department_id in self.entries.iter().filter_map(|entry| entry.department_id.as_ref()) {
            if let Some((id, name)) = known.get_key_value(department_id) {
                self.department_names.insert(Rc::clone(id), Rc::clone(name));
            }
        }
        self
    }

    /// The version as the texts of its parts; at least one.
    ///
    /// # Errors
    /// Where an entry cannot be written as JSON, which does not happen.
    pub fn to_parts(&self) -> Result<Vec<String>, serde_json::Error> {
        let mut parts = Vec::new();
        let mut draft = Draft::default();
        for entry in &self.entries {
            let department = entry.department_id.as_ref();
            let department_name = department.and_then(|id| self.department_names.get(id));
            if draft.is_full(entry, department_name) {
                parts.push(std::mem::take(&mut draft).write(&self.department_names)?);
            }
            draft.add(entry, department_name);
        }
        parts.push(draft.write(&self.department_names)?);
        Ok(parts)
    }

    /// Reads a version back from its parts, in order.
    ///
    /// # Errors
    /// Where a part is not what [`Version::to_parts`] writes.
    pub fn from_parts<'a>(parts: impl IntoIterator<Item = &'a str>) -> Result<Self, serde_json::Error> {
        let mut version = Self::default();
        for text in parts {
            let part: Chunk = serde_json::from_str(text)?;
            for (id, name) in &part.departments {
                let name = name.as_ref().map(|name| (Rc::clone(id), Rc::clone(name)));
                version.department_names.extend(name);
            }
            for ChunkEntry(stalled_since, row_no, category, department, conversation_id, reason, channel, names) in
                part.entries
            {
                let department = department.map(|number| at(&part.departments, number)).transpose()?;
                version.entries.push(Entry {
                    stalled_since,
                    conversation_id,
                    row_no,
                    category,
                    reason: *at(&part.reasons, reason)?,
                    channel_type: Rc::clone(at(&part.channels, channel)?),
                    department_id: department.map(|(id, _)| Rc::clone(id)),
                    assignee_names: names
                        .iter()
                        .map(|number| at(&part.names, *number).map(Rc::clone))
                        .collect::<Result<_, _>>()?,
                });
            }
        }
        Ok(version)
    }
}

/// A part while it is filled.
#[derive(Default)]
struct Draft {
    departments: Texts,
    channels: Texts,
    names: Texts,
    reasons: Vec<Reason>,
    entries: Vec<ChunkEntry>,
    /// Of the entries and of the names of departments.
    bytes: usize,
}

impl Draft {
    /// Whether `entry` goes into the next part.
    fn is_full(&self, entry: &Entry, department_name: Option<&Rc<str>>) -> bool {
        let tables = [&self.departments, &self.channels, &self.names];
        let bytes = tables
            .into_iter()
            .fold(self.bytes, |sum, texts| sum.saturating_add(texts.bytes()))
            .saturating_add(entry.bytes(department_name));
        let is_first = self.entries.is_empty();
        !is_first && (self.entries.len() >= PART_ENTRIES_MAX || bytes > PART_BYTES_MAX)
    }

    fn add(&mut self, entry: &Entry, department_name: Option<&Rc<str>>) {
        let known = self.reasons.iter().position(|reason| *reason == entry.reason);
        let reason = known.unwrap_or_else(|| {
            self.reasons.push(entry.reason);
            self.reasons.len().saturating_sub(1)
        });
        let departments_bytes = self.departments.bytes();
        let department = entry.department_id.as_ref().map(|id| self.departments.number(id));
        if self.departments.bytes() > departments_bytes {
            let name_bytes = department_name.map_or(0, |name| bytes_within_json(name));
            self.bytes = self.bytes.saturating_add(name_bytes);
        }
        self.bytes = self.bytes.saturating_add(entry.own_bytes());
        self.entries.push(ChunkEntry(
            entry.stalled_since,
            entry.row_no,
            entry.category,
            department,
            entry.conversation_id.clone(),
            u32::try_from(reason).unwrap_or(u32::MAX),
            self.channels.number(&entry.channel_type),
            entry
                .assignee_names
                .iter()
                .map(|name| self.names.number(name))
                .collect(),
        ));
    }

    fn write(self, department_names: &BTreeMap<Rc<str>, Rc<str>>) -> Result<String, serde_json::Error> {
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
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Version};
    use crate::base::timestamp::Timestamp;
    use crate::conversation::category::{Category, Reason};
    use std::collections::BTreeMap;
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

    /// Every part is one that D1 takes, also where it is JSON within JSON, and together they are the version.
    fn check_parts(version: &Version) -> usize {
        let parts = version.to_parts().unwrap();
        let within_json = |part: &String| serde_json::to_string(part).unwrap().len();
        assert!(parts.iter().all(|part| within_json(part) < 1_250_000));
        let read = Version::from_parts(parts.iter().map(String::as_str)).unwrap();
        assert_eq!(&read, version);
        parts.len()
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
        assert!(check_parts(&Version::default().with_changes(&[], all)) > 1);
        assert_eq!(check_parts(&Version::default()), 1);
    }

    #[test]
    fn no_part_is_too_large_whatever_its_names() {
        let name = |number: usize| -> Rc<str> { Rc::from(format!("{}{number}", "\u{1}".repeat(508))) };
        let mut known = BTreeMap::new();
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
        assert!(check_parts(&version) > 1);
        let none_left = version.with_changes(&(0..100).collect::<Vec<_>>(), Vec::new());
        assert!(none_left.with_department_names(&known).department_names().is_empty());
    }

    #[test]
    fn refuses_a_list_whose_numbers_lead_nowhere() {
        let version = Version::default().with_changes(&[], vec![entry("c", 1, 1, Some("d"))]);
        let parts = version.to_parts().unwrap();
        for table in [r#"[["d",null]]"#, r#"["sms"]"#, r#"["no_reply"]"#] {
            let broken = parts[0].replace(table, "[]");
            assert_ne!(broken, parts[0]);
            assert!(Version::from_parts([broken.as_str()]).is_err(), "{table}");
        }
    }
}
