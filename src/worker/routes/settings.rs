//! `GET` and `PUT /api/organizations/{organizationId}/autopilot-monitor-settings`

use crate::api::envelope;
use crate::api::error::ApiError;
use crate::auth::access::settings_access;
use crate::directory::settings::{
    BODY_BYTES_MAX, organization_id, parse_threshold, read_settings, segment_of_path, write_threshold,
};
use crate::ingest::parse::BodyFormat;
use crate::worker::authenticate::{Limit, authenticate};
use crate::worker::bindings::body;
use crate::worker::bindings::body::BodyError;
use crate::worker::response::{Call, Reply, ok, ok_or_not_modified};
use crate::worker::routes::report::Sources;

/// In the order of the product's precedence: 401, then what is wrong with path and body, then 403, 404; 304 where it is only read.
pub async fn handle(call: &Call<'_>) -> Result<Reply, ApiError> {
    let claims = authenticate(call, Limit::Read).await?;
    let requested = segment_of_path(call.head.path())
        .and_then(organization_id)
        .ok_or_else(|| {
            let message = "organizationId must be an id of 1 to 128 characters without control characters.";
            ApiError::Invalid(message.to_owned())
        })?;
    let set = match call.head.method() {
        "PUT" => Some(read_body(call).await?),
        _ => None,
    };
    let organization = settings_access(&claims, &requested)?;

    let sources = Sources::of(call);
    let context = sources.context(call)?;
    // A condition is for requests that only read.
    Ok(match set {
        Some(minutes) => {
            let settings = write_threshold(&context, &organization, minutes, call.now).await?;
            ok(envelope::success(&settings)?)
        }
        None => {
            let settings = read_settings(&context, &organization, call.now).await?;
            ok_or_not_modified(call, envelope::success(&settings)?)
        }
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
    Ok(parse_threshold(&body)?)
}
