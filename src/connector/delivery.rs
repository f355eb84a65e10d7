//! A webhook as it was received, and what it says.

use crate::base::strict_json::repair_surrogates;
use crate::base::timestamp::Timestamp;
use crate::connector::connection::Connection;
use crate::connector::events::WebhookEvents;
use crate::connector::help_desk::HelpDesk;
use crate::connector::mapper::{Mapper, Seen};
use crate::connector::outcome::{Mapping, WebhookOutcome};
use crate::connector::payload::{Node, Notes, parse};
use crate::connector::{chatwoot, libredesk, zammad};

/// The most bytes of a webhook. A mail stands in a webhook of Chatwoot five to eight times.
pub const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A webhook as it was received.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// The value of the header that [`HelpDesk::signature_header`] names.
    pub signature: Option<&'a str>,
    /// The value of the header that [`HelpDesk::timestamp_header`] names.
    pub timestamp: Option<&'a str>,
    /// The bytes that the signature is over.
    pub body: &'a [u8],
    /// When it came, by the service's clock.
    pub received_at: Timestamp,
}

const fn mapper(kind: HelpDesk) -> Mapper {
    match kind {
        HelpDesk::Chatwoot => chatwoot::MAPPER,
        HelpDesk::Zammad => zammad::MAPPER,
        HelpDesk::Libredesk => libredesk::MAPPER,
    }
}

/// What a webhook of this connection says.
#[must_use]
pub fn map(connection: &Connection, delivery: &Delivery<'_>) -> Mapping {
    // A name may contain half a surrogate pair, which is replaced. Ids do not: in these help desks they are numbers or
    // UUIDs.
    let body = repair_surrogates(delivery.body, br"\ufffd");
    let mapper = mapper(connection.kind);
    let Ok(value) = parse(&body, mapper.members) else {
        return Mapping::unreadable(delivery.received_at);
    };
    let notes = Notes::default();
    let mut events = WebhookEvents::new(connection, delivery.received_at);
    let seen = (mapper.map)(&Node::root(&value, &notes), &mut events);
    let events = events.into_list();
    let (webhook, outcome) = match seen {
        Seen::Mapped(name) if events.is_empty() && notes.is_empty() => (Some(name), WebhookOutcome::Unknown),
        Seen::Mapped(name) if events.is_empty() => (Some(name), WebhookOutcome::Unmappable),
        Seen::Mapped(name) if notes.is_empty() => (Some(name), WebhookOutcome::Mapped),
        Seen::Mapped(name) => (Some(name), WebhookOutcome::Partly),
        Seen::Unneeded(name) => (Some(name), WebhookOutcome::Unknown),
        Seen::Unknown => (None, WebhookOutcome::Unknown),
    };
    Mapping {
        webhook,
        outcome,
        events,
        notes: notes.into_list(),
        received_at: delivery.received_at,
    }
}
