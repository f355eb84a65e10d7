//! The evidence says what the report says, of every conversation of random histories; and what acknowledging one does.

use crate::support::desk::{Isolate, Mood, Pages, data_of};
use crate::support::history::{HistoryOptions, Random, instant_text, random_history};
use crate::support::in_memory::Versions;
use crate::support::oracle::{self, Oracle};
use crate::support::service::Service;
use crate::support::zones::calendar_of;
use crate::support::{MINUTE, NOW, seeds, waiting};
use conversation_monitor::auth::access::{AcknowledgementAccess, acknowledgement_access, read_access};
use conversation_monitor::auth::claims::Claims;
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::conversation::acknowledgement::Acknowledgement;
use conversation_monitor::conversation::event::{acknowledgement_record, parse_event};
use conversation_monitor::erasure::erase_contact;
use conversation_monitor::evidence::{
    AcknowledgementRequest, AcknowledgementResponse, EvidenceError, ReadConversation, read_conversation,
};
use conversation_monitor::ingest::store::store_records;
use conversation_monitor::refresh::{Limits, SweepLimits};
use conversation_monitor::report::error::ReportError;
use futures::executor::block_on;
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

const DAY: i64 = 24 * 60 * MINUTE;

fn claims(claims: &Value) -> Claims {
    let mut claims = claims.clone();
    claims["exp"] = json!(1);
    Claims::from_payload(claims.to_string().as_bytes()).unwrap()
}

fn superadmin() -> Claims {
    claims(&json!({ "role": "SUPERADMIN", "sub": "supervisor" }))
}

fn access(organization_id: &str) -> AcknowledgementAccess {
    acknowledgement_access(&superadmin(), Some(organization_id)).unwrap()
}

fn evidence_for(service: &Service, claims: &Claims, organization_id: &str, id: &str) -> Result<Value, EvidenceError> {
    let access = read_access(claims, Some(organization_id)).unwrap();
    let now = Timestamp::from_milliseconds(NOW);
    let found = block_on(read_conversation(&service.database, &access, id, None, now))?;
    Ok(serde_json::to_value(found.evidence(&access, &calendar_of)).unwrap())
}

fn evidence(service: &Service, organization_id: &str, id: &str) -> Value {
    evidence_for(service, &superadmin(), organization_id, id).unwrap()
}

fn request(message_id: &str, more: &Value) -> AcknowledgementRequest {
    let mut body = more.clone();
    body["latestInboundMessageId"] = json!(message_id);
    AcknowledgementRequest::parse(body.to_string().as_bytes(), Timestamp::from_milliseconds(NOW)).unwrap()
}

fn found(service: &Service, access: &AcknowledgementAccess, id: &str) -> Result<ReadConversation, EvidenceError> {
    let now = Timestamp::from_milliseconds(NOW);
    block_on(read_conversation(
        &service.database,
        &access.read,
        id,
        Some(&access.subject),
        now,
    ))
}

fn store(
    service: &Service,
    access: &AcknowledgementAccess,
    found: &ReadConversation,
    acknowledgement: Option<&Acknowledgement>,
    now: i64,
) {
    let (token, now) = (service.change_token(), Timestamp::from_milliseconds(now));
    let record = found.record(access, acknowledgement, now).unwrap();
    block_on(store_records(&service.database, access.permit(record), &token, now)).unwrap();
}

/// Acknowledges a conversation when the clock says `now`.
fn try_acknowledge(
    service: &Service,
    access: &AcknowledgementAccess,
    id: &str,
    request: AcknowledgementRequest,
    now: i64,
) -> Result<Acknowledgement, EvidenceError> {
    let found = found(service, access, id)?;
    let acknowledgement = found.acknowledgement(access, request, Timestamp::from_milliseconds(now))?;
    store(service, access, &found, Some(&acknowledgement), now);
    Ok(acknowledgement)
}

/// Takes back that a conversation was acknowledged.
fn withdraw(service: &Service, organization_id: &str, id: &str, now: i64) {
    let access = access(organization_id);
    let found = found(service, &access, id).unwrap();
    store(service, &access, &found, None, now);
}

/// The conversations of an organization of which anything is stored.
fn known(service: &Service, organization_id: &str) -> Vec<String> {
    let rows = service.database.query_with(
        "SELECT record_id FROM record WHERE organization_id = ?1 AND type = 'conversation'
         UNION SELECT conversation_id FROM record WHERE organization_id = ?1 AND conversation_id IS NOT NULL",
        &[organization_id],
    );
    rows.into_iter().map(|row| row[0].clone()).collect()
}

