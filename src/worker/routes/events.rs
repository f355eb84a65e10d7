//! `POST /api/conversation-monitor/events`

use crate::api::error::ApiError;
use crate::auth::access::ingest_access;
use crate::ingest::parse::{BodyFormat, ParsedEvents, parse_events, parse_is_partial};
use crate::ingest::store::{BODY_BYTES_MAX, Receipt, store_records};
use crate::worker::authenticate::authenticate;
use crate::worker::bindings::d1::D1;
use crate::worker::bindings::random;
use crate::worker::bindings::rate_limit::RateLimit;
use crate::worker::context::RequestContext;
use crate::worker::response::ApiResponse;
use futures::future::join_all;

/// Stores events. Those of organizations in several databases are stored in each of them at once: either all of a
/// database or none.
///
/// 1. Authenticate and count the call   → 401, 429, 503
/// 2. Read the query                    → 400
/// 3. Check the body's type             → 415
/// 4. Read the body                     → 400, 413
/// 5. Read its events                   → 400, 413
/// 6. Decide access                     → 403
/// 7. Store them                        → 200, 503
pub async fn handle(context: &RequestContext) -> Result<ApiResponse, ApiError> {
    // 1. Authenticate and count the call.
    let caller = authenticate(context, RateLimit::Ingest).await?;
    // 2. Read the query.
    let is_partial = parse_is_partial(context.query())?;
    // 3. Check the body's type.
    let format = context
        .header("Content-Type")
        .and_then(|content_type| BodyFormat::from_content_type(&content_type))
        .ok_or(ApiError::UnsupportedMediaType(
            "The Content-Type must be application/x-ndjson or application/json.",
        ))?;
    let is_gzip = is_gzip(context.header("Content-Encoding").as_deref())?;
    // 4. Read the body.
    let body = context.body(is_gzip, BODY_BYTES_MAX).await?;
    // 5. Read its events.
    let parsed = parse_events(format, &body, context.now)?;
    let ParsedEvents {
        records,
        bad,
        first_bad,
        warnings,
    } = if is_partial { parsed } else { parsed.all_good()? };
    // 6. Decide access.
    let records = ingest_access(&caller.claims, records)?;
    // 7. Store them.
    let change_token = random::token().map_err(|error| ApiError::Internal(error.to_string()))?;
    let shards = &caller.service.config.shards;
    let store = async |(assignment, records)| {
        let database = D1::primary(&context.env, shards, assignment);
        store_records(&database, records, &change_token, context.now).await
    };
    let parts = records.by_shard(shards).into_iter();
    let mut receipt = Receipt::default();
    for part in join_all(parts.map(store)).await {
        receipt.add(part?);
    }
    ApiResponse::success(&receipt.with_remarks(warnings, is_partial.then_some((bad, first_bad))))
}

/// Whether a body of this `Content-Encoding` is gzip.
fn is_gzip(encoding: Option<&str>) -> Result<bool, ApiError> {
    match encoding.unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(false),
        "gzip" => Ok(true),
        _ => Err(ApiError::UnsupportedMediaType(
            "The Content-Encoding must be gzip, or left out.",
        )),
    }
}
