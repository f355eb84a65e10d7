//! What an isolate keeps between requests: plain values only, for bindings belong to the request that made them.

use crate::config::{Config, ConfigError};
use crate::report::Memory;
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use worker::Env;

type ReadConfig = Rc<Result<Config, Vec<ConfigError>>>;

thread_local! {
    static MEMORY: Rc<RefCell<Memory>> = Rc::default();
    static CONFIG: OnceCell<ReadConfig> = const { OnceCell::new() };
}

/// What was read before.
pub fn memory() -> Rc<RefCell<Memory>> {
    MEMORY.with(Rc::clone)
}

/// The configuration: it cannot change while an isolate lives.
pub fn config(env: &Env) -> ReadConfig {
    let variable = |name: &str| env.var(name).ok().map(|value| value.to_string());
    CONFIG.with(|config| Rc::clone(config.get_or_init(|| Rc::new(Config::read(variable)))))
}
