//! The database port, filled by D1.
//!
//! It calls the platform's own objects, mostly through `worker_sys`. The types of `worker::d1` leave out
//! `served_by_primary` of a result's `meta`, displaying their `D1Error` hangs the request, and they give rows only
//! through serde.

use crate::storage::database::{Database, DatabaseError, Outcome, Row, SqlValue, Statement};
use crate::storage::shards::{Assignment, Shards};
use crate::worker::bindings::{message_of, timer};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;
use worker::js_sys::{Array, Object};
use worker::worker_sys::types::{D1Database, D1DatabaseSession, D1Result};

/// How long to wait for a response. The platform ends a query after 30 seconds; without a limit of our own, a request
/// whose database never answers would end with an error that is not ours.
const RESPONSE_TIMEOUT_MS: u32 = 10_000;
/// The same in a refresh, which nobody is waiting for, and whose batches are large.
const REFRESH_RESPONSE_TIMEOUT_MS: u32 = 35_000;
/// A session whose first query goes to the nearest replica.
const FIRST_UNCONSTRAINED: &str = "first-unconstrained";
/// A session whose first query goes to the primary.
const FIRST_PRIMARY: &str = "first-primary";

#[wasm_bindgen]
extern "C" {
    /// The bindings of the worker, by their names.
    type Bindings;

    #[wasm_bindgen(method, structural, indexing_getter)]
    fn get(this: &Bindings, name: &str) -> Option<D1Database>;

    /// What a result says of its statement.
    type Meta;

    #[wasm_bindgen(method, getter)]
    fn changes(this: &Meta) -> Option<f64>;

    #[wasm_bindgen(method, getter)]
    fn rows_read(this: &Meta) -> Option<f64>;

    #[wasm_bindgen(method, getter)]
    fn rows_written(this: &Meta) -> Option<f64>;

    #[wasm_bindgen(method, getter)]
    fn size_after(this: &Meta) -> Option<f64>;

    #[wasm_bindgen(method, getter)]
    fn served_by_primary(this: &Meta) -> Option<bool>;
}

thread_local! {
    /// The newest state of each database that this isolate has shown. None of its sessions shows an older one.
    static BOOKMARKS: RefCell<Vec<(Rc<str>, String)>> = const { RefCell::new(Vec::new()) };
}

/// A D1 database, for one request. The binding is looked up when it is first needed.
pub struct D1 {
    env: Env,
    binding: Rc<str>,
    /// Another database that also gets whatever is sent to the primary.
    second: Option<Rc<str>>,
    is_replicated: bool,
    response_timeout_ms: u32,
    /// The session, if the database is replicated and has been asked.
    session: RefCell<Option<D1DatabaseSession>>,
    queries: Cell<usize>,
}

impl D1 {
    /// The primary of the database with a binding, and no other.
    pub fn bound(env: &Env, binding: &Rc<str>) -> Self {
        Self {
            env: env.clone(),
            binding: Rc::clone(binding),
            second: None,
            is_replicated: false,
            response_timeout_ms: RESPONSE_TIMEOUT_MS,
            session: RefCell::default(),
            queries: Cell::default(),
        }
    }

    /// The primary of an organization's database, for writes and for reads that writes depend on. While the
    /// organization is moved, the other database gets the same first: a write that only one of them has was not
    /// confirmed yet.
    pub fn primary(env: &Env, shards: &Shards, assignment: Assignment) -> Self {
        Self {
            second: assignment.second.map(|second| shards.binding(second)),
            ..Self::bound(env, &shards.binding(assignment.shard))
        }
    }

    /// The nearest replica, for reports, once read replication is switched on. No query shows an older state than a
    /// query before it, whether of this request or of another request of the isolate.
    pub fn nearest(env: &Env, shards: &Shards, assignment: Assignment) -> Self {
        Self {
            is_replicated: true,
            ..Self::bound(env, &shards.binding(assignment.shard))
        }
    }

    /// The same for changes: what is sent to the primary also goes to the other database of the assignment.
    pub fn for_changes(mut self, shards: &Shards, assignment: Assignment) -> Self {
        self.second = assignment.second.map(|second| shards.binding(second));
        self
    }

    /// How many queries it has made.
    pub fn queries(&self) -> usize {
        self.queries.get()
    }

    /// The same for a refresh.
    pub fn for_refresh(self) -> Self {
        self.within(REFRESH_RESPONSE_TIMEOUT_MS)
    }

    /// The same, waiting at most this long for a response.
    pub fn within(mut self, response_timeout_ms: u32) -> Self {
        self.response_timeout_ms = response_timeout_ms;
        self
    }

    fn database(&self, name: &str) -> Result<D1Database, DatabaseError> {
        let database = self.env.unchecked_ref::<Bindings>().get(name);
        database.ok_or_else(|| DatabaseError::Failed(format!("the binding {name} is missing")))
    }

