//! The entry points of the worker: decode, call the core, encode.

mod csv;
mod events;
mod fetch;
mod health;
mod identity;
mod isolate;
pub mod log;
mod openapi;
mod report;
mod scheduled;
mod scopes;
mod settings;

use worker::{Context, Env, Request, Response, ScheduleContext, ScheduledEvent, event};

/// Once per isolate.
#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// A request.
#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> worker::Result<Response> {
    fetch::answer(request, &env, &context).await
}

/// A tick of the cron: the refresh.
#[event(scheduled)]
async fn scheduled(event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    scheduled::run(&event, &env).await;
}
