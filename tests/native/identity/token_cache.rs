//! Tokens that are sent again: their signature is verified once, and they are checked against the clock each time.

use crate::identity::isolate::Isolate;
use crate::identity::issuer::{Pair, T0, published};
use base64ct::{Base64UrlUnpadded, Encoding};
use conversation_monitor::auth::claims::ExpectedClaims;
use conversation_monitor::auth::error::{TokenError, VerifyError};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

const SECRET: &[u8; 32] = b"the secret of tests, of 32 bytes";
/// The most bytes of tokens that an isolate caches, as in `auth::token_cache`.
const CACHED_BYTES_MAX: usize = 2 * 1024 * 1024;

fn configured(pairs: &[&Pair]) -> Isolate {
    let keys: Vec<Value> = pairs.iter().map(|pair| pair.jwk()).collect();
    Isolate::with_keys(&json!({ "keys": keys }), ExpectedClaims::default())
}

#[test]
fn a_signature_is_verified_once() {
    let pair = Pair::new("a");
    let isolate = configured(&[&pair]);
    let tokens = [pair.token("u"), pair.token("v")];
    for round in 0..5 {
        for (token, subject) in tokens.iter().zip(["u", "v"]) {
            let claims = isolate.verify(token, T0 + round).unwrap();
            assert_eq!(claims.subject.as_deref(), Some(subject));
        }
    }
    assert_eq!(isolate.platform.verifications.get(), 2);
}

#[test]
fn a_refused_token_is_not_cached() {
    let (pair, other) = (Pair::new("a"), Pair::new("b"));
    let isolate = configured(&[&pair]);
    let forged = other.token_with(&json!({ "exp": T0 }), &json!({ "kid": "a" }));
    for _ in 0..3 {
        assert_eq!(
            isolate.verify(&forged, T0),
            Err(VerifyError::Token(TokenError::Signature))
        );
    }
    assert_eq!(isolate.platform.verifications.get(), 3);
}

#[test]
fn cached_tokens_are_checked_against_the_clock() {
    let pair = Pair::new("a");
    let isolate = configured(&[&pair]);
    let seconds = T0 / 1_000;
    let token = pair.token_with(&json!({ "exp": seconds + 60, "nbf": seconds }), &json!({ "kid": "a" }));
    let refused = |error| Err(VerifyError::Token(error));
    let check = |at: i64, expected: Result<(), VerifyError>, verifications: usize| {
        assert_eq!(isolate.verify(&token, at).map(|_| ()), expected, "at {at}");
        assert_eq!(isolate.platform.verifications.get(), verifications, "at {at}");
    };
    check(T0, Ok(()), 1);
    // 30 seconds of leeway after `exp`.
    check(T0 + 89_999, Ok(()), 1);
    check(T0 + 90_000, refused(TokenError::Expired), 1);
    // It was removed from the cache and is verified again. It is still expired, and not cached.
    check(T0 + 90_000, refused(TokenError::Expired), 2);
    check(T0 + 90_001, refused(TokenError::Expired), 3);
    // The clock was set back.
    check(T0, Ok(()), 4);
    check(T0 - 30_000, Ok(()), 4);
    check(T0 - 30_001, refused(TokenError::NotYetValid), 4);
}

#[test]
fn tokens_are_verified_again_when_the_key_set_changes() {
    let (a, b) = (Pair::new("a"), Pair::new("b"));
    let isolate = Isolate::with_server("https://keys.example", &Default::default(), &Default::default());
    isolate.server.answer(&published(&[a.jwk()]));
    let token = a.token("u");
    isolate.verify(&token, T0).unwrap();
    isolate.verify(&token, T0 + 1).unwrap();
    assert_eq!(isolate.platform.verifications.get(), 1);
    // A token with an unknown key makes the isolate fetch the set again. The new set still has the old key.
    isolate.server.answer(&published(&[a.jwk(), b.jwk()]));
    isolate.verify(&b.token("v"), T0 + 30_000).unwrap();
    isolate.verify(&token, T0 + 30_001).unwrap();
    assert_eq!(isolate.platform.verifications.get(), 3);
    // This set no longer has it.
    isolate.server.answer(&published(&[b.jwk()]));
    isolate.verify(&Pair::new("c").token("w"), T0 + 60_000).unwrap_err();
    assert_eq!(isolate.verdict(&token, T0 + 60_001), "key: no unique match for kid/alg");
}

/// A token of about a kilobyte. Tokens of all numbers have the same length.
fn numbered(number: usize) -> String {
    let segment = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
    let claims = json!({ "sub": format!("{number:08}"), "exp": 2_000_000_000_i64, "padding": "x".repeat(600) });
    let content = format!("{}.{}", segment(&json!({ "alg": "HS256" })), segment(&claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).unwrap();
    mac.update(content.as_bytes());
    format!(
        "{content}.{}",
        Base64UrlUnpadded::encode_string(&mac.finalize().into_bytes())
    )
}

#[test]
fn the_cache_is_bounded_in_bytes() {
    // Thirty times as many as the cache holds.
    const TOKENS: usize = 30_000;
    let keys = json!({ "keys": [{ "kty": "oct", "k": Base64UrlUnpadded::encode_string(SECRET) }] });
    let isolate = Isolate::with_keys(&keys, ExpectedClaims::default());
    let verify = |number: usize| {
        let (verified, trace) = isolate.verify_traced(&numbered(number), T0);
        assert_eq!(verified.unwrap().subject, Some(format!("{number:08}")));
        trace.server_timing(0).contains("memory")
    };
    for number in 0..TOKENS {
        assert!(!verify(number), "{number} came from the cache at its first use");
    }
    // From the newest to the oldest that is still cached. Each takes the token's bytes and twice as many for
    // its claims, and what the map needs.
    let cached = (0..TOKENS).rev().take_while(|number| verify(*number)).count();
    let bytes = 3 * numbered(0).len();
    assert!(
        cached > 0 && cached * bytes <= CACHED_BYTES_MAX,
        "{cached} tokens of {bytes} bytes"
    );
    assert!(
        cached * (bytes + 256) > CACHED_BYTES_MAX,
        "only {cached} tokens of {bytes} bytes"
    );
}
