//! The headers of a request.
//!
//! `worker::Headers` sends the name of the header to JavaScript at each call, where it is decoded. Here each name is sent
//! once in the life of an isolate.

use std::cell::RefCell;
use std::collections::HashMap;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{Headers, Request};
use worker::js_sys::JsString;

thread_local! {
    /// The names as JavaScript has them.
    static NAMES: RefCell<HashMap<&'static str, JsString>> = RefCell::default();
}

#[wasm_bindgen]
extern "C" {
    /// The headers of a request.
    #[wasm_bindgen(extends = Headers)]
    pub type RequestHeaders;

    /// web-sys takes the name only as a Rust string.
    #[wasm_bindgen(method, js_class = "Headers")]
    fn get(this: &RequestHeaders, name: &JsString) -> Option<String>;
}

impl RequestHeaders {
    /// Those of `request`.
    pub fn of(request: &Request) -> Self {
        request.headers().unchecked_into()
    }

    /// The value of the header `name`.
    pub fn value(&self, name: &'static str) -> Option<String> {
        NAMES.with_borrow_mut(|names| {
            let name = names.entry(name).or_insert_with(|| JsString::from(name));
            self.get(name)
        })
    }
}
