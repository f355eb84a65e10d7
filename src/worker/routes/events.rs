//! `POST /api/conversation-monitor/events`

use crate::api::envelope;
use crate::api::error::ApiError;
use crate::auth::access::ingest_access;
use crate::ingest::parse::{BodyFormat, parse_records};
use crate::ingest::store::{BODY_BYTES_MAX, store_records};
use crate::worker::authenticate::{Limit, authenticate};
use crate::worker::bindings::body;
use crate::worker::bindings::body::BodyError;
use crate::worker::bindings::d1::D1;
use crate::worker::bindings::random;
use crate::worker::response::{Call, Reply, ok};

/// In the order of the product's precedence: 401, then what is wrong with the body, then 403.
pub async fn handle(call: &Call<'_>) -> Result<Reply, ApiError> {
    let claims = authenticate(call, Limit::Ingest).await?;

    let format = call
        .header("Content-Type")
        .and_then(|content_type| BodyFormat::from_content_type(&content_type))
        .ok_or(ApiError::UnsupportedMediaType(
            "The Content-Type must be application/x-ndjson or application/json.",
        ))?;
    let is_gzip = match call.header("Content-Encoding").as_deref().map(str::trim) {
        None | Some("") => false,
        Some(encoding) if encoding.eq_ignore_ascii_case("identity") => false,
        Some(encoding) if encoding.eq_ignore_ascii_case("gzip") => true,
        Some(_) => {
            return Err(ApiError::UnsupportedMediaType(
                "The Content-Encoding must be gzip, or left out.",
            ));
        }
    };
    let body = body::read(call.request, is_gzip, BODY_BYTES_MAX)
        .await
        .map_err(|error| match error {
            BodyError::TooLarge => ApiError::TooLarge("A request takes at most 1 MiB, unpacked."),
            BodyError::Unreadable => ApiError::Invalid("The body could not be read or unpacked.".to_owned()),
        })?;
    let records = parse_records(format, &body, call.now)?;
    let records = ingest_access(&claims, records)?;

    let change_token = random::token().map_err(|error| ApiError::Internal(error.to_string()))?;
    let receipt = store_records(&D1::primary(call.env), records, &change_token).await?;
    Ok(ok(envelope::success(&receipt)?))
}
