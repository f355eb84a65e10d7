//! The tokens of `tests/tokens/`: each gets the verdict that is listed.

use crate::identity::isolate::{Isolate, report};
use conversation_monitor::auth::claims::ExpectedClaims;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// A token and its verdict.
pub struct Vector {
    pub source: String,
    pub name: String,
    pub token: String,
    pub verdict: String,
    /// The service that verifies it.
    pub service: String,
    /// When it is verified, in epoch milliseconds.
    pub at: i64,
}

/// The configured services and all tokens.
pub struct Vectors {
    file: Value,
}

impl Vectors {
    pub fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tokens/vectors.json");
        let file = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        Self { file }
    }

    /// A new isolate of a service.
    pub fn isolate(&self, service: &str) -> Isolate {
        let service = &self.file["services"][service];
        let text = |name: &str| service[name].as_str().map(str::to_owned);
        let expected = ExpectedClaims {
            issuer: text("issuer"),
            audience: text("audience"),
        };
        Isolate::with_keys(&service["keys"], expected)
    }

    /// When tokens are verified unless they say otherwise, in epoch milliseconds.
    pub fn now(&self) -> i64 {
        self.file["now"].as_i64().unwrap() * 1_000
    }

    pub fn all(&self) -> Vec<Vector> {
        let object = |value: &Value| -> Map<String, Value> { value.as_object().unwrap().clone() };
        let mut vectors = Vec::new();
        for (source, verdicts) in object(&self.file["vectors"]) {
            for (verdict, rows) in object(&verdicts) {
                for row in rows.as_array().unwrap() {
                    vectors.push(Vector {
                        source: source.clone(),
                        name: row[0].as_str().unwrap().to_owned(),
                        token: self.expanded(row[1].as_str().unwrap()),
                        verdict: verdict.clone(),
                        service: row[2].as_str().unwrap_or("main").to_owned(),
                        at: row[3].as_i64().map_or_else(|| self.now(), |seconds| seconds * 1_000),
                    });
                }
            }
        }
        vectors
    }

    /// Replaces the segments that are given as `#` and an index into `segments`.
    fn expanded(&self, short: &str) -> String {
        let segment = |short: &str| match short.strip_prefix('#') {
            Some(index) => self.file["segments"][index.parse::<usize>().unwrap()]
                .as_str()
                .unwrap()
                .to_owned(),
            None => short.to_owned(),
        };
        short.split('.').map(segment).collect::<Vec<_>>().join(".")
    }
}

#[test]
fn every_token_has_its_verdict() {
    let vectors = Vectors::read();
    let mut counts = BTreeMap::<String, [usize; 3]>::new();
    let mut wrong = Vec::new();
    for vector in vectors.all() {
        // Each token gets a new isolate, so that what is cached of one does not affect the next.
        let isolate = vectors.isolate(&vector.service);
        let verdict = isolate.verdict(&vector.token, vector.at);
        let [tried, accepted, refused] = counts.entry(vector.source.clone()).or_default();
        *tried += 1;
        *if verdict == "accepted" { accepted } else { refused } += 1;
        // The second time an accepted token comes from the cache.
        let again = isolate.verdict(&vector.token, vector.at);
        if verdict != vector.verdict || again != vector.verdict {
            let Vector {
                source,
                name,
                verdict: expected,
                ..
            } = vector;
            wrong.push(format!("{source}: {name}: {verdict} and {again} instead of {expected}"));
        }
    }
    let mut table = format!("{:<32}{:>8}{:>10}{:>10}\n", "Tokens", "tried", "accepted", "refused");
    for (source, [tried, accepted, refused]) in &counts {
        writeln!(table, "{source:<32}{tried:>8}{accepted:>10}{refused:>10}").unwrap();
    }
    let [tried, accepted, refused] = counts
        .values()
        .fold([0; 3], |sum, count| [0, 1, 2].map(|at| sum[at] + count[at]));
    writeln!(table, "{:<32}{tried:>8}{accepted:>10}{refused:>10}", "all").unwrap();
    report("vectors", &table);
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(tried > 1_000, "{tried}");
}

#[test]
fn no_token_is_served_from_the_cache_of_another() {
    let vectors = Vectors::read();
    let isolate = vectors.isolate("main");
    let is_usual = |vector: &Vector| vector.service == "main" && vector.at == vectors.now();
    // One isolate verifies all of them twice: what it caches of some must not change the verdict on others.
    for _ in 0..2 {
        for vector in vectors.all().iter().filter(|vector| is_usual(vector)) {
            let verdict = isolate.verdict(&vector.token, vector.at);
            assert_eq!(verdict, vector.verdict, "{}: {}", vector.source, vector.name);
        }
    }
}
