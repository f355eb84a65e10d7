//! Answers a request for a report, a summary or a CSV file.

use crate::api::error::ApiError;
use crate::auth::access::{OrganizationId, ReadAccess};
use crate::base::timestamp::Timestamp;
use crate::base::trace::Trace;
use crate::http::etag::matches;
use crate::report::cache::{CachedPage, CachedResponse, IsolateCache};
use crate::report::csv::Export;
use crate::report::head::{Origin, ResolvedHead};
use crate::report::json::{Answer, ReportQuery, question};
use crate::report::request::{ReportFormat, ReportRequest};
use crate::report::snapshot::Snapshot;
use crate::snapshot::index::SnapshotIndex;
use crate::snapshot::query::Filter;
use crate::storage::database::{Database, Row, SqlValue, Statement, rows_of};
use crate::storage::shared_cache::SharedCache;
use std::cell::RefCell;
use std::rc::Rc;

/// The answer to a request for CSV.
pub struct ExportAnswer {
    /// The strong ETag, quotes and all.
    pub etag: String,
    /// The instant that the file speaks of; none: there is no snapshot yet.
    pub as_of: Option<Timestamp>,
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
    pub memory: &'a RefCell<IsolateCache>,
    /// How old a head in memory may be.
    pub head_max_age_ms: i64,
    /// Where each part of the answer came from.
    pub trace: &'a Trace,
}

