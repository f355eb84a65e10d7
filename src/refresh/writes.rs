//! The batch that carries out publish plans.

use crate::refresh::lease::Lease;
use crate::refresh::plan::PublishPlan;
use crate::storage::database::{DatabaseError, SqlValue, Statement};
use crate::storage::json_table::{PARAMETER_BYTES_MAX, json_chunks};
use serde::Serialize;

/// The statements that carry out `plans`, to be run as one batch. There is none if nothing is to be written.
pub fn write_statements(plans: &[PublishPlan], lease: &Lease<'_>) -> Result<Vec<Statement>, DatabaseError> {
    let mut rows = Vec::new();
    let mut chunks = Vec::new();
    let mut heads = Vec::new();
    let mut settled = Vec::new();
    let mut lost = Vec::new();
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
                head.missing,
                plan.is_complete,
            ));
        }
        settled.extend(
            plan.settled
                .iter()
                .map(|record| (id, &record.record_type, &record.record_id, &record.change_token)),
        );
        chunks.extend(
            plan.superseded_lists
                .iter()
                .map(|(version, list)| (id, -version, 0, list)),
        );
        if let Some(version) = &plan.lost {
            if version.is_head_lost {
                let parameters = [id.as_str().into(), version.version.into()];
                lost.push(Statement::new(include_str!("sql/remove_lost_versions.sql"), parameters));
            }
            let parameters = [id.as_str().into(), version.version.into(), version.next_row_no.into()];
            lost.push(Statement::new(include_str!("sql/list_lost_rows.sql"), parameters));
        }
    }

    let as_of = SqlValue::Integer(lease.as_of.as_milliseconds());
    let writes = [
        lost,
        statements(include_str!("sql/write_rows.sql"), &rows, None)?,
        statements(include_str!("sql/write_chunks.sql"), &chunks, None)?,
        statements(include_str!("sql/switch_heads.sql"), &heads, Some(as_of))?,
        statements(include_str!("sql/settle_published.sql"), &settled, Some(lease.mark()))?,
    ]
    .concat();
    if writes.is_empty() {
        return Ok(writes);
    }
    Ok(lease.guarded(writes))
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
