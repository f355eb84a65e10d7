//! A request after its head and its snapshot are known, and the identity of its response.

use crate::auth::access::{ReadAccess, View};
use crate::base::timestamp::{MINUTE_MS, Timestamp};
use crate::http::etag::etag_of;
use crate::report::cache::{CachedPage, CachedResponse, PageSlot};
use crate::report::error::ReportError;
use crate::report::head::{HeadSource, ResolvedHead};
use crate::report::query::{ReportFormat, ReportQuery};
use crate::report::request::ReportRequest;
use crate::report::rows::PageRow;
use crate::report::snapshot::{Snapshot, SnapshotHead};
use crate::snapshot::query::RowQuery;
use serde::Serialize;
use std::rc::Rc;

/// How old a snapshot's instant may be before a response says that it is stale: three minutes. A refresh runs every
/// minute or more often.
pub const FRESH_MAX_MS: i64 = 3 * MINUTE_MS;

/// Everything that the bytes of a response depend on.
pub struct ResolvedReport<'a> {
    /// Which organization is asked about, and what of it the caller may see.
    pub access: &'a ReadAccess,
    /// The organization's head.
    pub head: Rc<SnapshotHead>,
    /// Where the head comes from.
    pub head_source: HeadSource,
    /// The rows that were read together with the head, with their numbers.
    pub rows_ahead: Vec<(i64, PageRow)>,
    /// The snapshot. `None` means that nothing is published yet.
    pub snapshot: Option<Snapshot>,
    /// Whether the response says that it is stale: the database is out of reach, or no refresh has moved the snapshot's
    /// instant for a while.
    pub is_stale: bool,
    /// What is asked for, and where the page is cached that answers it.
    pub slot: PageSlot,
}

/// What tells responses apart.
#[derive(Serialize)]
struct ResponseIdentity<'a> {
    query: &'a ReportQuery,
    /// The rows of a snapshot never change, so its id stands for them.
    snapshot_id: Option<&'a str>,
    threshold_minutes: i64,
    is_stale: bool,
    viewer: Viewer<'a>,
}

/// Whose `hasAccess` a response shows.
#[derive(Serialize)]
enum Viewer<'a> {
    /// Callers who have access to all rows.
    Everybody,
    /// The subject of a token that is limited to departments.
    Subject(Option<&'a str>),
}

impl<'a> ResolvedReport<'a> {
    /// A request about `snapshot` at `now`, the service's clock.
    #[must_use]
    pub fn new(
        access: &'a ReadAccess,
        request: &ReportRequest,
        format: ReportFormat,
        head: ResolvedHead,
        snapshot: Option<Snapshot>,
        now: Timestamp,
    ) -> Self {
        let is_stale = is_stale(&head, snapshot.as_ref(), now);
        Self {
            access,
            head: head.head,
            head_source: head.source,
            rows_ahead: head.rows_ahead,
            snapshot,
            is_stale,
            slot: PageSlot {
                query: Rc::new(ReportQuery::new(access, request, format)),
                pin: request.snapshot.clone(),
            },
        }
    }

    /// Which rows are asked for.
    #[must_use]
    pub fn rows(&self) -> &RowQuery {
        &self.slot.query.rows
    }

    /// Whether rows are shown that are not over the threshold.
    #[must_use]
    pub fn skip_threshold(&self) -> bool {
        self.slot.query.skip_threshold
    }

    /// The threshold of the organization that is in force.
    #[must_use]
    pub fn threshold_minutes(&self) -> i64 {
        let snapshot = self.snapshot.as_ref();
        let settings = snapshot.map_or(&self.head.settings, |snapshot| &snapshot.settings);
        settings.threshold_minutes
    }

    /// The instant that the response is as of, or would be if there were a snapshot.
    #[must_use]
    pub fn as_of(&self) -> Timestamp {
        self.snapshot
            .as_ref()
            .map_or(self.head.as_of, |snapshot| snapshot.as_of)
    }

    /// The instant that the response is as of. `None` means that there is no snapshot.
    #[must_use]
    pub fn generated_at(&self) -> Option<String> {
        self.snapshot.as_ref().map(|snapshot| snapshot.as_of.to_string())
    }

    /// The id of the snapshot.
    #[must_use]
    pub fn snapshot_id(&self) -> Option<&str> {
        self.snapshot.as_ref().map(|snapshot| &*snapshot.id)
    }

    /// The id of the snapshot, if every caller with this query gets the same response. Those who see all departments
    /// do.
    #[must_use]
    pub fn shared_snapshot_id(&self) -> Option<&Rc<str>> {
        let is_shared = self.access.view == View::All;
        self.snapshot
            .as_ref()
            .map(|snapshot| &snapshot.id)
            .filter(|_| is_shared)
    }

    /// The response of a cached page, if it is the one to this request.
    #[must_use]
    pub fn response_of<'b>(&self, cached: &'b CachedPage) -> Option<&'b CachedResponse> {
        let response = cached.response.as_ref()?;
        let is_it = self.shared_snapshot_id()? == &response.snapshot_id && self.is_stale == response.is_stale;
        is_it.then_some(response)
    }

    /// A strong ETag, made of everything that the bytes of the response depend on.
    ///
    /// # Errors
    /// [`ReportError::Corrupt`] if that cannot be written as JSON, which does not happen.
    pub fn etag(&self) -> Result<Rc<str>, ReportError> {
        let content = to_json(&ResponseIdentity {
            query: &self.slot.query,
            snapshot_id: self.snapshot_id(),
            threshold_minutes: self.threshold_minutes(),
            is_stale: self.is_stale,
            viewer: match &self.access.view {
                View::All => Viewer::Everybody,
                View::Departments { subject, .. } => Viewer::Subject(subject.as_deref()),
            },
        })?;
        Ok(etag_of(&content).into())
    }
}

/// Whether a response about a snapshot is stale.
pub(super) fn is_stale(head: &ResolvedHead, snapshot: Option<&Snapshot>, now: Timestamp) -> bool {
    let is_old = |snapshot: &Snapshot| now.milliseconds_since(snapshot.as_of) > FRESH_MAX_MS;
    head.source.is_stale() || snapshot.is_some_and(is_old)
}

/// JSON in which no text can run into another, so that different identities never share a key.
///
/// # Errors
/// [`ReportError::Corrupt`] if the identity cannot be written as JSON, which does not happen.
pub fn to_json<T: Serialize>(identity: &T) -> Result<String, ReportError> {
    serde_json::to_string(identity).map_err(|error| ReportError::Corrupt(error.to_string()))
}
