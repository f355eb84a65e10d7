//! Many values in one parameter of a statement, as JSON that the statement takes apart with `json_each`.

use crate::base::timestamp::Timestamp;
use crate::storage::database::DatabaseError;
use serde::Serialize;

/// The most bytes of JSON in one parameter, unless a single row is longer: D1 takes 2 MB.
pub const PARAMETER_BYTES_MAX: usize = 900_000;

/// A value as JSON text.
///
/// # Errors
/// [`DatabaseError::Encode`] if JSON cannot represent it, such as a map whose keys are not strings.
pub fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String, DatabaseError> {
    serde_json::to_string(value).map_err(|_| DatabaseError::Encode)
}

/// A value of a row.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
pub enum JsonCell<'a> {
    /// `null`.
    Null,
    /// A number.
    Integer(i64),
    /// `true` or `false`.
    Flag(bool),
    /// A text.
    Text(&'a str),
    /// Texts, as an array.
    Texts(&'a [String]),
}

impl From<i64> for JsonCell<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<usize> for JsonCell<'_> {
    /// A number of things that are in memory.
    fn from(value: usize) -> Self {
        Self::Integer(value as i64)
    }
}

impl From<bool> for JsonCell<'_> {
    fn from(value: bool) -> Self {
        Self::Flag(value)
    }
}

impl From<Timestamp> for JsonCell<'_> {
    fn from(value: Timestamp) -> Self {
        Self::Integer(value.as_milliseconds())
    }
}

impl<'a> From<&'a str> for JsonCell<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a String> for JsonCell<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}

impl<'a, T: Into<Self>> From<Option<T>> for JsonCell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Rows as JSON arrays of at most `bytes_max` bytes each, unless a single row is longer; no array if there is no row.
/// `value ->> 0` in SQL is the first cell of a row.
///
/// # Errors
/// As [`to_json`].
pub fn json_chunks<'a, const N: usize>(
    rows: impl IntoIterator<Item = [JsonCell<'a>; N]>,
    bytes_max: usize,
) -> Result<Vec<String>, DatabaseError> {
    let mut chunks = Chunks::default();
    for row in rows {
        chunks.push(&row, bytes_max)?;
    }
    Ok(chunks.finish())
}

/// Chunks that are being filled.
#[derive(Default)]
struct Chunks {
    full: Vec<String>,
    last: String,
}

impl Chunks {
    fn push(&mut self, row: &[JsonCell<'_>], bytes_max: usize) -> Result<(), DatabaseError> {
        let row = to_json(row)?;
        if !self.last.is_empty() && self.last.len() + row.len() + ",]".len() > bytes_max {
            self.full.push(std::mem::take(&mut self.last) + "]");
        }
        self.last.push(if self.last.is_empty() { '[' } else { ',' });
        self.last.push_str(&row);
        Ok(())
    }

    fn finish(mut self) -> Vec<String> {
        if !self.last.is_empty() {
            self.full.push(self.last + "]");
        }
        self.full
    }
}

#[cfg(test)]
mod tests {
    use super::{JsonCell, json_chunks};

    #[test]
    fn chunks_are_limited_and_have_every_row_in_order() {
        let long = "\"\\\u{1}é\u{10000}".repeat(1_000);
        let rows: Vec<(i64, &str, Option<&str>)> = (0..500).map(|number| (number, long.as_str(), None)).collect();
        let cells = rows
            .iter()
            .map(|(number, text, none)| [(*number).into(), (*text).into(), (*none).into()]);
        let chunks = json_chunks(cells, 100_000).unwrap();
        assert!(chunks.len() > 1);
        assert!(chunks.iter().all(|chunk| chunk.len() <= 100_000));
        let parsed: Vec<(i64, String, Option<String>)> = chunks
            .iter()
            .flat_map(|chunk| serde_json::from_str::<Vec<_>>(chunk).unwrap())
            .collect();
        assert_eq!(parsed.len(), rows.len());
        for ((number, text, none), expected) in parsed.iter().zip(rows) {
            assert_eq!((*number, text.as_str(), none.as_deref()), expected);
        }
    }

    #[test]
    fn a_row_that_is_too_long_is_alone() {
        assert_eq!(
            json_chunks(["a", "too long", "b"].map(|text| [text.into()]), 10).unwrap(),
            [r#"[["a"]]"#, r#"[["too long"]]"#, r#"[["b"]]"#]
        );
        let none: [[JsonCell<'_>; 1]; 0] = [];
        assert!(json_chunks(none, 8).unwrap().is_empty());
    }
}
