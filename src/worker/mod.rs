//! The worker: its event handlers, and the platform behind the core's ports. It decodes, calls the core and encodes; it
//! decides nothing.

mod authenticate;
mod bindings;
mod context;
mod isolate;
mod log;
mod response;
mod routes;
mod scheduled;

use crate::worker::context::RequestContext;
use crate::worker::log::Line;
use worker::{Context, Env, Request, Response, Result, ScheduleContext, ScheduledEvent, event};

/// Runs once per isolate.
#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// Answers a request.
#[event(fetch)]
async fn fetch(request: Request, env: Env, platform: Context) -> Result<Response> {
    let context = RequestContext::new(request, env, platform).await?;
    let (entry, reply) = routes::answer(&context).await;
    for warning in context.trace.warnings() {
        log::error(&Line {
            message: "request served with a warning",
            request_id: Some(&context.id),
            path: Some(context.path()),
            cause: Some(&warning),
            ..Line::default()
        });
    }
    response::write(&context, entry, reply)
}

/// Refreshes, once for each tick of the cron.
#[event(scheduled)]
async fn scheduled(event: ScheduledEvent, env: Env, _platform: ScheduleContext) {
    scheduled::run(&event, &env).await;
}
