//! What an isolate keeps between requests: nothing that belongs to the request that made it, as bindings do.

use crate::auth::authenticator::Authenticator;
use crate::config::{Config, ConfigError};
use crate::report::cache::{IsolateCache, PagePolicy};
use crate::worker::authenticate::LIMITS;
use crate::worker::bindings::webcrypto::{ImportedKey, WebCrypto};
use js_sys::Reflect;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use worker::Env;

/// The service as it is configured; none of it can change while an isolate lives.
pub struct Service {
    pub config: Config,
    pub authenticator: Authenticator<ImportedKey>,
    /// What was read before.
    pub memory: RefCell<IsolateCache>,
    /// The rate limits that there are, by the names of their bindings.
    pub limits: Vec<&'static str>,
}

/// The service, or all that is wrong with its configuration.
pub type Setup = Rc<Result<Service, Vec<ConfigError>>>;

thread_local! {
    static SETUP: RefCell<Option<Setup>> = const { RefCell::new(None) };
}

/// Forgets the heads: they may have changed, and this isolate knows it.
pub fn forget_heads() {
    SETUP.with_borrow(|setup| {
        if let Some(Ok(service)) = setup.as_deref() {
            service.memory.borrow_mut().clear_heads();
        }
    });
}

/// The service: set up by the first request. Others that come while it waits for the platform do the same once more.
pub async fn setup(env: &Env) -> Setup {
    if let Some(setup) = SETUP.with_borrow(Clone::clone) {
        return setup;
    }
    let setup = Rc::new(set_up(env).await);
    SETUP.with_borrow_mut(|kept| Rc::clone(kept.get_or_insert(setup)))
}

async fn set_up(env: &Env) -> Result<Service, Vec<ConfigError>> {
    let variable = |name: &str| env.var(name).ok().map(|value| value.to_string());
    let config = Config::from_variables(variable)?;
    let (key_server_url, expectations) = (config.key_server_url.clone(), config.expectations.clone());
    let authenticator = Authenticator::import(&config.keys, key_server_url, expectations, &WebCrypto)
        .await
        .map_err(|keys| keys.into_iter().map(ConfigError::from).collect::<Vec<_>>())?;
    let page_policy = PagePolicy {
        memory_bytes_max: config.page_memory_bytes_max,
        share_after_ms: config.page_share_after_ms,
    };
    let is_bound = |name: &&str| Reflect::has(env, &JsValue::from_str(name)).unwrap_or(false);
    Ok(Service {
        authenticator,
        memory: RefCell::new(IsolateCache::new(page_policy)),
        limits: LIMITS.into_iter().filter(is_bound).collect(),
        config,
    })
}
