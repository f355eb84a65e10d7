//! Keys under which something is cached or counted: two different queries never share one. The ids are such that naive
//! joining would confuse them: with quotes, commas, digits and blanks, and prefixes of each other.

use crate::support::NOW;
use crate::support::history::Random;
use crate::support::keys::{MapCache, Native, ScriptedServer, TestPorts};
use crate::support::service::Service;
use crate::support::zones::calendar_of;
use conversation_monitor::auth::access::{ReadAccess, read_access};
use conversation_monitor::auth::authenticator::Authenticator;
use conversation_monitor::auth::claim_mapping::ClaimMapping;
use conversation_monitor::auth::claims::{Claims, ExpectedClaims};
use conversation_monitor::auth::rate_limit_key::{address_key, caller_key};
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::base::trace::Trace;
use conversation_monitor::conversation::category::{Category, Reason};
use conversation_monitor::report::cache::{IsolateCache, PageBasis};
use conversation_monitor::report::context::ReportContext;
use conversation_monitor::report::csv::Separator;
use conversation_monitor::report::head::{HeadSource, ResolvedHead};
use conversation_monitor::report::page::PageIdentity;
use conversation_monitor::report::poll::PollSchedule;
use conversation_monitor::report::query::ReportFormat;
use conversation_monitor::report::request::{PageRequest, ReportRequest};
use conversation_monitor::report::resolved::{FRESH_MAX_MS, ResolvedReport};
use conversation_monitor::report::service::respond_with_page;
use conversation_monitor::report::snapshot::{Snapshot, SnapshotHead};
use conversation_monitor::snapshot::groups::ListedEntries;
use conversation_monitor::snapshot::query::{Paging, RowFilter, RowQuery};
use conversation_monitor::snapshot::settings::{Settings, SettingsId};
use conversation_monitor::storage::shared_cache::{CacheKey, KeyPrefix, SharedCache, SharedCacheError};
use futures::executor::block_on;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Debug;
use std::rc::Rc;

const QUESTIONS: usize = 6_000;
const IDS: [&str; 16] = [
    "o", "o1", "o11", "1", "11", "null", "\"", "o\"", "o\",\"o1", "o,o1", "[]", "o\\", "o\\\"", "ö", "o\u{308}", " ",
];

/// Which key belongs to which question, in both directions.
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

/// A page cache that is empty and lists what it was asked for.
#[derive(Default)]
struct Asked(RefCell<Vec<String>>);

impl SharedCache for Asked {
    async fn get(&self, key: &CacheKey) -> Result<Option<String>, SharedCacheError> {
        self.0.borrow_mut().push(key.as_str().to_owned());
        Ok(None)
    }

    fn put(&self, key: CacheKey, _value: String, _seconds: u64) {
        assert_eq!(
            self.0.borrow().last().map(String::as_str),
            Some(key.as_str()),
            "stored under the name that was asked for"
        );
    }
}

/// In each organization one customer waits in each department and one without a department. The contact has the id of
/// the organization.
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

