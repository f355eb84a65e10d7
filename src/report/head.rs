//! Heads: what an organization's report is about right now. Never read from the page cache, which may lag a minute.

use crate::api::error::ApiError;
use crate::auth::access::OrganizationId;
use crate::base::timestamp::Timestamp;
use crate::report::service::Reader;
use crate::report::snapshot::Snapshot;
use crate::storage::database::{Database, DatabaseError, Outcome, Row, SqlValue, Statement};
use crate::storage::shared_cache::SharedCache;
use base64ct::{Base64UrlUnpadded, Encoding};
use sha2::{Digest, Sha256};
use std::rc::Rc;

/// The threshold of an organization that has not set one, in minutes.
pub const THRESHOLD_MINUTES_DEFAULT: i64 = 5;
/// How old a head may be that is used while the database is out of reach: ten minutes.
pub const STALE_MAX_MS: i64 = 10 * 60_000;

/// What a head takes: its key, a hash, an id and a few numbers.
const HEAD_BYTES: usize = 512;

/// The head of an organization that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The published version; 0: none yet.
    pub version: i64,
    /// Superseded versions that are still kept.
    pub kept: Vec<i64>,
    /// The instant that its report speaks of.
    pub as_of: Timestamp,
    /// The threshold in force.
    pub threshold_minutes: i64,
    /// A key as old as the database: it signs the ids of snapshots.
    pub generation: String,
    /// A hash of the generation, which is no secret: no version of one database is ever taken for a version of another.
    pub database: String,
}

/// A head in memory; none where the organization does not exist.
#[derive(Debug, Clone)]
pub struct CachedHead {
    head: Option<Rc<Head>>,
    newest_id: Option<Rc<str>>,
    read_at: Timestamp,
}

/// Where a head comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The isolate's memory: the database may know a newer one.
    Memory,
    /// A replica of the database: the primary may know a newer one.
    Replica,
    /// The primary.
    Primary,
}

/// A head that answers a request.
pub struct ResolvedHead {
    pub head: Rc<Head>,
    /// The id of its newest snapshot, if there is one: signed once a head.
    pub newest_id: Option<Rc<str>>,
    /// Whether it is older than it should be, because the database is out of reach.
    pub stale: bool,
    pub origin: Origin,
}

/// A head as it was just read, and the parts of its version's outline, unless that is held already.
struct FetchedHead {
    head: Option<Head>,
    parts: Vec<Row>,
    is_from_replica: bool,
}

