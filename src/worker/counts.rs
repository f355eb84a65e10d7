//! Stores what became of the webhooks of each connection, which is counted in memory until then.

use crate::base::timestamp::Timestamp;
use crate::directory::connections::store_tally;
use crate::worker::bindings::d1::D1;
use crate::worker::isolate::Service;
use crate::worker::log;
use crate::worker::log::Line;

/// Stores what has been counted of every connection. It ends with the first that could not be stored.
pub async fn store_all(service: &Service, database: &D1, now: Timestamp) {
    for index in 0..service.config.connections.len() {
        if !store(service, index, database, now).await {
            return;
        }
    }
}

/// Stores what has been counted of the connection at `index`, at most once a minute. False means that the database failed.
/// Then it is kept in memory, and stored a minute later.
pub async fn store(service: &Service, index: usize, database: &D1, now: Timestamp) -> bool {
    let taken = service
        .counters
        .borrow_mut()
        .get_mut(index)
        .and_then(|counter| counter.take(now));
    let (Some(tally), Some(connection)) = (taken, service.config.connections.get(index)) else {
        return true;
    };
    let Err(error) = store_tally(database, connection, &tally, now).await else {
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
