//! The records of one organization that are known and not removed, what is shown of them, and merged timelines.

use super::version::{flag, flag_or, instant, optional_instant, optional_text, sequence, text};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How many steps of merged conversations are followed.
const CONVERSATION_STEPS_MAX: usize = 16;
/// How many steps of merged contacts are followed.
const CONTACT_STEPS_MAX: usize = 10;

/// The records of an organization that are known and not removed.
#[derive(Default)]
pub struct Organization {
    pub conversations: BTreeMap<String, Conversation>,
    pub changes: Vec<AutopilotChange>,
    pub resolutions: Vec<ResolutionRecord>,
    pub messages: Vec<Message>,
    /// The last acknowledgement of each conversation.
    pub acknowledgements: BTreeMap<String, Acknowledgement>,
    contacts: BTreeMap<String, Contact>,
    users: BTreeMap<String, User>,
}

/// A supervisor has taken a conversation off the lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// When, by the service's clock.
    pub at: i64,
    pub by: String,
    /// The last message that the row showed.
    pub message_id: String,
    pub until: Option<i64>,
    pub note: Option<String>,
}

/// A conversation as its record says it is now.
pub struct Conversation {
    pub id: String,
    pub contact_id: String,
    pub channel_type: String,
    pub department_id: Option<String>,
    owner_id: Option<String>,
    assignee_ids: Vec<String>,
    pub assigned_at: Option<i64>,
    pub resolved_at: Option<i64>,
    pub snoozed_at: Option<i64>,
    pub snoozed_until: Option<i64>,
    pub draft: bool,
    merged_into: Option<String>,
    pub merged_at: Option<i64>,
    pub starts_with_autopilot: bool,
}

/// An instant and a `sequence`, compared in this order. A `sequence` of 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clock {
    pub at: i64,
    pub sequence: u64,
}

impl Clock {
    /// Whether there is a `sequence`.
    pub fn has_sequence(self) -> bool {
        self.sequence > 0
    }
}

/// A record that says that autopilot is on or off.
#[derive(Clone)]
pub struct AutopilotChange {
    pub id: String,
    conversation_id: String,
    pub clock: Clock,
    pub enabled: bool,
    pub by_human: bool,
}

/// A record that says that the conversation was resolved, or reopened by hand.
#[derive(Clone)]
pub struct ResolutionRecord {
    id: String,
    pub conversation_id: String,
    clock: Clock,
    pub resolved: bool,
    pub by_human: bool,
}

impl ResolutionRecord {
    /// A resolution has only an instant.
    pub fn at(&self) -> i64 {
        self.clock.at
    }
}

/// A message, without its text.
#[derive(Clone)]
pub struct Message {
    pub id: String,
    pub conversation_id: String,
    /// `at` and `sequence`.
    pub clock: Clock,
    pub received_at: Option<i64>,
    pub in_reply_to: Option<String>,
    pub direction: String,
    pub sender: String,
    pub visibility: String,
    pub kind: String,
    pub needs_reply: bool,
    pub status: String,
}

/// A contact as its record says it is now.
pub struct Contact {
    pub name: String,
    pub phone: Option<String>,
    blocked: bool,
    merged_into: Option<String>,
}

struct User {
    full_name: String,
    active: bool,
    bot: bool,
}

/// One item of a timeline.
#[derive(Clone)]
pub enum Item {
    Change(AutopilotChange),
    Resolution(ResolutionRecord),
    Message(Message),
}

impl Item {
    /// Timeline order: `at`, then autopilot changes, then resolutions, then messages, then `sequence`, then id.
    fn position(&self) -> (i64, u8, u64, &[u8]) {
        let (kind, clock, id) = match self {
            Item::Change(change) => (0, change.clock, &change.id),
            Item::Resolution(resolution) => (1, resolution.clock, &resolution.id),
            Item::Message(message) => (2, message.clock, &message.id),
        };
        (clock.at, kind, clock.sequence, id.as_bytes())
    }

    pub fn at(&self) -> i64 {
        self.position().0
    }

