//! `GET /health`

use crate::api::envelope;
use crate::api::error::ApiError;
use crate::auth::access::operate_access;
use crate::base::timestamp::Timestamp;
use crate::connector::connection::Connection;
use crate::health::{Expectations, Health, RESPONSE_AGE_MAX_MS, check_health};
use crate::worker::authenticate::authenticate;
use crate::worker::bindings::d1::D1;
use crate::worker::bindings::rate_limit::RateLimit;
use crate::worker::context::RequestContext;
use crate::worker::isolate;
use crate::worker::isolate::Service;
use crate::worker::response::{ApiBody, ApiResponse};
use futures::future::join_all;
use std::cell::RefCell;

thread_local! {
    /// The last response to a caller without a token, so that nobody can make the database work just by asking.
    static LAST_RESPONSE: RefCell<Option<(Timestamp, Health)>> = const { RefCell::new(None) };
}

/// Whether the service works. It shows no tenant's data, and its numbers only to a caller whose token has the scope
/// `conversation-monitor:operate`.
///
/// 1. Check the configuration
/// 2. Decide access, if there is a token   → 401, 403, 429, 503
/// 3. Ask the database, or remember        → 200, 503: `status` says what is wrong
pub async fn handle(context: &RequestContext) -> Result<ApiResponse, ApiError> {
    // 1. Check the configuration.
    let service = context.service();
    if let Err(error) = &service {
        context.trace.warn(error.cause().unwrap_or_default());
    }
    // 2. Decide access, if there is a token.
    let is_operator = service.is_ok() && context.header("Authorization").is_some();
    if is_operator {
        let caller = authenticate(context, RateLimit::Read).await?;
        operate_access(&caller.claims)?;
    }
    // 3. Ask the database, or remember.
    let is_memory_used = service.as_ref().is_ok_and(|service| service.config.head_max_age_ms > 0);
    let remembered = LAST_RESPONSE.with_borrow(Clone::clone).filter(|(asked_at, _)| {
        let age_ms = context.now.milliseconds_since(*asked_at);
        is_memory_used && !is_operator && (0..=RESPONSE_AGE_MAX_MS).contains(&age_ms)
    });
    if let Some((_, health)) = remembered {
        return response(&health);
    }
    let shards = isolate::shards_of(&context.setup(), &context.env);
    let checks = shards.bindings().iter().enumerate().map(|(shard, binding)| {
        let expectations = service.as_ref().ok().map(|service| Expectations {
            connections: connections_of(service, shard),
            database_bytes_max: service.config.database_bytes_max,
        });
        async move {
            let database = D1::bound(&context.env, binding);
            let health = check_health(&database, expectations, is_operator, context.now, &context.trace).await;
            Health {
                binding: Some(binding.to_string()),
                ..health
            }
        }
    });
    let checked = join_all(checks).await;
    let health = Health::from_shards(checked, is_operator).ok_or(ApiError::Internal("no database".to_owned()))?;
    if !is_operator {
        LAST_RESPONSE.set(Some((context.now, health.clone())));
    }
    response(&health)
}

/// The connections to help desks of organizations in a shard.
fn connections_of(service: &Service, shard: usize) -> Vec<&Connection> {
    let shards = &service.config.shards;
    let connections = service.config.connections.iter();
    connections
        .filter(|connection| shards.of(&connection.organization_id).shard == shard)
        .collect()
}

fn response(health: &Health) -> Result<ApiResponse, ApiError> {
    let Some(message) = health.failure() else {
        return ApiResponse::success(health);
    };
    let body = envelope::failure_with_data(message, "UNAVAILABLE", health)?;
    Ok(ApiResponse {
        status: 503,
        body: Some(ApiBody::Text(body)),
        headers: vec![("Retry-After", "60".to_owned())],
    })
}
