//! The static files that are deployed with the worker.

use crate::worker::bindings::call;
use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use worker::Env;

/// The text of the file at `path`.
///
/// The binding is called as it is: `worker` has a wrapper, but that one carries what a request may say to the platform
/// through serde, and with it a tenth of the worker.
///
/// # Errors
/// Where there is no binding `ASSETS`, or no such file.
pub async fn text(env: &Env, path: &str) -> Result<String, JsValue> {
    let assets = Reflect::get(env, &JsValue::from_str("ASSETS"))?;
    let url = format!("https://assets.invalid{path}");
    let answer: web_sys::Response = call(&assets, "fetch", &Array::of1(&JsValue::from_str(&url)))
        .await?
        .dyn_into()?;
    if !answer.ok() {
        return Err(JsValue::from_f64(f64::from(answer.status())));
    }
    let text = JsFuture::from(answer.text()?).await?;
    text.as_string().ok_or(text)
}
