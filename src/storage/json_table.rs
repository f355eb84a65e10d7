//! JSON tables: rows as one text, which a statement takes apart with `json_each`.

use crate::storage::database::DatabaseError;
use serde::Serialize;

/// The most bytes of one JSON table, unless a single row is longer: D1 takes 2 MB a parameter.
const TABLE_BYTES_MAX: usize = 900_000;

/// A value of a JSON table.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// null
    Null,
    /// A number.
    Integer(i64),
    /// A string.
    Text(&'a str),
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A table as JSON for `json_each`: an array of rows, each an array of values. Large tables become several texts.
#[derive(Debug, Default)]
pub struct Table {
    full: Vec<String>,
    open: Vec<u8>,
}

impl Table {
    /// Adds a row.
    pub fn push(&mut self, row: &[Value<'_>]) {
        let mut text = vec![b'['];
        for (number, value) in row.iter().enumerate() {
            if number > 0 {
                text.push(b',');
            }
            match value {
                Value::Null => text.extend_from_slice(b"null"),
                Value::Integer(integer) => text.extend_from_slice(integer.to_string().as_bytes()),
                Value::Text(value) => push_text(&mut text, value),
            }
        }
        text.push(b']');
        if self.open.len().saturating_add(text.len()) > TABLE_BYTES_MAX {
            self.close();
        }
        self.open.push(if self.open.is_empty() { b'[' } else { b',' });
        self.open.append(&mut text);
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            self.open.push(b']');
            let bytes = std::mem::take(&mut self.open);
            self.full.push(String::from_utf8(bytes).unwrap_or_default());
        }
    }

    /// The texts; none for a table without rows.
    #[must_use]
    pub fn into_texts(mut self) -> Vec<String> {
        self.close();
        self.full
    }
}

/// Adds `text` as a JSON string.
fn push_text(json: &mut Vec<u8>, text: &str) {
    // Writing a string to memory cannot fail.
    let _ = serde_json::to_writer(json, text);
}

/// A value as the JSON text of a parameter or a column.
///
/// # Errors
/// [`DatabaseError::Encode`] if JSON cannot represent it, such as a map whose keys are not strings.
pub fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String, DatabaseError> {
    serde_json::to_string(value).map_err(|_| DatabaseError::Encode)
}

#[cfg(test)]
mod tests {
    use super::{Table, Value};

    #[test]
    fn writes_tables_that_json_reads_back() {
        let mut table = Table::default();
        let long = "\"\\\u{1}é\u{10000}".repeat(1_000);
        let rows = 500;
        for number in 0..rows {
            let missing: Option<&str> = None;
            table.push(&[number.into(), Value::from(long.as_str()), missing.into()]);
        }
        let texts = table.into_texts();
        assert!(texts.len() > 1);
        assert!(texts.iter().all(|text| text.len() < 2_000_000));
        let read: Vec<(i64, String, Option<String>)> = texts
            .iter()
            .flat_map(|text| serde_json::from_str::<Vec<_>>(text).unwrap())
            .collect();
        assert_eq!(read.len(), rows as usize);
        for (number, (found, text, none)) in read.into_iter().enumerate() {
            assert_eq!((found, text.as_str(), none), (number as i64, long.as_str(), None));
        }
        assert!(Table::default().into_texts().is_empty());
    }
}
