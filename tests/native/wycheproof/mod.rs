//! Wycheproof's vectors: each key is read as the JWK that an operator would configure, each signature is verified as a
//! token's would be.
//!
//! What comes of it is written to `target/tmp/`: a table (`wycheproof.txt`), and all that the platform was asked
//! (`wycheproof.json`), for `tests/workerd/webcrypto.test.mjs` to ask WebCrypto the same.

use crate::wycheproof::platform::Noting;
use crate::wycheproof::vectors::Vector;
use conversation_monitor::auth::jwk::{JwkError, parse_set};
use conversation_monitor::auth::keys::Key;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use wycheproof::TestResult;

mod odd_keys;
mod platform;
mod vectors;

/// What became of a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Accepted,
    Refused,
    /// The key is not one that may be configured.
    Key(JwkError),
    /// There is no token with this signature.
    NoForm,
}

/// Of one source: how many vectors were tried, and what became of them.
#[derive(Default)]
struct Count {
    tried: usize,
    accepted: usize,
    refused: usize,
    keys_refused: usize,
    without_form: usize,
}

/// What Wycheproof calls valid and is refused all the same, with the reason.
fn deviation(vector: &Vector, verdict: Verdict) -> Option<&'static str> {
    match (vector.source, verdict) {
        ("hmac_sha256", Verdict::Key(JwkError::Member("k"))) => {
            Some("an HMAC key of less than 32 bytes: RFC 7518 section 3.2 forbids it")
        }
        (_, Verdict::Key(JwkError::RsaExponent)) => {
            Some("an RSA exponent below 65537: FIPS 186-5 forbids it, lenient padding checks are forged with it")
        }
        _ => None,
    }
}

fn judge(vector: &Vector, platform: &Noting) -> Verdict {
    let Some(signature) = &vector.signature else {
        return Verdict::NoForm;
    };
    let set = json!({ "keys": [vector.key] }).to_string();
    let mut keys = parse_set(set.as_bytes()).unwrap();
    let candidate = match keys.pop().unwrap() {
        Ok(candidate) => candidate,
        Err(error) => return Verdict::Key(error),
    };
    platform.begin(format!("{} {}", vector.source, vector.number));
    futures_executor::block_on(async {
        let Ok(key) = Key::import(&candidate, platform).await else {
            return Verdict::Key(JwkError::Import);
        };
        match key.verify(platform, &vector.message, signature).await.unwrap() {
            true => Verdict::Accepted,
            false => Verdict::Refused,
        }
    })
}

#[test]
fn every_vector_has_its_verdict() {
    let platform = Noting::default();
    let mut counts = BTreeMap::<&str, Count>::new();
    let mut deviations = BTreeMap::<(&str, &str), usize>::new();
    let mut wrong = Vec::new();
    for vector in vectors::all().into_iter().chain(odd_keys::all()) {
        let verdict = judge(&vector, &platform);
        let count = counts.entry(vector.source).or_default();
        count.tried += 1;
        *match verdict {
            Verdict::Accepted => &mut count.accepted,
            Verdict::Refused => &mut count.refused,
            Verdict::Key(_) => &mut count.keys_refused,
            Verdict::NoForm => &mut count.without_form,
        } += 1;
        let is_right = match vector.result {
            TestResult::Valid => verdict == Verdict::Accepted,
            // Wycheproof leaves it open; the padding that lacks its NULL is such a one, and RFC 8017 does not allow it.
            TestResult::Invalid | TestResult::Acceptable => verdict != Verdict::Accepted,
        };
        match deviation(&vector, verdict) {
            Some(reason) if vector.result == TestResult::Valid => {
                *deviations.entry((vector.source, reason)).or_default() += 1;
            }
            _ if !is_right => wrong.push(format!(
                "{} {} ({}; {}): {verdict:?}",
                vector.source, vector.number, vector.comment, vector.flags
            )),
            _ => {}
        }
    }
    report(&table(&counts, &deviations), platform.into_notes());
    assert!(wrong.is_empty(), "{wrong:#?}");
    // A source that lost its vectors would pass for one that holds.
    assert_eq!(counts.len(), 9);
    assert!(counts.values().all(|count| count.tried >= 5));
}

fn table(counts: &BTreeMap<&str, Count>, deviations: &BTreeMap<(&str, &str), usize>) -> String {
    let mut text = format!(
        "{:<32}{:>8}{:>10}{:>10}{:>14}{:>14}\n",
        "Wycheproof", "tried", "accepted", "refused", "key refused", "no JWS form"
    );
    for (source, count) in counts {
        writeln!(
            text,
            "{source:<32}{:>8}{:>10}{:>10}{:>14}{:>14}",
            count.tried, count.accepted, count.refused, count.keys_refused, count.without_form
        )
        .unwrap();
    }
    writeln!(text, "Valid, and refused all the same:").unwrap();
    for ((source, reason), count) in deviations {
        writeln!(text, "  {count} of {source}: {reason}").unwrap();
    }
    text
}

fn report(table: &str, notes: Vec<Value>) {
    println!("{table}");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::write(folder.join("wycheproof.txt"), table).unwrap();
    fs::write(folder.join("wycheproof.json"), Value::from(notes).to_string()).unwrap();
}
