//! The key set that a server publishes (`JWT_JWKS_URL`), as an isolate knows it.
//!
//! - For [`FRESH_MS`] it is used as it is: that is how long a key that the server no longer publishes may go on working.
//! - Then, or when a token names a key that it lacks, it is fetched anew, but no more often than once in
//!   [`COOLDOWN_MS`], whatever tokens come.
//! - While the server is down, the keys that are known go on for at most [`KNOWN_MAX_MS`] since they were fetched.
//! - A copy in the shared store, with the instant at which it was fetched, saves cold isolates the fetch.
//!
//! A set without a single usable key counts as a failure: an issuer that publishes nothing has rather broken its
//! server than withdrawn all of its keys.

use crate::auth::error::VerifyError;
use crate::auth::jwk::{JwkError, KeySetError, read_set};
use crate::auth::keys::{Key, KeyMatch, KeySet, Material};
use crate::auth::ports::{AuthPorts, KeyServer};
use crate::auth::token::Header;
use crate::base::timestamp::Timestamp;
use crate::storage::shared_cache::{CacheKey, KeyPrefix, SharedCache};
use std::cell::RefCell;
use std::rc::Rc;

/// How long a fetched set is used without another look: ten minutes.
pub const FRESH_MS: i64 = 10 * 60_000;
/// How long keys that are known go on while the server is down: an hour.
pub const KNOWN_MAX_MS: i64 = 60 * 60_000;
/// The least between two fetches of an isolate, and between two looks into the store.
pub const COOLDOWN_MS: i64 = 30_000;
/// How long a fetch may take before those who wait for it give it up, as when its request was cancelled.
const FETCH_MAX_MS: i64 = 6_000;
/// How often those who wait look.
const PAUSE_MS: u32 = 50;
const PAUSES_MAX: i64 = FETCH_MAX_MS / 50;
/// How long the copy in the store is kept, in seconds.
const STORED_SECONDS: u64 = 3_600;

/// The keys of a server.
pub struct JwksCache<K> {
    url: String,
    state: RefCell<State<K>>,
}

struct State<K> {
    held: Option<Held<K>>,
    /// When the last fetch began.
    fetched_at: Option<Timestamp>,
    /// When the store was last looked into.
    looked_at: Option<Timestamp>,
    is_fetching: bool,
    has_failed: bool,
    /// When which set was last put into the store.
    stored: Option<(Timestamp, u64)>,
    /// How many sets there have been.
    sets: u64,
}

/// A set, and since when it is known.
struct Held<K> {
    /// Another number for each set that differs from the one before.
    set_no: u64,
    keys: Rc<KeySet<K>>,
    text: Vec<u8>,
    known_at: Timestamp,
}

impl<K> JwksCache<K> {
    /// The keys of the server at `url`; nothing is fetched yet.
    #[must_use]
    pub fn new(url: String) -> Self {
        Self {
            url,
            state: RefCell::new(State {
                held: None,
                fetched_at: None,
                looked_at: None,
                is_fetching: false,
                has_failed: false,
                stored: None,
                sets: 0,
            }),
        }
    }

    /// Whether set `set_no` is the one that is known, and fresh: what was verified with it still is.
    pub fn is_fresh(&self, set_no: u64, now: Timestamp) -> bool {
        let state = self.state.borrow();
        state
            .held
            .as_ref()
            .is_some_and(|held| held.set_no == set_no && held.is_fresh(now))
    }

    /// The keys that `header` may mean, and the number of the set that they are of.
    ///
    /// # Errors
    /// [`VerifyError::KeysUnavailable`] where no set is known, or where the one that is known lacks the key and the
    /// server could not be asked.
    pub async fn fitting<P: AuthPorts<Key = K>>(
        &self,
        header: &Header,
        ports: &P,
        now: Timestamp,
    ) -> Result<(KeyMatch<K>, u64), VerifyError> {
        let is_enough = || {
            let state = self.state.borrow();
            let held = state.held.as_ref().filter(|held| held.is_fresh(now));
            held.is_some_and(|held| !matches!(held.keys.fitting(header), KeyMatch::None))
        };
        if !is_enough() {
            if self.may_look(now) {
                self.look_into_store(ports, now).await;
            }
            if !is_enough() {
                self.renew(ports, now).await;
            }
        }
        let state = self.state.borrow();
        let unavailable = || VerifyError::KeysUnavailable("the key server's keys are not known".to_owned());
        let held = state
            .held
            .as_ref()
            .filter(|held| held.age_ms(now) < KNOWN_MAX_MS)
            .ok_or_else(unavailable)?;
        match held.keys.fitting(header) {
            // Perhaps the server knows it: nobody could ask.
            KeyMatch::None if state.has_failed => Err(unavailable()),
            fitting => Ok((fitting, held.set_no)),
        }
    }

    /// Whether the store may know something newer.
    fn may_look(&self, now: Timestamp) -> bool {
        let mut state = self.state.borrow_mut();
        let is_fresh = state.held.as_ref().is_some_and(|held| held.is_fresh(now));
        if is_fresh || is_recent(state.looked_at, now, COOLDOWN_MS) {
            return false;
        }
        state.looked_at = Some(now);
        true
    }

