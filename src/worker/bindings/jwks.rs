//! The key server, asked with the platform's `fetch`.
//!
//! `worker::Fetch` brings along the options of all of Cloudflare's products, 5 KB of the gzipped wasm, and
//! `worker::AbortSignal` has no `timeout`.

use crate::auth::jwk::KEY_SET_BYTES_MAX;
use crate::auth::ports::{KeyServer, KeyServerError};
use crate::worker::bindings::body::{BodyError, read_stream};
use crate::worker::bindings::message_of;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortSignal, RequestCache, RequestInit, RequestRedirect, Response, WorkerGlobalScope};
use worker::js_sys;
use worker::wasm_bindgen_futures::JsFuture;

/// The time that the whole response may take.
const TIMEOUT_MS: u32 = 5_000;

/// Whatever server the URL names.
pub struct WebKeyServer;

impl KeyServer for WebKeyServer {
    async fn fetch_jwks(&self, url: &str) -> Result<Vec<u8>, KeyServerError> {
        let response = request(url).await.map_err(|error| failure(&error))?;
        if response.status() != 200 {
            return Err(KeyServerError(format!("answered {}", response.status())));
        }
        let Some(stream) = response.body() else {
            return Err(KeyServerError("answered with nothing".to_owned()));
        };
        read_stream(&stream, KEY_SET_BYTES_MAX).await.map_err(|error| {
            KeyServerError(match error {
                BodyError::TooLarge => format!("answered with more than {} KiB", KEY_SET_BYTES_MAX >> 10),
                BodyError::Unreadable => "did not answer in time, or broke off".to_owned(),
            })
        })
    }
}

/// One GET that follows no redirect, uses no cache on the way and is aborted when its time is up.
async fn request(url: &str) -> Result<Response, JsValue> {
    let init = RequestInit::new();
    init.set_redirect(RequestRedirect::Manual);
    init.set_cache(RequestCache::NoStore);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(TIMEOUT_MS)));
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    let response = JsFuture::from(scope.fetch_with_str_and_init(url, &init)).await?;
    Ok(response.unchecked_into())
}

fn failure(error: &JsValue) -> KeyServerError {
    KeyServerError(message_of(error, "could not be asked"))
}
