//! The report: which snapshot, which of its rows, and the bytes of the answer.
//!
//! A request walks from the head (whose version, asOf and threshold it is about) over the outline of the version
//! (which rows match) to the page (the rows' bytes), and each step has a cheaper place to look first: the isolate's
//! memory, then the page cache, then the database. What a caller alone may see is added last, after every cache.

mod answer;
mod bounded;
mod head;
mod page;
mod request;
mod snapshot_id;

pub use answer::{Answer, ReportBody};
pub use head::{Head, STALE_MAX_MS};
pub use request::ReportRequest;

use crate::auth::access::{OrganizationId, ReadAccess};
use crate::error::ApiError;
use crate::instant::Instant;
use crate::monitor::selection::{Counts, Filter, Outline};
use crate::monitor::version::Version;
use crate::ports::{Cell, Database, PageCache, Statement, rows_of};
use crate::sql::sql;
use crate::trace::Trace;
use bounded::Bounded;
use head::HeldHead;
use snapshot_id::Snapshot;
use std::cell::RefCell;
use std::rc::Rc;

/// The most bytes of outlines that an isolate keeps.
const OUTLINE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The most bytes of heads that an isolate keeps.
const HEAD_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What an isolate remembers between requests. Everything in it is bounded, and none of it is any caller's own view.
pub struct Memory {
    heads: Bounded<OrganizationId, HeldHead>,
    outlines: Bounded<(OrganizationId, i64), Rc<Outline>>,
    /// The database that the outlines were read from.
    generation: String,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            heads: Bounded::new(HEAD_BYTES_MAX),
            outlines: Bounded::new(OUTLINE_BYTES_MAX),
            generation: String::new(),
        }
    }
}

impl Memory {
    /// Forgets all outlines if the database has become another one: it counts its versions anew.
    fn notice_generation(&mut self, generation: &str) {
        if self.generation != generation {
            self.outlines.clear();
            generation.clone_into(&mut self.generation);
        }
    }

    /// Forgets the heads: they may have changed, and this isolate knows it.
    pub fn forget_heads(&mut self) {
        self.heads.clear();
    }
}

/// What reports are read from.
pub struct Reader<'a, D, P> {
    /// The database.
    pub database: &'a D,
    /// The shared cache of pages.
    pub pages: &'a P,
    /// The isolate's memory; never borrowed across an await.
    pub memory: &'a RefCell<Memory>,
    /// How old a head in memory may be.
    pub head_max_age_ms: i64,
    /// Where each part of the answer came from.
    pub trace: &'a Trace,
}

impl<D: Database, P: PageCache> Reader<'_, D, P> {
    /// Answers a report.
    ///
    /// # Errors
    /// [`ApiError::OrganizationNotFound`], [`ApiError::SnapshotExpired`], and [`ApiError::Unavailable`] where the
    /// database is out of reach and nothing usable is in memory.
    pub async fn report(
        &self,
        access: &ReadAccess,
        request: &ReportRequest,
        if_none_match: Option<&str>,
        now: Instant,
    ) -> Result<Answer, ApiError> {
        let organization = &access.organization;
        let departments = access.view.departments(request.department_id.as_deref());
        let held = self.head(organization, now).await?;
        let snapshot = match &request.snapshot {
            None => Snapshot::newest(&held.head),
            Some(id) => Some(Snapshot::pinned(organization, &held.head, id)?),
        };
        let body = ReportBody {
            access,
            request,
            departments: departments.as_ref(),
            head: &held.head,
            snapshot: snapshot.as_ref(),
            stale: held.stale,
        };
        let etag = body.etag()?;
        if if_none_match.is_some_and(|condition| answer::matches(condition, &etag)) {
            return Ok(Answer { etag, body: None });
        }
        let Some(snapshot) = &snapshot else {
            let body = body.write(Counts::default(), &[])?;
            return Ok(Answer { etag, body: Some(body) });
        };

        let outline = self.outline(organization, snapshot, request.snapshot.is_some()).await?;
        let filter = Filter {
            cut: if request.skip_threshold {
                outline.len()
            } else {
                outline.over_threshold(snapshot.as_of, snapshot.threshold_minutes)
            },
            departments: departments.clone(),
            category: request.category,
            page: request.page,
            limit: request.limit,
        };
        let selection = outline.select(&filter);
        let rows = self
            .rows(organization, &held.head, snapshot, &filter, &selection.row_nos)
            .await?;
        let body = body.write(selection.counts, &rows)?;
        Ok(Answer { etag, body: Some(body) })
    }

    /// The outline of a version, from memory or from the database.
    async fn outline(
        &self,
        organization: &OrganizationId,
        snapshot: &Snapshot,
        pinned: bool,
    ) -> Result<Rc<Outline>, ApiError> {
        let key = (organization.clone(), snapshot.version);
        if let Some(outline) = self.memory.borrow_mut().outlines.get(&key) {
            self.trace.source("outline", "memory");
            return Ok(outline);
        }
        self.trace.source("outline", "d1");
        let outcomes = self
            .database
            .batch(vec![Statement::new(
                sql!("outline.sql"),
                [Cell::from(organization.as_str()), Cell::Integer(snapshot.version)],
            )])
            .await?;
        let [parts] = rows_of(outcomes)?;
        if parts.is_empty() {
            // Removed since the head was read. A pin says so; who did not pin asks again and gets the newest.
            self.memory.borrow_mut().forget_heads();
            return Err(match pinned {
                true => ApiError::SnapshotExpired,
                false => ApiError::Unavailable("the version was removed while it was read".to_owned()),
            });
        }
        let texts = parts.iter().map(|row| row.text(0)).collect::<Result<Vec<_>, _>>()?;
        let version = Version::from_parts(texts).map_err(|error| ApiError::Internal(error.to_string()))?;
        let outline = Rc::new(Outline::from(&version));
        let bytes = outline.bytes();
        self.memory.borrow_mut().outlines.put(key, Rc::clone(&outline), bytes);
        Ok(outline)
    }
}
