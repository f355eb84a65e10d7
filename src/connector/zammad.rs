//! Zammad: the default payload of a webhook that a trigger fires whenever a ticket is created or updated.
//!
//! - Ticket, article, users and groups come with their own clocks, and `last_close_at` stays when a ticket is opened
//!   again.
//! - States are names that an administrator may change. A name that is not known is an open ticket.
//! - Nobody is the user 1. Since when somebody has a ticket is in `last_owner_update_at`, where Zammad sets it.
//! - A merged ticket does not name its target. It is resolved by the merge.

use crate::base::timestamp::Timestamp;
use crate::connector::events::{Field, Person, Switch, WebhookEvents, change_id, second};
use crate::connector::mapper::{Mapper, Seen};
use crate::connector::payload::Node;
use crate::connector::settings::TicketState;

/// Zammad: the members of a webhook that count, and what maps them.
pub const MAPPER: Mapper = Mapper {
    members: &[
        "active",
        "article",
        "close_at",
        "create_article_type",
        "created_at",
        "created_by_id",
        "customer",
        "customer_id",
        "delivery_status",
        "firstname",
        "group",
        "group_id",
        "id",
        "internal",
        "is-auto-response",
        "last_close_at",
        "last_owner_update_at",
        "lastname",
        "mobile",
        "name",
        "owner",
        "owner_id",
        "pending_time",
        "phone",
        "preferences",
        "sender",
        "state",
        "ticket",
        "ticket_id",
        "type",
        "updated_at",
    ],
    map,
};

/// The only webhook.
const TICKET: &str = "ticket";
const NOBODY: &str = "1";

/// The states that Zammad comes with.
const STATES: [(&str, TicketState); 7] = [
    ("new", TicketState::Open),
    ("open", TicketState::Open),
    ("pending reminder", TicketState::Pending),
    ("pending close", TicketState::Pending),
    ("closed", TicketState::Closed),
    ("merged", TicketState::Merged),
    ("removed", TicketState::Merged),
];

/// The channels, by the type of the first article.
const CHANNELS: [(&str, &str); 10] = [
    ("chat", "webchat"),
    ("email", "email"),
    ("facebook feed comment", "messenger"),
    ("facebook feed post", "messenger"),
    ("note", "web"),
    ("phone", "phone"),
    ("sms", "sms"),
    ("telegram personal-message", "telegram"),
    ("web", "web"),
    ("whatsapp message", "whatsapp"),
];

fn map(root: &Node<'_, '_>, events: &mut WebhookEvents<'_>) -> Seen {
    let node = root.member("ticket");
    if !node.exists() {
        return Seen::Unknown;
    }
    let article = root.member("article");
    let ticket_id = node.member("id");
    let id = ticket_id.id().or_else(|| article.member("ticket_id").id());
    if let Some(id) = ticket_id.require(id, "the id of a ticket") {
        let id = events.conversation_id(&id);
        ticket(&node, &id, events);
        // An update without an article has an empty one.
        if article.member("id").exists() {
            self::article(&article, &id, events);
        }
    }
    Seen::Mapped(TICKET)
}

fn ticket(node: &Node<'_, '_>, id: &str, events: &mut WebhookEvents<'_>) {
    let updated_at = node.member("updated_at").instant().unwrap_or(events.received_at());
    let group_id = node.member("group_id").id().map(|id| events.id("group", &id));
    let group = node.member("group");
    if let (Some(id), Some(name)) = (&group_id, group.member("name").text()) {
        events.push_department(id, name, clock(&group, updated_at));
    }
    let owner_id = node.member("owner_id").id().filter(|id| id != NOBODY);
    let owner = owner_id.map(|id| Person {
        is_ai: events.is_ai(&id),
        id: events.id("user", &id),
    });
    if let Some(person) = &owner {
        push_owner(&node.member("owner"), person, updated_at, events);
        if let Some(at) = node.member("last_owner_update_at").instant() {
            let switch = if person.is_ai {
                Switch::On
            } else {
                Switch::OffFor(&person.id)
            };
            events.push_switch(&change_id("owner", id, at), id, at, switch);
        }
    }
    let state = state(&node.member("state"), events);
    let closed_at = node.member("last_close_at").instant();
    let closed_at = closed_at.or_else(|| node.member("close_at").instant());
    let snoozed_at = (state == TicketState::Pending).then(|| second(updated_at));
    let snoozed_until = snoozed_at.and_then(|_| node.member("pending_time").instant());
    let is_over = match state {
        TicketState::Open | TicketState::Pending => false,
        TicketState::Closed => closed_at.is_none(),
        TicketState::Merged => true,
    };
    if is_over {
        // There is one end, the last.
        events.push_resolution(&["ended-", id].concat(), id, updated_at, None);
    }
    let customer_id = node.member("customer_id");
    if let Some(contact_id) = customer_id.require(customer_id.id(), "the id of a customer") {
        let contact_id = events.id("contact", &contact_id);
        push_customer(&node.member("customer"), &contact_id, updated_at, events);
        let channel = node.member("create_article_type").look_up(&CHANNELS).unwrap_or("other");
        events.push(
            "conversation",
            updated_at,
            &[
                ("conversationId", Field::Text(id)),
                ("contactId", Field::Text(&contact_id)),
                ("channelType", Field::Text(channel)),
                ("departmentId", group_id.as_deref().into()),
                ("ownerId", owner.as_ref().map(|person| person.id.as_str()).into()),
                ("resolvedAt", closed_at.map(second).into()),
                ("snoozedAt", snoozed_at.into()),
                ("snoozedUntil", snoozed_until.into()),
                ("startsWithAutopilot", Field::Flag(false)),
            ],
        );
    }
}

