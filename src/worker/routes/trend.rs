//! `GET /api/conversation-monitor/trend` and `…/trend.csv`

use crate::api::envelope::success;
use crate::api::error::ApiError;
use crate::auth::access::read_access;
use crate::http::etag::etag_of;
use crate::report::csv::content_disposition;
use crate::report::request::TrendRequest;
use crate::report::trend::respond_with_trend;
use crate::worker::authenticate::authenticate;
use crate::worker::bindings::rate_limit::RateLimit;
use crate::worker::context::{ReportSources, RequestContext};
use crate::worker::response::ApiResponse;

/// The course of the last days, as JSON or as a file.
///
/// 1. Authenticate and count the call         → 401, 429, 503
/// 2. Read the parameters                     → 400
/// 3. Decide access                           → 403
/// 4. Resolve the head, and read the hours    → 404, 503
/// 5. Write them, and compare the ETag        → 200, 304
pub async fn handle(context: &RequestContext, is_csv: bool) -> Result<ApiResponse, ApiError> {
    // 1. Authenticate and count the call.
    let caller = authenticate(context, RateLimit::Read).await?;
    // 2. Read the parameters.
    let request = TrendRequest::parse(context.query(), is_csv)?;
    // 3. Decide access.
    let access = read_access(&caller.claims, request.organization_id.as_deref())?;
    // 4. Resolve the head, and read the hours.
    let sources = ReportSources::new(context, caller.service, &access.organization);
    let report = sources.context(context, caller.service, &caller.claims);
    let trend = respond_with_trend(&report, &access, &request, context.now).await?;
    // 5. Write them, and compare the ETag.
    let mut body = success(&trend.data(&access))?;
    let Some(separator) = request.separator else {
        return Ok(ApiResponse::json_or_not_modified(context, body));
    };
    // The file does not say of which organization it is, but its ETag depends on that.
    let csv = trend.to_csv(separator);
    body.push_str(&csv);
    let mut response = ApiResponse::unless_known(context, etag_of(&body), csv);
    if response.body.is_some() {
        let disposition = content_disposition("trend-", access.organization.as_str(), trend.as_of);
        response.headers.extend([
            ("Content-Type", "text/csv; charset=utf-8; header=present".to_owned()),
            ("Content-Disposition", disposition),
        ]);
    }
    Ok(response)
}
