//! A body that is made as the client takes it.

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::future_to_promise;
use web_sys::{ReadableStream, ReadableStreamDefaultController};

/// A stream of the texts that `next` makes of `source`, one for each time that the client asks; none at the end. A
/// failure aborts the body.
///
/// The source is let go at the end, after a failure, and when the client leaves.
///
/// # Errors
/// Where the platform has no streams, which does not happen.
pub fn readable<S, F>(source: S, next: fn(S) -> F) -> Result<ReadableStream, JsValue>
where
    S: 'static,
    F: Future<Output = Result<Option<(S, String)>, &'static str>> + 'static,
{
    let held = Rc::new(RefCell::new(Some(source)));
    let cancelled = Rc::clone(&held);
    let pull = Closure::<dyn FnMut(ReadableStreamDefaultController) -> Promise>::new(move |controller| {
        let held = Rc::clone(&held);
        // The platform never asks again before it has its answer.
        future_to_promise(async move {
            let source = held.borrow_mut().take();
            let Some(source) = source else {
                return Ok(JsValue::UNDEFINED);
            };
            let controller: ReadableStreamDefaultController = controller;
            match next(source).await {
                Ok(Some((source, text))) => {
                    controller.enqueue_with_chunk(&Uint8Array::from(text.as_bytes()))?;
                    held.replace(Some(source));
                }
                Ok(None) => controller.close()?,
                Err(error) => return Err(js_sys::Error::new(error).into()),
            }
            Ok(JsValue::UNDEFINED)
        })
    });
    let cancel = Closure::<dyn FnMut()>::new(move || {
        cancelled.replace(None);
    });
    let underlying = Object::new();
    let set = |name: &str, value: &JsValue| Reflect::set(&underlying, &JsValue::from_str(name), value);
    set("pull", &pull.into_js_value())?;
    set("cancel", &cancel.into_js_value())?;
    let constructor: Function = Reflect::get(&js_sys::global(), &JsValue::from_str("ReadableStream"))?.unchecked_into();
    // Nothing ahead of the client.
    let strategy = Object::new();
    Reflect::set(&strategy, &JsValue::from_str("highWaterMark"), &JsValue::from_f64(0.0))?;
    let arguments = Array::of2(&underlying, &strategy);
    Ok(Reflect::construct(&constructor, &arguments)?.unchecked_into())
}
