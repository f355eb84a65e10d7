//! The worker: its event handlers, and the platform behind the core's ports. It decodes, calls the core and encodes; it
//! decides nothing.

mod alerts;
mod authenticate;
mod bindings;
mod context;
mod counts;
mod isolate;
mod json_body;
mod log;
mod response;
mod routes;
mod scheduled;

use crate::worker::context::RequestContext;
use crate::worker::log::Line;
use futures::FutureExt;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::Request;
use worker::js_sys::{Array, JsString};
use worker::wasm_bindgen_futures::future_to_promise;
use worker::{Context, Env, event, worker_sys};

/// Runs once per isolate.
#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// Responds to a request: with the response, or with the promise of one if something has to be waited for.
///
/// Not `#[event(fetch)]`, which makes a promise for every request: 8 µs of the 220 that a 304 takes. The future is
/// shared, so it can be polled once outside a task and then go on inside one.
///
/// `url` is the request's, which the entry module has read already. It is not a `String`: that would be put into the
/// memory of a wasm that has panicked, just before it is instantiated again.
#[wasm_bindgen]
pub fn fetch(request: Request, url: JsString, env: Env, platform: worker_sys::Context) -> Result<JsValue, JsValue> {
    response_or_promise(request, url, env, platform, false)
}

/// Responds to a question that a stream asks. The response has two more headers, which the entry module takes off.
#[wasm_bindgen]
pub fn tick(request: Request, url: JsString, env: Env, platform: worker_sys::Context) -> Result<JsValue, JsValue> {
    response_or_promise(request, url, env, platform, true)
}

/// A stream of the caller with this key has ended.
#[wasm_bindgen(js_name = closeStream)]
pub fn close_stream(key: &str) {
    routes::stream::close(key);
}

fn response_or_promise(
    request: Request,
    url: JsString,
    env: Env,
    platform: worker_sys::Context,
    is_tick: bool,
) -> Result<JsValue, JsValue> {
    let response = respond(request, url, env, Context::new(platform), is_tick).shared();
    match response.clone().now_or_never() {
        Some(response) => response,
        None => Ok(future_to_promise(response).into()),
    }
}

async fn respond(
    request: Request,
    url: JsString,
    env: Env,
    platform: Context,
    is_tick: bool,
) -> Result<JsValue, JsValue> {
    let context = RequestContext::new(request, url.into(), env, platform, is_tick).await?;
    let response = routes::respond(&context).await;
    for warning in context.trace.warnings() {
        log::error(&Line {
            message: "request served with a warning",
            request_id: Some(&context.id),
            path: context.route_path(),
            cause: Some(&warning),
            ..Line::default()
        });
    }
    Ok(response::write(&context, response)?.into())
}

/// The promise of the bindings of the databases that are to be refreshed, as an array.
#[wasm_bindgen]
pub fn shards(env: Env) -> JsValue {
    let bindings = async move {
        let bindings = scheduled::bindings(&env).await;
        Ok(bindings
            .iter()
            .map(|binding| JsValue::from_str(binding))
            .collect::<Array>()
            .into())
    };
    future_to_promise(bindings).into()
}

/// Refreshes the database with a binding for an instant, in milliseconds since 1970: the promise that this is over.
/// What goes wrong is logged.
#[wasm_bindgen]
pub fn refresh(at: f64, binding: &str, env: Env) -> JsValue {
    let binding = binding.into();
    let refresh = async move {
        scheduled::run(at, &binding, &env).await;
        Ok(JsValue::UNDEFINED)
    };
    future_to_promise(refresh).into()
}
