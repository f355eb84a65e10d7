//! `GET /api/conversation-monitor/summary`

use crate::api::error::ApiError;
use crate::auth::access::read_access;
use crate::report::request::ReportRequest;
use crate::report::service::respond_with_summary;
use crate::worker::authenticate::authenticate;
use crate::worker::bindings::rate_limit::RateLimit;
use crate::worker::context::{ReportSources, RequestContext};
use crate::worker::response::ApiResponse;

/// What can be counted of the report's rows.
///
/// 1. Authenticate and count the call         → 401, 429, 503
/// 2. Read the parameters                     → 400
/// 3. Decide access                           → 403
/// 4. Resolve the head and the snapshot       → 404, 410, 503
/// 5. Compare the ETag                        → 304
/// 6. Count the rows and write the summary    → 200, 503
pub async fn handle(context: &RequestContext) -> Result<ApiResponse, ApiError> {
    // 1. Authenticate and count the call.
    let caller = authenticate(context, RateLimit::Read).await?;
    // 2. Read the parameters.
    let request = ReportRequest::parse(context.query())?;
    // 3. Decide access.
    let access = read_access(&caller.claims, request.organization_id.as_deref())?;
    // 4. Resolve the head and the snapshot; 5. Compare the ETag; 6. Count the rows and write the summary.
    let condition = context.if_none_match();
    let sources = ReportSources::new(context, caller.service, &access.organization);
    let report = sources.context(context, caller.service, &caller.claims);
    let response = respond_with_summary(&report, &access, &request, condition.as_deref(), context.now).await?;
    Ok(ApiResponse::with_advice(context, &sources, response))
}
