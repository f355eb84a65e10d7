//! The headers of requests and responses.
//!
//! `worker::Headers` sends the name of the header to JavaScript at each call, where it is decoded. Here each name, and each value that
//! is always the same, is sent once in the life of an isolate.

use std::cell::RefCell;
use std::collections::HashMap;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{Headers, Request};
use worker::js_sys::{JsString, Object};

thread_local! {
    /// The names and the fixed values as JavaScript has them.
    static TEXTS: RefCell<HashMap<&'static str, JsString>> = RefCell::default();
}

#[wasm_bindgen]
extern "C" {
    /// The headers of a request.
    #[wasm_bindgen(extends = Headers)]
    pub type RequestHeaders;

    /// web-sys takes the name only as a Rust string.
    #[wasm_bindgen(method, js_class = "Headers")]
    fn get(this: &RequestHeaders, name: &JsString) -> Option<String>;

    /// The headers of a response that is to be made: an object of names and values.
    #[wasm_bindgen(extends = Object)]
    pub type ResponseHeaders;

    #[wasm_bindgen(method, indexing_setter)]
    fn set(this: &ResponseHeaders, name: &JsString, value: &str);

    #[wasm_bindgen(method, indexing_setter)]
    fn set_fixed(this: &ResponseHeaders, name: &JsString, value: &JsString);
}

fn fixed(text: &'static str) -> JsString {
    TEXTS.with_borrow_mut(|texts| texts.entry(text).or_insert_with(|| JsString::from(text)).clone())
}

impl RequestHeaders {
    /// Those of `request`.
    pub fn of(request: &Request) -> Self {
        request.headers().unchecked_into()
    }

    /// The value of the header `name`.
    pub fn value(&self, name: &'static str) -> Option<String> {
        self.get(&fixed(name))
    }
}

impl ResponseHeaders {
    /// The headers of a response. If a name is in both lists, the value in `others` counts.
    pub fn of(fixed_headers: &[(&'static str, &'static str)], others: &[(&'static str, &str)]) -> Self {
        let object: Self = Object::new().unchecked_into();
        for (name, value) in fixed_headers {
            object.set_fixed(&fixed(name), &fixed(value));
        }
        for (name, value) in others {
            object.set(&fixed(name), value);
        }
        object
    }
}
