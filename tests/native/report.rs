//! The report with caches that lie, fail or are empty, and with a database that is out of reach: it costs time and
//! nothing else.

use crate::support::desk::{Desk, MINUTE, Mood, NOW, Pages, access, admin, data_of};
use crate::support::history::many_candidates;
use crate::support::oracle::{Oracle, OracleRow};
use crate::support::service::Service;
use crate::support::sqlite::Fault;
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::directory::settings::ChangeError;
use conversation_monitor::directory::settings_change::SettingsError;
use conversation_monitor::report::cache::IsolateCache;
use conversation_monitor::report::error::ReportError;
use conversation_monitor::report::head::STALE_MAX_MS;
use conversation_monitor::report::resolved::FRESH_MAX_MS;
use conversation_monitor::report::service::ReportResponse;
use futures::executor::block_on;
use serde_json::{Value, json};
use std::cell::RefCell;

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
fn rows_of_any_length_come_whole_and_in_order() {
    let desk = Desk::new(Mood::Empty, 120);
    let query = "skipThreshold=true&limit=100";
    let rows = desk.ask(&admin(), query, NOW).unwrap()["rows"].clone();
    assert_eq!(rows.as_array().unwrap().len(), 100);
    let cases = [
        ("a tenth of D1's limit together", "2000", 1),
        ("as long as may come in one text", "19000", 1),
        ("all longer", "19001", 2),
        ("some longer", "18999 + row_no % 3", 2),
        ("very long, and too long to be joined", "100000", 2),
    ];
    for (name, bytes, batches) in cases {
        desk.lengthen_rows(bytes);
        desk.cache.take();
        let (data, cost) = desk.cost_of(|| desk.ask(&admin(), query, NOW).unwrap());
        assert_eq!(data["rows"], rows, "{name}");
        // One batch for the head and the index.
        assert_eq!(cost.batches, 1 + batches, "{name}");
    }
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
    block_on(desk.service.refresh(NOW + STALE_MAX_MS)).unwrap();
    assert_eq!(desk.ask(&admin, "", NOW + STALE_MAX_MS).unwrap()["stale"], false);
}

#[test]
fn an_answer_whose_instant_is_more_than_three_minutes_old_is_stale() {
    let desk = Desk::new(Mood::Well, 40);
    let department = desk.oracle.rows("o", NOW)[0].department_id.clone().unwrap();
    let head = access(json!({ "role": "DEPARTMENT_HEAD", "organizationId": "o", "departmentIds": [department] }));
    for caller in [admin(), head] {
        let ask = |now: i64, etag: Option<&str>| desk.isolate().page(&caller, "", etag, now).unwrap();
        let is_stale = |answer: &ReportResponse| data_of(answer)["stale"].clone();
        let fresh = ask(NOW, None);
        // At three minutes it is the same answer, a millisecond later another one.
        for now in [NOW + 1, NOW + FRESH_MAX_MS] {
            assert_eq!(is_stale(&ask(now, None)), false);
            assert!(ask(now, Some(&fresh.etag)).body.is_none());
        }
        let stale = ask(NOW + FRESH_MAX_MS + 1, Some(&fresh.etag));
        assert_eq!(is_stale(&stale), true);
        assert!(ask(NOW + FRESH_MAX_MS + 2, Some(&stale.etag)).body.is_none());
        let mut expected = data_of(&fresh);
        expected["stale"] = json!(true);
        assert_eq!(data_of(&stale), expected);
        let summary = |now: i64| is_stale(&desk.isolate().summary(&caller, "", None, now).unwrap());
        assert_eq!(
            (summary(NOW + FRESH_MAX_MS), summary(NOW + FRESH_MAX_MS + 1)),
            (json!(false), json!(true))
        );
        // A service whose clock is behind the scheduler's has nothing stale.
        assert_eq!(is_stale(&ask(NOW - 10 * FRESH_MAX_MS, None)), false);
    }
}

#[test]
fn minutes_of_business_hours_go_on_while_the_page_stays_in_memory() {
    let desk = Desk::new(Mood::Well, 20);
    let always = json!([["00:00", "24:00"]]);
    let weekly = json!({ "mon": always, "tue": always, "wed": always, "thu": always, "fri": always, "sat": always,
                         "sun": always });
    let change = json!({ "businessHours": { "timeZone": "America/St_Johns", "weekly": weekly } });
    let organization = &admin().organization;
    desk.isolate().change_settings(organization, &change, NOW).unwrap();
    let check = |now: i64| {
        let data = desk.ask(&admin(), "skipThreshold=true", now).unwrap();
        let rows = data["rows"].as_array().unwrap();
        assert_eq!(rows.len(), 20);
        for row in rows {
            let since = Timestamp::from_rfc3339(row["stalledSince"].as_str().unwrap()).unwrap();
            let minutes = (now - since.as_milliseconds()).max(0) / MINUTE;
            assert_eq!(row["stalledBusinessMinutes"], minutes, "{row}");
        }
    };
    check(NOW);
    block_on(desk.service.refresh(NOW + MINUTE)).unwrap();
    desk.cache.borrow_mut().clear_heads();
    check(NOW + MINUTE);
}

