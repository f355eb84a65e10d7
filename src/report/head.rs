//! Reads heads: what an organization's report is about right now. A head is never read from the shared cache, which may
//! be a minute behind.

use crate::auth::access::OrganizationId;
use crate::base::digest::sha256_base64url;
use crate::base::timestamp::Timestamp;
use crate::report::cache::CachedHead;
use crate::report::context::ReportContext;
use crate::report::error::ReportError;
use crate::report::index::cache_index;
use crate::report::rows::{PageRow, decode as decode_rows};
use crate::report::settings::settings_in_force;
use crate::report::snapshot::{Snapshot, SnapshotHead};
use crate::report::sql;
use crate::storage::database::{Database, DatabaseError, Outcome, Row, SqlValue, Statement};
use std::rc::Rc;

/// How old a cached head may be while the database is out of reach: ten minutes.
pub const STALE_MAX_MS: i64 = 10 * 60_000;

/// Where a head comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadSource {
    /// The isolate's memory. The database may know a newer one.
    Memory,
    /// The isolate's memory, although the head is too old, because the database is out of reach.
    StaleMemory,
    /// A replica of the database. The primary may know a newer one.
    Replica,
    /// The primary.
    Primary,
}

impl HeadSource {
    /// Whether the database was asked for the head, and has answered.
    #[must_use]
    pub fn is_database(self) -> bool {
        matches!(self, Self::Replica | Self::Primary)
    }

    /// Whether the head is only used because the database is out of reach.
    #[must_use]
    pub fn is_stale(self) -> bool {
        self == Self::StaleMemory
    }
}

/// A head that answers a request.
#[derive(Debug, Clone)]
pub struct ResolvedHead {
    /// The head.
    pub head: Rc<SnapshotHead>,
    /// Its newest snapshot, if anything is published.
    pub newest: Option<Snapshot>,
    /// Where it comes from.
    pub source: HeadSource,
    /// The rows that were read together with it, with their numbers: probably those that will be needed.
    pub rows_ahead: Vec<(i64, PageRow)>,
}

impl ResolvedHead {
    /// A head without rows.
    #[must_use]
    pub fn new(head: Rc<SnapshotHead>, newest: Option<Snapshot>, source: HeadSource) -> Self {
        Self {
            head,
            newest,
            source,
            rows_ahead: Vec::new(),
        }
    }
}

/// Whether a cached head is young enough to answer a request.
pub(super) fn is_fresh<D, C>(context: &ReportContext<'_, D, C>, cached: &CachedHead, now: Timestamp) -> bool {
    let age_ms = now.milliseconds_since(cached.read_at);
    (0..context.head_max_age_ms).contains(&age_ms)
}

/// The head of an organization. It is at most `head_max_age_ms` old, unless the database is out of reach. If it is read
/// from the database, so are the rows that `ahead` selects.
///
/// # Errors
/// [`ReportError::OrganizationNotFound`]; [`ReportError::Unavailable`] if the database is out of reach and no usable
/// head is cached.
pub async fn resolve_head<D: Database, C>(
    context: &ReportContext<'_, D, C>,
    organization: &OrganizationId,
    ahead: Vec<Statement>,
    now: Timestamp,
) -> Result<ResolvedHead, ReportError> {
    let cached = context.isolate_cache.borrow_mut().head(organization);
    let age_ms = |cached: &CachedHead| now.milliseconds_since(cached.read_at);
    if let Some(cached) = &cached
        && is_fresh(context, cached, now)
    {
        context.trace.source("head", "memory");
        return resolved(cached, HeadSource::Memory);
    }
    match read_head(context, organization, ahead, now).await {
        Err(ReportError::Unavailable(cause)) => match cached.filter(|cached| age_ms(cached) <= STALE_MAX_MS) {
            Some(cached) => {
                context.trace.source("head", "stale");
                context.trace.warn(format!("a stale head is used: {cause}"));
                resolved(&cached, HeadSource::StaleMemory)
            }
            None => Err(ReportError::Unavailable(cause)),
        },
        read => read,
    }
}

/// The head of an organization as the primary has it now. Nothing is newer.
///
/// # Errors
/// As [`resolve_head`].
pub async fn read_head_at_primary<D: Database, C>(
    context: &ReportContext<'_, D, C>,
    organization: &OrganizationId,
    now: Timestamp,
) -> Result<ResolvedHead, ReportError> {
    let statements = head_and_index_statements(context, organization);
    let outcomes = context.database.batch_at_primary(statements).await?;
    cache_head_and_index(context, organization, outcomes, HeadSource::Primary, now)
}

/// Runs `changes` and reads the head that they leave behind, at the primary and in one batch. This isolate uses the new
/// head at once; the others do as soon as they read the head again.
///
/// # Errors
/// As [`resolve_head`]. If the database fails, the changes may have been made nevertheless.
pub async fn change_and_read_head<D: Database, C>(
    context: &ReportContext<'_, D, C>,
    organization: &OrganizationId,
    changes: Vec<Statement>,
    now: Timestamp,
) -> Result<Rc<SnapshotHead>, ReportError> {
    let statements = changes.into_iter().chain([head_statement(organization)]).collect();
    let outcomes = context.database.batch_at_primary(statements).await;
    if outcomes.is_err() {
        // Perhaps only the response was lost.
        context.isolate_cache.borrow_mut().remove_head(organization);
    }
    let head = head_of(outcomes?.last())?;
    let cached = cache_head(context, organization, head, now);
    Ok(resolved(&cached, HeadSource::Primary)?.head)
}

