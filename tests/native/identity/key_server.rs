//! The key set of a server: how long it is used, how often it is fetched, and what happens while the server fails.

use crate::identity::isolate::Isolate;
use crate::identity::issuer::{Pair, T0, published};
use crate::support::keys::{MapCache, ScriptedServer};
use conversation_monitor::auth::claims::ExpectedClaims;
use conversation_monitor::auth::jwks_cache::{COOLDOWN_MS, FRESH_MS, MAX_AGE_MS};
use serde_json::{Value, json};
use std::rc::Rc;

const URL: &str = "https://keys.example/set";
const ACCEPTED: &str = "accepted";
const NO_KEY: &str = "key: no unique match for kid/alg";
const UNAVAILABLE: &str = "the key server's keys are not known";
const MINUTE: i64 = 60_000;

/// An isolate whose server gives one of `answers` per fetch and is down after the last.
fn isolate(answers: &[String]) -> Isolate {
    isolate_sharing(&Rc::default(), answers)
}

/// The same with a KV namespace that other isolates share.
fn isolate_sharing(kv: &Rc<MapCache>, answers: &[String]) -> Isolate {
    let server = Rc::<ScriptedServer>::default();
    for answer in answers {
        server.answer(answer);
    }
    Isolate::with_server(URL, &server, kv)
}

/// Verifies a token of `pair`. It is a new one each time, so that none comes from the token cache.
fn check(isolate: &Isolate, pair: &Pair, after_ms: i64, expected: &str, fetches: usize) {
    let at = T0 + after_ms;
    let token = pair.token(&format!("{after_ms} {fetches}"));
    assert_eq!(isolate.verdict(&token, at), expected, "after {after_ms} ms");
    assert_eq!(isolate.server.fetches.get(), fetches, "fetches after {after_ms} ms");
}

#[test]
fn a_set_is_fresh_for_ten_minutes() {
    let a = Pair::new("a");
    let set = published(&[a.jwk()]);
    let isolate = isolate(&[set.clone(), set]);
    assert_eq!(FRESH_MS, 10 * MINUTE);
    check(&isolate, &a, 0, ACCEPTED, 1);
    check(&isolate, &a, FRESH_MS - 1, ACCEPTED, 1);
    check(&isolate, &a, FRESH_MS, ACCEPTED, 2);
    check(&isolate, &a, 2 * FRESH_MS - 1, ACCEPTED, 2);
}

#[test]
fn unknown_keys_cause_one_fetch_in_thirty_seconds() {
    let (a, b) = (Pair::new("a"), Pair::new("b"));
    let (old, new) = (published(&[a.jwk()]), published(&[a.jwk(), b.jwk()]));
    let isolate = isolate(&[old, new]);
    assert_eq!(COOLDOWN_MS, 30_000);
    check(&isolate, &a, 0, ACCEPTED, 1);
    for number in 0..500 {
        let token = a.token_with(&json!({ "exp": 1 }), &json!({ "kid": format!("x{number}") }));
        assert_eq!(isolate.verdict(&token, T0 + number * 59), NO_KEY);
    }
    check(&isolate, &b, COOLDOWN_MS - 1, NO_KEY, 1);
    check(&isolate, &b, COOLDOWN_MS, ACCEPTED, 2);
    check(&isolate, &a, COOLDOWN_MS, ACCEPTED, 2);
}

#[test]
fn cached_keys_work_for_an_hour_while_the_server_is_down() {
    let a = Pair::new("a");
    let isolate = isolate(&[published(&[a.jwk()])]);
    assert_eq!(MAX_AGE_MS, 60 * MINUTE);
    check(&isolate, &a, 0, ACCEPTED, 1);
    // A token every second. When the set is no longer fresh, the isolate tries to fetch it twice a minute.
    let mut last = 1;
    for second in 1..3_600 {
        let fetches = isolate.server.fetches.get();
        assert_eq!(
            isolate.verdict(&a.token(&second.to_string()), T0 + second * 1_000),
            ACCEPTED,
            "{second}"
        );
        last = isolate.server.fetches.get();
        assert!(last - fetches <= 1);
    }
    assert_eq!(last, 1 + 50 * 2);
    check(&isolate, &a, MAX_AGE_MS - 1, ACCEPTED, last);
    check(&isolate, &a, MAX_AGE_MS, UNAVAILABLE, last + 1);
    // The server comes back.
    isolate.server.answer(&published(&[a.jwk()]));
    check(&isolate, &a, MAX_AGE_MS + COOLDOWN_MS - 1, UNAVAILABLE, last + 1);
    check(&isolate, &a, MAX_AGE_MS + COOLDOWN_MS, ACCEPTED, last + 2);
}

