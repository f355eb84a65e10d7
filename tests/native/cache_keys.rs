//! Keys under which something is kept or counted: two different questions never share one. The ids are those that
//! naive joining would mix up: with quotes, commas, digits, blanks, and prefixes of each other.

use crate::support::history::Random;
use crate::support::keys::{MapStore, Native, ScriptedServer};
use crate::support::service::Service;
use conversation_monitor::auth::access::read_access;
use conversation_monitor::auth::authenticator::Authenticator;
use conversation_monitor::auth::claims::{Claims, Expectations};
use conversation_monitor::auth::ports::AuthPorts;
use conversation_monitor::auth::rate_limit_key::{address_key, caller_key};
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::base::trace::Trace;
use conversation_monitor::report::cache::IsolateCache;
use conversation_monitor::report::request::ReportRequest;
use conversation_monitor::report::service::Reader;
use conversation_monitor::storage::shared_cache::{SharedCache, SharedCacheError};
use futures_executor::block_on;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

const NOW: i64 = 1_780_000_000_000;
const QUESTIONS: usize = 6_000;
const IDS: [&str; 16] = [
    "o", "o1", "o11", "1", "11", "null", "\"", "o\"", "o\",\"o1", "o,o1", "[]", "o\\", "o\\\"", "ö", "o\u{308}", " ",
];

/// Which key stands for which question, in both directions.
struct Keys<Q> {
    name: &'static str,
    questions: BTreeMap<String, Q>,
    keys: BTreeMap<Q, String>,
}

impl<Q: Ord + Clone + Debug> Keys<Q> {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            questions: BTreeMap::new(),
            keys: BTreeMap::new(),
        }
    }

    fn add(&mut self, question: Q, key: String) {
        let before = self.questions.insert(key.clone(), question.clone());
        assert!(
            before.as_ref().is_none_or(|before| *before == question),
            "{}: {before:?} and {question:?} share {key}",
            self.name
        );
        let before = self.keys.insert(question.clone(), key.clone());
        assert!(
            before.as_ref().is_none_or(|before| *before == key),
            "{}: {question:?} has two keys",
            self.name
        );
    }

    fn report(&self, at_least: usize) {
        println!("{}: {} different ones", self.name, self.keys.len());
        assert!(self.keys.len() >= at_least, "{}: {} only", self.name, self.keys.len());
    }
}

/// A page cache that is empty and remembers what it was asked for.
#[derive(Default)]
struct Asked(RefCell<Vec<String>>);

impl SharedCache for Asked {
    async fn get(&self, key: &str) -> Result<Option<String>, SharedCacheError> {
        self.0.borrow_mut().push(key.to_owned());
        Ok(None)
    }

    fn put(&self, key: String, _value: String, _seconds: u64) {
        assert_eq!(
            self.0.borrow().last(),
            Some(&key),
            "stored under the name that was asked for"
        );
    }
}

/// In each organization somebody waits in each department, and once in none; the contact's id is the organization's.
fn everybody_waits() -> Vec<Value> {
    let mut events = Vec::new();
    for organization in IDS {
        for (number, department) in IDS.into_iter().map(Some).chain([None]).enumerate() {
            let at = Timestamp::from_milliseconds(NOW - 3_600_000 - number as i64).to_string();
            let conversation = format!("c{number}");
            events.push(json!({
                "type": "conversation", "organizationId": organization, "updatedAt": at, "conversationId": conversation,
                "contactId": organization, "channelType": "sms", "departmentId": department,
            }));
            events.push(json!({
                "type": "message", "organizationId": organization, "updatedAt": at, "conversationId": conversation,
                "messageId": conversation, "at": at, "direction": "inbound", "sender": "contact",
            }));
        }
    }
    events
}

/// Claims and a query at random, and what they come to: the departments shown, and whose view it is.
struct Question {
    claims: Value,
    query: String,
    departments: Option<BTreeSet<&'static str>>,
    viewer: Option<Option<&'static str>>,
}

fn question(random: &mut Random, organization: &str, filters: &str) -> Question {
    let mut claims = json!({ "exp": 1, "organizationId": organization });
    let mut query = filters.to_owned();
    let chosen = (random.below(3) == 0).then(|| *random.pick(&IDS));
    if let Some(chosen) = chosen {
        let encoded: String = chosen.bytes().map(|byte| format!("%{byte:02X}")).collect();
        query.push_str(&format!("&departmentId={encoded}"));
    }
    if random.below(3) == 0 {
        claims["role"] = json!("ADMIN");
        return Question {
            claims,
            query,
            departments: chosen.map(|chosen| BTreeSet::from([chosen])),
            viewer: None,
        };
    }
    claims["role"] = json!("DEPARTMENT_HEAD");
    let subject = (random.below(4) > 0).then(|| *random.pick(&IDS));
    if let Some(subject) = subject {
        claims["sub"] = json!(subject);
    }
    let own: BTreeSet<&str> = (0..random.below(4)).map(|_| *random.pick(&IDS)).collect();
    claims["departmentIds"] = json!(own);
    let departments = match chosen {
        Some(chosen) if own.contains(chosen) => BTreeSet::from([chosen]),
        _ => own,
    };
    Question {
        claims,
        query,
        departments: Some(departments),
        viewer: Some(subject),
    }
}

