//! Rows on their way to a reader: they were serialized when they were published, and pass through as they are.

use crate::api::error::ApiError;
use crate::auth::access::OrganizationId;
use crate::storage::database::{Database, SqlValue, Statement};

/// The most rows that one statement reads: its text names each.
const STATEMENT_ROWS_MAX: usize = 100;

/// Rows in order, two lines each: the people that `hasAccess` is worked out from, and the row itself. Both are JSON, which
/// has no line breaks.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Rows {
    lines: String,
    count: usize,
}

/// A row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassingRow<'a> {
    /// A JSON array: the ids of the owner and the assignees.
    pub people: &'a str,
    /// A JSON object: the row without `hasAccess`.
    pub json: &'a str,
}

impl Rows {
    /// The rows that these lines are, two for each of `count` rows, each line with its end.
    #[must_use]
    pub fn of_lines(lines: String, count: usize) -> Self {
        Self { lines, count }
    }

    /// The lines.
    #[must_use]
    pub fn as_lines(&self) -> &str {
        &self.lines
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The rows, in order.
    pub fn iter(&self) -> impl Iterator<Item = PassingRow<'_>> {
        let mut lines = self.lines.split_terminator('\n');
        std::iter::from_fn(move || {
            Some(PassingRow {
                people: lines.next()?,
                json: lines.next()?,
            })
        })
    }
}

/// Rows as the database has them, in the order of `row_nos`.
///
/// # Errors
/// [`ApiError::SnapshotExpired`] where one is not there any more.
pub async fn read_rows<D: Database>(
    database: &D,
    organization: &OrganizationId,
    row_nos: &[i64],
) -> Result<Rows, ApiError> {
    let statements = row_nos
        .chunks(STATEMENT_ROWS_MAX)
        .map(|row_nos| statement(organization, row_nos))
        .collect();
    let outcomes = database.batch(statements).await?;
    let found = outcomes.iter().flat_map(|outcome| &outcome.rows);
    let mut lines = String::new();
    for row in found {
        // Its version was removed while it was read, ten minutes after another took its place.
        let row = row.optional_text(0)?.ok_or(ApiError::SnapshotExpired)?;
        lines.push_str(row);
        lines.push('\n');
    }
    Ok(Rows::of_lines(lines, row_nos.len()))
}

/// Reads each row by a subquery of its own: joined with the list of their numbers every row would be billed twice.
fn statement(organization: &OrganizationId, row_nos: &[i64]) -> Statement {
    let row = include_str!("sql/row.sql").trim_end();
    let row = row.strip_suffix('0').unwrap_or(row);
    let mut text = String::from("VALUES ");
    let mut numbers = String::from("[");
    for (place, row_no) in row_nos.iter().enumerate() {
        if place > 0 {
            text.push(',');
            numbers.push(',');
        }
        for part in ["((", row, &place.to_string(), "))"] {
            text.push_str(part);
        }
        numbers.push_str(&row_no.to_string());
    }
    numbers.push(']');
    Statement::new(text, [SqlValue::from(organization.as_str()), SqlValue::Text(numbers)])
}

#[cfg(test)]
mod tests {
    use super::{PassingRow, Rows};

    #[test]
    fn two_lines_are_a_row() {
        let rows = Rows::of_lines("[1]\n{1}\n[2]\n{2}\n".to_owned(), 2);
        let row = |people, json| PassingRow { people, json };
        assert_eq!(rows.iter().collect::<Vec<_>>(), [row("[1]", "{1}"), row("[2]", "{2}")]);
        assert_eq!((rows.len(), rows.is_empty()), (2, false));
        assert_eq!(Rows::default().iter().count(), 0);
        assert!(Rows::default().is_empty());
    }
}
