//! The report with caches that lie, fail or are empty, and with a database that is out of reach: it costs time and nothing
//! else.

use crate::support::desk::{Desk, MINUTE, Mood, NOW, access};
use crate::support::history::many_candidates;
use crate::support::oracle::OracleRow;
use crate::support::sqlite::Fault;
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::report::cache::IsolateCache;
use conversation_monitor::report::error::ReportError;
use conversation_monitor::report::head::STALE_MAX_MS;
use futures::executor::block_on;
use serde_json::{Value, json};

fn expected(rows: &[OracleRow], has_access: impl Fn(&OracleRow) -> bool) -> Vec<Value> {
    let with_access = |row: &OracleRow| {
        let mut json: Value = serde_json::from_str(&row.json).unwrap();
        json["hasAccess"] = json!(has_access(row));
        json
    };
    rows.iter().map(with_access).collect()
}

fn check_all_pages(mood: Mood) {
    let desk = Desk::new(mood, 120);
    let all = desk.oracle.rows("o", NOW);
    let over: Vec<OracleRow> = all
        .iter()
        .filter(|row| NOW - row.stalled_since >= 5 * MINUTE)
        .cloned()
        .collect();
    assert!(
        over.len() < all.len() && over.len() > 50,
        "{} of {}",
        over.len(),
        all.len()
    );
    let admin = access(json!({ "role": "ADMIN", "organizationId": "o" }));
    let department = all.iter().find_map(|row| row.department_id.clone()).unwrap();
    let person = all.iter().find_map(|row| row.people.first().cloned()).unwrap();
    let head = access(json!({ "role": "DEPARTMENT_HEAD", "organizationId": "o", "sub": person,
                              "departmentIds": [department] }));
    for round in 0..2 {
        for limit in [7, 100] {
            let name = format!("{mood:?}, round {round}, limit {limit}");
            assert_eq!(
                desk.walk(&admin, "skipThreshold=true", limit),
                expected(&all, |_| true),
                "{name}"
            );
            assert_eq!(desk.walk(&admin, "", limit), expected(&over, |_| true), "{name}");
            let stuck: Vec<OracleRow> = over.iter().filter(|row| row.category == "ai_stuck").cloned().collect();
            assert_eq!(
                desk.walk(&admin, "category=ai_stuck", limit),
                expected(&stuck, |_| true),
                "{name}"
            );
            let own: Vec<OracleRow> = over
                .iter()
                .filter(|row| row.department_id.as_ref() == Some(&department))
                .cloned()
                .collect();
            let found = desk.walk(&head, "", limit);
            assert_eq!(found, expected(&own, |row| row.people.contains(&person)), "{name}");
            assert_eq!(desk.walk(&head, "departmentId=foreign", limit), found, "{name}");
            assert!(desk.walk(&admin, "departmentId=foreign", limit).is_empty(), "{name}");
        }
    }
    assert_eq!(desk.pages.hits.get() > 0, mood == Mood::Well);
}

#[test]
fn a_page_cache_that_goes_wrong_costs_only_time() {
    for mood in [Mood::Well, Mood::Empty, Mood::Failing, Mood::Garbage, Mood::Confused] {
        check_all_pages(mood);
    }
}

