//! A row of the report: a candidate joined with the names of its people.

use crate::conversation::category::{Category, Reason};
use crate::conversation::stall::Candidate;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::rc::Rc;

/// A contact as its record says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Contact {
    /// The name.
    pub name: String,
    /// The phone number, if any.
    pub phone: Option<String>,
    /// Whether the organization does not want to hear of it.
    pub blocked: bool,
}

/// A user as its record says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The name.
    pub full_name: Rc<str>,
    /// Whether the user still works there.
    pub active: bool,
    /// Whether it is no person.
    pub bot: bool,
}

impl User {
    fn is_active_person(&self) -> bool {
        self.active && !self.bot
    }
}

/// A row as it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedRow {
    /// The report's row as JSON, without `hasAccess`: that differs by caller.
    pub json: String,
    /// JSON: the ids of the owner and the assignees, without repetition.
    pub people: String,
}

/// A row, and what the version's list says of it beside.
#[derive(Debug)]
pub struct JoinedRow {
    /// The row.
    pub row: PublishedRow,
    /// Why no answer came, as the row says it.
    pub reason: Reason,
    /// The assignees that the row shows.
    pub assignee_names: Vec<Rc<str>>,
}

/// The users of an organization that a run has to do with.
#[derive(Debug, Default)]
pub struct Users {
    numbers: HashMap<String, usize>,
    users: Vec<User>,
}

impl Users {
    /// Adds the user of an id.
    pub fn add(&mut self, id: &str, user: User) {
        self.numbers.insert(id.to_owned(), self.users.len());
        self.users.push(user);
    }

    /// The user of an id, if that is an active person.
    fn active_person(&self, id: &str) -> Option<&User> {
        let number = self.numbers.get(id)?;
        self.users.get(*number).filter(|user| user.is_active_person())
    }
}

/// Joins `candidate` with what is held of its contact and of its users. None where the contact is blocked.
///
/// A contact or user that is not known, or is removed, is just not there.
///
/// # Errors
/// Where the row cannot be written as JSON, which does not happen.
pub fn publish_row(
    conversation_id: &str,
    candidate: &Candidate,
    contact: Option<&Contact>,
    users: &Users,
) -> Result<Option<JoinedRow>, serde_json::Error> {
    if contact.is_some_and(|contact| contact.blocked) {
        return Ok(None);
    }
    let person = |id: &String| users.active_person(id);
    let name = |user: &User| Rc::clone(&user.full_name);
    let mut assignee_names: Vec<Rc<str>> = candidate.assignee_ids.iter().filter_map(person).map(name).collect();
    if assignee_names.is_empty() {
        let owner = candidate.owner_id.as_ref().and_then(person);
        assignee_names.extend(owner.map(name));
    }
    let reason = reason(candidate.reason, !assignee_names.is_empty());

    let row = Row {
        conversation_id,
        contact_id: &candidate.contact_id,
        contact_name: contact.map_or("", |contact| &contact.name),
        contact_phone: contact.and_then(|contact| contact.phone.as_deref()),
        channel_type: &candidate.channel_type,
        latest_inbound_message_id: &candidate.latest_inbound_message_id,
        latest_inbound_at: candidate.latest_inbound_at.to_string(),
        category: candidate.category,
        assignee_names: &assignee_names,
        department_id: candidate.department_id.as_deref(),
        waiting_since: candidate.waiting_since.to_string(),
        stalled_since: candidate.stalled_since.to_string(),
        reason,
    };
    Ok(Some(JoinedRow {
        row: PublishedRow {
            json: serde_json::to_string(&row)?,
            people: serde_json::to_string(&people(candidate))?,
        },
        reason,
        assignee_names,
    }))
}

/// `assignee_missing` comes before the two reasons that blame somebody for not answering.
fn reason(of_timeline: Reason, has_active_person: bool) -> Reason {
    match of_timeline {
        Reason::NoReplySinceTakeover | Reason::NoReplyToFollowUp if !has_active_person => Reason::AssigneeMissing,
        reason => reason,
    }
}

/// Owner and assignees of `candidate`, without repetition.
fn people(candidate: &Candidate) -> Vec<&String> {
    let mut people: Vec<&String> = Vec::new();
    for id in candidate.owner_id.iter().chain(&candidate.assignee_ids) {
        if !people.contains(&id) {
            people.push(id);
        }
    }
    people
}

/// The members of the contract's row, then those that it allows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    conversation_id: &'a str,
    contact_id: &'a str,
    contact_name: &'a str,
    contact_phone: Option<&'a str>,
    channel_type: &'a str,
    latest_inbound_message_id: &'a str,
    latest_inbound_at: String,
    category: Category,
    assignee_names: &'a [Rc<str>],
    department_id: Option<&'a str>,
    waiting_since: String,
    stalled_since: String,
    reason: Reason,
}
