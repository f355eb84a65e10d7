//! Ingest and refresh over SQLite, and the snapshots that they publish, read without the service's own reader.

use super::oracle::Oracle;
use super::sqlite::Sqlite;
use super::zones::calendar_of;
use conversation_monitor::auth::access::{INGEST_SCOPE, ingest_access};
use conversation_monitor::auth::claims::Claims;
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::ingest::parse::{BodyFormat, parse_events};
use conversation_monitor::ingest::store::{Receipt, store_records};
use conversation_monitor::refresh::{self, Finished, Limits, RefoldLimits, Start};
use conversation_monitor::storage::database::DatabaseError;
use serde_json::{Value, json};
use std::cell::Cell;
use std::collections::HashMap;

#[derive(Default)]
pub struct Service {
    pub database: Sqlite,
    calls: Cell<u64>,
}

/// A row as it is published: its JSON, and the people who have access.
pub type SnapshotRow = (String, Vec<String>);

impl Service {
    pub fn on(database: Sqlite) -> Self {
        Self {
            database,
            ..Self::default()
        }
    }

    /// A change token that is new with each call.
    pub fn change_token(&self) -> String {
        self.calls.set(self.calls.get() + 1);
        format!("call {}", self.calls.get())
    }

    /// Takes in events as one request. `now` is the service's clock.
    pub async fn ingest(&self, events: &[Value], now: i64) -> Result<Receipt, DatabaseError> {
        let body = json!({ "events": events }).to_string();
        let now = Timestamp::from_milliseconds(now);
        let parsed = parse_events(BodyFormat::Json, body.as_bytes(), now).expect("a body");
        let records = parsed.all_good().expect("valid events").records;
        let claims = json!({ "exp": 1, "role": "SUPERADMIN", "scope": INGEST_SCOPE }).to_string();
        let records = ingest_access(&Claims::from_payload(claims.as_bytes()).unwrap(), records).expect("permitted");
        store_records(&self.database, records, &self.change_token(), now).await
    }

    /// Takes in any number of events, in requests of at most 1,000.
    pub async fn ingest_all(&self, events: &[Value], now: i64) {
        for events in events.chunks(1_000) {
            self.ingest(events, now).await.expect("ingest");
        }
    }

    /// Runs a refresh. The clock says the instant that it is scheduled for.
    ///
    /// # Panics
    /// If another run has the lease.
    pub async fn refresh(&self, scheduled_at: i64) -> Result<Finished, DatabaseError> {
        self.refresh_within(scheduled_at, Limits::default()).await
    }

    /// A refresh that folds no more again than `refold`.
    pub async fn refresh_with(&self, scheduled_at: i64, refold: RefoldLimits) -> Result<Finished, DatabaseError> {
        let limits = Limits {
            refold,
            ..Limits::default()
        };
        self.refresh_within(scheduled_at, limits).await
    }

    /// A refresh that does no more than `limits`.
    pub async fn refresh_within(&self, scheduled_at: i64, limits: Limits) -> Result<Finished, DatabaseError> {
        let now = || Timestamp::from_milliseconds(scheduled_at);
        let finished = self.try_refresh(scheduled_at, limits, &now).await?;
        Ok(finished.expect("no other run has the lease"))
    }

    /// A refresh by a clock. `None` means that another run has the lease.
    pub async fn try_refresh(
        &self,
        scheduled_at: i64,
        limits: Limits,
        now: &dyn Fn() -> Timestamp,
    ) -> Result<Option<Finished>, DatabaseError> {
        let start = Start {
            scheduled_at: Timestamp::from_milliseconds(scheduled_at),
            change_token: &self.change_token(),
            now,
            limits,
            calendar_of: &calendar_of,
            enter_slice: &|_| Box::pin(async {}),
            leave_slice: &|| {},
        };
        refresh::run(&self.database, start).await
    }

    /// The rows of an organization's published version. `None` means that there is none.
    pub fn snapshot(&self, organization_id: &str) -> Option<Vec<SnapshotRow>> {
        let chunks = self.database.query_with(
            "SELECT s.entries FROM organization AS o
             LEFT JOIN snapshot_part AS s ON s.organization_id = o.organization_id AND s.version = o.version
             WHERE o.organization_id = ?1 AND o.version > 0 ORDER BY s.part",
            &[organization_id],
        );
        if chunks.is_empty() {
            return None;
        }
        let stored = self.database.query_with(
            "SELECT row_no, json, people FROM snapshot_row WHERE organization_id = ?1",
            &[organization_id],
        );
        let stored: HashMap<&str, (&str, &str)> = stored
            .iter()
            .map(|row| (row[0].as_str(), (row[1].as_str(), row[2].as_str())))
            .collect();
        let mut rows = Vec::new();
        for chunk in &chunks {
            assert_ne!(chunk[0], "null", "a version without chunks");
            let chunk: Value = serde_json::from_str(&chunk[0]).unwrap();
            for entry in chunk["entries"].as_array().unwrap() {
                let (json, people) = stored[entry[1].to_string().as_str()];
                assert_lists(&chunk, entry, &serde_json::from_str(json).unwrap());
                rows.push((json.to_owned(), serde_json::from_str(people).unwrap()));
            }
        }
        Some(rows)
    }

