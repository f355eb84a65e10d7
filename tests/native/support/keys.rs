//! The ports of token verification on the host: jwt-compact's own algorithms, a key server that a test scripts, and a
//! store that a test can look into.

use conversation_monitor::auth::keys::PublicKey;
use conversation_monitor::auth::ports::{Cryptography, CryptographyError, KeyServer, KeyServerError};
use conversation_monitor::storage::shared_cache::{CacheKey, SharedCache, SharedCacheError};
use jwt_compact::alg::{Ed25519, Es256, Rsa, VerifyingKey};
use jwt_compact::{Algorithm, AlgorithmSignature};
use rsa::{BigUint, RsaPublicKey};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};

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

    async fn verifies(&self, key: &NativeKey, message: &[u8], signature: &[u8]) -> Result<bool, CryptographyError> {
        Ok(match key {
            NativeKey::Rs256(key) => holds(&Rsa::rs256(), key, message, signature),
            NativeKey::Es256(key) => holds(&Es256, key, message, signature),
            NativeKey::EdDsa(key) => holds(&Ed25519, key, message, signature),
        })
    }
}

fn holds<A: Algorithm>(algorithm: &A, key: &A::VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    A::Signature::try_from_slice(signature).is_ok_and(|signature| algorithm.verify_signature(&signature, key, message))
}

/// A key server whose answers are queued; without any left it is down.
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
    async fn fetch(&self, _url: &str) -> Result<Vec<u8>, KeyServerError> {
        self.fetches.set(self.fetches.get() + 1);
        let answer = self.answers.borrow_mut().pop_front();
        answer.unwrap_or_else(|| Err(KeyServerError("is down".to_owned())))
    }

    async fn pause(&self, _milliseconds: u32) {}
}

/// A shared store that remembers what was put into it.
#[derive(Default)]
pub struct MapStore {
    pub entries: RefCell<HashMap<String, String>>,
    pub puts: Cell<usize>,
}

impl SharedCache for MapStore {
    async fn get(&self, key: &CacheKey) -> Result<Option<String>, SharedCacheError> {
        Ok(self.entries.borrow().get(key.as_str()).cloned())
    }

    fn put(&self, key: CacheKey, value: String, _seconds: u64) {
        self.puts.set(self.puts.get() + 1);
        self.entries.borrow_mut().insert(key.as_str().to_owned(), value);
    }
}