fn organizations(service: &Service) -> Vec<String> {
    let sql = "SELECT o.organization_id FROM organization AS o WHERE NOT EXISTS (SELECT 1 FROM record AS r
               WHERE r.organization_id = o.organization_id AND r.type = 'organization' AND r.deleted = 1)";
    service
        .database
        .query(sql)
        .into_iter()
        .map(|row| row[0].clone())
        .collect()
}

/// The published rows of an organization, by conversation.
fn rows(service: &Service, organization_id: &str) -> BTreeMap<String, Map<String, Value>> {
    let snapshot = service.snapshot(organization_id).unwrap_or_default().into_iter();
    let rows = snapshot.map(|(json, _)| serde_json::from_str::<Map<String, Value>>(&json).unwrap());
    rows.map(|row| (row["conversationId"].as_str().unwrap().to_owned(), row))
        .collect()
}

/// What an organization's reports list, category by category: the thresholds that apply to the rows, and their ages in
/// business hours if there are any, by conversation. And how many rows are too old.
fn listed(service: &Service, organization_id: &str) -> (BTreeMap<String, (Value, Option<Value>)>, u64) {
    let access = access(organization_id).read;
    let (pages, cache) = (Pages::new(Mood::Empty), RefCell::default());
    let isolate = Isolate {
        database: &service.database,
        pages: &pages,
        cache: &cache,
        head_max_age_ms: MINUTE,
    };
    let (mut listed, mut too_old) = (BTreeMap::new(), 0);
    for category in ["ai_stuck", "agent_abandoned", "unassigned", "snoozed", "acknowledged"] {
        let query = format!("limit=100&category={category}");
        let data = data_of(&isolate.page(&access, &query, None, NOW).unwrap());
        assert_eq!(
            data["pagination"]["totalPages"].as_u64().unwrap().max(1),
            1,
            "{category}"
        );
        too_old += data["olderCount"].as_u64().unwrap();
        for row in data["rows"].as_array().unwrap() {
            let minutes = row.get("thresholdMinutes").unwrap_or(&data["thresholdMinutes"]);
            let told = (minutes.clone(), row.get("stalledBusinessMinutes").cloned());
            listed.insert(row["conversationId"].as_str().unwrap().to_owned(), told);
        }
    }
    (listed, too_old)
}

/// Settings of an organization, of several kinds.
fn change_settings(service: &Service, organization_id: &str, kind: usize) {
    let day = json!([["08:00", "12:30"], ["13:00", "17:00"]]);
    if kind == 0 {
        return;
    }
    // A threshold that cannot be reached within the age limit is refused by the route.
    let (thresholds, days, hours) = match kind {
        1 => (json!({ "SMS": 1, "whatsapp": 600 }), 1, Value::Null),
        2 => {
            let weekly = json!({ "mon": day, "tue": day, "wed": day, "thu": day, "fri": day, "sat": day, "sun": day });
            (
                Value::Null,
                30,
                json!({ "timeZone": "Europe/Berlin", "weekly": weekly }),
            )
        }
        _ => {
            let weekly = json!({ "mon": [["00:00", "24:00"]] });
            (Value::Null, 10, json!({ "timeZone": "Asia/Kolkata", "weekly": weekly }))
        }
    };
    let body = json!({ "thresholdMinutes": 60, "channelThresholdMinutes": thresholds, "maxAgeDays": days,
                       "businessHours": hours });
    set(service, organization_id, &body);
}

fn set(service: &Service, organization_id: &str, settings: &Value) {
    let (pages, cache) = (Pages::new(Mood::Empty), RefCell::default());
    let isolate = Isolate {
        database: &service.database,
        pages: &pages,
        cache: &cache,
        head_max_age_ms: MINUTE,
    };
    isolate
        .change_settings(&access(organization_id).read.organization, settings, NOW)
        .unwrap();
}

