//! Many values in one parameter of a statement, as JSON that the statement takes apart with `json_each`.

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

/// Rows as JSON arrays of at most `bytes_max` bytes each, unless a single row is longer; no array if there is no row.
/// A row is a tuple: `value ->> 0` in SQL is its first column.
///
/// # Errors
/// As [`to_json`].
pub fn json_chunks<T: Serialize>(
    rows: impl IntoIterator<Item = T>,
    bytes_max: usize,
) -> Result<Vec<String>, DatabaseError> {
    let mut chunks = Vec::new();
    let mut chunk = String::new();
    for row in rows {
        let row = to_json(&row)?;
        if !chunk.is_empty() && chunk.len() + row.len() + ",]".len() > bytes_max {
            chunks.push(std::mem::take(&mut chunk) + "]");
        }
        chunk.push(if chunk.is_empty() { '[' } else { ',' });
        chunk.push_str(&row);
    }
    if !chunk.is_empty() {
        chunks.push(chunk + "]");
    }
    Ok(chunks)
}

#[cfg(test)]
mod tests {
    use super::json_chunks;

    #[test]
    fn chunks_are_limited_and_have_every_row_in_order() {
        let long = "\"\\\u{1}é\u{10000}".repeat(1_000);
        let rows: Vec<(i64, &str, Option<&str>)> = (0..500).map(|number| (number, long.as_str(), None)).collect();
        let chunks = json_chunks(&rows, 100_000).unwrap();
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
            json_chunks(["a", "too long", "b"], 8).unwrap(),
            [r#"["a"]"#, r#"["too long"]"#, r#"["b"]"#]
        );
        assert!(json_chunks([0; 0], 8).unwrap().is_empty());
    }
}
