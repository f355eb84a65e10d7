//! The rows of a page. They were written as JSON when they were published, and pass through as that text.

use crate::auth::access::{OrganizationId, View};
use crate::report::error::ReportError;
use crate::storage::database::{Database, DatabaseError, Row, SqlValue, Statement};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::VecDeque;

/// The most rows that one statement reads.
const STATEMENT_ROWS_MAX: usize = 100;
/// The most bytes of a short row, its people included.
const SHORT_BYTES_MAX: usize = 19_000;
/// The most bytes of a text in D1.
const TEXT_BYTES_MAX: usize = 2_000_000;
/// The most digits of a row number, a tab and a separator.
const BYTES_BESIDES: usize = 16 + 2;
/// What is between two rows in a text. JSON has no such character, not even between its tokens.
const SEPARATOR: char = '\u{1e}';
const _: () = assert!(STATEMENT_ROWS_MAX * (SHORT_BYTES_MAX + BYTES_BESIDES) < TEXT_BYTES_MAX);

/// A published row. It is the same for all callers.
///
/// It is one line of text: a JSON array, the ids of the owner and the assignees; a tab; and a JSON object, the row
/// without `hasAccess`. Neither has a tab or a line break in it, as JSON escapes both in texts, and the refresh puts
/// none between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRow(String);

impl PageRow {
    /// A row from its line.
    #[must_use]
    pub fn from_line(line: String) -> Self {
        Self(line)
    }

    /// The row as its line.
    #[must_use]
    pub fn as_line(&self) -> &str {
        &self.0
    }

    /// The people and the row.
    ///
    /// # Errors
    /// [`ReportError::Corrupt`] if it is not a line of both.
    pub fn people_and_row(&self) -> Result<(&str, &str), ReportError> {
        let parts = self.0.split_once('\t');
        parts.ok_or_else(|| ReportError::Corrupt("a row has no people".to_owned()))
    }
}

/// Reads rows from the database. They come in the order of `row_nos`.
///
/// # Errors
/// [`ReportError::SnapshotExpired`] if one of them is no longer stored; [`ReportError::Unavailable`];
/// [`ReportError::Corrupt`] if one is not what a refresh publishes.
pub async fn read_rows<D: Database>(
    database: &D,
    organization: &OrganizationId,
    row_nos: &[i64],
) -> Result<Vec<PageRow>, ReportError> {
    let mut found = VecDeque::new();
    for length in [RowLength::Short, RowLength::Long] {
        if found.len() == row_nos.len() {
            break;
        }
        let is_unknown = |row_no: &&i64| !found.iter().any(|(own, _)| own == *row_no);
        let unknown: Vec<i64> = row_nos.iter().filter(is_unknown).copied().collect();
        let statements = row_statements(organization, &unknown, length, None);
        for outcome in database.batch(statements).await? {
            for row in outcome.rows.iter().flat_map(decode) {
                found.push_back(row?);
            }
        }
    }
    in_order(row_nos, found).ok_or(ReportError::SnapshotExpired)
}

/// The rows of these numbers. `None` means that one of them is not there: a version may be removed while it is read,
/// ten minutes after another has superseded it.
fn in_order(row_nos: &[i64], mut found: VecDeque<(i64, PageRow)>) -> Option<Vec<PageRow>> {
    // SQLite gives them in the order of the list, so each is the first that is left, unless some are long. SQL does not
    // promise that.
    let mut take = |row_no: &i64| {
        let index = found.iter().position(|(own, _)| own == row_no)?;
        found.remove(index).map(|(_, row)| row)
    };
    row_nos.iter().map(&mut take).collect()
}

/// Which rows a statement reads, by their length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowLength {
    /// Rows of at most [`SHORT_BYTES_MAX`], which is nearly all. They come in one text. As a row of the result each,
    /// with two columns, 25 of them would take 4 % more CPU, and 100 of them 6 %.
    Short,
    /// The others. Each comes in a text of its own.
    Long,
}

/// The statements that read rows by their key: if a version is named, only while it is the newest.
///
/// Of each row they read its number, a tab and its [`PageRow`]. The `PageRow` is empty if the people or the row are not
/// JSON: to see that in wasm would take as long, and more code.
///
/// The row numbers are a `VALUES` list that is joined: so every row is billed once. It would be billed twice with
/// `row_no IN (…)` and three times with `json_each`, because SQLite then reads the numbers from a table of their own.
/// They are in the text, where integers can do no harm: D1 takes at most 100 parameters, and validates each of them.
pub(super) fn row_statements(
    organization: &OrganizationId,
    row_nos: &[i64],
    length: RowLength,
    newest_version: Option<i64>,
) -> Vec<Statement> {
    let (before, after, comparison) = match length {
        RowLength::Short => ("group_concat(", ", char(30))", "<="),
        RowLength::Long => ("", "", ">"),
    };
    let mut parameters = vec![SqlValue::from(organization.as_str())];
    let mut condition = "";
    if let Some(version) = newest_version {
        condition = " AND (SELECT version FROM organization AS o WHERE o.organization_id = ?1) = ?2";
        parameters.push(SqlValue::Integer(version));
    }
    let chunks = row_nos.chunks(STATEMENT_ROWS_MAX).map(|row_nos| {
        let row_nos: Vec<String> = row_nos.iter().map(i64::to_string).collect();
        let row_nos = row_nos.join("), (");
        let sql = format!(
            "SELECT {before}row_no || char(9) || iif(json_valid(people) AND json_valid(json),
                people || char(9) || json, ''){after} AS lines
            FROM (VALUES ({row_nos})) CROSS JOIN snapshot_row ON row_no = column1
            WHERE organization_id = ?1
                AND octet_length(people) + octet_length(json) {comparison} {SHORT_BYTES_MAX}{condition}"
        );
        Statement::new(sql, parameters.clone())
    });
    chunks.collect()
}

