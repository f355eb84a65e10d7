//! The platform's rate limits.

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use worker::Env;

/// Whether the limit bound as `binding` allows one more call of `key`. Where there is no such binding there is no
/// limit.
///
/// # Errors
/// What the platform says where it cannot tell.
pub async fn allows(env: &Env, binding: &str, key: &str) -> Result<bool, String> {
    let limiter = Reflect::get(env, &JsValue::from_str(binding)).unwrap_or_default();
    if limiter.is_undefined() {
        return Ok(true);
    }
    let outcome = match limit(&limiter, key) {
        Ok(promise) => JsFuture::from(promise).await,
        Err(error) => Err(error),
    };
    outcome
        .and_then(|outcome| Reflect::get(&outcome, &JsValue::from_str("success")))
        .map(|success| success.is_truthy())
        .map_err(|_| format!("the rate limit {binding} failed"))
}

fn limit(limiter: &JsValue, key: &str) -> Result<Promise, JsValue> {
    let options = Object::new();
    Reflect::set(&options, &JsValue::from_str("key"), &JsValue::from_str(key))?;
    let limit: Function = Reflect::get(limiter, &JsValue::from_str("limit"))?.dyn_into()?;
    limit.call1(limiter, &options).map(JsCast::unchecked_into)
}
