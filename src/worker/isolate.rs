//! What an isolate keeps between requests. Nothing in it belongs to the request that made it, as bindings do.

use crate::auth::authenticator::Authenticator;
use crate::config::{Config, ConfigError};
use crate::report::cache::{IsolateCache, PagePolicy};
use crate::worker::bindings::rate_limit::RateLimit;
use crate::worker::bindings::webcrypto::{ImportedKey, WebCrypto};
use std::cell::RefCell;
use std::rc::Rc;
use worker::Env;

/// The service as it is configured. The configuration cannot change while an isolate lives.
pub struct Service {
    pub config: Config,
    pub authenticator: Authenticator<ImportedKey>,
    /// What the report has read and written before.
    pub cache: RefCell<IsolateCache>,
    /// The rate limits that have a binding.
    pub limits: Vec<RateLimit>,
}

/// The service, or everything that is wrong with its configuration.
pub type Setup = Rc<Result<Service, Vec<ConfigError>>>;

thread_local! {
    static SETUP: RefCell<Option<Setup>> = const { RefCell::new(None) };
}

/// Forgets the snapshot heads: a refresh may have changed them.
pub fn forget_heads() {
    SETUP.with_borrow(|setup| {
        if let Some(Ok(service)) = setup.as_deref() {
            service.cache.borrow_mut().clear_heads();
        }
    });
}

/// The service, which the first request sets up. Requests that come while keys are imported set it up, too, and the
/// first to finish is kept.
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
    let claim_mapping = config.claim_mapping.clone();
    let authenticator = Authenticator::import(&config.keys, key_server_url, expectations, claim_mapping, &WebCrypto)
        .await
        .map_err(|keys| keys.into_iter().map(ConfigError::from).collect::<Vec<_>>())?;
    let page_policy = PagePolicy {
        memory_bytes_max: config.page_memory_bytes_max,
        share_after_ms: config.page_share_after_ms,
    };
    Ok(Service {
        authenticator,
        cache: RefCell::new(IsolateCache::new(page_policy)),
        limits: RateLimit::bound(env),
        config,
    })
}
