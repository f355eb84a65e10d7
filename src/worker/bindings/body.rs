//! Request bodies, decompressed and limited in size.
//!
//! They are read chunk by chunk and not with `worker::ByteStream`, which takes a body that was aborted for a complete one.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ReadableStream, ReadableStreamDefaultReader, ReadableWritablePair, Request};
use worker::js_sys::{self, Array, Function, Reflect, Uint8Array};
use worker::wasm_bindgen_futures::JsFuture;

/// Why a body could not be read.
#[derive(Debug)]
pub enum BodyError {
    /// It has more bytes than allowed.
    TooLarge,
    /// It is not valid gzip, or the client went away.
    Unreadable,
}

/// Reads the body of a request, which is decompressed if `is_gzip`, into memory; at most `bytes_max` of it.
///
/// # Errors
/// [`BodyError`].
pub async fn read(request: &Request, is_gzip: bool, bytes_max: usize) -> Result<Vec<u8>, BodyError> {
    let Some(mut stream) = request.body() else {
        return Ok(Vec::new());
    };
    if is_gzip {
        stream = gunzip(&stream).map_err(|_| BodyError::Unreadable)?;
    }
    read_stream(&stream, bytes_max).await
}

/// Reads a stream to its end into memory; at most `bytes_max` of it.
///
/// # Errors
/// [`BodyError`].
pub async fn read_stream(stream: &ReadableStream, bytes_max: usize) -> Result<Vec<u8>, BodyError> {
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let mut body = Vec::new();
    loop {
        let chunk = JsFuture::from(reader.read()).await.map_err(|_| BodyError::Unreadable)?;
        let get = |name: &str| Reflect::get(&chunk, &JsValue::from_str(name));
        if get("done").is_ok_and(|done| done.is_truthy()) {
            return Ok(body);
        }
        let value = get("value").map_err(|_| BodyError::Unreadable)?;
        let bytes = value.dyn_into::<Uint8Array>().map_err(|_| BodyError::Unreadable)?;
        let length = usize::try_from(bytes.length()).unwrap_or(usize::MAX);
        if body.len().saturating_add(length) > bytes_max {
            // Nobody waits for the rest.
            let _ = reader.cancel();
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&bytes.to_vec());
    }
}

/// Decompresses with the platform's `DecompressionStream`, which needs no code in the wasm. `worker` has no type for it.
fn gunzip(stream: &ReadableStream) -> Result<ReadableStream, JsValue> {
    let constructor = Reflect::get(&js_sys::global(), &JsValue::from_str("DecompressionStream"))?;
    let arguments = Array::of1(&JsValue::from_str("gzip"));
    let pair = Reflect::construct(constructor.unchecked_ref::<Function>(), &arguments)?;
    Ok(stream.pipe_through(pair.unchecked_ref::<ReadableWritablePair>()))
}
