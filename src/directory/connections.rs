//! How the connections to help desks are doing.

use crate::auth::access::OrganizationId;
use crate::base::timestamp::{DAY_MS, MINUTE_MS, Timestamp};
use crate::connector::connection::{CONNECTIONS_MAX, Connection};
use crate::connector::tally::{COUNTS, STORE_EVERY_MS, WebhookTally};
use crate::directory::sql;
use crate::report::error::ReportError;
use crate::storage::database::{Database, DatabaseError, Row, SqlValue, Statement};
use serde_json::{Map, Value, json};

/// How many days before today are kept.
const DAYS_KEPT: i64 = 30;
/// The most rows that are read: some may be of connections that no longer exist.
const ROWS_MAX: i64 = 2 * (CONNECTIONS_MAX as i64) * (DAYS_KEPT + 1);
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// The names of the counts of a tally.
const COUNTED: [&str; COUNTS] = ["mapped", "partly", "unknown", "unmappable", "refused"];

/// Adds what webhooks of a connection became to what is stored of today, unless any instance of the worker has stored
/// something of the connection within a minute. Then it returns when that was.
///
/// # Errors
/// [`DatabaseError`]. Then the counts are most likely not stored.
pub async fn store_tally<D: Database>(
    database: &D,
    connection: &Connection,
    tally: &WebhookTally,
    now: Timestamp,
) -> Result<Option<Timestamp>, DatabaseError> {
    let today = day_of(now);
    let key: Vec<SqlValue> = vec![
        today.into(),
        connection.organization_id.as_str().into(),
        connection.connection_id.as_str().into(),
    ];
    let mut parameters = key.clone();
    parameters.extend(tally.counts.map(SqlValue::from));
    for number in [
        tally.seen,
        tally.received_at,
        tally.mapped_at,
        tally.problem_at,
        tally.refused_at,
    ] {
        parameters.push(number.into());
    }
    parameters.push(tally.skew_ms.map_or(SqlValue::Null, SqlValue::from));
    for text in [&tally.problem, &tally.refusal] {
        parameters.push(text.as_deref().map_or(SqlValue::Null, SqlValue::from));
    }
    parameters.extend([now.as_milliseconds(), STORE_EVERY_MS].map(SqlValue::from));
    let add = Statement::new(sql::ADD_CONNECTION_DAY, parameters);
    let first_day = today.saturating_sub(DAYS_KEPT);
    let remove = Statement::new(sql::REMOVE_CONNECTION_DAYS, [first_day.into()]);
    let last = Statement::new(sql::LAST_STORED, key);
    let outcomes = database.batch(vec![add, remove, last]).await?;
    let is_stored = outcomes.first().is_some_and(|outcome| outcome.changes > 0);
    let last = outcomes.last().and_then(|outcome| outcome.rows.first());
    match last {
        Some(row) if !is_stored => Ok(row.optional_integer(0)?.map(Timestamp::from_milliseconds)),
        _ => Ok(None),
    }
}

/// The statement that reads the days of the connections of an organization, or of all of them.
pub fn days_statement(organization: Option<&OrganizationId>, now: Timestamp) -> Statement {
    let organization = organization.map_or(SqlValue::Null, |organization| organization.as_str().into());
    let first_day = day_of(now).saturating_sub(DAYS_KEPT);
    Statement::new(
        sql::LIST_CONNECTION_DAYS,
        [organization, first_day.into(), ROWS_MAX.into()],
    )
}

/// How each connection of an organization is doing: what `GET /api/organizations/{organizationId}/connections` answers.
/// `unsaved` has, for each of the `connections`, what this isolate has counted and not stored yet.
///
/// # Errors
/// [`ReportError::OrganizationNotFound`] if the organization does not exist and has no connection either;
/// [`ReportError::Unavailable`] if the database is out of reach.
pub async fn read_connections<D: Database>(
    database: &D,
    organization: &OrganizationId,
    connections: &[Connection],
    unsaved: Vec<WebhookTally>,
    now: Timestamp,
) -> Result<Value, ReportError> {
    let exists = Statement::new(sql::ORGANIZATION_EXISTS, [organization.as_str().into()]);
    let outcomes = database
        .batch(vec![days_statement(Some(organization), now), exists])
        .await?;
    let rows = |number: usize| outcomes.get(number).map_or(&[][..], |outcome| &outcome.rows);
    let mut list = Vec::new();
    for (connection, mut tally) in connections.iter().zip(unsaved) {
        if connection.organization_id == organization.as_str() {
            tally.add_earlier(tally_of(connection, rows(0), now)?);
            list.push(status_of(connection, &tally, now));
        }
    }
    // A connection is configured before its organization's first webhook makes the organization.
    if list.is_empty() && rows(1).is_empty() {
        return Err(ReportError::OrganizationNotFound);
    }
    Ok(json!({ "organizationId": organization.as_str(), "connections": list }))
}

