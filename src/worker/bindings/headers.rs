//! The headers of requests and responses.
//!
//! `worker::Headers` sends the name of the header to JavaScript at each call, where it is decoded. Here each name is sent
//! once in the life of an isolate.

use std::cell::RefCell;
use std::collections::HashMap;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{Headers, Request};
use worker::js_sys::{JsString, Object};

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

    /// The headers of a response that is to be made: an object of names and values.
    #[wasm_bindgen(extends = Object)]
    pub type ResponseHeaders;

    #[wasm_bindgen(method, indexing_setter)]
    fn set(this: &ResponseHeaders, name: &JsString, value: &str);
}

fn with_name<T>(name: &'static str, use_name: impl FnOnce(&JsString) -> T) -> T {
    NAMES.with_borrow_mut(|names| use_name(names.entry(name).or_insert_with(|| JsString::from(name))))
}

impl RequestHeaders {
    /// Those of `request`.
    pub fn of(request: &Request) -> Self {
        request.headers().unchecked_into()
    }

    /// The value of the header `name`.
    pub fn value(&self, name: &'static str) -> Option<String> {
        with_name(name, |name| self.get(name))
    }
}

impl ResponseHeaders {
    /// Those with these names and values. Of two with one name the later one counts.
    pub fn of(headers: &[(&'static str, &str)]) -> Self {
        let object: Self = Object::new().unchecked_into();
        for (name, value) in headers {
            with_name(name, |name| object.set(name, value));
        }
        object
    }
}