/// The evidence of each conversation of an organization says what its row says, and says null where there is no row.
/// Returns the effects that were told.
fn assert_agrees(service: &Service, organization_id: &str, context: &str) -> BTreeSet<String> {
    let rows = rows(service, organization_id);
    let (listed, too_old) = listed(service, organization_id);
    let mut found_too_old = 0;
    let mut effects = BTreeSet::new();
    for id in known(service, organization_id) {
        let context = format!("{context}, conversation {id}");
        let evidence = evidence(service, organization_id, &id);
        let mut shown = evidence["conversation"].as_object().unwrap().clone();
        assert_eq!(shown.remove("hasAccess"), Some(json!(true)), "{context}");
        let gates = shown.remove("gates").unwrap();
        let business_minutes = shown.remove("stalledBusinessMinutes");
        match rows.get(&id) {
            Some(row) => {
                assert_eq!(&shown, row, "{context}");
                assert_eq!(gates, json!([]), "{context}");
                for instant in ["waitingSince", "stalledSince"] {
                    assert_eq!(evidence[instant], row[instant], "{context}: {instant}");
                }
                let listing = evidence["listing"].as_str().unwrap();
                assert_eq!(listing == "listed", listed.contains_key(&id), "{context}: {listing}");
                if let Some((threshold, minutes)) = listed.get(&id) {
                    assert_eq!(&evidence["thresholdMinutes"], threshold, "{context}");
                    assert_eq!(&business_minutes, minutes, "{context}");
                }
                found_too_old += u64::from(listing == "too_old" && !evidence["crossesAt"].is_null());
                let instant = |name: &str| evidence[name].as_str().map(str::to_owned);
                let has_crossed = instant("crossesAt").is_some_and(|crosses_at| Some(crosses_at) <= instant("asOf"));
                assert_eq!(
                    listing == "below_threshold",
                    !has_crossed && listing != "too_old",
                    "{context}"
                );
                assert!(
                    instant("nextChangeAt").is_none_or(|next| Some(next) > instant("asOf")),
                    "{context}"
                );
                effects.insert(listing.to_owned());
            }
            None => {
                for member in ["listing", "crossesAt"] {
                    assert_eq!(evidence[member], Value::Null, "{context}: {member}");
                }
                for member in ["category", "reason", "waitingSince", "stalledSince"] {
                    assert_eq!(shown[member], Value::Null, "{context}: {member}");
                }
                assert!(!shown.contains_key("acknowledgedBy"), "{context}");
            }
        }
        let items = evidence["items"].as_array().unwrap();
        let open = items.iter().find(|item| item["effect"] == "demand");
        if evidence["hasEarlierItems"] == false && gates.as_array().unwrap().is_empty() {
            assert_eq!(
                open.map_or(&Value::Null, |open| &open["at"]),
                &evidence["waitingSince"],
                "{context}"
            );
        }
        effects.extend(items.iter().map(|item| item["effect"].as_str().unwrap().to_owned()));
    }
    assert_eq!(found_too_old, too_old, "{context}");
    effects
}

fn check(seed: u64) -> (BTreeSet<String>, usize) {
    let mut random = Random::new(seed);
    let options = HistoryOptions {
        now: NOW,
        organizations: 1 + random.below(2),
        conversations: 1 + random.below(8),
        events: 5 + random.below(150),
    };
    let mut history = random_history(seed, &options);
    random.shuffle(&mut history);
    let service = Service::default();
    let mut oracle = Oracle::default();
    let mut effects = BTreeSet::new();
    let mut acknowledged = 0;
    let half = history.len() / 2;
    for (round, events) in [&history[..half], &history[half..], &[]].into_iter().enumerate() {
        block_on(service.ingest(events, NOW)).unwrap();
        oracle.take_in(events);
        let as_of = NOW + round as i64 * 40_000;
        block_on(service.refresh(as_of)).unwrap();
        service.assert_agrees(&oracle, as_of, &format!("seed {seed}, round {round}"));
        for organization_id in organizations(&service) {
            change_settings(&service, &organization_id, random.below(4));
            let context = format!("seed {seed}, round {round}");
            effects.extend(assert_agrees(&service, &organization_id, &context));
            for (id, row) in rows(&service, &organization_id) {
                acknowledged += usize::from(row["category"] == "acknowledged");
                let at = NOW - 60_000 + random.below(80_000) as i64;
                if random.chance(30) {
                    let message_id = row["latestInboundMessageId"].as_str().unwrap();
                    let until = random.chance(50).then(|| NOW + 30_000 + random.below(60_000) as i64);
                    let request = request(
                        message_id,
                        &json!({ "until": until.map(instant_text), "note": "on it" }),
                    );
                    let stored = try_acknowledge(&service, &access(&organization_id), &id, request, at).unwrap();
                    let acknowledgement = oracle::Acknowledgement {
                        at,
                        by: stored.by,
                        message_id: message_id.to_owned(),
                        until,
                        note: Some("on it".to_owned()),
                    };
                    oracle.acknowledge(&organization_id, &id, Some(acknowledgement));
                } else if random.chance(10) {
                    withdraw(&service, &organization_id, &id, at);
                    oracle.acknowledge(&organization_id, &id, None);
                }
            }
        }
    }
    block_on(service.refresh(NOW + 2 * DAY)).unwrap();
    service.assert_agrees(&oracle, NOW + 2 * DAY, &format!("seed {seed}, in the end"));
    for organization_id in organizations(&service) {
        effects.extend(assert_agrees(
            &service,
            &organization_id,
            &format!("seed {seed}, in the end"),
        ));
    }
    (effects, acknowledged)
}

