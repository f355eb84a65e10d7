//! `GET /api/conversation-monitor/scopes`

use crate::bindings::d1::D1;
use crate::error::ApiError;
use crate::handlers::fetch::{Call, Reply, ok_or_not_modified};
use crate::handlers::identity::{Limit, authenticate};
use crate::scopes::{ScopesRequest, scopes};

/// In the order of the product's precedence: 401, 400, 403, 404, 304.
pub async fn handle(call: &Call<'_>) -> Result<Reply, ApiError> {
    let claims = authenticate(call, Limit::Read).await?;
    let request = ScopesRequest::read(call.head.query())?;
    let body = scopes(&D1::primary(call.env), &claims, &request).await?;
    Ok(ok_or_not_modified(call, body))
}
