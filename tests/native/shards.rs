//! Several databases give the answers of one.

use crate::support::desk::{Isolate, MINUTE, Mood, NOW, Pages, access, data_of};
use crate::support::history::{HistoryOptions, Random, many_candidates, random_history};
use crate::support::seeds;
use crate::support::service::Service;
use crate::support::sqlite::Sqlite;
use conversation_monitor::auth::access::{INGEST_SCOPE, ingest_access};
use conversation_monitor::auth::claims::Claims;
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::directory::scopes::{Scopes, ScopesRequest, read_scopes};
use conversation_monitor::ingest::parse::{BodyFormat, parse_events};
use conversation_monitor::ingest::store::{Receipt, store_records};
use conversation_monitor::report::cache::{IsolateCache, PagePolicy};
use conversation_monitor::storage::database::{Database, DatabaseError, Outcome, Statement};
use conversation_monitor::storage::shards::{BUCKETS, Shards, bucket_of};
use futures::executor::block_on;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// A database that belongs to somebody else.
struct Borrowed<'a>(&'a Sqlite);

impl Database for Borrowed<'_> {
    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, DatabaseError> {
        self.0.batch(statements).await
    }
}

/// Some shards, of which each has some buckets, in some ranges; while a range is moved it has two databases.
fn random_shards(random: &mut Random, count: usize) -> Shards {
    let mut ranges = Vec::new();
    let mut first = 0;
    while first < BUCKETS {
        let last = (first + 1 + random.below(300) as u16).min(BUCKETS) - 1;
        let database = random.below(count);
        let second = random.below(count);
        let moved = if second != database && random.chance(25) {
            format!(">D{second}")
        } else {
            String::new()
        };
        ranges.push(format!("{first}-{last}:D{database}{moved}"));
        first = last + 1;
    }
    Shards::parse(&ranges.join(",")).unwrap()
}

/// The databases of the shards, and the service over each.
struct Several {
    shards: Shards,
    services: Vec<Service>,
}

impl Several {
    fn over(shards: Shards) -> Self {
        let services = shards.bindings().iter().map(|_| Service::default()).collect();
        Self { shards, services }
    }

    /// Takes in events as one request, as the route does.
    async fn ingest(&self, events: &[Value], now: i64) -> Receipt {
        let now = Timestamp::from_milliseconds(now);
        let body = json!({ "events": events }).to_string();
        let parsed = || {
            let parsed = parse_events(BodyFormat::Json, body.as_bytes(), now).unwrap().all_good();
            let claims = json!({ "exp": 1, "role": "SUPERADMIN", "scope": INGEST_SCOPE }).to_string();
            let claims = Claims::from_payload(claims.as_bytes()).unwrap();
            let records = ingest_access(&claims, parsed.unwrap().records).unwrap();
            records.by_shard(&self.shards)
        };
        let mut receipt = Receipt::default();
        let store = async |shard: usize, records| {
            let service: &Service = &self.services[shard];
            store_records(&service.database, records, &service.change_token(), now).await
        };
        for ((assignment, first), (_, again)) in parsed().into_iter().zip(parsed()) {
            if let Some(second) = assignment.second {
                store(second, first).await.unwrap();
            }
            receipt.add(store(assignment.shard, again).await.unwrap());
        }
        receipt.with_remarks(Vec::new(), None)
    }

    fn of(&self, organization_id: &str) -> &Service {
        &self.services[self.shards.of(organization_id).shard]
    }
}

fn scopes(databases: &[&Sqlite], shards: &Shards, claims: Value, query: &str) -> Option<Scopes> {
    let mut claims = claims;
    claims["exp"] = json!(1);
    let claims = Claims::from_payload(claims.to_string().as_bytes()).unwrap();
    let databases: Vec<Borrowed<'_>> = databases.iter().map(|database| Borrowed(database)).collect();
    let request = ScopesRequest::parse(query).unwrap();
    block_on(read_scopes(&databases, shards, &claims, &request)).ok()
}

