//! The page cache filled by KV.

use crate::bindings::call;
use crate::handlers::log::{self, Line};
use crate::ports::{PageCache, PageCacheError};
use futures_util::future::{Either, select};
use js_sys::{Array, Object, Reflect};
use std::pin::pin;
use std::time::Duration;
use wasm_bindgen::JsValue;
use worker::{Context, Delay, Env};

/// How long a page is waited for: about as long as the database takes from the other side of the world.
const GET_TIMEOUT: Duration = Duration::from_millis(300);

/// The namespace bound as `PAGES`; without the binding every page is a miss.
pub struct Kv<'a> {
    namespace: Option<Namespace>,
    context: &'a Context,
}

impl<'a> Kv<'a> {
    /// The cache of a request.
    pub fn new(env: &Env, context: &'a Context) -> Self {
        Self {
            namespace: Namespace::of(env),
            context,
        }
    }
}

impl PageCache for Kv<'_> {
    async fn get(&self, key: &str) -> Result<Option<String>, PageCacheError> {
        let Some(namespace) = &self.namespace else {
            return Ok(None);
        };
        let page = pin!(namespace.get(key));
        let timeout = pin!(Delay::from(GET_TIMEOUT));
        match select(page, timeout).await {
            Either::Left((page, _)) => page.map_err(|error| PageCacheError(format!("{error:?}"))),
            Either::Right(_) => Err(PageCacheError("no answer in time".to_owned())),
        }
    }

    fn put(&self, key: String, value: String, seconds: u64) {
        let Some(namespace) = self.namespace.clone() else {
            return;
        };
        self.context.wait_until(async move {
            if let Err(error) = namespace.put(&key, &value, seconds).await {
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
#[derive(Clone)]
struct Namespace(JsValue);

impl Namespace {
    fn of(env: &Env) -> Option<Self> {
        let namespace = Reflect::get(env, &JsValue::from_str("PAGES")).ok()?;
        (!namespace.is_undefined()).then_some(Self(namespace))
    }

    async fn get(&self, key: &str) -> Result<Option<String>, JsValue> {
        let value = call(&self.0, "get", &Array::of1(&JsValue::from_str(key))).await?;
        Ok(value.as_string())
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
