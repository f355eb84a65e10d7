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
use crate::api::route::{Route, RouteEntry, find};
use crate::worker::context::RequestContext;
use crate::worker::response::Reply;

/// Answers a request: its route's entry in the table, if there is such a route, and the reply.
///
/// 1. Find the route          → 404
/// 2. Answer OPTIONS          → 204
/// 3. Check the method        → 405
/// 4. Call the handler
pub async fn answer(context: &RequestContext) -> (Option<&'static RouteEntry>, Reply) {
    // 1. Find the route.
    let Some((entry, route)) = find(context.path()) else {
        return (None, Reply::failure(context, &ApiError::RouteNotFound));
    };
    // 2. Answer OPTIONS.
    if context.method() == "OPTIONS" {
        return (Some(entry), options(context, entry));
    }
    // 3. Check the method; 4. Call the handler.
    let outcome = if entry.takes(context.method()) {
        handle(context, route).await
    } else {
        Err(ApiError::MethodNotAllowed(entry.methods))
    };
    let reply = outcome.unwrap_or_else(|error| Reply::failure(context, &error));
    (Some(entry), reply)
}

async fn handle(context: &RequestContext, route: Route) -> Result<Reply, ApiError> {
    match route {
        Route::Report => report::handle(context).await,
        Route::Search => search::handle(context).await,
        Route::Stream => stream::handle(context).await,
        Route::Summary => summary::handle(context).await,
        Route::Trend { is_csv } => trend::handle(context, is_csv).await,
        Route::Csv => csv::handle(context).await,
        Route::Scopes => scopes::handle(context).await,
        Route::Conversation { conversation_id } => conversation::handle(context, conversation_id).await,
        Route::Settings { organization_id } => settings::handle(context, organization_id).await,
        Route::Alerts { organization_id } => alerts::handle(context, organization_id).await,
        Route::AlertTest {
            organization_id,
            destination_id,
        } => alerts::test(context, organization_id, &destination_id).await,
        Route::Connections { organization_id } => connections::handle(context, organization_id).await,
        Route::Organization { organization_id } => organization::handle(context, organization_id).await,
        Route::Contact {
            organization_id,
            contact_id,
        } => contact::handle(context, organization_id, contact_id).await,
        Route::Events => events::handle(context).await,
        Route::Hook { connection_id } => hooks::handle(context, &connection_id).await,
        Route::Health => health::handle(context).await,
        Route::OpenApi => openapi::handle(context).await,
        Route::Dashboard => dashboard::handle(context),
    }
}

/// The reply to OPTIONS, which carries no token: the methods of the route, and, if the request is a CORS preflight
/// (Fetch standard, section 3.3.2), what a page of its origin may do. An origin that is not listed is allowed nothing.
fn options(context: &RequestContext, entry: &RouteEntry) -> Reply {
    let mut headers = vec![("Allow", format!("{}, OPTIONS", entry.methods))];
    if let (Some(origin), Some(_), Ok(service)) = (
        context.header("Origin"),
        context.header("Access-Control-Request-Method"),
        context.service(),
    ) {
        headers.extend(service.config.allowed_origins.preflight_headers(&origin, entry.methods));
    }
    Reply {
        status: 204,
        body: None,
        headers,
    }
}
