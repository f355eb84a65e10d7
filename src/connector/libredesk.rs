//! LibreDesk.
//!
//! - A message says everything about itself, and nothing about its conversation.
//! - `resolved_at` is the first resolution, and stays that. A later one is known from the webhook of the change, and
//!   from `last_resolved_at` where LibreDesk has it.
//! - A customer's message opens a conversation again and ends a snooze without a webhook of its own: the message
//!   implies it.
//! - An assignment names an id. Only a setting can tell whether that is an AI assistant. An assistant hands a
//!   conversation off by unassigning itself.

use crate::base::timestamp::Timestamp;
use crate::connector::events::{Field, Person, Switch, WebhookEvents, change_id, mention, second};
use crate::connector::mapper::{Mapper, Seen};
use crate::connector::payload::Node;
use std::borrow::Cow;

/// LibreDesk: the members of a webhook that count, and what maps them.
pub const MAPPER: Mapper = Mapper {
    members: &[
        "actor_id",
        "assigned_team_id",
        "assigned_to",
        "assigned_user_id",
        "author",
        "contact",
        "contact_id",
        "conversation",
        "conversation_uuid",
        "created_at",
        "enabled",
        "event",
        "first_name",
        "id",
        "inbox_channel",
        "is_csat",
        "last_name",
        "last_resolved_at",
        "meta",
        "new_status",
        "payload",
        "phone_number",
        "phone_number_country_code",
        "previous_status",
        "private",
        "sender_id",
        "snoozed_until",
        "status",
        "status_category",
        "type",
        "updated_at",
        "uuid",
    ],
    map,
};

const CREATED: &str = "conversation.created";
const STATUS_CHANGED: &str = "conversation.status_changed";
const ASSIGNED: &str = "conversation.assigned";
const UNASSIGNED: &str = "conversation.unassigned";
const MESSAGE_CREATED: &str = "message.created";
const MESSAGE_UPDATED: &str = "message.updated";
const MAPPED: &[&str] = &[
    CREATED,
    STATUS_CHANGED,
    "conversation.tags_changed",
    ASSIGNED,
    UNASSIGNED,
    MESSAGE_CREATED,
    MESSAGE_UPDATED,
];
const UNNEEDED: &[&str] = &["webhook.test"];

const CHANNELS: [(&str, &str); 3] = [("email", "email"), ("livechat", "webchat"), ("whatsapp", "whatsapp")];

fn map(root: &Node<'_, '_>, events: &mut WebhookEvents<'_>) -> Seen {
    let event = root.member("event");
    let name = event.require(event.text(), "the name of a webhook").unwrap_or_default();
    let seen = Seen::new(name, MAPPED, UNNEEDED);
    let payload = root.member("payload");
    match seen {
        Seen::Mapped(MESSAGE_CREATED | MESSAGE_UPDATED) => message(&payload, events),
        Seen::Mapped(CREATED) => {
            if let Some(conversation) = conversation(&payload, events) {
                start(&payload, &conversation, events);
            }
        }
        Seen::Mapped(webhook) => {
            if let Some(conversation) = conversation(&payload.member("conversation"), events) {
                match webhook {
                    STATUS_CHANGED => status_changed(&payload, &conversation, events),
                    ASSIGNED => assigned(&payload, &conversation, events),
                    UNASSIGNED => unassigned(&payload, &conversation, events),
                    _ => {}
                }
            }
        }
        Seen::Unneeded(_) | Seen::Unknown => {}
    }
    seen
}

/// A conversation, as far as other events need it.
struct LibredeskConversation {
    id: String,
    /// Whom it is assigned to.
    assignee: Option<Person>,
    updated_at: Timestamp,
}

fn user(id: &str, events: &WebhookEvents<'_>) -> Person {
    Person {
        id: events.id("user", id),
        is_ai: events.is_ai(id),
    }
}

fn is_resolved_name(status: Option<&str>) -> bool {
    matches!(status, Some("Resolved" | "Closed"))
}

