//! The platform behind the core's ports. Nothing is decided here.

pub mod assets;
pub mod body;
pub mod clock;
pub mod d1;
pub mod jwks;
pub mod kv;
pub mod platform;
pub mod random;
pub mod rate_limit;
pub mod ready;
pub mod request;
pub mod stream;
pub mod webcrypto;

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// The message of what JavaScript has thrown, or `default` where that is no error.
fn message_of(error: &JsValue, default: &str) -> String {
    error
        .dyn_ref::<js_sys::Error>()
        .map_or_else(|| default.to_owned(), |error| String::from(error.message()))
}

/// What a method of a binding's own object comes to.
async fn call(object: &JsValue, method: &str, arguments: &Array) -> Result<JsValue, JsValue> {
    let function: Function = Reflect::get(object, &JsValue::from_str(method))?.dyn_into()?;
    let answer = function.apply(object, arguments)?;
    JsFuture::from(Promise::resolve(&answer)).await
}
