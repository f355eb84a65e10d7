//! What the entry module asks about alerts; `alerts/queue.js` says when.

use crate::alert::deliver;
use crate::alert::detect;
use crate::alert::message::QueueMessage;
use crate::alert::stalls::DeliveryOutcome;
use crate::storage::database::DatabaseError;
use crate::worker::bindings::clock;
use crate::worker::bindings::d1::D1;
use crate::worker::bindings::time_zones::calendar_of;
use crate::worker::isolate::{self, Service, Setup};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;
use worker::js_sys::Promise;
use worker::wasm_bindgen_futures::future_to_promise;

/// Checks the next organizations after `after` in the database with a binding: a promise of JSON.
#[wasm_bindgen(js_name = detectAlerts)]
pub fn detect(after: String, database: String, env: Env) -> Promise {
    future_to_promise(async move {
        let setup = isolate::setup(&env).await;
        let shards = &service(&setup)?.config.shards;
        let is_own = |id: &str| *shards.binding(shards.of(id).shard) == *database;
        let bound = D1::bound(&env, &Rc::from(database.as_str()));
        let found = detect::detect(&bound, &calendar_of, &is_own, &after, clock::now()).await;
        Ok(JsValue::from_str(&found.map_err(error)?.to_string()))
    })
}

/// Returns what a message says or, if there is an `outcome`, notes what became of it: a promise of JSON.
#[wasm_bindgen(js_name = deliverAlert)]
pub fn deliver(
    organization_id: String,
    destination_id: String,
    number: f64,
    outcome: Option<String>,
    problem: Option<String>,
    env: Env,
) -> Promise {
    future_to_promise(async move {
        let message = QueueMessage {
            organization_id: &organization_id,
            destination_id: &destination_id,
            // A count of milliseconds and messages, well below 2^53.
            number: number as i64,
        };
        let outcome = outcome.map(|outcome| match outcome.as_str() {
            "delivered" => DeliveryOutcome::Delivered,
            "refused" => DeliveryOutcome::Refused,
            "given up" => DeliveryOutcome::GivenUp,
            _ => DeliveryOutcome::Unknown,
        });
        let ended = outcome.map(|outcome| (outcome, problem.as_deref()));
        let setup = isolate::setup(&env).await;
        let shards = &service(&setup)?.config.shards;
        let database = D1::primary(&env, shards, shards.of(&organization_id));
        let result = deliver::deliver(&database, &calendar_of, message, ended, clock::now()).await;
        Ok(JsValue::from_str(&result.map_err(error)?))
    })
}

fn service(setup: &Setup) -> Result<&Service, JsValue> {
    let service = setup.as_ref().as_ref();
    service.map_err(|_| JsValue::from_str("the service is misconfigured"))
}

fn error(error: DatabaseError) -> JsValue {
    JsValue::from_str(&error.to_string())
}
