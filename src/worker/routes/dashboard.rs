//! `GET /dashboard.json`

use crate::api::envelope;
use crate::api::error::ApiError;
use crate::worker::context::RequestContext;
use crate::worker::response::ApiResponse;
use serde::Serialize;

/// What the dashboard must know before it has a token: where users sign in, and whose pages may embed it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dashboard<'a> {
    sign_in_url: Option<&'a str>,
    frame_ancestors: &'a [String],
}

/// Answers what the dashboard must know. It is for anyone, so it has nothing of an organization.
///
/// 1. Read the configuration   → 503
/// 2. Compare the ETag         → 304, 200
pub fn handle(context: &RequestContext) -> Result<ApiResponse, ApiError> {
    // 1. Read the configuration.
    let config = &context.service()?.config;
    let dashboard = Dashboard {
        sign_in_url: config.sign_in_url.as_deref(),
        frame_ancestors: config.frame_ancestors.as_slice(),
    };
    // 2. Compare the ETag.
    let mut response = ApiResponse::json_or_not_modified(context, envelope::success(&dashboard)?);
    response
        .headers
        .push(("Cache-Control", "public, max-age=300".to_owned()));
    Ok(response)
}
