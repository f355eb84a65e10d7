//! The worker: the entry points, and the platform behind the core's ports. It decodes, calls the core and encodes.

mod authenticate;
mod bindings;
mod isolate;
mod log;
mod response;
mod routes;
mod scheduled;

use crate::worker::bindings::ready;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::worker_sys::Context as JsContext;
use worker::{Context, Env, ScheduleContext, ScheduledEvent, event};

/// Once per isolate.
#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// A request: its response, or where something has to be waited for the promise of it.
///
/// Not `#[event(fetch)]`, which makes a promise of every answer.
#[wasm_bindgen]
pub fn fetch(request: web_sys::Request, env: Env, context: JsContext) -> Result<JsValue, JsValue> {
    ready::or_promise(response::answer(request, env, Context::new(context)))
}

/// A tick of the cron: the refresh.
#[event(scheduled)]
async fn scheduled(event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    scheduled::run(&event, &env).await;
}
