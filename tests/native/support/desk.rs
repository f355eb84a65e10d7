//! An isolate that answers reports, with a shared cache and a database that can go wrong.

use super::history::many_candidates;
use super::oracle::Oracle;
use super::service::Service;
use super::sqlite::Sqlite;
use super::zones::calendar_of;
use conversation_monitor::auth::access::{OrganizationId, ReadAccess, read_access};
use conversation_monitor::auth::claims::Claims;
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::base::trace::Trace;
use conversation_monitor::directory::settings::{ChangeError, change_settings};
use conversation_monitor::directory::settings_change::parse_change;
use conversation_monitor::report::cache::IsolateCache;
use conversation_monitor::report::context::ReportContext;
use conversation_monitor::report::error::ReportError;
use conversation_monitor::report::poll::PollSchedule;
use conversation_monitor::report::request::{PageRequest, ReportRequest, TrendRequest};
use conversation_monitor::report::service::{ReportResponse, respond_with_page, respond_with_summary};
use conversation_monitor::report::trend::respond_with_trend;
use conversation_monitor::snapshot::settings::Settings;
use conversation_monitor::storage::database::Database;
use conversation_monitor::storage::shared_cache::{CacheKey, SharedCache, SharedCacheError};
use futures::executor::block_on;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

pub use super::{MINUTE, NOW};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mood {
    Well,
    Empty,
    Failing,
    Garbage,
    /// Every key has the page that was stored last.
    Confused,
}

/// A page cache that can go wrong.
pub struct Pages {
    pub mood: Cell<Mood>,
    stored: RefCell<HashMap<CacheKey, String>>,
    last: RefCell<String>,
    pub gets: Cell<u32>,
    pub hits: Cell<u32>,
    pub puts: Cell<u32>,
}

impl Pages {
    pub fn new(mood: Mood) -> Self {
        Self {
            mood: Cell::new(mood),
            stored: RefCell::default(),
            last: RefCell::default(),
            gets: Cell::new(0),
            hits: Cell::new(0),
            puts: Cell::new(0),
        }
    }
}

impl SharedCache for Pages {
    async fn get(&self, key: &CacheKey) -> Result<Option<String>, SharedCacheError> {
        self.gets.set(self.gets.get() + 1);
        match self.mood.get() {
            Mood::Empty => Ok(None),
            Mood::Failing => Err(SharedCacheError("out of order".to_owned())),
            Mood::Garbage => Ok(Some("garbage".to_owned())),
            Mood::Confused => Ok(Some(self.last.borrow().clone())),
            Mood::Well => {
                let found = self.stored.borrow().get(key).cloned();
                self.hits.set(self.hits.get() + u32::from(found.is_some()));
                Ok(found)
            }
        }
    }

    fn put(&self, key: CacheKey, value: String, seconds: u64) {
        assert!(seconds >= 60, "KV takes no shorter life");
        assert!(key.as_str().len() <= 512, "KV takes no longer key");
        assert!(!value.contains("hasAccess"), "a view is in the shared cache");
        self.puts.set(self.puts.get() + 1);
        *self.last.borrow_mut() = value.clone();
        self.stored.borrow_mut().insert(key, value);
    }
}

pub fn access(claims: Value) -> ReadAccess {
    let mut claims = claims;
    claims["exp"] = json!(1);
    read_access(&Claims::from_payload(claims.to_string().as_bytes()).unwrap(), None).unwrap()
}

/// Sees all of organization `o`.
pub fn admin() -> ReadAccess {
    access(json!({ "role": "ADMIN", "organizationId": "o" }))
}

/// An isolate: what it caches, and what it reads from.
pub struct Isolate<'a, D> {
    pub database: &'a D,
    pub pages: &'a Pages,
    pub cache: &'a RefCell<IsolateCache>,
    /// How old a cached head may be.
    pub head_max_age_ms: i64,
}

