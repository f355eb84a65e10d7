//! `GET /health`: for the operator, without any tenant's data.

use crate::api::envelope;
use crate::api::error::ApiError;
use crate::health::check_health;
use crate::worker::bindings::d1::D1;
use crate::worker::response::{Call, Reply, ok};

/// Always 200 while the worker runs: what is wrong is said in `status`.
pub async fn handle(call: &Call<'_>) -> Result<Reply, ApiError> {
    let service = call.service();
    if let Err(error) = &service {
        call.trace.warn(error.cause().unwrap_or_default());
    }
    let is_configured = service.is_ok();
    let database = D1::primary(call.env);
    let report = check_health(&database, is_configured, call.now, call.trace).await;
    Ok(ok(envelope::success(&report)?))
}
