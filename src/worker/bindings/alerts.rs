//! Handles addresses and secrets of destinations, in JavaScript because it needs WebCrypto and `fetch`.

use crate::alert::settings::{DestinationsError, Sealed};
use crate::api::error::ApiError;
use crate::worker::bindings::message_of;
use serde_json::Value;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;
use worker::js_sys::Promise;
use worker::wasm_bindgen_futures::JsFuture;

// A module that the bundler finds: what wasm-bindgen copies must not import others.
#[wasm_bindgen(raw_module = "conversation-monitor-alerts")]
extern "C" {
    #[wasm_bindgen(js_name = sealDestinations)]
    fn seal_destinations(keys: &str, organization_id: &str, destinations: &str) -> Promise;

    /// Either what is sealed or what is wrong.
    type SealOutcome;

    #[wasm_bindgen(method, getter)]
    fn sealed(this: &SealOutcome) -> Option<String>;

    #[wasm_bindgen(method, getter)]
    fn problem(this: &SealOutcome) -> Option<String>;

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
/// [`DestinationsError`] if one of them must not be used; [`ApiError::Internal`] if they cannot be encrypted.
pub async fn seal(keys: &str, organization_id: &str, destinations: &str) -> Result<String, ApiError> {
    let outcome = settled(seal_destinations(keys, organization_id, destinations)).await?;
    let outcome: SealOutcome = outcome.unchecked_into();
    if let Some(problem) = outcome.problem() {
        return Err(DestinationsError(problem).into());
    }
    outcome
        .sealed()
        .ok_or_else(|| ApiError::Internal("nothing was sealed".to_owned()))
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
    let outcome = settled(send_sample(env, organization_id, destination_id, url, secrets, format)).await?;
    let outcome = outcome.as_string().unwrap_or_default();
    serde_json::from_str(&outcome).map_err(|error| ApiError::Internal(error.to_string()))
}

async fn settled(promise: Promise) -> Result<JsValue, ApiError> {
    let value: Result<JsValue, JsValue> = JsFuture::from(promise).await;
    value.map_err(|error| ApiError::Internal(message_of(&error, "WebCrypto failed")))
}
