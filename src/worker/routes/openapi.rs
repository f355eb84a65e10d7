//! `GET /openapi.json`

use crate::api::error::ApiError;
use crate::worker::bindings::assets;
use crate::worker::context::RequestContext;
use crate::worker::response::ApiResponse;

/// The document that describes the API, for anyone. It is a static file that passes through the worker to get the
/// headers of every response.
///
/// 1. Read the file      → 500
/// 2. Compare the ETag   → 304, 200
pub async fn handle(context: &RequestContext) -> Result<ApiResponse, ApiError> {
    // 1. Read the file.
    let document = assets::text(&context.env, "/openapi.json").await;
    let document = document.map_err(|error| ApiError::Internal(format!("openapi.json: {error}")))?;
    // 2. Compare the ETag.
    let mut response = ApiResponse::json_or_not_modified(context, document);
    response
        .headers
        .push(("Cache-Control", "public, max-age=300".to_owned()));
    Ok(response)
}
