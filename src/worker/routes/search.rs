//! `POST /api/conversation-monitor/report/search`

use crate::api::error::ApiError;
use crate::auth::access::read_access;
use crate::report::request::{SEARCH_BODY_BYTES_MAX, SearchRequest};
use crate::report::service::respond_with_search;
use crate::worker::authenticate::authenticate;
use crate::worker::bindings::rate_limit::RateLimit;
use crate::worker::context::{ReportSources, RequestContext};
use crate::worker::json_body;
use crate::worker::response::{ApiBody, ApiResponse};

/// A page of the rows that a text is found in. The text is in the body, so that no log and no history has it.
///
/// 1. Authenticate and count the call         → 401, 429, 503
/// 2. Read the body                           → 400, 413, 415
/// 3. Decide access                           → 403
/// 4. Resolve the head and the snapshot       → 404, 410, 503
/// 5. Search, select, read and write the page → 200, 503
pub async fn handle(context: &RequestContext) -> Result<ApiResponse, ApiError> {
    // 1. Authenticate and count the call.
    let caller = authenticate(context, RateLimit::Search).await?;
    // 2. Read the body.
    let request = SearchRequest::parse(&json_body::read(context, SEARCH_BODY_BYTES_MAX).await?)?;
    // 3. Decide access.
    let access = read_access(&caller.claims, request.page.report.organization_id.as_deref())?;
    // 4. Resolve the head and the snapshot; 5. Search, select, read and write the page.
    let sources = ReportSources::new(context, caller.service, &access.organization);
    let report = sources.context(context, caller.service, &caller.claims);
    let body = respond_with_search(&report, &access, &request, context.now).await?;
    Ok(ApiResponse {
        status: 200,
        body: Some(ApiBody::Text(body)),
        headers: Vec::new(),
    })
}
