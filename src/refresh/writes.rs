//! Publish plans, and the batch that carries them out.

use crate::base::timestamp::Timestamp;
use crate::conversation::report_row::PublishedRow;
use crate::refresh::input::PendingRecord;
use crate::refresh::lease::Lease;
use crate::refresh::sql;
use crate::snapshot::hour::Hour;
use crate::snapshot::trend::SLOTS;
use crate::storage::database::{DatabaseError, SqlValue, Statement};
use crate::storage::json_table::{JsonCell, PARAMETER_BYTES_MAX, json_chunks};

/// What to write for one organization.
#[derive(Debug, Default)]
pub struct PublishPlan {
    /// The id of the organization.
    pub organization_id: String,
    /// What is no longer pending once the plan is carried out.
    pub settled: Vec<PendingRecord>,
    /// New rows with their numbers.
    pub rows: Vec<(i64, PublishedRow)>,
    /// The chunks of the new version. They are empty if nothing changed.
    pub chunks: Vec<String>,
    /// The new head. `None` means that it stays as it is.
    pub head: Option<HeadUpdate>,
    /// Hours of the course of the day that are over, each with what is stored of it by department.
    pub hours: Vec<(Hour, Option<String>)>,
    /// Lists of rows that no later version has, each with the number of its version, if they are too long for the head.
    pub superseded_lists: Vec<(i64, String)>,
    /// What was published before, if that cannot be read.
    pub lost: Option<LostVersion>,
    /// Whether everything that is pending of the organization is taken into account.
    pub is_complete: bool,
}

impl PublishPlan {
    /// Whether it publishes a new version instead of only keeping the head up to date.
    pub fn has_new_version(&self) -> bool {
        self.head.as_ref().is_some_and(|head| head.candidates.is_some())
    }
}

/// A version that cannot be read.
#[derive(Debug)]
pub struct LostVersion {
    /// Its number.
    pub version: i64,
    /// The first row number that no version has used: all rows before it are the version's, or those of versions before
    /// it.
    pub next_row_no: i64,
    /// Whether the list of the versions that it has superseded is lost as well.
    pub is_head_lost: bool,
}

/// What a head becomes.
#[derive(Debug)]
pub struct HeadUpdate {
    /// The version.
    pub version: i64,
    /// The first row number that no version has used.
    pub next_row_no: i64,
    /// How many rows the new version has. `None` means that the version stays.
    pub candidates: Option<i64>,
    /// The same by category, as JSON.
    pub categories: Option<String>,
    /// Superseded versions, as they are stored.
    pub retired: String,
    /// When the first of them may be removed.
    pub retire_at: Option<Timestamp>,
    /// How many candidates the version does not list.
    pub missing: u64,
    /// The hour that is stored with the version. `None` means that it stays.
    pub trend: Option<String>,
    /// What has happened in that hour by department. `None` means that it is unknown, or too much.
    pub trend_departments: Option<String>,
}

/// The statements that carry out `plans`, to be run as one batch. There is none if nothing is to be written.
pub fn write_statements(plans: &[PublishPlan], lease: &Lease<'_>) -> Result<Vec<Statement>, DatabaseError> {
    let mut rows = Vec::new();
    let mut chunks = Vec::new();
    let mut heads = Vec::new();
    let mut settled = Vec::new();
    let mut lost = Vec::new();
    let mut hours = Vec::new();
    for plan in plans {
        let id = JsonCell::from(&plan.organization_id);
        rows.extend(plan.rows.iter().map(|(row_no, row)| {
            [
                id,
                (*row_no).into(),
                JsonCell::from(&row.people),
                JsonCell::from(&row.json),
            ]
        }));
        if let Some(head) = &plan.head {
            let numbered = plan.chunks.iter().enumerate();
            chunks.extend(numbered.map(|(number, chunk)| [id, head.version.into(), number.into(), chunk.into()]));
            heads.push([
                id,
                head.version.into(),
                head.next_row_no.into(),
                head.candidates.into(),
                JsonCell::from(&head.retired),
                head.retire_at.into(),
                head.categories.as_ref().into(),
                JsonCell::Integer(head.missing as i64),
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
                JsonCell::from(&record.record_type),
                JsonCell::from(&record.record_id),
                JsonCell::from(&record.change_token),
            ]
        }));
        chunks.extend(
            plan.superseded_lists
                .iter()
                .map(|(version, list)| [id, (-version).into(), JsonCell::Integer(0), list.into()]),
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

/// A statement for each portion of the rows (`?1`) that fits into a parameter.
fn statements<const N: usize>(
    sql: &'static str,
    rows: Vec<[JsonCell<'_>; N]>,
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
