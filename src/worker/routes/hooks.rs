//! `POST /api/conversation-monitor/hooks/{connectionId}`

use crate::api::error::ApiError;
use crate::api::route::PathParameters;
use crate::auth::connection::{sent_at, verify};
use crate::auth::rate_limit_key::{address_key, connection_key};
use crate::connector::delivery::{BODY_BYTES_MAX, Delivery};
use crate::connector::tally::{STORE_AFTER_MS, WebhookTally};
use crate::ingest::delivery::take_in;
use crate::ingest::parse::BodyFormat;
use crate::worker::authenticate::count;
use crate::worker::bindings::d1::D1;
use crate::worker::bindings::rate_limit::RateLimit;
use crate::worker::bindings::{clock, random, timer};
use crate::worker::context::RequestContext;
use crate::worker::counts;
use crate::worker::isolate::Service;
use crate::worker::response::ApiResponse;

/// How often storing is tried.
const TRIES: u32 = 2;
/// How long each try may take, so that all of them end within three seconds: Chatwoot and LibreDesk wait for five, and
/// then consider the webhook lost, whatever becomes of it.
const TRY_TIMEOUT_MS: u32 = 1_500;

/// Takes in a webhook of a help desk.
///
/// 1. Find the connection               → 404, 503
/// 2. Count the call                    → 429
/// 3. Check the body's type             → 415
/// 4. Read the body                     → 400, 413
/// 5. Verify its signature              → 401
/// 6. Store what it says                → 200, 503
///
/// An authentic webhook is answered with 200, whatever it says, if it can be stored: a help desk that gets an error
/// sends it again, or stops sending.
pub async fn handle(context: &RequestContext, path: PathParameters<'_>) -> Result<ApiResponse, ApiError> {
    // Ids of connections need no percent-encoding.
    let connection_id = path.segment("connectionId");
    let service = context.service()?;
    match authentic(context, service, connection_id).await {
        Ok(response) => Ok(response),
        Err(error @ (ApiError::ConnectionNotFound | ApiError::Signature(_))) => {
            // It counts against the client's address, like a call with a token that is not valid.
            let address = || address_key(&context.header("CF-Connecting-IP").unwrap_or_default());
            count(context, service, RateLimit::Failure, address).await?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}

async fn authentic(context: &RequestContext, service: &Service, connection_id: &str) -> Result<ApiResponse, ApiError> {
    // 1. Find the connection.
    let connections = &service.config.connections;
    let (index, connection) = connections
        .iter()
        .enumerate()
        .find(|(_, connection)| connection.connection_id == connection_id)
        .ok_or(ApiError::ConnectionNotFound)?;
    // 2. Count the call.
    count(context, service, RateLimit::Ingest, || connection_key(connection_id)).await?;
    // 3. Check the body's type.
    let content_type = context.header("Content-Type");
    let format = content_type.and_then(|content_type| BodyFormat::from_content_type(&content_type));
    if format != Some(BodyFormat::Json) || context.header("Content-Encoding").is_some() {
        return Err(ApiError::UnsupportedMediaType(
            "The Content-Type must be application/json, without a Content-Encoding.",
        ));
    }
    // 4. Read the body.
    let body = context.body(false, BODY_BYTES_MAX).await?;
    // 5. Verify its signature.
    let signature = context.header(connection.kind.signature_header());
    let timestamp = connection.kind.timestamp_header();
    let timestamp = timestamp.and_then(|name| context.header(name));
    let delivery = Delivery {
        signature: signature.as_deref(),
        timestamp: timestamp.as_deref(),
        body: &body,
        received_at: context.now,
    };
    let verified = verify(connection, &delivery).inspect_err(|error| {
        note(context, service, index, |tally| {
            tally.count_refused(error.to_string(), context.now);
        });
    })?;
    // 6. Store what it says. Many help desks send it once and never again, so it is worth a second try.
    let change_token = random::token().map_err(|error| ApiError::Internal(error.to_string()))?;
    let shards = &service.config.shards;
    let database = D1::primary(&context.env, shards, shards.of(&connection.organization_id)).within(TRY_TIMEOUT_MS);
    let mut tries: u32 = 0;
    loop {
        tries = tries.saturating_add(1);
        match take_in(&database, verified, &delivery, &change_token).await {
            Ok(receipt) => {
                let sent_at = sent_at(&delivery).map(|(_, sent_at)| sent_at);
                let (outcome, webhook, notes) = (receipt.outcome, receipt.webhook, &receipt.notes);
                note(context, service, index, |tally| {
                    tally.count(connection.kind, outcome, webhook, notes, sent_at, context.now);
                });
                return ApiResponse::success(&receipt);
            }
            Err(error) if tries >= TRIES => return Err(error.into()),
            Err(_) => {}
        }
    }
}

/// Counts a webhook of the connection at `index`. The counts are stored after the response.
fn note(context: &RequestContext, service: &Service, index: usize, count: impl FnOnce(&mut WebhookTally)) {
    let mut counters = service.counters.borrow_mut();
    let Some(counter) = counters.get_mut(index) else {
        return;
    };
    count(&mut counter.tally);
    if counter.begin(context.now) {
        let (setup, env) = (context.setup(), context.env.clone());
        context.platform.wait_until(async move {
            timer::sleep(STORE_AFTER_MS).await;
            if let Ok(service) = &*setup {
                counts::store(service, index, &env, clock::now()).await;
            }
        });
    }
}
