//! A second, deliberately simple implementation of docs/definition.md, to compare the service with.
//!
//! It stores every record that won, and works each report out from all of them, every time from the beginning. Nothing
//! in it is fast, incremental or shared with the service.

use super::history::{instant_text, own_id_field};
use chrono::NaiveDate;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How long a reply may be queued before its send is stuck.
const QUEUED_ANSWER_LIMIT: i64 = 2 * 60 * 1000;

/// All stored records of every organization.
#[derive(Default)]
pub struct Oracle {
    /// A record's identity is (organization, type, its own id).
    records: BTreeMap<(String, String, String), Version>,
}

/// One candidate of a report, as every caller sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct OracleRow {
    /// The conversation.
    pub conversation_id: String,
    /// Since when whoever is responsible owes the answer, in milliseconds since 1970.
    pub stalled_since: i64,
    /// `ai_stuck` or `agent_abandoned`.
    pub category: String,
    /// The department that the conversation is in now.
    pub department_id: Option<String>,
    /// The owner, then the assignees, each once.
    pub people: Vec<String>,
    /// The report's row without `hasAccess`, as compact JSON.
    pub json: String,
}

impl Oracle {
    /// Takes in events, in any order and any number of times. The greatest version of each record is stored.
    pub fn take_in(&mut self, events: &[Value]) {
        for event in events {
            let identity = identity(event);
            let version = Version::from_event(event);
            let wins = match self.records.get(&identity) {
                Some(stored) => version.rank() > stored.rank(),
                None => true,
            };
            if wins {
                self.records.insert(identity, version);
            }
        }
    }

    /// The ids of organizations that have any record, even if it is a removal, in order.
    pub fn organizations(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.records.keys().map(|key| key.0.clone()).collect();
        ids.sort();
        ids.dedup();
        ids
    }

    /// Every candidate of the organization as of an instant, sorted by `stalledSince` and then by the UTF-8 bytes of
    /// `conversationId`. The organization need not exist.
    pub fn rows(&self, organization_id: &str, as_of: i64) -> Vec<OracleRow> {
        let timelines = self.timelines(organization_id);
        let mut rows: Vec<OracleRow> = self
            .records_of(organization_id, "conversation")
            .map(|(id, fields)| Conversation::from_fields(id, fields))
            .filter_map(|conversation| {
                let timeline = timelines.get(&conversation.id)?;
                self.row(organization_id, &conversation, timeline, as_of)
            })
            .collect();
        rows.sort_by(|a, b| {
            (a.stalled_since, a.conversation_id.as_bytes()).cmp(&(b.stalled_since, b.conversation_id.as_bytes()))
        });
        rows
    }

    /// The same rows as they are published: their JSON, and the people who have access.
    pub fn snapshot(&self, organization_id: &str, as_of: i64) -> Vec<(String, Vec<String>)> {
        let rows = self.rows(organization_id, as_of);
        rows.into_iter().map(|row| (row.json, row.people)).collect()
    }

    /// The stored records of one type that are no removals, with their own ids.
    fn records_of(
        &self,
        organization_id: &str,
        record_type: &str,
    ) -> impl Iterator<Item = (&String, &Map<String, Value>)> {
        self.records
            .iter()
            .filter(move |(key, version)| key.0 == organization_id && key.1 == record_type && !version.removed)
            .map(|(key, version)| (&key.2, &version.fields))
    }

    /// The record with this id, unless it is unknown or removed.
    fn record(&self, organization_id: &str, record_type: &str, id: &str) -> Option<&Version> {
        let key = (organization_id.to_string(), record_type.to_string(), id.to_string());
        self.records.get(&key).filter(|version| !version.removed)
    }

    /// The timeline of every conversation id that any message or autopilot change names, in order.
    fn timelines(&self, organization_id: &str) -> BTreeMap<String, Vec<Item>> {
        let mut timelines: BTreeMap<String, Vec<Item>> = BTreeMap::new();
        for (id, fields) in self.records_of(organization_id, "autopilot") {
            let conversation_id = text(fields, "conversationId");
            let change = Item::Change(Change::from_fields(id, fields));
            timelines.entry(conversation_id).or_default().push(change);
        }
        for (id, fields) in self.records_of(organization_id, "message") {
            let conversation_id = text(fields, "conversationId");
            let message = Item::Message(Message::from_fields(id, fields));
            timelines.entry(conversation_id).or_default().push(message);
        }
        for timeline in timelines.values_mut() {
            timeline.sort_by(|a, b| a.position().cmp(&b.position()));
        }
        timelines
    }

