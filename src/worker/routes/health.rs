//! `GET /health`

use crate::api::error::ApiError;
use crate::health::check_health;
use crate::worker::bindings::d1::D1;
use crate::worker::context::RequestContext;
use crate::worker::response::Reply;

/// Whether the service works, for its operator. It needs no token and shows no tenant's data.
///
/// 1. Check the configuration
/// 2. Ask the database          → 200, whatever the answer: `status` says what is wrong
pub async fn handle(context: &RequestContext) -> Result<Reply, ApiError> {
    // 1. Check the configuration.
    let service = context.service();
    if let Err(error) = &service {
        context.trace.warn(error.cause().unwrap_or_default());
    }
    // 2. Ask the database.
    let database = D1::primary(&context.env);
    let report = check_health(&database, service.is_ok(), context.now, &context.trace).await;
    Reply::success(&report)
}
