//! The router, and a file for each route.

mod alerts;
mod connections;
mod contact;
mod conversation;
mod csv;
mod dashboard;
mod events;
mod health;
mod hooks;
mod openapi;
mod organization;
mod report;
mod scopes;
mod search;
mod settings;
pub mod stream;
mod summary;
mod trend;

use crate::api::error::ApiError;
use crate::api::route::{PathParameters, Route};
use crate::worker::context::RequestContext;
use crate::worker::response::ApiResponse;
use futures::future::{FutureExt, LocalBoxFuture, ready};

/// Responds to a request to a route, with what its path has in place of the segments in braces.
type Handler = for<'a> fn(&'a RequestContext, PathParameters<'a>) -> LocalBoxFuture<'a, Result<ApiResponse, ApiError>>;

const READ: &str = "GET, HEAD";

/// All routes, each with its handler.
static ROUTES: &[(Route, Handler)] = &[
    data("/api/conversation-monitor/report", READ, |context, _| {
        report::handle(context).boxed_local()
    }),
    data("/api/conversation-monitor/report/search", "POST", |context, _| {
        search::handle(context).boxed_local()
    }),
    data("/api/conversation-monitor/report/stream", READ, |context, _| {
        stream::handle(context).boxed_local()
    }),
    data("/api/conversation-monitor/report.csv", READ, |context, _| {
        csv::handle(context).boxed_local()
    }),
    data("/api/conversation-monitor/summary", READ, |context, _| {
        summary::handle(context).boxed_local()
    }),
    data("/api/conversation-monitor/trend", READ, |context, _| {
        trend::handle(context, false).boxed_local()
    }),
    data("/api/conversation-monitor/trend.csv", READ, |context, _| {
        trend::handle(context, true).boxed_local()
    }),
    data("/api/conversation-monitor/scopes", READ, |context, _| {
        scopes::handle(context).boxed_local()
    }),
    data(
        "/api/conversation-monitor/conversations/{conversationId}",
        READ,
        |context, path| conversation::handle(context, path).boxed_local(),
    ),
    data(
        "/api/conversation-monitor/conversations/{conversationId}/acknowledgement",
        "PUT, DELETE",
        |context, path| conversation::handle(context, path).boxed_local(),
    ),
    data(
        "/api/organizations/{organizationId}/autopilot-monitor-settings",
        "GET, HEAD, PUT",
        |context, path| settings::handle(context, path).boxed_local(),
    ),
    data(
        "/api/organizations/{organizationId}/connections",
        READ,
        |context, path| connections::handle(context, path).boxed_local(),
    ),
    data(
        "/api/organizations/{organizationId}/alerts",
        "GET, HEAD, PUT",
        |context, path| alerts::handle(context, path).boxed_local(),
    ),
    data(
        "/api/organizations/{organizationId}/alerts/{destinationId}/test",
        "POST",
        |context, path| alerts::test(context, path).boxed_local(),
    ),
    data("/api/organizations/{organizationId}", "DELETE", |context, path| {
        organization::handle(context, path).boxed_local()
    }),
    data(
        "/api/organizations/{organizationId}/contacts/{contactId}",
        "DELETE",
        |context, path| contact::handle(context, path).boxed_local(),
    ),
    data("/api/conversation-monitor/events", "POST", |context, _| {
        events::handle(context).boxed_local()
    }),
    data(
        "/api/conversation-monitor/hooks/{connectionId}",
        "POST",
        |context, path| hooks::handle(context, path).boxed_local(),
    ),
    data("/health", READ, |context, _| health::handle(context).boxed_local()),
    public("/openapi.json", |context, _| openapi::handle(context).boxed_local()),
    public("/dashboard.json", |context, _| {
        ready(dashboard::handle(context)).boxed_local()
    }),
];

/// A route whose response depends on who asks.
const fn data(path: &'static str, methods: &'static str, handle: Handler) -> (Route, Handler) {
    let route = Route {
        path,
        methods,
        is_data: true,
    };
    (route, handle)
}

/// A route to read what is the same for everybody.
const fn public(path: &'static str, handle: Handler) -> (Route, Handler) {
    let route = Route {
        path,
        methods: READ,
        is_data: false,
    };
    (route, handle)
}

/// Responds to a request.
///
/// 1. Find the route          → 404
/// 2. Answer OPTIONS          → 204
/// 3. Check the method        → 405
/// 4. Call the handler
pub async fn respond(context: &RequestContext) -> ApiResponse {
    let outcome = route(context).await;
    outcome.unwrap_or_else(|error| ApiResponse::failure(context, &error))
}

async fn route(context: &RequestContext) -> Result<ApiResponse, ApiError> {
    // 1. Find the route.
    let mut routes = ROUTES.iter();
    let (route, handle, path) = routes
        .find_map(|(route, handle)| Some((route, handle, route.parameters(context.path())?)))
        .ok_or(ApiError::RouteNotFound)?;
    context.set_route(route);
    // 2. Answer OPTIONS.
    if context.method() == "OPTIONS" {
        return Ok(options(context, route));
    }
    // 3. Check the method.
    if !route.takes(context.method()) {
        return Err(ApiError::MethodNotAllowed(route.methods));
    }
    // 4. Call the handler.
    handle(context, path).await
}

/// The response to OPTIONS, which carries no token: the methods of the route, and, if the request is a CORS preflight
/// (Fetch standard, section 3.3.2), what a page of its origin may do. An origin that is not listed is allowed nothing.
fn options(context: &RequestContext, route: &Route) -> ApiResponse {
    let mut headers = vec![("Allow", format!("{}, OPTIONS", route.methods))];
    if let (Some(origin), Some(_), Ok(service)) = (
        context.header("Origin"),
        context.header("Access-Control-Request-Method"),
        context.service(),
    ) {
        headers.extend(service.config.allowed_origins.preflight_headers(&origin, route.methods));
    }
    ApiResponse {
        status: 204,
        body: None,
        headers,
    }
}
