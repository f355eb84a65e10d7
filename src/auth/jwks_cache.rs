//! The key set that a server publishes (`JWT_JWKS_URL`), as an isolate caches it.
//!
//! - A set is fresh for [`FRESH_MS`] and is used without asking the server. A key that the server withdraws works that
//!   much longer.
//! - When the set is no longer fresh, or when a token names a key that is not in it, it is reloaded, but at most once
//!   in [`COOLDOWN_MS`], whatever tokens come.
//! - While the server is down, the last set is used until it is [`MAX_AGE_MS`] old.
//! - A copy in KV, with the instant at which it was fetched, saves new isolates the fetch.
//!
//! A set without a usable key counts as a failed fetch: it is more likely that an issuer's server is broken than that
//! the issuer has withdrawn all of its keys.

use crate::auth::error::VerifyError;
use crate::auth::jwk::{JwkError, KeySetError, UnusableKey, parse_set};
use crate::auth::keys::{Key, KeyMatch, KeyMaterial, KeySet};
use crate::auth::ports::{AuthPorts, KeyServer};
use crate::auth::token::Header;
use crate::base::timestamp::Timestamp;
use crate::storage::shared_cache::{CacheKey, KeyPrefix, SharedCache};
use std::cell::RefCell;

/// How long a set is fresh after it was fetched: ten minutes.
pub const FRESH_MS: i64 = 10 * 60_000;
/// The age at which a set is no longer used, even if the server is down: an hour.
pub const MAX_AGE_MS: i64 = 60 * 60_000;
/// The least time between two fetches of an isolate, and between two reads of KV.
pub const COOLDOWN_MS: i64 = 30_000;
/// How long other requests wait for one that fetches. It may never finish: its client may have disconnected.
const FETCH_WAIT_MAX_MS: i64 = 6_000;
/// How often those requests check whether the fetch has finished.
const PAUSE_MS: u32 = 50;
const PAUSES_MAX: i64 = FETCH_WAIT_MAX_MS / PAUSE_MS as i64;
/// How long KV keeps the copy, in seconds: as long as the copy can be used.
const KV_TTL_SECONDS: u64 = 3_600;
/// The age at which the copy in KV is written again, even if the set has not changed.
const KV_RENEWAL_MS: i64 = FRESH_MS / 2;

/// The key set of one server.
pub struct JwksCache<K> {
    url: String,
    state: RefCell<CacheState<K>>,
}

struct CacheState<K> {
    cached: Option<CachedJwks<K>>,
    /// How many different sets there have been.
    generations: u64,
    /// When the last fetch began.
    fetch_began_at: Option<Timestamp>,
    is_fetching: bool,
    last_fetch_failed: bool,
    /// When KV was last read.
    kv_checked_at: Option<Timestamp>,
    /// When KV was last written, and the generation that was written.
    kv_written: Option<(Timestamp, u64)>,
}

struct CachedJwks<K> {
    /// Each set that differs from the one before has the next number.
    generation: u64,
    keys: KeySet<K>,
    text: Vec<u8>,
    /// When the server last answered with this set.
    fetched_at: Timestamp,
}

impl<K> JwksCache<K> {
    /// The cache of the server at `url`. Nothing is fetched yet.
    #[must_use]
    pub fn new(url: String) -> Self {
        Self {
            url,
            state: RefCell::new(CacheState {
                cached: None,
                generations: 0,
                fetch_began_at: None,
                is_fetching: false,
                last_fetch_failed: false,
                kv_checked_at: None,
                kv_written: None,
            }),
        }
    }

    /// Whether `generation` is the cached one and fresh. If so, a token that it has verified is still verified.
    #[must_use]
    pub fn is_fresh(&self, generation: u64, now: Timestamp) -> bool {
        let state = self.state.borrow();
        state.fresh(now).is_some_and(|cached| cached.generation == generation)
    }

