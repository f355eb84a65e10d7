//! Random histories of valid events: the one generator of them, for every oracle and in every language.
//!
//! The same seed and options make the same history. Histories are made so that things collide: few ids, few instants,
//! repeats, removals, records that come back, and several ways of writing the same thing.
//!
//! This file needs nothing but chrono and serde_json, so that a program outside the tests can include it.

use chrono::DateTime;
use serde_json::{Map, Value, json};

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
/// How far ahead of the service's clock an instant may be.
const FARTHEST_AHEAD: i64 = 5 * MINUTE;
/// How long a queued reply may wait before it is stuck.
const QUEUED_ANSWER_LIMIT: i64 = 2 * MINUTE;
/// How long a customer waits before they are listed, unless the organization sets another threshold.
const DEFAULT_THRESHOLD: i64 = 5 * MINUTE;

/// What a history should be like.
pub struct HistoryOptions {
    /// The service's clock, in milliseconds since 1970.
    pub now: i64,
    /// How many organizations there are.
    pub organizations: usize,
    /// How many conversation ids each of them uses.
    pub conversations: usize,
    /// How many events the history has.
    pub events: usize,
}

/// A history of `options.events` valid events.
pub fn random_history(seed: u64, options: &HistoryOptions) -> Vec<Value> {
    let mut history = History::new(seed, options);
    while history.events.len() < options.events {
        history.add_something();
    }
    history.written()
}

/// One organization with exactly `count` candidates, whatever the instant. Their `stalledSince` is spread from three
/// hours before `now` up to `now`, four conversations at each value.
pub fn many_candidates(organization_id: &str, now: i64, count: usize) -> Vec<Value> {
    let mut events = many_candidates_directory(organization_id, now - 4 * HOUR);
    let steps = count.div_ceil(4).max(2) as i64;
    for number in 0..count {
        let step = number as i64 / 4;
        let stalled_since = now - 3 * HOUR + 3 * HOUR * step / (steps - 1);
        events.extend(candidate(organization_id, number, stalled_since));
    }
    events
}

/// A small generator of pseudo-random numbers (splitmix64).
pub struct Random {
    state: u64,
}

impl Random {
    /// A generator whose numbers follow from `seed`.
    pub fn new(seed: u64) -> Random {
        Random { state: seed }
    }

    /// The next number, with 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, but not including, `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        assert!(limit > 0, "no number is below zero");
        (self.next_u64() % limit as u64) as usize
    }

    /// True in `percent` of a hundred cases.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of the items.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// Brings the items into a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// One of the choices, as often as its weight says.
    fn weighted<T: Copy>(&mut self, choices: &[(usize, T)]) -> T {
        let total = choices.iter().map(|choice| choice.0).sum();
        let mut left = self.below(total);
        for (weight, choice) in choices {
            if left < *weight {
                return *choice;
            }
            left -= weight;
        }
        panic!("a number below the total falls on a choice")
    }
}

// ---------------------------------------------------------------------------------------------------------
// Names and ids
// ---------------------------------------------------------------------------------------------------------

/// Organizations: ordinary ids, and some that collide if ids are concatenated carelessly.
const ORGANIZATION_IDS: &[&str] = &[
    "65a0e0e0e0e0e0e0e0e0e0e0",
    "a",
    "a|b",
    "a:b",
    "o 1/%2F\"quoted\"",
    "Größe-\u{1f3e2}",
    "\u{ff21}\u{ff22}",
];

/// Ids that need quoting, escaping or a certain order, used for records of every type. U+FF5A and U+1F600 sort one way
/// by UTF-8 bytes and the other way by UTF-16 units.
const AWKWARD_IDS: &[&str] = &[
    "b|c",
    "c",
    "b:c",
    "65d3e0f0a0b0c0d0e0f0a0b0",
    "65D3E0F0A0B0C0D0E0F0A0B0",
    "\u{1f600}",
    "\u{ff5a}",
    "\u{fb00}\u{fffd}",
    "with space",
    " ",
    "say \"hi\"",
    "it's",
    "a/b/../c",
    "100%",
    "%2F%00",
    "back\\slash",
    "\\u0041",
    "e\u{301}",
    "\u{e9}",
    "0",
    "null",
    "__proto__",
    "a,b;c=d?e&f#g",
    "<b>",
    "_%*",
    "\u{2028}",
    "..",
    "-",
    "=1+1",
    "A",
    "a",
    "trailing ",
    "\u{65e5}\u{672c}\u{8a9e}",
];

/// The first is the greater by UTF-8 bytes, the second by UTF-16 units.
const ORDER_TELLING_IDS: [&str; 2] = ["\u{1f600}", "\u{ff5a}"];

const PEOPLES_NAMES: &[&str] = &[
    "Alice Rivera",
    "Bjørn \u{1f981}",
    "李小龍",
    "O'Neil; \"the\" Boss",
    "\u{ff21}\u{ff4c}\u{ff41}\u{ff4e}",
    "=SUM(A1)",
    "",
    "Zoë\tTab\nLine\u{7f}",
    "\u{5d0}\u{5d1}\u{5d2}",
    "Bob; Ray",
];

const CHANNELS: &[(usize, &str)] = &[
    (6, "sms"),
    (6, "whatsapp"),
    (4, "webchat"),
    (3, "email"),
    (1, "voice"),
    (1, "Voice"),
];

