//! From a request to its answer: the route, the handler, and what every answer has in common.

use crate::api::envelope;
use crate::api::error::ApiError;
use crate::base::timestamp::Timestamp;
use crate::base::trace::Trace;
use crate::config::ConfigError;
use crate::directory::settings::segment_of_path;
use crate::http::etag::{etag_of, matches};
use crate::worker::bindings::platform::{respond, respond_streaming};
use crate::worker::bindings::request::Head;
use crate::worker::bindings::{clock, random};
use crate::worker::isolate;
use crate::worker::isolate::{Service, Setup};
use crate::worker::log;
use crate::worker::log::Line;
use crate::worker::routes::report;
use crate::worker::routes::{csv, events, health, openapi, scopes, settings, summary};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use web_sys::{ReadableStream, Request};
use worker::{Context, Env};

/// What a handler gives back.
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body; none for 204 and 304.
    pub body: Option<Body>,
    /// Headers of this answer alone: they stand in for those of every answer.
    pub headers: Vec<(&'static str, String)>,
}

/// A body.
pub enum Body {
    /// JSON, unless the reply's headers say otherwise.
    Text(String),
    /// JSON that others may be answered with, too.
    Shared(Rc<String>),
    /// Bytes that are still to come.
    Stream(ReadableStream),
}

/// What a handler works with.
pub struct Call<'a> {
    pub request: &'a Request,
    /// The request but for its body and its rarer headers.
    pub head: Head,
    pub now: Timestamp,
    pub env: &'a Env,
    pub context: &'a Context,
    pub setup: &'a Result<Service, Vec<ConfigError>>,
    pub trace: &'a Trace,
}

impl Call<'_> {
    /// The service, if its configuration is sound.
    pub fn service(&self) -> Result<&Service, ApiError> {
        self.setup.as_ref().map_err(|errors| {
            let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
            ApiError::Unavailable(format!("misconfigured: {}", texts.join("; ")))
        })
    }

    /// The value of a request header that is not in `head`.
    pub fn header(&self, name: &str) -> Option<String> {
        self.request.headers().get(name).ok().flatten()
    }
}

/// The routes, and for whom they are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Route {
    Report,
    Csv,
    Summary,
    Scopes,
    Settings,
    Events,
    Health,
    OpenApi,
}

impl Route {
    fn of_path(path: &str) -> Option<Self> {
        match path {
            "/api/conversation-monitor/report" => Some(Self::Report),
            "/api/conversation-monitor/report.csv" => Some(Self::Csv),
            "/api/conversation-monitor/summary" => Some(Self::Summary),
            "/api/conversation-monitor/scopes" => Some(Self::Scopes),
            "/api/conversation-monitor/events" => Some(Self::Events),
            "/health" => Some(Self::Health),
            "/openapi.json" => Some(Self::OpenApi),
            _ => segment_of_path(path).map(|_| Self::Settings),
        }
    }

    fn allow(self) -> &'static str {
        match self {
            Self::Settings => "GET, HEAD, PUT",
            Self::Events => "POST",
            _ => "GET, HEAD",
        }
    }

    fn takes(self, method: &str) -> bool {
        match method {
            "GET" | "HEAD" => self != Self::Events,
            "POST" => self == Self::Events,
            "PUT" => self == Self::Settings,
            _ => false,
        }
    }

    /// Whether it answers with an organization's data.
    fn is_data(self) -> bool {
        !matches!(self, Self::Health | Self::OpenApi)
    }
}