/// The published rows, with their numbers, that are in the texts of a row of a result.
pub(super) fn decode(Row(texts): &Row) -> impl Iterator<Item = Result<(i64, PageRow), ReportError>> {
    let texts = texts.iter().filter_map(|text| match text {
        SqlValue::Text(text) => Some(text),
        // Nothing was joined, because none of the rows is there.
        _ => None,
    });
    texts.flat_map(|text| text.split(SEPARATOR)).map(decode_one)
}

/// # Errors
/// [`ReportError::Corrupt`] if it is not a number, people and a row.
fn decode_one(text: &str) -> Result<(i64, PageRow), ReportError> {
    let parts = text.split_once('\t').filter(|(_, line)| line.contains('\t'));
    let row = parts.and_then(|(row_no, line)| Some((row_no.parse().ok()?, PageRow(line.to_owned()))));
    row.ok_or_else(|| DatabaseError::Decode("a row is not a number, people and JSON").into())
}

/// Which rows a caller has access to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowAccess<'a> {
    /// All.
    All,
    /// None.
    None,
    /// Those whose owner or assignee the caller is.
    OfPerson(&'a str),
}

impl<'a> From<&'a View> for RowAccess<'a> {
    fn from(view: &'a View) -> Self {
        match view {
            View::All => Self::All,
            View::Departments { subject, .. } => subject.as_deref().map_or(Self::None, Self::OfPerson),
        }
    }
}

impl RowAccess<'_> {
    /// Whether the caller has access to a row of `people`, a JSON array of ids.
    ///
    /// # Errors
    /// [`ReportError::Corrupt`] if `people` is something else.
    pub fn includes(self, people: &str) -> Result<bool, ReportError> {
        /// Borrowed from the JSON text, unless it has an escape.
        #[derive(Deserialize)]
        struct Id<'a>(#[serde(borrow)] Cow<'a, str>);

        let Self::OfPerson(subject) = self else {
            return Ok(self == Self::All);
        };
        let ids: Vec<Id<'_>> = serde_json::from_str(people)
            .map_err(|error| ReportError::Corrupt(format!("the people of a row are not ids: {error}")))?;
        Ok(ids.iter().any(|id| id.0 == subject))
    }
}

#[cfg(test)]
mod tests {
    use super::{PageRow, Row, RowAccess, SqlValue, decode, in_order};
    use crate::report::error::ReportError;
    use std::collections::VecDeque;

    #[test]
    fn rows_come_in_the_order_that_is_asked_for() {
        let row = |number: i64| PageRow::from_line(format!("[]\t{{\"number\":{number}}}"));
        let found = |numbers: &[i64]| numbers.iter().map(|number| (*number, row(*number))).collect();
        let rows = |numbers: &[i64]| Some(numbers.iter().map(|number| row(*number)).collect());
        let asked = [5, 3, 9, 1];
        assert_eq!(in_order(&asked, found(&[5, 3, 9, 1])), rows(&asked));
        assert_eq!(in_order(&asked, found(&[9, 1, 3, 5])), rows(&asked));
        assert_eq!(in_order(&asked, found(&[5, 3, 9, 1, 7])), rows(&asked));
        assert_eq!(in_order(&asked, found(&[5, 3, 9])), None);
        assert_eq!(in_order(&asked, found(&[5, 3, 9, 2])), None);
        assert_eq!(in_order(&[], VecDeque::new()), rows(&[]));
    }

    #[test]
    fn the_rows_of_a_text_are_numbers_people_and_json_or_errors() {
        let rows = |text: SqlValue| decode(&Row(vec![text])).collect::<Vec<_>>();
        let row = |number: i64, line: &str| Ok((number, PageRow::from_line(line.to_owned())));
        assert_eq!(rows(SqlValue::Null), []);
        let text = |text: &str| rows(SqlValue::from(text));
        assert_eq!(text("5\t[]\t{}"), [row(5, "[]\t{}")]);
        assert_eq!(
            text("5\t[]\t{\n}\u{1e}3\t[]\t\t{}"),
            [row(5, "[]\t{\n}"), row(3, "[]\t\t{}")]
        );
        for damaged in ["", "5", "5\t", "5\t[]", "[]\t{}", "x\t[]\t{}", "\t[]\t{}"] {
            let read = text(&format!("5\t[]\t{{}}\u{1e}{damaged}\u{1e}3\t[]\t{{}}"));
            assert_eq!(read.len(), 3, "{damaged:?}");
            assert!(matches!(read[1], Err(ReportError::Corrupt(_))), "{damaged:?}");
        }
    }

    #[test]
    fn finds_an_id_in_a_json_array_and_nothing_that_looks_like_it() {
        let lists: [&[&str]; 6] = [
            &[],
            &["a"],
            &["a", "b"],
            &["ab", ",", "\",\"", "a\\"],
            &[",", "],[", "é"],
            &["\"", "b\\\"", "\u{1}"],
        ];
        let ids = [
            "", "a", "b", "ab", ",", "\",\"", "a\\", "\"", "b\\\"", "é", "\u{1}", "],[", "\\u0001", "[",
        ];
        for list in lists {
            let json = serde_json::to_string(list).unwrap();
            for id in ids {
                let access = RowAccess::OfPerson(id);
                assert_eq!(access.includes(&json), Ok(list.contains(&id)), "{id} in {json}");
            }
            assert_eq!(RowAccess::All.includes(&json), Ok(true));
            assert_eq!(RowAccess::None.includes(&json), Ok(false));
        }
    }
}
