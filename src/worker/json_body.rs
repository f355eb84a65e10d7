//! JSON bodies of routes that do not take events. They are not compressed, and are read as a whole.

use crate::api::error::ApiError;
use crate::ingest::parse::BodyFormat;
use crate::worker::context::RequestContext;

/// Reads the body of a request. `bytes_max` is a multiple of 1,024, because the error names it in KiB.
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
