//! The statements by which erasures and purges are carried out, some rows at a time.

use crate::base::id::ID_CHARACTERS_MAX;
use crate::base::timestamp::Timestamp;
use crate::erasure::sql;
use crate::storage::database::{SqlValue, Statement};
use std::borrow::Cow;

/// How many erasures are carried out at a time.
const ERASURES_MAX: i64 = 500;
/// How many items of erased conversations are removed at a time.
const ITEMS_MAX: i64 = 5_000;
/// How many rows of each table are purged at a time.
const ROWS_MAX: i64 = 2_000;

fn open(sql: &'static str, of: Option<&str>, more: Option<SqlValue>) -> Statement {
    let (first, last, most) = match of {
        Some(organization_id) => (organization_id, organization_id.to_owned(), -1),
        // From before every id to after every id.
        None => ("", "\u{10ffff}".repeat(ID_CHARACTERS_MAX + 1), ERASURES_MAX),
    };
    let mut parameters = vec![first.into(), SqlValue::Text(last), SqlValue::Integer(most)];
    parameters.extend(more);
    Statement::new(sql, parameters)
}

/// The statements that make removals of the records of open erasures: of one organization, or of a portion of them all.
pub(super) fn removal_statements(organization_id: Option<&str>, change_token: &str) -> [Statement; 2] {
    let token = Some(change_token.into());
    [
        open(sql::OPEN_PENDING, organization_id, token),
        open(sql::OPEN_RECORDS, organization_id, None),
    ]
}

/// The statements that carry out a portion of the open erasures. The last but one removes items, and the last counts
/// the erasures that are done.
#[must_use]
pub fn close_statements(change_token: &str) -> Vec<Statement> {
    let items = Some(SqlValue::Integer(ITEMS_MAX));
    let mut statements = Vec::from(removal_statements(None, change_token));
    statements.extend([
        open(sql::OPEN_SWEPT, None, None),
        open(sql::OPEN_ACKNOWLEDGEMENTS, None, None),
        open(sql::OPEN_ITEMS, None, items),
        open(sql::OPEN_CLOSED, None, None),
    ]);
    statements
}

/// How many of the statements that purge an organization remove rows.
pub const PURGE_STATEMENTS: usize = 11;

/// The statements that remove a portion of each table's rows of an organization that was removed.
#[must_use]
pub fn purge_statements(organization_id: &str) -> [Statement; PURGE_STATEMENTS] {
    [
        sql::PURGED_RECORDS,
        sql::PURGED_PENDING,
        sql::PURGED_STATES,
        sql::PURGED_SWEPT,
        sql::PURGED_ROWS,
        sql::PURGED_CHUNKS,
        sql::PURGED_SETTINGS,
        sql::PURGED_ALERTS,
        sql::PURGED_HOURS,
        sql::PURGED_CONNECTIONS,
        sql::PURGED_ERASURES,
    ]
    .map(|sql| of_organization(sql, organization_id, ROWS_MAX))
}

/// The statement that ends a purge: the organization is purged again at `again_at`.
#[must_use]
pub fn purge_end(organization_id: &str, again_at: Timestamp) -> Statement {
    of_organization(sql::PURGED_HEAD, organization_id, again_at.as_milliseconds())
}

/// The statement that notes which organizations were removed since the last pass: they may be purged at `purge_at`.
#[must_use]
pub fn note_removed(purge_at: Timestamp) -> Statement {
    Statement::new(sql::NOTE_REMOVED, [purge_at.as_milliseconds().into()])
}

/// The statement that opens erasures again whose records an older worker has taken in. `range` has the three columns of
/// a record's key twice: it is about those after the first up to the second.
#[must_use]
pub fn reopen(range: Vec<SqlValue>) -> Statement {
    Statement::new(sql::REOPEN, range)
}

/// A statement about an organization, with a number as its second parameter.
pub(super) fn of_organization(sql: impl Into<Cow<'static, str>>, organization_id: &str, number: i64) -> Statement {
    Statement::new(sql, [organization_id.into(), SqlValue::Integer(number)])
}