/// Random claims and a random query, with the departments that they show and the viewer.
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
    let cache = RefCell::<IsolateCache>::default();
    let pages = Asked::default();
    let (mut names, mut etags, mut snapshots) = (Keys::new("pages"), Keys::new("ETags"), Keys::new("snapshot ids"));
    let mut random = Random::new(1);
    for _ in 0..QUESTIONS {
        let organization = *random.pick(&IDS);
        let (page, limit) = (1 + random.below(2), *random.pick(&[1, 2, 11, 12, 21, 100]));
        let category = *random.pick(&[
            "",
            "&category=ai_stuck",
            "&category=agent_abandoned",
            "&channelType=sms",
            "&reason=no_reply",
        ]);
        let skip = *random.pick(&["", "&skipThreshold=true"]);
        let filters = format!("page={page}&limit={limit}{category}{skip}");
        let asked = question(&mut random, organization, &filters);

        let claims = Claims::from_payload(asked.claims.to_string().as_bytes()).unwrap();
        let access = read_access(&claims, None).unwrap();
        let trace = Trace::default();
        let context = ReportContext {
            database: &service.database,
            shared_cache: &pages,
            isolate_cache: &cache,
            calendar_of: &calendar_of,
            head_max_age_ms: 5_000,
            schedule: PollSchedule::default(),
            trace: &trace,
        };
        pages.0.borrow_mut().clear();
        let request = PageRequest::parse(&asked.query).unwrap();
        let now = Timestamp::from_milliseconds(NOW);
        let answer = block_on(respond_with_page(&context, &access, &request, None, now)).unwrap();
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
        let asked_for = pages.0.borrow().clone();
        assert!(asked_for.len() <= 1);
        for name in asked_for {
            assert!(name.starts_with("page/4/") && name.len() <= 512, "{name}");
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

fn access_of(claims: Value) -> ReadAccess {
    let mut claims = claims;
    claims["exp"] = json!(1);
    read_access(&Claims::from_payload(claims.to_string().as_bytes()).unwrap(), None).unwrap()
}

/// Filters of which each differs from the first in one field. A new field does not compile until it is here: then give
/// the others the value that the first one has.
fn filters() -> Vec<RowFilter> {
    let plain = RowFilter {
        category: None,
        channel_type: None,
        reason: None,
        assignee: None,
    };
    let text = |text: &str| Some(text.to_owned());
    let categories = [Category::AiStuck, Category::AgentAbandoned, Category::Unassigned].map(|category| RowFilter {
        category: Some(category),
        ..plain.clone()
    });
    let reasons = [Reason::NoReply, Reason::NobodyAssigned].map(|reason| RowFilter {
        reason: Some(reason),
        ..plain.clone()
    });
    let channels = ["a", "a\",\"", "null"].map(|channel| RowFilter {
        channel_type: text(channel),
        ..plain.clone()
    });
    let assignees = ["a", "a\",\"", "null"].map(|assignee| RowFilter {
        assignee: text(assignee),
        ..plain.clone()
    });
    let filters = categories.into_iter().chain(reasons).chain(channels).chain(assignees);
    [plain.clone()].into_iter().chain(filters).collect()
}

#[test]
fn every_field_of_a_pages_identity_is_in_its_key() {
    let organizations = ["o", "p"].map(|id| access_of(json!({ "role": "ADMIN", "organizationId": id })).organization);
    let departments = |ids: &[&str]| Some(ids.iter().map(|id| (*id).to_owned()).collect());
    let plain = RowQuery {
        departments: None,
        filter: RowFilter::default(),
    };
    let queries: Vec<RowQuery> = [None, departments(&[]), departments(&["a"]), departments(&["a", "b"])]
        .map(|departments| RowQuery {
            departments,
            ..plain.clone()
        })
        .into_iter()
        .chain(filters().into_iter().skip(1).map(|filter| RowQuery {
            filter,
            ..plain.clone()
        }))
        .collect();
    let [organization, other_organization] = &organizations;
    let paging = Paging { page: 1, limit: 25 };
    let basis = PageBasis {
        version: 7,
        settings: SettingsId {
            threshold_minutes: 5,
            number: 0,
        },
        listed: ListedEntries {
            oldest: 1,
            ends: vec![3],
        },
    };
    let listed = |oldest: usize, ends: &[usize]| ListedEntries {
        oldest,
        ends: ends.to_vec(),
    };
    let settings = |threshold_minutes: i64, number: i64| SettingsId {
        threshold_minutes,
        number,
    };
    let bases = [
        PageBasis {
            version: 8,
            ..basis.clone()
        },
        PageBasis {
            settings: settings(6, 0),
            ..basis.clone()
        },
        PageBasis {
            settings: settings(5, 1),
            ..basis.clone()
        },
        PageBasis {
            listed: listed(0, &[3]),
            ..basis.clone()
        },
        PageBasis {
            listed: listed(1, &[4]),
            ..basis.clone()
        },
        PageBasis {
            listed: listed(1, &[3, 3]),
            ..basis.clone()
        },
    ];
    let identity = PageIdentity {
        database_fingerprint: "a",
        organization,
        basis: &basis,
        rows: &queries[0],
        paging,
    };
    let mut identities = vec![
        PageIdentity {
            database_fingerprint: "b",
            ..identity
        },
        PageIdentity {
            organization: other_organization,
            ..identity
        },
        PageIdentity {
            paging: Paging { page: 2, ..paging },
            ..identity
        },
        PageIdentity {
            paging: Paging { limit: 26, ..paging },
            ..identity
        },
    ];
    identities.extend(bases.iter().map(|basis| PageIdentity { basis, ..identity }));
    identities.extend(queries.iter().map(|rows| PageIdentity { rows, ..identity }));
    let keys: BTreeSet<String> = identities
        .iter()
        .map(|identity| KeyPrefix::PAGE.key(&identity.to_json().unwrap()).as_str().to_owned())
        .collect();
    assert_eq!(keys.len(), identities.len());
}

#[test]
fn every_field_of_a_request_is_in_its_query_or_its_etag() {
    let snapshot = |id: &str| Snapshot {
        id: Rc::from(id),
        version: 1,
        as_of: Timestamp::from_milliseconds(NOW),
        settings: Rc::default(),
        settings_id: SettingsId {
            threshold_minutes: 5,
            number: 0,
        },
    };
    let head = |source: HeadSource, threshold_minutes: i64| ResolvedHead {
        head: Rc::new(SnapshotHead {
            version: 1,
            retained_versions: Vec::new(),
            as_of: Timestamp::from_milliseconds(NOW),
            settings: Rc::new(Settings {
                threshold_minutes,
                ..Settings::default()
            }),
            settings_number: 0,
            last_run_ms: 0,
            generation: String::new(),
            database_fingerprint: String::new(),
        }),
        newest: None,
        source,
        rows_ahead: Vec::new(),
    };
    let admin = access_of(json!({ "role": "ADMIN", "organizationId": "o" }));
    let request = ReportRequest {
        filter: RowFilter::default(),
        skip_threshold: false,
        department_id: None,
        organization_id: None,
        snapshot: None,
    };
    let page = |page: u64, limit: u64| ReportFormat::Page(Paging { page, limit });

    let now = Timestamp::from_milliseconds(NOW);

    // What rows are asked for, in which form: each is a query of its own.
    let mut questions: Vec<(&ReadAccess, ReportRequest, ReportFormat)> = Vec::new();
    for format in [
        page(1, 25),
        page(2, 25),
        page(1, 26),
        ReportFormat::Summary,
        ReportFormat::Csv(Separator::Comma),
        ReportFormat::Csv(Separator::Semicolon),
        ReportFormat::Csv(Separator::Tab),
    ] {
        questions.push((&admin, request.clone(), format));
    }
    for filter in filters().into_iter().skip(1) {
        let request = ReportRequest {
            filter,
            ..request.clone()
        };
        questions.push((&admin, request, page(1, 25)));
    }
    for request in [
        ReportRequest {
            skip_threshold: true,
            ..request.clone()
        },
        ReportRequest {
            department_id: Some("d".to_owned()),
            ..request.clone()
        },
    ] {
        questions.push((&admin, request, page(1, 25)));
    }
    let other = access_of(json!({ "role": "ADMIN", "organizationId": "p" }));
    questions.push((&other, request.clone(), page(1, 25)));
    let (mut queries, mut etags) = (HashSet::new(), BTreeSet::new());
    for (access, request, format) in &questions {
        let head = head(HeadSource::Primary, 5);
        let report = ResolvedReport::new(access, request, *format, head, Some(snapshot("s")), now);
        etags.insert(report.etag().unwrap());
        queries.insert(report.slot.query);
    }
    assert_eq!(queries.len(), questions.len());
    assert_eq!(etags.len(), questions.len());

    // As of which snapshot, and who sees it: the query stays and the ETag differs.
    let viewers = [json!(null), json!("a"), json!("b")].map(|subject| {
        let mut claims = json!({ "role": "DEPARTMENT_HEAD", "organizationId": "o", "departmentIds": ["d"] });
        if !subject.is_null() {
            claims["sub"] = subject;
        }
        access_of(claims)
    });
    let of_department = ReportRequest {
        department_id: Some("d".to_owned()),
        ..request
    };
    let mut answers = vec![
        (&admin, head(HeadSource::Primary, 5), Some(snapshot("s"))),
        (&admin, head(HeadSource::StaleMemory, 5), Some(snapshot("s"))),
        (&admin, head(HeadSource::Primary, 5), Some(snapshot("t"))),
        (&admin, head(HeadSource::Primary, 5), None),
        (&admin, head(HeadSource::Primary, 6), None),
    ];
    for viewer in &viewers {
        answers.push((viewer, head(HeadSource::Primary, 5), Some(snapshot("s"))));
    }
    let (mut queries, mut etags, count) = (HashSet::new(), BTreeSet::new(), answers.len());
    let late = Timestamp::from_milliseconds(NOW + FRESH_MAX_MS + 1);
    let [old, stale] = [head(HeadSource::Primary, 5), head(HeadSource::StaleMemory, 5)].map(|head| {
        let pinned = Some(snapshot("s"));
        let report = ResolvedReport::new(&admin, &of_department, page(1, 25), head, pinned, late);
        report.etag().unwrap()
    });
    assert_eq!(old, stale, "an answer is stale or not, whatever the reason");
    for (access, head, snapshot) in answers {
        let report = ResolvedReport::new(access, &of_department, page(1, 25), head, snapshot, now);
        etags.insert(report.etag().unwrap());
        queries.insert(report.slot.query);
    }
    assert_eq!(queries.len(), 1);
    assert_eq!(etags.len(), count);
    assert!(etags.contains(&stale));
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
            let claims = Claims::from_payload(claims.to_string().as_bytes()).unwrap();
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
    // The example of RFC 7517 appendix A.1, and a token that names another key, so that the set is fetched.
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
            "", "/", "//", "/a", "/a/", "/A", "/%61", "/?a", "/?a=", "/?a=%0A", "/a?", "/page/4/",
        ] {
            let url = format!("https://{host}{path}");
            let (server, shared_cache) = (ScriptedServer::default(), MapCache::default());
            server.answer(SET);
            let ports = TestPorts {
                cryptography: &Native,
                server: &server,
                shared_cache: &shared_cache,
                trace: &Trace::default(),
            };
            let outcome = block_on(async {
                let authenticator = Authenticator::import(
                    &[],
                    Some(url.clone()),
                    ExpectedClaims::default(),
                    ClaimMapping::default(),
                    &Native,
                );
                let now = Timestamp::from_milliseconds(NOW);
                authenticator.await.unwrap().verify(TOKEN, &ports, now).await
            });
            assert!(outcome.is_err());
            let stored: Vec<String> = shared_cache.entries.borrow().keys().cloned().collect();
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