#[test]
fn without_the_database_a_head_in_memory_answers_for_ten_minutes() {
    let desk = Desk::new(Mood::Well, 40);
    let admin = access(json!({ "role": "ADMIN", "organizationId": "o" }));
    let fresh = desk.ask(&admin, "", NOW).unwrap();
    assert_eq!(fresh["stale"], false);
    desk.service.database.set_fault(Some(Fault::AfterBatches(0)));

    let stale = desk.ask(&admin, "", NOW + STALE_MAX_MS).unwrap();
    assert_eq!(stale["stale"], true);
    assert_eq!(stale["rows"], fresh["rows"]);
    assert_eq!(stale["generatedAt"], fresh["generatedAt"]);
    let unavailable = |outcome: Result<Value, ReportError>| matches!(outcome, Err(ReportError::Unavailable(_)));
    assert!(unavailable(desk.ask(&admin, "", NOW + STALE_MAX_MS + 1)));
    assert!(unavailable(desk.ask(&admin, "page=2", NOW)), "a page that is nowhere");
    let other = access(json!({ "role": "ADMIN", "organizationId": "p" }));
    assert!(unavailable(desk.ask(&other, "", NOW)), "a head that is nowhere");

    desk.service.database.set_fault(None);
    assert_eq!(desk.ask(&admin, "", NOW + 2 * STALE_MAX_MS).unwrap()["stale"], false);
}

#[test]
fn a_head_in_memory_is_at_most_as_old_as_configured() {
    let desk = Desk::new(Mood::Well, 4);
    let admin = access(json!({ "role": "ADMIN", "organizationId": "o" }));
    let generated_at = |now| desk.ask(&admin, "", now).unwrap()["generatedAt"].clone();
    let first = generated_at(NOW);
    block_on(desk.service.refresh(NOW + MINUTE)).unwrap();
    assert_eq!(generated_at(NOW + 4_999), first);
    let second = generated_at(NOW + 5_000);
    assert_ne!(second, first);
    // If the clock goes back, a head is not used for longer.
    block_on(desk.service.refresh(NOW + 2 * MINUTE)).unwrap();
    assert_ne!(generated_at(NOW), second);
}

#[test]
fn a_pinned_snapshot_repeats_itself_until_ten_minutes_after_it_was_superseded() {
    let desk = Desk::new(Mood::Well, 30);
    let admin = access(json!({ "role": "ADMIN", "organizationId": "o" }));
    let first = desk.ask(&admin, "", NOW).unwrap();
    let pin = format!("snapshot={}", first["snapshotId"].as_str().unwrap());
    let blocked = json!({ "type": "contact", "organizationId": "o", "contactId": first["rows"][0]["contactId"],
                          "updatedAt": Timestamp::from_milliseconds(NOW).to_string(), "name": "x", "blocked": true });
    block_on(async {
        desk.service.ingest(&[blocked], NOW).await.unwrap();
        desk.service.refresh(NOW + MINUTE).await.unwrap();
    });
    desk.service
        .database
        .execute("UPDATE organization SET threshold_minutes = 60");
    desk.cache.borrow_mut().clear_heads();
    let newest = desk.ask(&admin, "", NOW).unwrap();
    assert_ne!(newest["snapshotId"], first["snapshotId"]);
    assert_eq!(newest["thresholdMinutes"], 60);
    assert_eq!(desk.ask(&admin, &pin, NOW).unwrap(), first);

    for minute in 2..11 {
        block_on(desk.service.refresh(NOW + minute * MINUTE)).unwrap();
        desk.cache.borrow_mut().clear_heads();
        assert_eq!(desk.ask(&admin, &pin, NOW).unwrap(), first, "minute {minute}");
    }
    block_on(desk.service.refresh(NOW + 11 * MINUTE)).unwrap();
    desk.cache.borrow_mut().clear_heads();
    assert_eq!(desk.ask(&admin, &pin, NOW), Err(ReportError::SnapshotExpired));
}

