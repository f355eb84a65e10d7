//! Migrations over data: whatever a database has stored, the next refresh publishes it.

use crate::support::history::{HistoryOptions, many_candidates, random_history};
use crate::support::oracle::Oracle;
use crate::support::service::Service;
use crate::support::sqlite::Sqlite;
use crate::support::{MINUTE, NOW};
use futures::executor::block_on;
use serde_json::{Value, json};

/// Rewrites the chunks of versions into the form that they had before migration 0002.
fn restore_old_chunks(database: &Sqlite) {
    for row in database.query("SELECT organization_id, version, part, entries FROM snapshot_part") {
        let part: Value = serde_json::from_str(&row[3]).unwrap();
        let ids = |departments: &Value| -> Value {
            let departments = departments.as_array().unwrap().iter();
            departments.map(|department| department[0].clone()).collect()
        };
        let entries: Value = part["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| Value::from(&entry.as_array().unwrap()[..5]))
            .collect();
        let old = json!({ "departments": ids(&part["departments"]), "entries": entries }).to_string();
        let quoted = |text: &str| text.replace('\'', "''");
        database.execute(&format!(
            "UPDATE snapshot_part SET entries = '{}' WHERE organization_id = '{}' AND version = {} AND part = {}",
            quoted(&old),
            quoted(&row[0]),
            row[1],
            row[2]
        ));
    }
}

fn check_0002(seed: u64, refreshes_before: i64, rest_before_migration: bool) {
    let context = format!("seed {seed}, {refreshes_before} refreshes before, {rest_before_migration}");
    let options = HistoryOptions {
        now: NOW,
        organizations: 2,
        conversations: 6,
        events: 120,
    };
    let history = random_history(seed, &options);
    let (first, rest) = history.split_at(history.len() * 2 / 3);
    let service = Service::on(Sqlite::before("0002"));
    let mut oracle = Oracle::default();
    oracle.take_in(&history);
    block_on(async {
        service.ingest_all(first, NOW).await;
        for minute in 0..refreshes_before {
            service.refresh(NOW + minute * MINUTE).await.unwrap();
        }
        if rest_before_migration {
            service.ingest_all(rest, NOW).await;
        }
        restore_old_chunks(&service.database);
        service.database.migrate_from("0002");
        if !rest_before_migration {
            service.ingest_all(rest, NOW).await;
        }
        let as_of = NOW + refreshes_before * MINUTE;
        let failed = service.refresh(as_of).await.unwrap().run.organizations_failed;
        assert_eq!(failed, 0, "{context}");
        service.assert_agrees(&oracle, as_of, &context);
        service.assert_no_garbage(&context);
    });
}

#[test]
fn after_0002_the_next_refresh_publishes_everything_again() {
    for seed in 0..30 {
        for refreshes_before in 0..3 {
            check_0002(seed, refreshes_before, seed % 2 == 0);
        }
    }
}

#[test]
fn after_0002_a_large_organization_is_published_under_a_new_generation() {
    let service = Service::on(Sqlite::before("0002"));
    let mut oracle = Oracle::default();
    let events = many_candidates("large", NOW, 2_000);
    oracle.take_in(&events);
    let generation = || service.database.query("SELECT generation FROM refresh")[0][0].clone();
    let threshold = || service.database.query("SELECT threshold_minutes FROM organization")[0][0].clone();
    block_on(async {
        service.ingest_all(&events, NOW).await;
        service.refresh(NOW).await.unwrap();
        service
            .database
            .execute("UPDATE organization SET threshold_minutes = 7");
        let generation_before = generation();
        restore_old_chunks(&service.database);
        service.database.migrate_from("0002");
        assert_ne!(generation(), generation_before);
        assert_eq!(service.snapshot("large"), None, "no version in the old form is left");
        let run = service.refresh(NOW + MINUTE).await.unwrap().run;
        assert_eq!((run.conversations_folded, run.rows_published), (0, 2_000));
        service.assert_agrees(&oracle, NOW + MINUTE, "large");
        service.assert_no_garbage("large");
    });
    assert_eq!(threshold(), "7", "settings are kept");
}