impl<D: Database, P: SharedCache> Reader<'_, D, P> {
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
        now: Timestamp,
    ) -> Result<Answer, ApiError> {
        self.answer(ReportFormat::Report, access, request, if_none_match, now)
            .await
    }

    /// Answers a request for a page of the report, or for a summary.
    ///
    /// # Errors
    /// As [`Reader::report`].
    pub async fn answer(
        &self,
        form: ReportFormat,
        access: &ReadAccess,
        request: &ReportRequest,
        if_none_match: Option<&str>,
        now: Timestamp,
    ) -> Result<Answer, ApiError> {
        let asked = self.prepare(form, access, request, now).await?;
        let is_known = |etag: &str| if_none_match.is_some_and(|condition| matches(condition, etag));
        let held = self.memory.borrow_mut().pages.get(&*asked.place());
        if let Some(whole) = held.as_ref().and_then(|held| asked.same_whole(held)) {
            let etag = Rc::clone(&whole.etag);
            let body = (!is_known(&etag)).then(|| {
                self.trace.source("page", "memory");
                Rc::clone(&whole.body)
            });
            return Ok(Answer { etag, body });
        }
        let etag: Rc<str> = asked.etag().into();
        if is_known(&etag) {
            return Ok(Answer { etag, body: None });
        }
        let written = match form {
            ReportFormat::Report => self.write_page(&asked, held, &etag, now).await,
            ReportFormat::Summary | ReportFormat::Csv => self.write_summary(&asked).await,
        };
        let body = Some(self.unless_removed(request, written)?);
        Ok(Answer { etag, body })
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
        now: Timestamp,
    ) -> Result<ExportAnswer, ApiError> {
        let asked = self.prepare(ReportFormat::Csv, access, request, now).await?;
        let mut answer = ExportAnswer {
            etag: asked.etag(),
            as_of: asked.snapshot.as_ref().map(|snapshot| snapshot.as_of),
            file: None,
        };
        if if_none_match.is_some_and(|condition| matches(condition, &answer.etag)) {
            return Ok(answer);
        }
        let begun = self.begin_export(&asked).await;
        answer.file = Some(self.unless_removed(request, begun)?);
        Ok(answer)
    }

    async fn begin_export(&self, asked: &ReportQuery<'_>) -> Result<Export, ApiError> {
        let (outline, filter, _) = self.selected(asked).await?;
        let chunks = outline.select_all(&filter);
        Export::begin(
            self.database,
            &asked.access.organization,
            &asked.access.view,
            asked.as_of(),
            chunks,
        )
        .await
    }

    /// What the answer speaks of, before anything but the head is read.
    async fn prepare<'a>(
        &self,
        form: ReportFormat,
        access: &'a ReadAccess,
        request: &'a ReportRequest,
        now: Timestamp,
    ) -> Result<ReportQuery<'a>, ApiError> {
        let (current, snapshot, snapshot_id) = self.snapshot(&access.organization, request, now).await?;
        let departments = access.view.departments(request.department_id.as_deref());
        let question = question(form, &access.organization, request, departments.as_ref())?;
        Ok(ReportQuery {
            access,
            request,
            departments,
            question,
            head: current.head,
            snapshot,
            snapshot_id,
            stale: current.stale,
            was_at_database: current.origin != Origin::Memory,
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

    /// The head, the snapshot that the request is about, if there is one, and its id.
    async fn snapshot(
        &self,
        organization: &OrganizationId,
        request: &ReportRequest,
        now: Timestamp,
    ) -> Result<(ResolvedHead, Option<Snapshot>, Option<Rc<str>>), ApiError> {
        let current = self.head(organization, now).await?;
        let Some(id) = &request.snapshot else {
            let newest = Snapshot::newest(&current.head);
            let newest_id = current.newest_id.clone();
            return Ok((current, newest, newest_id));
        };
        let (current, snapshot) = match Snapshot::pinned(organization, &current.head, id) {
            Ok(snapshot) => (current, snapshot),
            // Another isolate may have given it out after this one has read its head, or has read it from a replica.
            Err(_) if current.origin != Origin::Primary => {
                let current = self.read_head_at_primary(organization, now).await?;
                let snapshot = Snapshot::pinned(organization, &current.head, id)?;
                (current, snapshot)
            }
            Err(error) => return Err(error),
        };
        Ok((current, Some(snapshot), Some(Rc::from(id.as_str()))))
    }

    async fn write_summary(&self, asked: &ReportQuery<'_>) -> Result<Rc<String>, ApiError> {
        let (outline, filter, _) = self.selected(asked).await?;
        let summary = outline.summarize(&filter, asked.as_of());
        Ok(Rc::new(asked.write_summary(&summary)))
    }

    async fn write_page(
        &self,
        asked: &ReportQuery<'_>,
        held: Option<Rc<CachedPage>>,
        etag: &Rc<str>,
        now: Timestamp,
    ) -> Result<Rc<String>, ApiError> {
        let (outline, filter, was_at_database) = self.selected(asked).await?;
        let page = self.page(asked, (&outline, &filter), held, was_at_database, now);
        let (held, is_new) = page.await?;
        let body = Rc::new(asked.write(held.counts, &held.page.rows)?);
        let whole = asked.shared_snapshot().map(|snapshot_id| CachedResponse {
            snapshot_id: Rc::clone(snapshot_id),
            etag: Rc::clone(etag),
            body: Rc::clone(&body),
        });
        if is_new || whole.is_some() {
            let held = CachedPage::clone(&held);
            self.hold(asked.place().into_owned(), CachedPage { whole, ..held });
        }
        Ok(body)
    }

    /// The outline of the snapshot, an empty one where there is none, and which of it is asked for; and whether the
    /// database was asked by then.
    async fn selected(&self, asked: &ReportQuery<'_>) -> Result<(Rc<SnapshotIndex>, Filter, bool), ApiError> {
        let (outline, was_read) = match &asked.snapshot {
            None => (Rc::default(), false),
            Some(snapshot) => self.outline(&asked.access.organization, snapshot).await?,
        };
        let cut = match &asked.snapshot {
            Some(snapshot) if !asked.request.skip_threshold => {
                outline.over_threshold(snapshot.as_of, snapshot.threshold_minutes)
            }
            _ => outline.len(),
        };
        let filter = Filter {
            cut,
            departments: asked.departments.clone(),
            category: asked.request.category,
            page: asked.request.page,
            limit: asked.request.limit,
        };
        Ok((outline, filter, was_read || asked.was_at_database))
    }

    /// The outline of a version, from memory or from the database; and whether it came from there.
    ///
    /// # Errors
    /// [`ApiError::SnapshotExpired`] where the version is not there any more.
    async fn outline(
        &self,
        organization: &OrganizationId,
        snapshot: &Snapshot,
    ) -> Result<(Rc<SnapshotIndex>, bool), ApiError> {
        let key = (organization.clone(), snapshot.version);
        if let Some(outline) = self.memory.borrow_mut().outlines.get(&key) {
            self.trace.source("outline", "memory");
            return Ok((outline, false));
        }
        self.trace.source("outline", "d1");
        let outcomes = self
            .database
            .batch(vec![Statement::new(
                include_str!("sql/index.sql"),
                [
                    SqlValue::from(organization.as_str()),
                    SqlValue::Integer(snapshot.version),
                ],
            )])
            .await?;
        let [parts] = rows_of(outcomes)?;
        if parts.is_empty() {
            return Err(ApiError::SnapshotExpired);
        }
        Ok((self.hold_outline(key, &parts)?, true))
    }

    /// Keeps the outline of a version, whose parts are rows of one column, in order.
    pub(super) fn hold_outline(
        &self,
        key: (OrganizationId, i64),
        parts: &[Row],
    ) -> Result<Rc<SnapshotIndex>, ApiError> {
        let texts = parts.iter().map(|row| row.text(0)).collect::<Result<Vec<_>, _>>()?;
        let outline = SnapshotIndex::from_parts(texts).map_err(|error| ApiError::Internal(error.to_string()))?;
        let outline = Rc::new(outline);
        let (organization, _) = &key;
        let bytes = outline
            .bytes()
            .saturating_add(organization.as_str().len().saturating_mul(2));
        self.memory.borrow_mut().outlines.put(key, Rc::clone(&outline), bytes);
        Ok(outline)
    }
}
