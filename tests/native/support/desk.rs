//! An isolate that answers reports, with a page cache and a database that can go wrong.

use super::history::many_candidates;
use super::oracle::Oracle;
use super::service::Service;
use conversation_monitor::api::error::ApiError;
use conversation_monitor::auth::access::{ReadAccess, read_access};
use conversation_monitor::auth::claims::Claims;
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::base::trace::Trace;
use conversation_monitor::report::cache::IsolateCache;
use conversation_monitor::report::json::Answer;
use conversation_monitor::report::request::{ReportFormat, ReportRequest};
use conversation_monitor::report::service::Reader;
use conversation_monitor::storage::database::Database;
use conversation_monitor::storage::shared_cache::{SharedCache, SharedCacheError};
use futures_executor::block_on;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

/// The service's clock.
pub const NOW: i64 = 1_780_000_000_000;
pub const MINUTE: i64 = 60_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mood {
    Well,
    Empty,
    Failing,
    Garbage,
    /// Every key holds the page that was stored last.
    Confused,
}

/// A page cache that can go wrong.
pub struct Pages {
    pub mood: Cell<Mood>,
    stored: RefCell<HashMap<String, String>>,
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
    async fn get(&self, key: &str) -> Result<Option<String>, SharedCacheError> {
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

    fn put(&self, key: String, value: String, seconds: u64) {
        assert!(seconds >= 60, "KV takes no shorter life");
        assert!(key.len() <= 512, "KV takes no longer key");
        assert!(!value.contains("hasAccess"), "a view is in the shared cache");
        self.puts.set(self.puts.get() + 1);
        *self.last.borrow_mut() = value.clone();
        self.stored.borrow_mut().insert(key, value);
    }
}

pub fn access(claims: Value) -> ReadAccess {
    let mut claims = claims;
    claims["exp"] = json!(1);
    read_access(&Claims::read(claims.to_string().as_bytes()).unwrap(), None).unwrap()
}

/// Sees all of organization `o`.
pub fn admin() -> ReadAccess {
    access(json!({ "role": "ADMIN", "organizationId": "o" }))
}

/// Asks an isolate that remembers `memory`; no head is older than `head_max_age_ms`.
pub fn answer<D: Database>(
    (database, pages, memory): (&D, &Pages, &RefCell<IsolateCache>),
    head_max_age_ms: i64,
    (form, access, query): (ReportFormat, &ReadAccess, &str),
    if_none_match: Option<&str>,
    now: i64,
) -> Result<Answer, ApiError> {
    let trace = Trace::default();
    let reader = Reader {
        database,
        pages,
        memory,
        head_max_age_ms,
        trace: &trace,
    };
    let request = match form {
        ReportFormat::Report => ReportRequest::read(query),
        ReportFormat::Summary | ReportFormat::Csv => ReportRequest::read_unpaged(query),
    };
    let now = Timestamp::from_milliseconds(now);
    block_on(reader.answer(form, access, &request.unwrap(), if_none_match, now))
}

/// What a report's body says.
pub fn data_of(answer: &Answer) -> Value {
    let body: Value = serde_json::from_str(answer.body.as_ref().expect("a body")).unwrap();
    body["data"].clone()
}

/// One isolate over one database.
pub struct Desk {
    pub service: Service,
    pub oracle: Oracle,
    pub pages: Pages,
    pub memory: RefCell<IsolateCache>,
}

impl Desk {
    pub fn new(mood: Mood, candidates: usize) -> Self {
        let desk = Self {
            service: Service::default(),
            oracle: Oracle::default(),
            pages: Pages::new(mood),
            memory: RefCell::default(),
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

    pub fn answer(
        &self,
        access: &ReadAccess,
        query: &str,
        if_none_match: Option<&str>,
        now: i64,
    ) -> Result<Answer, ApiError> {
        let isolate = (&self.service.database, &self.pages, &self.memory);
        answer(
            isolate,
            5_000,
            (ReportFormat::Report, access, query),
            if_none_match,
            now,
        )
    }

    pub fn ask(&self, access: &ReadAccess, query: &str, now: i64) -> Result<Value, ApiError> {
        self.answer(access, query, None, now).map(|answer| data_of(&answer))
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