    async fn look_into_store<P: AuthPorts<Key = K>>(&self, ports: &P, now: Timestamp) {
        let stored = ports.shared_cache().get(&self.store_key()).await;
        let stored = stored.unwrap_or_else(|error| {
            ports.trace().warn(error.to_string());
            None
        });
        let Some((known_at, text)) = stored.as_deref().and_then(|stored| self.read_stored(stored)) else {
            return;
        };
        let is_newer = {
            let state = self.state.borrow();
            state.held.as_ref().is_none_or(|held| held.known_at < known_at)
        };
        // A copy from the future, by another isolate's clock, would be fresh at each look until that future has come.
        if is_newer
            && (0..KNOWN_MAX_MS).contains(&now.milliseconds_since(known_at))
            && let Err(error) = self.adopt(text.as_bytes(), known_at, ports).await
        {
            ports.trace().warn(format!("the stored key set {error}"));
        }
    }

    /// Fetches the set, or waits for the request of this isolate that does, unless one has lately.
    async fn renew<P: AuthPorts<Key = K>>(&self, ports: &P, now: Timestamp) {
        let last = {
            let state = self.state.borrow();
            state
                .fetched_at
                .filter(|_| is_recent(state.fetched_at, now, COOLDOWN_MS))
        };
        match last {
            None => self.fetch(ports, now).await,
            Some(last) if now.milliseconds_since(last) < FETCH_MAX_MS => {
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
            state.fetched_at = Some(now);
            state.is_fetching = true;
        }
        let outcome = match ports.key_server().fetch_jwks(&self.url).await {
            Ok(text) => match self.adopt(&text, now, ports).await {
                Ok(()) => Ok(text),
                Err(error) => Err(format!("the key server's key set {error}")),
            },
            Err(error) => Err(error.to_string()),
        };
        {
            let mut state = self.state.borrow_mut();
            state.is_fetching = false;
            state.has_failed = outcome.is_err();
        }
        match outcome.map(String::from_utf8) {
            Ok(Ok(text)) if self.is_worth_storing(&text, now) => {
                let stored = format!("{}\n{}\n{text}", now.as_milliseconds(), self.url);
                ports.shared_cache().put(self.store_key(), stored, STORED_SECONDS);
            }
            Ok(_) => {}
            Err(error) => ports.trace().warn(error),
        }
    }

    /// Whether the store's copy differs or grows old: fetches that tokens with unknown keys bring about cost no write.
    fn is_worth_storing(&self, text: &str, now: Timestamp) -> bool {
        let mut state = self.state.borrow_mut();
        let is_stored = state.stored.as_ref().is_some_and(|(stored_at, set_no)| {
            let is_same = state
                .held
                .as_ref()
                .is_some_and(|held| held.set_no == *set_no && held.text == text.as_bytes());
            is_same && now.milliseconds_since(*stored_at) < FRESH_MS / 2
        });
        if !is_stored {
            state.stored = state.held.as_ref().map(|held| (now, held.set_no));
        }
        !is_stored
    }

    /// Makes `text`, known since `known_at`, the set that is held.
    async fn adopt<P: AuthPorts<Key = K>>(
        &self,
        text: &[u8],
        known_at: Timestamp,
        ports: &P,
    ) -> Result<(), KeySetError> {
        {
            let mut state = self.state.borrow_mut();
            if let Some(held) = state.held.as_mut().filter(|held| held.text == text) {
                held.known_at = held.known_at.max(known_at);
                return Ok(());
            }
        }
        let mut keys = Vec::new();
        for (number, candidate) in (1_usize..).zip(read_set(text)?) {
            let key = match candidate {
                Ok(candidate) if matches!(candidate.material, Material::Secret(_)) => Err(JwkError::PublishedSecret),
                Ok(candidate) => Key::import(candidate, ports.cryptography())
                    .await
                    .map_err(|_| JwkError::Import),
                Err(error) => Err(error),
            };
            match key {
                Ok(key) => keys.push(key),
                Err(error) => ports.trace().warn(format!("key {number} of the key server {error}")),
            }
        }
        if keys.is_empty() {
            return Err(KeySetError::Empty);
        }
        let mut state = self.state.borrow_mut();
        state.sets = state.sets.wrapping_add(1);
        state.held = Some(Held {
            set_no: state.sets,
            keys: Rc::new(KeySet::new(keys)),
            text: text.to_owned(),
            known_at,
        });
        Ok(())
    }

    fn store_key(&self) -> CacheKey {
        KeyPrefix::KEY_SET.key(&self.url)
    }

    /// What is stored: when it was fetched, from where, and the set, a line each.
    fn read_stored<'a>(&self, stored: &'a str) -> Option<(Timestamp, &'a str)> {
        let (known_at, rest) = stored.split_once('\n')?;
        let (url, text) = rest.split_once('\n')?;
        let known_at = Timestamp::from_milliseconds(known_at.parse().ok()?);
        (url == self.url).then_some((known_at, text))
    }
}

impl<K> Held<K> {
    fn age_ms(&self, now: Timestamp) -> i64 {
        now.milliseconds_since(self.known_at)
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        self.age_ms(now) < FRESH_MS
    }
}

fn is_recent(instant: Option<Timestamp>, now: Timestamp, milliseconds: i64) -> bool {
    instant.is_some_and(|instant| now.milliseconds_since(instant) < milliseconds)
}
