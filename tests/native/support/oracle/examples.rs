//! The oracle itself, checked against the numbered cases that the definition grew by: written by hand, from their text.
//!
//! Instants are milliseconds since a base, in events and in what is expected.

use super::Oracle;
use crate::support::history::{HistoryOptions, instant_text, one_version_each, random_history, respelled_messages};
use serde_json::{Map, Value, json};

const BASE: i64 = 1_770_000_000_000;
const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const INSTANTS: [&str; 8] = [
    "at",
    "updatedAt",
    "receivedAt",
    "assignedAt",
    "resolvedAt",
    "snoozedAt",
    "snoozedUntil",
    "mergedAt",
];

/// An event of the organization `o` with members of `more` added or replaced. Instants are offsets.
fn event(record: Value, more: Value) -> Value {
    let mut members = json!({ "organizationId": "o", "updatedAt": 0 });
    for source in [record, more] {
        let source: Map<String, Value> = serde_json::from_value(source).unwrap();
        members.as_object_mut().unwrap().extend(source);
    }
    for name in INSTANTS {
        if let Some(offset) = members.get(name).and_then(Value::as_i64) {
            members[name] = json!(instant_text(BASE + offset));
        }
    }
    members
}

/// The conversation `id`.
fn conversation_with(id: &str, more: Value) -> Value {
    let record = json!({ "type": "conversation", "conversationId": id, "contactId": "k", "channelType": "sms" });
    event(record, more)
}

/// The conversation `c`.
fn conversation(more: Value) -> Value {
    conversation_with("c", more)
}

fn assigned() -> Value {
    conversation(json!({ "assigneeIds": ["agent"] }))
}

fn agent() -> Value {
    let user = json!({ "type": "user", "userId": "agent", "fullName": "Alice" });
    event(user, json!({}))
}

/// A message in the conversation `c`.
fn message(sender: &str, id: &str, at: i64, more: Value) -> Value {
    let direction = if sender == "contact" { "inbound" } else { "outbound" };
    let message = json!({ "type": "message", "messageId": id, "conversationId": "c", "at": at, "direction": direction,
                          "sender": sender });
    event(message, more)
}

fn demand(id: &str, at: i64) -> Value {
    message("contact", id, at, json!({}))
}

fn demand_in(conversation_id: &str, id: &str, at: i64) -> Value {
    message("contact", id, at, json!({ "conversationId": conversation_id }))
}

fn ai(at: i64) -> Value {
    message("ai", &format!("ai {at}"), at, json!({}))
}

fn human(at: i64) -> Value {
    message("human", &format!("human {at}"), at, json!({}))
}

fn hand_off(at: i64) -> Value {
    message(
        "system",
        &format!("hand-off {at}"),
        at,
        json!({ "kind": "handoff_notice" }),
    )
}

fn autopilot(at: i64, enabled: bool, by: &str) -> Value {
    let change = json!({ "type": "autopilot", "changeId": format!("change {at}"), "conversationId": "c", "at": at,
                         "enabled": enabled, "by": by });
    event(change, json!({}))
}

fn resolution(at: i64, resolved: bool, by: &str) -> Value {
    let record = json!({ "type": "resolution", "changeId": format!("resolution {at}"), "conversationId": "c", "at": at,
                         "resolved": resolved, "by": by });
    event(record, json!({}))
}

/// A row: its conversation, category and reason, waitingSince and stalledSince.
type Row = (String, String, i64, i64);

fn rows(events: &[Value], as_of: i64) -> Vec<Row> {
    let mut oracle = Oracle::default();
    oracle.take_in(events);
    let rows = oracle.rows("o", BASE + as_of);
    let rows = rows.iter().map(|row| {
        let members: Value = serde_json::from_str(&row.json).unwrap();
        let text = |name: &str| members[name].as_str().unwrap().to_string();
        let offset = |name: &str| super::version::epoch_ms(&text(name)) - BASE;
        assert_eq!(offset("stalledSince"), row.stalled_since - BASE);
        let what = format!("{}/{}", row.category, text("reason"));
        (
            text("conversationId"),
            what,
            offset("waitingSince"),
            offset("stalledSince"),
        )
    });
    rows.collect()
}

