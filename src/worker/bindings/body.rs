//! Bodies, unpacked and bounded.

use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStream, ReadableStreamDefaultReader, ReadableWritablePair, Request};

/// Why a body could not be had.
#[derive(Debug)]
pub enum BodyError {
    /// It has more bytes than are taken.
    TooLarge,
    /// It is not the gzip that it says it is, or the client went away.
    Unreadable,
}

/// Reads the body of `request`, through gunzip where `is_gzip`; never holds more than `bytes_max` of it.
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

/// Reads `stream` to its end; never holds more than `bytes_max` of it.
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

/// The platform's own decompressor: it costs no wasm.
fn gunzip(stream: &ReadableStream) -> Result<ReadableStream, JsValue> {
    let constructor = Reflect::get(&js_sys::global(), &JsValue::from_str("DecompressionStream"))?;
    let arguments = Array::of1(&JsValue::from_str("gzip"));
    let pair = Reflect::construct(constructor.unchecked_ref::<js_sys::Function>(), &arguments)?;
    Ok(stream.pipe_through(pair.unchecked_ref::<ReadableWritablePair>()))
}
