//! What an isolate keeps between requests. Nothing in it belongs to the request that made it, as bindings do.

use crate::auth::authenticator::Authenticator;
use crate::base::timestamp::Timestamp;
use crate::config::{Config, ConfigError, SHARDS, VARIABLES};
use crate::connector::tally::Counter;
use crate::report::cache::{IsolateCache, PagePolicy};
use crate::storage::shards::Shards;
use crate::worker::bindings::clock;
use crate::worker::bindings::rate_limit::RateLimit;
use crate::worker::bindings::timer;
use crate::worker::bindings::webcrypto::{ImportedKey, WebCrypto};
use futures::future::LocalBoxFuture;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use worker::Env;
use worker::js_sys::Reflect;

/// The service as it is configured. Another configuration makes another service, with caches of its own.
pub struct Service {
    /// The configuration that it is made from.
    pub config: Config,
    /// What verifies tokens.
    pub authenticator: Authenticator<ImportedKey>,
    /// What the report has read and written before.
    pub cache: RefCell<IsolateCache>,
    /// What became of the webhooks of each connection of the configuration, in its order.
    pub counters: RefCell<Vec<Counter>>,
    /// The rate limits that have a binding.
    pub limits: Vec<RateLimit>,
}

/// The service, or everything that is wrong with its configuration.
pub type Setup = Rc<Result<Service, Vec<ConfigError>>>;

/// The values of [`VARIABLES`], in that order.
type Values = Vec<Option<String>>;

/// A setup, and what it was made from.
struct KeptSetup {
    env: Env,
    values: Values,
    setup: Setup,
}

/// For how long a refresh may have the memory for a slice to itself, in milliseconds. Most take a second.
const SLICE_MS: i64 = 10_000;
/// How often another refresh checks whether it is free.
const SLICE_LOOK_MS: u32 = 20;

thread_local! {
    /// Until when a refresh works on a slice.
    static SLICE_UNTIL: Cell<Timestamp> = const { Cell::new(Timestamp::from_milliseconds(0)) };
    static KEPT: RefCell<Option<KeptSetup>> = const { RefCell::new(None) };
}

/// Drops the snapshot heads in the database with a binding: a refresh may have changed them.
pub fn drop_heads(binding: &str) {
    KEPT.with_borrow(|kept| {
        if let Some(Ok(service)) = kept.as_ref().map(|kept| &*kept.setup) {
            service.cache.borrow_mut().clear_heads_in(binding);
        }
    });
}

/// Waits until no other refresh in this isolate works on a slice. For a large slice, it drops what the isolate can read
/// again. A refresh whose invocation was ended cannot say that it has left, so after a while it counts as gone.
pub fn enter_slice(is_large: bool) -> LocalBoxFuture<'static, ()> {
    Box::pin(async move {
        while clock::now() < SLICE_UNTIL.get() {
            timer::sleep(SLICE_LOOK_MS).await;
        }
        SLICE_UNTIL.set(clock::now().plus(SLICE_MS));
        if is_large {
            make_room();
        }
    })
}

/// Lets another refresh work on a slice.
pub fn leave_slice() {
    SLICE_UNTIL.set(Timestamp::from_milliseconds(0));
}

fn make_room() {
    KEPT.with_borrow(|kept| {
        if let Some(Ok(service)) = kept.as_ref().map(|kept| &*kept.setup) {
            service.cache.borrow_mut().make_room();
        }
    });
}

/// The service, which the first request sets up. Requests that come while keys are imported set it up as well, and the
/// setup that is finished first is kept.
///
/// Cloudflare says that an isolate may go on when a deployment changes nothing except variables and secrets. Then `env`
/// is another object, and if a value in it has changed the service is set up again: a new key or claim must not meet
/// tokens that were verified under the old ones.
pub async fn setup(env: &Env) -> Setup {
    let is_same_env = |kept: &&mut KeptSetup| AsRef::<JsValue>::as_ref(&kept.env) == AsRef::<JsValue>::as_ref(env);
    if let Some(setup) = kept_if(is_same_env, |_| {}) {
        return setup;
    }
    let value = |name: &&str| env.var(name).ok().map(|value| value.to_string());
    let values: Values = VARIABLES.iter().map(value).collect();
    let has_same_values = |kept: &&mut KeptSetup| kept.values == values;
    let note_env = |kept: &mut KeptSetup| kept.env = env.clone();
    if let Some(setup) = kept_if(has_same_values, note_env) {
        return setup;
    }
    let setup = Rc::new(set_up(env, &values).await);
    if let Some(setup) = kept_if(has_same_values, note_env) {
        return setup;
    }
    let new = KeptSetup {
        env: env.clone(),
        values,
        setup: Rc::clone(&setup),
    };
    KEPT.set(Some(new));
    setup
}

/// The setup that is kept if it `fits`. Then `note` may note something about it.
fn kept_if(fits: impl FnOnce(&&mut KeptSetup) -> bool, note: impl FnOnce(&mut KeptSetup)) -> Option<Setup> {
    KEPT.with_borrow_mut(|kept| {
        let kept = kept.as_mut().filter(fits)?;
        note(kept);
        Some(Rc::clone(&kept.setup))
    })
}

/// The shards of a service. They are refreshed whatever else is wrong with its configuration. If their own
/// configuration is wrong, the service counts as one with a single database.
pub fn shards_of(setup: &Setup, env: &Env) -> Shards {
    match &**setup {
        Ok(service) => service.config.shards.clone(),
        Err(_) => {
            let text = env.var(SHARDS).ok().map(|value| value.to_string());
            text.and_then(|text| Shards::parse(&text).ok()).unwrap_or_default()
        }
    }
}

fn has_binding(env: &Env, name: &str) -> bool {
    Reflect::get(env, &JsValue::from_str(name)).is_ok_and(|binding| binding.is_object())
}

async fn set_up(env: &Env, values: &Values) -> Result<Service, Vec<ConfigError>> {
    let value_of = |name: &str| {
        let mut variables = VARIABLES.iter().zip(values);
        variables.find(|(variable, _)| **variable == name)?.1.clone()
    };
    let config = Config::from_variables(value_of)?;
    let missing = config
        .shards
        .bindings()
        .iter()
        .find(|binding| !has_binding(env, binding));
    if let Some(missing) = missing.filter(|_| !config.shards.is_one()) {
        return Err(vec![ConfigError::Variable {
            variable: SHARDS,
            problem: format!("names {missing}, which is no binding of a database"),
        }]);
    }
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
        cache: RefCell::new(IsolateCache::new(page_policy).over(config.shards.clone())),
        counters: RefCell::new(vec![Counter::default(); config.connections.len()]),
        limits: RateLimit::bound(env),
        config,
    })
}
