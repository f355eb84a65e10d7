//! What the handlers return, and the one place that turns it into a response.

use crate::api::envelope;
use crate::api::error::ApiError;
use crate::http::cors::Headers;
use crate::http::etag::{etag_of, is_known};
use crate::http::query::replace;
use crate::report::service::{NextPage, ReportResponse};
use crate::worker::bindings::clock;
use crate::worker::bindings::response::{FixedHeaders, ResponseParts};
use crate::worker::context::{ReportSources, RequestContext};
use crate::worker::log;
use crate::worker::log::Line;
use futures::stream::LocalBoxStream;
use serde::Serialize;
use std::rc::Rc;
use worker::Result;

/// What a handler returns.
pub struct ApiResponse {
    /// The HTTP status.
    pub status: u16,
    /// The body. `None` for 204 and 304.
    pub body: Option<ApiBody>,
    /// Headers of this response alone. They replace those of every response.
    pub headers: Vec<(&'static str, String)>,
}

/// The body of a response.
pub enum ApiBody {
    /// JSON, unless the response has a `Content-Type`.
    Text(String),
    /// JSON that is also cached.
    Shared(Rc<String>),
    /// Bytes that are produced as the client reads them.
    Stream(LocalBoxStream<'static, Result<Vec<u8>>>),
}

impl ApiResponse {
    /// 200 with `data` in the envelope of a success.
    ///
    /// # Errors
    /// [`ApiError::Internal`] where `data` cannot be written as JSON.
    pub fn success<T: Serialize>(data: &T) -> Result<Self, ApiError> {
        envelope::success(data).map(Self::json)
    }

    /// 200 with a JSON body.
    pub fn json(body: String) -> Self {
        Self {
            status: 200,
            body: Some(ApiBody::Text(body)),
            headers: Vec::new(),
        }
    }

    /// 200 with a JSON body and its ETag, or 304 if the request's `If-None-Match` names that ETag.
    pub fn json_or_not_modified(context: &RequestContext, body: String) -> Self {
        Self::unless_known(context, etag_of(&body), body)
    }

    /// 200 with a body and its ETag, or 304 if the request's `If-None-Match` names that ETag.
    pub fn unless_known(context: &RequestContext, etag: String, body: String) -> Self {
        let is_known = is_known(&etag, context.if_none_match().as_deref());
        Self {
            status: if is_known { 304 } else { 200 },
            body: (!is_known).then_some(ApiBody::Text(body)),
            headers: vec![("ETag", etag)],
        }
    }

    /// The response to a failed request, which is also logged.
    pub fn failure(context: &RequestContext, error: &ApiError) -> Self {
        let response = error.response();
        let cause = error.cause();
        let line = Line {
            message: "request refused",
            request_id: Some(&context.id),
            method: Some(context.method()),
            path: context.route_path(),
            status: Some(response.status),
            error: Some(response.code),
            cause: cause.as_deref(),
            ..Line::default()
        };
        if response.status >= 500 {
            log::error(&line);
        } else {
            log::info(&line);
        }
        Self {
            status: response.status,
            body: Some(ApiBody::Text(envelope::failure(error, &response))),
            headers: response.headers,
        }
    }
}

impl ApiResponse {
    /// The response to a request for a page or a summary. A stream gets two more headers.
    pub fn with_advice(context: &RequestContext, sources: &ReportSources<'_>, response: ReportResponse) -> Self {
        let advice = response.advice;
        let mut headers = vec![
            ("ETag", response.etag.to_string()),
            ("X-Poll-After", advice.after_seconds.to_string()),
        ];
        if let Some(NextPage { page, snapshot_id }) = &response.next {
            let values = [("page", page.to_string()), ("snapshot", snapshot_id.to_string())];
            let query = replace(
                context.query(),
                &values.each_ref().map(|(name, value)| (*name, value.as_str())),
            );
            headers.push(("Link", format!("<{}?{query}>; rel=\"next\"", context.path())));
        }
        if context.is_tick {
            headers.push(("X-Refresh-Due-Ms", advice.due_in_ms.to_string()));
            headers.push(("X-Database-Queries", sources.database.queries().to_string()));
        }
        Self {
            status: if response.body.is_some() { 200 } else { 304 },
            body: response.body.map(ApiBody::Shared),
            headers,
        }
    }
}

/// The headers that let a page of another origin read the response. The request's origin is only read if any is
/// allowed.
fn cors_headers(context: &RequestContext) -> Headers {
    context
        .service()
        .ok()
        .map(|service| &service.config.allowed_origins)
        .filter(|allowed| !allowed.is_empty())
        .and_then(|allowed| Some(allowed.response_headers(&context.header("Origin")?)))
        .unwrap_or_default()
}

/// Writes a response with the headers that every response has.
///
/// # Errors
/// If the value of a header is invalid, which does not happen: all are ASCII without control characters.
pub fn write(context: &RequestContext, response: ApiResponse) -> Result<web_sys::Response> {
    let total_ms = clock::now().milliseconds_since(context.now);
    let server_timing = context.trace.server_timing(total_ms);
    let cors = cors_headers(context);

    let is_data = context.route().is_some_and(|route| route.is_data);
    let fixed_headers = FixedHeaders {
        is_data,
        has_body: response.body.is_some(),
    };
    let mut headers = vec![("X-Request-Id", context.id.as_str())];
    if is_data {
        headers.push(("Server-Timing", &server_timing));
    }
    let policy = context.limit_policy();
    headers.extend(policy.iter().map(|policy| ("RateLimit-Policy", policy.as_str())));
    let others = cors.iter().chain(&response.headers);
    headers.extend(others.map(|(name, value)| (*name, value.as_str())));
    let parts = ResponseParts {
        status: response.status,
        fixed_headers,
        headers,
    };

    match response.body.filter(|_| context.method() != "HEAD") {
        None => parts.with_bytes(None),
        Some(ApiBody::Text(text)) => parts.with_bytes(Some(text.as_bytes())),
        Some(ApiBody::Shared(text)) => parts.with_bytes(Some(text.as_bytes())),
        Some(ApiBody::Stream(stream)) => parts.with_stream(stream),
    }
}