    /// The conversation's row, if it is a candidate: it is not gated, its customer waits, and the AI or a human is
    /// responsible.
    fn row(
        &self,
        organization_id: &str,
        conversation: &Conversation,
        timeline: &[Item],
        as_of: i64,
    ) -> Option<OracleRow> {
        let demands = demands(timeline, conversation.resolved_at);
        if self.is_gated(organization_id, conversation, &demands, as_of) {
            return None;
        }
        let waiting_since = waiting_since(timeline, &demands, as_of)?;
        let latest_inbound = demands.last()?;
        let responsible_since = responsible_since(timeline, conversation);
        let stalled_since = waiting_since.max(responsible_since);
        let wait = Wait {
            timeline,
            waiting_since,
            responsible_since,
            as_of,
        };
        let (category, reason) = match responsible(timeline, conversation) {
            Responsible::Ai => ("ai_stuck", wait.reason_of_ai()),
            Responsible::Human => {
                let anybody_there = conversation
                    .people()
                    .iter()
                    .any(|id| self.active_person(organization_id, id).is_some());
                ("agent_abandoned", wait.reason_of_human(anybody_there))
            }
            Responsible::None => return None,
        };
        let contact = self.record(organization_id, "contact", &conversation.contact_id);
        let contact_name = contact.map_or(String::new(), |version| text(&version.fields, "name"));
        let contact_phone = contact.and_then(|version| optional_text(&version.fields, "phone"));
        let names = self.assignee_names(organization_id, conversation);
        let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
        let members = [
            ("conversationId", quoted(&conversation.id)),
            ("contactId", quoted(&conversation.contact_id)),
            ("contactName", quoted(&contact_name)),
            ("contactPhone", quoted_or_null(contact_phone.as_deref())),
            ("channelType", quoted(&conversation.channel_type)),
            ("latestInboundMessageId", quoted(&latest_inbound.id)),
            ("latestInboundAt", quoted(&instant_text(latest_inbound.at))),
            ("category", quoted(category)),
            ("assigneeNames", format!("[{}]", names.join(","))),
            ("departmentId", quoted_or_null(conversation.department_id.as_deref())),
            ("waitingSince", quoted(&instant_text(waiting_since))),
            ("stalledSince", quoted(&instant_text(stalled_since))),
            ("reason", quoted(reason)),
        ];
        let members: Vec<String> = members
            .iter()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        Some(OracleRow {
            conversation_id: conversation.id.clone(),
            stalled_since,
            category: category.to_string(),
            department_id: conversation.department_id.clone(),
            people: conversation.people(),
            json: format!("{{{}}}", members.join(",")),
        })
    }

    /// The gates: merged, draft, snoozed, contact blocked, or voice. (A removed conversation has no record.)
    fn is_gated(&self, organization_id: &str, conversation: &Conversation, demands: &[&Message], as_of: i64) -> bool {
        let blocked = self
            .record(organization_id, "contact", &conversation.contact_id)
            .is_some_and(|contact| flag(&contact.fields, "blocked"));
        conversation.merged
            || conversation.draft
            || is_asleep(conversation, demands, as_of)
            || blocked
            || conversation.channel_type == "voice"
    }

    /// The full name of a user who is known, active and no bot.
    fn active_person(&self, organization_id: &str, user_id: &str) -> Option<String> {
        let user = self.record(organization_id, "user", user_id)?;
        let is_person = flag(&user.fields, "active") && !flag(&user.fields, "bot");
        is_person.then(|| text(&user.fields, "fullName"))
    }

    /// `assigneeNames`: the names of the assignees who are active persons; if there is none, that of the owner if it is
    /// one.
    fn assignee_names(&self, organization_id: &str, conversation: &Conversation) -> Vec<String> {
        let names: Vec<String> = conversation
            .assignee_ids
            .iter()
            .filter_map(|id| self.active_person(organization_id, id))
            .collect();
        if !names.is_empty() {
            return names;
        }
        let owner = conversation.owner_id.iter();
        owner.filter_map(|id| self.active_person(organization_id, id)).collect()
    }
}

// ---------------------------------------------------------------------------------------------------------
// Events and their versions
// ---------------------------------------------------------------------------------------------------------

