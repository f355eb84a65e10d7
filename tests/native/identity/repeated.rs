//! Tokens that come again: verified once, held against the clock each time.

use crate::identity::isolate::Isolate;
use crate::identity::issuer::{Pair, T0, published};
use base64ct::{Base64UrlUnpadded, Encoding};
use conversation_monitor::auth::claims::Expectations;
use conversation_monitor::auth::error::{TokenError, VerifyError};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

const SECRET: &[u8; 32] = b"the secret of tests, of 32 bytes";
/// What an isolate keeps of tokens, in bytes: `auth::verified`.
const KEPT_BYTES_MAX: usize = 2 * 1024 * 1024;

fn configured(pairs: &[&Pair]) -> Isolate {
    let keys: Vec<Value> = pairs.iter().map(|pair| pair.jwk()).collect();
    Isolate::with_keys(&json!({ "keys": keys }), Expectations::default())
}

#[test]
fn a_token_is_verified_once() {
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
fn what_is_refused_is_not_kept() {
    let (pair, other) = (Pair::new("a"), Pair::new("b"));
    let isolate = configured(&[&pair]);
    let forged = other.token_of(&json!({ "exp": T0 }), &json!({ "kid": "a" }));
    for _ in 0..3 {
        assert_eq!(
            isolate.verify(&forged, T0),
            Err(VerifyError::Token(TokenError::Signature))
        );
    }
    assert_eq!(isolate.platform.verifications.get(), 3);
}

#[test]
fn the_clock_is_looked_at_each_time() {
    let pair = Pair::new("a");
    let isolate = configured(&[&pair]);
    let seconds = T0 / 1_000;
    let token = pair.token_of(&json!({ "exp": seconds + 60, "nbf": seconds }), &json!({ "kid": "a" }));
    let refused = |error| Err(VerifyError::Token(error));
    let check = |at: i64, expected: Result<(), VerifyError>, verifications: usize| {
        assert_eq!(isolate.verify(&token, at).map(|_| ()), expected, "at {at}");
        assert_eq!(isolate.platform.verifications.get(), verifications, "at {at}");
    };
    check(T0, Ok(()), 1);
    // 30 seconds of leeway after `exp`.
    check(T0 + 89_999, Ok(()), 1);
    check(T0 + 90_000, refused(TokenError::Expired), 1);
    // It was forgotten, and is verified again: still expired, and not kept.
    check(T0 + 90_000, refused(TokenError::Expired), 2);
    check(T0 + 90_001, refused(TokenError::Expired), 3);
    // A clock that was set back.
    check(T0, Ok(()), 4);
    check(T0 - 30_000, Ok(()), 4);
    check(T0 - 30_001, refused(TokenError::NotYetValid), 4);
}

#[test]
fn another_set_of_the_key_server_ends_what_the_last_one_verified() {
    let (a, b) = (Pair::new("a"), Pair::new("b"));
    let isolate = Isolate::with_server("https://keys.example", &Default::default(), &Default::default());
    isolate.server.answer(&published(&[a.jwk()]));
    let token = a.token("u");
    isolate.verify(&token, T0).unwrap();
    isolate.verify(&token, T0 + 1).unwrap();
    assert_eq!(isolate.platform.verifications.get(), 1);
    // The token of an unknown key has the set fetched anew; the new one still has the old key.
    isolate.server.answer(&published(&[a.jwk(), b.jwk()]));
    isolate.verify(&b.token("v"), T0 + 30_000).unwrap();
    isolate.verify(&token, T0 + 30_001).unwrap();
    assert_eq!(isolate.platform.verifications.get(), 3);
    // And this one has it no more.
    isolate.server.answer(&published(&[b.jwk()]));
    isolate.verify(&Pair::new("c").token("w"), T0 + 60_000).unwrap_err();
    assert_eq!(isolate.verdict(&token, T0 + 60_001), "key: none, or not just one, fits");
}

/// A token of about a kilobyte, the same number of bytes for each `number`.
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
fn what_is_kept_is_bounded() {
    // Thirty times as many as are kept.
    const TOKENS: usize = 30_000;
    let keys = json!({ "keys": [{ "kty": "oct", "k": Base64UrlUnpadded::encode_string(SECRET) }] });
    let isolate = Isolate::with_keys(&keys, Expectations::default());
    let verify = |number: usize| {
        let (verified, trace) = isolate.verify_noting(&numbered(number), T0);
        assert_eq!(verified.unwrap().subject, Some(format!("{number:08}")));
        trace.server_timing(0).contains("memory")
    };
    for number in 0..TOKENS {
        assert!(!verify(number), "{number} came from memory at its first use");
    }
    // From the newest on, until one is no longer kept: each takes its claims, twice the token, and what a map takes.
    let kept = (0..TOKENS).rev().take_while(|number| verify(*number)).count();
    let bytes = 2 * numbered(0).len();
    assert!(
        kept > 0 && kept * bytes <= KEPT_BYTES_MAX,
        "{kept} tokens of {bytes} bytes"
    );
    assert!(
        kept * (bytes + 256) > KEPT_BYTES_MAX,
        "only {kept} tokens of {bytes} bytes"
    );
}
