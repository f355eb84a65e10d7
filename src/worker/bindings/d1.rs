//! The database port, filled by D1.
//!
//! It calls the platform's own objects through `worker_sys`. The types of `worker::d1` leave out `served_by_primary` of a
//! result's `meta`, displaying their `D1Error` hangs the request, and they give rows only through serde.

use crate::storage::database::{Database, DatabaseError, Outcome, Row, SqlValue, Statement};
use crate::worker::bindings::message_of;
use futures::future::{Either, select};
use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::time::Duration;
use wasm_bindgen::{JsCast, JsValue};
use worker::js_sys::{Array, Object, Reflect};
use worker::wasm_bindgen_futures::JsFuture;
use worker::worker_sys::types::{D1Database, D1DatabaseSession, D1Result};
use worker::{Delay, Env};

/// How long an answer is waited for. The platform ends a query after 30 seconds; without a limit of our own it would end a
/// request whose database never answers with an error that is not ours.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// The same in a refresh, which nobody waits for, and whose batches are large.
const REFRESH_ANSWER_TIMEOUT: Duration = Duration::from_secs(35);
/// A session whose first query goes to the nearest replica.
const FIRST_UNCONSTRAINED: &str = "first-unconstrained";
/// A session whose first query goes to the primary.
const FIRST_PRIMARY: &str = "first-primary";

thread_local! {
    /// The newest state that this isolate has shown. None of its sessions shows an older one.
    static BOOKMARK: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The D1 database bound as `DB`, for one request. The binding is looked up when it is first needed.
pub struct D1 {
    env: Env,
    is_replicated: bool,
    answer_timeout: Duration,
    /// The session, if the database is replicated and has been asked.
    session: RefCell<Option<D1DatabaseSession>>,
    queries: Cell<usize>,
}

impl D1 {
    /// The primary, for writes and for reads that writes depend on.
    pub fn primary(env: &Env) -> Self {
        Self::new(env, false)
    }

    /// The nearest replica, for reports, once read replication is switched on. No query shows an older state than a query
    /// before it, whether of this request or of another request of the isolate.
    pub fn nearest(env: &Env) -> Self {
        Self::new(env, true)
    }

    fn new(env: &Env, is_replicated: bool) -> Self {
        Self {
            env: env.clone(),
            is_replicated,
            answer_timeout: ANSWER_TIMEOUT,
            session: RefCell::default(),
            queries: Cell::default(),
        }
    }

    /// How many queries it has made.
    pub fn queries(&self) -> usize {
        self.queries.get()
    }

    /// The same for a refresh.
    pub fn for_refresh(mut self) -> Self {
        self.answer_timeout = REFRESH_ANSWER_TIMEOUT;
        self
    }

    fn binding(&self) -> Result<D1Database, DatabaseError> {
        let binding = Reflect::get(&self.env, &JsValue::from_str("DB")).unwrap_or_default();
        if binding.is_undefined() {
            return Err(DatabaseError::Failed("the binding DB is missing".to_owned()));
        }
        Ok(binding.unchecked_into())
    }

    /// The session of this request, or a new one from `constraint` if there is one.
    fn session(&self, constraint: Option<&str>) -> Result<D1DatabaseSession, DatabaseError> {
        let mut session = self.session.borrow_mut();
        if let (Some(session), None) = (&*session, constraint) {
            return Ok(session.clone());
        }
        let begun = BOOKMARK.with_borrow(|bookmark| {
            let constraint = constraint.or(bookmark.as_deref()).unwrap_or(FIRST_UNCONSTRAINED);
            self.binding()?
                .with_session(Some(constraint))
                .map_err(|error| failure(&error))
        })?;
        Ok(session.insert(begun).clone())
    }

    async fn batch_in_session(
        &self,
        statements: Vec<Statement>,
        constraint: Option<&str>,
    ) -> Result<Vec<Outcome>, DatabaseError> {
        let session = self.session(constraint)?;
        // A session has the methods of a database.
        let outcomes = batch(session.unchecked_ref(), statements, self.answer_timeout).await?;
        if let Ok(Some(bookmark)) = session.get_bookmark() {
            BOOKMARK.set(Some(bookmark));
        }
        Ok(outcomes)
    }
}

impl Database for D1 {
    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, DatabaseError> {
        self.queries.update(|queries| queries + statements.len());
        if self.is_replicated {
            self.batch_in_session(statements, None).await
        } else {
            batch(&self.binding()?, statements, self.answer_timeout).await
        }
    }

    async fn batch_at_primary(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, DatabaseError> {
        if self.is_replicated {
            self.queries.update(|queries| queries + statements.len());
            self.batch_in_session(statements, Some(FIRST_PRIMARY)).await
        } else {
            self.batch(statements).await
        }
    }
}

async fn batch(
    database: &D1Database,
    statements: Vec<Statement>,
    answer_timeout: Duration,
) -> Result<Vec<Outcome>, DatabaseError> {
    let prepared = Array::new();
    for statement in &statements {
        let parameters: Array = statement.parameters.iter().map(to_js).collect();
        let bound = database.prepare(&statement.sql).and_then(|sql| sql.bind(parameters));
        prepared.push(&bound.map_err(|error| failure(&error))?.into());
    }
    let promise = database.batch(prepared).map_err(|error| failure(&error))?;
    let results = match select(JsFuture::from(promise), pin!(Delay::from(answer_timeout))).await {
        Either::Left((results, _)) => results.map_err(|error| failure(&error))?,
        Either::Right(_) => return Err(DatabaseError::Failed("no answer in time".to_owned())),
    };
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
            // In the order of the columns, because their names are different and none is an integer. A native test holds
            // that against every statement.
            let cells = Object::values(row.unchecked_ref::<Object>());
            cells
                .iter()
                .map(|cell| from_js(&cell))
                .collect::<Result<_, _>>()
                .map(Row)
        })
        .collect::<Result<_, _>>()?;
    let meta = result.meta().map_err(|error| failure(&error))?;
    let member = |name: &str| Reflect::get(&meta, &JsValue::from_str(name)).unwrap_or_default();
    let count = |name: &str| member(name).as_f64().map_or(0, |count| count as u64);
    Ok(Outcome {
        rows,
        changes: count("changes"),
        rows_read: count("rows_read"),
        rows_written: count("rows_written"),
        database_bytes: count("size_after"),
        is_from_replica: member("served_by_primary") == JsValue::FALSE,
    })
}

/// D1's own message. It never contains the text of a statement or a parameter.
fn failure(error: &JsValue) -> DatabaseError {
    DatabaseError::from_message(message_of(error, "D1 failed"))
}
