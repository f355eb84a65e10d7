//! Whether the service does its work, for the operator and for alarms.

mod sql;

use crate::base::strict_json::Object;
use crate::base::timestamp::{Timestamp, rfc3339};
use crate::base::trace::Trace;
use crate::connector::connection::Connection;
use crate::directory::connections::{count_troubled, days_statement};
use crate::refresh::{Run, percent_full};
use crate::storage::database::{Database, DatabaseError, Statement};
use serde::Serialize;

/// How old the last refresh may be, in seconds. By then two refreshes are missing, and a third should be running.
const REFRESH_AGE_MAX_SECONDS: i64 = 180;
/// How far ahead of the clock the last refresh may be, in seconds: clocks differ.
const REFRESH_AHEAD_MAX_SECONDS: i64 = 60;
/// The database counts as full from this share of its bytes on, in percent.
pub const FULL_PERCENT: u64 = 90;
/// How old a response to a caller without a token may be.
pub const RESPONSE_AGE_MAX_MS: i64 = 10_000;

/// The state of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// The state in one word.
    pub status: HealthStatus,
    /// `sound` or `misconfigured`. What is wrong with the configuration is in the log.
    pub configuration: &'static str,
    /// The last refresh that finished. `None` means that none has finished yet, or that the database is out of reach.
    pub last_refresh: Option<LastRefresh>,
    /// What only an operator may know. `None` means that the caller is none, or that the database is out of reach.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub backlog: Option<Backlog>,
    /// The binding of the database, in a list of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binding: Option<String>,
    /// The state of each database, if there are several and the caller is an operator.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shards: Vec<Self>,
}

/// Numbers over all organizations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Backlog {
    /// The rows of the published versions, by category.
    pub candidates: Object,
    /// Conversations whose items are stored without a record of the conversation: they are on no list.
    pub unknown_conversations: UnknownConversations,
    /// Since when the oldest change waits that no report shows yet. `None` means that there is none.
    #[serde(with = "rfc3339::optional")]
    pub pending_since: Option<Timestamp>,
    /// Whether conversations are being folded again after the rule has changed.
    pub is_refolding: bool,
    /// Organizations with more candidates than a version lists.
    pub truncated_organizations: i64,
    /// Connections to help desks that need a look.
    pub connections: TroubledConnections,
    /// Messages of alerts.
    pub alerts: AlertCounts,
    /// How full the database is.
    pub database: Fill,
}

/// What becomes of messages of alerts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertCounts {
    /// Destinations for which a message waits.
    pub waiting: i64,
    /// Those of them where an attempt has failed.
    pub failing: i64,
    /// Messages that were given up.
    pub given_up: i64,
}

/// How full a database is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fill {
    /// Its size, in bytes.
    pub bytes: u64,
    /// How much of what it may have that is, in percent.
    pub percent: u64,
}

/// How many connections need a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TroubledConnections {
    /// No authentic webhook has come for as long as the connection says.
    pub silent: i64,
    /// The last webhook was refused, or nothing of it could be taken in.
    pub failing: i64,
}

/// Conversations of which no record is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnknownConversations {
    /// How many there are.
    pub count: i64,
    /// Since when the oldest of them has been waiting for its record.
    #[serde(with = "rfc3339::optional")]
    pub since: Option<Timestamp>,
}

/// The worst problem. A later variant is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// There is none.
    Ok,
    /// The last refresh could not refresh some organizations, or did not get to them.
    Failing,
    /// No refresh has finished for three minutes, or the last one was for an instant that is still to come: then nobody
    /// can tell.
    Late,
    /// The database is nearly full: soon nothing more can be stored.
    Full,
    /// The database is out of reach.
    Unavailable,
    /// A variable or secret is missing or wrong: data routes answer 503.
    Misconfigured,
}

impl HealthStatus {
    /// What is wrong, if the service does not do its work: then `/health` answers 503, so that any uptime monitor sees
    /// it.
    const fn failure(self, is_ahead: bool) -> Option<&'static str> {
        match self {
            Self::Ok | Self::Failing => None,
            Self::Late if is_ahead => Some("The last refresh was for an instant that is still to come."),
            Self::Full => Some("The database is nearly full."),
            Self::Late => Some("No refresh has finished for three minutes."),
            Self::Unavailable => Some("The database is out of reach."),
            Self::Misconfigured => Some("The service is misconfigured. Its log names the variable."),
        }
    }
}

impl Health {
    /// The state of the service over several databases: that of the worst of them, and, for an operator, of each.
    /// `None` means that there is none.
    #[must_use]
    pub fn from_shards(mut shards: Vec<Self>, is_operator: bool) -> Option<Self> {
        if shards.len() < 2 {
            let only = shards.pop()?;
            return Some(Self { binding: None, ..only });
        }
        let worst = shards.iter().max_by_key(|health| health.status)?;
        Some(Self {
            backlog: None,
            binding: None,
            shards: if is_operator { shards.clone() } else { Vec::new() },
            ..worst.clone()
        })
    }

    /// What is wrong, if the service does not do its work.
    #[must_use]
    pub fn failure(&self) -> Option<&'static str> {
        let age_seconds = self.last_refresh.as_ref().map(|refresh| refresh.age_seconds);
        self.status.failure(age_seconds.is_some_and(|seconds| seconds < 0))
    }
}

