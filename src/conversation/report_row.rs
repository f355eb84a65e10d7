//! A row of the report: a candidate joined with the names of its people. Two rules of docs/definition.md are applied
//! here, because they need more than the timeline: the gate of the blocked contact, and who counts as an active person.

use crate::base::json_object::JsonObject;
use crate::base::timestamp::{Timestamp, rfc3339};
use crate::conversation::acknowledgement::Acknowledgement;
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
    if contact.is_some_and(|contact| contact.blocked) {
        return Ok(None);
    }
    let assignee_names = assignee_names(candidate.owner_id.as_ref(), &candidate.assignee_ids, users);
    let reason = reason(candidate.reason, !assignee_names.is_empty());
    let row = Row {
        conversation_id,
        contact_id: &candidate.contact_id,
        contact_name: contact.map_or("", |contact| &contact.name),
        contact_phone: contact.and_then(|contact| contact.phone.as_deref()),
        channel_type: &candidate.channel_type,
        latest_inbound_message_id: &candidate.latest_inbound_message_id,
        latest_inbound_at: candidate.latest_inbound_at,
        category: candidate.category,
        assignee_names: &assignee_names,
        department_id: candidate.department_id.as_deref(),
        waiting_since: candidate.waiting_since,
        stalled_since: candidate.stalled_since,
        reason,
    };
    let mut json = serde_json::to_string(&row)?;
    if let Some(acknowledgement) = &candidate.acknowledgement {
        json = with_acknowledgement(json, acknowledgement);
    }
    Ok(Some(JoinedRow {
        row: PublishedRow {
            json,
            people: serde_json::to_string(&people(candidate))?,
        },
        reason,
        assignee_names,
    }))
}

/// A row, and who has acknowledged it.
fn with_acknowledgement(row: String, acknowledgement: &Acknowledgement) -> String {
    let mut row = JsonObject::after(row);
    row.text("acknowledgedBy", Some(&acknowledgement.by));
    row.instant("acknowledgedAt", Some(acknowledgement.at));
    if acknowledgement.until.is_some() {
        row.instant("acknowledgedUntil", acknowledgement.until);
    }
    if acknowledgement.note.is_some() {
        row.text("note", acknowledgement.note.as_deref());
    }
    row.finish()
}

/// The members of the row that a conversation would have if it were a candidate: what only a candidate has is null. `None` as
/// `conversation` means that its record is not known or removed; `latest_inbound` are the id and `at` of its last demand.
///
/// # Errors
/// As [`join_row`].
pub fn row_of_none(
    conversation_id: &str,
    conversation: Option<&Conversation>,
    latest_inbound: Option<(&str, Timestamp)>,
    contact: Option<&Contact>,
    users: &HashMap<String, User>,
) -> Result<String, serde_json::Error> {
    let people = conversation.map(|conversation| (conversation.owner_id.as_ref(), &*conversation.assignee_ids));
    let (owner_id, assignee_ids) = people.unwrap_or_default();
    let assignee_names = serde_json::to_string(&assignee_names(owner_id, assignee_ids, users))?;
    let mut row = JsonObject::default();
    row.text("conversationId", Some(conversation_id));
    row.text("contactId", conversation.map(|conversation| &*conversation.contact_id));
    row.text("contactName", Some(contact.map_or("", |contact| &contact.name)));
    row.text("contactPhone", contact.and_then(|contact| contact.phone.as_deref()));
    row.text(
        "channelType",
        conversation.map(|conversation| &*conversation.channel_type),
    );
    row.text("latestInboundMessageId", latest_inbound.map(|(id, _)| id));
    row.instant("latestInboundAt", latest_inbound.map(|(_, at)| at));
    row.text("category", None);
    row.json("assigneeNames", &assignee_names);
    row.text(
        "departmentId",
        conversation.and_then(|conversation| conversation.department_id.as_deref()),
    );
    for name in ["waitingSince", "stalledSince", "reason"] {
        row.text(name, None);
    }
    Ok(row.finish())
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
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    conversation_id: &'a str,
    contact_id: &'a str,
    contact_name: &'a str,
    contact_phone: Option<&'a str>,
    channel_type: &'a str,
    latest_inbound_message_id: &'a str,
    #[serde(with = "rfc3339")]
    latest_inbound_at: Timestamp,
    category: Category,
    assignee_names: &'a [Rc<str>],
    department_id: Option<&'a str>,
    #[serde(with = "rfc3339")]
    waiting_since: Timestamp,
    #[serde(with = "rfc3339")]
    stalled_since: Timestamp,
    reason: Reason,
}
