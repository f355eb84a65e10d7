//! Removing an organization, and having it purged.

use crate::auth::access::OrganizationId;
use crate::base::timestamp::{DAY_MS, Timestamp, rfc3339};
use crate::erasure::portions::of_organization;
use crate::erasure::sql;
use crate::http::query::{self, QueryError};
use crate::storage::database::{Database, DatabaseError, Statement};
use serde::Serialize;

/// How long after its removal an organization is purged.
pub const PURGE_AFTER_MS: i64 = 30 * DAY_MS;

/// An organization that was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RemovedOrganization {
    /// The organization.
    pub organization_id: String,
    /// From when on everything of it is removed, unless a later event restores it before.
    #[serde(with = "rfc3339")]
    pub purge_at: Timestamp,
}

/// Reads `purge` from a query string.
///
/// # Errors
/// [`QueryError`]
pub fn parse_is_purge(query: &str) -> Result<bool, QueryError> {
    query::parse_flag(query, "purge")
}

/// Removes an organization as of `now`, the clock of the service. It may be purged 30 days later, or at once if
/// `is_purge`. `None` means that it does not exist. An organization that was removed before keeps its instant, unless
/// this one is earlier.
///
/// # Errors
/// [`DatabaseError`]. Then the caller may ask for the same again.
pub async fn remove_organization<D: Database>(
    database: &D,
    organization: &OrganizationId,
    is_purge: bool,
    now: Timestamp,
) -> Result<Option<RemovedOrganization>, DatabaseError> {
    let id = organization.as_str();
    let purge_at = if is_purge { now } else { now.plus(PURGE_AFTER_MS) };
    let outcomes = database
        .batch(vec![
            of_organization(sql::PLAN_PURGE, id, purge_at.as_milliseconds()),
            of_organization(sql::ERASE_ORGANIZATION, id, now.as_milliseconds()),
            Statement::new(sql::REMOVE_ORGANIZATION, [id.into()]),
        ])
        .await?;
    let Some(row) = outcomes.first().and_then(|outcome| outcome.rows.first()) else {
        return Ok(None);
    };
    Ok(Some(RemovedOrganization {
        organization_id: id.to_owned(),
        purge_at: Timestamp::from_milliseconds(row.integer(0)?),
    }))
}
