//! Chatwoot.
//!
//! - The conversation in a webhook is as it was when the webhook was sent, not as it was at the event. What happened is
//!   in `changed_attributes` of `conversation_updated`; `conversation_status_changed` most often comes without them.
//! - A `pending` conversation is the bot's, an `open` one people's. Nothing says whether an inbox has a bot:
//!   conversations start without autopilot, and a pending one is where it is on.
//! - A conversation that the bot opens is handed off, which its words may have promised before. The autopilot is off
//!   only once an agent has the conversation.
//! - Instants of messages are whole seconds, as in Chatwoot's other interfaces; ids grow, and tell the order within
//!   one.

use crate::base::timestamp::Timestamp;
use crate::connector::connection::DepartmentSource;
use crate::connector::events::{Events, Field, Person, Switch, change_id, mention, second};
use crate::connector::mapper::{Mapper, Seen};
use crate::connector::payload::Node;

/// Chatwoot: the members of a webhook that count, and what maps them.
pub const MAPPER: Mapper = Mapper {
    members: &[
        "additional_attributes",
        "assignee",
        "assignee_agent_bot_id",
        "assignee_id",
        "assignee_type",
        "attachments",
        "auto_reply",
        "automation_rule_id",
        "blocked",
        "campaign_id",
        "changed_attributes",
        "channel",
        "contact_id",
        "contact_inbox",
        "content_attributes",
        "content_type",
        "conversation",
        "created_at",
        "current_value",
        "deleted",
        "email",
        "event",
        "id",
        "inbox",
        "inbox_id",
        "is_reaction",
        "last_activity_at",
        "message_type",
        "messages",
        "meta",
        "name",
        "phone_number",
        "previous_value",
        "private",
        "sender",
        "snoozed_until",
        "source_id",
        "status",
        "team",
        "type",
        "updated_at",
    ],
    map,
};

const CONVERSATION_CREATED: &str = "conversation_created";
const MESSAGE_CREATED: &str = "message_created";
const MESSAGE_UPDATED: &str = "message_updated";
const CONTACT_CREATED: &str = "contact_created";
const CONTACT_UPDATED: &str = "contact_updated";
const CONVERSATION_WEBHOOKS: &[&str] = &[
    CONVERSATION_CREATED,
    "conversation_updated",
    "conversation_status_changed",
];
const MAPPED: &[&str] = &[
    CONVERSATION_CREATED,
    "conversation_updated",
    "conversation_status_changed",
    MESSAGE_CREATED,
    MESSAGE_UPDATED,
    CONTACT_CREATED,
    CONTACT_UPDATED,
];
const UNNEEDED: &[&str] = &[
    "conversation_typing_on",
    "conversation_typing_off",
    "webwidget_triggered",
    "inbox_created",
    "inbox_updated",
];

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

fn map(root: &Node<'_, '_>, events: &mut Events<'_>) -> Seen {
    let event = root.member("event");
    let name = event.require(event.text(), "the name of a webhook").unwrap_or_default();
    let seen = Seen::new(name, MAPPED, UNNEEDED);
    match seen {
        Seen::Mapped(CONTACT_CREATED | CONTACT_UPDATED) => contact_webhook(root, events),
        Seen::Mapped(webhook @ (MESSAGE_CREATED | MESSAGE_UPDATED)) => {
            let node = root.member("conversation");
            let conversation = conversation(&node, events);
            message(webhook == MESSAGE_CREATED, root, &node, conversation.as_ref(), events);
        }
        Seen::Mapped(webhook) if CONVERSATION_WEBHOOKS.contains(&webhook) => {
            if let Some(conversation) = conversation(root, events) {
                if webhook == CONVERSATION_CREATED {
                    start(root, &conversation, events);
                } else {
                    changes(root, &conversation, events);
                }
            }
        }
        Seen::Mapped(_) | Seen::Unneeded(_) | Seen::Unknown => {}
    }
    seen
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
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
    fn from_node(node: &Node<'_, '_>) -> Option<Self> {
        let status = node.look_up(&STATUSES);
        if status.is_none() && node.exists() {
            node.note_unknown("open, pending, snoozed or resolved");
        }
        status
    }
}

/// A conversation, as far as other events need it.
struct Conversation {
    id: String,
    /// `None` if the webhook does not say it.
    status: Option<Status>,
    assignee: Option<Person>,
    /// When it was last changed; if that is not said, when the webhook came.
    updated_at: Timestamp,
    /// The clock of what it mentions.
    mention: Timestamp,
}

impl Conversation {
    /// The agent who has it.
    fn agent(&self) -> Option<&str> {
        let agent = self.assignee.as_ref().filter(|person| !person.is_ai);
        agent.map(|person| person.id.as_str())
    }

    /// Whether the AI has it.
    fn is_of_ai(&self) -> bool {
        self.status == Some(Status::Pending) || self.assignee.as_ref().is_some_and(|person| person.is_ai)
    }
}