/// The last refresh that finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LastRefresh {
    /// How many seconds ago the instant was that the refresh was for. Negative means that it is still to come.
    pub age_seconds: i64,
    /// What it did. `None` means that the caller is no operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
}

/// What the check needs to know of the configuration.
#[derive(Debug, Clone)]
pub struct Expectations<'a> {
    /// The connections to help desks of organizations in this database.
    pub connections: Vec<&'a Connection>,
    /// How large the database may become, in bytes.
    pub database_bytes_max: u64,
}

/// Checks the configuration, a database and its last refresh. It never fails. Only an operator is told numbers. No
/// `expectations` mean that the configuration is wrong.
pub async fn check_health<D: Database>(
    database: &D,
    expectations: Option<Expectations<'_>>,
    is_operator: bool,
    now: Timestamp,
    trace: &Trace,
) -> Health {
    let is_configured = expectations.is_some();
    let bytes_max = expectations.as_ref().map_or(0, |expected| expected.database_bytes_max);
    let connections = expectations.as_ref().map(|expected| expected.connections.as_slice());
    let read = read(database, connections.filter(|_| is_operator), bytes_max, now).await;
    if let Err(error) = &read {
        trace.warn(error.to_string());
    }
    let is_reachable = read.is_ok();
    let (run, percent, backlog) = read.unwrap_or_default();
    let age_seconds = run.as_ref().map(|run| now.milliseconds_since(run.as_of) / 1_000);
    let has_failures = run
        .as_ref()
        .is_some_and(|run| run.organizations_failed > 0 || run.organizations_left > 0);
    let status = match age_seconds {
        _ if !is_configured => HealthStatus::Misconfigured,
        _ if !is_reachable => HealthStatus::Unavailable,
        _ if percent >= FULL_PERCENT => HealthStatus::Full,
        None => HealthStatus::Late,
        Some(age_seconds) if !(-REFRESH_AHEAD_MAX_SECONDS..=REFRESH_AGE_MAX_SECONDS).contains(&age_seconds) => {
            HealthStatus::Late
        }
        Some(_) if has_failures => HealthStatus::Failing,
        Some(_) => HealthStatus::Ok,
    };
    Health {
        status,
        configuration: if is_configured { "sound" } else { "misconfigured" },
        last_refresh: age_seconds.map(|age_seconds| LastRefresh {
            age_seconds,
            run: run.filter(|_| is_operator),
        }),
        backlog,
        binding: None,
        shards: Vec::new(),
    }
}

/// What an operator may know is only read with the `connections`.
async fn read<D: Database>(
    database: &D,
    connections: Option<&[&Connection]>,
    bytes_max: u64,
    now: Timestamp,
) -> Result<(Option<Run>, u64, Option<Backlog>), DatabaseError> {
    let mut statements = vec![Statement::new(sql::LAST_RUN, [])];
    if connections.is_some() {
        statements.push(Statement::new(sql::COUNT_CANDIDATES, []));
        statements.push(Statement::new(sql::COUNT_UNKNOWN, []));
        statements.push(Statement::new(sql::COUNT_TRUNCATED, []));
        statements.push(days_statement(None, now));
        statements.push(Statement::new(sql::OLDEST_PENDING, []));
        statements.push(Statement::new(sql::COUNT_ALERTS, []));
    }
    let outcomes = database.batch(statements).await?;
    let rows = |number: usize| outcomes.get(number).map_or(&[][..], |outcome| &outcome.rows);
    let (mut run, mut is_refolding) = (None, false);
    if let Some(row) = rows(0).first() {
        let text = row.optional_text(0)?.map(serde_json::from_str).transpose();
        run = text.map_err(|_| DatabaseError::Decode("the last run is not what a run writes"))?;
        is_refolding = row.integer(1)? != 0;
    }
    let bytes = outcomes.last().map_or(0, |outcome| outcome.database_bytes);
    let percent = percent_full(bytes, bytes_max);
    let Some(connections) = connections else {
        return Ok((run, percent, None));
    };
    let (silent, failing) = count_troubled(connections, rows(4), now)?;
    let mut candidates = Object::new();
    for row in rows(1) {
        candidates.insert(row.text(0)?.to_owned(), row.integer(1)?.into());
    }
    let unknown = rows(2).first().ok_or(DatabaseError::Decode("a count is missing"))?;
    let oldest = rows(5).first().ok_or(DatabaseError::Decode("a count is missing"))?;
    let alerts = rows(6).first().ok_or(DatabaseError::Decode("a count is missing"))?;
    let backlog = Backlog {
        alerts: AlertCounts {
            waiting: alerts.integer(0)?,
            failing: alerts.integer(1)?,
            given_up: alerts.integer(2)?,
        },
        candidates,
        unknown_conversations: UnknownConversations {
            count: unknown.integer(0)?,
            since: unknown.optional_integer(1)?.map(Timestamp::from_milliseconds),
        },
        pending_since: oldest.optional_integer(0)?.map(Timestamp::from_milliseconds),
        is_refolding,
        truncated_organizations: rows(3).first().map_or(Ok(0), |row| row.integer(0))?,
        connections: TroubledConnections { silent, failing },
        database: Fill { bytes, percent },
    };
    Ok((run, percent, Some(backlog)))
}
