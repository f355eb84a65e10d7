//! Who calls: the first thing that a data route asks for.

use crate::api::error::ApiError;
use crate::auth::claims::Claims;
use crate::auth::error::VerifyError;
use crate::auth::ports::{AuthPorts, Cryptography, KeyServer};
use crate::auth::rate_limit_key::{address_key, caller_key};
use crate::auth::token;
use crate::base::trace::Trace;
use crate::storage::shared_cache::SharedCache;
use crate::worker::bindings::jwks::WebKeyServer;
use crate::worker::bindings::kv::Kv;
use crate::worker::bindings::platform::wait;
use crate::worker::bindings::rate_limit;
use crate::worker::bindings::webcrypto::{ImportedKey, WebCrypto};
use crate::worker::isolate::Service;
use crate::worker::response::Call;
use std::rc::Rc;
use wasm_bindgen_futures::JsFuture;

/// The names of the bindings of all limits: of reads and of ingests, a caller; of calls that fail to authenticate, a
/// client.
pub const LIMITS: [&str; 3] = [READ_LIMIT, INGEST_LIMIT, FAILURE_LIMIT];
const READ_LIMIT: &str = "READ_LIMIT";
const INGEST_LIMIT: &str = "INGEST_LIMIT";
const FAILURE_LIMIT: &str = "FAILURE_LIMIT";

/// Which limit a verified caller's call counts against: the name of its binding.
#[derive(Clone, Copy)]
pub enum Limit {
    Read,
    Ingest,
}

impl Limit {
    fn binding(self) -> &'static str {
        match self {
            Self::Read => READ_LIMIT,
            Self::Ingest => INGEST_LIMIT,
        }
    }
}

/// The claims of the request's token, if the caller has not called too often.
///
/// Failures count against the client's address, and only failures are refused for them: a valid token never is.
///
/// # Errors
/// 401: [`ApiError::TokenMissing`], [`ApiError::TokenMalformed`] or [`ApiError::Token`]; 429:
/// [`ApiError::RateLimited`]; 503 where the keys are out of reach.
pub async fn authenticate(call: &Call<'_>, limit: Limit) -> Result<Rc<Claims>, ApiError> {
    let service = call.service()?;
    match verify(call, service).await {
        Ok(claims) => {
            count(call, service, limit.binding(), || caller_key(&claims)).await?;
            Ok(claims)
        }
        Err(error) => {
            if matches!(
                error,
                ApiError::TokenMissing | ApiError::TokenMalformed | ApiError::Token(_)
            ) {
                let address = || address_key(&call.header("CF-Connecting-IP").unwrap_or_default());
                count(call, service, FAILURE_LIMIT, address).await?;
            }
            Err(error)
        }
    }
}

async fn verify(call: &Call<'_>, service: &Service) -> Result<Rc<Claims>, ApiError> {
    let header = call.head.authorization().ok_or(ApiError::TokenMissing)?;
    let token = token::from_authorization(header).ok_or(ApiError::TokenMalformed)?;
    let ports = PlatformPorts {
        kv: Kv::new(call.env, call.context),
        trace: call.trace,
    };
    let verified = service.authenticator.verify(token, &ports, call.now).await;
    verified.map_err(|error: VerifyError| error.into())
}

/// What the platform gives to the verification of one request's token.
struct PlatformPorts<'a> {
    kv: Kv<'a>,
    trace: &'a Trace,
}

impl AuthPorts for PlatformPorts<'_> {
    type Key = ImportedKey;

    fn cryptography(&self) -> &impl Cryptography<Key = ImportedKey> {
        &WebCrypto
    }

    fn key_server(&self) -> &impl KeyServer {
        &WebKeyServer
    }

    fn shared_cache(&self) -> &impl SharedCache {
        &self.kv
    }

    async fn pause(&self, milliseconds: u32) {
        // If the wait fails it is over, too.
        let _ = JsFuture::from(wait(milliseconds)).await;
    }

    fn trace(&self) -> &Trace {
        self.trace
    }
}

/// Counts a call; a limit that the platform cannot check refuses nobody.
async fn count(
    call: &Call<'_>,
    service: &Service,
    binding: &'static str,
    key: impl FnOnce() -> String,
) -> Result<(), ApiError> {
    if !service.limits.contains(&binding) {
        return Ok(());
    }
    match rate_limit::allows(call.env, binding, &key()).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(ApiError::RateLimited(service.config.rate_limit_period_seconds)),
        Err(error) => {
            call.trace.warn(error);
            Ok(())
        }
    }
}
