//! `GET` and `PUT /api/organizations/{organizationId}/autopilot-monitor-settings`

use crate::api::error::ApiError;
use crate::auth::access::settings_access;
use crate::directory::settings::{BODY_BYTES_MAX, organization_id, read_threshold, segment_of_path, write};
use crate::ingest::parse::BodyFormat;
use crate::worker::authenticate::{Limit, authenticate};
use crate::worker::bindings::body;
use crate::worker::bindings::body::BodyError;
use crate::worker::response::{Call, Reply, ok, ok_or_not_modified};
use crate::worker::routes::report::Sources;

/// In the order of the product's precedence: 401, then what is wrong with path and body, then 403, 404; 304 where it is only read.
pub async fn handle(call: &Call<'_>) -> Result<Reply, ApiError> {
    let claims = authenticate(call, Limit::Read).await?;
    let requested = organization_id(segment_of_path(call.head.path()).unwrap_or_default())?;
    let set = match call.head.method() {
        "PUT" => Some(read_body(call).await?),
        _ => None,
    };
    let organization = settings_access(&claims, &requested)?;

    let sources = Sources::of(call);
    let minutes = sources
        .reader(call)?
        .threshold_minutes(&organization, set, call.now)
        .await?;
    let body = write(&organization, minutes);
    // What was set is always said: a condition is for those who only look.
    Ok(match set {
        Some(_) => ok(body),
        None => ok_or_not_modified(call, body),
    })
}

/// The threshold that the body says.
async fn read_body(call: &Call<'_>) -> Result<i64, ApiError> {
    let format = call.header("Content-Type");
    let format = format.and_then(|content_type| BodyFormat::from_content_type(&content_type));
    let encoding = call.header("Content-Encoding").unwrap_or_default();
    if format != Some(BodyFormat::Json) || !["", "identity"].contains(&encoding.trim()) {
        return Err(ApiError::UnsupportedMediaType(
            "The Content-Type must be application/json, without a Content-Encoding.",
        ));
    }
    let body = body::read(call.request, false, BODY_BYTES_MAX).await;
    let body = body.map_err(|error| match error {
        BodyError::TooLarge => ApiError::TooLarge("The body must have at most 4 KiB."),
        BodyError::Unreadable => ApiError::Invalid("The body could not be read.".to_owned()),
    })?;
    read_threshold(&body)
}
