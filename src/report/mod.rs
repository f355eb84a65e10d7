//! The report: which snapshot, which of its rows, and the bytes of the answer.
//!
//! A request walks from the head (whose version, asOf and threshold it is about) over the outline of the version
//! (which rows match) to the page (the rows' bytes), and each step has a cheaper place to look first: the isolate's
//! memory, then the page cache, then the database. What a caller alone may see is added last, after every cache.

mod answer;
mod head;
mod page;
mod request;
mod snapshot_id;

pub use answer::{Answer, ReportBody};
pub use head::{Head, STALE_MAX_MS};
pub use request::ReportRequest;

use crate::auth::access::{OrganizationId, ReadAccess};
use crate::bounded::Bounded;
use crate::error::ApiError;
use crate::instant::Instant;
use crate::monitor::outline::Outline;
use crate::monitor::selection::{Counts, Filter};
use crate::ports::{Cell, Database, PageCache, Statement, rows_of};
use crate::sql::sql;
use crate::trace::Trace;
use head::{CurrentHead, HeldHead};
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
        let (current, snapshot) = self.snapshot(&access.organization, request, now).await?;
        let departments = access.view.departments(request.department_id.as_deref());
        let body = ReportBody {
            access,
            request,
            departments: departments.as_ref(),
            head: &current.head,
            snapshot: snapshot.as_ref(),
            snapshot_id: snapshot
                .as_ref()
                .map(|snapshot| snapshot.id(&access.organization, &current.head)),
            stale: current.stale,
        };
        let etag = body.etag()?;
        if if_none_match.is_some_and(|condition| answer::matches(condition, &etag)) {
            return Ok(Answer { etag, body: None });
        }
        let written = match &snapshot {
            None => body.write(Counts::default(), &[]),
            Some(snapshot) => self.write(&body, snapshot).await,
        };
        match written {
            Ok(body) => Ok(Answer { etag, body: Some(body) }),
            // Removed since the head was read. A pin says so; who did not pin asks again, and gets the newest.
            Err(ApiError::SnapshotExpired) if request.snapshot.is_none() => {
                self.memory.borrow_mut().forget_heads();
                Err(ApiError::Unavailable(
                    "the version was removed while it was read".to_owned(),
                ))
            }
            Err(error) => Err(error),
        }
    }

    /// The head, and the snapshot that the request is about, if there is one.
    async fn snapshot(
        &self,
        organization: &OrganizationId,
        request: &ReportRequest,
        now: Instant,
    ) -> Result<(CurrentHead, Option<Snapshot>), ApiError> {
        let current = self.head(organization, now).await?;
        let Some(id) = &request.snapshot else {
            let newest = Snapshot::newest(&current.head);
            return Ok((current, newest));
        };
        match Snapshot::pinned(organization, &current.head, id) {
            Ok(snapshot) => Ok((current, Some(snapshot))),
            // Another isolate may have given it out after this one has read its head.
            Err(_) if current.is_held => {
                let current = self.read_head(organization, now).await?;
                let snapshot = Snapshot::pinned(organization, &current.head, id)?;
                Ok((current, Some(snapshot)))
            }
            Err(error) => Err(error),
        }
    }

    /// The body of a report of `snapshot`.
    async fn write(&self, body: &ReportBody<'_>, snapshot: &Snapshot) -> Result<String, ApiError> {
        let organization = &body.access.organization;
        let outline = self.outline(organization, snapshot).await?;
        let filter = Filter {
            cut: if body.request.skip_threshold {
                outline.len()
            } else {
                outline.over_threshold(snapshot.as_of, snapshot.threshold_minutes)
            },
            departments: body.departments.cloned(),
            category: body.request.category,
            page: body.request.page,
            limit: body.request.limit,
        };
        let selection = outline.select(&filter);
        let rows = self
            .rows(organization, body.head, snapshot, &filter, &selection.row_nos)
            .await?;
        body.write(selection.counts, &rows)
    }

    /// The outline of a version, from memory or from the database.
    ///
    /// # Errors
    /// [`ApiError::SnapshotExpired`] where the version is not there any more.
    async fn outline(&self, organization: &OrganizationId, snapshot: &Snapshot) -> Result<Rc<Outline>, ApiError> {
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
            return Err(ApiError::SnapshotExpired);
        }
        let texts = parts.iter().map(|row| row.text(0)).collect::<Result<Vec<_>, _>>()?;
        let outline = Outline::from_parts(texts).map_err(|error| ApiError::Internal(error.to_string()))?;
        let outline = Rc::new(outline);
        let bytes = outline.bytes();
        self.memory.borrow_mut().outlines.put(key, Rc::clone(&outline), bytes);
        Ok(outline)
    }
}
