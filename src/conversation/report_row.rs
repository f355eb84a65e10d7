//! A row of the report: a candidate joined with the names of its people. Two rules of docs/definition.md are applied
//! here, because they need more than the timeline: the gate of the blocked contact, and who counts as an active person.

use crate::base::timestamp::{Timestamp, rfc3339};
use crate::conversation::body::{Contact, Conversation, User};
use crate::conversation::category::{Category, Reason};
use crate::conversation::stall::Candidate;
use serde::Serialize;
use std::collections::HashMap;
use std::rc::Rc;

/// A row as it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedRow {
    /// The report's row as JSON, without `hasAccess`, which differs by caller.
    pub json: String,
    /// JSON: the ids of the owner and the assignees, each once.
    pub people: String,
}

/// A row, and what the snapshot version says of it besides.
#[derive(Debug)]
pub struct JoinedRow {
    /// The row.
    pub row: PublishedRow,
    /// Why no answer came, as the row says it.
    pub reason: Reason,
    /// The assignees that the row shows.
    pub assignee_names: Vec<Rc<str>>,
}

/// The most bytes of the names of assignees that a row shows, in UTF-8. Those beyond are left out.
pub const ASSIGNEE_NAMES_BYTES_MAX: usize = 16 * 1024;

/// Joins a candidate with the records of its contact and of the organization's users, by id. `None` means that the
/// contact is blocked.
///
/// A contact or a user whose record is unknown or removed is no error: the row goes without the name.
///
/// # Errors
/// If the row cannot be written as JSON, which does not happen.
pub fn join_row(
    conversation_id: &str,
    candidate: &Candidate,
    contact: Option<&Contact>,
    users: &HashMap<String, User>,
) -> Result<Option<JoinedRow>, serde_json::Error> {
    let Some(row) = ReportRow::new(conversation_id, candidate, contact, users) else {
        return Ok(None);
    };
    Ok(Some(JoinedRow {
        row: PublishedRow {
            json: serde_json::to_string(&row)?,
            people: serde_json::to_string(&people(candidate))?,
        },
        reason: row.reason.unwrap_or(candidate.reason),
        assignee_names: row.assignee_names,
    }))
}

/// The names of the assignees who are active persons; if there is none, the owner's if that is one (cases 16 to 18).
fn assignee_names(owner_id: Option<&String>, assignee_ids: &[String], users: &HashMap<String, User>) -> Vec<Rc<str>> {
    let active_name = |id: &String| {
        let user = users.get(id).filter(|user| user.is_active_person())?;
        Some(Rc::clone(&user.full_name))
    };
    let mut bytes = 0;
    let fits = |name: &Rc<str>| {
        bytes += name.len();
        bytes <= ASSIGNEE_NAMES_BYTES_MAX
    };
    let active = assignee_ids.iter().filter_map(active_name);
    let names: Vec<Rc<str>> = active.take_while(fits).collect();
    if names.is_empty() {
        owner_id.into_iter().filter_map(active_name).collect()
    } else {
        names
    }
}

/// `assignee_missing` comes before the two reasons that blame somebody for not answering.
fn reason(of_timeline: Reason, has_active_person: bool) -> Reason {
    match of_timeline {
        Reason::NoReplySinceTakeover | Reason::NoReplyToFollowUp if !has_active_person => Reason::AssigneeMissing,
        reason => reason,
    }
}

/// Owner and assignees, each once.
fn people(candidate: &Candidate) -> Vec<&String> {
    let mut people: Vec<&String> = Vec::new();
    for id in candidate.owner_id.iter().chain(&candidate.assignee_ids) {
        if !people.contains(&id) {
            people.push(id);
        }
    }
    people
}