    fn conversation_id(&self) -> &str {
        match self {
            Item::Change(change) => &change.conversation_id,
            Item::Resolution(resolution) => &resolution.conversation_id,
            Item::Message(message) => &message.conversation_id,
        }
    }
}

impl Conversation {
    /// The owner, then the assignees, each once.
    pub fn people(&self) -> Vec<String> {
        let mut people: Vec<String> = Vec::new();
        for id in self.owner_id.iter().chain(&self.assignee_ids) {
            if !people.contains(id) {
                people.push(id.clone());
            }
        }
        people
    }
}

impl Organization {
    /// Adds a record. Types that say nothing about a row are left out.
    pub fn add(&mut self, record_type: &str, id: &str, fields: &Map<String, Value>) {
        let id = id.to_string();
        let clock = || Clock {
            at: instant(fields, "at"),
            sequence: sequence(fields),
        };
        match record_type {
            "conversation" => {
                self.conversations.insert(id.clone(), conversation(id, fields));
            }
            "contact" => {
                let contact = Contact {
                    name: text(fields, "name"),
                    phone: optional_text(fields, "phone"),
                    blocked: flag(fields, "blocked"),
                    merged_into: optional_text(fields, "mergedInto"),
                };
                self.contacts.insert(id, contact);
            }
            "user" => {
                let user = User {
                    full_name: text(fields, "fullName"),
                    active: flag(fields, "active"),
                    bot: flag(fields, "bot"),
                };
                self.users.insert(id, user);
            }
            "autopilot" => self.changes.push(AutopilotChange {
                id,
                conversation_id: text(fields, "conversationId"),
                clock: clock(),
                enabled: flag(fields, "enabled"),
                by_human: match optional_text(fields, "by") {
                    Some(by) => by == "human",
                    None => fields.contains_key("actorId"),
                },
            }),
            "resolution" => self.resolutions.push(ResolutionRecord {
                id,
                conversation_id: text(fields, "conversationId"),
                clock: clock(),
                resolved: flag(fields, "resolved"),
                by_human: optional_text(fields, "by").is_none_or(|by| by == "human"),
            }),
            "message" => self.messages.push(Message {
                id,
                conversation_id: text(fields, "conversationId"),
                clock: clock(),
                received_at: optional_instant(fields, "receivedAt"),
                in_reply_to: optional_text(fields, "inReplyTo"),
                direction: text(fields, "direction"),
                sender: text(fields, "sender"),
                visibility: text(fields, "visibility"),
                kind: text(fields, "kind"),
                needs_reply: flag_or(fields, "needsReply", true),
                status: text(fields, "status"),
            }),
            _ => {}
        }
    }

    // -- merged conversations --

    /// The conversation that this one was merged into, if its record is known and not removed.
    fn target(&self, conversation_id: &str) -> Option<&str> {
        let conversation = self.conversations.get(conversation_id)?;
        let target = conversation.merged_into.as_deref()?;
        self.conversations.contains_key(target).then_some(target)
    }

    /// The conversation, those that it was merged into one after the other, and its end. Only itself if it stands for
    /// itself.
    ///
    /// A conversation in a cycle is its own end. One that leads into a cycle ends at the first member of it. One that
    /// has more than 16 steps to its end stands for itself.
    pub fn chain(&self, conversation_id: &str) -> Vec<String> {
        let mut chain = vec![conversation_id.to_string()];
        while let Some(target) = self.target(&chain[chain.len() - 1]) {
            match chain.iter().position(|passed| passed == target) {
                None => chain.push(target.to_string()),
                // The cycle is closed. What was passed before its first member leads into it.
                Some(first) => {
                    chain.truncate(first + 1);
                    break;
                }
            }
        }
        if chain.len() - 1 > CONVERSATION_STEPS_MAX {
            chain.truncate(1);
        }
        chain
    }

    /// The last of the chain: whose timeline has the items of the conversation.
    fn end(&self, conversation_id: &str) -> String {
        self.chain(conversation_id).pop().expect("a chain has an end")
    }

    /// Whether the conversation was merged, and its items are in the timeline of its target.
    pub fn is_merged(&self, conversation_id: &str) -> bool {
        self.end(conversation_id) != conversation_id
    }

