//! Reading the fields of an event, each with its type, its limits and its default.

use crate::base::id::{ID_CHARACTERS_MAX, is_id};
use crate::base::strict_json::{Object, whole_number};
use crate::base::timestamp::{MINUTE_MS, Timestamp};
use serde_json::Value;
use std::str::FromStr;
use strum::VariantNames;

/// The most characters of a name.
pub const NAME_CHARACTERS_MAX: usize = 512;
/// The most bytes of a name in UTF-8.
pub const NAME_BYTES_MAX: usize = 1_024;
/// The most characters of a phone number or a channel type.
pub const WORD_CHARACTERS_MAX: usize = 64;
/// The most assignees of a conversation.
pub const ASSIGNEES_MAX: usize = 100;
/// How far ahead of the service's clock an event may be: clocks of sources differ.
pub const CLOCK_SKEW_MAX_MS: i64 = 5 * MINUTE_MS;
/// The greatest `sequence` and `revision`: 2^53 − 1, the greatest integer that every JSON reader keeps exactly.
pub const COUNTER_MAX: u64 = 9_007_199_254_740_991;

/// What is wrong with an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The name of the field. It is empty if the event as a whole is meant.
    pub field: &'static str,
    /// What is wrong with it, for a person.
    pub reason: String,
}

impl Problem {
    /// A problem of one field.
    pub fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self {
            field,
            reason: reason.into(),
        }
    }
}

fn id_expected() -> String {
    format!("must be a string of 1 to {ID_CHARACTERS_MAX} characters, without control characters and half surrogates")
}

/// The fields of one event. A field that is null counts as absent.
pub struct Fields<'a> {
    object: &'a Object,
    received: Received<'a>,
}

/// How an event was received.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// When: the service's clock.
    pub now: Timestamp,
    /// The same event with another character instead of each half of a surrogate pair. What differs between the two has
    /// a half. `None` means that the whole request has none.
    pub other_reading: Option<&'a Value>,
}

impl From<Timestamp> for Received<'_> {
    fn from(now: Timestamp) -> Self {
        Self {
            now,
            other_reading: None,
        }
    }
}

impl<'a> Fields<'a> {
    /// The fields of an event.
    #[must_use]
    pub fn new(object: &'a Object, received: Received<'a>) -> Self {
        Self { object, received }
    }

    /// Whether half a surrogate pair is in a field. In an id it is refused, because two ids could become one.
    fn has_half_a_pair(&self, name: &str) -> bool {
        let other = self.received.other_reading;
        other.is_some_and(|other| other.get(name) != self.object.get(name))
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// An id that may be left out.
    pub fn optional_id(&self, name: &'static str) -> Result<Option<String>, Problem> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(id)) if is_id(id) && !self.has_half_a_pair(name) => Ok(Some(id.clone())),
            Some(_) => Err(Problem::new(name, id_expected())),
        }
    }

    /// An id.
    pub fn id(&self, name: &'static str) -> Result<String, Problem> {
        self.optional_id(name)?.ok_or_else(|| missing(name))
    }

