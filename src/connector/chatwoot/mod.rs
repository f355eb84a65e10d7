//! Chatwoot.
//!
//! - The conversation in a webhook is as it was when the webhook was sent, not as it was at the event. What happened is
//!   in `changed_attributes` of `conversation_updated`; `conversation_status_changed` most often comes without them.
//! - A `pending` conversation is the bot's, an `open` one people's. Nothing says whether an inbox has a bot:
//!   conversations start without autopilot, and a pending one is where it is on.
//! - A conversation that the bot opens is handed off; the bot's last messages may have promised that. The autopilot is
//!   off only once an agent has the conversation.
//! - Instants of messages are whole seconds, as in Chatwoot's other interfaces; ids ascend, and give the order within a
//!   second.

mod changes;
mod conversation;
mod message;

use crate::connector::chatwoot::changes::{changes, start};
use crate::connector::chatwoot::conversation::{conversation, push_contact};
use crate::connector::chatwoot::message::message;
use crate::connector::events::WebhookEvents;
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

fn map(root: &Node<'_, '_>, events: &mut WebhookEvents<'_>) -> Seen {
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

/// A contact by itself has its own clock, in what has changed.
fn contact_webhook(root: &Node<'_, '_>, events: &mut WebhookEvents<'_>) {
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
