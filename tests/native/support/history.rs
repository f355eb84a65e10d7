//! Random histories of valid events: the one generator of them, for every oracle and in every language.
//!
//! The same seed and options make the same history. Histories are made so that things collide: few ids, few instants,
//! repeats, removals, records that come back, and several ways of writing the same thing.
//!
//! This file needs nothing but chrono and serde_json, so that a program outside the tests can include it.

use chrono::{DateTime, SecondsFormat};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// How far ahead of the service's clock an instant may be.
const FARTHEST_AHEAD: i64 = 5 * MINUTE;
/// How long a queued reply may wait before it is stuck.
const QUEUED_ANSWER_LIMIT: i64 = 2 * MINUTE;
/// How long the autopilot has to answer.
const AUTOPILOT_PATIENCE: i64 = 30 * SECOND;
/// How long after a reply of the AI a hand-off makes it a promise.
const PROMISE_MAX: i64 = 10 * MINUTE;
/// How long before a reopening a resolution is cancelled by it.
const REOPENING_MAX: i64 = 3 * DAY;
/// How many steps of merged conversations are followed.
const MERGE_STEPS_MAX: usize = 16;
/// How long a customer waits before they are listed, unless the organization sets another threshold.
const DEFAULT_THRESHOLD: i64 = 5 * MINUTE;

/// What a history should be like.
pub struct HistoryOptions {
    /// The service's clock, in milliseconds since 1970.
    pub now: i64,
    /// How many organizations there are.
    pub organizations: usize,
    /// How many conversation ids each of them uses. If there are three or more, some scenes have further ones of their
    /// own, where nothing else happens.
    pub conversations: usize,
    /// How many events the history has.
    pub events: usize,
}

/// A history of `options.events` valid events.
pub fn random_history(seed: u64, options: &HistoryOptions) -> Vec<Value> {
    History::new(seed, options).grown()
}

/// The same of sources whose clocks have whole seconds and which number nothing, as some of the random histories are.
pub fn coarse_history(seed: u64, options: &HistoryOptions) -> Vec<Value> {
    let mut history = History::new(seed, options);
    history.whole_seconds = true;
    history.grown()
}

/// One organization with exactly `count` candidates at any instant from `now` on. Their `stalledSince` is spread from
/// three hours before `now` up to half a minute before it, when the autopilot's time to answer begins to be over; four
/// conversations have the same.
pub fn many_candidates(organization_id: &str, now: i64, count: usize) -> Vec<Value> {
    let mut events = many_candidates_directory(organization_id, now - 4 * HOUR);
    let steps = count.div_ceil(4).max(2) as i64;
    for number in 0..count {
        let step = number as i64 / 4;
        let spread = 3 * HOUR - AUTOPILOT_PATIENCE;
        let stalled_since = now - 3 * HOUR + spread * step / (steps - 1);
        events.extend(candidate(organization_id, number, stalled_since));
    }
    events
}

/// The last event of each record in a history, so that no two versions of a record compete.
pub fn one_version_each(history: &[Value]) -> Vec<Value> {
    let identity = |event: &Value| {
        let own_id = own_id_field(event["type"].as_str().expect("an event has a type"));
        [&event["organizationId"], &event["type"], &event[own_id]].map(Value::to_string)
    };
    let last_of_each: BTreeMap<[String; 3], &Value> = history.iter().map(|event| (identity(event), event)).collect();
    last_of_each.into_values().cloned().collect()
}

/// The same history with other ids of messages, wherever an event names one: a bijection that follows from `seed`.
///
/// Of two versions of a message that differ in nothing that counts, the greater bytes win, and `inReplyTo` is among
/// them. Only with [`one_version_each`] are the same versions stored whatever the ids are.
pub fn respelled_messages(seed: u64, history: &[Value]) -> Vec<Value> {
    const FIELDS: [&str; 2] = ["messageId", "inReplyTo"];
    let named = |event: &Value| FIELDS.map(|name| event[name].as_str().map(str::to_string));
    let ids: BTreeSet<String> = history.iter().flat_map(named).flatten().collect();
    let mut numbers: Vec<usize> = (0..ids.len()).collect();
    Random::new(seed).shuffle(&mut numbers);
    let spelling: BTreeMap<String, String> = ids
        .into_iter()
        .zip(numbers.iter().map(|number| format!("message {number:06}")))
        .collect();
    let respelled = |event: &Value| {
        let mut event = event.clone();
        for name in FIELDS {
            if let Some(id) = event[name].as_str() {
                event[name] = json!(spelling[id]);
            }
        }
        event
    };
    history.iter().map(respelled).collect()
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
    (1, "vOICE"),
];

/// The ids that one organization's events use.
struct Cast {
    organization_id: String,
    departments: Vec<String>,
    users: Vec<String>,
    contacts: Vec<String>,
    conversations: Vec<String>,
    changes: Vec<String>,
    resolutions: Vec<String>,
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
            resolutions: id_pool(random, events_each / 10 + 2),
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
    /// The sources' clocks have whole seconds, and their records no `sequence`.
    whole_seconds: bool,
    /// Of a hundred records so many have a `revision`.
    revisions: usize,
    /// How many ids were made for one scene only.
    fresh_ids: usize,
}