#[test]
fn the_evidence_says_what_the_report_says() {
    let mut effects = BTreeSet::new();
    let mut acknowledged = 0;
    for seed in seeds(300) {
        let (told, rows) = check(seed);
        effects.extend(told);
        acknowledged += rows;
    }
    println!("{acknowledged} acknowledged rows, effects {effects:?}");
    assert!(acknowledged > 60, "{acknowledged}");
    for effect in [
        "listed",
        "below_threshold",
        "too_old",
        "demand",
        "covered_demand",
        "settled_demand",
        "answer",
        "promise",
        "stuck_answer",
        "failed_answer",
        "note",
        "hand_off",
        "taken_over",
        "autopilot_off",
        "handed_back",
        "resolved",
        "reopened",
        "ignored:no_change",
        "ignored:not_by_human",
        "ignored:no_reply_needed",
        "ignored:private",
        "ignored:reaction",
        "ignored:activity",
        "ignored:auto_reply",
        "ignored:campaign",
        "ignored:opt_out",
        "ignored:automation",
        "ignored:system",
    ] {
        assert!(effects.contains(effect), "{effect}: {effects:?}");
    }
}

/// Explaining a conversation keeps more of it than a fold does, and decides the same.
#[test]
fn what_is_explained_is_what_is_folded() {
    let mut candidates = 0;
    for seed in seeds(2_000) {
        let mut random = Random::new(seed);
        let options = HistoryOptions {
            now: NOW,
            organizations: 1,
            conversations: 1 + random.below(4),
            events: 5 + random.below(100),
        };
        let history = random_history(seed, &options);
        let versions = Versions::new(&history, NOW);
        let stored = versions.store(0..history.len());
        let organizations: BTreeSet<&str> = history
            .iter()
            .filter_map(|event| event["organizationId"].as_str())
            .collect();
        for organization_id in organizations {
            let states = stored.states(organization_id, NOW);
            let explanations = stored.explanations(organization_id, NOW);
            assert_eq!(states.len(), explanations.len(), "seed {seed}");
            for (id, explanation) in explanations {
                assert_eq!(explanation.state, states[&id], "seed {seed}, conversation {id}");
                if let Some(candidate) = &explanation.state.candidate {
                    assert_eq!(
                        explanation.wait.as_ref(),
                        Some(candidate),
                        "seed {seed}, conversation {id}"
                    );
                    assert_eq!(explanation.gates, Vec::<&str>::new(), "seed {seed}, conversation {id}");
                    candidates += 1;
                }
            }
        }
    }
    assert!(candidates > 500, "{candidates}");
}

/// A message in the conversation `c`, whose id is `id`.
fn message(id: &str, at: i64, more: Value) -> Value {
    let mut event = json!({ "type": "message", "organizationId": "o", "updatedAt": instant_text(at), "messageId": id,
                            "conversationId": "c", "at": instant_text(at), "direction": "inbound", "sender": "contact" });
    event
        .as_object_mut()
        .unwrap()
        .extend(serde_json::from_value::<Map<String, Value>>(more).unwrap());
    event
}

/// The conversation `c`, in which a customer has waited for an hour, as of `NOW`. The message is `c`, too.
fn service_with_wait() -> Service {
    let service = Service::default();
    block_on(service.ingest(&waiting("o", "c", NOW - 60 * MINUTE), NOW)).unwrap();
    let user = json!({ "type": "user", "organizationId": "o", "updatedAt": instant_text(NOW), "userId": "supervisor",
                       "fullName": "Maud" });
    block_on(service.ingest(&[user], NOW)).unwrap();
    block_on(service.refresh(NOW)).unwrap();
    service
}

/// The category of `c` after the next refresh.
fn category(service: &Service, as_of: i64) -> Value {
    block_on(service.refresh(as_of)).unwrap();
    assert_agrees(service, "o", "after a refresh");
    rows(service, "o")
        .get("c")
        .map_or(Value::Null, |row| row["category"].clone())
}

fn acknowledge_c(service: &Service, more: &Value) -> Acknowledgement {
    try_acknowledge(service, &access("o"), "c", request("c", more), NOW).unwrap()
}

