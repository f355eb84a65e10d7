//! A response, made in two calls of the platform.
//!
//! `worker::Headers` calls the platform once for each header, and each text that crosses the boundary is decoded on its
//! own; `worker::Response` copies the body twice on its way. Here the status and the headers cross as one JSON text, and
//! the platform copies the body straight out of the wasm's memory.

use futures::stream::LocalBoxStream;
use serde::{Serialize, Serializer};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Response, ResponseInit};
use worker::js_sys::JSON;
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
#[derive(Serialize)]
pub struct ResponseParts<'a> {
    /// The HTTP status.
    pub status: u16,
    /// Names and values. Of two headers with one name the later one is sent, as `JSON.parse` takes the later member.
    #[serde(serialize_with = "as_object")]
    pub headers: Vec<(&'static str, &'a str)>,
}

fn as_object<S: Serializer>(headers: &[(&str, &str)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(headers.iter().copied())
}

impl ResponseParts<'_> {
    /// A response with these bytes, or without a body.
    ///
    /// # Errors
    /// If the platform refuses the status or a header.
    pub fn with_bytes(&self, body: Option<&[u8]>) -> Result<Response> {
        Ok(BytesResponse::new(body, &self.init()?)?.into())
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
        let init = self.init()?;
        Ok(Response::new_with_opt_readable_stream_and_init(Some(stream), &init)?)
    }

    fn init(&self) -> Result<ResponseInit> {
        Ok(JSON::parse(&serde_json::to_string(self)?)?.unchecked_into())
    }
}