/// Scenes about one term of the definition, at its edges.
#[derive(Clone, Copy)]
enum Plot {
    Promise,
    BackAndForth,
    Merges,
    Reopening,
    ClocksBehind,
    Assignment,
    Snooze,
    Patience,
    MergedContacts,
}

/// What may happen next in a history.
#[derive(Clone, Copy)]
enum Step {
    Scene,
    Plot(Plot),
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
        let whole_seconds = random.chance(40);
        let revisions = random.weighted(&[(5, 0), (3, 15), (2, 60)]);
        History {
            random,
            options,
            casts,
            events: Vec::new(),
            whole_seconds,
            revisions,
            fresh_ids: 0,
        }
    }

    fn grown(mut self) -> Vec<Value> {
        while self.events.len() < self.options.events {
            self.add_something();
        }
        self.written()
    }

    /// Adds one event, or the few of a scene.
    fn add_something(&mut self) {
        let step = self.random.weighted(&[
            (14, Step::Scene),
            (4, Step::Plot(Plot::Promise)),
            (2, Step::Plot(Plot::BackAndForth)),
            (3, Step::Plot(Plot::Merges)),
            (2, Step::Plot(Plot::Reopening)),
            (3, Step::Plot(Plot::ClocksBehind)),
            (2, Step::Plot(Plot::Assignment)),
            (2, Step::Plot(Plot::Snooze)),
            (1, Step::Plot(Plot::Patience)),
            (1, Step::Plot(Plot::MergedContacts)),
            (2, Step::Twins),
            (24, Step::Single("message")),
            (9, Step::Single("conversation")),
            (6, Step::Single("autopilot")),
            (3, Step::Single("resolution")),
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
            Step::Plot(plot) => self.add_plot(plot),
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
        let whole_seconds = self.whole_seconds;
        events
            .into_iter()
            .map(|event| valid(now, event))
            .map(|event| if whole_seconds { coarse(event) } else { event })
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
            77..83 => now - self.random.below(4 * MINUTE as usize) as i64,
            83..86 => now - AUTOPILOT_PATIENCE + self.a_little(),
            86..89 => now - QUEUED_ANSWER_LIMIT + self.a_little(),
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
            "resolution" => self.resolution(cast),
            "message" => self.message(cast),
            other => panic!("no such type of event: {other}"),
        };
        event = self.completed(cast, record_type, event);
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
        if self.random.chance(12) {
            let target = self.target(cast, |cast| &cast.contacts);
            contact.insert("mergedInto".to_string(), json!(target));
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
        let mut assignee_ids = ids.users.clone();
        self.random.shuffle(&mut assignee_ids);
        let assignees = self.random.weighted(&[(7, 0), (4, 1), (2, 2), (1, 4)]);
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
        insert_now_and_then(30, "ownerId", json!(owner_id));
        insert_now_and_then(10, "startsWithAutopilot", json!(false));
        if self.random.chance(6) {
            let target = self.target(cast, |cast| &cast.conversations);
            conversation.insert("mergedInto".to_string(), json!(target));
            if self.random.chance(60) {
                let merged_at = self.at_in(cast, id);
                conversation.insert("mergedAt".to_string(), json!(merged_at));
            }
        }
        if self.random.chance(20) {
            let assigned_at = self.at_in(cast, id);
            conversation.insert("assignedAt".to_string(), json!(assigned_at));
        }
        if self.random.chance(20) {
            let resolved_at = self.at_in(cast, id);
            conversation.insert("resolvedAt".to_string(), json!(resolved_at));
        }
        if self.random.chance(15) {
            let snoozed_at = self.at_in(cast, id);
            conversation.insert("snoozedAt".to_string(), json!(snoozed_at));
            if self.random.chance(65) {
                conversation.insert("snoozedUntil".to_string(), json!(self.snoozed_until()));
            }
        }
        conversation
    }

    /// What a record is merged into: another one, sometimes itself, or one that nobody knows.
    fn target(&mut self, cast: usize, ids: impl Fn(&Cast) -> &Vec<String>) -> String {
        if self.random.chance(10) {
            return "never heard of".to_string();
        }
        self.random.pick(ids(&self.casts[cast])).clone()
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
        if self.random.chance(40) {
            let by = *self.random.pick(&["human", "ai", "system"]);
            change.insert("by".to_string(), json!(by));
        }
        let sequence = self.random.weighted(&[(6, 0), (1, 1), (1, 2)]);
        change.insert("sequence".to_string(), json!(sequence));
        change
    }

    fn resolution(&mut self, cast: usize) -> Event {
        let conversation_id = self.random.pick(&self.casts[cast].conversations).clone();
        let days = REOPENING_MAX + self.a_little();
        let apart = self
            .random
            .weighted(&[(8, 0), (1, 1), (1, -1), (1, -days), (1, MINUTE)]);
        let at = self.at_in(cast, &conversation_id) + apart;
        let resolved = self.random.chance(65);
        self.resolution_record(cast, &conversation_id, at, resolved)
    }

    fn resolution_record(&mut self, cast: usize, conversation_id: &str, at: i64, resolved: bool) -> Event {
        let id = self.random.pick(&self.casts[cast].resolutions).clone();
        members(json!({
            "changeId": id,
            "conversationId": conversation_id,
            "at": at,
            "sequence": self.random.weighted(&[(6, 0), (1, 1), (1, 2)]),
            "resolved": resolved,
            "by": self.random.weighted(&[(5, "human"), (2, "ai"), (2, "automation")]),
        }))
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
        if self.random.chance(10) {
            let late = self.lateness();
            message.insert("receivedAt".to_string(), json!(at + late));
        }
        if self.random.chance(if direction == "outbound" { 20 } else { 4 }) {
            let named = self.message_in(cast, conversation_id);
            message.insert("inReplyTo".to_string(), json!(named));
        }
        if self.random.chance(4) {
            message.insert("needsReply".to_string(), json!(false));
        }
        message
    }

    /// How much later than written something was received. Now and then it is earlier.
    fn lateness(&mut self) -> i64 {
        let little = self.a_little();
        self.random.weighted(&[
            (1, -MINUTE),
            (1, 0),
            (2, 1),
            (3, SECOND),
            (3, 5 * SECOND),
            (3, 4 * MINUTE),
            (3, HOUR),
            (2, DAY + little),
            (1, 3 * DAY),
        ])
    }

    /// The id of a message of this conversation, if there is one already; sometimes of any, or of one that nobody
    /// knows.
    fn message_in(&mut self, cast: usize, conversation_id: &str) -> String {
        let organization_id = self.casts[cast].organization_id.as_str();
        let ids: Vec<String> = self
            .events
            .iter()
            .filter(|event| {
                event["type"] == "message"
                    && event["organizationId"] == organization_id
                    && event.get("conversationId").is_some_and(|id| id == conversation_id)
            })
            .map(|event| text(event, "messageId"))
            .collect();
        match self.random.below(10) {
            0 => "never heard of".to_string(),
            1 => self.random.pick(&self.casts[cast].messages).clone(),
            _ if ids.is_empty() => self.random.pick(&self.casts[cast].messages).clone(),
            _ => self.random.pick(&ids).clone(),
        }
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
                let direction = *random.pick(&["outbound", "outbound", "outbound", "inbound"]);
                let sender = *random.pick(&["ai", "system", "automation", "human"]);
                let visibility = *random.pick(&["public", "public", "private"]);
                (direction, sender, visibility, "handoff_notice", sent)
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
                ("inbound", "contact", "public", "opt_out", "received"),
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
                    "opt_out",
                ]),
                *random.pick(&["received", "queued", "sent", "delivered", "read", "failed"]),
            ),
        }
    }

    // -- further versions --

    /// Another version of some record with a field or two changed, such as a message that moved. Its clock is older,
    /// the same or newer.
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
            for _ in 0..=self.random.below(2) {
                self.change_one_field(&record_type, &mut event, &other);
            }
        }
        self.nudge_clock(&mut event);
        self.events.push(event);
    }

    /// Takes one field from another record of the type. The two fields of a snooze go together, and those of a merge.
    fn change_one_field(&mut self, record_type: &str, event: &mut Event, other: &Event) {
        let movable: Vec<&str> = match record_type {
            "message" => vec![
                "conversationId",
                "at",
                "receivedAt",
                "sequence",
                "inReplyTo",
                "needsReply",
                "status",
            ],
            "autopilot" => vec!["conversationId", "at", "sequence", "enabled", "actorId", "by"],
            "resolution" => vec!["conversationId", "at", "sequence", "resolved", "by"],
            "conversation" => vec![
                "contactId",
                "departmentId",
                "ownerId",
                "assigneeIds",
                "assignedAt",
                "resolvedAt",
                "snoozedAt",
                "draft",
                "mergedInto",
                "startsWithAutopilot",
            ],
            "contact" => vec!["name", "phone", "blocked", "mergedInto"],
            "user" => vec!["fullName", "active", "bot"],
            _ => vec!["name"],
        };
        let field = *self.random.pick(&movable);
        let fields = match field {
            "snoozedAt" => vec!["snoozedAt", "snoozedUntil"],
            "mergedInto" if record_type == "conversation" => vec!["mergedInto", "mergedAt"],
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
            let kept = ["type", "organizationId", "updatedAt", "revision", "deleted", own_id];
            event.retain(|name, _| kept.contains(&name.as_str()));
        }
        self.nudge_clock(&mut event);
        self.events.push(event);
    }

    /// Half of the time the clock stays the same, otherwise it goes back or forth. Where records have a `revision`, it
    /// goes its own way.
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
        let revision = event
            .get("revision")
            .map_or(0, |revision| revision.as_i64().expect("a number"));
        let may_count_on = self.revisions > 0 && revision < 9_007_199_254_740_991;
        match self.random.below(10) {
            0..3 if may_count_on => event.insert("revision".to_string(), json!(revision + 1)),
            3 if revision > 0 => event.insert("revision".to_string(), json!(revision - 1)),
            4 => event.remove("revision"),
            _ => None,
        };
    }

    // -- scenes --

    /// A conversation record and a few messages that belong together, so that somebody is likely to wait in the end,
    /// for one reason or another. Later events may change that.
    fn add_scene(&mut self) {
        let cast = self.random.below(self.casts.len());
        let conversation_id = self.random.pick(&self.casts[cast].conversations).clone();
        let record = self.conversation_record(cast, &conversation_id);
        let record = self.completed(cast, "conversation", record);
        self.events.push(record);
        let start = self.options.now - (2 + self.random.below(10) as i64) * 10 * MINUTE;
        let mut at = start.max(0);
        for beat in self.random.weighted(SCENES) {
            at += self.random.weighted(&[(4, 0), (1, 1), (2, SECOND), (12, 4 * MINUTE)]);
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

    /// A scene about one term of the definition. Later events may change everything that it says.
    fn add_plot(&mut self, plot: Plot) {
        let cast = self.random.below(self.casts.len());
        let conversation_id = if self.may_have_own_conversations() {
            format!("scene {}", self.fresh_id())
        } else {
            self.random.pick(&self.casts[cast].conversations).clone()
        };
        let start = self.options.now - (2 + self.random.below(10) as i64) * 10 * MINUTE;
        match plot {
            Plot::Promise => self.add_promise(cast, &conversation_id, start),
            Plot::BackAndForth => self.add_back_and_forth(cast, &conversation_id, start),
            Plot::Merges => self.add_merges(cast, start),
            Plot::Reopening => self.add_reopening(cast, &conversation_id, start),
            Plot::ClocksBehind => self.add_clocks_behind(cast, &conversation_id, start),
            Plot::Assignment => self.add_assignment(cast, &conversation_id, start),
            Plot::Snooze => self.add_snooze(cast, &conversation_id, start),
            Plot::Patience => self.add_patience(cast, &conversation_id),
            Plot::MergedContacts => self.add_merged_contacts(cast, &conversation_id, start),
        }
    }

    /// Whether the next scene has conversations of its own.
    fn may_have_own_conversations(&mut self) -> bool {
        self.options.conversations >= 3 && self.random.chance(50)
    }

    /// An id that nothing else has. Such ids are in no particular order.
    fn fresh_id(&mut self) -> String {
        self.fresh_ids += 1;
        format!("{:08x}", self.fresh_ids.wrapping_mul(0x9e37_79b1) & 0xffff_ffff)
    }

    /// Adds a record, some of whose fields are given. A field that is given as null is left out.
    fn add_record(&mut self, cast: usize, record_type: &str, mut record: Event, given: Value) {
        for (name, value) in members(given) {
            match value {
                Value::Null => record.remove(&name),
                value => record.insert(name, value),
            };
        }
        let mut event = self.completed(cast, record_type, record);
        if self.random.chance(50) {
            event.insert("updatedAt".to_string(), json!(self.options.now));
        }
        self.events.push(event);
    }

    fn add_conversation(&mut self, cast: usize, id: &str, given: Value) {
        let record = self.conversation_record(cast, id);
        self.add_record(cast, "conversation", record, given);
    }

    /// Adds a message and returns its id, which is often in no other scene.
    fn add_message(&mut self, cast: usize, conversation_id: &str, at: i64, sort: MessageSort, given: Value) -> String {
        let id = if self.random.chance(70) {
            self.fresh_id()
        } else {
            self.random.pick(&self.casts[cast].messages).clone()
        };
        let record = self.message_record(cast, &id, conversation_id, at, sort);
        self.add_record(cast, "message", record, given);
        id
    }

    /// Adds an autopilot change by anybody.
    fn add_change(&mut self, cast: usize, conversation_id: &str, at: i64, enabled: bool) {
        let record = self.autopilot(cast);
        let given = json!({"conversationId": conversation_id, "at": at, "enabled": enabled});
        self.add_record(cast, "autopilot", record, given);
    }

    fn add_resolution(&mut self, cast: usize, conversation_id: &str, at: i64, resolved: bool) {
        let record = self.resolution_record(cast, conversation_id, at, resolved);
        self.add_record(cast, "resolution", record, json!({}));
    }

    /// A gap between two things that belong together.
    fn gap(&mut self) -> i64 {
        self.random
            .weighted(&[(4, 0), (2, 1), (3, SECOND), (2, MINUTE), (3, 4 * MINUTE)])
    }

    /// The AI says that a colleague takes over, and a hand-off follows, at the edges of what makes that a promise.
    fn add_promise(&mut self, cast: usize, conversation_id: &str, start: i64) {
        self.add_conversation(cast, conversation_id, json!({}));
        let mut demand_id = self.add_message(cast, conversation_id, start, MessageSort::Demand, json!({}));
        let mut at = start;
        for _ in 0..=self.random.below(2) {
            at += self.gap();
            let status = self
                .random
                .weighted(&[(6, "sent"), (2, "delivered"), (1, "queued"), (1, "failed")]);
            let (reply_sequence, hand_off_sequence) = self.random.weighted(&[
                (6, (0, 0)),
                (1, (1, 2)),
                (1, (2, 2)),
                (1, (2, 1)),
                (1, (0, 1)),
                (1, (1, 0)),
            ]);
            let edge = PROMISE_MAX + self.a_little();
            let gap = self
                .random
                .weighted(&[(3, 0), (1, 1), (2, SECOND), (3, 4 * MINUTE), (3, edge)]);
            // The customer wrote before the reply, whose clock is behind.
            let is_behind = self.random.chance(25);
            if is_behind {
                let asked_at = at + gap - gap / 4;
                demand_id = self.add_message(cast, conversation_id, asked_at, MessageSort::Demand, json!({}));
            }
            let is_named = self.random.chance(if is_behind { 80 } else { 20 });
            let named = if is_named { json!(demand_id) } else { Value::Null };
            let reply = json!({"status": status, "inReplyTo": named, "sequence": reply_sequence});
            self.add_message(cast, conversation_id, at, MessageSort::AiReply, reply);
            let between = at + *self.random.pick(&[0, gap / 2, gap]);
            let interruption = self.random.weighted(&[
                (8, None),
                (2, Some(MessageSort::Demand)),
                (2, Some(MessageSort::HumanReply)),
                (1, Some(MessageSort::AiReply)),
                (1, Some(MessageSort::HandoffNotice)),
            ]);
            if let Some(sort) = interruption {
                self.add_message(cast, conversation_id, between, sort, json!({}));
            }
            at += gap;
            let hand_off = json!({"sequence": hand_off_sequence});
            self.add_message(cast, conversation_id, at, MessageSort::HandoffNotice, hand_off);
        }
        if self.random.chance(40) {
            self.add_change(cast, conversation_id, at, false);
        }
    }

    /// Bot and agents hand a customer to each other while the customer waits, or the bot and a queue that nobody owns.
    fn add_back_and_forth(&mut self, cast: usize, conversation_id: &str, start: i64) {
        let is_queue = self.random.chance(25);
        let mut at = start;
        let mut enabled = self.random.chance(20);
        self.add_message(cast, conversation_id, at, MessageSort::Demand, json!({}));
        let mut instants = vec![start];
        for _ in 0..2 + self.random.below(4) {
            at += self.gap();
            instants.push(at);
            if is_queue {
                let record = self.autopilot(cast);
                let given = json!({"conversationId": conversation_id, "at": at, "enabled": enabled, "actorId": null,
                                   "by": "system"});
                self.add_record(cast, "autopilot", record, given);
            } else {
                self.add_change(cast, conversation_id, at, enabled);
            }
            if !is_queue && self.random.chance(20) {
                let sort = *self.random.pick(&[MessageSort::HumanReply, MessageSort::AiReply]);
                let reply_at = at + self.gap();
                self.add_message(cast, conversation_id, reply_at, sort, json!({}));
                // Bot and agent answer at once.
                if self.random.chance(50) {
                    for sort in [MessageSort::HumanReply, MessageSort::AiReply] {
                        let given = json!({"status": "sent", "sequence": 0});
                        self.add_message(cast, conversation_id, reply_at + MINUTE, sort, given);
                    }
                }
            }
            if self.random.chance(75) {
                enabled = !enabled;
            }
        }
        if self.random.chance(50) {
            let demand_at = *self.random.pick(&[start - 1, start, at]);
            self.add_message(cast, conversation_id, demand_at, MessageSort::Demand, json!({}));
        }
        let is_told = self.random.chance(40);
        let assigned_at = *self.random.pick(&instants);
        let mut given = json!({
            "assignedAt": if is_told { json!(assigned_at) } else { Value::Null },
            "resolvedAt": null,
            "mergedInto": null,
        });
        if is_queue {
            given["ownerId"] = Value::Null;
            given["assigneeIds"] = Value::Null;
        }
        self.add_conversation(cast, conversation_id, given);
    }

    /// Conversations that were merged into each other: chains, some of them longer than they are followed, cycles, and
    /// targets that are unknown or removed. Some of them are resolved, some are unmerged again.
    fn add_merges(&mut self, cast: usize, start: i64) {
        let mut ids = self.casts[cast].conversations.clone();
        self.random.shuffle(&mut ids);
        let is_long = ids.len() >= 3 && self.random.chance(12);
        if is_long {
            let steps = MERGE_STEPS_MAX - 1 + self.random.below(4);
            ids = (0..=steps).map(|number| format!("link {number}")).collect();
        } else {
            if self.may_have_own_conversations() {
                ids = (0..4).map(|_| format!("merged {}", self.fresh_id())).collect();
            }
            ids.truncate(self.random.weighted(&[(4, 2), (4, 3), (2, 4), (1, 1)]));
        }
        let first_of_cycle = self.random.below(ids.len());
        let after_last = self.random.weighted(&[
            (10, None),
            (3, Some(first_of_cycle)),
            (3, Some(0)),
            (2, Some(usize::MAX)),
        ]);
        let settled_at = start + 4 * MINUTE;
        for (number, id) in ids.iter().enumerate() {
            let target = match ids.get(number + 1) {
                Some(next) => Some(next.as_str()),
                None => after_last.map(|number| ids.get(number).map_or("never heard of", String::as_str)),
            };
            let mut given = json!({"mergedInto": target, "mergedAt": null, "draft": null});
            if target.is_some() && self.random.chance(70) {
                let later = *self.random.pick(&[0, 0, MINUTE]);
                given["mergedAt"] = json!(settled_at + later + self.a_little());
            }
            if self.random.chance(25) {
                given["resolvedAt"] = json!(settled_at + self.a_little());
            }
            if self.random.chance(80) {
                given["channelType"] = json!("sms");
            }
            self.add_conversation(cast, id, given);
            if self.random.chance(15) {
                self.add_resolution(cast, id, settled_at, true);
            }
        }
        for number in 0..2 + self.random.below(3) {
            // A long chain is about its beginning, which is too far from its end.
            let id = if is_long {
                ids[number].clone()
            } else {
                self.random.pick(&ids).clone()
            };
            let at = *self
                .random
                .pick(&[start, settled_at - 1, settled_at, settled_at + 1, settled_at + MINUTE]);
            let sort = self.random.weighted(&[
                (5, MessageSort::Demand),
                (1, MessageSort::AiReply),
                (1, MessageSort::HumanReply),
            ]);
            self.add_message(cast, &id, at, sort, json!({}));
        }
        if self.random.chance(20) {
            let id = self.random.pick(&ids).clone();
            self.add_conversation(cast, &id, json!({"mergedInto": null, "mergedAt": null}));
        }
        if self.random.chance(15) {
            let id = self.random.pick(&ids).clone();
            self.add_record(
                cast,
                "conversation",
                Event::new(),
                json!({"conversationId": id, "deleted": true}),
            );
        }
    }

    /// A resolution by anybody, and a reopening near the edges of what it cancels.
    fn add_reopening(&mut self, cast: usize, conversation_id: &str, start: i64) {
        let edge = REOPENING_MAX + self.a_little();
        let gap = self
            .random
            .weighted(&[(2, 0), (1, 1), (2, SECOND), (3, 4 * MINUTE), (4, edge)]);
        let resolved_at = start - gap;
        let asked_at = resolved_at - self.gap();
        self.add_message(cast, conversation_id, asked_at, MessageSort::Demand, json!({}));
        let resolved_instant = if self.random.chance(40) {
            json!(resolved_at)
        } else {
            Value::Null
        };
        self.add_conversation(cast, conversation_id, json!({"resolvedAt": resolved_instant}));
        for _ in 0..=self.random.below(2) {
            self.add_resolution(cast, conversation_id, resolved_at, true);
        }
        if self.random.chance(75) {
            self.add_resolution(cast, conversation_id, start, false);
        }
        if self.random.chance(50) {
            let base = *self.random.pick(&[resolved_at, start]);
            let at = base + self.a_little();
            let sort = *self
                .random
                .pick(&[MessageSort::Demand, MessageSort::Demand, MessageSort::AiReply]);
            let late = self.random.weighted(&[(3, 0), (1, 1), (1, MINUTE), (2, gap + 1)]);
            self.add_message(cast, conversation_id, at - late, sort, json!({"receivedAt": at}));
        }
    }

    /// A demand that arrived late, or an answer whose clock is behind and that says what it answers.
    fn add_clocks_behind(&mut self, cast: usize, conversation_id: &str, start: i64) {
        self.add_conversation(cast, conversation_id, json!({}));
        let late = self.lateness();
        let day = DAY + self.a_little();
        let little = self.a_little();
        // From the arrival of the demand to the answer.
        let later = self.random.weighted(&[
            (2, little),
            (2, -5 * SECOND),
            (2, SECOND),
            (1, -HOUR),
            (3, day),
            (1, 2 * DAY),
            (1, -2 * DAY),
        ]);
        let asked_at = start - late.max(0) - later.max(0);
        let received_at = asked_at + late;
        let given = json!({"receivedAt": received_at});
        let mut ids = vec![self.add_message(cast, conversation_id, asked_at, MessageSort::Demand, given)];
        for _ in 0..self.random.below(3) {
            let at = asked_at + *self.random.pick(&[-SECOND, 0, 1, SECOND, 4 * MINUTE]);
            ids.push(self.add_message(cast, conversation_id, at, MessageSort::Demand, json!({})));
        }
        let sort = self
            .random
            .weighted(&[(3, MessageSort::AiReply), (2, MessageSort::HumanReply)]);
        let mut given = json!({"status": "sent"});
        if self.random.chance(80) {
            given["inReplyTo"] = json!(self.random.pick(&ids));
        }
        let answered_at = received_at.max(asked_at) + later;
        let answer = self.add_message(cast, conversation_id, answered_at, sort, given);
        if self.random.chance(15) {
            let named = json!({"inReplyTo": answer, "status": "sent"});
            self.add_message(cast, conversation_id, answered_at, MessageSort::AiReply, named);
        }
    }

    /// Somebody is assigned before, in or after what happens in a conversation without autopilot.
    fn add_assignment(&mut self, cast: usize, conversation_id: &str, start: i64) {
        let user_id = self.random.pick(&self.casts[cast].users).clone();
        let off_at = start + self.gap();
        let base = *self.random.pick(&[start - MINUTE, start, off_at, start + 4 * MINUTE]);
        let assigned_at = base + self.a_little();
        let given = json!({
            "assigneeIds": if self.random.chance(65) { json!([user_id]) } else { json!([]) },
            "assignedAt": if self.random.chance(75) { json!(assigned_at) } else { Value::Null },
            "startsWithAutopilot": self.random.chance(50),
            "ownerId": null,
            "resolvedAt": null,
        });
        self.add_conversation(cast, conversation_id, given);
        self.add_message(cast, conversation_id, start, MessageSort::Demand, json!({}));
        self.add_change(cast, conversation_id, off_at, false);
        if self.random.chance(40) {
            let at = off_at + self.gap();
            let enabled = self.random.chance(30);
            self.add_change(cast, conversation_id, at, enabled);
        }
        if self.random.chance(30) {
            let at = off_at + self.gap();
            self.add_message(cast, conversation_id, at, MessageSort::HumanReply, json!({}));
            self.add_message(cast, conversation_id, at + MINUTE, MessageSort::Demand, json!({}));
        }
    }

    /// Snoozed, often until the customer writes, who may have done so at the very instant.
    fn add_snooze(&mut self, cast: usize, conversation_id: &str, start: i64) {
        let snoozed_at = start + *self.random.pick(&[-1, 0, 1, MINUTE, MINUTE, HOUR / 2]);
        let until = if self.random.chance(40) {
            json!(self.snoozed_until())
        } else {
            Value::Null
        };
        let given = json!({"snoozedAt": snoozed_at, "snoozedUntil": until, "resolvedAt": null, "mergedInto": null});
        self.add_conversation(cast, conversation_id, given);
        self.add_message(cast, conversation_id, start, MessageSort::Demand, json!({}));
        if self.random.chance(30) {
            let given = json!({"receivedAt": snoozed_at + self.a_little()});
            self.add_message(cast, conversation_id, start, MessageSort::Demand, given);
        }
        if self.random.chance(30) {
            self.add_change(cast, conversation_id, start + MINUTE, false);
        }
    }

    /// The customer wrote when the autopilot's time to answer is just over.
    fn add_patience(&mut self, cast: usize, conversation_id: &str) {
        let given = json!({"resolvedAt": null, "mergedInto": null, "snoozedAt": null, "startsWithAutopilot": null});
        self.add_conversation(cast, conversation_id, given);
        let over = self.options.now - AUTOPILOT_PATIENCE;
        let at = over - self.random.weighted(&[(3, 0), (1, SECOND), (1, MINUTE)]);
        for _ in 0..=self.random.below(2) {
            let received_at = over + self.a_little();
            let given = json!({"receivedAt": received_at, "sequence": 0, "needsReply": null});
            self.add_message(cast, conversation_id, at, MessageSort::Demand, given);
        }
        if self.random.chance(20) {
            self.add_change(cast, conversation_id, at, false);
        }
    }

    /// A contact that was merged into others: chains up to longer than they are followed, cycles, blocked ones.
    fn add_merged_contacts(&mut self, cast: usize, conversation_id: &str, start: i64) {
        let mut ids = self.casts[cast].contacts.clone();
        self.random.shuffle(&mut ids);
        if self.random.chance(30) {
            let count = 10 + self.random.below(3);
            ids = (0..count).map(|number| format!("contact {number}")).collect();
        } else {
            ids.truncate(1 + self.random.below(4));
        }
        let back_to = self.random.below(ids.len());
        let after_last = self
            .random
            .weighted(&[(5, None), (2, Some(back_to)), (2, Some(usize::MAX))]);
        for (number, id) in ids.iter().enumerate() {
            let target = match ids.get(number + 1) {
                Some(next) => Some(next.as_str()),
                None => after_last.map(|number| ids.get(number).map_or("never heard of", String::as_str)),
            };
            let record = self.contact(cast);
            let blocked = self.random.chance(5);
            let given = json!({"contactId": id, "mergedInto": target, "blocked": blocked});
            self.add_record(cast, "contact", record, given);
        }
        if self.random.chance(30) {
            // Two versions of one instant. To be blocked counts as nothing, so the one with a phone is stored.
            for (blocked, phone) in [(true, Value::Null), (false, json!("+14155550100"))] {
                let record = self.contact(cast);
                let given = json!({"contactId": ids[0], "name": "Zoë", "mergedInto": null, "blocked": blocked,
                                   "phone": phone});
                self.add_record(cast, "contact", record, given);
                let version = self.events.last_mut().expect("it was just added");
                version.insert("updatedAt".to_string(), json!(self.options.now));
                version.remove("revision");
            }
        }
        self.add_conversation(cast, conversation_id, json!({"contactId": ids[0]}));
        self.add_message(cast, conversation_id, start, MessageSort::Demand, json!({}));
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
        if self.random.chance(self.revisions) {
            let revision = self
                .random
                .weighted(&[(3, 0), (4, 1), (3, 2), (1, 3), (1, 9_007_199_254_740_991_u64)]);
            record.insert("revision".to_string(), json!(revision));
        }
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
    (4, &[SWITCHED_OFF, DEMAND]),
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

/// The fields that are instants. All but the last are refused if they are long before or ahead of the service's clock.
const INSTANTS: &[&str] = &[
    "at",
    "updatedAt",
    "receivedAt",
    "assignedAt",
    "resolvedAt",
    "mergedAt",
    "snoozedAt",
    "snoozedUntil",
];

/// The event with instants that the service takes in, and without fields that need another one that is not there.
fn valid(now: i64, mut event: Event) -> Event {
    for name in INSTANTS.iter().filter(|name| **name != "snoozedUntil") {
        if event.contains_key(*name) {
            let instant = number(&event, name).clamp(0, now + FARTHEST_AHEAD);
            event.insert((*name).to_string(), json!(instant));
        }
    }
    for (name, needed) in [("snoozedUntil", "snoozedAt"), ("mergedAt", "mergedInto")] {
        if !event.contains_key(needed) {
            event.remove(name);
        }
    }
    event
}

/// The event as a source tells it whose clock has whole seconds and which numbers nothing.
fn coarse(mut event: Event) -> Event {
    for name in INSTANTS {
        if event.contains_key(*name) {
            let seconds = number(&event, name).div_euclid(SECOND);
            event.insert((*name).to_string(), json!(seconds * SECOND));
        }
    }
    event.remove("sequence");
    event
}

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

/// An instant with some offset and some number of fraction digits. Digits beyond the milliseconds make it later, so
/// they are only added if `may_be_later`.
fn written_instant(random: &mut Random, epoch_ms: i64, may_be_later: bool) -> String {
    // At the ends of the calendar an offset could lead to years that cannot be written.
    let is_writable_anywhere = (-62_000_000_000_000..253_000_000_000_000).contains(&epoch_ms);
    let offsets = [
        (0, "Z"),
        (0, "+00:00"),
        (0, "-00:00"),
        (0, "+0000"),
        (120, "+02:00"),
        (330, "+0530"),
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
    let seconds = local.to_rfc3339_opts(SecondsFormat::Secs, true);
    let seconds = seconds.trim_end_matches('Z');
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
    let by = match event.get("actorId") {
        Some(_) => "human",
        None => "system",
    };
    let defaults = [
        ("user", "active", json!(true)),
        ("user", "bot", json!(false)),
        ("contact", "blocked", json!(false)),
        ("conversation", "assigneeIds", json!([])),
        ("conversation", "draft", json!(false)),
        ("conversation", "startsWithAutopilot", json!(true)),
        ("autopilot", "sequence", json!(0)),
        ("autopilot", "by", json!(by)),
        ("resolution", "sequence", json!(0)),
        ("resolution", "by", json!("human")),
        ("message", "sequence", json!(0)),
        ("message", "visibility", json!("public")),
        ("message", "kind", json!("text")),
        ("message", "needsReply", json!(true)),
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
        "user" => &["active", "bot", "deleted", "revision"],
        "contact" => &["phone", "blocked", "mergedInto", "deleted", "revision"],
        "conversation" => &[
            "departmentId",
            "ownerId",
            "assigneeIds",
            "assignedAt",
            "resolvedAt",
            "snoozedUntil",
            "snoozedAt",
            "draft",
            "mergedInto",
            "mergedAt",
            "startsWithAutopilot",
            "deleted",
            "revision",
        ],
        "autopilot" => &["sequence", "actorId", "by", "deleted", "revision"],
        "resolution" => &["sequence", "by", "deleted", "revision"],
        "message" => &[
            "receivedAt",
            "sequence",
            "inReplyTo",
            "senderId",
            "visibility",
            "kind",
            "needsReply",
            "status",
            "deleted",
            "revision",
        ],
        _ => &["deleted", "revision"],
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
        "autopilot" | "resolution" => "changeId",
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
    instant.to_rfc3339_opts(SecondsFormat::Millis, true)
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

/// The events of one candidate that is stalled since this instant. Every third was taken over by an agent; every fifth
/// of the others had a reply that failed.
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
