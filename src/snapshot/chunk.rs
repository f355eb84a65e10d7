//! A chunk of a version as it is stored: entries that refer to their texts by number, so that a text that many entries
//! share is written once.

use crate::base::timestamp::Timestamp;
use crate::conversation::category::{Category, Reason};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::HashMap;
use std::rc::Rc;

/// The JSON of a chunk.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Chunk {
    /// `[[id, name or null], …]`
    pub departments: Vec<(Rc<str>, Option<Rc<str>>)>,
    /// The types of channels.
    pub channels: Vec<Rc<str>>,
    /// The reasons.
    pub reasons: Vec<Reason>,
    /// The names of assignees as they are shown.
    pub names: Vec<Rc<str>>,
    /// The entries, in the order of the report.
    pub entries: Vec<ChunkEntry>,
    /// Whether there are candidates that the version does not list. The first chunk says so.
    #[serde(default, skip_serializing_if = "is_false")]
    pub truncated: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// An entry of a chunk. Departments, reasons, channels and names are indices into the chunk's tables.
///
/// It is stored as an array in the order of the fields.
#[derive(Debug, Deserialize)]
#[serde(from = "StoredEntry")]
pub struct ChunkEntry {
    /// Since when whoever is responsible owes the answer.
    pub stalled_since: Timestamp,
    /// The number of the published row.
    pub row_no: i64,
    /// Which list it is in.
    pub category: Category,
    /// An index into `departments`. `None` means that the conversation has no department.
    pub department: Option<u32>,
    /// The conversation.
    pub conversation_id: String,
    /// An index into `reasons`.
    pub reason: u32,
    /// An index into `channels`.
    pub channel: u32,
    /// Indices into `names`.
    pub assignees: Vec<u32>,
}

type StoredEntry = (Timestamp, i64, Category, Option<u32>, String, u32, u32, Vec<u32>);

impl From<StoredEntry> for ChunkEntry {
    fn from(stored: StoredEntry) -> Self {
        let (stalled_since, row_no, category, department, conversation_id, reason, channel, assignees) = stored;
        Self {
            stalled_since,
            row_no,
            category,
            department,
            conversation_id,
            reason,
            channel,
            assignees,
        }
    }
}

impl Serialize for ChunkEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (
            self.stalled_since,
            self.row_no,
            self.category,
            self.department,
            &self.conversation_id,
            self.reason,
            self.channel,
            &self.assignees,
        )
            .serialize(serializer)
    }
}

/// The item at `index` of a chunk's table.
///
/// # Errors
/// If the table has no such item.
pub fn item_at<T>(table: &[T], index: u32) -> Result<&T, serde_json::Error> {
    table
        .get(index as usize)
        .ok_or_else(|| serde::de::Error::custom("an index beyond the end of its table"))
}

/// A table of texts without repetition.
#[derive(Debug, Default)]
pub struct TextTable {
    indices: HashMap<Rc<str>, u32>,
    texts: Vec<Rc<str>>,
    bytes: usize,
}

impl TextTable {
    /// The index of `text`, which is added if it is new.
    pub fn index_of(&mut self, text: &Rc<str>) -> u32 {
        if let Some(index) = self.indices.get(text) {
            return *index;
        }
        let index = index_from(self.texts.len());
        self.bytes += bytes_within_json(text);
        self.texts.push(Rc::clone(text));
        self.indices.insert(Rc::clone(text), index);
        index
    }

    /// The sum of [`bytes_within_json`] of all texts.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The texts in the order of their indices.
    pub fn into_texts(self) -> Vec<Rc<str>> {
        self.texts
    }
}

/// A length as an index. A version has far fewer than 2³² entries and texts.
pub fn index_from(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The most bytes of a text in a JSON text that is itself a string in a JSON text: a quote becomes `\\\"`, a control
/// character `\\u0001`.
pub fn bytes_within_json(text: &str) -> usize {
    let added = |byte: u8| match byte {
        b'"' | b'\\' => 3,
        0..0x20 => 6,
        _ => 0,
    };
    text.len() + 8 + text.bytes().map(added).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::Chunk;

    #[test]
    fn an_entry_is_stored_as_an_array() {
        let json = r#"{"departments":[["d",null]],"channels":["sms"],"reasons":["no_reply"],"names":["A","B"],"entries":[[1767322985678,7,"ai_stuck",0,"c",0,0,[1,0]],[1767322985679,8,"agent_abandoned",null,"e",0,0,[]]]}"#;
        let chunk: Chunk = serde_json::from_str(json).unwrap();
        assert_eq!(chunk.entries[0].row_no, 7);
        assert_eq!(chunk.entries[0].assignees, [1, 0]);
        assert_eq!(chunk.entries[1].department, None);
        assert_eq!(serde_json::to_string(&chunk).unwrap(), json);
    }
}
