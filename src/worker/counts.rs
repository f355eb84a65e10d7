//! Stores what became of the webhooks of each connection. Until then it is counted in memory.

use crate::base::timestamp::Timestamp;
use crate::directory::connections::store_tally;
use crate::worker::bindings::d1::D1;
use crate::worker::isolate::Service;
use crate::worker::log;
use crate::worker::log::Line;
use worker::Env;

/// Stores what has been counted for every connection whose organization's database has this binding. It stops at the
/// first one that could not be stored.
pub async fn store_all(service: &Service, binding: &str, env: &Env, now: Timestamp) {
    let shards = &service.config.shards;
    for (index, connection) in service.config.connections.iter().enumerate() {
        let shard = shards.of(&connection.organization_id).shard;
        if *shards.binding(shard) == *binding && !store(service, index, env, now).await {
            return;
        }
    }
}

/// Stores what has been counted for the connection at `index`. If this or another isolate has stored anything for it
/// within a minute, it stays in memory. It stays there, too, if the database fails, and then this returns false.
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
    let stored_at = match store_tally(&database, connection, &tally, now).await {
        Ok(None) => return true,
        Ok(stored_at) => stored_at,
        Err(error) => {
            log::error(&Line {
                message: "counts of a connection not stored yet",
                cause: Some(&error.to_string()),
                ..Line::default()
            });
            None
        }
    };
    if let Some(counter) = service.counters.borrow_mut().get_mut(index) {
        counter.put_back(tally, stored_at);
    }
    stored_at.is_some()
}
