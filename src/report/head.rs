//! Heads: what an organization's report is about right now. Never read from the page cache, which may lag a minute.

use crate::auth::access::OrganizationId;
use crate::error::ApiError;
use crate::instant::Instant;
use crate::json;
use crate::ports::{Cell, Database, DatabaseError, PageCache, Row, Statement};
use crate::report::Reader;
use crate::sql::sql;
use std::rc::Rc;

/// The threshold of an organization that has not set one, in minutes.
pub const THRESHOLD_MINUTES_DEFAULT: i64 = 5;
/// How old a head may be that is used while the database is out of reach: ten minutes.
pub const STALE_MAX_MS: i64 = 10 * 60_000;

/// The head of an organization that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The published version; 0: none yet.
    pub version: i64,
    /// Superseded versions that are still kept.
    pub kept: Vec<i64>,
    /// The instant that its report speaks of.
    pub as_of: Instant,
    /// The threshold in force.
    pub threshold_minutes: i64,
    /// As old as the database: no version of one is ever taken for a version of another.
    pub generation: String,
}

/// A head in memory; none where the organization does not exist.
#[derive(Debug, Clone)]
pub struct HeldHead {
    head: Option<Rc<Head>>,
    read_at: Instant,
}

/// A head that answers a request.
pub struct CurrentHead {
    pub head: Rc<Head>,
    /// Whether it is older than it should be, because the database is out of reach.
    pub stale: bool,
    /// Whether it comes from memory, so that the database may know a newer one.
    pub is_held: bool,
}

impl<D: Database, P: PageCache> Reader<'_, D, P> {
    /// The head of an organization, at most `head_max_age_ms` old, or stale.
    pub(super) async fn head(&self, organization: &OrganizationId, now: Instant) -> Result<CurrentHead, ApiError> {
        let held = self.memory.borrow_mut().heads.get(organization);
        let age_ms = |held: &HeldHead| now.since(held.read_at);
        if let Some(held) = &held
            && (0..self.head_max_age_ms).contains(&age_ms(held))
        {
            self.trace.source("head", "memory");
            return current(held.head.clone(), false, true);
        }
        match self.read_head(organization, now).await {
            Err(ApiError::Unavailable(cause)) => match held.filter(|held| age_ms(held) <= STALE_MAX_MS) {
                Some(held) => {
                    self.trace.source("head", "stale");
                    self.trace.warn(format!("a stale head is used: {cause}"));
                    current(held.head, true, true)
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
        now: Instant,
    ) -> Result<i64, ApiError> {
        let parameters = |minutes: i64| [Cell::from(organization.as_str()), Cell::Integer(minutes)];
        let setting = set.map(|minutes| Statement::new(sql!("set_threshold.sql"), parameters(minutes)));
        let read = self.read_head_after(setting, organization, now).await;
        if read.is_err() {
            // The answer may have been lost after the write.
            self.memory.borrow_mut().heads.remove(organization);
        }
        Ok(read?.head.threshold_minutes)
    }

    /// The head of an organization as the database has it now.
    pub(super) async fn read_head(&self, organization: &OrganizationId, now: Instant) -> Result<CurrentHead, ApiError> {
        self.read_head_after(None, organization, now).await
    }

    /// The head of an organization as the database has it after `first`.
    async fn read_head_after(
        &self,
        first: Option<Statement>,
        organization: &OrganizationId,
        now: Instant,
    ) -> Result<CurrentHead, ApiError> {
        let head = query_head(self.database, first, organization).await?.map(Rc::new);
        self.trace.source("head", "d1");
        let mut memory = self.memory.borrow_mut();
        if let Some(head) = &head {
            memory.notice_generation(&head.generation);
        }
        let bytes = organization.as_str().len().saturating_add(256);
        let fresh = HeldHead {
            head: head.clone(),
            read_at: now,
        };
        memory.heads.put(organization.clone(), fresh, bytes);
        current(head, false, false)
    }
}

fn current(head: Option<Rc<Head>>, stale: bool, is_held: bool) -> Result<CurrentHead, ApiError> {
    let head = head.ok_or(ApiError::OrganizationNotFound)?;
    Ok(CurrentHead { head, stale, is_held })
}

async fn query_head<D: Database>(
    database: &D,
    first: Option<Statement>,
    organization: &OrganizationId,
) -> Result<Option<Head>, DatabaseError> {
    let head = Statement::new(sql!("head.sql"), [Cell::from(organization.as_str())]);
    let outcomes = database.batch(first.into_iter().chain([head]).collect()).await?;
    let Some(row) = outcomes.last().and_then(|outcome| outcome.rows.first()) else {
        return Ok(None);
    };
    let is_removed = row.integer(4)? != 0;
    if is_removed { Ok(None) } else { decode(row).map(Some) }
}

fn decode(row: &Row) -> Result<Head, DatabaseError> {
    let kept = json::read(row.text(1)?)
        .map_err(|_| DatabaseError::Decode("the retired versions of a head are not a JSON array"))?;
    Ok(Head {
        version: row.integer(0)?,
        kept,
        as_of: Instant::from_milliseconds(row.integer(2)?),
        threshold_minutes: row.optional_integer(3)?.unwrap_or(THRESHOLD_MINUTES_DEFAULT),
        generation: row.text(5)?.to_owned(),
    })
}