/// The conversation and its customer.
fn conversation(node: &Node<'_, '_>, events: &mut WebhookEvents<'_>) -> Option<LibredeskConversation> {
    let uuid = node.member("uuid");
    let id = events.conversation_id(&uuid.require(uuid.id(), "the id of a conversation")?);
    let updated_at = node.member("updated_at").instant().unwrap_or(events.received_at());
    let assignee = node.member("assigned_user_id").id().map(|id| user(&id, events));
    let department_id = node.member("assigned_team_id").id().map(|id| events.id("team", &id));
    let status = node.member("status");
    let is_snoozed = status.require(status.text(), "the status of a conversation") == Some("Snoozed");
    let snoozed_at = is_snoozed.then(|| second(updated_at));
    let snoozed_until = snoozed_at.and_then(|_| node.member("snoozed_until").instant());
    if let Some(at) = node.member("last_resolved_at").instant() {
        events.push_resolution(&change_id("resolved", &id, second(at)), &id, second(at), None);
    }
    let contact = node.member("contact");
    let contact_id = node.member("contact_id");
    let raw_contact_id = contact_id.id().or_else(|| contact.member("id").id());
    if let Some(raw_contact_id) = contact_id.require(raw_contact_id, "the id of a contact") {
        let contact_id = events.id("contact", &raw_contact_id);
        push_contact(&contact, &contact_id, updated_at, events);
        let channel = node.member("inbox_channel").look_up(&CHANNELS).unwrap_or("other");
        events.push(
            "conversation",
            updated_at,
            &[
                ("conversationId", Field::Text(&id)),
                ("contactId", Field::Text(&contact_id)),
                ("channelType", Field::Text(channel)),
                ("departmentId", department_id.as_deref().into()),
                (
                    "assigneeIds",
                    Field::Ids(assignee.as_ref().map(|person| person.id.as_str())),
                ),
                ("snoozedAt", snoozed_at.into()),
                ("snoozedUntil", snoozed_until.into()),
                ("startsWithAutopilot", Field::Flag(false)),
            ],
        );
    }
    Some(LibredeskConversation {
        id,
        assignee,
        updated_at,
    })
}

fn push_contact(node: &Node<'_, '_>, id: &str, otherwise: Timestamp, events: &mut WebhookEvents<'_>) {
    let Some(name) = node.full_name("first_name", "last_name") else {
        return;
    };
    let number = node.member("phone_number").text().filter(|number| !number.is_empty());
    // The calling code, or in some versions the country's.
    let calling_code = node.member("phone_number_country_code");
    let calling_code = calling_code.text().filter(|code| code.starts_with('+'));
    let phone = number.map(|number| match calling_code {
        Some(code) if !number.starts_with('+') => Cow::Owned(format!("{code}{number}")),
        _ => Cow::Borrowed(number),
    });
    let enabled = node.member("enabled");
    let is_blocked = enabled.exists() && !enabled.flag();
    let updated_at = node.member("updated_at").instant().unwrap_or(otherwise);
    events.push_contact(id, &name, phone.as_deref(), is_blocked, updated_at);
}

/// A conversation that begins with an AI assistant.
fn start(payload: &Node<'_, '_>, conversation: &LibredeskConversation, events: &mut WebhookEvents<'_>) {
    if conversation.assignee.as_ref().is_some_and(|person| person.is_ai)
        && let Some(at) = payload.member("created_at").instant()
    {
        let id = &conversation.id;
        events.push_switch_at(id, at, Switch::On);
    }
}

/// Whether the actor of a change is an AI assistant.
fn is_by_ai(payload: &Node<'_, '_>, events: &WebhookEvents<'_>) -> bool {
    payload.member("actor_id").id().is_some_and(|id| events.is_ai(&id))
}

fn status_changed(payload: &Node<'_, '_>, conversation: &LibredeskConversation, events: &mut WebhookEvents<'_>) {
    let node = payload.member("conversation");
    let (id, at) = (&conversation.id, conversation.updated_at);
    // A status that an administrator has made has a category, of the present status only.
    let is_resolved = is_resolved_name(payload.member("new_status").text())
        || node.member("status_category").text() == Some("resolved");
    if is_resolved {
        let by = is_by_ai(payload, events).then_some("ai");
        events.push_resolution(&change_id("resolved", id, second(at)), id, second(at), by);
    } else if is_resolved_name(payload.member("previous_status").text()) {
        events.push_reopening(id, at);
    }
}