#[test]
fn a_pin_that_another_isolate_gave_out_is_good_here_at_once() {
    let desk = Desk::new(Mood::Well, 4);
    let admin = access(json!({ "role": "ADMIN", "organizationId": "o" }));
    desk.ask(&admin, "", NOW).unwrap();
    let blocked = json!({ "type": "conversation", "organizationId": "o", "conversationId": "new", "contactId": "k",
                          "updatedAt": Timestamp::from_milliseconds(NOW).to_string(), "channelType": "sms" });
    let demand = json!({ "type": "message", "organizationId": "o", "messageId": "new", "conversationId": "new",
                         "at": Timestamp::from_milliseconds(NOW - 60 * MINUTE).to_string(), "sender": "contact",
                         "updatedAt": Timestamp::from_milliseconds(NOW).to_string(), "direction": "inbound" });
    block_on(async {
        desk.service.ingest(&[blocked, demand], NOW).await.unwrap();
        desk.service.refresh(NOW + MINUTE).await.unwrap();
    });
    // Another isolate, which has nothing cached, sees the new version. This one still has the old head in memory.
    let here = desk.cache.replace(IsolateCache::default());
    let there = desk.ask(&admin, "", NOW).unwrap();
    desk.cache.replace(here);
    assert_ne!(desk.ask(&admin, "", NOW).unwrap()["snapshotId"], there["snapshotId"]);
    let pin = format!("snapshot={}", there["snapshotId"].as_str().unwrap());
    assert_eq!(desk.ask(&admin, &pin, NOW).unwrap(), there);

    desk.cache.replace(IsolateCache::default());
    desk.ask(&admin, "", NOW).unwrap();
    desk.service.database.set_fault(Some(Fault::AfterBatches(0)));
    let outcome = desk.ask(&admin, "snapshot=v9-1-5-x", NOW);
    assert!(
        matches!(outcome, Err(ReportError::Unavailable(_))),
        "whether it has expired cannot be known"
    );
}

#[test]
fn a_snapshot_id_that_was_never_given_out_has_expired() {
    let desk = Desk::new(Mood::Well, 4).with(&many_candidates("p", NOW, 4));
    let admin = |organization: &str| access(json!({ "role": "ADMIN", "organizationId": organization }));
    let id = desk.ask(&admin("o"), "", NOW).unwrap()["snapshotId"]
        .as_str()
        .unwrap()
        .to_owned();
    let other = desk.ask(&admin("p"), "", NOW).unwrap()["snapshotId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(desk.ask(&admin("o"), &format!("snapshot={id}"), NOW).is_ok());
    let mut forged = vec![
        other,
        "x".to_owned(),
        "v1".to_owned(),
        format!("{id}-"),
        format!("{id}A"),
        id.to_uppercase(),
    ];
    for (number, _) in id.char_indices() {
        for replacement in ["0", "1", "9", "A", "-", ""] {
            let mut changed = id.clone();
            changed.replace_range(number..=number, replacement);
            if changed != id {
                forged.push(changed);
            }
        }
    }
    for id in forged {
        let outcome = desk.ask(&admin("o"), &format!("snapshot={id}"), NOW);
        assert_eq!(outcome, Err(ReportError::SnapshotExpired), "{id}");
    }
}

#[test]
fn a_removed_organization_is_not_found_and_comes_back() {
    let desk = Desk::new(Mood::Well, 4);
    let admin = access(json!({ "role": "ADMIN", "organizationId": "o" }));
    let first = desk.ask(&admin, "", NOW).unwrap();
    let pin = format!("snapshot={}", first["snapshotId"].as_str().unwrap());
    let organization = |at: i64, more: Value| {
        let mut event = json!({ "type": "organization", "organizationId": "o",
                                "updatedAt": Timestamp::from_milliseconds(at).to_string() });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let removal = organization(NOW + 1, json!({ "deleted": true }));
    block_on(desk.service.ingest(&[removal], NOW)).unwrap();
    desk.cache.borrow_mut().clear_heads();
    for query in ["", &pin] {
        assert_eq!(
            desk.ask(&admin, query, NOW),
            Err(ReportError::OrganizationNotFound),
            "{query}"
        );
    }
    let newer = organization(NOW + 2, json!({ "name": "back" }));
    block_on(desk.service.ingest(&[newer], NOW)).unwrap();
    desk.cache.borrow_mut().clear_heads();
    assert_eq!(desk.ask(&admin, &pin, NOW).unwrap(), first);
}