/// One version of a record, normalised.
struct Version {
    updated_at: i64,
    removed: bool,
    /// Known fields only. Defaults are filled in, absent fields left out, instants are UTC with milliseconds.
    fields: Map<String, Value>,
    /// The fields as RFC 8785 text.
    ///
    /// Type, organization and `updatedAt` are left out: they are equal in any two versions that are compared by it, and a
    /// member that is equal in both decides nothing.
    canonical: String,
}

impl Version {
    /// Drops unknown fields, takes null as absent, fills in defaults and truncates instants to milliseconds. A removal
    /// keeps only its own id.
    fn from_event(event: &Value) -> Version {
        let record_type = event["type"].as_str().expect("an event has a type");
        let removed = event["deleted"] == Value::Bool(true);
        let mut fields = Map::new();
        for (name, shape) in fields_of(record_type) {
            let given = &event[*name];
            let value = if given.is_null() {
                default_of(record_type, name, event)
            } else {
                Some(normalised(given, shape))
            };
            if let Some(value) = value {
                fields.insert((*name).to_string(), value);
            }
        }
        if removed {
            fields.retain(|name, _| name == own_id_field(record_type));
        }
        let canonical = canonical(&Value::Object(fields.clone()));
        Version {
            updated_at: epoch_ms(event["updatedAt"].as_str().expect("updatedAt is an instant")),
            removed,
            fields,
            canonical,
        }
    }

    /// The later `updatedAt` wins; at the same one a removal; then the greater RFC 8785 bytes.
    fn rank(&self) -> (i64, bool, &[u8]) {
        (self.updated_at, self.removed, self.canonical.as_bytes())
    }
}

/// (organization, type, its own id).
fn identity(event: &Value) -> (String, String, String) {
    let member = |name: &str| {
        let value = event[name].as_str();
        value.expect("an event names its record").to_string()
    };
    let record_type = member("type");
    let own_id = member(own_id_field(&record_type));
    (member("organizationId"), record_type, own_id)
}

/// What a field holds.
enum Shape {
    Text,
    Texts,
    Flag,
    Count,
    Timestamp,
}

/// The table of event types and their fields.
fn fields_of(record_type: &str) -> &'static [(&'static str, Shape)] {
    use Shape::{Count, Flag, Text, Texts, Timestamp};
    match record_type {
        "organization" => &[("organizationId", Text), ("name", Text)],
        "department" => &[("departmentId", Text), ("name", Text)],
        "user" => &[("userId", Text), ("fullName", Text), ("active", Flag), ("bot", Flag)],
        "contact" => &[("contactId", Text), ("name", Text), ("phone", Text), ("blocked", Flag)],
        "conversation" => &[
            ("conversationId", Text),
            ("contactId", Text),
            ("channelType", Text),
            ("departmentId", Text),
            ("ownerId", Text),
            ("assigneeIds", Texts),
            ("resolvedAt", Timestamp),
            ("snoozedUntil", Timestamp),
            ("snoozedAt", Timestamp),
            ("draft", Flag),
            ("mergedInto", Text),
        ],
        "autopilot" => &[
            ("changeId", Text),
            ("conversationId", Text),
            ("at", Timestamp),
            ("enabled", Flag),
            ("actorId", Text),
        ],
        "message" => &[
            ("messageId", Text),
            ("conversationId", Text),
            ("at", Timestamp),
            ("sequence", Count),
            ("direction", Text),
            ("sender", Text),
            ("senderId", Text),
            ("visibility", Text),
            ("kind", Text),
            ("status", Text),
        ],
        other => panic!("no such type of event: {other}"),
    }
}

/// The default of a field that is absent, if it has one.
fn default_of(record_type: &str, name: &str, event: &Value) -> Option<Value> {
    match (record_type, name) {
        ("user", "active") => Some(Value::from(true)),
        ("user", "bot") => Some(Value::from(false)),
        ("contact", "blocked") => Some(Value::from(false)),
        ("conversation", "assigneeIds") => Some(Value::Array(Vec::new())),
        ("conversation", "draft") => Some(Value::from(false)),
        ("message", "sequence") => Some(Value::from(0)),
        ("message", "visibility") => Some(Value::from("public")),
        ("message", "kind") => Some(Value::from("text")),
        ("message", "status") if event["direction"] == "inbound" => Some(Value::from("received")),
        ("message", "status") => Some(Value::from("sent")),
        _ => None,
    }
}

