//! `GET /dashboard.json`

use crate::api::envelope;
use crate::api::error::ApiError;
use crate::base::json_object::JsonObject;
use crate::worker::context::RequestContext;
use crate::worker::response::Reply;

/// What the dashboard must know before it has a token: where users sign in, and whose pages may embed it. It is for anyone, so
/// it has nothing of an organization.
///
/// 1. Read the configuration   → 503
/// 2. Compare the ETag         → 304, 200
pub fn handle(context: &RequestContext) -> Result<Reply, ApiError> {
    // 1. Read the configuration.
    let config = &context.service()?.config;
    let mut dashboard = JsonObject::default();
    dashboard.text("signInUrl", config.sign_in_url.as_deref());
    // Writing texts cannot fail.
    let ancestors = serde_json::to_string(config.frame_ancestors.as_slice()).unwrap_or_default();
    dashboard.json("frameAncestors", &ancestors);
    // 2. Compare the ETag.
    let mut reply = Reply::json_or_not_modified(context, envelope::success_of(&dashboard.finish()));
    reply.headers.push(("Cache-Control", "public, max-age=300".to_owned()));
    Ok(reply)
}
