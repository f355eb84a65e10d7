//! Reading a webhook: only the members that a mapper names, each by type, and what is not as it should be is noted.

use crate::base::timestamp::Timestamp;
use crate::connector::outcome::{NOTES_MAX, Note};
use crate::conversation::fields::{NAME_BYTES_MAX, NAME_CHARACTERS_MAX};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

/// The most items of an array that are read.
const ITEMS_MAX: usize = 100;

/// Parses a webhook. Members that are not among `members` are skipped, wherever they are, and nothing of them is kept.
/// A string is kept only up to the length that a name may have.
///
/// # Errors
/// If the body is no JSON, or one of these members is in an object twice.
pub fn parse(body: &[u8], members: &'static [&'static str]) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = Pruned { members, is_kept: true }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Reads a value, or passes over it.
#[derive(Clone, Copy)]
struct Pruned {
    members: &'static [&'static str],
    is_kept: bool,
}

impl Pruned {
    const fn skipped(self) -> Self {
        Self { is_kept: false, ..self }
    }
}

impl<'de> DeserializeSeed<'de> for Pruned {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Pruned {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        if !self.is_kept {
            return Ok(Value::Null);
        }
        let ends = value
            .char_indices()
            .map(|(start, character)| start.saturating_add(character.len_utf8()));
        let fits = ends.take(NAME_CHARACTERS_MAX).take_while(|end| *end <= NAME_BYTES_MAX);
        let name = value.get(..fits.last().unwrap_or_default()).unwrap_or_default();
        Ok(Value::String(name.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        let mut item = self;
        while let Some(value) = access.next_element_seed(item)? {
            if item.is_kept {
                values.push(value);
            }
            if values.len() >= ITEMS_MAX {
                item = item.skipped();
            }
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(member) = access.next_key_seed(Name(self.members))? {
            let member = member.filter(|_| self.is_kept);
            let seed = if member.is_some() { self } else { self.skipped() };
            let value = access.next_value_seed(seed)?;
            if let Some(name) = member
                && object.insert(name.to_owned(), value).is_some()
            {
                return Err(A::Error::custom("a member is there twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

/// The name of a member, if it is one that is read.
struct Name(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<&'static str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().find(|name| **name == value).copied())
    }
}

/// Notes taken while a webhook is read.
#[derive(Debug, Default)]
pub struct Notes(RefCell<Vec<Note>>);

impl Notes {
    /// Whether nothing was.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// All notes.
    pub fn into_list(self) -> Vec<Note> {
        self.0.into_inner()
    }

    fn add(&self, note: Note) {
        let mut notes = self.0.borrow_mut();
        if notes.len() < NOTES_MAX && !notes.contains(&note) {
            notes.push(note);
        }
    }
}

/// A value of a webhook and where it is. One that is absent or null has no value.
///
/// Reading it as a type that it does not have is noted, and gives nothing.
#[derive(Clone, Copy)]
pub struct Node<'v, 'p> {
    value: Option<&'v Value>,
    parent: Option<&'p Node<'v, 'p>>,
    name: &'static str,
    notes: &'v Notes,
}

impl<'v> Node<'v, '_> {
    /// The webhook.
    pub fn root(value: &'v Value, notes: &'v Notes) -> Self {
        Self {
            value: Some(value).filter(|value| !value.is_null()),
            parent: None,
            name: "",
            notes,
        }
    }

    /// Whether there is a value.
    pub fn exists(&self) -> bool {
        self.value.is_some()
    }

    /// A member of an object.
    pub fn member<'c>(&'c self, name: &'static str) -> Node<'v, 'c> {
        let value = match self.value {
            None => None,
            Some(Value::Object(object)) => object.get(name).filter(|value| !value.is_null()),
            Some(_) => self.reject("an object"),
        };
        Node {
            value,
            parent: Some(self),
            name,
            notes: self.notes,
        }
    }

    /// The items of an array.
    pub fn items<'c>(&'c self) -> impl Iterator<Item = Node<'v, 'c>> {
        let values: &'v [Value] = match self.value {
            None => &[],
            Some(Value::Array(values)) => values,
            Some(_) => self.reject("an array").unwrap_or_default(),
        };
        values.iter().map(|value| Node {
            value: Some(value).filter(|value| !value.is_null()),
            parent: Some(self),
            name: "*",
            notes: self.notes,
        })
    }

    /// A string.
    pub fn text(&self) -> Option<&'v str> {
        self.value
            .and_then(|value| value.as_str().or_else(|| self.reject("a string")))
    }

    /// The full name of a person who has two names, if there is a person.
    pub fn full_name(&self, first: &'static str, last: &'static str) -> Option<String> {
        let first = self.member(first).text().unwrap_or_default();
        let last = self.member(last).text().unwrap_or_default();
        self.exists().then(|| [first, " ", last].concat().trim().to_owned())
    }

    /// A boolean; false if it is absent.
    pub fn flag(&self) -> bool {
        self.value
            .and_then(|value| value.as_bool().or_else(|| self.reject("a boolean")))
            .unwrap_or_default()
    }

    /// The number or the string that the help desk has as an id.
    pub fn id(&self) -> Option<Cow<'v, str>> {
        match self.value? {
            Value::Number(number) if number.is_u64() => Some(Cow::Owned(number.to_string())),
            Value::String(text) if !text.is_empty() => Some(Cow::Borrowed(text)),
            _ => self.reject("an id"),
        }
    }

    /// An id that is a number, as [`Node::id`] gives it, for the order in which things were made; 0 if it is none.
    pub fn sequence(&self) -> u64 {
        self.value.and_then(Value::as_u64).unwrap_or_default()
    }

    /// An instant: RFC 3339, or seconds since 1970 with or without a fraction. 0 is none.
    pub fn instant(&self) -> Option<Timestamp> {
        let instant = match self.value? {
            Value::String(text) => Timestamp::from_rfc3339(text),
            Value::Number(seconds) => seconds.as_f64().and_then(from_seconds),
            _ => None,
        };
        instant.or_else(|| self.reject("an instant"))
    }

    /// What a table has for the text. `None` means that there is no text, or that the table does not have it.
    pub fn look_up<T: Copy>(&self, table: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        table.iter().find(|(known, _)| *known == text).map(|(_, value)| *value)
    }

    /// Notes that the value must be there for `expected` to be known, and is not, unless reading it has noted that
    /// already.
    pub fn require<T>(&self, value: Option<T>, expected: &'static str) -> Option<T> {
        if value.is_none() && self.value.is_none() {
            self.note("absent", expected);
        }
        value
    }

    /// Notes that the value is none of those that are known.
    pub fn note_unknown(&self, expected: &'static str) {
        self.note(self.found(), expected);
    }

    fn reject<T>(&self, expected: &'static str) -> Option<T> {
        self.note(self.found(), expected);
        None
    }

    fn note(&self, found: &'static str, expected: &'static str) {
        self.notes.add(Note {
            path: self.path(),
            found,
            expected: Cow::Borrowed(expected),
        });
    }

    fn path(&self) -> String {
        self.parent
            .map_or_else(String::new, |parent| format!("{}/{}", parent.path(), self.name))
    }

    fn found(&self) -> &'static str {
        match self.value {
            None | Some(Value::Null) => "absent",
            Some(Value::Bool(_)) => "a boolean",
            Some(Value::Number(_)) => "a number",
            Some(Value::String(_)) => "a string",
            Some(Value::Array(_)) => "an array",
            Some(Value::Object(_)) => "an object",
        }
    }
}

/// The instant of these seconds since 1970, truncated to milliseconds. A double has the seconds of our time to a
/// quarter of a microsecond, so what was a whole number of milliseconds may have become a little less.
fn from_seconds(seconds: f64) -> Option<Timestamp> {
    const HALF_A_MICROSECOND_MS: f64 = 0.0005;
    // 9999-12-31: what is later is milliseconds, and no year that RFC 3339 can write.
    const SECONDS_MAX: f64 = 253_402_300_799.0;
    let is_instant = seconds > 0.0 && seconds <= SECONDS_MAX;
    is_instant.then(|| Timestamp::from_milliseconds((seconds * 1_000.0 + HALF_A_MICROSECOND_MS) as i64))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn keeps_of_a_string_what_a_name_may_have() {
        for (character, kept) in [("a", 512), ("é", 512), ("美", 341), ("😀", 256)] {
            let body = format!("{{\"name\":\"{}\"}}", character.repeat(600));
            let value = parse(body.as_bytes(), &["name"]).unwrap();
            assert_eq!(value["name"], character.repeat(kept), "{character}");
        }
        assert_eq!(parse(br#"{"name":""}"#, &["name"]).unwrap()["name"], "");
    }
}