#[test]
fn settings_that_do_not_go_together_are_not_written() {
    let desk = Desk::new(Mood::Well, 1);
    let change = |body: Value| desk.isolate().change_settings(&admin().organization, &body, NOW);
    let is_refused = |body: Value| {
        let error = change(body).unwrap_err();
        assert!(
            matches!(error, ChangeError::Settings(SettingsError::OutOfReach { .. })),
            "{error}"
        );
    };
    let hours = json!({ "timeZone": "Europe/Berlin", "weekly": { "mon": [["09:00", "10:00"]] } });
    change(json!({ "businessHours": hours })).unwrap();
    is_refused(json!({ "thresholdMinutes": 10_080 }));
    is_refused(json!({ "channelThresholdMinutes": { "sms": 10_080 } }));
    is_refused(json!({ "maxAgeDays": 1 }));

    // Without business hours everything goes together, so nothing is read before.
    desk.service.database.set_fault(None);
    let settings = change(json!({ "thresholdMinutes": 10_080, "businessHours": null })).unwrap();
    assert_eq!(desk.service.database.counts().1, 1);
    assert_eq!((settings.threshold_minutes, settings.max_age_days), (10_080, 30));
    is_refused(json!({ "businessHours": hours }));
    assert_eq!(change(json!({ "maxAgeDays": 31 })).unwrap().business_hours, None);
}

#[test]
fn thresholds_of_before_are_kept_and_a_worker_that_knows_nothing_else_goes_on() {
    let desk = Desk {
        service: Service::default(),
        oracle: Oracle::default(),
        pages: Pages::new(Mood::Well),
        cache: RefCell::default(),
    };
    let desk = desk.with(&many_candidates("o", NOW, 20));
    // As before migration 0004.
    desk.service.database.execute("DROP TABLE settings");
    let set_threshold = |minutes: i64| {
        let sql = format!("UPDATE organization SET threshold_minutes = {minutes}");
        desk.service.database.execute(&sql);
        desk.cache.borrow_mut().clear_heads();
    };
    set_threshold(7);
    desk.service.database.migrate_only("0004");
    desk.service.database.migrate_only("0008");
    let kept = desk.ask(&admin(), "", NOW).unwrap();
    assert_eq!(kept["thresholdMinutes"], 7);
    let id = |data: &Value| data["snapshotId"].as_str().unwrap().to_owned();
    assert!(
        id(&kept).starts_with(&format!("v1-{NOW}-7-")),
        "the ids stay as they are"
    );

    let change = json!({ "maxAgeDays": 1, "channelThresholdMinutes": { "sms": 1 } });
    let settings = desk
        .isolate()
        .change_settings(&admin().organization, &change, NOW)
        .unwrap();
    assert_eq!((settings.threshold_minutes, settings.max_age_days), (7, 1));
    let changed = desk.ask(&admin(), "", NOW).unwrap();
    assert!(id(&changed).starts_with(&format!("v1-{NOW}-7.1-")));
    // The other worker sets a threshold.
    set_threshold(8);
    let newest = desk.ask(&admin(), "", NOW).unwrap();
    assert_eq!(newest["thresholdMinutes"], 8);
    assert!(id(&newest).starts_with(&format!("v1-{NOW}-8.1-")));
    for answer in [kept, changed, newest] {
        let pinned = desk.ask(&admin(), &format!("snapshot={}", id(&answer)), NOW).unwrap();
        assert_eq!(pinned, answer);
    }
}

/// The response to a query, and what its row about a conversation says about thresholds.
fn thresholds(data: &Value) -> Vec<(String, Option<i64>)> {
    let rows = data["rows"].as_array().unwrap().iter();
    rows.map(|row| {
        let id = row["conversationId"].as_str().unwrap();
        (
            id.to_owned(),
            row.get("thresholdMinutes").map(|minutes| minutes.as_i64().unwrap()),
        )
    })
    .collect()
}

