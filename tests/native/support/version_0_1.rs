//! What version 0.1 (commit 08bba32) has left behind: a database, which its worker has filled, and its statements.
//!
//! Both are in `data/version-0.1/` as they were; `make-database.mjs` there says how the database was made.

use super::history::{instant_text, own_id_field};
use super::oracle::Oracle;
use super::sqlite::Sqlite;
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::conversation::event::parse_event;
use conversation_monitor::conversation::record::Record;
use conversation_monitor::storage::database::{Database, DatabaseError, Row, SqlValue, Statement};
use serde_json::{Map, Value, json};

macro_rules! statement {
    ($name:literal) => {
        include_str!(concat!("../data/version-0.1/statements/", $name, ".sql"))
    };
}

/// The database, before the migrations that came after it.
pub fn database() -> Sqlite {
    let database = Sqlite::before("0003");
    database.execute(include_str!("../data/version-0.1/database.sql"));
    database
}

/// The events that say what is stored: one for each record.
pub fn stored_events(database: &Sqlite) -> Vec<Value> {
    let records = database.query("SELECT organization_id, type, record_id, updated_at, deleted, body FROM record");
    let event = |record: &Vec<String>| {
        let [organization_id, record_type, id, updated_at, deleted, body] = record.as_slice() else {
            panic!("six columns");
        };
        let mut event: Map<String, Value> = match body.as_str() {
            "" => Map::new(),
            body => serde_json::from_str(body).unwrap(),
        };
        event.insert("type".to_owned(), json!(record_type));
        event.insert("organizationId".to_owned(), json!(organization_id));
        event.insert(own_id_field(record_type).to_owned(), json!(id));
        event.insert("updatedAt".to_owned(), json!(instant_text(updated_at.parse().unwrap())));
        if deleted == "1" {
            event.insert("deleted".to_owned(), json!(true));
        }
        Value::Object(event)
    };
    records.iter().map(event).collect()
}

/// An oracle that knows what is stored, and nothing else.
pub fn oracle_of(database: &Sqlite) -> Oracle {
    let mut oracle = Oracle::default();
    oracle.take_in(&stored_events(database));
    oracle
}

/// The event as a source says it that knows version 0.1. `None` means that version 0.1 did not take it in.
pub fn without_new_fields(event: &Value) -> Option<Value> {
    let mut event = event.clone();
    let members = event.as_object_mut().unwrap();
    for name in [
        "revision",
        "assignedAt",
        "mergedAt",
        "startsWithAutopilot",
        "by",
        "receivedAt",
        "inReplyTo",
        "needsReply",
    ] {
        members.remove(name);
    }
    for (record_type, name) in [("contact", "mergedInto"), ("autopilot", "sequence")] {
        if event["type"] == record_type {
            event.as_object_mut().unwrap().remove(name);
        }
    }
    let is_unknown = event["type"] == "resolution"
        || event["kind"] == "opt_out"
        || (!event["snoozedAt"].is_null() && event["snoozedUntil"].is_null());
    (!is_unknown).then_some(event)
}

/// How the worker of version 0.1 leaves the conversations that it folds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldStates {
    /// Nobody waits in them, and that is to be published.
    NobodyWaits,
    /// As they were, so that there is nothing to be published.
    Unchanged,
}

/// What the worker of version 0.1 writes into a database, statement by statement.
pub struct OldWorker<'a> {
    database: &'a Sqlite,
    /// Its changes and runs so far.
    calls: i64,
}

impl<'a> OldWorker<'a> {
    pub fn new(database: &'a Sqlite) -> Self {
        Self { database, calls: 0 }
    }

    fn mark(&mut self) -> SqlValue {
        self.calls += 1;
        SqlValue::Text(format!("version 0.1, call {}", self.calls))
    }

    /// Takes in events, which must be without new fields, one by one.
    pub async fn ingest(&mut self, events: &[Value], now: i64) {
        for event in events {
            let record: Record = parse_event(0, event, Timestamp::from_milliseconds(now).into()).unwrap();
            let row = json!([[
                record.organization_id,
                record.record_type.as_str(),
                record.id,
                record.conversation_id,
                record.rank.updated_at.as_milliseconds(),
                i64::from(record.rank.deleted),
                record.body,
            ]]);
            let row = SqlValue::Text(row.to_string());
            let statements = vec![
                Statement::new(statement!("mark"), [row.clone(), self.mark()]),
                Statement::new(statement!("organizations"), [row.clone()]),
                Statement::new(statement!("hold"), [row.clone()]),
                Statement::new(statement!("move"), [row]),
            ];
            self.database.batch(statements).await.expect("the old ingest");
        }
    }