    /// The timeline of every conversation that is its own end, in order: its own items, and the messages of all other
    /// conversations that end there.
    pub fn timelines(&self) -> BTreeMap<String, Vec<Item>> {
        let changes = self.changes.iter().cloned().map(Item::Change);
        let resolutions = self.resolutions.iter().cloned().map(Item::Resolution);
        let messages = self.messages.iter().cloned().map(Item::Message);
        let mut timelines: BTreeMap<String, Vec<Item>> = BTreeMap::new();
        for item in changes.chain(resolutions).chain(messages) {
            let end = self.end(item.conversation_id());
            if end == item.conversation_id() || matches!(item, Item::Message(_)) {
                timelines.entry(end).or_default().push(item);
            }
        }
        for timeline in timelines.values_mut() {
            timeline.sort_by(|a, b| a.position().cmp(&b.position()));
        }
        timelines
    }

    // -- contacts and users --

    /// The contact's record and those that it became, in up to 10 steps. The contact's own record alone if the chain
    /// meets one that is unknown or removed, or a cycle. Nothing if the contact itself is unknown.
    fn contacts_walked(&self, contact_id: &str) -> Vec<&Contact> {
        let Some(own) = self.contacts.get(contact_id) else {
            return Vec::new();
        };
        let mut ids = vec![contact_id];
        let mut walked = vec![own];
        while walked.len() - 1 < CONTACT_STEPS_MAX {
            let Some(next) = walked[walked.len() - 1].merged_into.as_deref() else {
                break;
            };
            let Some(contact) = self.contacts.get(next).filter(|_| !ids.contains(&next)) else {
                return vec![own];
            };
            ids.push(next);
            walked.push(contact);
        }
        walked
    }

    /// The contact whose name and phone are shown: what the conversation's contact became.
    pub fn shown_contact(&self, contact_id: &str) -> Option<&Contact> {
        self.contacts_walked(contact_id).pop()
    }

    /// Whether the contact, or what it became, is blocked.
    pub fn is_blocked(&self, contact_id: &str) -> bool {
        self.contacts_walked(contact_id).iter().any(|contact| contact.blocked)
    }

    /// The full name of a user who is known, active and no bot.
    fn active_person(&self, user_id: &str) -> Option<String> {
        let user = self.users.get(user_id)?;
        (user.active && !user.bot).then(|| user.full_name.clone())
    }

    /// Whether there is an active person among owner and assignees.
    pub fn has_active_person(&self, conversation: &Conversation) -> bool {
        let people = conversation.people();
        people.iter().any(|id| self.active_person(id).is_some())
    }

    /// `assigneeNames`: `fullName` of the active users that are no bots among `assigneeIds`, in that order, else the
    /// owner's if he is one, else none.
    pub fn assignee_names(&self, conversation: &Conversation) -> Vec<String> {
        let assignees = conversation.assignee_ids.iter();
        let names: Vec<String> = assignees.filter_map(|id| self.active_person(id)).collect();
        if !names.is_empty() {
            return names;
        }
        let owner = conversation.owner_id.iter();
        owner.filter_map(|id| self.active_person(id)).collect()
    }
}

fn conversation(id: String, fields: &Map<String, Value>) -> Conversation {
    let assignees = fields["assigneeIds"].as_array().expect("a list of ids");
    Conversation {
        id,
        contact_id: text(fields, "contactId"),
        channel_type: text(fields, "channelType"),
        department_id: optional_text(fields, "departmentId"),
        owner_id: optional_text(fields, "ownerId"),
        assignee_ids: assignees
            .iter()
            .map(|assignee| assignee.as_str().expect("an id is a string").to_string())
            .collect(),
        assigned_at: optional_instant(fields, "assignedAt"),
        resolved_at: optional_instant(fields, "resolvedAt"),
        snoozed_at: optional_instant(fields, "snoozedAt"),
        snoozed_until: optional_instant(fields, "snoozedUntil"),
        draft: flag(fields, "draft"),
        merged_into: optional_text(fields, "mergedInto"),
        merged_at: optional_instant(fields, "mergedAt"),
        starts_with_autopilot: flag_or(fields, "startsWithAutopilot", true),
    }
}
