//! A message of Chatwoot.

use crate::base::timestamp::Timestamp;
use crate::connector::chatwoot::conversation::{ChatwootConversation, Status, person};
use crate::connector::events::{Field, Switch, WebhookEvents, second};
use crate::connector::payload::Node;
use crate::connector::settings::DepartmentSource;

/// A message of the customer, of an agent, of a bot, of a rule.
pub fn message(
    is_created: bool,
    root: &Node<'_, '_>,
    conversation_node: &Node<'_, '_>,
    conversation: Option<&ChatwootConversation>,
    events: &mut WebhookEvents<'_>,
) {
    let id = root.member("id");
    let (Some(raw_id), Some(conversation)) = (id.require(id.id(), "the id of a message"), conversation) else {
        return;
    };
    let message_id = events.id("message", &raw_id);
    let inbox = root.member("inbox");
    if events.settings().department == DepartmentSource::Inbox
        && let (Some(id), Some(name)) = (inbox.member("id").id(), inbox.member("name").text())
    {
        events.push_department(&events.id("inbox", &id), name, conversation.mention);
    }
    let state = SendState::new(root, conversation_node, &raw_id);
    let attributes = root.member("content_attributes");
    if attributes.member("deleted").flag() {
        let updated_at = state.updated_at.unwrap_or(events.received_at());
        let fields = [("messageId", Field::Text(&message_id)), ("deleted", Field::Flag(true))];
        events.push("message", updated_at, &fields);
        return;
    }
    let created_at = root.member("created_at");
    let Some(created_at) = created_at.require(created_at.instant(), "an instant") else {
        return;
    };
    let message_type = root.member("message_type");
    let author = match message_type.require(message_type.text(), "the type of a message") {
        Some("incoming") => Author::new("contact", None),
        Some("outgoing") => outgoing_author(root, &attributes, conversation.mention, events),
        Some("template") => Author::new("automation", Some("auto_reply")),
        Some(_) => {
            message_type.note_unknown("incoming, outgoing or template");
            return;
        }
        None => return,
    };
    let is_private = root.member("private").flag();
    let is_by_bot = author.is_bot;
    let is_people_s = matches!(conversation.status, Some(Status::Open | Status::Snoozed)) && !conversation.is_of_ai();
    let is_about_hand_off = is_by_bot && !is_private && is_people_s && !events.settings().bots_answer_while_open;
    // A later version of a bot's message matters only if the message was not sent: the conversation in that webhook is
    // as it is by then, which says nothing of the message.
    let is_failed = state.status == Some("failed");
    if !is_created && is_by_bot && !is_failed {
        return;
    }
    let is_sent_again = !is_created && matches!(author.sender, "human" | "ai") && state.status == Some("sent");
    let updated_at = state
        .updated_at
        .filter(|_| author.sender != "contact" && (is_failed || is_sent_again));
    let kind = author
        .kind
        .or_else(|| content_kind(root, &attributes))
        .or((is_created && is_about_hand_off).then_some("handoff_notice"))
        .or_else(|| root.member("attachments").items().next().map(|_| "media"));
    let at = second(created_at);
    let is_inbound = author.sender == "contact";
    events.push(
        "message",
        updated_at.unwrap_or(at),
        &[
            ("messageId", Field::Text(&message_id)),
            ("conversationId", Field::Text(&conversation.id)),
            ("at", Field::At(at)),
            ("sequence", Field::Number(id.sequence())),
            (
                "direction",
                Field::Text(if is_inbound { "inbound" } else { "outbound" }),
            ),
            ("sender", Field::Text(author.sender)),
            ("senderId", author.id.as_deref().into()),
            ("visibility", is_private.then_some("private").into()),
            ("kind", kind.into()),
            ("status", (is_failed && !is_inbound).then_some("failed").into()),
        ],
    );
    if is_created && is_inbound && !is_private && events.settings().observe {
        observe(&raw_id, at, conversation, events);
    }
}

/// Who has the conversation when the customer writes. It is known by then, unless a webhook was lost.
fn observe(message_id: &str, at: Timestamp, conversation: &ChatwootConversation, events: &mut WebhookEvents<'_>) {
    let switch = match (conversation.status, conversation.agent()) {
        _ if conversation.is_of_ai() => Switch::On,
        (Some(Status::Open), Some(agent)) => Switch::OffFor(agent),
        _ => return,
    };
    events.push_switch(&events.id("seen", message_id), &conversation.id, at, switch);
}

/// Who wrote a message.
struct Author {
    sender: &'static str,
    kind: Option<&'static str>,
    id: Option<String>,
    /// Whether it is an agent bot or Captain, and not a bot with an agent's token.
    is_bot: bool,
}

impl Author {
    const fn new(sender: &'static str, kind: Option<&'static str>) -> Self {
        Self {
            sender,
            kind,
            id: None,
            is_bot: false,
        }
    }
}

fn outgoing_author(
    root: &Node<'_, '_>,
    attributes: &Node<'_, '_>,
    at: Timestamp,
    events: &mut WebhookEvents<'_>,
) -> Author {
    if root.member("additional_attributes").member("campaign_id").exists() {
        return Author::new("automation", Some("campaign"));
    }
    if attributes.member("automation_rule_id").exists() {
        return Author::new("automation", None);
    }
    let sender = root.member("sender");
    let kind = sender.member("type");
    let is_bot = match kind.text() {
        // Typed on the phone, beside Chatwoot.
        None if !sender.exists() => return Author::new("human", None),
        Some("user") => false,
        Some("agent_bot" | "captain_assistant") => true,
        // Better to list a customer who does not wait than to miss one who does.
        _ => {
            kind.note_unknown("user, agent_bot or captain_assistant");
            return Author::new("system", None);
        }
    };
    let person = person(&sender, "user", at, events);
    let is_ai = is_bot || person.as_ref().is_some_and(|person| person.is_ai);
    Author {
        sender: if is_ai { "ai" } else { "human" },
        kind: None,
        id: person.map(|person| person.id),
        is_bot,
    }
}

/// The kind of a message that is no text of its author's.
fn content_kind(root: &Node<'_, '_>, attributes: &Node<'_, '_>) -> Option<&'static str> {
    let email = attributes.member("email");
    if attributes.member("is_reaction").flag() {
        Some("reaction")
    } else if email.member("auto_reply").flag() {
        Some("auto_reply")
    } else if root.member("content_type").text() == Some("voice_call") {
        Some("activity")
    } else {
        None
    }
}

/// What became of a message. A webhook says it of the last public message of the conversation only.
struct SendState<'v> {
    status: Option<&'v str>,
    updated_at: Option<Timestamp>,
}

impl<'v> SendState<'v> {
    fn new(root: &Node<'v, '_>, conversation: &Node<'v, '_>, raw_id: &str) -> Self {
        let read = |node: &Node<'v, '_>| (node.member("status").text(), node.member("updated_at").instant());
        let (status, updated_at) = read(root);
        let messages = conversation.member("messages");
        let (last_status, last_updated_at) = messages
            .items()
            .find(|message| message.member("id").id().is_some_and(|id| id == raw_id))
            .map_or((None, None), |message| read(&message));
        Self {
            status: status.or(last_status),
            updated_at: updated_at.or(last_updated_at),
        }
    }
}
