//! What an isolate keeps between requests: nothing that belongs to the request that made it, as bindings do.

use crate::auth::Authenticator;
use crate::bindings::webcrypto::{ImportedKey, WebCrypto};
use crate::config::{Config, ConfigError};
use crate::report::Memory;
use std::cell::RefCell;
use std::rc::Rc;
use worker::Env;

/// The service as it is configured; none of it can change while an isolate lives.
pub struct Service {
    pub config: Config,
    pub authenticator: Authenticator<ImportedKey>,
}

/// The service, or all that is wrong with its configuration.
pub type Setup = Rc<Result<Service, Vec<ConfigError>>>;

thread_local! {
    static MEMORY: Rc<RefCell<Memory>> = Rc::default();
    static SETUP: RefCell<Option<Setup>> = const { RefCell::new(None) };
}

/// What was read before.
pub fn memory() -> Rc<RefCell<Memory>> {
    MEMORY.with(Rc::clone)
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
    let mut config = Config::read(variable)?;
    let authenticator = config.authenticator(&WebCrypto).await?;
    Ok(Service { config, authenticator })
}