/// The conversation and whom it mentions.
fn conversation(node: &Node<'_, '_>, events: &mut Events<'_>) -> Option<Conversation> {
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
    let conversation = Conversation {
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
fn department(node: &Node<'_, '_>, meta: &Node<'_, '_>, at: Timestamp, events: &mut Events<'_>) -> Option<String> {
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
fn person(node: &Node<'_, '_>, kind: &'static str, at: Timestamp, events: &mut Events<'_>) -> Option<Person> {
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

fn push_contact(node: &Node<'_, '_>, at: Timestamp, events: &mut Events<'_>) {
    if let Some(id) = node.member("id").id() {
        let id = events.id("contact", &id);
        let name = node.member("name").text().unwrap_or_default();
        let phone = node.member("phone_number").text();
        events.push_contact(&id, name, phone, node.member("blocked").flag(), at);
    }
}

/// A contact by itself has its own clock, in what has changed.
fn contact_webhook(root: &Node<'_, '_>, events: &mut Events<'_>) {
    let changes = root.member("changed_attributes");
    let changed_at = changes.items().find_map(|change| {
        let updated_at = change.member("updated_at");
        updated_at.member("current_value").instant()
    });
    let id = root.member("id");
    if id.require(id.id(), "the id of a contact").is_some() {
        push_contact(root, changed_at.unwrap_or(events.received_at()), events);
    }
}

/// A conversation that begins with the bot.
fn start(root: &Node<'_, '_>, conversation: &Conversation, events: &mut Events<'_>) {
    let created_at = root.member("created_at");
    if conversation.is_of_ai()
        && let Some(at) = created_at.require(created_at.instant(), "an instant")
    {
        events.push_switch_at(&conversation.id, at, Switch::On);
    }
}

/// What has happened to a conversation.
fn changes(root: &Node<'_, '_>, conversation: &Conversation, events: &mut Events<'_>) {
    let log = root.member("changed_attributes");
    let log: Vec<Node<'_, '_>> = log.items().collect();
    let changed = |name: &'static str| log.iter().map(|change| change.member(name)).find(Node::exists);
    let at = changed("updated_at").and_then(|change| change.member("current_value").instant());
    let at = at.unwrap_or(conversation.updated_at);
    let id = &conversation.id;

    let mut before = None;
    let mut after = None;
    match changed("status") {
        Some(change) => {
            before = Status::from_node(&change.member("previous_value"));
            after = Status::from_node(&change.member("current_value"));
        }
        // Without a log only the state is known. That it is the bot's is enough to know since when; that it is
        // resolved, only if an agent has it: otherwise it may have been the bot, which settles nothing.
        None if log.is_empty() => {
            let is_enough = |status: &Status| match status {
                Status::Pending => true,
                Status::Resolved => conversation.agent().is_some(),
                Status::Open | Status::Snoozed => false,
            };
            after = conversation.status.filter(is_enough);
        }
        None => {}
    }
    if after == Some(Status::Resolved) {
        // What nobody took from the bot, the bot has resolved.
        let by = (before == Some(Status::Pending) && conversation.agent().is_none()).then_some("ai");
        events.push_resolution(&change_id("resolved", id, second(at)), id, at, by);
    } else if before == Some(Status::Resolved) && after.is_some() {
        events.push_reopening(id, at);
    }
    if before == Some(Status::Pending) && matches!(after, Some(Status::Open | Status::Snoozed)) {
        events.push_hand_off(id, at);
    }

    let assigned = changed("assignee_id");
    let is_unassigned = assigned
        .is_some_and(|change| !change.member("current_value").exists() && change.member("previous_value").exists());
    let is_assigned_to_bot = changed("assignee_agent_bot_id").is_some_and(|bot| bot.member("current_value").exists());
    let new_agent = assigned.and_then(|change| {
        let current = change.member("current_value");
        let id = current.id()?;
        let is_ai = events.is_ai(&id);
        Some(Person {
            id: events.id("user", &id),
            is_ai,
        })
    });
    let agent = match &new_agent {
        Some(person) => Some(person.id.as_str()).filter(|_| !person.is_ai),
        None if is_unassigned => None,
        None => conversation.agent(),
    };
    let is_opened = after == Some(Status::Open) && before != Some(Status::Snoozed);
    let is_pending =
        after == Some(Status::Pending) || (after.is_none() && conversation.status == Some(Status::Pending));
    let is_ai = is_assigned_to_bot || new_agent.as_ref().is_some_and(|person| person.is_ai);
    let switch = if after == Some(Status::Pending) || is_ai {
        Some(Switch::On)
    } else if is_pending || after == Some(Status::Resolved) {
        // Who is named in a conversation of the bot's does not have it, and a resolved one needs nobody.
        None
    } else if let Some(agent) = agent.filter(|_| is_opened || new_agent.is_some()) {
        Some(Switch::OffFor(agent))
    } else if before == Some(Status::Pending) {
        // Handed off to nobody: the autopilot owes the answer until somebody has it.
        None
    } else if is_unassigned || (is_opened && before == Some(Status::Resolved)) {
        Some(Switch::Off)
    } else {
        None
    };
    if let Some(switch) = switch {
        events.push_switch_at(id, at, switch);
    }
}

/// A message of the customer, of an agent, of a bot, of a rule.
fn message(
    is_created: bool,
    root: &Node<'_, '_>,
    conversation_node: &Node<'_, '_>,
    conversation: Option<&Conversation>,
    events: &mut Events<'_>,
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
    // Later versions of a bot's message are only worth taking if it was not sent: what is the conversation's by then
    // says nothing of the message.
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
fn observe(message_id: &str, at: Timestamp, conversation: &Conversation, events: &mut Events<'_>) {
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

fn outgoing_author(root: &Node<'_, '_>, attributes: &Node<'_, '_>, at: Timestamp, events: &mut Events<'_>) -> Author {
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
        // Rather a customer who is listed for nothing than one who is not.
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
