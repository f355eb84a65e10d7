//! The shared cache, filled by KV.

use crate::storage::shared_cache::{CacheKey, SharedCache, SharedCacheError};
use crate::worker::bindings::message_of;
use crate::worker::log;
use crate::worker::log::Line;
use futures::future::{Either, select};
use std::pin::pin;
use std::time::Duration;
use wasm_bindgen::JsValue;
use worker::{Context, Delay, Env, KvError, KvStore};

/// How long a value is waited for: about as long as the database takes from the other side of the world.
const GET_TIMEOUT: Duration = Duration::from_millis(300);

/// The namespace bound as `PAGES`. Without the binding nothing is found in it, and nothing is stored.
pub struct Kv<'a> {
    env: &'a Env,
    platform: &'a Context,
}

impl<'a> Kv<'a> {
    /// The cache, as a request uses it.
    pub fn new(env: &'a Env, platform: &'a Context) -> Self {
        Self { env, platform }
    }

    fn namespace(&self) -> Option<KvStore> {
        self.env.kv("PAGES").ok()
    }
}

impl SharedCache for Kv<'_> {
    async fn get(&self, key: &CacheKey) -> Result<Option<String>, SharedCacheError> {
        let Some(namespace) = self.namespace() else {
            return Ok(None);
        };
        // As bytes, which are copied into the wasm once: a text would be decoded to UTF-16 first.
        let value = pin!(namespace.get(key.as_str()).bytes());
        let bytes = match select(value, pin!(Delay::from(GET_TIMEOUT))).await {
            Either::Left((value, _)) => value.map_err(|error| SharedCacheError(failure(error)))?,
            Either::Right(_) => return Err(SharedCacheError("no answer in time".to_owned())),
        };
        bytes
            .map(String::from_utf8)
            .transpose()
            .map_err(|_| SharedCacheError("a value is not text".to_owned()))
    }

    fn put(&self, key: CacheKey, value: String, seconds: u64) {
        let Some(namespace) = self.namespace() else {
            return;
        };
        self.platform.wait_until(async move {
            if let Err(error) = put(&namespace, key.as_str(), &value, seconds).await {
                log::error(&Line {
                    message: "KV write failed",
                    cause: Some(&failure(error)),
                    ..Line::default()
                });
            }
        });
    }
}

async fn put(namespace: &KvStore, key: &str, value: &str, seconds: u64) -> Result<(), KvError> {
    namespace.put(key, value)?.expiration_ttl(seconds).execute().await
}

/// KV's own message.
fn failure(error: KvError) -> String {
    message_of(&JsValue::from(error), "KV failed")
}
