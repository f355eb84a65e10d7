//! `GET /api/organizations/{organizationId}/connections`

use crate::api::envelope;
use crate::api::error::ApiError;
use crate::api::route::PathParameters;
use crate::auth::access::settings_access;
use crate::directory::connections::read_connections;
use crate::worker::authenticate::authenticate;
use crate::worker::bindings::d1::D1;
use crate::worker::bindings::rate_limit::RateLimit;
use crate::worker::context::RequestContext;
use crate::worker::response::ApiResponse;

/// How the connections of an organization are doing.
///
/// 1. Authenticate and count the call   → 401, 429, 503
/// 2. Check the path                    → 400
/// 3. Decide access                     → 403
/// 4. Read the counts                   → 404, 503, 304, 200
pub async fn handle(context: &RequestContext, path: PathParameters<'_>) -> Result<ApiResponse, ApiError> {
    // 1. Authenticate and count the call.
    let caller = authenticate(context, RateLimit::Read).await?;
    // 2. Check the path.
    let requested = path.id("organizationId")?;
    // 3. Decide access.
    let organization = settings_access(&caller.claims, &requested)?;
    // 4. Read the counts.
    let service = caller.service;
    let unsaved = service
        .counters
        .borrow()
        .iter()
        .map(|counter| counter.tally.clone())
        .collect();
    let shards = &service.config.shards;
    let database = D1::bound(&context.env, &shards.binding(shards.of(organization.as_str()).shard));
    let connections = &service.config.connections;
    let status = read_connections(&database, &organization, connections, unsaved, context.now).await?;
    Ok(ApiResponse::json_or_not_modified(context, envelope::success(&status)?))
}
