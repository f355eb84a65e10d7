//! The ports of token verification on the host: jwt-compact's algorithms, a key server that a test scripts, and a
//! shared cache that a test can look into.

use conversation_monitor::auth::algorithm::PublicKey;
use conversation_monitor::auth::ports::{AuthPorts, Cryptography, CryptographyError, KeyServer, KeyServerError};
use conversation_monitor::base::trace::Trace;
use conversation_monitor::storage::shared_cache::{CacheKey, SharedCache, SharedCacheError};
use jwt_compact::alg::{Ed25519, Es256, Rsa, VerifyingKey};
use jwt_compact::{Algorithm, AlgorithmSignature};
use rsa::{BigUint, RsaPublicKey};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};

/// The ports, each filled by the test.
pub struct TestPorts<'a, C> {
    pub cryptography: &'a C,
    pub server: &'a ScriptedServer,
    pub shared_cache: &'a MapCache,
    pub trace: &'a Trace,
}

impl<C: Cryptography> AuthPorts for TestPorts<'_, C> {
    type Key = C::Key;

    fn cryptography(&self) -> &impl Cryptography<Key = C::Key> {
        self.cryptography
    }

    fn key_server(&self) -> &impl KeyServer {
        self.server
    }

    fn shared_cache(&self) -> &impl SharedCache {
        self.shared_cache
    }

    async fn pause(&self, _milliseconds: u32) {}

    fn trace(&self) -> &Trace {
        self.trace
    }
}

/// The public-key algorithms of jwt-compact.
pub struct Native;

pub enum NativeKey {
    Rs256(RsaPublicKey),
    Es256(<Es256 as Algorithm>::VerifyingKey),
    EdDsa(<Ed25519 as Algorithm>::VerifyingKey),
}

impl Cryptography for Native {
    type Key = NativeKey;

    async fn import(&self, key: &PublicKey) -> Result<NativeKey, CryptographyError> {
        let refused = |error: String| CryptographyError(error);
        match key {
            PublicKey::Rsa { modulus, exponent } => {
                let (n, e) = (BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(exponent));
                let key = RsaPublicKey::new_with_max_size(n, e, 8_192);
                key.map(NativeKey::Rs256).map_err(|error| refused(error.to_string()))
            }
            PublicKey::P256 { x, y } => {
                let point = [&[4][..], x, y].concat();
                let key = VerifyingKey::<Es256>::from_slice(&point);
                key.map(NativeKey::Es256).map_err(|error| refused(error.to_string()))
            }
            PublicKey::Ed25519 { x } => {
                let key = VerifyingKey::<Ed25519>::from_slice(x);
                key.map(NativeKey::EdDsa).map_err(|error| refused(error.to_string()))
            }
        }
    }

    async fn verify(&self, key: &NativeKey, message: &[u8], signature: &[u8]) -> Result<bool, CryptographyError> {
        Ok(match key {
            NativeKey::Rs256(key) => is_signature(&Rsa::rs256(), key, message, signature),
            NativeKey::Es256(key) => is_signature(&Es256, key, message, signature),
            NativeKey::EdDsa(key) => is_signature(&Ed25519, key, message, signature),
        })
    }
}

fn is_signature<A: Algorithm>(algorithm: &A, key: &A::VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    A::Signature::try_from_slice(signature).is_ok_and(|signature| algorithm.verify_signature(&signature, key, message))
}

/// A key server with a queue of answers. When the queue is empty the server is down.
#[derive(Default)]
pub struct ScriptedServer {
    pub answers: RefCell<VecDeque<Result<Vec<u8>, KeyServerError>>>,
    pub fetches: Cell<usize>,
}

impl ScriptedServer {
    pub fn answer(&self, text: &str) {
        self.answers.borrow_mut().push_back(Ok(text.as_bytes().to_vec()));
    }
}

impl KeyServer for ScriptedServer {
    async fn fetch_jwks(&self, _url: &str) -> Result<Vec<u8>, KeyServerError> {
        self.fetches.set(self.fetches.get() + 1);
        let answer = self.answers.borrow_mut().pop_front();
        answer.unwrap_or_else(|| Err(KeyServerError("is down".to_owned())))
    }
}

/// A shared cache that remembers what was put into it.
#[derive(Default)]
pub struct MapCache {
    pub entries: RefCell<HashMap<String, String>>,
    pub puts: Cell<usize>,
}

impl SharedCache for MapCache {
    async fn get(&self, key: &CacheKey) -> Result<Option<String>, SharedCacheError> {
        Ok(self.entries.borrow().get(key.as_str()).cloned())
    }

    fn put(&self, key: CacheKey, value: String, _seconds: u64) {
        self.puts.set(self.puts.get() + 1);
        self.entries.borrow_mut().insert(key.as_str().to_owned(), value);
    }
}
