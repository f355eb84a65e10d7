//! `GET /api/conversation-monitor/conversations/{conversationId}`, and `PUT` and `DELETE …/acknowledgement`

use crate::api::envelope;
use crate::api::error::ApiError;
use crate::api::route::PathParameters;
use crate::auth::access::{acknowledgement_access, read_access};
use crate::evidence::{
    AcknowledgementRequest, AcknowledgementResponse, BODY_BYTES_MAX, parse_organization_id, read_conversation,
};
use crate::ingest::store::store_records;
use crate::worker::authenticate::authenticate;
use crate::worker::bindings::d1::D1;
use crate::worker::bindings::random;
use crate::worker::bindings::rate_limit::RateLimit;
use crate::worker::bindings::time_zones::calendar_of;
use crate::worker::context::RequestContext;
use crate::worker::json_body;
use crate::worker::response::ApiResponse;

/// Says why a conversation is listed, or why not; takes it off the lists for now, or puts it back.
///
/// 1. Authenticate and count the call          → 401, 429, 503
/// 2. Check the path and read the parameter    → 400
/// 3. Read the body of a PUT                   → 400, 413, 415
/// 4. Decide access                            → 403
/// 5. Read the conversation                    → 404, 503
/// 6. Explain it                               → 304, 200
/// 7. Or store the acknowledgement             → 200, 503; 409 if nobody waits, or another message is the last
pub async fn handle(context: &RequestContext, path: PathParameters<'_>) -> Result<ApiResponse, ApiError> {
    // 1. Authenticate and count the call. It reads the whole conversation, which may be long.
    let caller = authenticate(context, RateLimit::Search).await?;
    // 2. Check the path and read the parameter.
    let conversation_id = path.id("conversationId")?;
    let requested = parse_organization_id(context.query())?;
    // 3. Read the body of a PUT.
    let request = match context.method() {
        "PUT" => {
            let body = json_body::read(context, BODY_BYTES_MAX).await?;
            Some(AcknowledgementRequest::parse(&body, context.now)?)
        }
        _ => None,
    };
    // 4. Decide access.
    let read = read_access(&caller.claims, requested.as_deref())?;
    let changing = match context.method() {
        "PUT" | "DELETE" => Some(acknowledgement_access(&caller.claims, requested.as_deref())?),
        _ => None,
    };
    // 5. Read the conversation.
    let shards = &caller.service.config.shards;
    let assignment = shards.of(read.organization.as_str());
    let database = D1::primary(&context.env, shards, assignment);
    let subject = changing.as_ref().map(|access| access.subject.as_str());
    let found = read_conversation(&database, &read, &conversation_id, subject, context.now).await?;
    // 6. Explain it.
    let Some(access) = changing else {
        let evidence = found.evidence(&read, &calendar_of);
        return Ok(ApiResponse::json_or_not_modified(
            context,
            envelope::success(&evidence)?,
        ));
    };
    // 7. Or store the acknowledgement.
    let acknowledgement = match request {
        Some(request) => Some(found.acknowledgement(&access, request, context.now)?),
        None => None,
    };
    let record = found.record(&access, acknowledgement.as_ref(), context.now)?;
    let change_token = random::token().map_err(|error| ApiError::Internal(error.to_string()))?;
    store_records(&database, access.permit(record), &change_token, context.now).await?;
    ApiResponse::success(&AcknowledgementResponse::new(
        &conversation_id,
        acknowledgement.as_ref(),
    ))
}
