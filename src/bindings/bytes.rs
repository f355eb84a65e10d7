//! Bodies outside the wasm's memory: written into once, and from then on handed to responses without a copy.

use crate::report::Body;
use js_sys::Uint8Array;

/// The bytes of a body.
#[derive(Clone)]
pub struct Bytes(pub Uint8Array);

impl Body for Bytes {
    fn of(text: String) -> Self {
        Self(Uint8Array::from(text.as_bytes()))
    }
}