#[test]
fn a_cached_token_works_no_longer_than_its_key() {
    let a = Pair::new("a");
    let isolate = isolate(&[published(&[a.jwk()])]);
    let token = a.token("u");
    assert_eq!(isolate.verdict(&token, T0), ACCEPTED);
    assert_eq!(isolate.verdict(&token, T0 + MAX_AGE_MS - 1), ACCEPTED);
    assert_eq!(isolate.verdict(&token, T0 + MAX_AGE_MS), UNAVAILABLE);
}

#[test]
fn an_isolate_that_never_reached_the_server_says_so() {
    let a = Pair::new("a");
    let isolate = isolate(&[]);
    check(&isolate, &a, 0, UNAVAILABLE, 1);
    isolate.server.answer(&published(&[a.jwk()]));
    check(&isolate, &a, COOLDOWN_MS - 1, UNAVAILABLE, 1);
    check(&isolate, &a, COOLDOWN_MS, ACCEPTED, 2);
}

#[test]
fn an_unknown_key_is_not_refused_while_the_server_is_down() {
    let (a, b) = (Pair::new("a"), Pair::new("b"));
    let isolate = isolate(&[published(&[a.jwk()])]);
    check(&isolate, &a, 0, ACCEPTED, 1);
    check(&isolate, &b, COOLDOWN_MS, UNAVAILABLE, 2);
    check(&isolate, &a, COOLDOWN_MS, ACCEPTED, 2);
    isolate.server.answer(&published(&[a.jwk()]));
    check(&isolate, &b, 2 * COOLDOWN_MS, NO_KEY, 3);
}

#[test]
fn a_key_that_was_withdrawn_works_for_ten_minutes() {
    let (a, b) = (Pair::new("a"), Pair::new("b"));
    let isolate = isolate(&[published(&[a.jwk(), b.jwk()]), published(&[a.jwk()])]);
    check(&isolate, &b, 0, ACCEPTED, 1);
    check(&isolate, &b, FRESH_MS - 1, ACCEPTED, 1);
    check(&isolate, &b, FRESH_MS, NO_KEY, 2);
    check(&isolate, &a, FRESH_MS, ACCEPTED, 2);
}

#[test]
fn a_new_isolate_uses_the_stored_copy_at_its_age() {
    let a = Pair::new("a");
    let kv = Rc::default();
    let set = published(&[a.jwk()]);
    check(&isolate_sharing(&kv, std::slice::from_ref(&set)), &a, 0, ACCEPTED, 1);
    let cold = isolate_sharing(&kv, &[set]);
    check(&cold, &a, 9 * MINUTE, ACCEPTED, 0);
    check(&cold, &a, FRESH_MS - 1, ACCEPTED, 0);
    check(&cold, &a, FRESH_MS, ACCEPTED, 1);
    // While the server is down, an old copy is used until it reaches the greatest age.
    let down = isolate_sharing(&kv, &[]);
    check(&down, &a, FRESH_MS + MAX_AGE_MS - 1, ACCEPTED, 1);
    check(&down, &a, FRESH_MS + MAX_AGE_MS, UNAVAILABLE, 1);
    let late = isolate_sharing(&kv, &[]);
    check(&late, &a, FRESH_MS + MAX_AGE_MS, UNAVAILABLE, 1);
}