#[test]
fn pages_and_etags_of_different_questions_differ() {
    let service = Service::default();
    block_on(async {
        service.ingest_all(&everybody_waits(), NOW).await;
        service.refresh(NOW).await.unwrap();
    });
    let memory = RefCell::<IsolateCache>::default();
    let pages = Asked::default();
    let (mut names, mut etags, mut snapshots) = (Keys::new("pages"), Keys::new("ETags"), Keys::new("snapshot ids"));
    let mut random = Random::new(1);
    for _ in 0..QUESTIONS {
        let organization = *random.pick(&IDS);
        let (page, limit) = (1 + random.below(2), *random.pick(&[1, 2, 11, 12, 21, 100]));
        let category = *random.pick(&["", "&category=ai_stuck", "&category=agent_abandoned"]);
        let skip = *random.pick(&["", "&skipThreshold=true"]);
        let filters = format!("page={page}&limit={limit}{category}{skip}");
        let asked = question(&mut random, organization, &filters);

        let claims = Claims::read(asked.claims.to_string().as_bytes()).unwrap();
        let access = read_access(&claims, None).unwrap();
        let trace = Trace::default();
        let reader = Reader {
            database: &service.database,
            pages: &pages,
            memory: &memory,
            head_max_age_ms: 5_000,
            trace: &trace,
        };
        pages.0.borrow_mut().clear();
        let request = ReportRequest::read(&asked.query).unwrap();
        let answer = block_on(reader.report(&access, &request, None, Timestamp::from_milliseconds(NOW))).unwrap();
        let body: Value = serde_json::from_str(&answer.body.unwrap()).unwrap();

        for row in body["data"]["rows"].as_array().unwrap() {
            assert_eq!(row["contactId"], organization, "a row of another organization");
            let department = row["departmentId"].as_str();
            let is_asked = asked.departments.as_ref();
            assert!(
                is_asked.is_none_or(|asked| department.is_some_and(|id| asked.contains(id))),
                "{department:?}"
            );
        }
        let shown = (organization, asked.departments, category, page, limit);
        let kept = pages.0.borrow().clone();
        assert!(kept.len() <= 1);
        for name in kept {
            assert!(name.starts_with("page/2/") && name.len() <= 512, "{name}");
            names.add(shown.clone(), name);
        }
        etags.add((shown, skip, asked.viewer), answer.etag.to_string());
        let snapshot_id = body["data"]["snapshotId"].as_str().unwrap();
        snapshots.add(organization, snapshot_id.to_owned());
    }
    names.report(QUESTIONS / 4);
    etags.report(QUESTIONS / 2);
    snapshots.report(IDS.len());
}

#[test]
fn callers_of_different_subjects_or_organizations_are_counted_apart() {
    const LETTERS: [&str; 9] = ["a", "1", "2", " ", "-", "\"", ",", "é", "𝄞"];
    let mut ids = vec![None];
    for first in LETTERS {
        ids.push(Some(first.to_owned()));
        for second in LETTERS {
            ids.push(Some(format!("{first}{second}")));
        }
    }
    ids.extend(IDS.map(|id| Some(id.to_owned())));
    let ids: BTreeSet<Option<String>> = ids.into_iter().collect();
    let mut keys = Keys::new("callers");
    for subject in &ids {
        for organization in &ids {
            let mut claims = json!({ "exp": 1 });
            for (name, id) in [("sub", subject), ("organizationId", organization)] {
                if let Some(id) = id {
                    claims[name] = json!(id);
                }
            }
            let claims = Claims::read(claims.to_string().as_bytes()).unwrap();
            keys.add((subject, organization), caller_key(&claims));
        }
    }
    keys.report(ids.len() * ids.len());
}

#[test]
fn clients_of_different_networks_are_counted_apart() {
    let mut keys = Keys::new("addresses");
    let numbers = [0_u16, 1, 2, 11, 0x10, 0x1f, 0x20, 0x1fff, 0xffff];
    for a in numbers {
        for b in numbers {
            for c in numbers {
                // An address is in the network of its first four groups, whatever the others are.
                for host in ["::", "::1", ":1:2:3:4"] {
                    let address = format!("2001:{a:x}:{b:x}:{c:x}{host}");
                    keys.add(format!("{a} {b} {c}"), address_key(&address));
                }
            }
            let (a, b) = (a % 256, b % 256);
            for address in [format!("192.0.{a}.{b}"), format!("::ffff:192.0.{a}.{b}")] {
                keys.add(format!("IPv4 {a} {b}"), address_key(&address));
            }
        }
    }
    keys.report(9 * 9 * 9);
}

#[test]
fn the_sets_of_different_key_servers_are_kept_apart() {
    // The example of RFC 7517 appendix A.1, and a token that names another key: it makes the set be fetched.
    const SET: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"1",
        "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#;
    // {"alg":"ES256","kid":"2"}
    const TOKEN: &str = "eyJhbGciOiJFUzI1NiIsImtpZCI6IjIifQ.e30.AAAA";
    let mut keys = Keys::new("key servers");
    for host in [
        "a.example",
        "a.example:1",
        "a.example:11",
        "aa.example",
        "a.example.example",
    ] {
        for path in [
            "", "/", "//", "/a", "/a/", "/A", "/%61", "/?a", "/?a=", "/?a=%0A", "/a?", "/page/2/",
        ] {
            let url = format!("https://{host}{path}");
            let (server, store) = (ScriptedServer::default(), MapStore::default());
            server.answer(SET);
            let world = AuthPorts {
                cryptography: &Native,
                server: &server,
                store: &store,
                trace: &Trace::default(),
            };
            let authenticator = Authenticator::new(Vec::new(), Some(url.clone()), Expectations::default());
            let outcome = block_on(authenticator.verify(TOKEN, &world, Timestamp::from_milliseconds(NOW)));
            assert!(outcome.is_err());
            let stored: Vec<String> = store.entries.borrow().keys().cloned().collect();
            assert_eq!(stored.len(), 1, "{url}");
            assert!(
                stored[0].starts_with("keys/1/") && stored[0].len() <= 512,
                "{}",
                stored[0]
            );
            keys.add(url, stored[0].clone());
        }
    }
    keys.report(60);
}