/// How many connections are silent, and how many are failing.
///
/// # Errors
/// [`DatabaseError::Decode`].
pub fn count_troubled(connections: &[&Connection], rows: &[Row], now: Timestamp) -> Result<(i64, i64), DatabaseError> {
    let (mut silent, mut failing) = (0_i64, 0_i64);
    for connection in connections {
        let tally = tally_of(connection, rows, now)?;
        silent = silent.saturating_add(is_silent(connection, &tally, now).into());
        failing = failing.saturating_add(is_failing(&tally).into());
    }
    Ok((silent, failing))
}

fn day_of(now: Timestamp) -> i64 {
    now.as_milliseconds().div_euclid(DAY_MS)
}

/// What the rows say of a connection: the counts of today, all else of all days. The last day comes first.
fn tally_of(connection: &Connection, rows: &[Row], now: Timestamp) -> Result<WebhookTally, DatabaseError> {
    let mut total = WebhookTally::default();
    for row in rows {
        if row.text(1)? != connection.organization_id || row.text(2)? != connection.connection_id {
            continue;
        }
        let mut day = WebhookTally {
            seen: row.integer(8)?,
            received_at: row.integer(9)?,
            mapped_at: row.integer(10)?,
            problem_at: row.integer(11)?,
            refused_at: row.integer(12)?,
            skew_ms: row.optional_integer(13)?,
            problem: row.optional_text(14)?.map(str::to_owned),
            refusal: row.optional_text(15)?.map(str::to_owned),
            ..WebhookTally::default()
        };
        if row.integer(0)? == day_of(now) {
            for (index, count) in (3..).zip(&mut day.counts) {
                *count = row.integer(index)?;
            }
        }
        total.add_earlier(day);
    }
    Ok(total)
}

fn is_silent(connection: &Connection, tally: &WebhookTally, now: Timestamp) -> bool {
    let silence_ms = now.milliseconds_since(Timestamp::from_milliseconds(tally.received_at));
    silence_ms > connection.settings.silent_hours.saturating_mul(HOUR_MS)
}

/// Whether the last webhook was refused, or nothing of it could be taken in.
fn is_failing(tally: &WebhookTally) -> bool {
    tally.refused_at > tally.received_at || tally.problem_at > tally.mapped_at
}

fn status_of(connection: &Connection, tally: &WebhookTally, now: Timestamp) -> Value {
    let mut today = Map::new();
    for (name, count) in COUNTED.iter().zip(tally.counts) {
        today.insert((*name).to_owned(), count.into());
    }
    // If nothing has come at all, nothing can be said about single kinds of webhooks.
    let is_new = tally.received_at == 0;
    let webhooks = (0_u32..).zip(connection.kind.webhooks());
    let never_seen = webhooks.filter(|(bit, _)| !is_new && tally.seen >> bit & 1 == 0);
    let never_seen: Vec<Value> = never_seen.map(|(_, name)| Value::from(*name)).collect();
    let mut problem: Value = tally
        .problem
        .as_deref()
        .and_then(|problem| serde_json::from_str(problem).ok())
        .unwrap_or_default();
    if let Some(problem) = problem.as_object_mut() {
        problem.insert("at".to_owned(), instant(tally.problem_at));
    }
    let refusal = tally.refusal.as_deref().map_or(
        Value::Null,
        |cause| json!({ "at": instant(tally.refused_at), "cause": cause }),
    );
    json!({
        "connectionId": connection.connection_id,
        "kind": connection.kind.name(),
        "lastReceivedAt": instant(tally.received_at),
        "lastMappedAt": instant(tally.mapped_at),
        "isSilent": is_silent(connection, tally, now),
        "isFailing": is_failing(tally),
        "clockSkewMs": tally.skew_ms,
        "today": today,
        "neverSeen": never_seen,
        "lastProblem": problem,
        "lastRefusal": refusal,
    })
}

/// An instant as text; null if it never was.
fn instant(milliseconds: i64) -> Value {
    if milliseconds == 0 {
        return Value::Null;
    }
    Value::String(Timestamp::from_milliseconds(milliseconds).to_string())
}
