//! The static files that are deployed with the worker.
//!
//! They are fetched with the binding's own `fetch`: `worker::Fetcher` brings along the options that `worker::Fetch`
//! does, see `jwks`.

use crate::worker::bindings::message_of;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Response;
use worker::Env;
use worker::js_sys::Promise;
use worker::wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    type Bindings;

    #[wasm_bindgen(method, getter, js_name = ASSETS)]
    fn assets(this: &Bindings) -> Option<Assets>;

    type Assets;

    #[wasm_bindgen(method, catch)]
    fn fetch(this: &Assets, url: &str) -> Result<Promise, JsValue>;
}

/// The text of the file at `path`.
///
/// # Errors
/// A text for the log if there is no binding `ASSETS`, or no such file.
pub async fn text(env: &Env, path: &str) -> Result<String, String> {
    let failure = |error: JsValue| message_of(&error, "the assets are out of reach");
    let assets = env.unchecked_ref::<Bindings>().assets();
    let assets = assets.ok_or("the binding ASSETS is missing")?;
    let fetched = assets
        .fetch(&format!("https://assets.invalid{path}"))
        .map_err(failure)?;
    let response: Response = JsFuture::from(fetched).await.map_err(failure)?.unchecked_into();
    if response.status() != 200 {
        return Err(format!("the response was {}", response.status()));
    }
    let text = JsFuture::from(response.text().map_err(failure)?)
        .await
        .map_err(failure)?;
    Ok(text.as_string().unwrap_or_default())
}
