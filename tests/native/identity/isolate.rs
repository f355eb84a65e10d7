//! The part of an isolate that verifies tokens.

use crate::support::keys::{MapCache, Native, NativeKey, ScriptedServer, TestPorts};
use conversation_monitor::auth::algorithm::PublicKey;
use conversation_monitor::auth::authenticator::{Authenticator, ConfiguredKey};
use conversation_monitor::auth::claim_mapping::ClaimMapping;
use conversation_monitor::auth::claims::{Claims, ExpectedClaims};
use conversation_monitor::auth::error::VerifyError;
use conversation_monitor::auth::jwk::parse_set;
use conversation_monitor::auth::ports::{Cryptography, CryptographyError};
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::base::trace::Trace;
use futures::executor::block_on;
use serde_json::Value;
use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::rc::Rc;

/// The platform's cryptography, and how often it was used.
#[derive(Default)]
pub struct Counting {
    pub imports: Cell<usize>,
    pub verifications: Cell<usize>,
}

impl Cryptography for Counting {
    type Key = NativeKey;

    async fn import(&self, key: &PublicKey) -> Result<NativeKey, CryptographyError> {
        self.imports.set(self.imports.get() + 1);
        Native.import(key).await
    }

    async fn verify(&self, key: &NativeKey, message: &[u8], signature: &[u8]) -> Result<bool, CryptographyError> {
        self.verifications.set(self.verifications.get() + 1);
        Native.verify(key, message, signature).await
    }
}

/// An isolate that has just started, and its ports.
pub struct Isolate {
    authenticator: Authenticator<NativeKey>,
    pub platform: Counting,
    pub server: Rc<ScriptedServer>,
    pub shared_cache: Rc<MapCache>,
}

impl Isolate {
    /// An isolate that is configured with a key set.
    pub fn with_keys(set: &Value, expected: ExpectedClaims) -> Self {
        Self::new(set, None, expected)
    }

    /// An isolate that uses the key server at `url`.
    pub fn with_server(url: &str, server: &Rc<ScriptedServer>, shared_cache: &Rc<MapCache>) -> Self {
        let none = serde_json::json!({ "keys": [] });
        Self {
            server: Rc::clone(server),
            shared_cache: Rc::clone(shared_cache),
            ..Self::new(&none, Some(url.to_owned()), ExpectedClaims::default())
        }
    }

    /// An isolate with a key set and, if `url` is given, a key server.
    pub fn new(set: &Value, url: Option<String>, expected: ExpectedClaims) -> Self {
        let platform = Counting::default();
        let configured = |key| ConfiguredKey {
            name: String::new(),
            key,
        };
        let keys = parse_set(set.to_string().as_bytes()).unwrap().into_iter();
        let keys: Vec<ConfiguredKey> = keys.map(|key| configured(key.unwrap())).collect();
        let authenticator = block_on(Authenticator::import(
            &keys,
            url,
            expected,
            ClaimMapping::default(),
            &platform,
        ))
        .unwrap();
        Self {
            authenticator,
            platform,
            server: Rc::default(),
            shared_cache: Rc::default(),
        }
    }

    /// Verifies a token at `now`, in epoch milliseconds. Returns what is logged, too.
    pub fn verify_traced(&self, token: &str, now: i64) -> (Result<Rc<Claims>, VerifyError>, Trace) {
        let trace = Trace::default();
        let ports = TestPorts {
            cryptography: &self.platform,
            server: &self.server,
            shared_cache: &self.shared_cache,
            trace: &trace,
        };
        let now = Timestamp::from_milliseconds(now);
        let verified = block_on(self.authenticator.verify(token, &ports, now));
        (verified, trace)
    }

    /// Verifies a token at `now`, in epoch milliseconds.
    pub fn verify(&self, token: &str, now: i64) -> Result<Rc<Claims>, VerifyError> {
        self.verify_traced(token, now).0
    }

    /// The verdict on a token at `now`, in the words of the log.
    pub fn verdict(&self, token: &str, now: i64) -> String {
        self.verify(token, now)
            .map_or_else(|error| error.to_string(), |_| "accepted".to_owned())
    }
}

/// Prints a table, and writes it to a file for `tests/tokens/vectors.test.mjs`.
pub fn report(name: &str, table: &str) {
    println!("{table}");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.txt"));
    fs::write(file, table).unwrap();
}
