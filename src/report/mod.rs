//! The report: which snapshot, which of its rows, and the bytes of the answer.
//!
//! A request walks from the head (whose version, asOf and threshold it is about) over the outline of the version
//! (which rows match) to the page (the rows' bytes), and each step has a cheaper place to look first: the isolate's
//! memory, then the page cache, then the database. What a caller alone may see is added last, after every cache.

mod answer;
mod csv;
mod head;
mod page;
mod request;
mod snapshot_id;
mod summary;

pub use answer::{Answer, Form, ReportBody, etag_of, matches};
pub use csv::{Export, content_disposition};
pub use head::{Head, STALE_MAX_MS};
pub use request::{Parameters, ReportRequest};

use crate::auth::access::{OrganizationId, ReadAccess};
use crate::bounded::Bounded;
use crate::error::ApiError;
use crate::instant::Instant;
use crate::monitor::outline::Outline;
use crate::monitor::selection::Filter;
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

/// The answer to a request for CSV.
pub struct ExportAnswer {
    /// The strong ETag, quotes and all.
    pub etag: String,
    /// The instant that the file speaks of; none: there is no snapshot yet.
    pub as_of: Option<Instant>,
    /// The file; none: what the client has is still right, 304.
    pub file: Option<Export>,
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
    /// Answers a request for a page of the report.
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
        self.answer(Form::Report, access, request, if_none_match, now).await
    }

    /// Answers a request for a page of the report, or for a summary.
    ///
    /// # Errors
    /// As [`Reader::report`].
    pub async fn answer(
        &self,
        form: Form,
        access: &ReadAccess,
        request: &ReportRequest,
        if_none_match: Option<&str>,
        now: Instant,
    ) -> Result<Answer, ApiError> {
        let body = self.prepare(form, access, request, now).await?;
        let etag = body.etag()?;
        if if_none_match.is_some_and(|condition| answer::matches(condition, &etag)) {
            return Ok(Answer { etag, body: None });
        }
        let written = self.write(&body).await;
        let body = self.unless_removed(request, written)?;
        Ok(Answer { etag, body: Some(body) })
    }

    /// Answers a request for all rows as CSV.
    ///
    /// # Errors
    /// As [`Reader::report`].
    pub async fn export(
        &self,
        access: &ReadAccess,
        request: &ReportRequest,
        if_none_match: Option<&str>,
        now: Instant,
    ) -> Result<ExportAnswer, ApiError> {
        let body = self.prepare(Form::Csv, access, request, now).await?;
        let mut answer = ExportAnswer {
            etag: body.etag()?,
            as_of: body.snapshot.as_ref().map(|snapshot| snapshot.as_of),
            file: None,
        };
        if if_none_match.is_some_and(|condition| answer::matches(condition, &answer.etag)) {
            return Ok(answer);
        }
        let begun = self.begin_export(&body).await;
        answer.file = Some(self.unless_removed(request, begun)?);
        Ok(answer)
    }

    async fn begin_export(&self, body: &ReportBody<'_>) -> Result<Export, ApiError> {
        let (outline, filter) = self.selected(body).await?;
        let as_of = body
            .snapshot
            .as_ref()
            .map_or(body.head.as_of, |snapshot| snapshot.as_of);
        let chunks = outline.select_all(&filter);
        Export::begin(
            self.database,
            &body.access.organization,
            &body.access.view,
            as_of,
            chunks,
        )
        .await
    }

    /// What the answer speaks of, before anything but the head is read.
    async fn prepare<'a>(
        &self,
        form: Form,
        access: &'a ReadAccess,
        request: &'a ReportRequest,
        now: Instant,
    ) -> Result<ReportBody<'a>, ApiError> {
        let (current, snapshot) = self.snapshot(&access.organization, request, now).await?;
        let snapshot_id = snapshot
            .as_ref()
            .map(|snapshot| snapshot.id(&access.organization, &current.head));
        Ok(ReportBody {
            form,
            access,
            request,
            departments: access.view.departments(request.department_id.as_deref()),
            head: current.head,
            snapshot,
            snapshot_id,
            stale: current.stale,
        })
    }

    /// A version may have been removed since the head was read. A pin says so; who did not pin asks again, and gets the
    /// newest.
    fn unless_removed<T>(&self, request: &ReportRequest, read: Result<T, ApiError>) -> Result<T, ApiError> {
        match read {
            Err(ApiError::SnapshotExpired) if request.snapshot.is_none() => {
                self.memory.borrow_mut().forget_heads();
                Err(ApiError::Unavailable(
                    "the version was removed while it was read".to_owned(),
                ))
            }
            read => read,
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

    /// The body of an answer.
    async fn write(&self, body: &ReportBody<'_>) -> Result<String, ApiError> {
        let (outline, filter) = self.selected(body).await?;
        if body.form == Form::Summary {
            let as_of = body
                .snapshot
                .as_ref()
                .map_or(body.head.as_of, |snapshot| snapshot.as_of);
            return Ok(body.write_summary(&outline.summarize(&filter, as_of)));
        }
        let selection = outline.select(&filter);
        let rows = match &body.snapshot {
            None => Vec::new(),
            Some(snapshot) => {
                self.rows(
                    &body.access.organization,
                    &body.head,
                    snapshot,
                    &filter,
                    &selection.row_nos,
                )
                .await?
            }
        };
        body.write(selection.counts, &rows)
    }

    /// The outline of the snapshot, an empty one where there is none, and which of it is asked for.
    async fn selected(&self, body: &ReportBody<'_>) -> Result<(Rc<Outline>, Filter), ApiError> {
        let outline = match &body.snapshot {
            None => Rc::default(),
            Some(snapshot) => self.outline(&body.access.organization, snapshot).await?,
        };
        let cut = match &body.snapshot {
            Some(snapshot) if !body.request.skip_threshold => {
                outline.over_threshold(snapshot.as_of, snapshot.threshold_minutes)
            }
            _ => outline.len(),
        };
        let filter = Filter {
            cut,
            departments: body.departments.clone(),
            category: body.request.category,
            page: body.request.page,
            limit: body.request.limit,
        };
        Ok((outline, filter))
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
