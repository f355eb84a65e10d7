//! The batch that carries out publish plans.

use crate::refresh::lease::Lease;
use crate::refresh::plan::PublishPlan;
use crate::storage::database::{DatabaseError, SqlValue, Statement};
use crate::storage::json_table::{PARAMETER_BYTES_MAX, json_chunks};
use serde::Serialize;

/// The statements that carry out `plans`, to be run as one batch. There is none if nothing is to be written.
pub fn write_statements(plans: &[PublishPlan], lease: Lease) -> Result<Vec<Statement>, DatabaseError> {
    let mut rows = Vec::new();
    let mut chunks = Vec::new();
    let mut heads = Vec::new();
    let mut settled = Vec::new();
    let mut versions_removed = Vec::new();
    let mut rows_removed = Vec::new();
    for plan in plans {
        let id = &plan.organization_id;
        rows.extend(
            plan.rows
                .iter()
                .map(|(row_no, row)| (id, row_no, &row.people, &row.json)),
        );
        if let Some(head) = &plan.head {
            let numbered = plan.chunks.iter().enumerate();
            chunks.extend(numbered.map(|(number, chunk)| (id, head.version, number, chunk)));
            heads.push((
                id,
                head.version,
                head.next_row_no,
                head.candidates,
                &head.retired,
                head.retire_at,
                &head.categories,
            ));
        }
        settled.extend(
            plan.settled
                .iter()
                .map(|record| (id, &record.record_type, &record.record_id, &record.change_token)),
        );
        versions_removed.extend(plan.versions_removed.iter().map(|version| (id, version)));
        rows_removed.extend(plan.rows_removed.iter().map(|row_no| (id, row_no)));
    }

    let as_of = SqlValue::Integer(lease.as_of.as_milliseconds());
    let writes = [
        statements(include_str!("sql/write_rows.sql"), &rows, None)?,
        statements(include_str!("sql/write_chunks.sql"), &chunks, None)?,
        statements(include_str!("sql/switch_heads.sql"), &heads, Some(as_of))?,
        statements(include_str!("sql/settle_published.sql"), &settled, None)?,
        statements(include_str!("sql/remove_versions.sql"), &versions_removed, None)?,
        statements(include_str!("sql/remove_rows.sql"), &rows_removed, None)?,
    ]
    .concat();
    if writes.is_empty() {
        return Ok(writes);
    }
    Ok(std::iter::once(lease.guard()).chain(writes).collect())
}

/// A statement for as many rows (`?1`) as go into a parameter, until all of them are written.
fn statements<T: Serialize>(
    sql: &'static str,
    rows: &[T],
    second: Option<SqlValue>,
) -> Result<Vec<Statement>, DatabaseError> {
    let statement = |rows| Statement::new(sql, std::iter::once(SqlValue::Text(rows)).chain(second.clone()));
    Ok(json_chunks(rows, PARAMETER_BYTES_MAX)?
        .into_iter()
        .map(statement)
        .collect())
}
