//! The key server, by the platform's `fetch`.

use crate::auth::jwk::KEY_SET_BYTES_MAX;
use crate::auth::ports::{KeyServer, KeyServerError};
use crate::worker::bindings::body::{BodyError, read_stream};
use crate::worker::bindings::message_of;
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Response};

/// How long the whole answer may take.
const TIMEOUT_MS: u32 = 5_000;

/// Whatever server the URL names.
pub struct WebKeyServer;

impl KeyServer for WebKeyServer {
    async fn fetch_jwks(&self, url: &str) -> Result<Vec<u8>, KeyServerError> {
        let promise = request(url).map_err(|error| failure(&error))?;
        let response = JsFuture::from(promise).await.map_err(|error| failure(&error))?;
        let response: Response = response.unchecked_into();
        if response.status() != 200 {
            return Err(KeyServerError(format!("answered {}", response.status())));
        }
        let stream = response
            .body()
            .ok_or_else(|| KeyServerError("answered with nothing".to_owned()))?;
        read_stream(&stream, KEY_SET_BYTES_MAX).await.map_err(|error| {
            KeyServerError(match error {
                BodyError::TooLarge => "answered with more than 64 KiB".to_owned(),
                BodyError::Unreadable => "did not answer in time, or broke off".to_owned(),
            })
        })
    }
}

/// One GET: no redirect is followed, no cache between is asked, and all of it ends when its time is up.
fn request(url: &str) -> Result<Promise, JsValue> {
    let init = Object::new();
    let set = |name: &str, value: &JsValue| Reflect::set(&init, &JsValue::from_str(name), value);
    set("redirect", &JsValue::from_str("manual"))?;
    set("cache", &JsValue::from_str("no-store"))?;
    set("signal", &AbortSignal::timeout_with_u32(TIMEOUT_MS))?;
    let global = js_sys::global();
    let fetch: Function = Reflect::get(&global, &JsValue::from_str("fetch"))?.unchecked_into();
    fetch
        .call2(&global, &JsValue::from_str(url), &init)
        .map(JsCast::unchecked_into)
}

fn failure(error: &JsValue) -> KeyServerError {
    KeyServerError(message_of(error, "could not be asked"))
}