/// The ids that one organization's events use.
struct Cast {
    organization_id: String,
    departments: Vec<String>,
    users: Vec<String>,
    contacts: Vec<String>,
    conversations: Vec<String>,
    changes: Vec<String>,
    messages: Vec<String>,
}

impl Cast {
    fn new(random: &mut Random, organization_id: String, options: &HistoryOptions) -> Cast {
        let events_each = options.events / options.organizations.max(1);
        Cast {
            organization_id,
            departments: id_pool(random, 3),
            users: id_pool(random, 6),
            contacts: id_pool(random, options.conversations.div_ceil(2).max(2)),
            conversations: id_pool(random, options.conversations.max(1)),
            changes: id_pool(random, events_each / 8 + 2),
            messages: id_pool(random, events_each * 3 / 5 + 2),
        }
    }
}

/// Different ids, some of them awkward. The pools of two types or organizations overlap on purpose.
fn id_pool(random: &mut Random, size: usize) -> Vec<String> {
    let mut ids: Vec<String> = AWKWARD_IDS.iter().map(|id| (*id).to_string()).collect();
    ids.push("\u{e9}".repeat(128));
    ids.push("x".repeat(127) + "\u{1f600}");
    random.shuffle(&mut ids);
    if random.chance(40) {
        ids.retain(|id| !ORDER_TELLING_IDS.contains(&id.as_str()));
        ids.splice(0..0, ORDER_TELLING_IDS.iter().map(|id| (*id).to_string()));
    }
    ids.truncate(size / 2);
    while ids.len() < size {
        ids.push(format!("{:024x}", 0x65d3_0000 + ids.len()));
    }
    random.shuffle(&mut ids);
    ids
}

fn organization_ids(random: &mut Random, count: usize) -> Vec<String> {
    let mut ids: Vec<String> = ORGANIZATION_IDS.iter().map(|id| (*id).to_string()).collect();
    random.shuffle(&mut ids);
    ids.truncate(count);
    while ids.len() < count {
        ids.push(format!("organization {}", ids.len()));
    }
    ids
}

// ---------------------------------------------------------------------------------------------------------
// A history that grows
// ---------------------------------------------------------------------------------------------------------

/// An event before it is written: no default is left out yet, and instants are milliseconds since 1970.
type Event = Map<String, Value>;

struct History<'a> {
    random: Random,
    options: &'a HistoryOptions,
    casts: Vec<Cast>,
    events: Vec<Event>,
}

