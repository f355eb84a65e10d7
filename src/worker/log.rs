//! Log lines: one JSON object each. Tokens, bodies, queries and names of customers are never in them.

use serde::Serialize;
use worker::{console_error, console_log};

/// What a line says; what is not known is left out.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line<'a> {
    /// What happened.
    pub message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<&'a str>,
}

/// Something that went as it should.
pub fn info<T: Serialize>(line: &T) {
    if let Ok(line) = serde_json::to_string(line) {
        console_log!("{line}");
    }
}

/// Something that somebody should look at.
pub fn error<T: Serialize>(line: &T) {
    if let Ok(line) = serde_json::to_string(line) {
        console_error!("{line}");
    }
}
