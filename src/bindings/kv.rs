//! The page cache filled by KV.

use crate::handlers::log::{self, Line};
use crate::ports::{PageCache, PageCacheError};
use futures_util::future::{Either, select};
use std::pin::pin;
use std::time::Duration;
use worker::kv::KvStore;
use worker::{Context, Delay, Env};

/// How long a page is waited for: about as long as the database takes from the other side of the world.
const GET_TIMEOUT: Duration = Duration::from_millis(300);

/// The namespace bound as `PAGES`; without the binding every page is a miss.
pub struct Kv<'a> {
    store: Option<KvStore>,
    context: &'a Context,
}

impl<'a> Kv<'a> {
    /// The cache of a request.
    pub fn new(env: &Env, context: &'a Context) -> Self {
        Self {
            store: env.kv("PAGES").ok(),
            context,
        }
    }
}

impl PageCache for Kv<'_> {
    async fn get(&self, key: &str) -> Result<Option<String>, PageCacheError> {
        let Some(store) = &self.store else {
            return Ok(None);
        };
        let page = pin!(store.get(key).text());
        let timeout = pin!(Delay::from(GET_TIMEOUT));
        match select(page, timeout).await {
            Either::Left((page, _)) => page.map_err(|error| PageCacheError(error.to_string())),
            Either::Right(_) => Err(PageCacheError("no answer in time".to_owned())),
        }
    }

    fn put(&self, key: String, value: String, seconds: u64) {
        let Some(store) = self.store.clone() else {
            return;
        };
        self.context.wait_until(async move {
            let stored = match store.put(&key, value) {
                Ok(put) => put.expiration_ttl(seconds).execute().await,
                Err(error) => Err(error),
            };
            if let Err(error) = stored {
                log::error(&Line {
                    message: "a page could not be cached",
                    cause: Some(&error.to_string()),
                    ..Line::default()
                });
            }
        });
    }
}