/// A value in normal form, whatever the way in which it was written.
fn normalised(given: &Value, shape: &Shape) -> Value {
    match shape {
        Shape::Text | Shape::Texts | Shape::Flag => given.clone(),
        Shape::Count => {
            let whole = given.as_u64();
            Value::from(whole.unwrap_or_else(|| given.as_f64().expect("a number") as u64))
        }
        Shape::Timestamp => {
            let instant = epoch_ms(given.as_str().expect("an instant is a string"));
            Value::from(instant_text(instant))
        }
    }
}

/// RFC 8785 text of a value whose numbers are whole and not negative.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort_by_key(|name| name.encode_utf16().collect::<Vec<u16>>());
            let members: Vec<String> = names
                .iter()
                .map(|name| format!("{}:{}", quoted(name), canonical(&members[*name])))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        // The escapes of serde_json are those of RFC 8785.
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

// ---------------------------------------------------------------------------------------------------------
// What stalled means
// ---------------------------------------------------------------------------------------------------------

/// Who owes the next answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Responsible {
    Ai,
    Human,
    None,
}

/// A conversation as its record says it is now.
struct Conversation {
    id: String,
    contact_id: String,
    channel_type: String,
    department_id: Option<String>,
    owner_id: Option<String>,
    assignee_ids: Vec<String>,
    resolved_at: Option<i64>,
    snoozed_until: Option<i64>,
    snoozed_at: Option<i64>,
    draft: bool,
    merged: bool,
}

impl Conversation {
    fn from_fields(id: &str, fields: &Map<String, Value>) -> Conversation {
        let assignees = fields["assigneeIds"].as_array().expect("a list of ids");
        Conversation {
            id: id.to_string(),
            contact_id: text(fields, "contactId"),
            channel_type: text(fields, "channelType"),
            department_id: optional_text(fields, "departmentId"),
            owner_id: optional_text(fields, "ownerId"),
            assignee_ids: assignees
                .iter()
                .map(|assignee| assignee.as_str().expect("an id is a string").to_string())
                .collect(),
            resolved_at: optional_instant(fields, "resolvedAt"),
            snoozed_until: optional_instant(fields, "snoozedUntil"),
            snoozed_at: optional_instant(fields, "snoozedAt"),
            draft: flag(fields, "draft"),
            merged: fields.contains_key("mergedInto"),
        }
    }

    /// The owner, then the assignees, each once.
    fn people(&self) -> Vec<String> {
        let mut people: Vec<String> = Vec::new();
        for id in self.owner_id.iter().chain(&self.assignee_ids) {
            if !people.contains(id) {
                people.push(id.clone());
            }
        }
        people
    }
}

/// A record that says that autopilot is on or off.
struct Change {
    id: String,
    at: i64,
    enabled: bool,
    actor_id: Option<String>,
}

impl Change {
    fn from_fields(id: &str, fields: &Map<String, Value>) -> Change {
        Change {
            id: id.to_string(),
            at: instant(fields, "at"),
            enabled: flag(fields, "enabled"),
            actor_id: optional_text(fields, "actorId"),
        }
    }
}

/// A message, without its text.
struct Message {
    id: String,
    at: i64,
    sequence: u64,
    direction: String,
    sender: String,
    visibility: String,
    kind: String,
    status: String,
}

impl Message {
    fn from_fields(id: &str, fields: &Map<String, Value>) -> Message {
        Message {
            id: id.to_string(),
            at: instant(fields, "at"),
            sequence: fields["sequence"].as_u64().expect("a whole number"),
            direction: text(fields, "direction"),
            sender: text(fields, "sender"),
            visibility: text(fields, "visibility"),
            kind: text(fields, "kind"),
            status: text(fields, "status"),
        }
    }

    fn is_text_or_media(&self) -> bool {
        self.kind == "text" || self.kind == "media"
    }

    /// demand: inbound, public, sender contact, kind text or media, `at` after `resolvedAt` if there is one.
    fn is_demand(&self, resolved_at: Option<i64>) -> bool {
        self.direction == "inbound"
            && self.visibility == "public"
            && self.sender == "contact"
            && self.is_text_or_media()
            && resolved_at.is_none_or(|resolved_at| self.at > resolved_at)
    }

    /// reply: outbound, public, sender ai or human, kind text or media, whatever its status.
    fn is_reply(&self) -> bool {
        self.direction == "outbound"
            && self.visibility == "public"
            && (self.sender == "ai" || self.sender == "human")
            && self.is_text_or_media()
    }

