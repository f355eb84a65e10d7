//! From a request to its answer: the route, the handler, and what every answer has in common.

use crate::bindings::{clock, random};
use crate::config::ConfigError;
use crate::envelope;
use crate::error::ApiError;
use crate::handlers::isolate::{self, Service, Setup};
use crate::handlers::log::{self, Line};
use crate::handlers::{events, health, report};
use crate::trace::Trace;
use worker::{Context, Env, Headers, Method, Request, Response};

/// What a handler gives back.
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body; none for 204 and 304.
    pub body: Option<String>,
    /// Headers of this answer alone.
    pub headers: Vec<(&'static str, String)>,
}

/// What a handler works with.
pub struct Call<'a> {
    pub request: &'a Request,
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

    /// The value of a request header.
    pub fn header(&self, name: &str) -> Option<String> {
        self.request.headers().get(name).ok().flatten()
    }

    /// The query of the request's URL, as it was sent.
    pub fn query(&self) -> String {
        let url = self.request.inner().url();
        let query = url.split_once('?').map_or("", |(_, query)| query);
        query.split_once('#').map_or(query, |(query, _)| query).to_owned()
    }
}

/// The routes, and for whom they are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Route {
    Report,
    Events,
    Health,
}

impl Route {
    fn of_path(path: &str) -> Option<Self> {
        match path {
            "/api/conversation-monitor/report" => Some(Self::Report),
            "/api/conversation-monitor/events" => Some(Self::Events),
            "/health" => Some(Self::Health),
            _ => None,
        }
    }

    fn allow(self) -> &'static str {
        match self {
            Self::Report | Self::Health => "GET, HEAD",
            Self::Events => "POST",
        }
    }

    fn takes(self, method: &Method) -> bool {
        match self {
            Self::Report | Self::Health => matches!(method, Method::Get | Method::Head),
            Self::Events => *method == Method::Post,
        }
    }

    /// Whether it answers with an organization's data.
    fn is_data(self) -> bool {
        self != Self::Health
    }
}

/// Answers a request, whatever becomes of it.
pub async fn answer(request: Request, env: &Env, context: &Context) -> worker::Result<Response> {
    let began_at = clock::now();
    let request_id = random::token()?;
    let trace = Trace::default();
    let setup: Setup = isolate::setup(env).await;
    let call = Call {
        request: &request,
        env,
        context,
        setup: &setup,
        trace: &trace,
    };
    let path = request.path();
    let route = Route::of_path(&path);
    let outcome = match route {
        None => Err(ApiError::RouteNotFound),
        Some(route) if is_preflight(&call) => Ok(preflight(&call, route)),
        Some(route) if !is_known(&request) || !route.takes(&request.method()) => {
            Err(ApiError::MethodNotAllowed(route.allow()))
        }
        Some(Route::Report) => report::handle(&call).await,
        Some(Route::Events) => events::handle(&call).await,
        Some(Route::Health) => health::handle(&call).await,
    };
    let reply = outcome.unwrap_or_else(|error| failure(&error, &request_id, &path, &request.inner().method()));
    for warning in trace.warnings() {
        log::error(&Line {
            message: "a request got by",
            request_id: Some(&request_id),
            path: Some(&path),
            cause: Some(&warning),
            ..Line::default()
        });
    }
    let headers = Headers::new();
    headers.set("X-Request-Id", &request_id)?;
    headers.set("X-Content-Type-Options", "nosniff")?;
    if reply.body.is_some() {
        headers.set("Content-Type", "application/json; charset=utf-8")?;
    }
    if route.is_some_and(Route::is_data) {
        headers.set("Cache-Control", "private, no-cache")?;
        headers.set("Vary", "Authorization, Origin")?;
        headers.set("Server-Timing", &trace.server_timing(clock::now().since(began_at)))?;
    } else {
        headers.set("Cache-Control", "no-store")?;
        headers.set("Vary", "Origin")?;
    }
    if let (Ok(service), Some(origin)) = (call.setup, call.header("Origin")) {
        set_all(&headers, &service.config.allowed_origins.answer(&origin))?;
    }
    set_all(&headers, &reply.headers)?;
    let response = match reply.body {
        Some(body) if request.method() != Method::Head => Response::ok(body)?,
        _ => Response::empty()?,
    };
    Ok(response.with_status(reply.status).with_headers(headers))
}

fn set_all(headers: &Headers, values: &[(&'static str, String)]) -> worker::Result<()> {
    values.iter().try_for_each(|(name, value)| headers.set(name, value))
}

/// Whether `Method` has a name for the request's method: it takes every other one, PROPFIND say, for GET.
fn is_known(request: &Request) -> bool {
    request.method().as_ref() == request.inner().method()
}

/// Whether a browser asks what a page of another origin may send: the Fetch standard, section 3.3.2.
fn is_preflight(call: &Call<'_>) -> bool {
    call.request.method() == Method::Options
        && call.header("Origin").is_some()
        && call.header("Access-Control-Request-Method").is_some()
}

/// The answer to a preflight, which carries no token: to an origin that is not listed it allows nothing.
fn preflight(call: &Call<'_>, route: Route) -> Reply {
    let origin = call.header("Origin").unwrap_or_default();
    let allowed = call.setup.as_ref().map(|service| &service.config.allowed_origins);
    Reply {
        status: 204,
        body: None,
        headers: allowed.map_or_else(|_| Vec::new(), |allowed| allowed.preflight(&origin, route.allow())),
    }
}

fn failure(error: &ApiError, request_id: &str, path: &str, method: &str) -> Reply {
    let answer = error.answer();
    let cause = error.cause();
    let line = Line {
        message: "a request was refused",
        request_id: Some(request_id),
        method: Some(method),
        path: Some(path),
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
        body: Some(envelope::failure(error, &answer)),
        headers: answer.headers,
    }
}

/// A successful reply with a JSON body.
pub fn ok(body: String) -> Reply {
    Reply {
        status: 200,
        body: Some(body),
        headers: Vec::new(),
    }
}
