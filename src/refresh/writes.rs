//! The batch that carries out publish plans.

use crate::refresh::lease::Lease;
use crate::refresh::plan::PublishPlan;
use crate::refresh::sql;
use crate::snapshot::trend::SLOTS;
use crate::storage::database::{DatabaseError, SqlValue, Statement};
use crate::storage::json_table::{Cell, PARAMETER_BYTES_MAX, json_chunks};

/// The statements that carry out `plans`, to be run as one batch. There is none if nothing is to be written.
pub fn write_statements(plans: &[PublishPlan], lease: &Lease<'_>) -> Result<Vec<Statement>, DatabaseError> {
    let mut rows = Vec::new();
    let mut chunks = Vec::new();
    let mut heads = Vec::new();
    let mut settled = Vec::new();
    let mut lost = Vec::new();
    let mut hours = Vec::new();
    for plan in plans {
        let id = Cell::from(&plan.organization_id);
        rows.extend(
            plan.rows
                .iter()
                .map(|(row_no, row)| [id, (*row_no).into(), Cell::from(&row.people), Cell::from(&row.json)]),
        );
        if let Some(head) = &plan.head {
            let numbered = plan.chunks.iter().enumerate();
            chunks.extend(numbered.map(|(number, chunk)| [id, head.version.into(), number.into(), chunk.into()]));
            heads.push([
                id,
                head.version.into(),
                head.next_row_no.into(),
                head.candidates.into(),
                Cell::from(&head.retired),
                head.retire_at.into(),
                head.categories.as_ref().into(),
                Cell::Integer(head.missing as i64),
                plan.is_complete.into(),
                head.trend.as_ref().into(),
                head.trend_departments.as_ref().into(),
            ]);
        }
        hours.extend(plan.hours.iter().map(|(hour, departments)| {
            [
                id,
                hour.number.rem_euclid(SLOTS).into(),
                hour.number.into(),
                hour.quiet_since.into(),
                hour.opened.into(),
                hour.crossed.into(),
                hour.cleared.into(),
                hour.median_minutes.into(),
                hour.worst_minutes.into(),
                hour.most.into(),
                departments.as_ref().into(),
            ]
        }));
        settled.extend(plan.settled.iter().map(|record| {
            [
                id,
                Cell::from(&record.record_type),
                Cell::from(&record.record_id),
                Cell::from(&record.change_token),
            ]
        }));
        chunks.extend(
            plan.superseded_lists
                .iter()
                .map(|(version, list)| [id, (-version).into(), Cell::Integer(0), list.into()]),
        );
        if let Some(version) = &plan.lost {
            if version.is_head_lost {
                let parameters = [plan.organization_id.as_str().into(), version.version.into()];
                lost.push(Statement::new(sql::REMOVE_LOST_VERSIONS, parameters));
            }
            let parameters = [
                plan.organization_id.as_str().into(),
                version.version.into(),
                version.next_row_no.into(),
            ];
            lost.push(Statement::new(sql::LIST_LOST_ROWS, parameters));
        }
    }

    let as_of = SqlValue::Integer(lease.as_of.as_milliseconds());
    let writes = [
        lost,
        statements(sql::WRITE_ROWS, rows, None)?,
        statements(sql::WRITE_CHUNKS, chunks, None)?,
        statements(sql::SWITCH_HEADS, heads, Some(as_of))?,
        statements(sql::WRITE_HOURS, hours, None)?,
        statements(sql::SETTLE_PUBLISHED, settled, Some(lease.change_token()))?,
    ]
    .concat();
    if writes.is_empty() {
        return Ok(writes);
    }
    Ok(lease.guarded(writes))
}

/// A statement for as many rows (`?1`) as go into a parameter, until all of them are written.
fn statements<const N: usize>(
    sql: &'static str,
    rows: Vec<[Cell<'_>; N]>,
    second: Option<SqlValue>,
) -> Result<Vec<Statement>, DatabaseError> {
    let statement = |rows| {
        let mut parameters = vec![SqlValue::Text(rows)];
        parameters.extend(second.clone());
        Statement::new(sql, parameters)
    };
    Ok(json_chunks(rows, PARAMETER_BYTES_MAX)?
        .into_iter()
        .map(statement)
        .collect())
}