#[test]
fn an_acknowledged_row_says_who_when_and_why() {
    let service = service_with_wait();
    let until = instant_text(NOW + DAY);
    let answer = acknowledge_c(&service, &json!({ "note": "she is called back", "until": until }));
    assert_eq!(
        serde_json::to_value(AcknowledgementResponse::new("c", Some(&answer))).unwrap(),
        json!({ "conversationId": "c", "acknowledgedBy": "Maud", "acknowledgedAt": instant_text(NOW), "acknowledgedUntil": until,
                "note": "she is called back" })
    );
    // It is in the evidence at once, and in the report after the next refresh.
    let before = &rows(&service, "o")["c"];
    assert_eq!(before["category"], "ai_stuck");
    assert_eq!(evidence(&service, "o", "c")["conversation"]["category"], "acknowledged");
    assert_eq!(evidence(&service, "o", "c")["nextChangeAt"], json!(until));
    assert_eq!(category(&service, NOW + MINUTE), "acknowledged");
    let row = &rows(&service, "o")["c"];
    assert_eq!(row["acknowledgedBy"], "Maud");
    assert_eq!(row["acknowledgedAt"], json!(instant_text(NOW)));
    assert_eq!(row["acknowledgedUntil"], json!(until));
    assert_eq!(row["note"], "she is called back");
    for member in ["reason", "waitingSince", "stalledSince"] {
        assert_eq!(row[member], before[member], "{member}");
    }
}

#[test]
fn it_ends_when_the_customer_writes() {
    let after = NOW + 2 * MINUTE;
    let cases = [
        ("a demand", message("m", NOW + MINUTE, json!({})), "ai_stuck"),
        (
            "one that was written before, and arrives after it",
            message(
                "m",
                NOW - 90 * MINUTE,
                json!({ "receivedAt": instant_text(NOW + MINUTE) }),
            ),
            "ai_stuck",
        ),
        (
            "one that had arrived before",
            message(
                "m",
                NOW - 90 * MINUTE,
                json!({ "receivedAt": instant_text(NOW - MINUTE) }),
            ),
            "acknowledged",
        ),
        (
            "a reaction",
            message("m", NOW + MINUTE, json!({ "kind": "reaction" })),
            "acknowledged",
        ),
        (
            "a failed reply",
            message(
                "m",
                NOW + MINUTE,
                json!({ "direction": "outbound", "sender": "ai", "status": "failed" }),
            ),
            "acknowledged",
        ),
        (
            "one that asks for nothing",
            message("m", NOW + MINUTE, json!({ "needsReply": false })),
            "acknowledged",
        ),
        (
            "the message that was seen is removed",
            message("c", NOW + MINUTE, json!({ "deleted": true })),
            "null",
        ),
    ];
    for (name, event, expected) in cases {
        let service = service_with_wait();
        acknowledge_c(&service, &json!({}));
        assert_eq!(category(&service, NOW + 1), "acknowledged", "{name}");
        block_on(service.ingest(&[event], after)).unwrap();
        let found = category(&service, after);
        assert_eq!(found.as_str().unwrap_or("null"), expected, "{name}");
    }
}

#[test]
fn a_clock_of_the_source_that_is_ahead_ends_nothing() {
    let service = service_with_wait();
    let ahead = message("m", NOW + 4 * MINUTE, json!({}));
    block_on(service.ingest(&[ahead], NOW)).unwrap();
    block_on(service.refresh(NOW + 1)).unwrap();
    let request = request("m", &json!({}));
    try_acknowledge(&service, &access("o"), "c", request, NOW).unwrap();
    assert_eq!(category(&service, NOW + MINUTE), "acknowledged");
    assert_eq!(category(&service, NOW + 10 * MINUTE), "acknowledged");
}

#[test]
fn it_ends_at_its_instant_without_any_event() {
    let service = service_with_wait();
    let until = NOW + 10 * MINUTE;
    acknowledge_c(&service, &json!({ "until": instant_text(until) }));
    assert_eq!(category(&service, until - 1), "acknowledged");
    assert_eq!(category(&service, until), "ai_stuck");
    assert_eq!(rows(&service, "o")["c"].get("acknowledgedBy"), None);
}

#[test]
fn a_snooze_comes_first() {
    let service = service_with_wait();
    acknowledge_c(&service, &json!({}));
    let mut snoozed = waiting("o", "c", NOW)[0].clone();
    snoozed["snoozedAt"] = json!(instant_text(NOW));
    block_on(service.ingest(&[snoozed], NOW)).unwrap();
    assert_eq!(category(&service, NOW + 1), "snoozed");
}

#[test]
fn the_last_of_several_wins_even_if_a_clock_is_behind() {
    let service = service_with_wait();
    acknowledge_c(&service, &json!({ "note": "first" }));
    let behind = NOW - MINUTE;
    try_acknowledge(
        &service,
        &access("o"),
        "c",
        request("c", &json!({ "note": "second" })),
        behind,
    )
    .unwrap();
    assert_eq!(category(&service, NOW + 1), "acknowledged");
    assert_eq!(rows(&service, "o")["c"]["note"], "second");
    for _ in 0..2 {
        withdraw(&service, "o", "c", behind);
        assert_eq!(category(&service, NOW + 2), "ai_stuck");
    }
}

