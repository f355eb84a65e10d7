//! Bodies of JSON that a route takes besides events: not compressed, and read as one.

use crate::api::error::ApiError;
use crate::ingest::parse::BodyFormat;
use crate::worker::context::RequestContext;

/// Reads the body of a request; at most `bytes_max` of it, which is a whole number of KiB.
///
/// # Errors
/// 400: [`ApiError::Invalid`]; 413: [`ApiError::TooLarge`]; 415: [`ApiError::UnsupportedMediaType`].
pub async fn read(context: &RequestContext, bytes_max: usize) -> Result<Vec<u8>, ApiError> {
    let format = context.header("Content-Type");
    let format = format.and_then(|content_type| BodyFormat::from_content_type(&content_type));
    let encoding = context.header("Content-Encoding").unwrap_or_default();
    if format != Some(BodyFormat::Json) || !["", "identity"].contains(&encoding.trim()) {
        return Err(ApiError::UnsupportedMediaType(
            "The Content-Type must be application/json, without a Content-Encoding.",
        ));
    }
    context.body(false, bytes_max).await
}
