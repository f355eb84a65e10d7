//! The platform behind the core's ports. Nothing is decided here.

pub mod alerts;
pub mod assets;
pub mod body;
pub mod clock;
pub mod d1;
pub mod headers;
pub mod jwks;
pub mod kv;
pub mod random;
pub mod rate_limit;
pub mod response;
pub mod runs;
pub mod time_zones;
pub mod timer;
pub mod webcrypto;

use wasm_bindgen::{JsCast, JsValue};
use worker::js_sys;

/// The message of an error that JavaScript has thrown, or `default` if it is not an `Error`.
fn message_of(error: &JsValue, default: &str) -> String {
    error
        .dyn_ref::<js_sys::Error>()
        .map_or_else(|| default.to_owned(), |error| String::from(error.message()))
}