#[test]
fn only_who_waits_can_be_acknowledged_and_only_what_was_seen() {
    let service = service_with_wait();
    let attempt = |id: &str, message_id: &str| {
        let outcome = try_acknowledge(&service, &access("o"), id, request(message_id, &json!({})), NOW);
        outcome.map(drop)
    };
    assert_eq!(attempt("d", "d"), Err(EvidenceError::ConversationNotFound));
    assert_eq!(attempt("c", "another"), Err(EvidenceError::AnotherLastMessage));
    block_on(service.ingest(&[message("m", NOW, json!({}))], NOW)).unwrap();
    assert_eq!(attempt("c", "c"), Err(EvidenceError::AnotherLastMessage));
    assert_eq!(attempt("c", "m"), Ok(()));
    let answer = message("a", NOW + 1, json!({ "direction": "outbound", "sender": "ai" }));
    block_on(service.ingest(&[answer], NOW)).unwrap();
    assert_eq!(attempt("c", "m"), Err(EvidenceError::NotWaiting));
    let elsewhere = try_acknowledge(&service, &access("p"), "c", request("c", &json!({})), NOW);
    assert_eq!(
        elsewhere.map(drop),
        Err(EvidenceError::Report(ReportError::OrganizationNotFound))
    );
}

#[test]
fn a_blocked_customer_does_not_wait() {
    let service = service_with_wait();
    let blocked = json!({ "type": "contact", "organizationId": "o", "updatedAt": instant_text(NOW), "contactId": "k",
                          "name": "Bob", "blocked": true });
    block_on(service.ingest(&[blocked], NOW)).unwrap();
    let found = evidence(&service, "o", "c");
    assert_eq!(found["conversation"]["gates"], json!(["blocked"]));
    assert_eq!(found["conversation"]["category"], Value::Null);
    assert_eq!(found["conversation"]["contactName"], "Bob");
    let attempt = try_acknowledge(&service, &access("o"), "c", request("c", &json!({})), NOW);
    assert_eq!(attempt.map(drop), Err(EvidenceError::NotWaiting));
}

#[test]
fn gates_say_what_keeps_a_conversation_from_being_listed() {
    let service = service_with_wait();
    let with = |more: Value| {
        let mut event = waiting("o", "c", NOW)[0].clone();
        event
            .as_object_mut()
            .unwrap()
            .extend(serde_json::from_value::<Map<String, Value>>(more).unwrap());
        block_on(service.ingest(&[event], NOW)).unwrap();
        let found = evidence(&service, "o", "c");
        assert_eq!(found["conversation"]["category"], Value::Null);
        found["conversation"]["gates"].clone()
    };
    assert_eq!(with(json!({ "revision": 1, "draft": true })), json!(["draft"]));
    assert_eq!(
        with(json!({ "revision": 2, "draft": true, "channelType": "Voice" })),
        json!(["draft", "voice"])
    );
    block_on(service.ingest(&waiting("o", "d", NOW), NOW)).unwrap();
    assert_eq!(with(json!({ "revision": 3, "mergedInto": "d" })), json!(["merged"]));
    assert_eq!(with(json!({ "revision": 4, "deleted": true })), json!(["removed"]));
    let unknown = message("x", NOW, json!({ "conversationId": "e" }));
    block_on(service.ingest(&[unknown], NOW)).unwrap();
    let found = evidence(&service, "o", "e");
    assert_eq!(found["conversation"]["gates"], json!(["not_known"]));
    assert_eq!(found["items"][0]["effect"], "demand");
}

#[test]
fn a_head_of_a_department_asks_about_its_conversations_alone() {
    let service = service_with_wait();
    let mut event = waiting("o", "c", NOW)[0].clone();
    event["departmentId"] = json!("d");
    event["ownerId"] = json!("agent");
    block_on(service.ingest(&[event], NOW)).unwrap();
    let head = |departments: &[&str], subject: &str| {
        claims(
            &json!({ "role": "DEPARTMENT_HEAD", "sub": subject, "organizationId": "o", "departmentIds": departments }),
        )
    };
    let found = evidence_for(&service, &head(&["d"], "head"), "o", "c").unwrap();
    assert_eq!(found["conversation"]["hasAccess"], false);
    let found = evidence_for(&service, &head(&["d"], "agent"), "o", "c").unwrap();
    assert_eq!(found["conversation"]["hasAccess"], true);
    for departments in [&["e"][..], &[]] {
        let other = head(departments, "head");
        let found = evidence_for(&service, &other, "o", "c");
        assert_eq!(found.map(drop), Err(EvidenceError::ConversationNotFound));
        let access = acknowledgement_access(&other, None).unwrap();
        let attempt = try_acknowledge(&service, &access, "c", request("c", &json!({})), NOW);
        assert_eq!(attempt.map(drop), Err(EvidenceError::ConversationNotFound));
    }
    let nobody = claims(&json!({ "role": "ADMIN", "organizationId": "o" }));
    let refused = acknowledgement_access(&nobody, None).unwrap_err();
    assert_eq!(refused.to_string(), "subject: the token names none");
}

