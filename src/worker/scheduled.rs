//! The refresh, once for each tick of the cron.

use crate::base::timestamp::Timestamp;
use crate::refresh::{self, Finished, RefoldLimits, Run, Start};
use crate::storage::database::DatabaseError;
use crate::worker::bindings::d1::D1;
use crate::worker::bindings::{clock, random};
use crate::worker::isolate;
use crate::worker::log;
use crate::worker::log::Line;
use serde::Serialize;
use worker::{Env, ScheduledEvent};

/// The most failed organizations that a log line names.
const FAILURES_LOGGED_MAX: usize = 50;

/// The log line of a refresh that has finished.
#[derive(Serialize)]
struct RunLine<'a> {
    message: &'a str,
    run: &'a Run,
    failures: &'a [(String, String)],
}

/// Refreshes, logs the outcome in one line (the platform drops an error) and makes this isolate read the heads again.
pub async fn run(event: &ScheduledEvent, env: &Env) {
    // The milliseconds of a date are a whole number well below 2^53.
    let scheduled_at = Timestamp::from_milliseconds(event.schedule() as i64);
    match refresh_at(scheduled_at, env).await {
        Ok(finished) => {
            let failures = finished.failures.reasons();
            let failures = failures.get(..FAILURES_LOGGED_MAX).unwrap_or(failures);
            let line = RunLine {
                message: "refreshed",
                run: &finished.run,
                failures,
            };
            if failures.is_empty() {
                log::info(&line);
            } else {
                log::error(&line);
            }
        }
        Err(error) => log::error(&Line {
            message: "refresh failed",
            cause: Some(&error.to_string()),
            ..Line::default()
        }),
    }
    isolate::forget_heads();
}

async fn refresh_at(scheduled_at: Timestamp, env: &Env) -> Result<Finished, DatabaseError> {
    let change_token = random::token().map_err(|error| DatabaseError::Failed(error.to_string()))?;
    let start = Start {
        scheduled_at,
        change_token: &change_token,
        now: &clock::now,
        refold_limits: RefoldLimits::default(),
    };
    refresh::run(&D1::primary(env), start).await
}