#[test]
fn several_databases_answer_as_one() {
    let mut spread = BTreeSet::new();
    for seed in seeds(12) {
        let mut random = Random::new(seed);
        let count = 2 + random.below(4);
        let several = Several::over(random_shards(&mut random, count));
        let one = Service::default();
        let options = HistoryOptions {
            now: NOW,
            organizations: 8,
            conversations: 6,
            events: 400,
        };
        let history = random_history(seed, &options);
        let mut events = history.as_slice();
        while !events.is_empty() {
            let (request, rest) = events.split_at(events.len().min(1 + random.below(120)));
            events = rest;
            let expected = block_on(one.ingest(request, NOW)).unwrap();
            assert_eq!(block_on(several.ingest(request, NOW)), expected, "seed {seed}");
        }
        block_on(one.refresh(NOW)).unwrap();
        for service in &several.services {
            block_on(service.refresh(NOW)).unwrap();
        }
        let organizations: BTreeSet<&str> = history
            .iter()
            .filter_map(|event| event["organizationId"].as_str())
            .collect();
        let databases: Vec<&Sqlite> = several.services.iter().map(|service| &service.database).collect();
        for id in &organizations {
            spread.insert(several.shards.of(id).shard);
            assert_eq!(several.of(id).snapshot(id), one.snapshot(id), "seed {seed}, {id}");
            let admin = || json!({ "role": "ADMIN", "organizationId": id });
            let expected = scopes(&[&one.database], &Shards::default(), admin(), "");
            assert_eq!(
                scopes(&databases, &several.shards, admin(), ""),
                expected,
                "seed {seed}, {id}"
            );
        }
        for (claims, query) in [
            (json!({ "role": "SUPERADMIN" }), ""),
            (
                json!({ "role": "SUPERADMIN", "organizationId": organizations.first() }),
                "",
            ),
            (json!({ "role": "SUPERADMIN" }), "search=o"),
        ] {
            let expected = scopes(&[&one.database], &Shards::default(), claims.clone(), query);
            assert_eq!(
                scopes(&databases, &several.shards, claims, query),
                expected,
                "seed {seed}"
            );
        }
    }
    assert!(spread.len() > 2, "{spread:?}");
}

#[test]
fn an_isolate_caches_what_is_in_several_databases() {
    let ids = ["o1", "o"];
    assert!(bucket_of("o1") <= 200 && bucket_of("o") > 200);
    let several = Several::over(Shards::parse("0-200:DB,201-1023:DB_1").unwrap());
    for (id, candidates) in ids.into_iter().zip([10, 20]) {
        block_on(async {
            several
                .of(id)
                .ingest_all(&many_candidates(id, NOW, candidates), NOW)
                .await;
            several.of(id).refresh(NOW).await.unwrap();
        });
    }
    let policy = PagePolicy {
        memory_bytes_max: 1 << 20,
        share_after_ms: MINUTE,
    };
    let cache = RefCell::new(IsolateCache::new(policy).over(several.shards.clone()));
    let pages = Pages::new(Mood::Empty);
    // The rows of the report, and the batches that it took.
    let ask = |id: &str, now: i64| {
        let database = &several.of(id).database;
        database.set_fault(None);
        let isolate = Isolate {
            database,
            pages: &pages,
            cache: &cache,
            head_max_age_ms: 5_000,
        };
        let admin = access(json!({ "role": "ADMIN", "organizationId": id }));
        let answer = isolate.page(&admin, "", None, now).unwrap();
        let rows = data_of(&answer)["rows"].clone();
        (rows, database.counts().1)
    };
    let rows: Vec<Value> = ids.map(|id| ask(id, NOW).0).into();
    assert_ne!(rows[0], rows[1]);
    for (id, rows) in ids.iter().zip(&rows) {
        assert_eq!(ask(id, NOW), (rows.clone(), 0), "from memory");
    }

    // A head of the one is read again, and the other's stays.
    cache.borrow_mut().clear_heads_in("DB_1");
    assert_eq!(ask("o", NOW), (rows[1].clone(), 1));
    assert_eq!(ask("o1", NOW), (rows[0].clone(), 0));

    // The database of the one was restored, and counts its versions again.
    let [_, restored] = several.services.as_slice() else {
        panic!("two databases");
    };
    restored.database.execute("UPDATE refresh SET generation = 'another'");
    restored
        .database
        .execute("UPDATE snapshot_row SET json = replace(json, 'c', 'd') WHERE organization_id = 'o'");
    let (changed, _) = ask("o", NOW + 6_000);
    assert_ne!(changed, rows[1]);
    assert_eq!(ask("o1", NOW + 6_000).0, rows[0]);
}
