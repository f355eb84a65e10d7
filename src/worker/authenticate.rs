//! Who is calling: the first step of every data route.

use crate::api::error::ApiError;
use crate::auth::claims::Claims;
use crate::auth::ports::{AuthPorts, Cryptography, KeyServer};
use crate::auth::rate_limit_key::{address_key, caller_key};
use crate::auth::token;
use crate::base::trace::Trace;
use crate::storage::shared_cache::SharedCache;
use crate::worker::bindings::jwks::WebKeyServer;
use crate::worker::bindings::kv::Kv;
use crate::worker::bindings::rate_limit::RateLimit;
use crate::worker::bindings::timer;
use crate::worker::bindings::webcrypto::{ImportedKey, WebCrypto};
use crate::worker::context::RequestContext;
use crate::worker::isolate::Service;
use std::rc::Rc;

/// A caller whose token has been verified and whose call has been counted.
pub struct Caller<'a> {
    /// What the token says.
    pub claims: Rc<Claims>,
    /// The service, which is configured if there is a caller.
    pub service: &'a Service,
}

/// Verifies the request's token and counts the call against `limit`.
///
/// Failures count against the client's address, and only failures are refused because of them: a valid token is not.
///
/// # Errors
/// 401: [`ApiError::TokenMissing`], [`ApiError::TokenMalformed`] or [`ApiError::Token`]; 429:
/// [`ApiError::RateLimited`]; 503: [`ApiError::Unavailable`] if the service is misconfigured or no key can be fetched.
pub async fn authenticate(context: &RequestContext, limit: RateLimit) -> Result<Caller<'_>, ApiError> {
    let service = context.service()?;
    match verify(context, service).await {
        Ok(claims) => {
            count(context, service, limit, || caller_key(&claims)).await?;
            Ok(Caller { claims, service })
        }
        Err(error) => {
            if matches!(
                error,
                ApiError::TokenMissing | ApiError::TokenMalformed | ApiError::Token(_)
            ) {
                let address = || address_key(&context.header("CF-Connecting-IP").unwrap_or_default());
                count(context, service, RateLimit::Failure, address).await?;
            }
            Err(error)
        }
    }
}

async fn verify(context: &RequestContext, service: &Service) -> Result<Rc<Claims>, ApiError> {
    let header = context.header("Authorization").ok_or(ApiError::TokenMissing)?;
    let token = token::from_authorization(&header).ok_or(ApiError::TokenMalformed)?;
    let ports = PlatformPorts {
        kv: Kv::new(&context.env, &context.platform),
        trace: &context.trace,
    };
    let claims = service.authenticator.verify(token, &ports, context.now).await?;
    Ok(claims)
}

/// What the platform offers for verifying the token of one request.
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
        timer::sleep(milliseconds).await;
    }

    fn trace(&self) -> &Trace {
        self.trace
    }
}

/// Counts a call. A limit that the platform cannot check refuses nobody.
///
/// # Errors
/// 429: [`ApiError::RateLimited`] if it is one too many.
pub async fn count(
    context: &RequestContext,
    service: &Service,
    limit: RateLimit,
    key: impl FnOnce() -> String,
) -> Result<(), ApiError> {
    if !service.limits.contains(&limit) {
        return Ok(());
    }
    context.note_limit(limit);
    match limit.allows(&context.env, key()).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(ApiError::RateLimited(service.config.rate_limit_period_seconds)),
        Err(warning) => {
            context.trace.warn(warning);
            Ok(())
        }
    }
}