fn state(node: &Node<'_, '_>, events: &WebhookEvents<'_>) -> TicketState {
    let Some(name) = node.require(node.text(), "the name of a state") else {
        return TicketState::Open;
    };
    let name = name.to_ascii_lowercase();
    let standard = || STATES.iter().find(|(known, _)| *known == name).map(|(_, state)| *state);
    let own = events.settings().states.iter().find(|(known, _)| *known == name);
    let state = own.map(|(_, state)| *state).or_else(standard);
    if state.is_none() {
        node.note_unknown("the name of a state that Zammad or the setting states knows");
    }
    state.unwrap_or(TicketState::Open)
}

/// The clock of something that comes with its own.
fn clock(node: &Node<'_, '_>, otherwise: Timestamp) -> Timestamp {
    node.member("updated_at").instant().unwrap_or(otherwise)
}

fn push_owner(node: &Node<'_, '_>, person: &Person, otherwise: Timestamp, events: &mut WebhookEvents<'_>) {
    if let Some(name) = node.full_name("firstname", "lastname") {
        let active = node.member("active");
        let is_active = !active.exists() || active.flag();
        events.push_user(person, &name, is_active, clock(node, otherwise));
    }
}

fn push_customer(node: &Node<'_, '_>, id: &str, otherwise: Timestamp, events: &mut WebhookEvents<'_>) {
    if let Some(name) = node.full_name("firstname", "lastname") {
        let phone = node.member("phone").text().filter(|phone| !phone.is_empty());
        let phone = phone.or_else(|| node.member("mobile").text());
        events.push_contact(id, &name, phone, false, clock(node, otherwise));
    }
}

fn article(node: &Node<'_, '_>, ticket_id: &str, events: &mut WebhookEvents<'_>) {
    let id = node.member("id");
    let created_at = node.member("created_at");
    let (Some(raw_id), Some(at)) = (id.id(), created_at.require(created_at.instant(), "an instant")) else {
        return;
    };
    let sender = node.member("sender");
    let author_id = node.member("created_by_id").id();
    let is_ai = author_id.as_ref().is_some_and(|id| events.is_ai(id));
    let (direction, author) = match sender.require(sender.text(), "the sender of an article") {
        Some("Customer") => ("inbound", "contact"),
        Some("Agent") if is_ai => ("outbound", "ai"),
        Some("Agent") => ("outbound", "human"),
        Some("System") => ("outbound", "automation"),
        Some(_) => {
            sender.note_unknown("Customer, Agent or System");
            ("outbound", "system")
        }
        None => return,
    };
    let preferences = node.member("preferences");
    let is_auto_response = author == "automation" || preferences.member("is-auto-response").flag();
    let is_failed = direction == "outbound" && preferences.member("delivery_status").text() == Some("fail");
    // A public note is not sent to the customer, who may see it in the portal.
    let is_note = direction == "outbound" && node.member("type").text() == Some("note");
    let is_private = node.member("internal").flag() || (is_note && !events.settings().public_notes);
    let sender_id = author_id.filter(|_| matches!(author, "human" | "ai"));
    let sender_id = sender_id.map(|id| events.id("user", &id));
    events.push(
        "message",
        clock(node, at),
        &[
            ("messageId", Field::Text(&events.id("article", &raw_id))),
            ("conversationId", Field::Text(ticket_id)),
            ("at", Field::At(at)),
            ("sequence", Field::Number(id.sequence())),
            ("direction", Field::Text(direction)),
            ("sender", Field::Text(author)),
            ("senderId", sender_id.as_deref().into()),
            ("visibility", is_private.then_some("private").into()),
            ("kind", is_auto_response.then_some("auto_reply").into()),
            ("status", is_failed.then_some("failed").into()),
        ],
    );
}
