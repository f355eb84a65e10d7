//! Stores what became of the webhooks of each connection, which is counted in memory until then.

use crate::base::timestamp::Timestamp;
use crate::directory::connections::store_tally;
use crate::worker::bindings::d1::D1;
use crate::worker::isolate::Service;
use crate::worker::log;
use crate::worker::log::Line;
use worker::Env;

/// Stores what has been counted of every connection whose organization's database has this binding. It ends with the first that
/// could not be stored.
pub async fn store_all(service: &Service, binding: &str, env: &Env, now: Timestamp) {
    let shards = &service.config.shards;
    for (index, connection) in service.config.connections.iter().enumerate() {
        let shard = shards.of(&connection.organization_id).shard;
        if *shards.binding(shard) == *binding && !store(service, index, env, now).await {
            return;
        }
    }
}

/// Stores what has been counted of the connection at `index`, at most once a minute. False means that the database failed.
/// Then it is kept in memory, and stored a minute later.
pub async fn store(service: &Service, index: usize, env: &Env, now: Timestamp) -> bool {
    let taken = service
        .counters
        .borrow_mut()
        .get_mut(index)
        .and_then(|counter| counter.take(now));
    let (Some(tally), Some(connection)) = (taken, service.config.connections.get(index)) else {
        return true;
    };
    let shards = &service.config.shards;
    let database = D1::primary(env, shards, shards.of(&connection.organization_id));
    let Err(error) = store_tally(&database, connection, &tally, now).await else {
        return true;
    };
    log::error(&Line {
        message: "counts of a connection not stored yet",
        cause: Some(&error.to_string()),
        ..Line::default()
    });
    if let Some(counter) = service.counters.borrow_mut().get_mut(index) {
        counter.tally.add_earlier(tally);
    }
    false
}
