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

use crate::bindings::ready;
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
    ready::or_promise(fetch::answer(request, env, Context::new(context)))
}

/// A tick of the cron: the refresh.
#[event(scheduled)]
async fn scheduled(event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    scheduled::run(&event, &env).await;
}
