//! `GET /openapi.json`: a static file, served through the worker so that it carries what every answer carries.

use crate::api::error::ApiError;
use crate::worker::bindings::assets;
use crate::worker::response::{Call, Reply, ok_or_not_modified};

/// For anyone.
pub async fn handle(call: &Call<'_>) -> Result<Reply, ApiError> {
    let document = assets::text(call.env, "/openapi.json").await;
    let document = document.map_err(|error| ApiError::Internal(format!("openapi.json: {error:?}")))?;
    Ok(ok_or_not_modified(call, document))
}
