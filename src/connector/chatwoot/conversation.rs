//! A conversation of Chatwoot, with its contact, its department and its people.

use crate::base::timestamp::Timestamp;
use crate::connector::events::{Field, Person, WebhookEvents, mention, second};
use crate::connector::payload::Node;
use crate::connector::settings::DepartmentSource;

/// The channels. `Channel::TwilioSms` may be WhatsApp, too.
const CHANNELS: [(&str, &str); 13] = [
    ("Channel::Api", "api"),
    ("Channel::Email", "email"),
    ("Channel::FacebookPage", "messenger"),
    ("Channel::Instagram", "instagram"),
    ("Channel::Line", "line"),
    ("Channel::Sms", "sms"),
    ("Channel::Telegram", "telegram"),
    ("Channel::Tiktok", "tiktok"),
    ("Channel::TwilioSms", "sms"),
    ("Channel::TwitterProfile", "twitter"),
    ("Channel::Voice", "voice"),
    ("Channel::WebWidget", "webchat"),
    ("Channel::Whatsapp", "whatsapp"),
];

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The bot's.
    Pending,
    /// People's.
    Open,
    /// Later.
    Snoozed,
    /// Nobody's.
    Resolved,
}

const STATUSES: [(&str, Status); 4] = [
    ("open", Status::Open),
    ("pending", Status::Pending),
    ("resolved", Status::Resolved),
    ("snoozed", Status::Snoozed),
];

impl Status {
    /// The status that a webhook says. An unknown one is noted.
    pub fn from_node(node: &Node<'_, '_>) -> Option<Self> {
        let status = node.look_up(&STATUSES);
        if status.is_none() && node.exists() {
            node.note_unknown("open, pending, snoozed or resolved");
        }
        status
    }
}

/// A conversation, as far as other events need it.
pub struct ChatwootConversation {
    /// Its id.
    pub id: String,
    /// `None` if the webhook does not say it.
    pub status: Option<Status>,
    /// Who has it. `None` means nobody.
    pub assignee: Option<Person>,
    /// When it was last changed; if that is not said, when the webhook came.
    pub updated_at: Timestamp,
    /// The clock of what it mentions.
    pub mention: Timestamp,
}

impl ChatwootConversation {
    /// The agent who has it.
    pub fn agent(&self) -> Option<&str> {
        let agent = self.assignee.as_ref().filter(|person| !person.is_ai);
        agent.map(|person| person.id.as_str())
    }

    /// Whether the AI has it.
    pub fn is_of_ai(&self) -> bool {
        self.status == Some(Status::Pending) || self.assignee.as_ref().is_some_and(|person| person.is_ai)
    }
}

/// The conversation and whom it mentions.
pub fn conversation(node: &Node<'_, '_>, events: &mut WebhookEvents<'_>) -> Option<ChatwootConversation> {
    let id = node.member("id");
    let id = events.conversation_id(&id.require(id.id(), "the id of a conversation")?);
    let updated_at = node.member("updated_at").instant().unwrap_or(events.received_at());
    let last_activity_at = node.member("last_activity_at").instant().unwrap_or(updated_at);
    let mention = mention(updated_at.max(last_activity_at));
    let meta = node.member("meta");
    let is_bot = meta.member("assignee_type").text() == Some("AgentBot");
    let assignee = person(
        &meta.member("assignee"),
        if is_bot { "agent_bot" } else { "user" },
        mention,
        events,
    );
    let status = node.member("status");
    let status = status.require(Status::from_node(&status), "the status of a conversation");
    let conversation = ChatwootConversation {
        id,
        status,
        assignee,
        updated_at,
        mention,
    };
    let contact = meta.member("sender");
    push_contact(&contact, mention, events);
    let contact_inbox = node.member("contact_inbox");
    let contact_inbox_contact = contact_inbox.member("contact_id");
    let contact_id = contact.member("id").id().or_else(|| contact_inbox_contact.id());
    let department_id = department(node, &meta, mention, events);
    if let Some(contact_id) = contact_inbox_contact.require(contact_id, "the id of a contact") {
        let snoozed_at = (status == Some(Status::Snoozed)).then(|| second(updated_at));
        let snoozed_until = snoozed_at.and_then(|_| node.member("snoozed_until").instant());
        let assignee_id = conversation.assignee.as_ref().map(|person| person.id.as_str());
        events.push(
            "conversation",
            updated_at,
            &[
                ("conversationId", Field::Text(&conversation.id)),
                ("contactId", Field::Text(&events.id("contact", &contact_id))),
                ("channelType", Field::Text(channel(node, &contact_inbox))),
                ("departmentId", department_id.as_deref().into()),
                ("assigneeIds", Field::Ids(assignee_id)),
                ("snoozedAt", snoozed_at.into()),
                ("snoozedUntil", snoozed_until.into()),
                ("startsWithAutopilot", Field::Flag(false)),
            ],
        );
    }
    Some(conversation)
}

fn channel(node: &Node<'_, '_>, contact_inbox: &Node<'_, '_>) -> &'static str {
    let channel = node.member("channel");
    let source_id = contact_inbox.member("source_id");
    let is_whatsapp = || source_id.text().is_some_and(|id| id.starts_with("whatsapp:"));
    match channel.look_up(&CHANNELS) {
        Some("sms") if is_whatsapp() => "whatsapp",
        Some(known) => known,
        None => {
            if channel.exists() {
                channel.note_unknown("a channel of Chatwoot");
            }
            "other"
        }
    }
}

/// The team or the inbox.
fn department(
    node: &Node<'_, '_>,
    meta: &Node<'_, '_>,
    at: Timestamp,
    events: &mut WebhookEvents<'_>,
) -> Option<String> {
    match events.settings().department {
        DepartmentSource::Team => {
            let team = meta.member("team");
            let id = events.id("team", &team.member("id").id()?);
            if let Some(name) = team.member("name").text() {
                events.push_department(&id, name, at);
            }
            Some(id)
        }
        DepartmentSource::Inbox => Some(events.id("inbox", &node.member("inbox_id").id()?)),
    }
}

/// An agent, a bot or an assistant, who is mentioned.
pub fn person(
    node: &Node<'_, '_>,
    kind: &'static str,
    at: Timestamp,
    events: &mut WebhookEvents<'_>,
) -> Option<Person> {
    let id = node.member("id").id()?;
    let kind = match node.member("type").text() {
        Some("agent_bot") => "agent_bot",
        Some("captain_assistant") => "captain_assistant",
        Some("user") => "user",
        _ => kind,
    };
    let person = Person {
        is_ai: kind != "user" || events.is_ai(&id),
        id: events.id(kind, &id),
    };
    if let Some(name) = node.member("name").text() {
        events.push_user(&person, name, true, at);
    }
    Some(person)
}

/// Adds the contact that a webhook mentions or is about.
pub fn push_contact(node: &Node<'_, '_>, at: Timestamp, events: &mut WebhookEvents<'_>) {
    if let Some(id) = node.member("id").id() {
        let id = events.id("contact", &id);
        let name = node.member("name").text().unwrap_or_default();
        let phone = node.member("phone_number").text();
        events.push_contact(&id, name, phone, node.member("blocked").flag(), at);
    }
}