/// Answers a request, whatever becomes of it.
pub async fn answer(request: Request, env: Env, context: Context) -> Result<JsValue, JsValue> {
    let began_at = clock::now();
    let request_id = random::request_id().map_err(|error| JsValue::from_str(&error.to_string()))?;
    let trace = Trace::default();
    let setup: Setup = isolate::setup(&env).await;
    let call = Call {
        head: Head::of(&request),
        now: began_at,
        request: &request,
        env: &env,
        context: &context,
        setup: &setup,
        trace: &trace,
    };
    let route = Route::of_path(call.head.path());
    let outcome = match route {
        None => Err(ApiError::RouteNotFound),
        Some(route) if is_preflight(&call) => Ok(preflight(&call, route)),
        Some(route) if !route.takes(call.head.method()) => Err(ApiError::MethodNotAllowed(route.allow())),
        Some(Route::Report) => report::handle(&call).await,
        Some(Route::Summary) => summary::handle(&call).await,
        Some(Route::Csv) => csv::handle(&call, &request_id).await,
        Some(Route::Scopes) => scopes::handle(&call).await,
        Some(Route::Settings) => settings::handle(&call).await,
        Some(Route::OpenApi) => openapi::handle(&call).await,
        Some(Route::Events) => events::handle(&call).await,
        Some(Route::Health) => health::handle(&call).await,
    };
    let reply = outcome.unwrap_or_else(|error| failure(&error, &request_id, &call));
    for warning in trace.warnings() {
        log::error(&Line {
            message: "a request got by",
            request_id: Some(&request_id),
            path: Some(call.head.path()),
            cause: Some(&warning),
            ..Line::default()
        });
    }
    let mut headers = HeaderLines::default();
    headers.add("X-Request-Id", &request_id);
    headers.add("X-Content-Type-Options", "nosniff");
    if reply.body.is_some() {
        headers.add("Content-Type", "application/json; charset=utf-8");
    }
    if route.is_some_and(Route::is_data) {
        headers.add("Cache-Control", "private, no-cache");
        headers.add("Vary", "Authorization, Origin");
        headers.add(
            "Server-Timing",
            &trace.server_timing(clock::now().milliseconds_since(began_at)),
        );
    } else {
        headers.add("Cache-Control", "no-store");
        headers.add("Vary", "Origin");
    }
    if let (Ok(service), Some(origin)) = (call.setup, call.head.origin()) {
        headers.add_all(&service.config.allowed_origins.answer(origin));
    }
    headers.add_all(&reply.headers);
    let body = reply.body.filter(|_| call.head.method() != "HEAD");
    let (names, values) = (&headers.names, &headers.values);
    let response = match &body {
        None => respond(reply.status, None, names, values),
        Some(Body::Text(text)) => respond(reply.status, Some(text.as_bytes()), names, values),
        Some(Body::Shared(text)) => respond(reply.status, Some(text.as_bytes()), names, values),
        Some(Body::Stream(stream)) => respond_streaming(reply.status, stream, names, values),
    };
    response.map(Into::into)
}

/// Headers as [`respond`] takes them: of two with one name the later stands.
#[derive(Default)]
struct HeaderLines {
    names: String,
    values: String,
}

impl HeaderLines {
    fn add(&mut self, name: &str, value: &str) {
        if !self.names.is_empty() {
            self.names.push('\n');
            self.values.push('\n');
        }
        self.names.push_str(name);
        // No header may have one; whatever has one must not become two.
        for part in value.split('\n') {
            self.values.push_str(part);
        }
    }

    fn add_all(&mut self, headers: &[(&'static str, String)]) {
        for (name, value) in headers {
            self.add(name, value);
        }
    }
}

/// Whether a browser asks what a page of another origin may send: the Fetch standard, section 3.3.2.
fn is_preflight(call: &Call<'_>) -> bool {
    call.head.method() == "OPTIONS"
        && call.head.origin().is_some()
        && call.header("Access-Control-Request-Method").is_some()
}

/// The answer to a preflight, which carries no token: to an origin that is not listed it allows nothing.
fn preflight(call: &Call<'_>, route: Route) -> Reply {
    let origin = call.head.origin().unwrap_or_default();
    let allowed = call.setup.as_ref().map(|service| &service.config.allowed_origins);
    Reply {
        status: 204,
        body: None,
        headers: allowed.map_or_else(|_| Vec::new(), |allowed| allowed.preflight(origin, route.allow())),
    }
}

fn failure(error: &ApiError, request_id: &str, call: &Call<'_>) -> Reply {
    let answer = error.answer();
    let cause = error.cause();
    let line = Line {
        message: "a request was refused",
        request_id: Some(request_id),
        method: Some(call.head.method()),
        path: Some(call.head.path()),
        status: Some(answer.status),
        error: Some(answer.code),
        cause: cause.as_deref(),
    };
    if answer.status >= 500 {
        log::error(&line);
    } else {
        log::info(&line);
    }
    Reply {
        status: answer.status,
        body: Some(Body::Text(envelope::failure(error, &answer))),
        headers: answer.headers,
    }
}

/// A successful reply with a JSON body.
pub fn ok(body: String) -> Reply {
    Reply {
        status: 200,
        body: Some(Body::Text(body)),
        headers: Vec::new(),
    }
}

/// A successful reply with a JSON body and its ETag, or 304 where the client has it already.
pub fn ok_or_not_modified(call: &Call<'_>, body: String) -> Reply {
    let etag = etag_of(&body);
    let condition = call.head.if_none_match();
    let is_known = condition.is_some_and(|condition| matches(condition, &etag));
    Reply {
        status: if is_known { 304 } else { 200 },
        body: (!is_known).then_some(Body::Text(body)),
        headers: vec![("ETag", etag)],
    }
}
