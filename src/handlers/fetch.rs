//! From a request to its answer: the route, the handler, and what every answer has in common.

use crate::auth::claims::Claims;
use crate::auth::verify;
use crate::bindings::{clock, random};
use crate::config::Config;
use crate::envelope;
use crate::error::ApiError;
use crate::handlers::log::{self, Line};
use crate::handlers::{events, health, isolate, report};
use crate::trace::Trace;
use worker::{Context, Env, Headers, Method, Request, Response};

/// What a handler gives back.
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body; none for 304.
    pub body: Option<String>,
    /// Headers of this answer alone.
    pub headers: Vec<(&'static str, String)>,
}

/// What a handler works with.
pub struct Call<'a> {
    pub request: &'a Request,
    pub env: &'a Env,
    pub context: &'a Context,
    pub trace: &'a Trace,
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
    let call = Call {
        request: &request,
        env,
        context,
        trace: &trace,
    };
    let path = request.path();
    let route = Route::of_path(&path);
    let outcome = match route {
        None => Err(ApiError::RouteNotFound),
        Some(route) if !route.takes(&request.method()) => Err(ApiError::MethodNotAllowed(route.allow())),
        Some(Route::Report) => report::handle(&call).await,
        Some(Route::Events) => events::handle(&call).await,
        Some(Route::Health) => health::handle(&call).await,
    };
    let reply = outcome.unwrap_or_else(|error| failure(&error, &request_id, &path, &request.method()));
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
    }
    for (name, value) in &reply.headers {
        headers.set(name, value)?;
    }
    let response = match reply.body {
        Some(body) if request.method() != Method::Head => Response::ok(body)?,
        _ => Response::empty()?,
    };
    Ok(response.with_status(reply.status).with_headers(headers))
}

fn failure(error: &ApiError, request_id: &str, path: &str, method: &Method) -> Reply {
    let answer = error.answer();
    let method = method.to_string();
    let cause = error.cause();
    let line = Line {
        message: "a request was refused",
        request_id: Some(request_id),
        method: Some(&method),
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

/// The claims of the request's token: the first thing that a data route asks for.
///
/// # Errors
/// 401: [`ApiError::TokenMissing`], [`ApiError::TokenMalformed`] or [`ApiError::Token`].
pub fn authenticate(request: &Request, config: &Config) -> Result<Claims, ApiError> {
    let header = request
        .headers()
        .get("Authorization")
        .map_err(|_| ApiError::TokenMalformed)?
        .ok_or(ApiError::TokenMissing)?;
    let (scheme, token) = header.trim().split_once(' ').ok_or(ApiError::TokenMalformed)?;
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Err(ApiError::TokenMalformed);
    }
    let token = token.trim_start_matches(' ');
    Ok(verify(token, &config.keys, &config.expected, clock::now())?)
}

/// The configuration, if it is sound.
pub fn sound_config(read: &Result<Config, Vec<crate::config::ConfigError>>) -> Result<&Config, ApiError> {
    read.as_ref().map_err(|errors| {
        let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
        ApiError::Unavailable(format!("misconfigured: {}", texts.join("; ")))
    })
}

/// A successful reply with a JSON body.
pub fn ok(body: String) -> Reply {
    Reply {
        status: 200,
        body: Some(body),
        headers: Vec::new(),
    }
}

/// The isolate's configuration for `call`, kept alive by the caller.
pub fn config_of(call: &Call<'_>) -> std::rc::Rc<Result<Config, Vec<crate::config::ConfigError>>> {
    isolate::config(call.env)
}