/// The rows of the conversation `c` at `as_of`, in whatever order the events come.
#[track_caller]
fn check(events: &[Value], as_of: i64, expected: &[(&str, i64, i64)]) {
    let expected: Vec<(&str, &str, i64, i64)> = expected
        .iter()
        .map(|(what, waiting_since, stalled_since)| ("c", *what, *waiting_since, *stalled_since))
        .collect();
    check_all(events, as_of, &expected);
}

/// The rows of all conversations.
#[track_caller]
fn check_all(events: &[Value], as_of: i64, expected: &[(&str, &str, i64, i64)]) {
    let expected: Vec<Row> = expected
        .iter()
        .map(|(id, what, waiting_since, stalled_since)| {
            ((*id).to_string(), (*what).to_string(), *waiting_since, *stalled_since)
        })
        .collect();
    let mut events = events.to_vec();
    for _ in 0..events.len() {
        events.rotate_left(1);
        assert_eq!(rows(&events, as_of), expected);
    }
    events.reverse();
    assert_eq!(rows(&events, as_of), expected, "reversed");
}

const NO_REPLY: &str = "ai_stuck/no_reply";
const HANDED_OFF: &str = "ai_stuck/handoff_not_completed";

#[test]
fn case_32_a_promise_is_no_answer() {
    let m = MINUTE;
    let promised = [conversation(json!({})), demand("d", 0), ai(m), hand_off(2 * m)];
    check(&promised, 30 * m, &[(HANDED_OFF, 0, 2 * m)]);
    let off = [
        assigned(),
        agent(),
        demand("d", 0),
        ai(m),
        hand_off(2 * m),
        autopilot(2 * m, false, "system"),
    ];
    check(&off, 30 * m, &[("agent_abandoned/no_reply_since_takeover", 0, 2 * m)]);
    check(&[&promised[..], &[human(3 * m)]].concat(), 30 * m, &[]);
    check(&[&promised[..], &[ai(3 * m)]].concat(), 30 * m, &[]);
    // The AI's answer does not cover the second demand, so it is an answer and no promise.
    let other = [&promised[..], &[demand("e", m + 30 * SECOND)]].concat();
    let second = m + 30 * SECOND;
    check(&other, 30 * m, &[(HANDED_OFF, second, second)]);
    for (later, is_promise) in [(10 * m, true), (10 * m + 1, false), (11 * m, false)] {
        let events = [conversation(json!({})), demand("d", 0), ai(m), hand_off(m + later)];
        let expected = [(HANDED_OFF, 0, m + later)];
        check(&events, 30 * m, if is_promise { &expected } else { &[] });
    }
    let at_once = [conversation(json!({})), demand("d", m), ai(m), hand_off(m)];
    check(&at_once, 30 * m, &[(HANDED_OFF, m, m)]);
    let mut numbered = [demand("d", m), ai(m), hand_off(m)];
    for (event, sequence) in numbered.iter_mut().zip([1, 3, 2]) {
        event["sequence"] = json!(sequence);
    }
    check(&[&numbered[..], &[conversation(json!({}))]].concat(), 30 * m, &[]);
}

#[test]
fn of_several_promises_the_earliest_hand_off_counts() {
    let m = MINUTE;
    let events = [
        conversation(json!({})),
        demand("d", 0),
        ai(m),
        hand_off(2 * m),
        ai(20 * m),
        hand_off(21 * m),
    ];
    check(&events, 60 * m, &[(HANDED_OFF, 0, 2 * m)]);
}

