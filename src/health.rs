//! Whether the service does its work, for the operator and for alarms.

use crate::base::timestamp::Timestamp;
use crate::base::trace::Trace;
use crate::refresh::Run;
use crate::storage::database::{Database, DatabaseError, Statement, rows_of};
use serde::Serialize;

/// How old the last refresh may be, in seconds. By then two refreshes are missing, and a third should be running.
const REFRESH_AGE_MAX_SECONDS: i64 = 180;

/// The state of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// The state in one word.
    pub status: Status,
    /// `sound` or `misconfigured`. What is wrong with the configuration is in the log.
    pub configuration: &'static str,
    /// The last refresh that finished. `None` means that none has finished yet, or that the database is out of reach.
    pub last_refresh: Option<LastRefresh>,
}

/// The worst problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// There is none.
    Ok,
    /// The last refresh could not refresh some organizations.
    Failing,
    /// No refresh has finished for three minutes.
    Late,
    /// The database is out of reach.
    Unavailable,
    /// A variable or secret is missing or wrong: data routes answer 503.
    Misconfigured,
}

/// The last refresh that finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LastRefresh {
    /// How old the instant is that it is as of, in seconds.
    pub age_seconds: i64,
    /// What it did.
    pub run: Run,
}

/// Checks the configuration, the database and the last refresh. It never fails.
pub async fn check_health<D: Database>(database: &D, is_configured: bool, now: Timestamp, trace: &Trace) -> Health {
    let read = last_run(database).await;
    if let Err(error) = &read {
        trace.warn(error.to_string());
    }
    let is_reachable = read.is_ok();
    let last_refresh = read.ok().flatten().map(|run| LastRefresh {
        age_seconds: now.milliseconds_since(run.as_of) / 1_000,
        run,
    });
    let status = match &last_refresh {
        _ if !is_configured => Status::Misconfigured,
        _ if !is_reachable => Status::Unavailable,
        None => Status::Late,
        Some(last) if last.age_seconds > REFRESH_AGE_MAX_SECONDS => Status::Late,
        Some(last) if last.run.organizations_failed > 0 => Status::Failing,
        Some(_) => Status::Ok,
    };
    Health {
        status,
        configuration: if is_configured { "sound" } else { "misconfigured" },
        last_refresh,
    }
}

async fn last_run<D: Database>(database: &D) -> Result<Option<Run>, DatabaseError> {
    let outcomes = database
        .batch(vec![Statement::new("SELECT run FROM refresh", [])])
        .await?;
    let [rows] = rows_of(outcomes)?;
    let text = rows.first().map(|row| row.optional_text(0)).transpose()?.flatten();
    text.map(serde_json::from_str)
        .transpose()
        .map_err(|_| DatabaseError::Decode("the last run is not what a run writes"))
}