#[test]
fn no_event_acknowledges_anything() {
    let event = json!({ "type": "acknowledgement", "organizationId": "o", "updatedAt": instant_text(NOW),
                        "conversationId": "c" });
    let refused = parse_event(0, &event, Timestamp::from_milliseconds(NOW).into()).unwrap_err();
    assert_eq!(refused.field, "type");
    assert!(!refused.reason.contains("acknowledgement"), "{}", refused.reason);
}

#[test]
fn an_acknowledgement_has_these_bytes() {
    let instant = Timestamp::from_milliseconds(NOW);
    let acknowledgement = Acknowledgement {
        at: instant,
        by: "Maud".to_owned(),
        latest_inbound_message_id: "m".to_owned(),
        note: Some("n".to_owned()),
        until: Some(instant),
    };
    let record = acknowledgement_record("o", "c", instant, Some(&acknowledgement)).unwrap();
    let sorted: Map<String, Value> = serde_json::from_str(&record.body).unwrap();
    assert_eq!(serde_json::to_string(&sorted).unwrap(), record.body);
    assert_eq!(Acknowledgement::from_body(&record.body).unwrap(), acknowledgement);
    let shortest = Acknowledgement {
        note: None,
        until: None,
        ..acknowledgement
    };
    assert_eq!(
        Acknowledgement::from_body(&shortest.to_body().unwrap()).unwrap(),
        shortest
    );
    for damaged in [
        "",
        "[]",
        "{}",
        r#"{"at":"now","by":"Maud","latestInboundMessageId":"m"}"#,
    ] {
        assert!(Acknowledgement::from_body(damaged).is_err(), "{damaged}");
    }
    let removal = acknowledgement_record("o", "c", instant, None).unwrap();
    assert_eq!((removal.body.as_str(), removal.rank.deleted), ("", true));
}

#[test]
fn a_body_is_refused_in_words_that_name_its_member() {
    let now = Timestamp::from_milliseconds(NOW);
    let object = "The body must be a JSON object with latestInboundMessageId, and perhaps until and note.";
    let until = "until must be within the next 30 days.";
    for (body, expected) in [
        (json!([]), object),
        (json!({ "latestInboundMessageId": "m", "reason": "x" }), object),
        (json!({}), "latestInboundMessageId is required."),
        (
            json!({ "latestInboundMessageId": "m", "until": instant_text(NOW) }),
            until,
        ),
        (
            json!({ "latestInboundMessageId": "m", "until": instant_text(NOW + 30 * DAY + 1) }),
            until,
        ),
        (
            json!({ "latestInboundMessageId": "m", "until": "tomorrow" }),
            "until must be an RFC 3339 instant such as 2026-05-18T14:00:00.000Z.",
        ),
        (
            json!({ "latestInboundMessageId": "m", "note": "é".repeat(201) }),
            "note must be a string of at most 200 characters.",
        ),
    ] {
        let refused = AcknowledgementRequest::parse(body.to_string().as_bytes(), now).unwrap_err();
        assert_eq!(refused, EvidenceError::Invalid(expected.to_owned()), "{body}");
    }
    let longest =
        json!({ "latestInboundMessageId": "m", "note": "é".repeat(200), "until": instant_text(NOW + 30 * DAY) });
    AcknowledgementRequest::parse(longest.to_string().as_bytes(), now).unwrap();
}

/// The acknowledgements that are stored.
fn stored(service: &Service) -> usize {
    service
        .database
        .query("SELECT record_id FROM record WHERE type = 'acknowledgement'")
        .len()
}

/// An older worker would not know what it is.
#[test]
fn it_is_in_no_timeline() {
    let service = service_with_wait();
    acknowledge_c(&service, &json!({}));
    let in_timelines = "SELECT record_id FROM record WHERE type = 'acknowledgement' AND conversation_id IS NOT NULL";
    assert_eq!((stored(&service), service.database.query(in_timelines).len()), (1, 0));
}