#[test]
fn case_33_passed_back_and_forth() {
    let m = MINUTE;
    let mut events = vec![conversation(json!({})), agent(), demand("d", 0)];
    for change in 1..=14 {
        events.push(autopilot(4 * m * change, change % 2 == 0, "human"));
        let since = 4 * m * change;
        let expected = match change {
            1 => ("agent_abandoned/assignee_missing", 0, since),
            2 => (NO_REPLY, 0, since),
            _ if change % 2 == 0 => ("ai_stuck/passed_back_and_forth", 0, 0),
            _ => ("agent_abandoned/passed_back_and_forth", 0, 0),
        };
        check(&events, since, &[expected]);
    }
}

#[test]
fn case_34_the_agent_takes_herself_off() {
    let m = MINUTE;
    let nobody = [conversation(json!({})), demand("d", 0), autopilot(m, false, "system")];
    check(&nobody, 110 * m, &[("unassigned/nobody_assigned", 0, m)]);
    let taken_over = [conversation(json!({})), demand("d", 0), autopilot(m, false, "human")];
    check(&taken_over, 110 * m, &[("agent_abandoned/assignee_missing", 0, m)]);
    let wrote = [
        conversation(json!({})),
        human(-m),
        demand("d", 0),
        autopilot(m, false, "system"),
    ];
    check(&wrote, 110 * m, &[("agent_abandoned/assignee_missing", 0, 0)]);
}

#[test]
fn cases_35_and_36_snoozed() {
    let m = MINUTE;
    let until = json!({ "snoozedAt": m, "snoozedUntil": 3 * DAY });
    let snoozed = [conversation(until), demand("d", 0)];
    check(&snoozed, DAY, &[("snoozed/no_reply", 0, 0)]);
    check(&snoozed, 3 * DAY, &[(NO_REPLY, 0, 0)]);
    let alone = [conversation(json!({ "snoozedAt": m })), demand("d", 0)];
    check(&alone, 10 * DAY, &[("snoozed/no_reply", 0, 0)]);
    check(
        &[&alone[..], &[demand("e", m - 1)]].concat(),
        10 * DAY,
        &[("snoozed/no_reply", 0, 0)],
    );
    check(&[&alone[..], &[demand("e", m)]].concat(), 10 * DAY, &[(NO_REPLY, 0, 0)]);
}

#[test]
fn case_37_merged() {
    let m = MINUTE;
    let target = conversation(json!({}));
    let merged = conversation_with("s", json!({ "mergedInto": "c", "mergedAt": 10 * m }));
    check_all(
        &[target.clone(), merged.clone(), demand_in("s", "d", 12 * m)],
        HOUR,
        &[("c", NO_REPLY, 12 * m, 12 * m)],
    );
    let open = [target.clone(), merged.clone(), demand_in("s", "d", 5 * m)];
    check(&open, HOUR, &[(NO_REPLY, 5 * m, 5 * m)]);
    check(&[&open[..], &[ai(4 * m)]].concat(), HOUR, &[(NO_REPLY, 5 * m, 5 * m)]);
    check(&[&open[..], &[ai(6 * m)]].concat(), HOUR, &[]);
    let chained = conversation_with("t", json!({ "mergedInto": "s" }));
    let through = [target.clone(), merged.clone(), chained, demand_in("t", "d", 5 * m)];
    check(&through, HOUR, &[(NO_REPLY, 5 * m, 5 * m)]);
    let cycle = [
        conversation(json!({ "mergedInto": "s" })),
        merged.clone(),
        demand("d", 5 * m),
        demand_in("s", "e", 6 * m),
    ];
    check_all(
        &cycle,
        HOUR,
        &[("c", NO_REPLY, 5 * m, 5 * m), ("s", NO_REPLY, 6 * m, 6 * m)],
    );
    check_all(&open[1..], HOUR, &[("s", NO_REPLY, 5 * m, 5 * m)]);
    let mut unmerged = conversation_with("s", json!({ "revision": 1 }));
    check_all(
        &[&open[..], &[unmerged.clone()]].concat(),
        HOUR,
        &[("s", NO_REPLY, 5 * m, 5 * m)],
    );
    unmerged["resolvedAt"] = json!(instant_text(BASE + 7 * m));
    unmerged["mergedInto"] = json!("c");
    check(&[&open[..], &[unmerged]].concat(), HOUR, &[]);
    for (resolved_at, is_open) in [(9 * m, true), (10 * m - 1, true), (10 * m, false), (11 * m, false)] {
        let mut events = open.clone();
        events[0] = conversation(json!({ "resolvedAt": resolved_at }));
        let expected = [(NO_REPLY, 5 * m, 5 * m)];
        check(&events, HOUR, if is_open { &expected } else { &[] });
    }
    let removed = event(
        json!({ "type": "conversation", "conversationId": "c" }),
        json!({ "deleted": true }),
    );
    check_all(
        &[&open[..], &[removed]].concat(),
        HOUR,
        &[("s", NO_REPLY, 5 * m, 5 * m)],
    );
}