    /// A reply of this sender.
    fn is_reply_of(&self, sender: &str) -> bool {
        self.is_reply() && self.sender == sender
    }

    /// A queued message whose two minutes are over.
    fn is_stuck(&self, as_of: i64) -> bool {
        self.status == "queued" && as_of - self.at > QUEUED_ANSWER_LIMIT
    }

    /// answer: a reply whose status is not `failed`, and if `queued`, only for two minutes.
    fn is_answer(&self, as_of: i64) -> bool {
        self.is_reply() && self.status != "failed" && !self.is_stuck(as_of)
    }

    /// An answer follows a demand if its (`at`, `sequence`) is greater; equal does not count.
    fn follows(&self, demand: &Message) -> bool {
        (self.at, self.sequence) > (demand.at, demand.sequence)
    }
}

/// One item of a conversation's timeline.
enum Item {
    Change(Change),
    Message(Message),
}

impl Item {
    /// Timeline order: `at`, then autopilot changes before messages, then `sequence`, then id.
    fn position(&self) -> (i64, u8, u64, &[u8]) {
        match self {
            Item::Change(change) => (change.at, 0, 0, change.id.as_bytes()),
            Item::Message(message) => (message.at, 1, message.sequence, message.id.as_bytes()),
        }
    }

    fn at(&self) -> i64 {
        self.position().0
    }
}

/// The messages of a timeline, in its order.
fn messages(timeline: &[Item]) -> impl Iterator<Item = &Message> {
    timeline.iter().filter_map(|item| match item {
        Item::Message(message) => Some(message),
        Item::Change(_) => None,
    })
}

/// Every demand, in timeline order.
fn demands(timeline: &[Item], resolved_at: Option<i64>) -> Vec<&Message> {
    messages(timeline)
        .filter(|message| message.is_demand(resolved_at))
        .collect()
}

/// waitingSince: `at` of the first demand that no answer follows.
fn waiting_since(timeline: &[Item], demands: &[&Message], as_of: i64) -> Option<i64> {
    let is_answered =
        |demand: &Message| messages(timeline).any(|message| message.is_answer(as_of) && message.follows(demand));
    let first_unanswered = demands.iter().find(|demand| !is_answered(demand));
    first_unanswered.map(|demand| demand.at)
}

/// Snoozed: `snoozedUntil` is after `asOf`, and no demand came after `snoozedAt`.
fn is_asleep(conversation: &Conversation, demands: &[&Message], as_of: i64) -> bool {
    let (Some(until), Some(snoozed_at)) = (conversation.snoozed_until, conversation.snoozed_at) else {
        return false;
    };
    until > as_of && !demands.iter().any(|demand| demand.at > snoozed_at)
}

/// The responsible after the items of `timeline` (a whole timeline, or its first items), with the owner and
/// assignees as they are now.
fn responsible(timeline: &[Item], conversation: &Conversation) -> Responsible {
    if has_human_reply_since_on(timeline) {
        return Responsible::Human;
    }
    let last_change = timeline.iter().rev().find_map(|item| match item {
        Item::Change(change) => Some(change),
        Item::Message(_) => None,
    });
    match last_change {
        // Every conversation starts with autopilot on.
        None => Responsible::Ai,
        Some(change) if change.enabled => Responsible::Ai,
        Some(change) if change.actor_id.is_some() || !conversation.people().is_empty() => Responsible::Human,
        Some(_) => Responsible::None,
    }
}

/// Whether a human reply came after the last record that said on, or after the start if none did.
fn has_human_reply_since_on(timeline: &[Item]) -> bool {
    timeline
        .iter()
        .rev()
        .take_while(|item| !matches!(item, Item::Change(change) if change.enabled))
        .any(|item| matches!(item, Item::Message(message) if message.is_reply_of("human")))
}

/// When the kind of the responsible last changed, item by item. If it never did, the first item.
fn responsible_since(timeline: &[Item], conversation: &Conversation) -> i64 {
    let mut since = timeline[0].at();
    for length in 1..=timeline.len() {
        let before = responsible(&timeline[..length - 1], conversation);
        let after = responsible(&timeline[..length], conversation);
        if before != after {
            since = timeline[length - 1].at();
        }
    }
    since
}

/// A wait of which the reason is wanted: the first that applies.
struct Wait<'a> {
    timeline: &'a [Item],
    waiting_since: i64,
    responsible_since: i64,
    as_of: i64,
}