#[test]
fn thresholds_and_the_age_limit_are_those_in_force_or_those_of_the_pin() {
    const DAY: i64 = 24 * 60;
    let waiting = |id: &str, channel: &str, department: Option<&str>, minutes: i64| {
        let at = Timestamp::from_milliseconds(NOW - minutes * MINUTE).to_string();
        [
            json!({ "type": "conversation", "organizationId": "o", "conversationId": id, "contactId": "k",
                    "updatedAt": at, "channelType": channel, "departmentId": department }),
            json!({ "type": "message", "organizationId": "o", "messageId": id, "conversationId": id, "at": at,
                    "updatedAt": at, "sender": "contact", "direction": "inbound" }),
        ]
    };
    let events: Vec<Value> = [
        waiting("old", "sms", None, 40 * DAY),
        waiting("mail", "Email", None, 100),
        waiting("sales", "email", Some("sales"), 20),
        waiting("text", "sms", None, 10),
    ]
    .concat();
    let desk = Desk::new(Mood::Well, 0).with(&events);
    let ask = |query: &str| desk.ask(&admin(), query, NOW).unwrap();
    let set = |change: Value| {
        let organization = admin().organization;
        desk.isolate().change_settings(&organization, &change, NOW).unwrap();
    };
    let ids = |data: &Value| {
        thresholds(data)
            .into_iter()
            .map(|(id, _)| id)
            .collect::<Vec<_>>()
            .join(" ")
    };

    let plain = ask("");
    assert_eq!(ids(&plain), "mail sales text");
    assert_eq!((&plain["olderCount"], &plain["totalCount"]), (&json!(1), &json!(3)));
    assert_eq!(ids(&ask("skipThreshold=true")), "old mail sales text");
    assert_eq!(ask("skipThreshold=true")["olderCount"], 0);
    assert!(thresholds(&plain).iter().all(|(_, minutes)| minutes.is_none()));
    let pin = |data: &Value| format!("snapshot={}", data["snapshotId"].as_str().unwrap());

    // A channel's threshold, whatever its case; a department's beats it.
    set(json!({ "channelThresholdMinutes": { "EMAIL": 101 }, "departmentThresholdMinutes": { "sales": 20 } }));
    let mixed = ask("");
    assert_eq!(
        thresholds(&mixed),
        [("sales".to_owned(), Some(20)), ("text".to_owned(), None)]
    );
    assert_eq!(
        (&mixed["thresholdMinutes"], &mixed["olderCount"]),
        (&json!(5), &json!(1))
    );
    let all = thresholds(&ask("skipThreshold=true"));
    let expected = [("old", None), ("mail", Some(101)), ("sales", Some(20)), ("text", None)];
    assert_eq!(all, expected.map(|(id, minutes)| (id.to_owned(), minutes)));
    assert_eq!(ask(&pin(&plain)), plain);

    // A map is replaced as one, and what is not named stays.
    set(json!({ "departmentThresholdMinutes": { "sales": 21, "other": 1 }, "maxAgeDays": 40 }));
    let replaced = ask("");
    assert_eq!(ids(&replaced), "old text");
    assert_eq!(replaced["olderCount"], 0);
    set(json!({ "thresholdMinutes": 101, "departmentThresholdMinutes": null }));
    let same = ask("skipThreshold=true");
    assert!(
        thresholds(&same).iter().all(|(_, minutes)| minutes.is_none()),
        "one threshold applies to all"
    );
    assert_eq!(ids(&ask("")), "old");
    assert_eq!(ask("skipThreshold=true&channelType=Email")["totalCount"], 1);

    // Every pin repeats its settings, also in an isolate that has never seen them.
    for cache in [desk.cache.take(), IsolateCache::default()] {
        desk.cache.replace(cache);
        for answer in [&plain, &mixed, &replaced] {
            assert_eq!(&ask(&pin(answer)), answer);
        }
    }
    // Superseded settings are removed by a change that comes late enough.
    let later = NOW + 2 * STALE_MAX_MS;
    let change = |days: i64, now: i64| {
        let organization = admin().organization;
        let change = json!({ "maxAgeDays": days });
        desk.isolate().change_settings(&organization, &change, now).unwrap();
        desk.service
            .database
            .query("SELECT number FROM settings ORDER BY number")
            .concat()
    };
    assert_eq!(change(1, later - 1), ["1", "2", "3", "4"]);
    assert_eq!(change(1, later), ["3", "4"], "the same again is no change");
    assert_eq!(change(2, later), ["3", "4", "5"]);
    desk.cache.replace(IsolateCache::default());
    assert_eq!(desk.ask(&admin(), &pin(&mixed), NOW), Err(ReportError::SnapshotExpired));
    assert_eq!(ask(&pin(&plain)), plain, "nothing but a threshold was set by then");
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