#[test]
fn a_chain_is_followed_for_16_steps() {
    let conversations = 19;
    let mut events: Vec<Value> = Vec::new();
    for number in 0..conversations {
        let id = format!("{number:02}");
        let target = format!("{:02}", number + 1);
        let more = if number + 1 < conversations {
            json!({ "mergedInto": target })
        } else {
            json!({})
        };
        events.push(conversation_with(&id, more));
    }
    // The last is 18. The third has 16 steps to it, the second 17.
    events.push(demand_in("02", "d", 2));
    check_all(&events, HOUR, &[("18", NO_REPLY, 2, 2)]);
    events.push(demand_in("01", "e", 1));
    check_all(&events, HOUR, &[("01", NO_REPLY, 1, 1), ("18", NO_REPLY, 2, 2)]);
}

#[test]
fn what_leads_into_a_cycle_ends_at_its_first_member() {
    let events = [
        conversation_with("a", json!({ "mergedInto": "b" })),
        conversation_with("b", json!({ "mergedInto": "c" })),
        conversation_with("c", json!({ "mergedInto": "b" })),
        conversation_with("d", json!({ "mergedInto": "d" })),
        demand_in("a", "in a", 1),
        demand_in("c", "in c", 2),
        demand_in("d", "in d", 3),
    ];
    let expected = [("b", NO_REPLY, 1, 1), ("c", NO_REPLY, 2, 2), ("d", NO_REPLY, 3, 3)];
    check_all(&events, HOUR, &expected);
}

#[test]
fn case_38_the_ai_went_on_answering() {
    let m = MINUTE;
    let mut events = vec![conversation(json!({})), human(0), ai(m), ai(2 * m), demand("d", 3 * m)];
    check(&events, HOUR, &[(NO_REPLY, 3 * m, 3 * m)]);
    // While the autopilot was off, what the AI says takes nothing from the human.
    events.push(autopilot(m - 1, false, "system"));
    check(&events, HOUR, &[("agent_abandoned/assignee_missing", 3 * m, 3 * m)]);
}

#[test]
fn case_39_starts_without_autopilot() {
    let off = json!({ "startsWithAutopilot": false });
    check(
        &[conversation(off), demand("d", 0)],
        HOUR,
        &[("unassigned/nobody_assigned", 0, 0)],
    );
    let off = json!({ "startsWithAutopilot": false, "ownerId": "agent" });
    let events = [conversation(off), agent(), demand("d", 0)];
    check(&events, HOUR, &[("agent_abandoned/no_reply_since_takeover", 0, 0)]);
}

#[test]
fn case_40_switched_off_by_the_ai() {
    let mut off = autopilot(MINUTE, false, "ai");
    off["actorId"] = json!("bot");
    let events = [conversation(json!({})), demand("d", 0), off.clone()];
    check(&events, HOUR, &[("unassigned/nobody_assigned", 0, MINUTE)]);
    off["by"] = Value::Null;
    let events = [conversation(json!({})), demand("d", 0), off];
    check(&events, HOUR, &[("agent_abandoned/assignee_missing", 0, MINUTE)]);
}