impl<D: Database> Isolate<'_, D> {
    fn context<'a>(&'a self, trace: &'a Trace) -> ReportContext<'a, D, Pages> {
        ReportContext {
            database: self.database,
            shared_cache: self.pages,
            isolate_cache: self.cache,
            calendar_of: &calendar_of,
            head_max_age_ms: self.head_max_age_ms,
            schedule: PollSchedule::new(MINUTE, None),
            trace,
        }
    }

    /// Asks for a page of the report.
    pub fn page(
        &self,
        access: &ReadAccess,
        query: &str,
        if_none_match: Option<&str>,
        now: i64,
    ) -> Result<ReportResponse, ReportError> {
        let (trace, now) = (Trace::default(), Timestamp::from_milliseconds(now));
        let request = PageRequest::parse(query).unwrap();
        block_on(respond_with_page(
            &self.context(&trace),
            access,
            &request,
            if_none_match,
            now,
        ))
    }

    /// Asks for a summary.
    pub fn summary(
        &self,
        access: &ReadAccess,
        query: &str,
        if_none_match: Option<&str>,
        now: i64,
    ) -> Result<ReportResponse, ReportError> {
        let (trace, now) = (Trace::default(), Timestamp::from_milliseconds(now));
        let request = ReportRequest::parse(query).unwrap();
        block_on(respond_with_summary(
            &self.context(&trace),
            access,
            &request,
            if_none_match,
            now,
        ))
    }

    /// Asks for the course of the last days: `data` of the answer.
    pub fn trend(&self, access: &ReadAccess, query: &str, now: i64) -> Result<Value, ReportError> {
        let (trace, now) = (Trace::default(), Timestamp::from_milliseconds(now));
        let request = TrendRequest::parse(query, false).unwrap();
        let answer = block_on(respond_with_trend(&self.context(&trace), access, &request, now));
        answer.map(|trend| serde_json::to_value(trend.data(access)).unwrap())
    }

    /// Changes settings as the body of a PUT says; those that are in force then.
    pub fn change_settings(
        &self,
        organization: &OrganizationId,
        body: &Value,
        now: i64,
    ) -> Result<Settings, ChangeError> {
        let (trace, now) = (Trace::default(), Timestamp::from_milliseconds(now));
        let change = parse_change(body.to_string().as_bytes()).expect("a change of settings");
        let answer = block_on(change_settings(&self.context(&trace), organization, &change, now));
        answer.map(|answer| answer.settings)
    }
}

/// `data` of an answer's body.
pub fn data_of(answer: &ReportResponse) -> Value {
    let body: Value = serde_json::from_str(answer.body.as_ref().expect("a body")).unwrap();
    body["data"].clone()
}

/// What something cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Batches of the database.
    pub batches: u64,
    /// Statements of the database.
    pub statements: u64,
    /// Gets of the page cache.
    pub kv_gets: u32,
    /// Puts into the page cache.
    pub kv_puts: u32,
}

impl Cost {
    pub const NONE: Self = Self {
        batches: 0,
        statements: 0,
        kv_gets: 0,
        kv_puts: 0,
    };
}

/// One isolate over one database.
pub struct Desk {
    pub service: Service,
    pub oracle: Oracle,
    pub pages: Pages,
    pub cache: RefCell<IsolateCache>,
}

impl Desk {
    pub fn new(mood: Mood, candidates: usize) -> Self {
        let desk = Self {
            service: Service::default(),
            oracle: Oracle::default(),
            pages: Pages::new(mood),
            cache: RefCell::default(),
        };
        desk.with(&many_candidates("o", NOW, candidates))
    }

    pub fn with(mut self, events: &[Value]) -> Self {
        self.oracle.take_in(events);
        block_on(async {
            self.service.ingest_all(events, NOW).await;
            self.service.refresh(NOW).await.unwrap();
        });
        self
    }

    pub fn isolate(&self) -> Isolate<'_, Sqlite> {
        self.isolate_with(&self.cache)
    }

    /// Another isolate over the same database and page cache.
    pub fn isolate_with<'a>(&'a self, cache: &'a RefCell<IsolateCache>) -> Isolate<'a, Sqlite> {
        Isolate {
            database: &self.service.database,
            pages: &self.pages,
            cache,
            head_max_age_ms: 5_000,
        }
    }

    pub fn ask(&self, access: &ReadAccess, query: &str, now: i64) -> Result<Value, ReportError> {
        let answer = self.isolate().page(access, query, None, now);
        answer.map(|answer| data_of(&answer))
    }

    /// Does something; what it costs. A fault of the database ends here.
    pub fn cost_of<T>(&self, work: impl FnOnce() -> T) -> (T, Cost) {
        self.service.database.set_fault(None);
        let (gets, puts) = (self.pages.gets.get(), self.pages.puts.get());
        let result = work();
        let (statements, batches) = self.service.database.counts();
        let cost = Cost {
            batches,
            statements,
            kv_gets: self.pages.gets.get() - gets,
            kv_puts: self.pages.puts.get() - puts,
        };
        (result, cost)
    }

    /// Makes the people of each row so long that they and the row's JSON have `bytes` bytes, an SQL expression.
    pub fn lengthen_rows(&self, bytes: &str) {
        self.service.database.execute(&format!(
            "UPDATE snapshot_row
            SET people = '[\"' || substr(hex(zeroblob(50000)), 1, ({bytes}) - octet_length(json) - 4) || '\"]'"
        ));
    }

    /// The rows of all pages.
    pub fn walk(&self, access: &ReadAccess, query: &str, limit: usize) -> Vec<Value> {
        let mut rows = Vec::new();
        for page in 1.. {
            let data = self
                .ask(access, &format!("{query}&limit={limit}&page={page}"), NOW)
                .unwrap();
            let found = data["rows"].as_array().unwrap();
            assert_eq!(data["pagination"]["total"], data["totalCount"]);
            let pages = data["totalCount"].as_u64().unwrap().div_ceil(limit as u64);
            assert_eq!(data["pagination"]["totalPages"], pages);
            if found.is_empty() {
                assert_eq!(rows.len() as u64, data["totalCount"].as_u64().unwrap());
                return rows;
            }
            rows.extend(found.iter().cloned());
        }
        panic!("pages without an end")
    }
}
