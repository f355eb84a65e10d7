//! The database port filled by D1.
//!
//! Rows are taken from D1's own objects cell by cell: `worker` would read them through serde, which displays errors
//! in a way that hangs the request and knows no integers beyond 32 bits on the way in.

use crate::bindings::message_of;
use crate::ports::{Cell, Database, DatabaseError, Outcome, Row, Statement};
use js_sys::{Array, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use worker::worker_sys::types::{D1Database as Binding, D1Result};

/// A D1 database.
pub struct D1(Binding);

impl D1 {
    /// The database bound as `DB`.
    ///
    /// # Errors
    /// Where there is no such binding.
    pub fn new(env: &worker::Env) -> Result<Self, DatabaseError> {
        let database = env
            .d1("DB")
            .map_err(|_| DatabaseError::Failed("the binding DB is missing".to_owned()))?;
        Ok(Self(JsValue::from(database).unchecked_into()))
    }
}

impl Database for D1 {
    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, DatabaseError> {
        let prepared = statements
            .iter()
            .map(|statement| {
                let parameters: Array = statement.parameters.iter().map(to_js).collect();
                self.0.prepare(statement.sql)?.bind(parameters)
            })
            .collect::<Result<Vec<_>, JsValue>>()
            .map_err(|error| failure(&error))?;
        let prepared: Array = prepared.into_iter().map(JsValue::from).collect();
        let promise = self.0.batch(prepared).map_err(|error| failure(&error))?;
        let results = JsFuture::from(promise).await.map_err(|error| failure(&error))?;
        Array::from(&results)
            .iter()
            .map(|result| outcome(&result.unchecked_into()))
            .collect()
    }
}

fn to_js(cell: &Cell) -> JsValue {
    match cell {
        Cell::Null => JsValue::NULL,
        // A JS number: D1 takes no BigInt. Integers of the schema have at most 53 bits.
        Cell::Integer(integer) => JsValue::from_f64(*integer as f64),
        Cell::Text(text) => JsValue::from_str(text),
    }
}

fn from_js(value: &JsValue) -> Result<Cell, DatabaseError> {
    if let Some(text) = value.as_string() {
        Ok(Cell::Text(text))
    } else if let Some(number) = value.as_f64() {
        Ok(Cell::Integer(number as i64))
    } else if value.is_null() || value.is_undefined() {
        Ok(Cell::Null)
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
            let cells = Object::values(row.unchecked_ref::<Object>());
            cells
                .iter()
                .map(|cell| from_js(&cell))
                .collect::<Result<_, _>>()
                .map(Row)
        })
        .collect::<Result<_, _>>()?;
    let meta = result.meta().map_err(|error| failure(&error))?;
    let count = |name: &str| {
        let value = Reflect::get(&meta, &JsValue::from_str(name)).ok();
        value.and_then(|value| value.as_f64()).map_or(0, |count| count as u64)
    };
    Ok(Outcome {
        rows,
        changes: count("changes"),
        rows_read: count("rows_read"),
        rows_written: count("rows_written"),
    })
}

/// D1's own message; the text of a statement or a parameter is never in it.
fn failure(error: &JsValue) -> DatabaseError {
    DatabaseError::of_message(message_of(error, "D1 failed"))
}