#[test]
fn case_41_assigned_after_a_wait_in_the_queue() {
    let queued = |more: Value| {
        [
            conversation(more),
            agent(),
            demand("d", 0),
            autopilot(MINUTE, false, "system"),
        ]
    };
    let reason = "agent_abandoned/no_reply_since_takeover";
    let since = 2 * HOUR - MINUTE;
    let events = queued(json!({ "assigneeIds": ["agent"], "assignedAt": since }));
    check(&events, 2 * HOUR, &[(reason, 0, since)]);
    let events = queued(json!({ "assigneeIds": ["somebody", "agent"], "assignedAt": since }));
    check(&events, 3 * HOUR, &[(reason, 0, since)]);
    check(
        &queued(json!({ "assigneeIds": ["agent"] })),
        2 * HOUR,
        &[(reason, 0, MINUTE)],
    );
    // Nobody is assigned now: assignedAt means nothing.
    let events = queued(json!({ "assignedAt": since }));
    check(&events, 2 * HOUR, &[("unassigned/nobody_assigned", 0, MINUTE)]);
}

#[test]
fn without_assigned_at_a_takeover_is_when_somebody_was_assigned() {
    let m = MINUTE;
    let off = json!({ "startsWithAutopilot": false, "assigneeIds": ["agent"] });
    let events = [
        conversation(off),
        agent(),
        demand("d", 0),
        autopilot(40 * m, false, "human"),
    ];
    check(&events, HOUR, &[("agent_abandoned/no_reply_since_takeover", 0, 40 * m)]);
}

#[test]
fn case_42_no_demands() {
    let thanks = message("contact", "d", 0, json!({ "needsReply": false }));
    check(&[conversation(json!({})), thanks], HOUR, &[]);
    let stop = message("contact", "d", 0, json!({ "kind": "opt_out" }));
    check(&[conversation(json!({})), stop], HOUR, &[]);
}

#[test]
fn case_43_received_late() {
    let received = 3 * HOUR - 10 * MINUTE;
    let late = message("contact", "d", 0, json!({ "receivedAt": received }));
    let answered = [conversation(json!({})), agent(), late.clone(), human(HOUR)];
    check(&answered, 3 * HOUR, &[("agent_abandoned/assignee_missing", 0, HOUR)]);
    for more in [json!({ "resolvedAt": HOUR }), json!({ "snoozedAt": HOUR })] {
        check(&[conversation(more), late.clone()], 3 * HOUR, &[(NO_REPLY, 0, 0)]);
    }
    let human_after = human(received + 1);
    check(&[conversation(json!({})), late, human_after], 3 * HOUR, &[]);
}

#[test]
fn case_44_one_second_and_clocks_that_are_behind() {
    let s = SECOND;
    check(&[conversation(json!({})), demand("d", 0), ai(0)], HOUR, &[]);
    let events = [conversation(json!({})), demand("d", 0), human(0)];
    check(&events, HOUR, &[("agent_abandoned/assignee_missing", 0, 0)]);
    let mut numbered = demand("d", 0);
    numbered["sequence"] = json!(1);
    check(&[conversation(json!({})), numbered, ai(0)], HOUR, &[(NO_REPLY, 0, 0)]);

    let reply = |sender: &str, at: i64, names: &str| message(sender, "reply", at, json!({ "inReplyTo": names }));
    let behind = [conversation(json!({})), demand("d", 0), reply("ai", -5 * s, "d")];
    check(&behind, HOUR, &[]);
    let two = [conversation(json!({})), demand("d", 0), demand("e", s)];
    let first = [&two[..], &[reply("ai", 5 * s, "d")]].concat();
    check(&first, HOUR, &[(NO_REPLY, s, s)]);
    check(&[&two[..], &[reply("ai", 5 * s, "e")]].concat(), HOUR, &[]);
    check(&[&two[..], &[reply("ai", 5 * s, "unknown")]].concat(), HOUR, &[]);
    check(&[&two[..], &[reply("human", 5 * s, "d")]].concat(), HOUR, &[]);

    for (later, counts) in [(DAY, true), (DAY + 1, false)] {
        let events = [&two[..], &[reply("ai", later, "d")]].concat();
        // A name that counts leaves the second demand open; one that does not leaves it to the clock.
        let expected = [(NO_REPLY, s, s)];
        check(&events, 2 * DAY, if counts { &expected } else { &[] });
    }
}