/// The members in the order in which they are sent: those that the contract demands, then those that it allows.
///
/// The JSON is compared with what was published before: another order of the fields would publish every row again.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportRow<'a> {
    conversation_id: &'a str,
    contact_id: Option<&'a str>,
    contact_name: &'a str,
    contact_phone: Option<&'a str>,
    channel_type: Option<&'a str>,
    latest_inbound_message_id: Option<&'a str>,
    #[serde(with = "rfc3339::optional")]
    latest_inbound_at: Option<Timestamp>,
    category: Option<Category>,
    assignee_names: Vec<Rc<str>>,
    department_id: Option<&'a str>,
    #[serde(with = "rfc3339::optional")]
    waiting_since: Option<Timestamp>,
    #[serde(with = "rfc3339::optional")]
    stalled_since: Option<Timestamp>,
    reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged_by: Option<&'a str>,
    #[serde(with = "rfc3339::optional", skip_serializing_if = "Option::is_none")]
    acknowledged_at: Option<Timestamp>,
    #[serde(with = "rfc3339::optional", skip_serializing_if = "Option::is_none")]
    acknowledged_until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

impl<'a> ReportRow<'a> {
    /// The row of a candidate. `None` means that the contact is blocked.
    #[must_use]
    pub fn new(
        conversation_id: &'a str,
        candidate: &'a Candidate,
        contact: Option<&'a Contact>,
        users: &HashMap<String, User>,
    ) -> Option<Self> {
        if contact.is_some_and(|contact| contact.blocked) {
            return None;
        }
        let assignee_names = assignee_names(candidate.owner_id.as_ref(), &candidate.assignee_ids, users);
        let acknowledgement = candidate.acknowledgement.as_ref();
        Some(Self {
            conversation_id,
            contact_id: Some(&candidate.contact_id),
            contact_name: contact.map_or("", |contact| &contact.name),
            contact_phone: contact.and_then(|contact| contact.phone.as_deref()),
            channel_type: Some(&candidate.channel_type),
            latest_inbound_message_id: Some(&candidate.latest_inbound_message_id),
            latest_inbound_at: Some(candidate.latest_inbound_at),
            category: Some(candidate.category),
            reason: Some(reason(candidate.reason, !assignee_names.is_empty())),
            assignee_names,
            department_id: candidate.department_id.as_deref(),
            waiting_since: Some(candidate.waiting_since),
            stalled_since: Some(candidate.stalled_since),
            acknowledged_by: acknowledgement.map(|acknowledgement| &*acknowledgement.by),
            acknowledged_at: acknowledgement.map(|acknowledgement| acknowledgement.at),
            acknowledged_until: acknowledgement.and_then(|acknowledgement| acknowledgement.until),
            note: acknowledgement.and_then(|acknowledgement| acknowledgement.note.as_deref()),
        })
    }

    /// The row of a conversation that is no candidate: what only a candidate has is null. `None` as `conversation`
    /// means that its record is not known or removed; `latest_inbound` are the id and `at` of its last demand.
    #[must_use]
    pub fn without_candidate(
        conversation_id: &'a str,
        conversation: Option<&'a Conversation>,
        latest_inbound: Option<(&'a str, Timestamp)>,
        contact: Option<&'a Contact>,
        users: &HashMap<String, User>,
    ) -> Self {
        let people = conversation.map(|conversation| (conversation.owner_id.as_ref(), &*conversation.assignee_ids));
        let (owner_id, assignee_ids) = people.unwrap_or_default();
        Self {
            conversation_id,
            contact_id: conversation.map(|conversation| &*conversation.contact_id),
            contact_name: contact.map_or("", |contact| &contact.name),
            contact_phone: contact.and_then(|contact| contact.phone.as_deref()),
            channel_type: conversation.map(|conversation| &*conversation.channel_type),
            latest_inbound_message_id: latest_inbound.map(|(id, _)| id),
            latest_inbound_at: latest_inbound.map(|(_, at)| at),
            category: None,
            assignee_names: assignee_names(owner_id, assignee_ids, users),
            department_id: conversation.and_then(|conversation| conversation.department_id.as_deref()),
            waiting_since: None,
            stalled_since: None,
            reason: None,
            acknowledged_by: None,
            acknowledged_at: None,
            acknowledged_until: None,
            note: None,
        }
    }
}
