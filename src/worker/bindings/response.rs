//! A response.
//!
//! `worker::Headers` calls the platform once for each header, and decodes its name each time; `worker::Response` copies
//! the body twice on its way. Together that is 4 µs of the 220 that a page from memory takes. Here the headers that
//! never change are those of a template, a response that others are made from, and the platform copies them by itself,
//! which saves another 8% of such a page. The body goes straight out of the wasm's memory.

use crate::worker::bindings::headers::ResponseHeaders;
use futures::stream::LocalBoxStream;
use std::cell::RefCell;
use std::collections::HashMap;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Headers, Response, ResponseInit};
use worker::{ResponseBody, Result};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = Response, extends = Response)]
    type BytesResponse;

    /// web-sys has this constructor only for bytes that it may change.
    #[wasm_bindgen(constructor, catch, js_class = "Response")]
    fn new(body: Option<&[u8]>, init: &ResponseInit) -> Result<BytesResponse, JsValue>;
}

thread_local! {
    /// The responses that others are made from, by what is in them. They have no body, so they belong to no request.
    static TEMPLATES: RefCell<HashMap<(FixedHeaders, u16), ResponseInit>> = RefCell::default();
}

/// The headers whose values never change, by the kind of response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FixedHeaders {
    /// Whether it is for its caller alone, who may keep it and has to ask before it is used again.
    pub is_data: bool,
    /// Whether there is a body, also where HEAD leaves it out: JSON, unless another `Content-Type` replaces that.
    pub has_body: bool,
}

/// What a response has besides its body.
pub struct ResponseParts<'a> {
    /// The HTTP status.
    pub status: u16,
    /// Headers whose values never change.
    pub fixed_headers: FixedHeaders,
    /// All other headers. One of these replaces a fixed one of the same name, and a later one an earlier one.
    pub headers: Vec<(&'static str, &'a str)>,
}

impl ResponseParts<'_> {
    /// A response with these bytes, or without a body.
    ///
    /// # Errors
    /// If the platform refuses the status or a header.
    pub fn with_bytes(&self, body: Option<&[u8]>) -> Result<Response> {
        let response = BytesResponse::new(body, &self.template()?)?;
        self.write_headers(response.into())
    }

    /// A response with the bytes that `stream` gives.
    ///
    /// # Errors
    /// As [`ResponseParts::with_bytes`].
    pub fn with_stream(&self, stream: LocalBoxStream<'static, Result<Vec<u8>>>) -> Result<Response> {
        let response = worker::Response::from_stream(stream)?;
        let ResponseBody::Stream(stream) = response.body() else {
            return Err("a stream is no stream".into());
        };
        let template = self.template()?;
        self.write_headers(Response::new_with_opt_readable_stream_and_init(
            Some(stream),
            &template,
        )?)
    }

    fn write_headers(&self, response: Response) -> Result<Response> {
        let headers = ResponseHeaders::new(&response);
        for (name, value) in &self.headers {
            headers.put(name, value)?;
        }
        Ok(response)
    }

    fn template(&self) -> Result<ResponseInit> {
        TEMPLATES.with_borrow_mut(|templates| {
            let key = (self.fixed_headers, self.status);
            if let Some(template) = templates.get(&key) {
                return Ok(template.clone());
            }
            let template = self.fixed_headers.template(self.status)?;
            templates.insert(key, template.clone());
            Ok(template)
        })
    }
}

impl FixedHeaders {
    /// A response with these headers. Like every response, it can be the init of another, which takes over its status
    /// and its headers.
    fn template(self, status: u16) -> Result<ResponseInit> {
        let headers = Headers::new()?;
        headers.set("X-Content-Type-Options", "nosniff")?;
        if self.has_body {
            headers.set("Content-Type", "application/json; charset=utf-8")?;
        }
        let (caching, vary) = if self.is_data {
            ("private, no-cache", "Authorization, Origin")
        } else {
            ("no-store", "Origin")
        };
        headers.set("Cache-Control", caching)?;
        headers.set("Vary", vary)?;
        let init = ResponseInit::new();
        init.set_status(status);
        init.set_headers(&headers);
        Ok(BytesResponse::new(None, &init)?.unchecked_into())
    }
}
