//! Ingest and refresh on a database, and the snapshots that come of them, read without the service's own reader.

use super::oracle::Oracle;
use super::sqlite::Sqlite;
use conversation_monitor::auth::access::{INGEST_SCOPE, ingest_access};
use conversation_monitor::auth::claims::Claims;
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::ingest::parse::{BodyFormat, parse_records};
use conversation_monitor::ingest::store::{Receipt, store_records};
use conversation_monitor::refresh::{self, Finished, Start};
use conversation_monitor::storage::database::DatabaseError;
use serde_json::{Value, json};
use std::cell::Cell;

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

    fn change_token(&self) -> String {
        self.calls.set(self.calls.get() + 1);
        format!("call {}", self.calls.get())
    }

    /// Takes in events as one request; `now` is the service's clock.
    pub async fn ingest(&self, events: &[Value], now: i64) -> Result<Receipt, DatabaseError> {
        let body = json!({ "events": events }).to_string();
        let now = Timestamp::from_milliseconds(now);
        let records = parse_records(BodyFormat::Json, body.as_bytes(), now).expect("valid events");
        let claims = json!({ "exp": 1, "role": "SUPERADMIN", "scope": INGEST_SCOPE }).to_string();
        let records = ingest_access(&Claims::from_payload(claims.as_bytes()).unwrap(), records).expect("permitted");
        store_records(&self.database, records, &self.change_token()).await
    }

    /// Takes in any number of events, in requests of at most 1,000.
    pub async fn ingest_all(&self, events: &[Value], now: i64) {
        for events in events.chunks(1_000) {
            self.ingest(events, now).await.expect("ingest");
        }
    }

    pub async fn refresh(&self, scheduled_at: i64) -> Result<Finished, DatabaseError> {
        let start = Start {
            scheduled_at: Timestamp::from_milliseconds(scheduled_at),
            change_token: &self.change_token(),
            now: &|| Timestamp::from_milliseconds(0),
        };
        refresh::run(&self.database, start).await
    }

    /// The published version of an organization; none where there is none.
    pub fn snapshot(&self, organization_id: &str) -> Option<Vec<SnapshotRow>> {
        let quoted = organization_id.replace('\'', "''");
        let heads = self.database.query(&format!(
            "SELECT version FROM organization WHERE organization_id = '{quoted}' AND version > 0"
        ));
        let version = &heads.first()?[0];
        let parts = self.database.query(&format!(
            "SELECT entries FROM snapshot_part WHERE organization_id = '{quoted}' AND version = {version} ORDER BY part"
        ));
        assert!(!parts.is_empty(), "a version without parts");
        let mut rows = Vec::new();
        for part in parts {
            let part: Value = serde_json::from_str(&part[0]).unwrap();
            for entry in part["entries"].as_array().unwrap() {
                let found = self.database.query(&format!(
                    "SELECT json, people FROM snapshot_row WHERE organization_id = '{quoted}' AND row_no = {}",
                    entry[1]
                ));
                let row: Value = serde_json::from_str(&found[0][0]).unwrap();
                let department = entry[3]
                    .as_u64()
                    .map(|number| part["departments"][number as usize][0].clone());
                assert_eq!(row["departmentId"], department.unwrap_or(Value::Null));
                assert_eq!(row["category"], entry[2]);
                assert_eq!(row["conversationId"], entry[4]);
                let listed = |table: &str, number: &Value| part[table][number.as_u64().unwrap() as usize].clone();
                assert_eq!(row["reason"], listed("reasons", &entry[5]));
                assert_eq!(row["channelType"], listed("channels", &entry[6]));
                let names = entry[7]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|number| listed("names", number));
                assert_eq!(row["assigneeNames"], names.collect::<Value>());
                let stalled_since = Timestamp::from_milliseconds(entry[0].as_i64().unwrap());
                assert_eq!(row["stalledSince"], stalled_since.to_string());
                rows.push((found[0][0].clone(), serde_json::from_str(&found[0][1]).unwrap()));
            }
        }
        Some(rows)
    }

    /// Every organization's snapshot is what the oracle says at `as_of`, row for row and byte for byte.
    pub fn assert_agrees(&self, oracle: &Oracle, as_of: i64, context: &str) {
        let known: Vec<String> = self
            .database
            .query("SELECT organization_id FROM organization ORDER BY 1")
            .into_iter()
            .map(|row| row[0].clone())
            .collect();
        let mut expected = oracle.organizations();
        expected.sort();
        assert_eq!(known, expected, "{context}");
        for organization_id in known {
            let expected: Vec<SnapshotRow> = oracle
                .rows(&organization_id, as_of)
                .into_iter()
                .map(|row| (row.json, row.people))
                .collect();
            let published = self.snapshot(&organization_id);
            assert_eq!(published, Some(expected), "{context}: organization {organization_id}");
        }
        self.assert_departments_are_named(context);
    }

    /// Every published list has the names that the departments have now, and null for those that have none.
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

    /// Nothing is left that no head, retired version or mark needs.
    pub fn assert_no_garbage(&self, context: &str) {
        let count = |sql: &str| self.database.query(sql)[0][0].clone();
        assert_eq!(count("SELECT count(*) FROM pending"), "0", "{context}: marks");
        assert_eq!(
            count("SELECT count(*) FROM conversation_state WHERE candidate IS NULL AND due_at IS NULL"),
            "0",
            "{context}: empty states"
        );
        assert_eq!(
            count(
                "SELECT count(*) FROM snapshot_part AS s WHERE NOT EXISTS (SELECT 1 FROM organization AS o
                 WHERE o.organization_id = s.organization_id AND (o.version = s.version OR EXISTS (
                   SELECT 1 FROM json_each(o.retired) AS r WHERE r.value ->> 1 = s.version)))"
            ),
            "0",
            "{context}: versions that nothing needs"
        );
        assert_eq!(
            count(
                "WITH listed AS (
                   SELECT s.organization_id, e.value ->> 1 AS row_no FROM snapshot_part AS s, json_each(s.entries, '$.entries') AS e
                 ) SELECT count(*) FROM snapshot_row AS r
                 WHERE (r.organization_id, r.row_no) NOT IN (SELECT organization_id, row_no FROM listed)"
            ),
            "0",
            "{context}: rows that no version lists"
        );
    }
}
