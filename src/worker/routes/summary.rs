//! `GET /api/conversation-monitor/summary`

use crate::api::error::ApiError;
use crate::auth::access::read_access;
use crate::report::request::ReportRequest;
use crate::report::service::answer_summary;
use crate::worker::authenticate::{Limit, authenticate};
use crate::worker::response::{Call, Reply};
use crate::worker::routes::report::Sources;

/// What can be counted of the report's rows.
///
/// 1. Authenticate and count the call         → 401, 429, 503
/// 2. Read the parameters                     → 400
/// 3. Decide access                           → 403
/// 4. Resolve the head and the snapshot       → 404, 410
/// 5. Compare the ETag                        → 304
/// 6. Count the rows and write the summary    → 200
pub async fn handle(call: &Call<'_>) -> Result<Reply, ApiError> {
    // 1. Authenticate and count the call.
    let claims = authenticate(call, Limit::Read).await?;
    // 2. Read the parameters.
    let request = ReportRequest::parse(call.head.query())?;
    // 3. Decide access.
    let access = read_access(&claims, request.organization_id.as_deref())?;
    // 4. to 6.
    let sources = Sources::of(call);
    let context = sources.context(call)?;
    let answer = answer_summary(&context, &access, &request, call.head.if_none_match(), call.now).await?;
    Ok(answer.into())
}