    /// A list of ids, empty if it is left out.
    pub fn ids(&self, name: &'static str) -> Result<Vec<String>, Problem> {
        let values = match self.get(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(values)) if values.len() <= ASSIGNEES_MAX => values,
            Some(_) => {
                let reason = format!("must be an array of at most {ASSIGNEES_MAX} ids");
                return Err(Problem::new(name, reason));
            }
        };
        let has_half_a_pair = self.has_half_a_pair(name);
        let id = |value: &Value| match value {
            Value::String(id) if is_id(id) && !has_half_a_pair => Ok(id.clone()),
            _ => Err(Problem::new(name, format!("each {}", id_expected()))),
        };
        values.iter().map(id).collect()
    }

    /// A text that may be left out.
    pub fn optional_text(&self, name: &'static str, characters_max: usize) -> Result<Option<String>, Problem> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.chars().count() <= characters_max => Ok(Some(text.clone())),
            Some(_) => Err(Problem::new(
                name,
                format!("must be a string of at most {characters_max} characters"),
            )),
        }
    }

    /// The name of something.
    pub fn name(&self, name: &'static str) -> Result<String, Problem> {
        let text = self
            .optional_text(name, NAME_CHARACTERS_MAX)?
            .ok_or_else(|| missing(name))?;
        if text.len() > NAME_BYTES_MAX {
            let reason = format!("must be a string of at most {NAME_BYTES_MAX} bytes in UTF-8");
            return Err(Problem::new(name, reason));
        }
        Ok(text)
    }

    /// A phone number that may be left out.
    pub fn optional_word(&self, name: &'static str) -> Result<Option<String>, Problem> {
        self.optional_text(name, WORD_CHARACTERS_MAX)
    }

    /// A word, such as a channel type. It may not be empty.
    pub fn word(&self, name: &'static str) -> Result<String, Problem> {
        match self.optional_word(name)? {
            None => Err(missing(name)),
            Some(word) if word.is_empty() => Err(Problem::new(name, "must not be empty")),
            Some(word) => Ok(word),
        }
    }

    /// A boolean that may be left out.
    pub fn flag(&self, name: &'static str, default: bool) -> Result<bool, Problem> {
        Ok(self.optional_flag(name)?.unwrap_or(default))
    }

    /// A boolean.
    pub fn required_flag(&self, name: &'static str) -> Result<bool, Problem> {
        self.optional_flag(name)?.ok_or_else(|| missing(name))
    }

    fn optional_flag(&self, name: &'static str) -> Result<Option<bool>, Problem> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(Problem::new(name, "must be true or false")),
        }
    }

    /// One of the names of `T`'s variants, or absent.
    pub fn optional_choice<T: FromStr + VariantNames>(&self, name: &'static str) -> Result<Option<T>, Problem> {
        let variant = self.optional_name_of(name, T::VARIANTS)?;
        Ok(variant.and_then(|variant| variant.parse().ok()))
    }

    fn optional_name_of(&self, name: &'static str, names: &[&str]) -> Result<Option<&'a str>, Problem> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let text = value.as_str().filter(|text| names.contains(text));
        text.map(Some)
            .ok_or_else(|| Problem::new(name, format!("must be one of {}", names.join(", "))))
    }

    /// One of the names of `T`'s variants.
    pub fn choice<T: FromStr + VariantNames>(&self, name: &'static str) -> Result<T, Problem> {
        self.optional_choice(name)?.ok_or_else(|| missing(name))
    }

    /// A whole number from 0 to 2^53 − 1, such as a sequence or a revision; 0 if it is left out.
    pub fn counter(&self, name: &'static str) -> Result<u64, Problem> {
        let Some(value) = self.get(name) else {
            return Ok(0);
        };
        whole_number(value)
            .filter(|number| *number <= COUNTER_MAX)
            .ok_or_else(|| Problem::new(name, format!("must be a whole number from 0 to {COUNTER_MAX}")))
    }

    /// An instant, past or future, or absent.
    pub fn optional_instant(&self, name: &'static str) -> Result<Option<Timestamp>, Problem> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        value
            .as_str()
            .and_then(instant)
            .map(Some)
            .ok_or_else(|| Problem::new(name, "must be an RFC 3339 instant such as 2026-05-18T14:00:00.000Z"))
    }

    /// The instant of something that has happened, or absent.
    pub fn optional_past(&self, name: &'static str) -> Result<Option<Timestamp>, Problem> {
        let instant = self.optional_instant(name)?;
        match instant {
            Some(instant) if instant.as_milliseconds() < 0 => Err(Problem::new(name, "must not be before 1970")),
            Some(instant) if instant > self.received.now.plus(CLOCK_SKEW_MAX_MS) => {
                let minutes = CLOCK_SKEW_MAX_MS / MINUTE_MS;
                let reason = format!("must not be more than {minutes} minutes ahead of the service's clock");
                Err(Problem::new(name, reason))
            }
            _ => Ok(instant),
        }
    }

    /// The instant of something that has happened.
    pub fn past(&self, name: &'static str) -> Result<Timestamp, Problem> {
        self.optional_past(name)?.ok_or_else(|| missing(name))
    }
}

/// An instant of RFC 3339, or with the offset written as `+hhmm`, as many systems do.
fn instant(text: &str) -> Option<Timestamp> {
    let (rest, minutes) = text.split_at_checked(text.len().checked_sub("00".len())?)?;
    let is_sign = |byte: &u8| matches!(byte, b'+' | b'-');
    let digits = rest.as_bytes().rchunks("+00".len()).next();
    match digits {
        Some([sign, hours @ ..]) if is_sign(sign) && hours.iter().all(u8::is_ascii_digit) => {
            Timestamp::from_rfc3339(&format!("{rest}:{minutes}"))
        }
        _ => Timestamp::from_rfc3339(text),
    }
}

fn missing(name: &'static str) -> Problem {
    Problem::new(name, "is required")
}
