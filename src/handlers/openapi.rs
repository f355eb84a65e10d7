//! `GET /openapi.json`: a static file, served through the worker so that it carries what every answer carries.

use crate::bindings::assets;
use crate::error::ApiError;
use crate::handlers::fetch::{Call, Reply, ok_or_not_modified};

/// For anyone.
pub async fn handle(call: &Call<'_>) -> Result<Reply, ApiError> {
    let document = assets::text(call.env, "/openapi.json").await;
    let document = document.map_err(|error| ApiError::Internal(format!("openapi.json: {error:?}")))?;
    Ok(ok_or_not_modified(call, document))
}
