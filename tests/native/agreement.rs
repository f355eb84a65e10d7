//! Two mappers of Chatwoot's webhooks, `src/connector/chatwoot/` and `tests/oracle/chatwoot.mjs`, make the same
//! events.
//!
//! `npm run test:mappers` writes the webhooks, with the events that the second one makes of them, and runs the ignored
//! test below.

use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::connector::connection;
use conversation_monitor::connector::delivery::{Delivery, map};
use conversation_monitor::conversation::event::parse_event;
use conversation_monitor::conversation::record::Record;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};

/// What identifies a version of a record, and what it says: all of it except the number of its event.
fn text_of(record: Record) -> String {
    format!("{:?}", Record { index: 0, ..record })
}

/// What the service makes of a webhook, and what it would store of the other mapper's events.
fn both(settings: &Value, delivery: &Value) -> [BTreeSet<String>; 2] {
    let received_at = Timestamp::from_rfc3339(delivery["receivedAt"].as_str().unwrap()).unwrap();
    let connections = json!([{ "connectionId": "agreement", "kind": "chatwoot", "organizationId": "brindlewick",
                               "secrets": ["the secret of nobody"], "settings": settings }]);
    let connection = connection::parse(&connections.to_string()).unwrap().remove(0);
    let body = delivery["webhook"].to_string();
    let delivery_of_chatwoot = Delivery {
        signature: None,
        timestamp: None,
        body: body.as_bytes(),
        received_at,
    };
    let ours = map(&connection, &delivery_of_chatwoot).read_records();
    let theirs = delivery["events"].as_array().unwrap();
    // What ingest refuses, such as an event of the future, is refused of both.
    let theirs = theirs
        .iter()
        .filter_map(|event| parse_event(0, event, received_at.into()).ok());
    [ours.into_iter().map(text_of).collect(), theirs.map(text_of).collect()]
}

#[test]
#[ignore = "reads a file: run it with `npm run test:mappers`"]
fn both_mappers_make_the_same_events() {
    let path = std::env::var("SEQUENCES").expect("SEQUENCES names a file");
    let mut webhooks = 0;
    for line in BufReader::new(File::open(path).unwrap()).lines() {
        let sequence: Value = serde_json::from_str(&line.unwrap()).unwrap();
        for delivery in sequence["deliveries"].as_array().unwrap() {
            webhooks += 1;
            let [ours, theirs] = both(&sequence["settings"], delivery);
            let only_ours: Vec<&String> = ours.difference(&theirs).collect();
            let only_theirs: Vec<&String> = theirs.difference(&ours).collect();
            assert!(
                ours == theirs,
                "sequence {}: the service alone says {only_ours:#?},\nthe other mapper alone says {only_theirs:#?}\nof {:#}",
                sequence["seed"],
                delivery["webhook"],
            );
        }
    }
    assert!(webhooks > 0);
    println!("{webhooks} webhooks");
}
