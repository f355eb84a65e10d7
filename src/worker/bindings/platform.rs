//! What `platform.js` says.

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{ReadableStream, Request, Response};

#[wasm_bindgen(module = "/src/worker/bindings/platform.js")]
extern "C" {
    /// What every answer depends on: see [`Head`](super::request::Head).
    pub fn read(request: &Request) -> String;

    /// A response; `names` and `values` are those of its headers, a line each. The body goes over without a copy, and the
    /// response makes the only one.
    #[wasm_bindgen(catch)]
    pub fn respond(status: u16, body: Option<&[u8]>, names: &str, values: &str) -> Result<Response, JsValue>;

    /// As [`respond`], with a body that is still to come.
    #[wasm_bindgen(catch, js_name = respond)]
    pub fn respond_streaming(
        status: u16,
        body: &ReadableStream,
        names: &str,
        values: &str,
    ) -> Result<Response, JsValue>;

    /// The bytes of a key's value in KV, null where there is none; fails if that takes longer than `milliseconds`.
    #[wasm_bindgen(catch, js_name = getWithin)]
    pub fn get_within(namespace: &JsValue, key: &str, milliseconds: u32) -> Result<Promise, JsValue>;

    /// Resolves after so many milliseconds.
    pub fn wait(milliseconds: u32) -> Promise;
}
