//! The page cache filled by KV.

use crate::storage::shared_cache::{CacheKey, SharedCache, SharedCacheError};
use crate::worker::bindings::platform::get_within;
use crate::worker::bindings::{call, message_of};
use crate::worker::log;
use crate::worker::log::Line;
use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use worker::{Context, Env};

/// How long a page is waited for: about as long as the database takes from the other side of the world.
const GET_TIMEOUT_MS: u32 = 300;

/// The namespace bound as `PAGES`; without the binding every page is a miss.
pub struct Kv<'a> {
    env: &'a Env,
    context: &'a Context,
}

impl<'a> Kv<'a> {
    /// The cache of a request.
    pub fn new(env: &'a Env, context: &'a Context) -> Self {
        Self { env, context }
    }
}

impl SharedCache for Kv<'_> {
    async fn get(&self, key: &CacheKey) -> Result<Option<String>, SharedCacheError> {
        let Some(namespace) = Namespace::of(self.env) else {
            return Ok(None);
        };
        let value = namespace.get(key.as_str()).await;
        let value = value.map_err(|error| SharedCacheError(message_of(&error, "KV failed")))?;
        let Some(bytes) = value else {
            return Ok(None);
        };
        let text = String::from_utf8(bytes);
        text.map(Some)
            .map_err(|_| SharedCacheError("a value is no text".to_owned()))
    }

    fn put(&self, key: CacheKey, value: String, seconds: u64) {
        let Some(namespace) = Namespace::of(self.env) else {
            return;
        };
        self.context.wait_until(async move {
            if let Err(error) = namespace.put(key.as_str(), &value, seconds).await {
                log::error(&Line {
                    message: "a page could not be cached",
                    cause: Some(&format!("{error:?}")),
                    ..Line::default()
                });
            }
        });
    }
}

/// KV's own object. `worker` has a wrapper, but that one carries its options through serde, and with them what prints
/// floating point numbers: a twentieth of the worker for two methods.
struct Namespace(JsValue);

impl Namespace {
    fn of(env: &Env) -> Option<Self> {
        let namespace = Reflect::get(env, &JsValue::from_str("PAGES")).ok()?;
        (!namespace.is_undefined()).then_some(Self(namespace))
    }

    /// As bytes, which are copied into the wasm once: of a text the platform would make UTF-16 first.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, JsValue> {
        let value = JsFuture::from(get_within(&self.0, key, GET_TIMEOUT_MS)?).await?;
        Ok((!value.is_null()).then(|| Uint8Array::new(&value).to_vec()))
    }

    async fn put(&self, key: &str, value: &str, seconds: u64) -> Result<(), JsValue> {
        let options = Object::new();
        let seconds = JsValue::from_f64(seconds as f64);
        Reflect::set(&options, &JsValue::from_str("expirationTtl"), &seconds)?;
        let arguments = Array::of3(&JsValue::from_str(key), &JsValue::from_str(value), &options);
        call(&self.0, "put", &arguments).await?;
        Ok(())
    }
}