    /// The keys that `header` may mean, and the generation that they belong to. Reloads the set if that may help.
    ///
    /// # Errors
    /// [`VerifyError::KeysUnavailable`] if there is no set, or if the set lacks the key and the server could not be
    /// asked whether it has it now.
    pub async fn find<P: AuthPorts<Key = K>>(
        &self,
        header: &Header,
        ports: &P,
        now: Timestamp,
    ) -> Result<(KeyMatch<K>, u64), VerifyError> {
        if !self.has_fresh_match(header, now) && self.kv_cooldown_over(now) {
            self.load_from_kv(ports, now).await;
        }
        if !self.has_fresh_match(header, now) {
            self.reload(ports, now).await;
        }
        let state = self.state.borrow();
        let unavailable = || VerifyError::KeysUnavailable("the key server's keys are not known".to_owned());
        let cached = state.cached.as_ref().filter(|cached| cached.age_ms(now) < MAX_AGE_MS);
        let cached = cached.ok_or_else(unavailable)?;
        match cached.keys.find(header) {
            // The server may have published the key since. It could not be asked.
            KeyMatch::None if state.last_fetch_failed => Err(unavailable()),
            found => Ok((found, cached.generation)),
        }
    }

    fn has_fresh_match(&self, header: &Header, now: Timestamp) -> bool {
        let state = self.state.borrow();
        let cached = state.fresh(now);
        cached.is_some_and(|cached| !matches!(cached.keys.find(header), KeyMatch::None))
    }

    /// Whether KV may be read. A fresh set needs no copy: only the server can know a newer one.
    fn kv_cooldown_over(&self, now: Timestamp) -> bool {
        let state = self.state.borrow();
        state.fresh(now).is_none() && state.kv_checked_at.is_none_or(|at| !is_cooling_down(at, now))
    }

    async fn load_from_kv<P: AuthPorts<Key = K>>(&self, ports: &P, now: Timestamp) {
        self.state.borrow_mut().kv_checked_at = Some(now);
        let value = ports.shared_cache().get(&self.kv_key()).await;
        let value = value.unwrap_or_else(|error| {
            ports.trace().warn(error.to_string());
            None
        });
        let Some((fetched_at, text)) = value.as_deref().and_then(|value| self.parse_kv_value(value)) else {
            return;
        };
        let is_newer = {
            let state = self.state.borrow();
            let cached = state.cached.as_ref();
            cached.is_none_or(|cached| cached.fetched_at < fetched_at)
        };
        // A copy whose instant lies ahead, by another isolate's clock, would count as fresh for too long.
        if is_newer
            && (0..MAX_AGE_MS).contains(&now.milliseconds_since(fetched_at))
            && let Err(error) = self.replace(text.as_bytes(), fetched_at, ports).await
        {
            ports.trace().warn(format!("the stored key set {error}"));
        }
    }

    /// Fetches the set, or waits if another request of this isolate is fetching it. Does nothing if the last fetch is
    /// cooling down.
    async fn reload<P: AuthPorts<Key = K>>(&self, ports: &P, now: Timestamp) {
        let last_fetch = self.state.borrow().fetch_began_at;
        match last_fetch.filter(|began_at| is_cooling_down(*began_at, now)) {
            None => self.fetch(ports, now).await,
            Some(began_at) if now.milliseconds_since(began_at) < FETCH_WAIT_MAX_MS => {
                for _ in 0..PAUSES_MAX {
                    if !self.state.borrow().is_fetching {
                        break;
                    }
                    ports.pause(PAUSE_MS).await;
                }
            }
            Some(_) => {}
        }
    }

    async fn fetch<P: AuthPorts<Key = K>>(&self, ports: &P, now: Timestamp) {
        {
            let mut state = self.state.borrow_mut();
            state.fetch_began_at = Some(now);
            state.is_fetching = true;
        }
        let outcome = match ports.key_server().fetch_jwks(&self.url).await {
            Ok(text) => match self.replace(&text, now, ports).await {
                Ok(()) => Ok(text),
                Err(error) => Err(format!("the key server's key set {error}")),
            },
            Err(error) => Err(error.to_string()),
        };
        {
            let mut state = self.state.borrow_mut();
            state.is_fetching = false;
            state.last_fetch_failed = outcome.is_err();
        }
        match outcome {
            Ok(text) => self.write_to_kv(&text, ports, now),
            Err(warning) => ports.trace().warn(warning),
        }
    }

