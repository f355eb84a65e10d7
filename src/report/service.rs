//! Responds to requests for a page of the report, a search, a summary or a CSV file. The token, the parameters and the
//! access are checked by then.
//!
//! 1. Resolve the head and the snapshot → 404, 410, 503
//! 2. Compare the ETag → 304
//! 3. Load the index of the snapshot's version, and select from it
//! 4. Read the rows
//! 5. Write the response → 200

use crate::auth::access::ReadAccess;
use crate::base::timestamp::Timestamp;
use crate::conversation::category::Category;
use crate::http::etag::is_known;
use crate::report::ahead::statements_ahead;
use crate::report::cache::{CachedPage, CachedResponse, Page};
use crate::report::context::ReportContext;
use crate::report::csv::{CsvFile, CsvLayout, Separator};
use crate::report::error::ReportError;
use crate::report::json::write_page;
use crate::report::page::read_page;
use crate::report::poll::PollAdvice;
use crate::report::query::ReportFormat;
use crate::report::request::{CsvRequest, PageRequest, ReportRequest, SearchRequest};
use crate::report::resolved::ResolvedReport;
use crate::report::rows::read_rows;
use crate::report::search::find_rows;
use crate::report::steps::{resolve, select, unless_removed};
use crate::report::summary::write_summary;
use crate::snapshot::query::{Listing, Paging};
use crate::storage::database::Database;
use crate::storage::shared_cache::SharedCache;
use std::rc::Rc;

/// The response to a request for a page or a summary.
#[derive(Debug)]
pub struct ReportResponse {
    /// The strong ETag with its quotes.
    pub etag: Rc<str>,
    /// The body. `None` means that the client has it already: 304.
    pub body: Option<Rc<String>>,
    /// When to ask again.
    pub advice: PollAdvice,
    /// The page after this one. `None` means that there is none, or that the body is none of a page.
    pub next: Option<NextPage>,
}

impl ReportResponse {
    /// The response to a client that has the body already.
    fn known(etag: Rc<str>, advice: PollAdvice) -> Self {
        Self {
            etag,
            body: None,
            advice,
            next: None,
        }
    }
}

/// The page that follows a page.
#[derive(Debug)]
pub struct NextPage {
    /// Its number.
    pub page: u64,
    /// The snapshot that both are of.
    pub snapshot_id: Rc<str>,
}

impl NextPage {
    fn after(report: &ResolvedReport<'_>, paging: Paging, page: &CachedPage) -> Option<Self> {
        let snapshot_id = Rc::clone(&report.snapshot.as_ref()?.id);
        let total = page.totals.counts.for_category(report.rows().filter.category);
        let has_next = paging.page < total.div_ceil(paging.limit.max(1));
        has_next.then(|| Self {
            page: paging.page + 1,
            snapshot_id,
        })
    }
}

/// The response to a request for a CSV file.
pub struct CsvResponse {
    /// The strong ETag with its quotes.
    pub etag: Rc<str>,
    /// The instant that the file is as of. `None` means that nothing is published yet.
    pub as_of: Option<Timestamp>,
    /// The file. `None` means that the client has it already: 304.
    pub file: Option<CsvFile>,
}

/// Responds to a request for a page of the report.
///
/// # Errors
/// [`ReportError`]; [`ReportError::Unavailable`] only if nothing usable is cached.
pub async fn respond_with_page<D: Database, C: SharedCache>(
    context: &ReportContext<'_, D, C>,
    access: &ReadAccess,
    request: &PageRequest,
    if_none_match: Option<&str>,
    now: Timestamp,
) -> Result<ReportResponse, ReportError> {
    let paging = request.paging;
    // 1. The head and the snapshot, and perhaps the rows
    let ahead = statements_ahead(context, access, &request.report, paging, now)?;
    let report = resolve(context, access, &request.report, ReportFormat::Page(paging), ahead, now).await?;
    let advice = context
        .schedule
        .advise(&report.head, report.head_source.is_stale(), now);
    // 2. The ETag
    let cached = context.isolate_cache.borrow_mut().page(&report.slot);
    if let Some(page) = &cached
        && let Some(response) = report.response_of(page)
    {
        let etag = Rc::clone(&response.etag);
        if is_known(&etag, if_none_match) {
            return Ok(ReportResponse::known(etag, advice));
        }
        context.trace.source("page", "memory");
        let body = Some(Rc::clone(&response.body));
        let next = NextPage::after(&report, paging, page);
        return Ok(ReportResponse {
            etag,
            body,
            advice,
            next,
        });
    }
    let etag = report.etag()?;
    if is_known(&etag, if_none_match) {
        return Ok(ReportResponse::known(etag, advice));
    }
    // 3. to 5. The index, the rows, the body
    let written = write_cached_page(context, &report, paging, cached, &etag, now).await;
    let (page, body) = unless_removed(context, &report, written)?;
    let (body, next) = (Some(body), NextPage::after(&report, paging, &page));
    Ok(ReportResponse {
        etag,
        body,
        advice,
        next,
    })
}

/// Responds to a search: a page of the rows that the text is found in, past the caches.
///
/// # Errors
/// [`ReportError`]
pub async fn respond_with_search<D: Database, C>(
    context: &ReportContext<'_, D, C>,
    access: &ReadAccess,
    request: &SearchRequest,
    now: Timestamp,
) -> Result<String, ReportError> {
    let PageRequest { report, paging } = &request.page;
    // 1. The head and the snapshot
    let report = resolve(context, access, report, ReportFormat::Page(*paging), Vec::new(), now).await?;
    // 3. to 5. The index, the rows, the body
    let body = search_body(context, &report, *paging, &request.search, now).await;
    unless_removed(context, &report, body)
}

