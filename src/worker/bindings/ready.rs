//! Answers that need nothing to be waited for.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::future_to_promise;

/// What `future` comes to: itself where it is ready at once, which spares a promise and two turns of the platform's
/// event loop, else the promise of it.
///
/// What is not ready is polled a second time right away, by the task that goes on with it. So whatever it waits for must
/// heed the waker of the last poll, as the contract of [`Future::poll`] demands and `JsFuture` does; `worker::Delay` keeps
/// that of its first.
///
/// # Errors
/// What it fails with.
pub fn or_promise(future: impl Future<Output = Result<JsValue, JsValue>> + 'static) -> Result<JsValue, JsValue> {
    let mut future: Pin<Box<dyn Future<Output = Result<JsValue, JsValue>>>> = Box::pin(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Ok(future_to_promise(future).into()),
    }
}
