//! The platform's rate limits.
//!
//! They are asked by the binding's own `limit`: that of `worker::RateLimiter` passes its result through
//! `serde_wasm_bindgen`, which nothing else here needs, and whose errors bring the formatting of floating-point numbers
//! along. That is 9 KB of the gzipped wasm.

use crate::config::Config;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;
use worker::js_sys::{Object, Promise, Reflect};
use worker::wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    type Limiter;

    #[wasm_bindgen(method, catch)]
    fn limit(this: &Limiter, options: &Object) -> Result<Promise, JsValue>;
}

/// What is counted, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateLimit {
    /// Reads, by the caller.
    Read,
    /// Searches, by the caller.
    Search,
    /// Openings of streams, by the caller.
    Stream,
    /// Samples that are sent to destinations of alerts, by the caller.
    AlertTest,
    /// Ingests, by the caller.
    Ingest,
    /// Calls that fail to authenticate, by the client's address.
    Failure,
}

impl RateLimit {
    /// The limits whose bindings exist. A limit without a binding refuses nobody.
    pub fn bound(env: &Env) -> Vec<Self> {
        let all = [
            Self::Read,
            Self::Search,
            Self::Stream,
            Self::AlertTest,
            Self::Ingest,
            Self::Failure,
        ];
        all.into_iter()
            .filter(|limit| env.rate_limiter(limit.binding()).is_ok())
            .collect()
    }

    /// Counts a call of `key`; false means that it is one too many.
    ///
    /// # Errors
    /// What the log should say if the platform cannot tell.
    pub async fn allows(self, env: &Env, key: String) -> Result<bool, String> {
        let binding = self.binding();
        let count = async {
            let limiter = JsValue::from(env.rate_limiter(binding)?);
            let options = Object::new();
            Reflect::set(&options, &"key".into(), &key.into())?;
            let counted = limiter.unchecked_into::<Limiter>().limit(&options)?;
            let outcome = JsFuture::from(counted).await?;
            let success = Reflect::get(&outcome, &"success".into())?;
            Ok(success.as_bool().ok_or(JsValue::UNDEFINED)?)
        };
        let outcome: worker::Result<bool> = count.await;
        outcome.map_err(|_| format!("the rate limit {binding} failed"))
    }

    /// The policy that clients are told of (draft-ietf-httpapi-ratelimit-headers), if the configuration says how many
    /// calls are allowed.
    pub fn policy(self, config: &Config) -> Option<String> {
        let (name, calls) = match self {
            Self::Read => ("read", config.read_limit_calls?),
            Self::Ingest => ("ingest", config.ingest_limit_calls?),
            Self::Search | Self::Stream | Self::AlertTest | Self::Failure => return None,
        };
        Some(format!("\"{name}\";q={calls};w={}", config.rate_limit_period_seconds))
    }

    /// The name of the binding in wrangler.toml.
    fn binding(self) -> &'static str {
        match self {
            Self::Read => "READ_LIMIT",
            Self::Search => "SEARCH_LIMIT",
            Self::Stream => "STREAM_LIMIT",
            Self::AlertTest => "ALERT_TEST_LIMIT",
            Self::Ingest => "INGEST_LIMIT",
            Self::Failure => "FAILURE_LIMIT",
        }
    }
}
