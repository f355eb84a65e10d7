//! Request bodies, decompressed and limited in size.
//!
//! They are read chunk by chunk and not with `worker::ByteStream`, which takes a body that was aborted for a complete
//! one.

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ReadableStream, ReadableStreamDefaultReader, Request};
use worker::js_sys::{Promise, Reflect, Uint8Array};
use worker::wasm_bindgen_futures::JsFuture;

#[wasm_bindgen(module = "/src/worker/gunzip.js")]
extern "C" {
    /// What gzip of one or more members holds: bytes, or null if they are more than `bytes_max`.
    fn gunzip(packed: &Uint8Array, bytes_max: u32) -> Promise;
}

/// Why a body could not be read.
#[derive(Debug)]
pub enum BodyError {
    /// It has more bytes than allowed.
    TooLarge,
    /// It is not valid gzip, or the client went away.
    Unreadable,
}

/// Reads the body of a request, which is decompressed if `is_gzip`, into memory; at most `bytes_max` of it, packed and
/// unpacked.
///
/// # Errors
/// [`BodyError`].
pub async fn read(request: &Request, is_gzip: bool, bytes_max: usize) -> Result<Vec<u8>, BodyError> {
    let Some(stream) = request.body() else {
        return Ok(Vec::new());
    };
    let body = read_stream(&stream, bytes_max).await?;
    if is_gzip {
        unpack(&body, bytes_max).await
    } else {
        Ok(body)
    }
}

/// Unpacks with the platform's zlib, which needs no code in the wasm.
async fn unpack(packed: &[u8], bytes_max: usize) -> Result<Vec<u8>, BodyError> {
    let bytes_max = u32::try_from(bytes_max).unwrap_or(u32::MAX);
    let unpacked = JsFuture::from(gunzip(&Uint8Array::from(packed), bytes_max)).await;
    let unpacked = unpacked.map_err(|_| BodyError::Unreadable)?;
    if unpacked.is_null() {
        return Err(BodyError::TooLarge);
    }
    let bytes = unpacked.dyn_into::<Uint8Array>().map_err(|_| BodyError::Unreadable)?;
    Ok(bytes.to_vec())
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
