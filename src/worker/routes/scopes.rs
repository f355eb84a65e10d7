//! `GET /api/conversation-monitor/scopes`

use crate::api::envelope;
use crate::api::error::ApiError;
use crate::directory::scopes::{ScopesRequest, read_scopes};
use crate::worker::authenticate::{Limit, authenticate};
use crate::worker::bindings::d1::D1;
use crate::worker::response::{Call, Reply, ok_or_not_modified};

/// In the order of the product's precedence: 401, 400, 403, 404, 304.
pub async fn handle(call: &Call<'_>) -> Result<Reply, ApiError> {
    let claims = authenticate(call, Limit::Read).await?;
    let request = ScopesRequest::parse(call.head.query())?;
    let scopes = read_scopes(&D1::primary(call.env), &claims, &request).await?;
    Ok(ok_or_not_modified(call, envelope::success(&scopes)?))
}