/// The head of an organization as the nearest database has it now. If a replica does not know the organization, the
/// primary is asked.
async fn read_head<D: Database, C>(
    context: &ReportContext<'_, D, C>,
    organization: &OrganizationId,
    ahead: Vec<Statement>,
    now: Timestamp,
) -> Result<ResolvedHead, ReportError> {
    let mut statements = head_and_index_statements(context, organization);
    let own = statements.len();
    statements.extend(ahead);
    let mut outcomes = context.database.batch(statements).await?;
    let ahead = outcomes.split_off(own.min(outcomes.len()));
    let is_from_replica = outcomes.iter().any(|outcome| outcome.is_from_replica);
    if is_from_replica && head_of(outcomes.first())?.is_none() {
        return read_head_at_primary(context, organization, now).await;
    }
    let source = if is_from_replica {
        HeadSource::Replica
    } else {
        HeadSource::Primary
    };
    let mut resolved = cache_head_and_index(context, organization, outcomes, source, now)?;
    // Rows that cannot be read count as not read.
    let rows = ahead.iter().flat_map(|outcome| &outcome.rows);
    resolved.rows_ahead = rows.flat_map(decode_rows).filter_map(Result::ok).collect();
    Ok(resolved)
}

/// The head and, in the same round trip, the index of its version, unless that index is cached.
fn head_and_index_statements<D, C>(context: &ReportContext<'_, D, C>, organization: &OrganizationId) -> Vec<Statement> {
    let index = Statement::new(
        sql::NEWEST_INDEX,
        [
            SqlValue::from(organization.as_str()),
            SqlValue::Integer(cached_version(context, organization)),
        ],
    );
    vec![head_statement(organization), index]
}

/// The version that was the newest when the head was last read, if its index is still cached; otherwise 0.
fn cached_version<D, C>(context: &ReportContext<'_, D, C>, organization: &OrganizationId) -> i64 {
    let mut cache = context.isolate_cache.borrow_mut();
    let head = cache.head(organization).and_then(|cached| cached.head);
    let version = head.map_or(0, |head| head.version);
    let is_cached = cache.index(organization, version).is_some();
    if is_cached { version } else { 0 }
}

/// Caches what the statements of [`head_and_index_statements`] have read.
fn cache_head_and_index<D, C>(
    context: &ReportContext<'_, D, C>,
    organization: &OrganizationId,
    outcomes: Vec<Outcome>,
    source: HeadSource,
    now: Timestamp,
) -> Result<ResolvedHead, ReportError> {
    context.trace.source("head", "d1");
    let head = head_of(outcomes.first())?;
    let resolved = resolved(&cache_head(context, organization, head, now), source)?;
    let chunks = outcomes.last().map_or(&[][..], |outcome| &outcome.rows);
    if !chunks.is_empty() {
        cache_index(context, organization, resolved.head.version, chunks)?;
    }
    Ok(resolved)
}

fn cache_head<D, C>(
    context: &ReportContext<'_, D, C>,
    organization: &OrganizationId,
    head: Option<SnapshotHead>,
    now: Timestamp,
) -> CachedHead {
    let cached = CachedHead {
        newest: head.as_ref().and_then(|head| Snapshot::newest(organization, head)),
        head: head.map(Rc::new),
        read_at: now,
    };
    let mut cache = context.isolate_cache.borrow_mut();
    cache.put_head(organization, cached.clone());
    if let Some(head) = &cached.head {
        cache.put_settings(organization, head.settings_number, Rc::clone(&head.settings));
    }
    cached
}

fn resolved(cached: &CachedHead, source: HeadSource) -> Result<ResolvedHead, ReportError> {
    let head = cached.head.clone().ok_or(ReportError::OrganizationNotFound)?;
    Ok(ResolvedHead::new(head, cached.newest.clone(), source))
}

/// The statement that reads the head of an organization.
#[must_use]
pub fn head_statement(organization: &OrganizationId) -> Statement {
    Statement::new(sql::HEAD, [SqlValue::from(organization.as_str())])
}

/// The head that [`head_statement`] has read. `None` means that the organization does not exist or was removed.
///
/// # Errors
/// [`DatabaseError::Decode`] if it is not what a refresh writes.
pub fn head_of(outcome: Option<&Outcome>) -> Result<Option<SnapshotHead>, DatabaseError> {
    let Some(row) = outcome.and_then(|outcome| outcome.rows.first()) else {
        return Ok(None);
    };
    let is_removed = row.integer(4)? != 0;
    if is_removed { Ok(None) } else { decode(row).map(Some) }
}

fn decode(row: &Row) -> Result<SnapshotHead, DatabaseError> {
    let retained_versions = serde_json::from_str(row.text(1)?)
        .map_err(|_| DatabaseError::Decode("the retired versions of a head are not a JSON array"))?;
    let generation = row.text(5)?;
    Ok(SnapshotHead {
        version: row.integer(0)?,
        retained_versions,
        as_of: Timestamp::from_milliseconds(row.integer(2)?),
        settings: Rc::new(settings_in_force(row, 3, 7)?),
        settings_number: row.integer(6)?,
        last_run_ms: row.integer(11)?,
        generation: generation.to_owned(),
        database_fingerprint: sha256_base64url(generation.as_bytes()),
    })
}