impl Wait<'_> {
    /// Whether such a message came since: `at` ≥ waitingSince.
    fn has_since(&self, is_wanted: impl Fn(&Message) -> bool) -> bool {
        messages(self.timeline).any(|message| message.at >= self.waiting_since && is_wanted(message))
    }

    fn has_failed_reply_of(&self, sender: &str) -> bool {
        self.has_since(|message| message.is_reply_of(sender) && message.status == "failed")
    }

    fn has_stuck_reply_of(&self, sender: &str) -> bool {
        self.has_since(|message| message.is_reply_of(sender) && message.is_stuck(self.as_of))
    }

    fn has_human_answer_since_takeover(&self) -> bool {
        messages(self.timeline).any(|message| {
            message.is_answer(self.as_of) && message.sender == "human" && message.at >= self.responsible_since
        })
    }

    fn reason_of_ai(&self) -> &'static str {
        if self.has_failed_reply_of("ai") {
            "reply_failed"
        } else if self.has_stuck_reply_of("ai") {
            "reply_queued"
        } else if self.has_since(|message| message.kind == "handoff_notice") {
            "handoff_not_completed"
        } else {
            "no_reply"
        }
    }

    fn reason_of_human(&self, anybody_there: bool) -> &'static str {
        let is_private_note = |message: &Message| message.visibility == "private" && message.sender == "human";
        if self.has_failed_reply_of("human") {
            "reply_failed"
        } else if self.has_stuck_reply_of("human") {
            "reply_queued"
        } else if self.has_since(is_private_note) {
            "only_private_note"
        } else if !anybody_there {
            "assignee_missing"
        } else if !self.has_human_answer_since_takeover() {
            "no_reply_since_takeover"
        } else {
            "no_reply_to_follow_up"
        }
    }
}

// ---------------------------------------------------------------------------------------------------------
// Reading and writing values
// ---------------------------------------------------------------------------------------------------------

fn optional_text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    fields.get(name)?.as_str().map(str::to_string)
}

fn text(fields: &Map<String, Value>, name: &str) -> String {
    optional_text(fields, name).unwrap_or_else(|| panic!("{name} is a string"))
}

fn flag(fields: &Map<String, Value>, name: &str) -> bool {
    let value = fields.get(name).and_then(Value::as_bool);
    value.unwrap_or_else(|| panic!("{name} is true or false"))
}

fn optional_instant(fields: &Map<String, Value>, name: &str) -> Option<i64> {
    optional_text(fields, name).map(|value| epoch_ms(&value))
}

fn instant(fields: &Map<String, Value>, name: &str) -> i64 {
    epoch_ms(&text(fields, name))
}

/// A JSON string.
fn quoted(value: &str) -> String {
    Value::from(value).to_string()
}

fn quoted_or_null(value: Option<&str>) -> String {
    value.map_or("null".to_string(), quoted)
}

/// Milliseconds since 1970 of an RFC 3339 instant. What is finer is truncated.
fn epoch_ms(instant: &str) -> i64 {
    let number = |digits: &str| digits.parse::<i64>().expect("digits");
    // 2026-05-18T14:00:00 is always 19 characters; an optional fraction and the offset follow.
    let (date_and_time, rest) = instant.split_at(19);
    let day = NaiveDate::from_ymd_opt(
        number(&date_and_time[0..4]) as i32,
        number(&date_and_time[5..7]) as u32,
        number(&date_and_time[8..10]) as u32,
    );
    let midnight = day.expect("a date").and_hms_opt(0, 0, 0).expect("midnight");
    let hours = number(&date_and_time[11..13]);
    let minutes = number(&date_and_time[14..16]);
    let seconds = number(&date_and_time[17..19]);
    let offset_start = rest.find(['Z', 'z', '+', '-']).expect("an offset");
    let (fraction, offset) = rest.split_at(offset_start);
    let three_digits: String = fraction
        .trim_start_matches('.')
        .chars()
        .chain("000".chars())
        .take(3)
        .collect();
    let offset_minutes = if offset.eq_ignore_ascii_case("z") {
        0
    } else {
        let sign = if offset.starts_with('-') { -1 } else { 1 };
        sign * (number(&offset[1..3]) * 60 + number(&offset[4..6]))
    };
    let local_seconds = midnight.and_utc().timestamp() + hours * 3600 + minutes * 60 + seconds;
    (local_seconds - offset_minutes * 60) * 1000 + number(&three_digits)
}
