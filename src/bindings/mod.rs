//! The platform behind the core's ports. Nothing is decided here.

pub mod body;
pub mod clock;
pub mod d1;
pub mod key_server;
pub mod kv;
pub mod random;
pub mod rate_limit;
pub mod webcrypto;

use wasm_bindgen::{JsCast, JsValue};

/// The message of what JavaScript has thrown, or `default` where that is no error.
fn message_of(error: &JsValue, default: &str) -> String {
    error
        .dyn_ref::<js_sys::Error>()
        .map_or_else(|| default.to_owned(), |error| String::from(error.message()))
}
