//! `GET /api/conversation-monitor/report/stream`

use crate::api::error::ApiError;
use crate::auth::access::read_access;
use crate::auth::rate_limit_key::caller_key;
use crate::report::head::resolve_head;
use crate::report::request::PageRequest;
use crate::report::streams::OpenStreams;
use crate::worker::authenticate::authenticate;
use crate::worker::bindings::rate_limit::RateLimit;
use crate::worker::context::{ReportSources, RequestContext};
use crate::worker::response::ApiResponse;
use std::cell::RefCell;

thread_local! {
    /// The streams of this isolate.
    static OPEN: RefCell<OpenStreams> = RefCell::default();
}

/// The report and the summary as server-sent events, whenever they change.
///
/// 1. Authenticate and count the opening      → 401, 429, 503
/// 2. Read the parameters                     → 400
/// 3. Decide access                           → 403
/// 4. Find the organization                   → 404, 503
/// 5. Count the caller's streams              → 429
/// 6. Let the entry module write the events   → 200
pub async fn handle(context: &RequestContext) -> Result<ApiResponse, ApiError> {
    // 1. Authenticate and count the opening.
    let caller = authenticate(context, RateLimit::Stream).await?;
    // 2. Read the parameters.
    let request = PageRequest::parse(context.query())?;
    if request.report.snapshot.is_some() {
        let message = "snapshot must be left out, because a snapshot never changes.";
        return Err(ApiError::Invalid(message.to_owned()));
    }
    // 3. Decide access.
    let access = read_access(&caller.claims, request.report.organization_id.as_deref())?;
    // 4. Find the organization.
    let sources = ReportSources::new(context, caller.service, &access.organization);
    let report = sources.context(context, caller.service, &caller.claims);
    resolve_head(&report, &access.organization, Vec::new(), context.now).await?;
    // 5. Count the caller's streams.
    let mut headers = vec![("Content-Type", "text/event-stream; charset=utf-8".to_owned())];
    if context.method() == "GET" {
        let key = caller_key(&caller.claims);
        if !OPEN.with_borrow_mut(|streams| streams.open(&key, context.now)) {
            return Err(ApiError::RateLimited(caller.service.config.rate_limit_period_seconds));
        }
        // 6. Let the entry module write the events.
        headers.push(("X-Stream-Key", key));
    }
    Ok(ApiResponse {
        status: 200,
        body: None,
        headers,
    })
}

/// A stream of the caller with this key has ended.
pub fn close(caller_key: &str) {
    OPEN.with_borrow_mut(|streams| streams.close(caller_key));
}
