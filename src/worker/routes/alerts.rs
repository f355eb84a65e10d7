//! `GET` and `PUT /api/organizations/{organizationId}/alerts`, and `POST …/alerts/{destinationId}/test`

use crate::alert::settings::{BODY_BYTES_MAX, parse_change, put_alerts, read_alerts};
use crate::api::envelope;
use crate::api::error::ApiError;
use crate::api::route::PathParameters;
use crate::auth::access::settings_access;
use crate::worker::authenticate::authenticate;
use crate::worker::bindings::alerts;
use crate::worker::bindings::d1::D1;
use crate::worker::bindings::rate_limit::RateLimit;
use crate::worker::context::RequestContext;
use crate::worker::json_body;
use crate::worker::response::ApiResponse;

/// Reads or writes the destinations of an organization.
///
/// 1. Authenticate and count the call   → 401, 429, 503
/// 2. Check the path                    → 400
/// 3. Read the body of a PUT            → 400, 413, 415
/// 4. Decide access                     → 403
/// 5. Read the destinations             → 404, 503; 400 if a PUT does not go together with them
/// 6. Compare the ETag of a GET         → 304, 200
/// 7. Encrypt and store those of a PUT  → 400, 503, 200
pub async fn handle(context: &RequestContext, path: PathParameters<'_>) -> Result<ApiResponse, ApiError> {
    // 1. Authenticate and count the call.
    let caller = authenticate(context, RateLimit::Read).await?;
    // 2. Check the path.
    let requested = path.id("organizationId")?;
    // 3. Read the body of a PUT.
    let change = match context.method() {
        "PUT" => Some(parse_change(&json_body::read(context, BODY_BYTES_MAX).await?)?),
        _ => None,
    };
    // 4. Decide access.
    let organization = settings_access(&caller.claims, &requested)?;
    // 5. Read the destinations.
    let shards = &caller.service.config.shards;
    let database = D1::primary(&context.env, shards, shards.of(organization.as_str()));
    let current = read_alerts(&database, &organization).await?;
    let Some(change) = change else {
        // 6. Compare the ETag of a GET.
        let body = envelope::success(&current.to_json(&organization)?)?;
        return Ok(ApiResponse::json_or_not_modified(context, body));
    };
    change.check(&current)?;
    // 7. Encrypt and store those of a PUT.
    let keys = caller.service.config.settings_key.as_deref();
    let keys = keys.ok_or_else(|| ApiError::Unavailable("SETTINGS_KEY is not set".to_owned()))?;
    let sealed = alerts::seal(keys, organization.as_str(), &change.secrets()).await?;
    let stored = put_alerts(&database, &organization, &change, sealed, context.now).await?;
    ApiResponse::success(&stored.to_json(&organization)?)
}

/// Sends a sample to a destination.
///
/// 1. Authenticate and count the call   → 401, 429, 503
/// 2. Check the path                    → 400
/// 3. Decide access                     → 403
/// 4. Find the destination              → 404, 503
/// 5. Send the sample                   → 200, whatever became of it
pub async fn test(context: &RequestContext, path: PathParameters<'_>) -> Result<ApiResponse, ApiError> {
    // 1. Authenticate and count the call.
    let caller = authenticate(context, RateLimit::AlertTest).await?;
    // 2. Check the path.
    let requested = path.id("organizationId")?;
    // 3. Decide access.
    let organization = settings_access(&caller.claims, &requested)?;
    // 4. Find the destination.
    let shards = &caller.service.config.shards;
    let database = D1::bound(&context.env, &shards.binding(shards.of(organization.as_str()).shard));
    let current = read_alerts(&database, &organization).await?;
    // Ids of destinations need no percent-encoding.
    let destination_id = path.segment("destinationId");
    let destination = current.find(destination_id)?.ok_or(ApiError::DestinationNotFound)?;
    // 5. Send the sample.
    let outcome = alerts::sample(&context.env, organization.as_str(), destination_id, destination).await?;
    ApiResponse::success(&outcome)
}
