//! The envelope of every JSON response.

use crate::api::error::{ApiError, ErrorResponse};
use crate::http::envelope::Envelope;
use crate::ingest::parse::Remark;
use serde::Serialize;

/// `{"success":true,"data":…}`
///
/// # Errors
/// If `data` cannot be written as JSON.
pub fn success<T: Serialize>(data: &T) -> Result<String, ApiError> {
    serde_json::to_string(&Envelope::new(data)).map_err(|error| ApiError::Internal(error.to_string()))
}

/// `{"success":false,"message":…,"error":…,"data":…}`: a failure of which more can be said.
///
/// # Errors
/// If `data` cannot be written as JSON.
pub fn failure_with_data<T: Serialize>(message: &str, error: &str, data: &T) -> Result<String, ApiError> {
    #[derive(Serialize)]
    struct FailureWithData<'a, T> {
        success: bool,
        message: &'a str,
        error: &'a str,
        data: &'a T,
    }
    let envelope = FailureWithData {
        success: false,
        message,
        error,
        data,
    };
    serde_json::to_string(&envelope).map_err(|error| ApiError::Internal(error.to_string()))
}

/// `{"success":false,"message":…,"error":…}`, with `details` if events are bad.
#[must_use]
pub fn failure(error: &ApiError, response: &ErrorResponse) -> String {
    #[derive(Serialize)]
    struct Failure<'a> {
        success: bool,
        message: &'a str,
        error: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        details: Option<&'a [Remark]>,
    }
    let details = match error {
        ApiError::BadEvents(_, events) => Some(events.as_slice()),
        _ => None,
    };
    let envelope = Failure {
        success: false,
        message: &response.message,
        error: response.code,
        details,
    };
    // Writing texts cannot fail. The constant is there so that even then there is a body.
    serde_json::to_string(&envelope).unwrap_or_else(|_| {
        r#"{"success":false,"message":"Something went wrong on our side.","error":"INTERNAL"}"#.to_owned()
    })
}