#[test]
fn a_garbled_copy_is_ignored() {
    let a = Pair::new("a");
    let set = published(&[a.jwk()]);
    let kv = Rc::<MapCache>::default();
    check(&isolate_sharing(&kv, std::slice::from_ref(&set)), &a, 0, ACCEPTED, 1);
    let (key, copy) = kv
        .entries
        .borrow()
        .iter()
        .next()
        .map(|(key, copy)| (key.clone(), copy.clone()))
        .unwrap();
    let forged = published(&[Pair::new("b").jwk()]);
    let since = T0.to_string();
    for garbled in [
        String::new(),
        "\n\n".to_owned(),
        copy[..copy.len() - 1].to_owned(),
        copy.replacen('\n', " ", 1),
        copy.replacen(&since, "x", 1),
        copy.replacen(&since, "99999999999999999999", 1),
        copy.replacen(URL, "https://keys.example/other", 1),
        copy.replacen(URL, "https://evil.example/set", 1).replace(&set, &forged),
        copy.replace(&set, r#"{"keys":[]}"#),
        copy.replace(&set, "null"),
        copy.replacen(&since, &(T0 - MAX_AGE_MS).to_string(), 1),
        copy.replacen(&since, &i64::MIN.to_string(), 1),
    ] {
        kv.entries.borrow_mut().insert(key.clone(), garbled.clone());
        check(&isolate_sharing(&kv, std::slice::from_ref(&set)), &a, 0, ACCEPTED, 1);
        kv.entries.borrow_mut().insert(key.clone(), garbled.clone());
        let down = isolate_sharing(&kv, &[]);
        assert_eq!(down.verdict(&a.token("u"), T0), UNAVAILABLE, "{garbled:?}");
    }
}

#[test]
fn a_copy_from_the_future_is_ignored_until_then() {
    let (a, b) = (Pair::new("a"), Pair::new("b"));
    let kv = Rc::<MapCache>::default();
    let ahead = isolate_sharing(&kv, &[published(&[a.jwk(), b.jwk()])]);
    check(&ahead, &b, 60 * MINUTE, ACCEPTED, 1);
    check(&isolate_sharing(&kv, &[]), &b, 60 * MINUTE - 1, UNAVAILABLE, 1);
    check(&isolate_sharing(&kv, &[]), &b, 60 * MINUTE, ACCEPTED, 0);
    // Otherwise a key that was withdrawn would work until then.
    let set = published(&[a.jwk()]);
    let isolate = isolate_sharing(&kv, &[set.clone(), set]);
    check(&isolate, &a, 0, ACCEPTED, 1);
    kv.entries.borrow_mut().clear();
    let ahead = isolate_sharing(&kv, &[published(&[a.jwk(), b.jwk()])]);
    check(&ahead, &b, 60 * MINUTE, ACCEPTED, 1);
    check(&isolate, &a, FRESH_MS, ACCEPTED, 2);
    check(&isolate, &b, FRESH_MS + 1, NO_KEY, 2);
}

#[test]
fn unusable_keys_are_skipped() {
    let (a, b, c, d) = (Pair::new("a"), Pair::new("b"), Pair::new("c"), Pair::new("d"));
    let secret = json!({ "kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "kid": "s" });
    let mut same = d.jwk();
    same["kid"] = "b".into();
    let off_curve = json!({ "kty": "EC", "crv": "P-256", "x": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE",
        "y": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE", "kid": "e" });
    let mut encrypting = d.jwk();
    encrypting["use"] = "enc".into();
    let set = [
        secret,
        a.jwk(),
        b.jwk(),
        same,
        c.private_jwk(),
        off_curve,
        encrypting,
        json!(null),
        json!({}),
    ];
    let isolate = isolate(&[published(&set)]);
    let (verified, trace) = isolate.verify_traced(&a.token("u"), T0);
    assert!(verified.is_ok());
    assert_eq!(
        trace.warnings(),
        [
            "key 1 of the key server is a symmetric key in a public key set",
            "key 3 of the key server has the kid of another key",
            "key 4 of the key server has the kid of another key",
            "key 5 of the key server is a private key",
            "key 6 of the key server was rejected on import (for example, the point is not on the curve)",
            "key 7 of the key server is not for verifying signatures, by its use or key_ops",
            "key 8 of the key server is not an object",
            "key 9 of the key server has a missing or malformed kty",
        ]
    );
    for pair in [&b, &c, &d] {
        check(&isolate, pair, 1, NO_KEY, 1);
    }
}

#[test]
fn a_set_without_a_usable_key_is_a_failure() {
    let a = Pair::new("a");
    let large = format!("{}{}", published(&[a.jwk()]), " ".repeat(64 * 1024));
    let many = published(&vec![a.jwk(); 101]);
    let not_utf8 = String::from("\u{feff}") + &published(&[a.jwk()]);
    for bad in [
        published(&[]),
        published(&[a.private_jwk()]),
        "{}".into(),
        "[]".into(),
        String::new(),
        "<html>".into(),
        large,
        many,
        not_utf8,
    ] {
        let cold = isolate(std::slice::from_ref(&bad));
        check(&cold, &a, 0, UNAVAILABLE, 1);
        assert_eq!(cold.shared_cache.puts.get(), 0);
        // The set that was cached before is still used.
        let warm = isolate(&[published(&[a.jwk()]), bad]);
        check(&warm, &a, 0, ACCEPTED, 1);
        check(&warm, &a, FRESH_MS, ACCEPTED, 2);
        check(&warm, &a, MAX_AGE_MS - 1, ACCEPTED, 3);
        assert_eq!(warm.shared_cache.puts.get(), 1);
    }
}

#[test]
fn an_unchanged_set_leaves_verified_tokens_alone() {
    let (a, b) = (Pair::new("a"), Pair::new("b"));
    let set = published(&[a.jwk()]);
    let isolate = isolate(&[set.clone(), set, published(&[a.jwk(), b.jwk()])]);
    let (first, second) = (a.token("u"), a.token("v"));
    let check = |token: &str, at: i64, verifications: usize| {
        assert_eq!(isolate.verdict(token, T0 + at), ACCEPTED);
        assert_eq!(isolate.platform.verifications.get(), verifications, "after {at} ms");
    };
    check(&first, 0, 1);
    check(&second, 0, 2);
    // The set is fetched again and has not changed. Only the token that caused the fetch is verified again.
    check(&first, FRESH_MS, 3);
    check(&second, FRESH_MS, 3);
    assert_eq!(isolate.platform.imports.get(), 1);
    // The set has changed, so every token is verified again.
    check(&first, 2 * FRESH_MS, 4);
    check(&second, 2 * FRESH_MS, 5);
    assert_eq!(isolate.platform.imports.get(), 3);
}

#[test]
fn the_stored_copy_is_written_when_it_differs_or_grows_old() {
    let a = Pair::new("a");
    let set = published(&[a.jwk()]);
    let isolate = isolate(&vec![set; 21]);
    // Tokens with unknown keys for ten minutes. One of them causes a fetch every half minute.
    for round in 0..=20 {
        for number in 0..10 {
            let token = a.token_with(&json!({ "exp": 1 }), &json!({ "kid": format!("x{number}") }));
            assert_eq!(isolate.verdict(&token, T0 + round * COOLDOWN_MS), NO_KEY);
        }
    }
    assert_eq!(isolate.server.fetches.get(), 21);
    assert_eq!(isolate.shared_cache.puts.get(), 3);
    isolate.server.answer(&published(&[a.jwk(), Pair::new("b").jwk()]));
    check(&isolate, &Pair::new("b"), 21 * COOLDOWN_MS, ACCEPTED, 22);
    assert_eq!(isolate.shared_cache.puts.get(), 4);
}

#[test]
fn secrets_and_configured_keys_cause_no_fetch() {
    let (a, b) = (Pair::new("a"), Pair::new("b"));
    let keys = json!({ "keys": [a.jwk()] });
    let isolate = Isolate::new(&keys, Some(URL.to_owned()), ExpectedClaims::default());
    check(&isolate, &a, 0, ACCEPTED, 0);
    let secret: Value = json!({ "alg": "HS256", "kid": "s" });
    assert_eq!(
        isolate.verdict(&a.token_with(&json!({ "exp": 1 }), &secret), T0),
        NO_KEY
    );
    // The server publishes another key with the kid of a configured key. Tokens mean the configured key.
    let mut same = b.jwk();
    same["kid"] = "a".into();
    isolate.server.answer(&published(&[same, b.jwk()]));
    check(&isolate, &b, 0, ACCEPTED, 1);
    check(&isolate, &a, 1, ACCEPTED, 1);
    let forged = b.token_with(&json!({ "exp": 2_000_000_000 }), &json!({ "kid": "a" }));
    assert_eq!(isolate.verdict(&forged, T0 + 1), "signature: does not match");
    // Without a kid two keys match.
    let any = a.token_with(&json!({ "exp": 2_000_000_000 }), &json!({}));
    assert_eq!(isolate.verdict(&any, T0 + 1), NO_KEY);
}
