//! Log lines, each one JSON object. Tokens, bodies, queries, paths as they were sent and customers' names are never
//! logged.

use serde::Serialize;
use worker::{console_error, console_log};

/// A log line. Members that are `None` are left out.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line<'a> {
    /// What happened. docs/operating.md lists the messages.
    pub message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<&'a str>,
    /// The path of the route, with the names of ids in braces in place of the ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'a str>,
    /// The binding of the database, if there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<&'a str>,
}

/// Logs something normal.
pub fn info<T: Serialize>(line: &T) {
    if let Ok(line) = serde_json::to_string(line) {
        console_log!("{line}");
    }
}

/// Logs something that somebody should look at.
pub fn error<T: Serialize>(line: &T) {
    if let Ok(line) = serde_json::to_string(line) {
        console_error!("{line}");
    }
}