fn assigned(payload: &Node<'_, '_>, conversation: &LibredeskConversation, events: &mut WebhookEvents<'_>) {
    let (id, at) = (&conversation.id, conversation.updated_at);
    let assigned_to = payload.member("assigned_to");
    let assignee = match assigned_to.id() {
        Some(id) => Some(user(&id, events)),
        None => conversation.assignee.clone(),
    };
    let Some(assignee) = assigned_to.require(assignee, "the id of a user") else {
        return;
    };
    if !assignee.is_ai && is_by_ai(payload, events) {
        events.push_hand_off(id, at);
    }
    let switch = if assignee.is_ai {
        Switch::On
    } else {
        Switch::OffFor(&assignee.id)
    };
    events.push_switch_at(id, at, switch);
}

fn unassigned(payload: &Node<'_, '_>, conversation: &LibredeskConversation, events: &mut WebhookEvents<'_>) {
    let (id, at) = (&conversation.id, conversation.updated_at);
    if is_by_ai(payload, events) {
        // Handed off to nobody: the autopilot owes the answer until somebody has it.
        events.push_hand_off(id, at);
    } else {
        events.push_switch_at(id, at, Switch::Off);
    }
}

fn message(node: &Node<'_, '_>, events: &mut WebhookEvents<'_>) {
    let id = node.member("id");
    let conversation_id = node.member("conversation_uuid");
    let created_at = node.member("created_at");
    let (Some(raw_id), Some(conversation_id), Some(at)) = (
        id.require(id.id(), "the id of a message"),
        conversation_id.require(conversation_id.id(), "the id of a conversation"),
        created_at.require(created_at.instant(), "an instant"),
    ) else {
        return;
    };
    let updated_at = node.member("updated_at").instant().unwrap_or(at);
    let message_type = node.member("type");
    let is_inbound = match message_type.require(message_type.text(), "the type of a message") {
        Some("incoming") => true,
        Some("outgoing") => false,
        // What happened in the conversation.
        Some("activity") => return,
        Some(_) => {
            message_type.note_unknown("incoming, outgoing or activity");
            return;
        }
        None => return,
    };
    let author = node.member("author");
    let author_type = author.member("type").text();
    let person = node.member("sender_id").id().map(|id| {
        let mut person = user(&id, events);
        person.is_ai |= author_type == Some("ai_assistant");
        person
    });
    let is_survey = node.member("meta").member("is_csat").flag();
    let sender = match &person {
        _ if is_inbound => "contact",
        _ if is_survey => "automation",
        Some(person) if person.is_ai => "ai",
        None | Some(_) => "human",
    };
    if let (Some(person), Some(name)) = (
        person.as_ref().filter(|_| !is_inbound),
        author.full_name("first_name", "last_name"),
    ) {
        events.push_user(person, &name, true, mention(updated_at));
    }
    let status = match node.member("status").text() {
        _ if is_inbound => None,
        Some("pending") => Some("queued"),
        Some("failed") => Some("failed"),
        _ => None,
    };
    let sender_id = person.as_ref().filter(|_| !is_inbound).map(|person| person.id.as_str());
    events.push(
        "message",
        updated_at,
        &[
            ("messageId", Field::Text(&events.id("message", &raw_id))),
            ("conversationId", Field::Text(&events.conversation_id(&conversation_id))),
            ("at", Field::At(at)),
            ("sequence", Field::Number(id.sequence())),
            (
                "direction",
                Field::Text(if is_inbound { "inbound" } else { "outbound" }),
            ),
            ("sender", Field::Text(sender)),
            ("senderId", sender_id.into()),
            ("visibility", node.member("private").flag().then_some("private").into()),
            ("status", status.into()),
        ],
    );
}