#[test]
fn case_45_within_one_tick() {
    let m = MINUTE;
    let reply = |status: &str| message("ai", "reply", m, json!({ "status": status }));
    let base = [conversation(json!({})), demand("d", 0)];
    check(&[&base[..], &[reply("queued"), reply("delivered")]].concat(), HOUR, &[]);
    let failed = [&base[..], &[reply("sent"), reply("failed")]].concat();
    check(&failed, HOUR, &[("ai_stuck/reply_failed", 0, 0)]);
    let resolved = [
        conversation(json!({ "resolvedAt": m })),
        conversation(json!({ "ownerId": "agent", "assigneeIds": ["agent"] })),
        demand("d", 0),
    ];
    check(&resolved, HOUR, &[]);
    let off = json!({ "startsWithAutopilot": false, "assigneeIds": ["agent"] });
    let created = [
        conversation(json!({ "startsWithAutopilot": false })),
        conversation(off),
        agent(),
        demand("d", 0),
    ];
    check(&created, HOUR, &[("agent_abandoned/no_reply_since_takeover", 0, 0)]);
    let counted = [
        conversation(json!({ "revision": 2, "updatedAt": -1 })),
        conversation(json!({ "revision": 1, "updatedAt": 1, "draft": true })),
        conversation(json!({ "updatedAt": 2, "deleted": true })),
        demand("d", 0),
    ];
    check(&counted, HOUR, &[(NO_REPLY, 0, 0)]);
}

#[test]
fn case_46_resolutions_and_reopenings() {
    let m = MINUTE;
    let open = [conversation(json!({})), demand("d", 0)];
    let row = [(NO_REPLY, 0, 0)];
    let with = |more: &[Value]| [&open[..], more].concat();
    check(&with(&[resolution(m, true, "human")]), HOUR, &[]);
    check(
        &with(&[resolution(m, true, "human"), autopilot(2 * m, true, "system")]),
        HOUR,
        &[],
    );
    check(
        &with(&[resolution(m, true, "human"), resolution(2 * m, false, "human")]),
        HOUR,
        &row,
    );
    check(&with(&[resolution(m, true, "automation")]), HOUR, &row);
    check(&with(&[ai(m), resolution(2 * m, true, "automation")]), HOUR, &[]);
    check(&with(&[resolution(m, true, "ai")]), HOUR, &row);
    let at_the_same_instant = [
        conversation(json!({ "resolvedAt": m })),
        demand("d", 0),
        resolution(m, true, "ai"),
    ];
    check(&at_the_same_instant, HOUR, &row);
    let mut human_too = resolution(m, true, "human");
    human_too["changeId"] = json!("another");
    check(&[&at_the_same_instant[..], &[human_too]].concat(), HOUR, &[]);
    check(&with(&[resolution(0, true, "human")]), HOUR, &row);
    // The customer's own message reopens: what was settled before stays settled.
    let reopened = with(&[
        resolution(m, true, "human"),
        demand("e", 2 * m),
        resolution(2 * m, false, "human"),
    ]);
    check(&reopened, HOUR, &[(NO_REPLY, 2 * m, 2 * m)]);
    let removed = message("ai", &format!("ai {m}"), m, json!({ "deleted": true }));
    check(
        &with(&[ai(m), resolution(2 * m, true, "automation"), removed]),
        HOUR,
        &row,
    );
    for (later, is_cancelled) in [(0, true), (3 * DAY, true), (3 * DAY + 1, false)] {
        let mut reopening = resolution(m + later, false, "human");
        reopening["changeId"] = json!("reopening");
        let events = with(&[resolution(m, true, "human"), reopening]);
        check(&events, 4 * DAY, if is_cancelled { &row } else { &[] });
    }
}

