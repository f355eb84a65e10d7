//! Removing superseded versions that nobody can ask for any more, with statements of its own: publishing never waits
//! for it, and it never waits for publishing.

use crate::refresh::bisect::chunks;
use crate::refresh::budget::Limits;
use crate::refresh::lease::Lease;
use crate::refresh::retired::RetiredVersion;
use crate::refresh::sql;
use crate::storage::database::{Database, DatabaseError, SqlValue, Statement, rows_of};
use crate::storage::json_table::{JsonCell, PARAMETER_BYTES_MAX, json_chunks, to_json};

/// Removes the versions of these organizations that are due, as long as there are statements. What is left is due in
/// the next run as well.
///
/// # Errors
/// [`DatabaseError::Overtaken`].
pub async fn remove_retired<D: Database>(
    database: &D,
    lease: &Lease<'_>,
    limits: &Limits,
    organization_ids: &[String],
) -> Result<(), DatabaseError> {
    for chunk in chunks(organization_ids, limits.slice.organizations, usize::MAX, |_| 1) {
        match remove_of(database, lease, chunk).await {
            Ok(()) => {}
            Err(DatabaseError::Overtaken) => return Err(DatabaseError::Overtaken),
            // One of them may be to blame. If it is the database, the run will fail in the end.
            Err(_) => {
                for alone in chunk.chunks(1) {
                    if let Err(DatabaseError::Overtaken) = remove_of(database, lease, alone).await {
                        return Err(DatabaseError::Overtaken);
                    }
                }
            }
        }
    }
    Ok(())
}

async fn remove_of<D: Database>(
    database: &D,
    lease: &Lease<'_>,
    organization_ids: &[String],
) -> Result<(), DatabaseError> {
    let ids = to_json(organization_ids)?;
    let read = Statement::new(sql::READ_RETIRED, [ids.into()]);
    let [rows] = rows_of(database.batch(vec![read]).await?)?;
    let mut versions = Vec::new();
    let mut row_nos = Vec::new();
    let mut left = Vec::new();
    for row in &rows {
        let id = row.text(0)?;
        // A list that cannot be read is published again instead, which leaves one that can be.
        let Ok(mut retired) = serde_json::from_str::<Vec<RetiredVersion>>(row.text(1)?) else {
            continue;
        };
        let due = retired.partition_point(|retired| retired.may_be_removed_at() <= lease.as_of);
        for retired in retired.drain(..due) {
            versions.push([id.into(), retired.version.into()]);
            row_nos.extend(retired.row_nos.into_iter().map(|row_no| [id.into(), row_no.into()]));
        }
        let retire_at = retired.first().map(RetiredVersion::may_be_removed_at);
        left.push((id, to_json(&retired)?, retire_at));
    }
    let mut statements = Vec::new();
    for rows in json_chunks(row_nos, PARAMETER_BYTES_MAX)? {
        statements.push(Statement::new(sql::REMOVE_ROWS, [SqlValue::Text(rows)]));
    }
    for versions in json_chunks(versions, PARAMETER_BYTES_MAX)? {
        for sql in [sql::REMOVE_LISTED_ROWS, sql::REMOVE_VERSIONS] {
            statements.push(Statement::new(sql, [versions.as_str().into()]));
        }
    }
    for left in json_chunks(
        left.iter()
            .map(|(id, retired, retire_at)| [JsonCell::from(*id), retired.into(), (*retire_at).into()]),
        PARAMETER_BYTES_MAX,
    )? {
        statements.push(Statement::new(sql::RETIRE, [SqlValue::Text(left)]));
    }
    if !statements.is_empty() {
        database.batch(lease.guarded(statements)).await?;
    }
    Ok(())
}
