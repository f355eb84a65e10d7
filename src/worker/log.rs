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
    /// The id of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<&'a str>,
    /// The method of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<&'a str>,
    /// The path of the route, with the names of ids in braces in place of the ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<&'static str>,
    /// The status of the response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The code of the error that was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'a str>,
    /// The binding of the database, if there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<&'a str>,
    /// What went wrong, for whoever operates the service. It has no words of customers.
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
