//! A part of a version as it is stored: entries that name their texts by number, so that a text that many share is
//! written and kept once.

use crate::base::timestamp::Timestamp;
use crate::conversation::category::{Category, Reason};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::rc::Rc;

/// The JSON of a part.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Chunk {
    /// `[[id, name or null], …]`
    pub departments: Vec<(Rc<str>, Option<Rc<str>>)>,
    pub channels: Vec<Rc<str>>,
    pub reasons: Vec<Reason>,
    /// Names of assignees as they are shown.
    pub names: Vec<Rc<str>>,
    pub entries: Vec<ChunkEntry>,
}

/// `[stalledSince, row number, category, department or null, conversationId, reason, channel, [name, …]]`: departments,
/// reasons, channels and names by their places in the part's tables.
#[derive(Debug, Serialize, Deserialize)]
pub struct ChunkEntry(
    pub Timestamp,
    pub i64,
    pub Category,
    pub Option<u32>,
    pub String,
    pub u32,
    pub u32,
    pub Vec<u32>,
);

/// What stands at `number` of a part's table.
///
/// # Errors
/// Where the table has no such place.
pub fn at<T>(table: &[T], number: u32) -> Result<&T, serde_json::Error> {
    table
        .get(number as usize)
        .ok_or_else(|| serde::de::Error::custom("a number beyond its table"))
}

/// Texts, each of which is there once.
#[derive(Debug, Default)]
pub struct Texts {
    numbers: HashMap<Rc<str>, u32>,
    texts: Vec<Rc<str>>,
    bytes: usize,
}

impl Texts {
    /// The number of `text`, a new one where it is new.
    pub fn number(&mut self, text: &Rc<str>) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.bytes = self.bytes.saturating_add(bytes_within_json(text));
        self.texts.push(Rc::clone(text));
        self.numbers.insert(Rc::clone(text), number);
        number
    }

    /// What they take as [`bytes_within_json`].
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The texts by number.
    pub fn into_texts(self) -> Vec<Rc<str>> {
        self.texts
    }
}

/// The most bytes of a text in a JSON text that is itself a string of a JSON text: a quote becomes `\\\"`, a control
/// character `\\u0001`.
pub fn bytes_within_json(text: &str) -> usize {
    let added = |byte: u8| match byte {
        b'"' | b'\\' => 3,
        0..0x20 => 6,
        _ => 0,
    };
    text.bytes().fold(text.len().saturating_add(8), |sum, byte| {
        sum.saturating_add(added(byte))
    })
}
