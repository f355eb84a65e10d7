//! A response.
//!
//! `worker::Headers` calls the platform once for each header, and decodes its name each time; `worker::Response` copies the
//! body twice on its way. Here the headers are an object, into which only their values have to be sent, and the platform
//! copies the body straight out of the wasm's memory.

use crate::worker::bindings::headers::ResponseHeaders;
use futures::stream::LocalBoxStream;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{Response, ResponseInit};
use worker::{ResponseBody, Result};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = Response, extends = Response)]
    type BytesResponse;

    /// web-sys has this constructor only for bytes that it may change.
    #[wasm_bindgen(constructor, catch, js_class = "Response")]
    fn new(body: Option<&[u8]>, init: &ResponseInit) -> Result<BytesResponse, JsValue>;
}

/// What a response has besides its body.
pub struct ResponseParts<'a> {
    /// The HTTP status.
    pub status: u16,
    /// Headers whose values never change.
    pub fixed_headers: Vec<(&'static str, &'static str)>,
    /// All other headers. One of these replaces a fixed one of the same name, and a later one an earlier one.
    pub headers: Vec<(&'static str, &'a str)>,
}

impl ResponseParts<'_> {
    /// A response with these bytes, or without a body.
    ///
    /// # Errors
    /// If the platform refuses the status or a header.
    pub fn with_bytes(&self, body: Option<&[u8]>) -> Result<Response> {
        Ok(BytesResponse::new(body, &self.init())?.into())
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
        let init = self.init();
        Ok(Response::new_with_opt_readable_stream_and_init(Some(stream), &init)?)
    }

    fn init(&self) -> ResponseInit {
        let init = ResponseInit::new();
        init.set_status(self.status);
        init.set_headers(&ResponseHeaders::of(&self.fixed_headers, &self.headers));
        init
    }
}
