//! What happens to a conversation of Chatwoot.

use crate::connector::chatwoot::conversation::{ChatwootConversation, Status};
use crate::connector::events::{Person, Switch, WebhookEvents, change_id, second};
use crate::connector::payload::Node;

/// A conversation that begins with the bot.
pub fn start(root: &Node<'_, '_>, conversation: &ChatwootConversation, events: &mut WebhookEvents<'_>) {
    let created_at = root.member("created_at");
    if conversation.is_of_ai()
        && let Some(at) = created_at.require(created_at.instant(), "an instant")
    {
        events.push_switch_at(&conversation.id, at, Switch::On);
    }
}

/// What has happened to a conversation.
pub fn changes(root: &Node<'_, '_>, conversation: &ChatwootConversation, events: &mut WebhookEvents<'_>) {
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
        // Without a log only the state is known. `pending` is enough to say that the bot has it now. `resolved` counts
        // only if an agent has the conversation: otherwise the bot may have resolved it, which settles nothing.
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
        // A conversation that nobody took from the bot was resolved by the bot.
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
        // A person named in one of the bot's conversations does not have it, and a resolved conversation needs nobody.
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
