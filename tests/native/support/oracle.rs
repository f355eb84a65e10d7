//! A second, deliberately simple implementation of docs/definition.md, to compare the service with.
//!
//! It stores every record that won, and works each report out from all of them, every time from the beginning. Nothing
//! in it is fast, incremental or shared with the service. [`rule`] has one function for each term of the definition, in
//! its order and with its words.

mod examples;
mod records;
mod rule;
mod version;

use super::history::instant_text;
pub use records::Acknowledgement;
use records::{Conversation, Organization};
use rule::Judgement;
use serde_json::Value;
use std::collections::BTreeMap;
use version::{Identity, Version, identity, quoted};

/// All stored records of every organization.
#[derive(Default)]
pub struct Oracle {
    records: BTreeMap<Identity, Version>,
    /// By organization and conversation.
    acknowledgements: BTreeMap<(String, String), Acknowledgement>,
}

/// One candidate of a report, as every caller sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct OracleRow {
    /// The conversation.
    pub conversation_id: String,
    /// Since when whoever is responsible owes the answer, in milliseconds since 1970.
    pub stalled_since: i64,
    /// `ai_stuck`, `agent_abandoned`, `unassigned`, `snoozed` or `acknowledged`.
    pub category: String,
    /// The department that the conversation is in now.
    pub department_id: Option<String>,
    /// The owner, then the assignees, each once.
    pub people: Vec<String>,
    /// The report's row without `hasAccess`, as compact JSON.
    pub json: String,
}

impl Oracle {
    /// Takes in events, in any order and any number of times. The greatest version of each record is stored.
    pub fn take_in(&mut self, events: &[Value]) {
        for event in events {
            let identity = identity(event);
            let version = Version::from_event(event);
            let wins = match self.records.get(&identity) {
                Some(stored) => version.rank() > stored.rank(),
                None => true,
            };
            if wins {
                self.records.insert(identity, version);
            }
        }
    }

    /// A supervisor takes a conversation off the lists, or, with nothing, puts it back.
    pub fn acknowledge(
        &mut self,
        organization_id: &str,
        conversation_id: &str,
        acknowledgement: Option<Acknowledgement>,
    ) {
        let key = (organization_id.to_string(), conversation_id.to_string());
        match acknowledgement {
            Some(acknowledgement) => self.acknowledgements.insert(key, acknowledgement),
            None => self.acknowledgements.remove(&key),
        };
    }

    /// The ids of organizations that have any record, even if it is a removal, in order.
    pub fn organizations(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.records.keys().map(|key| key.0.clone()).collect();
        ids.sort();
        ids.dedup();
        ids
    }

    /// Every candidate of the organization as of an instant, whatever its category, sorted by `stalledSince` and then
    /// by the UTF-8 bytes of `conversationId`. The organization need not exist.
    pub fn rows(&self, organization_id: &str, as_of: i64) -> Vec<OracleRow> {
        let organization = self.organization(organization_id);
        let mut rows: Vec<OracleRow> = organization
            .timelines()
            .into_iter()
            .filter_map(|(conversation_id, items)| {
                let conversation = organization.conversations.get(&conversation_id)?;
                let judgement = rule::judge(&organization, conversation, items, as_of)?;
                Some(row(&organization, conversation, &judgement))
            })
            .collect();
        rows.sort_by(|a, b| {
            (a.stalled_since, a.conversation_id.as_bytes()).cmp(&(b.stalled_since, b.conversation_id.as_bytes()))
        });
        rows
    }

    /// The same rows as they are published: their JSON, and the people who have access.
    pub fn snapshot(&self, organization_id: &str, as_of: i64) -> Vec<(String, Vec<String>)> {
        let rows = self.rows(organization_id, as_of);
        rows.into_iter().map(|row| (row.json, row.people)).collect()
    }

    /// The organization's records that are no removals.
    fn organization(&self, organization_id: &str) -> Organization {
        let mut organization = Organization::default();
        for ((owner, record_type, id), version) in &self.records {
            if owner == organization_id && !version.removed {
                organization.add(record_type, id, &version.fields);
            }
        }
        for ((owner, conversation_id), acknowledgement) in &self.acknowledgements {
            if owner == organization_id {
                let conversation_id = conversation_id.clone();
                organization
                    .acknowledgements
                    .insert(conversation_id, acknowledgement.clone());
            }
        }
        organization
    }
}

/// The row of a candidate.
fn row(organization: &Organization, conversation: &Conversation, judgement: &Judgement) -> OracleRow {
    let (contact_name, contact_phone) = match organization.shown_contact(&conversation.contact_id) {
        Some(contact) => (contact.name.clone(), contact.phone.clone()),
        None => (String::new(), None),
    };
    let names = organization.assignee_names(conversation);
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    let mut members = vec![
        ("conversationId", quoted(&conversation.id)),
        ("contactId", quoted(&conversation.contact_id)),
        ("contactName", quoted(&contact_name)),
        ("contactPhone", quoted_or_null(contact_phone.as_deref())),
        ("channelType", quoted(&conversation.channel_type)),
        ("latestInboundMessageId", quoted(&judgement.latest_inbound.id)),
        (
            "latestInboundAt",
            quoted(&instant_text(judgement.latest_inbound.clock.at)),
        ),
        ("category", quoted(judgement.category)),
        ("assigneeNames", format!("[{}]", names.join(","))),
        ("departmentId", quoted_or_null(conversation.department_id.as_deref())),
        ("waitingSince", quoted(&instant_text(judgement.waiting_since))),
        ("stalledSince", quoted(&instant_text(judgement.stalled_since))),
        ("reason", quoted(judgement.reason)),
    ];
    let acknowledgement = organization.acknowledgements.get(&conversation.id);
    if let Some(acknowledgement) = acknowledgement.filter(|_| judgement.category == "acknowledged") {
        members.push(("acknowledgedBy", quoted(&acknowledgement.by)));
        members.push(("acknowledgedAt", quoted(&instant_text(acknowledgement.at))));
        let until = acknowledgement.until.map(|until| quoted(&instant_text(until)));
        members.extend(until.map(|until| ("acknowledgedUntil", until)));
        let note = acknowledgement.note.as_deref().map(quoted);
        members.extend(note.map(|note| ("note", note)));
    }
    let members: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    OracleRow {
        conversation_id: conversation.id.clone(),
        stalled_since: judgement.stalled_since,
        category: judgement.category.to_string(),
        department_id: conversation.department_id.clone(),
        people: conversation.people(),
        json: format!("{{{}}}", members.join(",")),
    }
}

fn quoted_or_null(value: Option<&str>) -> String {
    value.map_or("null".to_string(), quoted)
}