impl<D: Database, P: SharedCache> Reader<'_, D, P> {
    /// The head of an organization, at most `head_max_age_ms` old, or stale.
    pub(super) async fn head(&self, organization: &OrganizationId, now: Timestamp) -> Result<ResolvedHead, ApiError> {
        let held = self.memory.borrow_mut().heads.get(organization);
        let age_ms = |held: &CachedHead| now.milliseconds_since(held.read_at);
        if let Some(held) = &held
            && (0..self.head_max_age_ms).contains(&age_ms(held))
        {
            self.trace.source("head", "memory");
            return held.current(false, Origin::Memory);
        }
        match self.read_head(organization, now).await {
            Err(ApiError::Unavailable(cause)) => match held.filter(|held| age_ms(held) <= STALE_MAX_MS) {
                Some(held) => {
                    self.trace.source("head", "stale");
                    self.trace.warn(format!("a stale head is used: {cause}"));
                    held.current(true, Origin::Memory)
                }
                None => Err(ApiError::Unavailable(cause)),
            },
            read => read,
        }
    }

    /// The threshold of an organization as the database has it now; with `set`, after it was set to so many minutes. This
    /// isolate speaks of the new one at once, others as soon as they have read the head again.
    ///
    /// # Errors
    /// [`ApiError::OrganizationNotFound`], and whatever the database says.
    pub async fn threshold_minutes(
        &self,
        organization: &OrganizationId,
        set: Option<i64>,
        now: Timestamp,
    ) -> Result<i64, ApiError> {
        let parameters = |minutes: i64| [SqlValue::from(organization.as_str()), SqlValue::Integer(minutes)];
        let setting =
            set.map(|minutes| Statement::new(include_str!("../directory/sql/set_threshold.sql"), parameters(minutes)));
        let statements = setting.into_iter().chain([head_statement(organization)]).collect();
        let outcomes = self.database.batch_at_primary(statements).await;
        if outcomes.is_err() {
            // The answer may have been lost after the write.
            self.memory.borrow_mut().heads.remove(organization);
        }
        let head = read_head_of(outcomes?.last())?;
        let current = self.hold_head(organization, head, Origin::Primary, now)?;
        Ok(current.head.threshold_minutes)
    }

    /// The head of an organization as the nearest database has it now, and into memory with it the outline of its
    /// version: one round trip. Where a replica does not know the organization the primary is asked.
    async fn read_head(&self, organization: &OrganizationId, now: Timestamp) -> Result<ResolvedHead, ApiError> {
        let statements = self.head_and_outline(organization);
        let read = FetchedHead::of(self.database.batch(statements).await?)?;
        if read.head.is_none() && read.is_from_replica {
            return self.read_head_at_primary(organization, now).await;
        }
        self.take(organization, read, now)
    }

    /// As `read_head`, from the primary: nothing is newer.
    pub(super) async fn read_head_at_primary(
        &self,
        organization: &OrganizationId,
        now: Timestamp,
    ) -> Result<ResolvedHead, ApiError> {
        let statements = self.head_and_outline(organization);
        let mut read = FetchedHead::of(self.database.batch_at_primary(statements).await?)?;
        read.is_from_replica = false;
        self.take(organization, read, now)
    }

    fn head_and_outline(&self, organization: &OrganizationId) -> Vec<Statement> {
        let outline = Statement::new(
            include_str!("sql/newest_index.sql"),
            [
                SqlValue::from(organization.as_str()),
                SqlValue::Integer(self.held_version(organization)),
            ],
        );
        vec![head_statement(organization), outline]
    }

    /// The version that was the newest when the head was last read, if its outline is still held; else 0.
    fn held_version(&self, organization: &OrganizationId) -> i64 {
        let mut memory = self.memory.borrow_mut();
        let held = memory.heads.get(organization).and_then(|held| held.head);
        let version = held.map_or(0, |head| head.version);
        let is_held = memory.outlines.get(&(organization.clone(), version)).is_some();
        if is_held { version } else { 0 }
    }

    /// Keeps what was read.
    fn take(&self, organization: &OrganizationId, read: FetchedHead, now: Timestamp) -> Result<ResolvedHead, ApiError> {
        self.trace.source("head", "d1");
        let version = read.head.as_ref().map_or(0, |head| head.version);
        let origin = if read.is_from_replica {
            Origin::Replica
        } else {
            Origin::Primary
        };
        let current = self.hold_head(organization, read.head, origin, now)?;
        if !read.parts.is_empty() {
            self.hold_outline((organization.clone(), version), &read.parts)?;
        }
        Ok(current)
    }

    fn hold_head(
        &self,
        organization: &OrganizationId,
        head: Option<Head>,
        origin: Origin,
        now: Timestamp,
    ) -> Result<ResolvedHead, ApiError> {
        let mut memory = self.memory.borrow_mut();
        if let Some(head) = &head {
            memory.notice_generation(&head.generation);
        }
        let newest = head.as_ref().and_then(|head| Some((Snapshot::newest(head)?, head)));
        let fresh = CachedHead {
            newest_id: newest.map(|(snapshot, head)| snapshot.id(organization, head).into()),
            head: head.map(Rc::new),
            read_at: now,
        };
        let current = fresh.current(false, origin);
        let bytes = organization.as_str().len().saturating_mul(2).saturating_add(HEAD_BYTES);
        memory.heads.put(organization.clone(), fresh, bytes);
        current
    }
}

impl CachedHead {
    fn current(&self, stale: bool, origin: Origin) -> Result<ResolvedHead, ApiError> {
        Ok(ResolvedHead {
            head: self.head.clone().ok_or(ApiError::OrganizationNotFound)?,
            newest_id: self.newest_id.clone(),
            stale,
            origin,
        })
    }
}

impl FetchedHead {
    /// What the statements of `head_and_outline` came to.
    fn of(outcomes: Vec<Outcome>) -> Result<Self, DatabaseError> {
        let is_from_replica = outcomes.iter().any(|outcome| outcome.is_from_replica);
        let head = read_head_of(outcomes.first())?;
        let parts = outcomes.into_iter().next_back().map(|outcome| outcome.rows);
        Ok(Self {
            head,
            parts: parts.unwrap_or_default(),
            is_from_replica,
        })
    }
}

fn head_statement(organization: &OrganizationId) -> Statement {
    Statement::new(include_str!("sql/head.sql"), [SqlValue::from(organization.as_str())])
}

/// The head that a statement has read; none where there is no such organization, or it is removed.
fn read_head_of(outcome: Option<&Outcome>) -> Result<Option<Head>, DatabaseError> {
    let Some(row) = outcome.and_then(|outcome| outcome.rows.first()) else {
        return Ok(None);
    };
    let is_removed = row.integer(4)? != 0;
    if is_removed { Ok(None) } else { decode(row).map(Some) }
}

fn decode(row: &Row) -> Result<Head, DatabaseError> {
    let kept = serde_json::from_str(row.text(1)?)
        .map_err(|_| DatabaseError::Decode("the retired versions of a head are not a JSON array"))?;
    let generation = row.text(5)?;
    Ok(Head {
        version: row.integer(0)?,
        kept,
        as_of: Timestamp::from_milliseconds(row.integer(2)?),
        threshold_minutes: row.optional_integer(3)?.unwrap_or(THRESHOLD_MINUTES_DEFAULT),
        generation: generation.to_owned(),
        database: Base64UrlUnpadded::encode_string(&Sha256::digest(generation.as_bytes())),
    })
}
