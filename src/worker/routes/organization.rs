//! `DELETE /api/organizations/{organizationId}`

use crate::api::error::ApiError;
use crate::api::route::PathParameters;
use crate::auth::access::removal_access;
use crate::erasure::{parse_is_purge, remove_organization};
use crate::worker::authenticate::authenticate;
use crate::worker::bindings::d1::D1;
use crate::worker::bindings::rate_limit::RateLimit;
use crate::worker::context::RequestContext;
use crate::worker::response::ApiResponse;

/// Removes an organization.
///
/// 1. Authenticate and count the call        → 401, 429, 503
/// 2. Check the path and read the parameter  → 400
/// 3. Decide access                          → 403
/// 4. Remove the organization                → 200, 404, 503
pub async fn handle(context: &RequestContext, path: PathParameters<'_>) -> Result<ApiResponse, ApiError> {
    // 1. Authenticate and count the call.
    let caller = authenticate(context, RateLimit::Read).await?;
    // 2. Check the path and read the parameter.
    let requested = path.id("organizationId")?;
    let is_purge = parse_is_purge(context.query())?;
    // 3. Decide access.
    let organization = removal_access(&caller.claims, &requested)?;
    // 4. Remove the organization.
    let shards = &caller.service.config.shards;
    let database = D1::primary(&context.env, shards, shards.of(organization.as_str()));
    let removed = remove_organization(&database, &organization, is_purge, context.now).await?;
    // This isolate forgets the head at once, others when it is HEAD_MAX_AGE_SECONDS old.
    caller.service.cache.borrow_mut().remove_head(&organization);
    ApiResponse::success(&removed.ok_or(ApiError::OrganizationNotFound)?)
}