/// What may happen next in a history.
#[derive(Clone, Copy)]
enum Step {
    Scene,
    Twins,
    Single(&'static str),
    Repeat,
    Version,
    Removal,
}

impl<'a> History<'a> {
    fn new(seed: u64, options: &'a HistoryOptions) -> History<'a> {
        let mut random = Random::new(seed);
        let organization_ids = organization_ids(&mut random, options.organizations.max(1));
        let casts = organization_ids
            .into_iter()
            .map(|id| Cast::new(&mut random, id, options))
            .collect();
        History {
            random,
            options,
            casts,
            events: Vec::new(),
        }
    }

    /// Adds one event, or the few of a scene.
    fn add_something(&mut self) {
        let step = self.random.weighted(&[
            (22, Step::Scene),
            (2, Step::Twins),
            (24, Step::Single("message")),
            (9, Step::Single("conversation")),
            (6, Step::Single("autopilot")),
            (5, Step::Single("user")),
            (4, Step::Single("contact")),
            (2, Step::Single("department")),
            (1, Step::Single("organization")),
            (7, Step::Repeat),
            (14, Step::Version),
            (5, Step::Removal),
        ]);
        match step {
            Step::Scene => self.add_scene(),
            Step::Twins => self.add_twins(),
            Step::Single(record_type) => {
                let cast = self.random.below(self.casts.len());
                let event = self.event(cast, record_type);
                self.events.push(event);
            }
            _ if self.events.is_empty() => self.add_scene(),
            Step::Repeat => {
                let event = self.random.pick(&self.events).clone();
                self.events.push(event);
            }
            Step::Version => self.add_version(),
            Step::Removal => self.add_removal(),
        }
    }

    /// The events as they are sent: in order, nearly in order, or in any order.
    fn written(mut self) -> Vec<Value> {
        self.events.truncate(self.options.events);
        match self.random.below(3) {
            0 => {}
            1 => {
                let mut events = std::mem::take(&mut self.events);
                for few in events.chunks_mut(8) {
                    self.random.shuffle(few);
                }
                self.events = events;
            }
            _ => self.random.shuffle(&mut self.events),
        }
        let events = std::mem::take(&mut self.events);
        let now = self.options.now;
        events
            .into_iter()
            .map(|event| written(&mut self.random, now, event))
            .collect()
    }

    // -- instants --

    /// An `at`, mostly a whole minute of the last three hours, so that instants tie.
    fn at(&mut self) -> i64 {
        let now = self.options.now;
        let whole_minute = now - now.rem_euclid(MINUTE);
        let at = match self.random.below(100) {
            0..62 => whole_minute - self.random.below(180) as i64 * MINUTE,
            62..77 => now - self.random.below(3 * HOUR as usize) as i64,
            77..85 => now - self.random.below(4 * MINUTE as usize) as i64,
            85..89 => now - QUEUED_ANSWER_LIMIT + self.a_little(),
            89..92 => now - DEFAULT_THRESHOLD + self.a_little(),
            92..94 => now + self.random.below(FARTHEST_AHEAD as usize) as i64,
            94 => now + FARTHEST_AHEAD,
            95..97 => now + self.a_little(),
            97 | 98 => now - self.random.below(40 * 24) as i64 * HOUR,
            _ => *self.random.pick(&[0, 1, 999_999_999_999, 1_000_000_000_000]),
        };
        at.clamp(0, now + FARTHEST_AHEAD)
    }

    /// An `at` for something in this conversation. Often another message or autopilot change has it already, so that
    /// their order depends on more than the clock.
    fn at_in(&mut self, cast: usize, conversation_id: &str) -> i64 {
        let organization_id = self.casts[cast].organization_id.as_str();
        let taken: Vec<i64> = self
            .events
            .iter()
            .filter(|event| {
                event["organizationId"] == organization_id
                    && event.contains_key("at")
                    && event["conversationId"] == conversation_id
            })
            .map(|event| number(event, "at"))
            .collect();
        if taken.is_empty() || self.random.chance(65) {
            self.at()
        } else {
            *self.random.pick(&taken)
        }
    }

    /// A millisecond less, nothing, or a millisecond more.
    fn a_little(&mut self) -> i64 {
        self.random.below(3) as i64 - 1
    }

    /// An `updatedAt`, one of few values, so that clocks tie.
    fn updated_at(&mut self) -> i64 {
        let now = self.options.now;
        let updated_at = match self.random.below(10) {
            0..7 => now - self.random.below(18) as i64 * 10 * MINUTE,
            7 => now + self.a_little(),
            8 => now + FARTHEST_AHEAD,
            _ => now - self.random.below(3 * HOUR as usize) as i64,
        };
        updated_at.max(0)
    }

    /// A `snoozedUntil`, often around now, otherwise anything.
    fn snoozed_until(&mut self) -> i64 {
        let now = self.options.now;
        match self.random.below(10) {
            0..3 => now + self.random.below(48) as i64 * HOUR,
            3..7 => now + self.a_little(),
            7 | 8 => now + MINUTE - self.random.below(10) as i64 * MINUTE,
            // 0001-01-01, 1969-12-31 and the last millisecond of 9999.
            _ => *self.random.pick(&[-62_135_596_800_000, -1, 253_402_300_799_999]),
        }
    }

    // -- single events --

    fn event(&mut self, cast: usize, record_type: &str) -> Event {
        let mut event = match record_type {
            "organization" => self.organization(),
            "department" => self.department(cast),
            "user" => self.user(cast),
            "contact" => self.contact(cast),
            "conversation" => self.conversation(cast),
            "autopilot" => self.autopilot(cast),
            "message" => self.message(cast),
            other => panic!("no such type of event: {other}"),
        };
        event.insert("type".to_string(), json!(record_type));
        let organization_id = self.casts[cast].organization_id.clone();
        event.insert("organizationId".to_string(), json!(organization_id));
        event.insert("updatedAt".to_string(), json!(self.updated_at()));
        event
    }

    fn organization(&mut self) -> Event {
        let name = *self.random.pick(PEOPLES_NAMES);
        members(json!({"name": format!("{name} & Co")}))
    }

    fn department(&mut self, cast: usize) -> Event {
        let id = self.random.pick(&self.casts[cast].departments).clone();
        let name = *self.random.pick(&["Sales", "Support", "Süd \u{1f30d}"]);
        members(json!({"departmentId": id, "name": name}))
    }

    fn user(&mut self, cast: usize) -> Event {
        let id = self.random.pick(&self.casts[cast].users).clone();
        let name = *self.random.pick(PEOPLES_NAMES);
        let active = self.random.chance(80);
        let bot = self.random.chance(15);
        members(json!({"userId": id, "fullName": name, "active": active, "bot": bot}))
    }

    fn contact(&mut self, cast: usize) -> Event {
        let id = self.random.pick(&self.casts[cast].contacts).clone();
        let name = *self.random.pick(PEOPLES_NAMES);
        let blocked = self.random.chance(6);
        let mut contact = members(json!({"contactId": id, "name": name, "blocked": blocked}));
        if self.random.chance(60) {
            let number = format!("+1415555{:04}", self.random.below(10_000));
            let phones = [(8, number.as_str()), (1, "030 / 90 18 20"), (1, "=+1")];
            let phone = self.random.weighted(&phones);
            contact.insert("phone".to_string(), json!(phone));
        }
        contact
    }

    fn conversation(&mut self, cast: usize) -> Event {
        let id = self.random.pick(&self.casts[cast].conversations).clone();
        self.conversation_record(cast, &id)
    }

    fn conversation_record(&mut self, cast: usize, id: &str) -> Event {
        let ids = &self.casts[cast];
        let contact_id = self.random.pick(&ids.contacts).clone();
        let department_id = self.random.pick(&ids.departments).clone();
        let owner_id = self.random.pick(&ids.users).clone();
        let other_id = self.random.pick(&ids.conversations).clone();
        let mut assignee_ids = ids.users.clone();
        self.random.shuffle(&mut assignee_ids);
        let assignees = self.random.weighted(&[(5, 0), (4, 1), (2, 2), (1, 4)]);
        assignee_ids.truncate(assignees);
        let mut conversation = members(json!({
            "conversationId": id,
            "contactId": contact_id,
            "channelType": self.random.weighted(CHANNELS),
            "assigneeIds": assignee_ids,
            "draft": self.random.chance(3),
        }));
        let mut insert_now_and_then = |percent: usize, name: &str, value: Value| {
            if self.random.chance(percent) {
                conversation.insert(name.to_string(), value);
            }
        };
        insert_now_and_then(70, "departmentId", json!(department_id));
        insert_now_and_then(40, "ownerId", json!(owner_id));
        insert_now_and_then(3, "mergedInto", json!(other_id));
        if self.random.chance(20) {
            let resolved_at = self.at_in(cast, id);
            conversation.insert("resolvedAt".to_string(), json!(resolved_at));
        }
        if self.random.chance(18) {
            let snoozed_at = self.at_in(cast, id);
            conversation.insert("snoozedAt".to_string(), json!(snoozed_at));
            conversation.insert("snoozedUntil".to_string(), json!(self.snoozed_until()));
        }
        conversation
    }

    fn autopilot(&mut self, cast: usize) -> Event {
        let ids = &self.casts[cast];
        let id = self.random.pick(&ids.changes).clone();
        let conversation_id = self.random.pick(&ids.conversations).clone();
        let actor_id = self.random.pick(&ids.users).clone();
        let enabled = self.random.chance(45);
        let at = self.at_in(cast, &conversation_id);
        let mut change = members(json!({
            "changeId": id,
            "conversationId": conversation_id,
            "at": at,
            "enabled": enabled,
        }));
        if self.random.chance(50) {
            change.insert("actorId".to_string(), json!(actor_id));
        }
        change
    }

    fn message(&mut self, cast: usize) -> Event {
        let id = self.random.pick(&self.casts[cast].messages).clone();
        let conversation_id = self.random.pick(&self.casts[cast].conversations).clone();
        let sort = self.random.weighted(MESSAGE_SORTS);
        let at = self.at_in(cast, &conversation_id);
        let mut message = self.message_record(cast, &id, &conversation_id, at, sort);
        if message["status"] == "queued" && self.random.chance(25) {
            let nearly_stuck = self.options.now - QUEUED_ANSWER_LIMIT + self.a_little();
            message.insert("at".to_string(), json!(nearly_stuck.max(0)));
        }
        message
    }

    fn message_record(&mut self, cast: usize, id: &str, conversation_id: &str, at: i64, sort: MessageSort) -> Event {
        let sequence = self
            .random
            .weighted(&[(8, 0), (3, 1), (2, 2), (1, 10), (1, 9_007_199_254_740_991_u64)]);
        let (direction, sender, visibility, kind, status) = self.message_traits(sort);
        let mut message = members(json!({
            "messageId": id,
            "conversationId": conversation_id,
            "at": at,
            "sequence": sequence,
            "direction": direction,
            "sender": sender,
            "visibility": visibility,
            "kind": kind,
            "status": status,
        }));
        if self.random.chance(40) {
            let sender_id = match sender {
                "contact" => self.random.pick(&self.casts[cast].contacts).clone(),
                _ => self.random.pick(&self.casts[cast].users).clone(),
            };
            message.insert("senderId".to_string(), json!(sender_id));
        }
        message
    }

    /// Direction, sender, visibility, kind and status of a message of this sort.
    fn message_traits(&mut self, sort: MessageSort) -> MessageTraits {
        let random = &mut self.random;
        let words = *random.pick(&["text", "text", "media"]);
        let sent = random.weighted(&[(5, "sent"), (3, "delivered"), (2, "read"), (3, "failed"), (4, "queued")]);
        match sort {
            MessageSort::Demand => ("inbound", "contact", "public", words, "received"),
            MessageSort::AiReply => ("outbound", "ai", "public", words, sent),
            MessageSort::HumanReply => ("outbound", "human", "public", words, sent),
            MessageSort::PrivateNote => ("outbound", "human", "private", words, "sent"),
            MessageSort::HandoffNotice => {
                let sender = *random.pick(&["ai", "system", "automation"]);
                ("outbound", sender, "public", "handoff_notice", sent)
            }
            MessageSort::Bulk => {
                let sender = *random.pick(&["automation", "system", "human", "ai"]);
                let kind = *random.pick(&["campaign", "auto_reply"]);
                ("outbound", sender, "public", kind, sent)
            }
            MessageSort::Automation => ("outbound", "automation", "public", words, sent),
            MessageSort::ReactionIn => ("inbound", "contact", "public", "reaction", "received"),
            MessageSort::ReactionOut => ("outbound", "human", "public", "reaction", sent),
            MessageSort::Activity => ("outbound", "system", "public", "activity", "sent"),
            MessageSort::AlmostDemand => *random.pick(&[
                ("inbound", "contact", "private", words, "received"),
                ("inbound", "human", "public", words, "received"),
                ("inbound", "automation", "public", words, "received"),
                ("outbound", "contact", "public", words, sent),
            ]),
            MessageSort::AlmostReply => *random.pick(&[
                ("inbound", "ai", "public", words, sent),
                ("inbound", "human", "public", words, sent),
                ("outbound", "ai", "private", words, sent),
                ("outbound", "system", "public", words, sent),
            ]),
            MessageSort::Anything => (
                *random.pick(&["inbound", "outbound"]),
                *random.pick(&["contact", "ai", "human", "automation", "system"]),
                *random.pick(&["public", "public", "private"]),
                *random.pick(&[
                    "text",
                    "media",
                    "reaction",
                    "activity",
                    "handoff_notice",
                    "auto_reply",
                    "campaign",
                ]),
                *random.pick(&["received", "queued", "sent", "delivered", "read", "failed"]),
            ),
        }
    }

    // -- further versions --

    /// Another version of some record with a field changed, such as a message that moved. Its clock is older, the same
    /// or newer.
    fn add_version(&mut self) {
        let mut event = self.random.pick(&self.events).clone();
        let record_type = text(&event, "type");
        let own_id = own_id_field(&record_type);
        let organization_id = text(&event, "organizationId");
        let cast = self
            .casts
            .iter()
            .position(|cast| cast.organization_id == organization_id)
            .expect("every event is of one of the organizations");
        let mut other = self.event(cast, &record_type);
        other.insert(own_id.to_string(), event[own_id].clone());
        other.insert("updatedAt".to_string(), event["updatedAt"].clone());
        let returns = event.contains_key("deleted");
        if returns || self.random.chance(30) {
            event = other;
        } else {
            self.change_one_field(&record_type, &mut event, &other);
        }
        self.nudge_clock(&mut event);
        self.events.push(event);
    }

    /// Takes one field from another record of the type. The two fields of a snooze go together.
    fn change_one_field(&mut self, record_type: &str, event: &mut Event, other: &Event) {
        let movable: Vec<&str> = match record_type {
            "message" => vec!["conversationId", "at", "sequence", "status"],
            "autopilot" => vec!["conversationId", "at", "enabled", "actorId"],
            "conversation" => vec![
                "contactId",
                "departmentId",
                "ownerId",
                "assigneeIds",
                "resolvedAt",
                "snoozedAt",
                "draft",
                "mergedInto",
            ],
            "contact" => vec!["name", "phone", "blocked"],
            "user" => vec!["fullName", "active", "bot"],
            _ => vec!["name"],
        };
        let field = *self.random.pick(&movable);
        let fields = match field {
            "snoozedAt" => vec!["snoozedAt", "snoozedUntil"],
            field => vec![field],
        };
        for field in fields {
            match other.get(field) {
                Some(value) => event.insert(field.to_string(), value.clone()),
                None => event.remove(field),
            };
        }
    }

    /// Removes some record, sometimes an organization. The clock is older, the same or newer.
    fn add_removal(&mut self) {
        let mut event = self.random.pick(&self.events).clone();
        if self.random.chance(5) {
            let cast = self.random.below(self.casts.len());
            event = self.event(cast, "organization");
        }
        let record_type = text(&event, "type");
        event.insert("deleted".to_string(), json!(true));
        if self.random.chance(60) {
            let own_id = own_id_field(&record_type);
            event.retain(|name, _| ["type", "organizationId", "updatedAt", "deleted", own_id].contains(&name.as_str()));
        }
        self.nudge_clock(&mut event);
        self.events.push(event);
    }

    /// Half of the time the clock stays the same, otherwise it goes back or forth.
    fn nudge_clock(&mut self, event: &mut Event) {
        let nudge = self.random.weighted(&[
            (8, 0),
            (1, -1),
            (1, 1),
            (2, -10 * MINUTE),
            (3, 10 * MINUTE),
            (1, 3 * HOUR),
        ]);
        let latest = self.options.now + FARTHEST_AHEAD;
        let updated_at = number(event, "updatedAt") + nudge;
        event.insert("updatedAt".to_string(), json!(updated_at.clamp(0, latest)));
    }

    // -- scenes --

    /// A conversation record and a few messages that belong together, so that somebody is likely to wait in the end, for
    /// one reason or another. Later events may change that.
    fn add_scene(&mut self) {
        let cast = self.random.below(self.casts.len());
        let conversation_id = self.random.pick(&self.casts[cast].conversations).clone();
        let record = self.conversation_record(cast, &conversation_id);
        let record = self.completed(cast, "conversation", record);
        self.events.push(record);
        let start = self.options.now - (2 + self.random.below(10) as i64) * 10 * MINUTE;
        let mut at = start.max(0);
        for beat in self.random.weighted(SCENES) {
            at += self.random.weighted(&[(1, 0), (2, 4 * MINUTE)]);
            let event = match beat {
                Beat::Message(sort) => {
                    let id = self.random.pick(&self.casts[cast].messages).clone();
                    let event = self.message_record(cast, &id, &conversation_id, at, *sort);
                    self.completed(cast, "message", event)
                }
                Beat::MessageWithStatus(sort, status) => {
                    let id = self.random.pick(&self.casts[cast].messages).clone();
                    let mut event = self.message_record(cast, &id, &conversation_id, at, *sort);
                    event.insert("status".to_string(), json!(status));
                    self.completed(cast, "message", event)
                }
                Beat::Autopilot { enabled, actor } => {
                    let mut event = self.autopilot(cast);
                    event.insert("conversationId".to_string(), json!(conversation_id));
                    event.insert("at".to_string(), json!(at));
                    event.insert("enabled".to_string(), json!(enabled));
                    if *actor {
                        let actor_id = self.random.pick(&self.casts[cast].users).clone();
                        event.insert("actorId".to_string(), json!(actor_id));
                    } else {
                        event.remove("actorId");
                    }
                    self.completed(cast, "autopilot", event)
                }
                Beat::ActiveAssignee => {
                    let user_id = self.random.pick(&self.casts[cast].users).clone();
                    let record = self.user(cast);
                    let mut user = self.completed(cast, "user", record);
                    user.insert("userId".to_string(), json!(user_id));
                    user.insert("active".to_string(), json!(true));
                    user.insert("bot".to_string(), json!(false));
                    self.events.push(user);
                    let mut record = self.conversation_record(cast, &conversation_id);
                    record.insert("assigneeIds".to_string(), json!([user_id]));
                    self.completed(cast, "conversation", record)
                }
                Beat::InactiveAssignee => {
                    let mut user = self.user(cast);
                    let user_id = user["userId"].clone();
                    user.insert("active".to_string(), json!(false));
                    let user = self.completed(cast, "user", user);
                    self.events.push(user);
                    let mut record = self.conversation_record(cast, &conversation_id);
                    record.insert("assigneeIds".to_string(), json!([user_id]));
                    record.remove("ownerId");
                    self.completed(cast, "conversation", record)
                }
            };
            self.events.push(event);
        }
    }

    /// Two things at one instant that only the order of their ids tells apart: two demands of a conversation, or one
    /// demand in each of two conversations.
    fn add_twins(&mut self) {
        let cast = self.random.below(self.casts.len());
        let at = self.at();
        let twins = ORDER_TELLING_IDS;
        let conversations = &self.casts[cast].conversations;
        let any_conversation = self.random.pick(conversations).clone();
        let has_twins = twins.iter().all(|twin| conversations.iter().any(|id| id == twin));
        let are_conversations = has_twins && self.random.chance(60);
        for twin in twins {
            let (message_id, conversation_id) = if are_conversations {
                (format!("demand in {twin}"), twin)
            } else {
                (twin.to_string(), any_conversation.as_str())
            };
            let mut demand = self.message_record(cast, &message_id, conversation_id, at, MessageSort::Demand);
            demand.insert("sequence".to_string(), json!(0));
            let demand = self.completed(cast, "message", demand);
            self.events.push(demand);
        }
    }

    /// Completes an event: its type, organization and a recent clock.
    fn completed(&mut self, cast: usize, record_type: &str, mut record: Event) -> Event {
        let organization_id = self.casts[cast].organization_id.clone();
        record.insert("type".to_string(), json!(record_type));
        record.insert("organizationId".to_string(), json!(organization_id));
        record.insert("updatedAt".to_string(), json!(self.updated_at()));
        record
    }
}

/// Sorts of messages.
#[derive(Clone, Copy)]
enum MessageSort {
    Demand,
    AiReply,
    HumanReply,
    PrivateNote,
    HandoffNotice,
    Bulk,
    Automation,
    ReactionIn,
    ReactionOut,
    Activity,
    AlmostDemand,
    AlmostReply,
    Anything,
}

/// Direction, sender, visibility, kind and status.
type MessageTraits = (&'static str, &'static str, &'static str, &'static str, &'static str);

const MESSAGE_SORTS: &[(usize, MessageSort)] = &[
    (40, MessageSort::Demand),
    (10, MessageSort::AiReply),
    (10, MessageSort::HumanReply),
    (5, MessageSort::PrivateNote),
    (5, MessageSort::HandoffNotice),
    (3, MessageSort::Bulk),
    (3, MessageSort::Automation),
    (3, MessageSort::ReactionIn),
    (3, MessageSort::ReactionOut),
    (2, MessageSort::Activity),
    (4, MessageSort::AlmostDemand),
    (3, MessageSort::AlmostReply),
    (6, MessageSort::Anything),
];

/// What happens next in a scene, four minutes later or at the same instant.
#[derive(Clone, Copy)]
enum Beat {
    Message(MessageSort),
    MessageWithStatus(MessageSort, &'static str),
    Autopilot { enabled: bool, actor: bool },
    ActiveAssignee,
    InactiveAssignee,
}

const DEMAND: Beat = Beat::Message(MessageSort::Demand);
const TAKEOVER: Beat = Beat::Autopilot {
    enabled: false,
    actor: true,
};
const SWITCHED_OFF: Beat = Beat::Autopilot {
    enabled: false,
    actor: false,
};
const HANDED_BACK: Beat = Beat::Autopilot {
    enabled: true,
    actor: true,
};
const HUMAN_ANSWER: Beat = Beat::MessageWithStatus(MessageSort::HumanReply, "delivered");
const AI_ANSWER: Beat = Beat::MessageWithStatus(MessageSort::AiReply, "sent");

/// Scenes, and how often each of them is chosen.
const SCENES: &[(usize, &[Beat])] = &[
    (2, &[DEMAND, AI_ANSWER, DEMAND]),
    (2, &[DEMAND, Beat::MessageWithStatus(MessageSort::AiReply, "failed")]),
    (2, &[DEMAND, Beat::MessageWithStatus(MessageSort::AiReply, "queued")]),
    (2, &[DEMAND, Beat::Message(MessageSort::HandoffNotice), DEMAND]),
    (3, &[DEMAND, TAKEOVER, Beat::ActiveAssignee]),
    (2, &[SWITCHED_OFF, DEMAND, Beat::ActiveAssignee]),
    (1, &[SWITCHED_OFF, DEMAND]),
    (2, &[DEMAND, TAKEOVER, DEMAND, HANDED_BACK]),
    (4, &[DEMAND, HUMAN_ANSWER, DEMAND, Beat::ActiveAssignee]),
    (2, &[HUMAN_ANSWER, DEMAND, Beat::InactiveAssignee]),
    (2, &[DEMAND, TAKEOVER, Beat::InactiveAssignee]),
    (2, &[DEMAND, Beat::MessageWithStatus(MessageSort::HumanReply, "failed")]),
    (2, &[DEMAND, Beat::MessageWithStatus(MessageSort::HumanReply, "queued")]),
    (2, &[DEMAND, TAKEOVER, Beat::Message(MessageSort::PrivateNote)]),
    (
        3,
        &[
            DEMAND,
            Beat::MessageWithStatus(MessageSort::HumanReply, "failed"),
            HANDED_BACK,
        ],
    ),
    (
        1,
        &[
            HANDED_BACK,
            Beat::Message(MessageSort::AlmostDemand),
            Beat::Message(MessageSort::AlmostReply),
        ],
    ),
    (1, &[DEMAND, HUMAN_ANSWER]),
    (1, &[HUMAN_ANSWER, AI_ANSWER]),
];

// ---------------------------------------------------------------------------------------------------------
// Writing events
// ---------------------------------------------------------------------------------------------------------

const INSTANTS: &[&str] = &["at", "updatedAt", "resolvedAt", "snoozedAt", "snoozedUntil"];

/// The event as it is sent, in one of the many ways to write the same.
fn written(random: &mut Random, now: i64, mut event: Event) -> Value {
    for name in INSTANTS {
        if event.contains_key(*name) {
            let instant = number(&event, name);
            let may_be_later = instant != now + FARTHEST_AHEAD || *name == "snoozedUntil";
            let instant = written_instant(random, instant, may_be_later);
            event.insert((*name).to_string(), json!(instant));
        }
    }
    leave_out_defaults(random, &mut event);
    write_nulls(random, &mut event);
    if random.chance(12) {
        add_unknown_fields(random, &mut event);
    }
    Value::Object(event)
}

/// An instant with some offset and some number of fraction digits. Digits beyond the milliseconds make it later, so they
/// are only added if `may_be_later`.
fn written_instant(random: &mut Random, epoch_ms: i64, may_be_later: bool) -> String {
    // At the ends of the calendar an offset could lead to years that cannot be written.
    let is_writable_anywhere = (-62_000_000_000_000..253_000_000_000_000).contains(&epoch_ms);
    let offsets = [
        (0, "Z"),
        (0, "+00:00"),
        (0, "-00:00"),
        (120, "+02:00"),
        (-330, "-05:30"),
        (345, "+05:45"),
        (840, "+14:00"),
        (-720, "-12:00"),
    ];
    let (minutes, offset) = if is_writable_anywhere && random.chance(30) {
        *random.pick(&offsets)
    } else {
        offsets[0]
    };
    let local = DateTime::from_timestamp_millis(epoch_ms + minutes * MINUTE).expect("an instant");
    let seconds = local.format("%Y-%m-%dT%H:%M:%S").to_string();
    let milliseconds = format!("{:03}", epoch_ms.rem_euclid(SECOND));
    let fraction = if may_be_later && random.chance(15) {
        let finer: String = (0..=random.below(9))
            .map(|_| char::from(b'0' + random.below(10) as u8))
            .collect();
        format!(".{milliseconds}{finer}")
    } else {
        match milliseconds.trim_end_matches('0') {
            _ if random.chance(60) => format!(".{milliseconds}"),
            "" => String::new(),
            shortest => format!(".{shortest}"),
        }
    };
    format!("{seconds}{fraction}{offset}")
}

/// Leaves out some fields that have their default.
fn leave_out_defaults(random: &mut Random, event: &mut Event) {
    let status = match event.get("direction") {
        Some(direction) if direction == "inbound" => "received",
        _ => "sent",
    };
    let defaults = [
        ("user", "active", json!(true)),
        ("user", "bot", json!(false)),
        ("contact", "blocked", json!(false)),
        ("conversation", "assigneeIds", json!([])),
        ("conversation", "draft", json!(false)),
        ("message", "sequence", json!(0)),
        ("message", "visibility", json!("public")),
        ("message", "kind", json!("text")),
        ("message", "status", json!(status)),
    ];
    for (record_type, name, default) in defaults {
        let has_default = event["type"] == record_type && event.get(name) == Some(&default);
        if has_default && random.chance(50) {
            event.remove(name);
        }
    }
}

/// Writes some optional fields that are left out as null.
fn write_nulls(random: &mut Random, event: &mut Event) {
    let optional: &[&str] = match text(event, "type").as_str() {
        "user" => &["active", "bot", "deleted"],
        "contact" => &["phone", "blocked", "deleted"],
        "conversation" => &[
            "departmentId",
            "ownerId",
            "assigneeIds",
            "resolvedAt",
            "snoozedUntil",
            "snoozedAt",
            "draft",
            "mergedInto",
            "deleted",
        ],
        "autopilot" => &["actorId", "deleted"],
        "message" => &["sequence", "senderId", "visibility", "kind", "status", "deleted"],
        _ => &["deleted"],
    };
    for name in optional {
        if !event.contains_key(*name) && random.chance(20) {
            event.insert((*name).to_string(), Value::Null);
        }
    }
    if !event.contains_key("deleted") && random.chance(10) {
        event.insert("deleted".to_string(), json!(false));
    }
}

/// Adds fields that no event has, which the service drops.
fn add_unknown_fields(random: &mut Random, event: &mut Event) {
    let unknown = [
        ("text", json!("never to be kept \u{1f4ac}")),
        ("thresholdMinutes", json!(1)),
        ("Deleted", json!(true)),
        ("deleted_at", json!("yesterday")),
        ("version", json!(-1.5e300)),
        ("nested", json!({"deleted": true, "list": [null, [], {}]})),
        ("", json!([1, "two"])),
        ("conversation_id", json!(7)),
    ];
    for _ in 0..=random.below(2) {
        let (name, value) = random.pick(&unknown).clone();
        event.insert(name.to_string(), value);
    }
}

/// The field that has the record's own id.
pub fn own_id_field(record_type: &str) -> &'static str {
    match record_type {
        "organization" => "organizationId",
        "department" => "departmentId",
        "user" => "userId",
        "contact" => "contactId",
        "conversation" => "conversationId",
        "autopilot" => "changeId",
        "message" => "messageId",
        other => panic!("no such type of event: {other}"),
    }
}

fn members(value: Value) -> Event {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} has no members"),
    }
}

fn text(event: &Event, name: &str) -> String {
    event[name].as_str().expect("a string").to_string()
}

fn number(event: &Event, name: &str) -> i64 {
    event[name].as_i64().expect("a whole number")
}

// ---------------------------------------------------------------------------------------------------------
// One organization with many candidates
// ---------------------------------------------------------------------------------------------------------

const MANY_DEPARTMENTS: usize = 5;
const MANY_USERS: usize = 12;
const MANY_CONTACTS: usize = 50;

/// An instant as RFC 3339 text in UTC, with milliseconds and `Z`.
pub fn instant_text(epoch_ms: i64) -> String {
    let instant = DateTime::from_timestamp_millis(epoch_ms).expect("an instant");
    instant.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// An event of the organization with this clock.
fn plain_event(organization_id: &str, updated_at: i64, record: Value) -> Value {
    let mut event = members(record);
    event.insert("organizationId".to_string(), json!(organization_id));
    event.insert("updatedAt".to_string(), json!(instant_text(updated_at)));
    Value::Object(event)
}

fn numbered(what: &str, number: usize) -> String {
    format!("{what}-{number}")
}

/// The organization, its departments, users and contacts.
fn many_candidates_directory(organization_id: &str, updated_at: i64) -> Vec<Value> {
    let mut records = vec![json!({"type": "organization", "name": "Many & Many"})];
    for number in 0..MANY_DEPARTMENTS {
        let id = numbered("department", number);
        records.push(json!({"type": "department", "departmentId": id, "name": id}));
    }
    for number in 0..MANY_USERS {
        let (id, active) = (numbered("user", number), number % 4 != 3);
        records.push(json!({"type": "user", "userId": id, "fullName": format!("Ágent {id}"), "active": active}));
    }
    for number in 0..MANY_CONTACTS {
        let id = numbered("contact", number);
        records.push(json!({"type": "contact", "contactId": id, "name": format!("Ünal {id}")}));
    }
    records
        .into_iter()
        .map(|record| plain_event(organization_id, updated_at, record))
        .collect()
}

/// The events of one candidate that is stalled since this instant. Every third was taken over by an agent; every fifth of
/// the others had a reply that failed.
fn candidate(organization_id: &str, number: usize, stalled_since: i64) -> Vec<Value> {
    // Multiplying by an odd number gives different ids in another order than that of the numbers.
    let scrambled = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let conversation_id = format!("{scrambled:024x}");
    let is_taken_over = number.is_multiple_of(3);
    let asked_at = if is_taken_over {
        stalled_since - 7 * MINUTE
    } else {
        stalled_since
    };
    let mut conversation = json!({
        "type": "conversation",
        "conversationId": conversation_id,
        "contactId": numbered("contact", number % MANY_CONTACTS),
        "channelType": if number.is_multiple_of(2) { "sms" } else { "whatsapp" },
    });
    // One conversation in six is in no department.
    if number % 6 < MANY_DEPARTMENTS {
        conversation["departmentId"] = json!(numbered("department", number % 6));
    }
    if number.is_multiple_of(2) {
        conversation["ownerId"] = json!(numbered("user", number % MANY_USERS));
    }
    if number % 4 == 1 {
        conversation["assigneeIds"] = json!([
            numbered("user", number % MANY_USERS),
            numbered("user", (number + 5) % MANY_USERS),
        ]);
    }
    let message_id = format!("demand of {conversation_id}");
    let demand = json!({
        "type": "message",
        "messageId": message_id,
        "conversationId": conversation_id,
        "at": instant_text(asked_at),
        "direction": "inbound",
        "sender": "contact",
    });
    let mut records = vec![conversation, demand];
    if is_taken_over {
        records.push(json!({
            "type": "autopilot",
            "changeId": format!("takeover of {conversation_id}"),
            "conversationId": conversation_id,
            "at": instant_text(stalled_since),
            "enabled": false,
            "actorId": numbered("user", number % MANY_USERS),
        }));
    } else if number.is_multiple_of(5) {
        records.push(json!({
            "type": "message",
            "messageId": format!("reply in {conversation_id}"),
            "conversationId": conversation_id,
            "at": instant_text(stalled_since),
            "direction": "outbound",
            "sender": "ai",
            "status": "failed",
        }));
    }
    records
        .into_iter()
        .map(|record| plain_event(organization_id, stalled_since, record))
        .collect()
}
