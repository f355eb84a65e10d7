//! Handles addresses and secrets of destinations, in JavaScript because it needs WebCrypto and `fetch`.

use crate::alert::settings::Sealed;
use crate::api::error::ApiError;
use crate::worker::bindings::message_of;
use serde_json::Value;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;
use worker::js_sys::Promise;
use worker::wasm_bindgen_futures::JsFuture;

// A module that the bundler finds: what wasm-bindgen copies must not import others.
#[wasm_bindgen(raw_module = "conversation-monitor-alerts")]
extern "C" {
    #[wasm_bindgen(js_name = sealDestinations)]
    fn seal_destinations(keys: &str, organization_id: &str, destinations: &str) -> Promise;

    #[wasm_bindgen(js_name = sendSample)]
    fn send_sample(
        env: &Env,
        organization_id: &str,
        destination_id: &str,
        url: &str,
        secrets: Option<&str>,
        format: &str,
    ) -> Promise;
}

/// Checks and encrypts addresses and secrets: takes the JSON of a change and returns the JSON to be stored.
///
/// # Errors
/// [`ApiError::Invalid`] if one of them must not be used; [`ApiError::Internal`] if they cannot be encrypted.
pub async fn seal(keys: &str, organization_id: &str, destinations: &str) -> Result<String, ApiError> {
    let sealed = text(seal_destinations(keys, organization_id, destinations)).await?;
    if sealed.starts_with('[') {
        Ok(sealed)
    } else {
        Err(ApiError::Invalid(sealed))
    }
}

/// Sends a sample to a destination, and returns what became of it.
///
/// # Errors
/// [`ApiError::Internal`] if its address or its secrets cannot be decrypted or used.
pub async fn sample(
    env: &Env,
    organization_id: &str,
    destination_id: &str,
    Sealed { format, url, secrets }: Sealed<'_>,
) -> Result<Value, ApiError> {
    let outcome = text(send_sample(env, organization_id, destination_id, url, secrets, format)).await?;
    serde_json::from_str(&outcome).map_err(|error| ApiError::Internal(error.to_string()))
}

async fn text(promise: Promise) -> Result<String, ApiError> {
    let value: Result<JsValue, JsValue> = JsFuture::from(promise).await;
    let text = value
        .map_err(|error| message_of(&error, "WebCrypto failed"))
        .and_then(|value| value.as_string().ok_or_else(String::new));
    text.map_err(ApiError::Internal)
}
