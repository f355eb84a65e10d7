//! The shared cache, filled by KV.
//!
//! It calls the platform's namespace directly. `worker::KvStore` looks up five methods by name and passes options
//! through serde for each operation, and each name and option crosses the boundary on its own: 25 µs of the 1,240 that
//! a page from KV takes.

use crate::storage::shared_cache::{CacheKey, SharedCache, SharedCacheError};
use crate::worker::bindings::{message_of, timer};
use crate::worker::log;
use crate::worker::log::Line;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use worker::js_sys::{JSON, Promise, Uint8Array};
use worker::wasm_bindgen_futures::JsFuture;
use worker::{Context, Env};

/// How long to wait for a value: about as long as the database takes from the other side of the world.
const GET_TIMEOUT_MS: u32 = 300;

#[wasm_bindgen]
extern "C" {
    type Bindings;

    #[wasm_bindgen(method, getter, js_name = PAGES)]
    fn pages(this: &Bindings) -> Option<Namespace>;

    #[derive(Clone)]
    type Namespace;

    #[wasm_bindgen(method, catch)]
    fn get(this: &Namespace, key: &str, kind: &str) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn put(this: &Namespace, key: &str, value: &str, options: &JsValue) -> Result<Promise, JsValue>;
}

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

    fn namespace(&self) -> Option<Namespace> {
        self.env.unchecked_ref::<Bindings>().pages()
    }
}

impl SharedCache for Kv<'_> {
    async fn get(&self, key: &CacheKey) -> Result<Option<String>, SharedCacheError> {
        let Some(namespace) = self.namespace() else {
            return Ok(None);
        };
        // As bytes, which are copied into the wasm once: a text would be decoded to UTF-16 first.
        let promise = namespace
            .get(key.as_str(), "arrayBuffer")
            .map_err(|error| failure(&error))?;
        let value = timer::within(GET_TIMEOUT_MS, &promise).await;
        let value = value.map_err(|error| failure(&error))?;
        if value.is_undefined() {
            return Err(SharedCacheError("no response in time".to_owned()));
        }
        if value.is_null() {
            return Ok(None);
        }
        String::from_utf8(Uint8Array::new(&value).to_vec())
            .map(Some)
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
                    cause: Some(&failure(&error).0),
                    ..Line::default()
                });
            }
        });
    }
}

async fn put(namespace: &Namespace, key: &str, value: &str, seconds: u64) -> Result<(), JsValue> {
    let options = JSON::parse(&format!(r#"{{"expirationTtl":{seconds}}}"#))?;
    JsFuture::from(namespace.put(key, value, &options)?).await?;
    Ok(())
}

/// KV's own message.
fn failure(error: &JsValue) -> SharedCacheError {
    SharedCacheError(message_of(error, "KV failed"))
}