#[test]
fn case_47_a_contact_merged_into_another() {
    let contact = |id: &str, more: Value| {
        let contact = json!({ "type": "contact", "contactId": id, "name": format!("name of {id}"), "phone": id });
        event(contact, more)
    };
    let shown = |contacts: &[Value]| {
        let mut oracle = Oracle::default();
        oracle.take_in(&[conversation(json!({})), demand("d", 0)]);
        oracle.take_in(contacts);
        let rows = oracle.rows("o", BASE + HOUR);
        let row = rows.first()?;
        let row: Value = serde_json::from_str(&row.json).unwrap();
        assert_eq!(row["contactId"], "k");
        assert_eq!(
            row["contactName"],
            format!("name of {}", row["contactPhone"].as_str().unwrap())
        );
        Some(row["contactPhone"].as_str().unwrap().to_string())
    };
    let into = |id: &str| json!({ "mergedInto": id });
    let phone = |id: &str| Some(id.to_string());
    assert_eq!(shown(&[contact("k", into("l")), contact("l", json!({}))]), phone("l"));
    assert_eq!(shown(&[contact("k", into("l"))]), phone("k"));
    let cycle = [
        contact("k", into("l")),
        contact("l", json!({ "mergedInto": "k", "blocked": true })),
    ];
    assert_eq!(shown(&cycle), phone("k"), "its own record alone");
    let blocked = [contact("k", into("l")), contact("l", json!({ "blocked": true }))];
    assert_eq!(shown(&blocked), None);
    let blocked = [
        contact("k", json!({ "mergedInto": "l", "blocked": true })),
        contact("l", json!({})),
    ];
    assert_eq!(shown(&blocked), None);
    let mut long = vec![contact("k", into("1"))];
    long.extend((1..=12).map(|number| contact(&number.to_string(), into(&(number + 1).to_string()))));
    assert_eq!(shown(&long), phone("10"), "ten steps");
}

#[test]
fn cases_49_50_and_51() {
    check(
        &[conversation(json!({ "channelType": "Voice" })), demand("d", 0)],
        HOUR,
        &[],
    );
    check(&[demand("d", 0)], HOUR, &[]);
    let events = [conversation(json!({})), demand("d", 0)];
    check(&events, 29_999, &[]);
    check(&events, 30_000, &[(NO_REPLY, 0, 0)]);
    let late = message("contact", "d", 0, json!({ "receivedAt": HOUR }));
    let events = [conversation(json!({})), late];
    check(&events, HOUR + 29_999, &[]);
    check(&events, HOUR + 30_000, &[(NO_REPLY, 0, 0)]);
}

/// The rows of all organizations without the one member that may depend on how ids of messages are spelled.
fn rows_without_message_ids(history: &[Value], as_of: i64) -> Vec<Value> {
    let mut oracle = Oracle::default();
    oracle.take_in(history);
    let organizations = oracle.organizations();
    let rows = organizations.iter().flat_map(|id| oracle.rows(id, as_of));
    let without_message_id = rows.map(|row| {
        let mut row: Value = serde_json::from_str(&row.json).unwrap();
        row.as_object_mut().unwrap().remove("latestInboundMessageId");
        row
    });
    without_message_id.collect()
}

#[test]
fn rows_do_not_depend_on_how_ids_of_messages_are_spelled() {
    for seed in 0..300 {
        let options = HistoryOptions {
            now: BASE,
            organizations: 1,
            conversations: 3,
            events: 120,
        };
        let history = one_version_each(&random_history(seed, &options));
        let rows = rows_without_message_ids(&history, BASE);
        for spelling in 0..3 {
            let respelled = respelled_messages(spelling, &history);
            assert_eq!(rows_without_message_ids(&respelled, BASE), rows, "seed {seed}");
        }
    }
}
