//! From changed candidates to published snapshot versions.

use crate::refresh::bisect::{bisect_failures, chunks};
use crate::refresh::failures::Failures;
use crate::refresh::input::{read_inputs, read_published_rows};
use crate::refresh::lease::Lease;
use crate::refresh::plan::PublishDraft;
use crate::refresh::writes::write_statements;
use crate::snapshot::version::CANDIDATES_MAX;
use crate::storage::database::{Database, DatabaseError, Row, SqlValue, Statement, rows_of};

/// The most organizations that are published in one batch.
const ORGANIZATIONS_MAX: usize = 500;
/// The most that the organizations of one batch weigh, unless a single one weighs more.
const WEIGHT_MAX: usize = 20_000;
/// The most that a single organization weighs, all of which is in memory at once: as many candidates as there may be,
/// and a change of each.
const WEIGHT_OF_ONE_MAX: usize = 2 * CANDIDATES_MAX;

/// Up to so many frozen organizations are published one at a time, which takes more statements than all in one batch.
const FROZEN_ALONE_MAX: usize = 20;

/// What was published.
#[derive(Debug, Default)]
pub struct Published {
    /// Organizations that had anything pending, due or frozen.
    pub organizations_seen: u64,
    /// Organizations of which a new version was published.
    pub organizations_published: u64,
    /// Rows that were written.
    pub rows: u64,
}

/// An organization that is to be published.
struct PendingOrganization {
    organization_id: String,
    /// How many published rows and pending records it has.
    weight: usize,
    was_frozen: bool,
}

/// Publishes every organization that has anything pending, versions to remove, or was frozen, except those in `failures`,
/// some of whose states are missing. Those that cannot be published are added to `failures`.
pub async fn publish_organizations<D: Database>(
    database: &D,
    lease: Lease,
    failures: &mut Failures,
) -> Result<Published, DatabaseError> {
    let organizations = list_organizations(database, lease).await?;
    let mut published = Published {
        organizations_seen: organizations.len() as u64,
        ..Published::default()
    };
    for organization in &organizations {
        if organization.weight > WEIGHT_OF_ONE_MAX {
            let reason = "too many candidates and changes at once".to_owned();
            failures.add(&organization.organization_id, reason);
        }
    }
    let (frozen, sound): (Vec<_>, Vec<_>) = organizations
        .into_iter()
        .filter(|organization| !failures.contains(&organization.organization_id))
        .partition(|organization| organization.was_frozen);
    // If a few failed last time, they are published one at a time, so that they cannot fail a batch of others. If there are
    // many, hardly any of them will fail: everything was folded again, or the database was out of reach.
    let together_max = if frozen.len() <= FROZEN_ALONE_MAX {
        1
    } else {
        ORGANIZATIONS_MAX
    };
    let weight = |organization: &PendingOrganization| organization.weight;
    let batches = chunks(&sound, ORGANIZATIONS_MAX, WEIGHT_MAX, weight);
    for chunk in batches
        .into_iter()
        .chain(chunks(&frozen, together_max, WEIGHT_MAX, weight))
    {
        let culprits = bisect_failures(chunk, async |chunk| {
            publish_chunk(database, lease, chunk, failures, &mut published).await
        })
        .await?;
        for (culprit, error) in culprits {
            failures.add(&culprit.organization_id, error.to_string());
        }
    }
    Ok(published)
}

async fn list_organizations<D: Database>(
    database: &D,
    lease: Lease,
) -> Result<Vec<PendingOrganization>, DatabaseError> {
    let as_of = lease.as_of.as_milliseconds();
    let outcomes = database
        .batch(vec![Statement::new(
            include_str!("sql/list_pending_organizations.sql"),
            [SqlValue::Integer(as_of)],
        )])
        .await?;
    let [rows] = rows_of(outcomes)?;
    let organization = |row: &Row| {
        Ok(PendingOrganization {
            organization_id: row.text(0)?.to_owned(),
            weight: (row.integer(1)? + row.integer(2)?) as usize,
            was_frozen: row.integer(3)? != 0,
        })
    };
    rows.iter().map(organization).collect()
}

/// Reads, plans and writes some organizations in three round trips.
async fn publish_chunk<D: Database>(
    database: &D,
    lease: Lease,
    chunk: &[PendingOrganization],
    failures: &mut Failures,
    published: &mut Published,
) -> Result<(), DatabaseError> {
    let ids: Vec<&str> = chunk
        .iter()
        .map(|organization| organization.organization_id.as_str())
        .collect();
    let mut drafts = Vec::with_capacity(chunk.len());
    for input in read_inputs(database, &ids).await? {
        let organization_id = input.organization_id.clone();
        match PublishDraft::new(input) {
            Ok(draft) => drafts.push(draft),
            Err(reason) => failures.add(&organization_id, reason),
        }
    }
    let row_nos: Vec<(&str, Vec<i64>)> = drafts
        .iter()
        .map(|draft| (draft.organization_id(), draft.published_row_nos()))
        .collect();
    let published_rows = read_published_rows(database, &row_nos).await?;
    let mut plans = Vec::with_capacity(drafts.len());
    for (draft, published_rows) in drafts.into_iter().zip(published_rows) {
        let organization_id = draft.organization_id().to_owned();
        match draft.plan(&published_rows, lease.as_of) {
            Ok(plan) => plans.push(plan),
            Err(reason) => failures.add(&organization_id, reason),
        }
    }
    let statements = write_statements(&plans, lease)?;
    if !statements.is_empty() {
        database.batch(statements).await?;
    }
    for plan in &plans {
        published.rows += plan.rows.len() as u64;
        published.organizations_published += u64::from(plan.has_new_version());
    }
    Ok(())
}
