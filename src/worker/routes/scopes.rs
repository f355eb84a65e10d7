//! `GET /api/conversation-monitor/scopes`

use crate::api::envelope;
use crate::api::error::ApiError;
use crate::directory::scopes::{ScopesRequest, read_scopes};
use crate::worker::authenticate::authenticate;
use crate::worker::bindings::d1::D1;
use crate::worker::bindings::rate_limit::RateLimit;
use crate::worker::context::RequestContext;
use crate::worker::response::ApiResponse;

/// The organizations and departments that the caller may choose from.
///
/// 1. Authenticate and count the call      → 401, 429, 503
/// 2. Read the parameters                  → 400
/// 3. Decide access and read the scopes    → 403, 404, 503
/// 4. Compare the ETag                     → 304, 200
pub async fn handle(context: &RequestContext) -> Result<ApiResponse, ApiError> {
    // 1. Authenticate and count the call.
    let caller = authenticate(context, RateLimit::Read).await?;
    // 2. Read the parameters.
    let request = ScopesRequest::parse(context.query())?;
    // 3. Decide access and read the scopes.
    let shards = &caller.service.config.shards;
    let bindings = shards.bindings().iter();
    let databases: Vec<D1> = bindings.map(|binding| D1::bound(&context.env, binding)).collect();
    let mut scopes = read_scopes(&databases, shards, &caller.claims, &request).await?;
    scopes
        .conversation_url
        .clone_from(&caller.service.config.conversation_url);
    // 4. Compare the ETag.
    Ok(ApiResponse::json_or_not_modified(context, envelope::success(&scopes)?))
}