    /// Every organization's snapshot is what the oracle says, row by row and byte for byte.
    pub fn assert_agrees(&self, oracle: &Oracle, as_of: i64, context: &str) {
        let known: Vec<String> = self
            .database
            .query("SELECT organization_id FROM organization ORDER BY 1")
            .into_iter()
            .map(|row| row[0].clone())
            .collect();
        assert_eq!(known, oracle.organizations(), "{context}");
        for organization_id in known {
            let expected = oracle.snapshot(&organization_id, as_of);
            let published = self.snapshot(&organization_id);
            assert_eq!(published, Some(expected), "{context}: organization {organization_id}");
        }
        self.assert_departments_are_named(context);
    }

    /// Every published version has the names that the departments have now, and null for those without a name.
    fn assert_departments_are_named(&self, context: &str) {
        let misnamed = self.database.query(
            "SELECT o.organization_id, d.value ->> 0, d.value ->> 1, r.body ->> 'name'
             FROM organization AS o
             JOIN snapshot_part AS s ON s.organization_id = o.organization_id AND s.version = o.version
             CROSS JOIN json_each(s.entries, '$.departments') AS d
             LEFT JOIN record AS r ON r.organization_id = o.organization_id AND r.type = 'department'
              AND r.record_id = d.value ->> 0 AND r.deleted = 0
             WHERE d.value ->> 1 IS NOT r.body ->> 'name'",
        );
        assert!(misnamed.is_empty(), "{context}: departments {misnamed:?}");
    }

    /// Nothing is left that no head, retired version or pending record needs. Conversations that time changes within a
    /// minute may be left pending for the next run.
    pub fn assert_no_garbage(&self, context: &str) {
        let assert_none = |what: &str, sql: &str| {
            assert_eq!(self.database.query(sql), [["0"]], "{context}: {what}");
        };
        assert_none(
            "pending records",
            "SELECT count(*) FROM pending WHERE type <> 'conversation' OR publish = 1",
        );
        assert_none(
            "empty states",
            "SELECT count(*) FROM conversation_state WHERE candidate IS NULL AND due_at IS NULL
             AND unknown_since IS NULL",
        );
        assert_none(
            "versions that nothing needs",
            "SELECT count(*) FROM snapshot_part AS s WHERE NOT EXISTS (SELECT 1 FROM organization AS o
             WHERE o.organization_id = s.organization_id AND (o.version = s.version OR EXISTS (
               SELECT 1 FROM json_each(o.retired) AS r WHERE r.value ->> 1 = abs(s.version))))",
        );
        assert_none(
            "rows that no version lists",
            "WITH listed AS (
               SELECT s.organization_id, e.value ->> 1 AS row_no
               FROM snapshot_part AS s, json_each(s.entries, '$.entries') AS e
             ) SELECT count(*) FROM snapshot_row AS r
             WHERE (r.organization_id, r.row_no) NOT IN (SELECT organization_id, row_no FROM listed)",
        );
    }
}

/// An entry of a version says the same as the row that it lists.
fn assert_lists(chunk: &Value, entry: &Value, row: &Value) {
    let listed = |table: &str, number: &Value| chunk[table][number.as_u64().unwrap() as usize].clone();
    let department = match &entry[3] {
        Value::Null => Value::Null,
        number => listed("departments", number)[0].clone(),
    };
    let names = entry[7].as_array().unwrap().iter();
    let expected = json!({
        "stalledSince": Timestamp::from_milliseconds(entry[0].as_i64().unwrap()).to_string(),
        "category": entry[2],
        "departmentId": department,
        "conversationId": entry[4],
        "reason": listed("reasons", &entry[5]),
        "channelType": listed("channels", &entry[6]),
        "assigneeNames": names.map(|number| listed("names", number)).collect::<Value>(),
    });
    for (member, value) in expected.as_object().unwrap() {
        assert_eq!(&row[member], value, "{member}");
    }
}
