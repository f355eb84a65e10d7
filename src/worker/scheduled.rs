//! The refresh: at each tick of the cron, or more often. `refreshes.js` says when.

use crate::base::timestamp::Timestamp;
use crate::config::SCHEDULE_AHEAD_MAX_MS_DEFAULT;
use crate::refresh::{self, Finished, Limits, Run, Start};
use crate::storage::database::DatabaseError;
use crate::worker::bindings::d1::D1;
use crate::worker::bindings::time_zones::calendar_of;
use crate::worker::bindings::{clock, random, runs};
use crate::worker::counts;
use crate::worker::isolate;
use crate::worker::isolate::Setup;
use crate::worker::log;
use crate::worker::log::Line;
use serde::Serialize;
use std::rc::Rc;
use worker::Env;

/// The most failed organizations that a log line names.
const FAILURES_LOGGED_MAX: usize = 50;

/// From this share of its bytes on, the log says that the database fills up, in percent.
const NEARLY_FULL_PERCENT: u64 = 70;

/// The log line of a refresh that has finished.
#[derive(Serialize)]
struct RunLine<'a> {
    message: &'a str,
    /// The binding of the database, if there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<&'a str>,
    run: &'a Run,
    failures: &'a [(String, String)],
}

/// The bindings of the databases that are to be refreshed.
pub async fn bindings(env: &Env) -> Vec<Rc<str>> {
    isolate::shards_of(&isolate::setup(env).await, env).bindings().to_vec()
}

/// Refreshes the database with a binding, and logs the outcome in one line, because the platform drops errors. If a run
/// has finished, this isolate reads the heads again; otherwise what it has in memory continues to answer. `at` is the
/// scheduled time in milliseconds since 1970.
pub async fn run(at: f64, binding: &Rc<str>, env: &Env) {
    let setup = isolate::setup(env).await;
    let has_several = !isolate::shards_of(&setup, env).is_one();
    let database = has_several.then_some(&**binding);
    // The milliseconds of a date are a whole number well below 2^53.
    let scheduled_at = Timestamp::from_milliseconds(at as i64);
    match refresh_at(scheduled_at, binding, env, &setup).await {
        Ok(Some(finished)) => {
            let failures = finished.failures.reasons();
            let failures = failures.get(..FAILURES_LOGGED_MAX).unwrap_or(failures);
            let line = RunLine {
                message: "refreshed",
                database,
                run: &finished.run,
                failures,
            };
            runs::write(env, binding, &finished.run);
            let has_room = finished.run.database_percent < NEARLY_FULL_PERCENT;
            if failures.is_empty() && finished.run.organizations_left == 0 && has_room {
                log::info(&line);
            } else {
                log::error(&line);
            }
            isolate::drop_heads(binding);
        }
        Ok(None) => log::info(&Line {
            message: "refresh skipped",
            database,
            cause: Some("another run is in progress"),
            ..Line::default()
        }),
        Err(error) => log::error(&Line {
            message: "refresh failed",
            database,
            cause: Some(&error.to_string()),
            ..Line::default()
        }),
    }
    // This isolate may have counted webhooks after which no others came.
    if let Ok(service) = &*setup {
        counts::store_all(service, binding, env, clock::now()).await;
    }
}

async fn refresh_at(
    scheduled_at: Timestamp,
    binding: &Rc<str>,
    env: &Env,
    setup: &Setup,
) -> Result<Option<Finished>, DatabaseError> {
    let change_token = random::token().map_err(|error| DatabaseError::Failed(error.to_string()))?;
    // Whatever is wrong with the configuration, the refresh goes on.
    let mut limits = Limits::default();
    let ahead_max_ms = match &**setup {
        Ok(service) => {
            limits.sweep.keep_timeline_ms = service.config.keep_timeline_ms;
            limits.database_bytes = service.config.database_bytes_max;
            limits.sweep.keep_conversation_ms = service.config.keep_conversation_ms;
            service.config.schedule_ahead_max_ms
        }
        // Nothing is forgotten until it is known how long it is kept.
        Err(_) => SCHEDULE_AHEAD_MAX_MS_DEFAULT,
    };
    let instant = refresh::instant_of(scheduled_at, clock::now(), ahead_max_ms);
    if instant != scheduled_at {
        log::error(&Line {
            message: "scheduled time not taken",
            cause: Some(&format!("{scheduled_at} is too far ahead of the clock")),
            ..Line::default()
        });
    }
    let start = Start {
        scheduled_at: instant,
        change_token: &change_token,
        now: &clock::now,
        limits,
        calendar_of: &calendar_of,
        enter_slice: &isolate::enter_slice,
        leave_slice: &isolate::leave_slice,
    };
    refresh::run(&D1::bound(env, binding).for_refresh(), start).await
}