    /// The session of this request, or a new one from `constraint` if there is one.
    fn session(&self, constraint: Option<&str>) -> Result<D1DatabaseSession, DatabaseError> {
        let mut session = self.session.borrow_mut();
        if let (Some(session), None) = (&*session, constraint) {
            return Ok(session.clone());
        }
        let begun = BOOKMARKS.with_borrow(|bookmarks| {
            let bookmark = bookmarks.iter().find(|(binding, _)| *binding == self.binding);
            let bookmark = bookmark.map(|(_, bookmark)| bookmark.as_str());
            let constraint = constraint.or(bookmark).unwrap_or(FIRST_UNCONSTRAINED);
            self.database(&self.binding)?
                .with_session(Some(constraint))
                .map_err(|error| failure(&error))
        })?;
        Ok(session.insert(begun).clone())
    }

    /// Runs the statements in a batch, for a change at the primary of the other database first. There is one place that
    /// waits for a database, because the compiler makes a copy of the code for each.
    async fn run(&self, statements: Vec<Statement>, is_at_primary: bool) -> Result<Vec<Outcome>, DatabaseError> {
        self.queries.update(|queries| queries + statements.len());
        let second = self.second.as_ref().filter(|_| is_at_primary || !self.is_replicated);
        let mut outcomes = Vec::new();
        for binding in second.into_iter().chain([&self.binding]) {
            let session = if self.is_replicated && *binding == self.binding {
                Some(self.session(is_at_primary.then_some(FIRST_PRIMARY))?)
            } else {
                None
            };
            // A session has the methods of a database.
            let database = match &session {
                Some(session) => session.unchecked_ref::<D1Database>().clone(),
                None => self.database(binding)?,
            };
            outcomes = batch(&database, &statements, self.response_timeout_ms).await?;
            if let Some(Ok(Some(bookmark))) = session.map(|session| session.get_bookmark()) {
                BOOKMARKS.with_borrow_mut(
                    |bookmarks| match bookmarks.iter_mut().find(|(known, _)| known == binding) {
                        Some((_, known)) => *known = bookmark,
                        None => bookmarks.push((Rc::clone(binding), bookmark)),
                    },
                );
            }
        }
        Ok(outcomes)
    }
}

impl Database for D1 {
    fn batch(&self, statements: Vec<Statement>) -> impl Future<Output = Result<Vec<Outcome>, DatabaseError>> {
        self.run(statements, false)
    }

    fn batch_at_primary(
        &self,
        statements: Vec<Statement>,
    ) -> impl Future<Output = Result<Vec<Outcome>, DatabaseError>> {
        self.run(statements, true)
    }
}

async fn batch(
    database: &D1Database,
    statements: &[Statement],
    response_timeout_ms: u32,
) -> Result<Vec<Outcome>, DatabaseError> {
    let prepared = Array::new();
    for statement in statements {
        let parameters: Array = statement.parameters.iter().map(to_js).collect();
        let bound = database.prepare(&statement.sql).and_then(|sql| sql.bind(parameters));
        prepared.push(&bound.map_err(|error| failure(&error))?.into());
    }
    let promise = database.batch(prepared).map_err(|error| failure(&error))?;
    let results = timer::within(response_timeout_ms, &promise).await;
    let results = results.map_err(|error| failure(&error))?;
    if results.is_undefined() {
        return Err(DatabaseError::Failed("no response in time".to_owned()));
    }
    Array::from(&results)
        .iter()
        .map(|result| outcome(&result.unchecked_into()))
        .collect()
}

fn to_js(cell: &SqlValue) -> JsValue {
    match cell {
        SqlValue::Null => JsValue::NULL,
        // As a number, because D1 takes no BigInt. The integers of the schema have at most 53 bits.
        SqlValue::Integer(integer) => JsValue::from_f64(*integer as f64),
        SqlValue::Text(text) => JsValue::from_str(text),
    }
}

fn from_js(value: &JsValue) -> Result<SqlValue, DatabaseError> {
    if let Some(text) = value.as_string() {
        Ok(SqlValue::Text(text))
    } else if let Some(number) = value.as_f64() {
        Ok(SqlValue::Integer(number as i64))
    } else if value.is_null() || value.is_undefined() {
        Ok(SqlValue::Null)
    } else {
        Err(DatabaseError::Decode("a value is neither text nor a number"))
    }
}

fn outcome(result: &D1Result) -> Result<Outcome, DatabaseError> {
    let results = result.results().map_err(|error| failure(&error))?;
    let rows = results
        .iter()
        .flat_map(|results| results.iter())
        .map(|row| {
            // In the order of the columns, because their names are different and none is an integer. A native test
            // checks that for every statement.
            let cells = Object::values(row.unchecked_ref::<Object>());
            cells
                .iter()
                .map(|cell| from_js(&cell))
                .collect::<Result<_, _>>()
                .map(Row)
        })
        .collect::<Result<_, _>>()?;
    let meta: Meta = result.meta().map_err(|error| failure(&error))?.unchecked_into();
    let count = |count: Option<f64>| count.map_or(0, |count| count as u64);
    Ok(Outcome {
        rows,
        changes: count(meta.changes()),
        rows_read: count(meta.rows_read()),
        rows_written: count(meta.rows_written()),
        database_bytes: count(meta.size_after()),
        is_from_replica: meta.served_by_primary() == Some(false),
    })
}

/// D1's own message. It never contains the text of a statement or a parameter.
fn failure(error: &JsValue) -> DatabaseError {
    DatabaseError::from_message(message_of(error, "D1 failed"))
}