    /// Runs a refresh that folds and does not publish, and stops after so many batches. Returns whether it has stopped.
    pub async fn refresh(&mut self, scheduled_at: i64, states: OldStates, batches: usize) -> bool {
        match self.try_refresh(scheduled_at, states, batches).await {
            Ok(()) => false,
            Err(DatabaseError::Exhausted) => true,
            Err(error) => panic!("the old refresh: {error}"),
        }
    }

    async fn try_refresh(&mut self, scheduled_at: i64, states: OldStates, batches: usize) -> Result<(), DatabaseError> {
        let database = Stopping {
            database: self.database,
            left: std::cell::Cell::new(batches),
        };
        let claimed = database
            .batch(vec![
                Statement::new(statement!("claim"), [SqlValue::Integer(scheduled_at)]),
                Statement::new(statement!("mark_due"), [self.mark()]),
            ])
            .await?;
        let claim = &claimed[0].rows[0];
        let guard = Statement::new(statement!("guard"), [SqlValue::Integer(claim.integer(0)?)]);
        let list = Statement::new(
            statement!("fold_list"),
            ["".into(), "".into(), SqlValue::Integer(1_000)],
        );
        let listed = database.batch(vec![list]).await?;
        let state = |row: &Row| -> Result<Value, DatabaseError> {
            let (organization, conversation) = (row.text(0)?, row.text(1)?);
            let stored = self.database.query_with(
                "SELECT mark, candidate, due_at FROM pending AS p LEFT JOIN conversation_state AS s
                 ON s.organization_id = p.organization_id AND s.conversation_id = p.record_id
                 WHERE p.organization_id = ?1 AND p.type = 'conversation' AND p.record_id = ?2",
                &[organization, conversation],
            );
            let [mark, candidate, due_at] = stored[0].as_slice() else {
                panic!("three columns");
            };
            let or_null = |text: &str| (text != "null").then(|| text.to_owned());
            let due_at: Option<i64> = or_null(due_at).map(|due_at| due_at.parse().unwrap());
            Ok(match states {
                OldStates::NobodyWaits => json!([organization, conversation, mark, null, null, 1]),
                OldStates::Unchanged => json!([organization, conversation, mark, or_null(candidate), due_at, 0]),
            })
        };
        let states: Result<Vec<Value>, DatabaseError> = listed[0].rows.iter().map(state).collect();
        let states = SqlValue::Text(Value::Array(states?).to_string());
        let mut fold = vec![guard.clone()];
        for sql in [
            statement!("fold_store"),
            statement!("fold_clear"),
            statement!("fold_settle"),
            statement!("fold_forward"),
        ] {
            fold.push(Statement::new(sql, [states.clone()]));
        }
        database.batch(fold).await?;
        let run = json!({
            "asOf": instant_text(claim.integer(1)?), "organizationsSeen": 0, "organizationsPublished": 0,
            "organizationsFailed": 0, "conversationsFolded": 0, "rowsPublished": 0, "statements": 0, "rowsRead": 0,
            "rowsWritten": 0, "durationMs": 0,
        });
        let finish = [SqlValue::Integer(claim.integer(1)?), SqlValue::Text(run.to_string())];
        database
            .batch(vec![guard, Statement::new(statement!("finish"), finish)])
            .await?;
        Ok(())
    }
}

/// A database that is out of reach after some batches.
struct Stopping<'a> {
    database: &'a Sqlite,
    left: std::cell::Cell<usize>,
}

impl Stopping<'_> {
    async fn batch(
        &self,
        statements: Vec<Statement>,
    ) -> Result<Vec<conversation_monitor::storage::database::Outcome>, DatabaseError> {
        let left = self.left.get().checked_sub(1).ok_or(DatabaseError::Exhausted)?;
        self.left.set(left);
        self.database.batch(statements).await
    }
}