#[test]
fn it_goes_with_the_contact_that_is_erased() {
    let service = service_with_wait();
    acknowledge_c(&service, &json!({ "note": "Bob is ill" }));
    block_on(service.refresh(NOW + 1)).unwrap();
    let (organization, erased_at) = (access("o").read.organization, NOW + 2);
    let now = Timestamp::from_milliseconds(erased_at);
    block_on(erase_contact(
        &service.database,
        &organization,
        "k",
        &service.change_token(),
        now,
    ))
    .unwrap();
    block_on(service.refresh(NOW + MINUTE)).unwrap();
    assert_eq!(stored(&service), 0);
    assert!(rows(&service, "o").is_empty());
    // One that was on its way does not come back.
    let late = acknowledgement_record("o", "c", Timestamp::from_milliseconds(erased_at - 1), None).unwrap();
    let records = access("o").permit(Some(late));
    block_on(store_records(&service.database, records, &service.change_token(), now)).unwrap();
    assert_eq!(stored(&service), 0);
}

#[test]
fn it_goes_with_the_conversation_that_is_forgotten() {
    let service = service_with_wait();
    acknowledge_c(&service, &json!({}));
    let answer = message("a", NOW + 1, json!({ "direction": "outbound", "sender": "ai" }));
    block_on(service.ingest(&[answer], NOW)).unwrap();
    let limits = || Limits {
        sweep: SweepLimits {
            keep_timeline_ms: 7 * DAY,
            keep_conversation_ms: 180 * DAY,
            every_ms: 0,
            ..SweepLimits::default()
        },
        ..Limits::default()
    };
    for days in [1, 20, 21] {
        block_on(service.refresh_within(NOW + days * DAY, limits())).unwrap();
    }
    assert_eq!(stored(&service), 1);
    for days in [200, 201] {
        block_on(service.refresh_within(NOW + days * DAY, limits())).unwrap();
    }
    assert_eq!(stored(&service), 0);
    assert_eq!(known(&service, "o"), Vec::<String>::new());
}

/// When somebody crosses the threshold, and what changes by that and by the age limit.
#[test]
fn it_says_when_somebody_crosses_the_threshold_that_applies() {
    let service = service_with_wait();
    let since = NOW - 60 * MINUTE;
    let told = |settings: Value| {
        set(&service, "o", &settings);
        let evidence = evidence(&service, "o", "c");
        ["thresholdMinutes", "listing", "crossesAt", "nextChangeAt"].map(|member| evidence[member].clone())
    };
    let after = |milliseconds: i64| json!(instant_text(since + milliseconds));
    let month = 30 * DAY;
    assert_eq!(
        told(json!({ "thresholdMinutes": 60 })),
        [json!(60), json!("listed"), after(60 * MINUTE), after(month + 1)]
    );
    assert_eq!(
        told(json!({ "thresholdMinutes": 61 })),
        [
            json!(61),
            json!("below_threshold"),
            after(61 * MINUTE),
            after(61 * MINUTE)
        ]
    );
    assert_eq!(
        told(json!({ "channelThresholdMinutes": { "SMS": 90 } }))[..2],
        [json!(90), json!("below_threshold")]
    );
    let hours = |timing: Value| json!({ "timeZone": "UTC", "weekly": timing });
    let day = json!([["00:00", "24:00"]]);
    let always = json!({ "mon": day, "tue": day, "wed": day, "thu": day, "fri": day, "sat": day, "sun": day });
    assert_eq!(
        told(json!({ "businessHours": hours(always) })),
        [
            json!(90),
            json!("below_threshold"),
            after(90 * MINUTE),
            after(90 * MINUTE)
        ]
    );
}

/// A long conversation is told by its last items, each with its own id, whichever of them play a part.
#[test]
fn the_last_items_have_their_ids() {
    let service = Service::default();
    let mut events = waiting("o", "c", NOW - 60 * MINUTE).to_vec();
    for number in 0..900_i64 {
        let at = NOW - 50 * MINUTE + number * 1_000;
        let more = match number % 3 {
            0 => json!({ "direction": "outbound", "sender": "ai" }),
            1 => json!({ "direction": "outbound", "sender": "automation", "kind": "campaign" }),
            _ => json!({}),
        };
        events.push(message(&format!("m{number:03}"), at, more));
    }
    Random::new(7).shuffle(&mut events);
    block_on(service.ingest(&events, NOW)).unwrap();
    block_on(service.refresh(NOW)).unwrap();
    assert_agrees(&service, "o", "a long conversation");
    let evidence = evidence(&service, "o", "c");
    let items = evidence["items"].as_array().unwrap();
    let ids: Vec<&str> = items.iter().map(|item| item["id"].as_str().unwrap()).collect();
    let expected: Vec<String> = (700..900).map(|number| format!("m{number}")).collect();
    assert_eq!(ids, expected);
    assert_eq!(evidence["hasEarlierItems"], true);
    let effects = [196, 197, 198, 199].map(|number: usize| items[number]["effect"].as_str().unwrap());
    assert_eq!(effects, ["covered_demand", "answer", "ignored:campaign", "demand"]);
}