/// Responds to a request for a summary. It is made of the index alone.
///
/// # Errors
/// [`ReportError`]
pub async fn respond_with_summary<D: Database, C>(
    context: &ReportContext<'_, D, C>,
    access: &ReadAccess,
    request: &ReportRequest,
    if_none_match: Option<&str>,
    now: Timestamp,
) -> Result<ReportResponse, ReportError> {
    // 1. The head and the snapshot
    let report = resolve(context, access, request, ReportFormat::Summary, Vec::new(), now).await?;
    let advice = context
        .schedule
        .advise(&report.head, report.head_source.is_stale(), now);
    // 2. The ETag
    let etag = report.etag()?;
    if is_known(&etag, if_none_match) {
        return Ok(ReportResponse::known(etag, advice));
    }
    // 3. The index
    let selected = unless_removed(context, &report, select(context, &report).await)?;
    // 5. The body
    let listing = selected.listing();
    let summary = listing.summarize(report.rows(), report.as_of(), selected.calendar.as_deref());
    let (body, next) = (Some(Rc::new(write_summary(&report, &summary)?)), None);
    Ok(ReportResponse {
        etag,
        body,
        advice,
        next,
    })
}

/// Responds to a request for a CSV file. Its rows are read while it is sent, past the caches.
///
/// # Errors
/// [`ReportError`]
pub async fn respond_with_csv<D: Database, C>(
    context: &ReportContext<'_, D, C>,
    access: &ReadAccess,
    request: &CsvRequest,
    if_none_match: Option<&str>,
    now: Timestamp,
) -> Result<CsvResponse, ReportError> {
    let separator = request.separator;
    // 1. The head and the snapshot
    let report = resolve(
        context,
        access,
        &request.report,
        ReportFormat::Csv(separator),
        Vec::new(),
        now,
    )
    .await?;
    let as_of = report.snapshot.as_ref().map(|snapshot| snapshot.as_of);
    // 2. The ETag
    let etag = report.etag()?;
    if is_known(&etag, if_none_match) {
        let file = None;
        return Ok(CsvResponse { etag, as_of, file });
    }
    // 3. to 5. The index, the first rows, the first lines
    let opened = open_csv(context, &report, separator).await;
    let file = Some(unless_removed(context, &report, opened)?);
    Ok(CsvResponse { etag, as_of, file })
}

/// Steps 3 to 5 for a page, which is then cached, together with the response if everybody gets the same.
async fn write_cached_page<D: Database, C: SharedCache>(
    context: &ReportContext<'_, D, C>,
    report: &ResolvedReport<'_>,
    paging: Paging,
    cached: Option<Rc<CachedPage>>,
    etag: &Rc<str>,
    now: Timestamp,
) -> Result<(Rc<CachedPage>, Rc<String>), ReportError> {
    let selected = select(context, report).await?;
    let page = read_page(context, report, paging, &selected, cached.as_ref(), now).await?;
    let body = Rc::new(write_page(report, paging, &page, selected.calendar.as_deref())?);
    let response = report.shared_snapshot_id().map(|snapshot_id| CachedResponse {
        snapshot_id: Rc::clone(snapshot_id),
        is_stale: report.is_stale,
        etag: Rc::clone(etag),
        body: Rc::clone(&body),
    });
    let is_cached = cached.is_some_and(|cached| Rc::ptr_eq(&cached, &page));
    if report.snapshot.is_some() && (response.is_some() || !is_cached) {
        let page = CachedPage::clone(&page);
        let mut cache = context.isolate_cache.borrow_mut();
        cache.put_page(report.slot.clone(), CachedPage { response, ..page });
    }
    Ok((page, body))
}

/// Steps 3 to 5 for a search.
async fn search_body<D: Database, C>(
    context: &ReportContext<'_, D, C>,
    report: &ResolvedReport<'_>,
    paging: Paging,
    search: &str,
    now: Timestamp,
) -> Result<String, ReportError> {
    let organization = &report.access.organization;
    let selected = select(context, report).await?;
    let found = find_rows(context.database, organization, search).await?;
    let listing = Listing {
        among: Some(&found),
        ..selected.listing()
    };
    let selection = listing.select(report.rows(), paging);
    let row_nos: Vec<i64> = selection.rows.iter().map(|row| row.row_no).collect();
    let rows = if row_nos.is_empty() {
        Vec::new()
    } else {
        read_rows(context.database, organization, &row_nos).await?
    };
    let page = CachedPage::new(None, &selection, Rc::new(Page { row_nos, rows }), now);
    write_page(report, paging, &page, selected.calendar.as_deref())
}

/// Steps 3 to 5 for a CSV file.
async fn open_csv<D: Database, C>(
    context: &ReportContext<'_, D, C>,
    report: &ResolvedReport<'_>,
    separator: Separator,
) -> Result<CsvFile, ReportError> {
    let selected = select(context, report).await?;
    let chunks = selected.listing().select_all(report.rows());
    let ReadAccess { organization, view } = report.access;
    let layout = CsvLayout {
        as_of: report.as_of(),
        calendar: selected.calendar,
        is_acknowledged: report.rows().filter.category == Some(Category::Acknowledged),
    };
    CsvFile::open(context.database, organization, view, layout, separator, chunks).await
}