    /// Makes `text`, fetched at `fetched_at`, the cached set.
    async fn replace<P: AuthPorts<Key = K>>(
        &self,
        text: &[u8],
        fetched_at: Timestamp,
        ports: &P,
    ) -> Result<(), KeySetError> {
        {
            let mut state = self.state.borrow_mut();
            if let Some(cached) = state.cached.as_mut().filter(|cached| cached.text == text) {
                cached.fetched_at = cached.fetched_at.max(fetched_at);
                return Ok(());
            }
        }
        let mut keys = Vec::new();
        for (number, parsed) in (1_usize..).zip(parse_set(text)?) {
            let name = format!("key {number} of the key server");
            let key = match parsed {
                Ok(key) if matches!(key.material, KeyMaterial::Secret(_)) => Err(JwkError::PublishedSecret),
                Ok(key) => Key::import(&key, ports.cryptography())
                    .await
                    .map_err(|_| JwkError::Import),
                Err(error) => Err(error),
            };
            match key {
                Ok(key) => keys.push(key),
                Err(reason) => ports.trace().warn(UnusableKey { name, reason }.to_string()),
            }
        }
        if keys.is_empty() {
            return Err(KeySetError::Empty);
        }
        let mut state = self.state.borrow_mut();
        state.generations = state.generations.wrapping_add(1);
        state.cached = Some(CachedJwks {
            generation: state.generations,
            keys: KeySet::new(keys),
            text: text.to_owned(),
            fetched_at,
        });
        Ok(())
    }

    /// Writes the set that was just fetched to KV if the copy there differs or grows old. Tokens with unknown keys make
    /// the set be fetched often, and those fetches must not cost a write each.
    fn write_to_kv<P: AuthPorts<Key = K>>(&self, text: &[u8], ports: &P, now: Timestamp) {
        let Ok(text) = std::str::from_utf8(text) else {
            return;
        };
        let mut state = self.state.borrow_mut();
        // Another request may have replaced the set while this one imported its keys.
        let cached = state.cached.as_ref().filter(|cached| cached.text == text.as_bytes());
        let is_written = match (cached, state.kv_written) {
            (Some(cached), Some((at, generation))) => {
                cached.generation == generation && now.milliseconds_since(at) < KV_RENEWAL_MS
            }
            _ => false,
        };
        if is_written {
            return;
        }
        state.kv_written = state.cached.as_ref().map(|cached| (now, cached.generation));
        let value = format!("{}\n{}\n{text}", now.as_milliseconds(), self.url);
        ports.shared_cache().put(self.kv_key(), value, KV_TTL_SECONDS);
    }

    fn kv_key(&self) -> CacheKey {
        KeyPrefix::KEY_SET.key(&self.url)
    }

    /// The instant and the set in a value from KV, which has three parts, separated by line feeds: when the set was
    /// fetched, in milliseconds since 1970; the URL; the set. `None` means that the value is malformed or belongs to
    /// another URL.
    fn parse_kv_value<'a>(&self, value: &'a str) -> Option<(Timestamp, &'a str)> {
        let (fetched_at, rest) = value.split_once('\n')?;
        let (url, text) = rest.split_once('\n')?;
        let fetched_at = Timestamp::from_milliseconds(fetched_at.parse().ok()?);
        (url == self.url).then_some((fetched_at, text))
    }
}

impl<K> CacheState<K> {
    /// The cached set, if it is fresh.
    fn fresh(&self, now: Timestamp) -> Option<&CachedJwks<K>> {
        self.cached.as_ref().filter(|cached| cached.age_ms(now) < FRESH_MS)
    }
}

impl<K> CachedJwks<K> {
    fn age_ms(&self, now: Timestamp) -> i64 {
        now.milliseconds_since(self.fetched_at)
    }
}

/// Whether something that was last done at `at` must not be done again yet.
fn is_cooling_down(at: Timestamp, now: Timestamp) -> bool {
    now.milliseconds_since(at) < COOLDOWN_MS
}
