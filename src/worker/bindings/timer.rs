//! The platform's timer.
//!
//! `worker::Delay` makes a closure, sets a timer and clears it, which takes 22 µs longer than the platform's own
//! promise: 2 % of the CPU of a page from KV. In a loop, JavaScript sets and clears a timer in a third of the time of
//! that promise. Within a page, clearing it took another 2 %, so it is left to end with the request.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::js_sys::Promise;
use worker::wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    /// Resolves to `undefined`. It ends with the request, so it need not be cleared.
    #[wasm_bindgen(js_namespace = scheduler)]
    fn wait(milliseconds: u32) -> Promise;
}

// A module that the bundler finds.
#[wasm_bindgen(raw_module = "conversation-monitor-within")]
extern "C" {
    #[wasm_bindgen(js_name = within)]
    fn promise_within(milliseconds: u32, promise: &Promise) -> Promise;
}

/// Waits for `milliseconds`.
pub async fn sleep(milliseconds: u32) {
    // It is rejected only when the request has ended, and then nothing runs any more.
    drop(JsFuture::from(wait(milliseconds)).await);
}

/// What a promise resolves to, or `undefined` if it takes longer than `milliseconds`.
///
/// # Errors
/// What the promise is rejected with.
pub async fn within(milliseconds: u32, promise: &Promise) -> Result<JsValue, JsValue> {
    JsFuture::from(promise_within(milliseconds, promise)).await
}
