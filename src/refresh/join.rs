//! Candidates with what is known of their people.

use crate::conversation::body::{Contact, User};
use crate::conversation::report_row::{PublishedRow, join_row};
use crate::conversation::stall::Candidate;
use crate::refresh::join_input::JoinInput;
use crate::snapshot::version::Entry;
use serde::de::DeserializeOwned;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

fn parse<T: DeserializeOwned>(what: &str, id: &str, json: &str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| format!("{what} {id}: {error}"))
}

/// The row that a conversation has now. Its number is not known yet. `None` means that it has none.
///
/// # Errors
/// A text for the log if something stored is damaged.
pub fn join(conversation: JoinInput, users: &HashMap<String, User>) -> Result<Option<(Entry, PublishedRow)>, String> {
    let JoinInput {
        conversation_id,
        candidate,
        contact,
        contact_became,
    } = conversation;
    let Some(candidate) = candidate else {
        return Ok(None);
    };
    let candidate: Candidate = parse("candidate", &conversation_id, &candidate)?;
    let contact = contact_of(&candidate.contact_id, contact.as_deref(), contact_became.as_deref())?;
    let joined = join_row(&conversation_id, &candidate, contact.as_ref(), users).map_err(|error| error.to_string())?;
    Ok(joined.map(|joined| {
        let entry = Entry {
            stalled_since: candidate.stalled_since,
            conversation_id,
            row_no: 0,
            category: candidate.category,
            reason: joined.reason,
            channel_type: candidate.channel_type.into(),
            department_id: candidate.department_id.map(Rc::from),
            assignee_names: joined.assignee_names,
        };
        (entry, joined.row)
    }))
}

/// Users by id, from their ids and bodies as stored.
///
/// # Errors
/// A text for the log if something stored is damaged.
pub fn users_of(bodies: Vec<(String, String)>) -> Result<HashMap<String, User>, String> {
    let mut users = HashMap::new();
    for (id, body) in bodies {
        let user = parse("user", &id, &body)?;
        users.insert(id, user);
    }
    Ok(users)
}

/// What is shown of a contact: its record, and `[[id, body or null], …]` of those that it became, as stored. `None`
/// means that its record is not known or removed.
///
/// # Errors
/// A text for the log if something stored is damaged.
pub fn contact_of(contact_id: &str, contact: Option<&str>, became: Option<&str>) -> Result<Option<Contact>, String> {
    let Some(contact) = contact else {
        return Ok(None);
    };
    let contact: Contact = parse("contact", contact_id, contact)?;
    match became {
        Some(chain) => merged_contact(contact_id, contact, chain).map(Some),
        None => Ok(Some(contact)),
    }
}

/// The contact that `contact` became (47): with the name and phone of the last of the chain, and blocked if any of them
/// is. If one of them is unknown, or the chain leads back, its own record stands alone.
fn merged_contact(contact_id: &str, contact: Contact, chain: &str) -> Result<Contact, String> {
    let chain: Vec<(String, Option<String>)> = parse("contacts merged into", contact_id, chain)?;
    let mut ids = HashSet::from([contact_id]);
    let mut merged = contact.clone();
    for (id, body) in &chain {
        let (Some(body), true) = (body, ids.insert(id)) else {
            return Ok(contact);
        };
        let next: Contact = parse("contact", id, body)?;
        merged = Contact {
            blocked: merged.blocked || next.blocked,
            ..next
        };
    }
    Ok(merged)
}
