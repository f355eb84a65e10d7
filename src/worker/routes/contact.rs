//! `DELETE /api/organizations/{organizationId}/contacts/{contactId}`

use crate::api::error::ApiError;
use crate::api::route::PathParameters;
use crate::auth::access::erasure_access;
use crate::erasure::erase_contact;
use crate::worker::authenticate::authenticate;
use crate::worker::bindings::d1::D1;
use crate::worker::bindings::random;
use crate::worker::bindings::rate_limit::RateLimit;
use crate::worker::context::RequestContext;
use crate::worker::response::ApiResponse;

/// Erases a contact.
///
/// 1. Authenticate and count the call   → 401, 429, 503
/// 2. Check the path                    → 400
/// 3. Decide access                     → 403
/// 4. Erase the contact                 → 200, 404, 503
pub async fn handle(context: &RequestContext, path: PathParameters<'_>) -> Result<ApiResponse, ApiError> {
    // 1. Authenticate and count the call. It reads every conversation of the organization, as a search reads every row.
    let caller = authenticate(context, RateLimit::Search).await?;
    // 2. Check the path.
    let requested = path.id("organizationId")?;
    let contact_id = path.id("contactId")?;
    // 3. Decide access.
    let organization = erasure_access(&caller.claims, &requested)?;
    // 4. Erase the contact.
    let change_token = random::token().map_err(|error| ApiError::Internal(error.to_string()))?;
    let shards = &caller.service.config.shards;
    let assignment = shards.of(organization.as_str());
    let mut erased = None;
    // While the organization is moved, each of the two databases may have conversations that the other does not have.
    for shard in assignment.second.into_iter().chain([assignment.shard]) {
        let database = D1::bound(&context.env, &shards.binding(shard));
        erased = erase_contact(&database, &organization, &contact_id, &change_token, context.now).await?;
    }
    ApiResponse::success(&erased.ok_or(ApiError::OrganizationNotFound)?)
}
