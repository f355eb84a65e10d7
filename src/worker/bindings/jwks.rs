//! The key server, asked with the platform's `fetch`.

use crate::auth::jwk::KEY_SET_BYTES_MAX;
use crate::auth::ports::{KeyServer, KeyServerError};
use crate::worker::bindings::body::{BodyError, read_stream};
use worker::{
    AbortSignal, CacheMode, Error, Fetch, Request, RequestInit, RequestRedirect, Response, ResponseBody, Result,
};

/// The time that the whole answer may take.
const TIMEOUT_MS: u32 = 5_000;

/// Whatever server the URL names.
pub struct WebKeyServer;

impl KeyServer for WebKeyServer {
    async fn fetch_jwks(&self, url: &str) -> Result<Vec<u8>, KeyServerError> {
        let response = request(url).await.map_err(|error| failure(&error))?;
        if response.status_code() != 200 {
            return Err(KeyServerError(format!("answered {}", response.status_code())));
        }
        let ResponseBody::Stream(stream) = response.body() else {
            return Err(KeyServerError("answered with nothing".to_owned()));
        };
        read_stream(stream, KEY_SET_BYTES_MAX).await.map_err(|error| {
            KeyServerError(match error {
                BodyError::TooLarge => format!("answered with more than {} KiB", KEY_SET_BYTES_MAX >> 10),
                BodyError::Unreadable => "did not answer in time, or broke off".to_owned(),
            })
        })
    }
}

/// One GET that follows no redirect, uses no cache on the way and is aborted when its time is up.
async fn request(url: &str) -> Result<Response> {
    let mut init = RequestInit::new();
    init.with_redirect(RequestRedirect::Manual)
        .with_cache(CacheMode::NoStore);
    let request = Request::new_with_init(url, &init)?;
    let signal = AbortSignal::from(web_sys::AbortSignal::timeout_with_u32(TIMEOUT_MS));
    Fetch::Request(request).send_with_signal(&signal).await
}

fn failure(error: &Error) -> KeyServerError {
    KeyServerError(error.to_string())
}
