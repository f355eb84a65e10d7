//! Ingest and fold without a database: many times as fast, for many histories and many orders.

use super::service::SnapshotRow;
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::conversation::body::{AutopilotChange, Conversation, Resolution, User};
use conversation_monitor::conversation::event::parse_event;
use conversation_monitor::conversation::evidence::{Explanation, explain};
use conversation_monitor::conversation::item::Item;
use conversation_monitor::conversation::item_collection::ItemCollection;
use conversation_monitor::conversation::merge::Member;
use conversation_monitor::conversation::message::Message;
use conversation_monitor::conversation::record::Record;
use conversation_monitor::conversation::record_type::RecordType;
use conversation_monitor::conversation::report_row::join_row;
use conversation_monitor::conversation::state::{State, fold};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// The versions of records that some events are, in their order.
pub struct Versions {
    records: Vec<Record>,
    parts: Vec<Part>,
}

/// What a fold reads of a version.
enum Part {
    Conversation(Conversation),
    Item(Item),
    User(User),
    /// A removal, or a record that decides nothing here.
    Nothing,
}

impl Part {
    fn new(record: &Record) -> Self {
        let body = &record.body;
        match record.record_type {
            _ if record.rank.deleted => Self::Nothing,
            RecordType::Conversation => Self::Conversation(serde_json::from_str(body).unwrap()),
            RecordType::Autopilot => Self::Item(Item::from(&serde_json::from_str::<AutopilotChange>(body).unwrap())),
            RecordType::Resolution => Self::Item(Item::from(&serde_json::from_str::<Resolution>(body).unwrap())),
            RecordType::Message => Self::Item(Item::from(&serde_json::from_str::<Message>(body).unwrap())),
            RecordType::User => Self::User(serde_json::from_str(body).unwrap()),
            _ => Self::Nothing,
        }
    }
}

/// The version of each record that wins, in the order in which the records came first.
pub struct Stored<'a> {
    versions: &'a Versions,
    pub records: Vec<&'a Record>,
}

impl Versions {
    /// Reads events by the service's clock.
    pub fn new(events: &[Value], now: i64) -> Self {
        let received = Timestamp::from_milliseconds(now).into();
        let events = events.iter().enumerate();
        let records: Vec<Record> = events
            .map(|(index, event)| parse_event(index, event, received).unwrap())
            .collect();
        let parts = records.iter().map(Part::new).collect();
        Self { records, parts }
    }

    /// What is stored after the events came in this order.
    pub fn store(&self, order: impl IntoIterator<Item = usize>) -> Stored<'_> {
        let mut records: Vec<&Record> = Vec::new();
        let mut numbers: HashMap<(&str, &str, &str), usize> = HashMap::new();
        for number in order {
            let record = &self.records[number];
            let stored = *numbers.entry(record.key()).or_insert_with(|| {
                records.push(record);
                records.len() - 1
            });
            if record.order() > records[stored].order() {
                records[stored] = record;
            }
        }
        Stored {
            versions: self,
            records,
        }
    }
}

impl Stored<'_> {
    fn of(&self, organization_id: &str) -> impl Iterator<Item = (&Record, &Part)> {
        let records = self
            .records
            .iter()
            .filter(move |record| record.organization_id == organization_id);
        records.map(|record| (*record, &self.versions.parts[record.index]))
    }

    /// The conversations of an organization in the order in which they were first named, each with its own items, which
    /// are collected in copies of `items`.
    fn members(&self, organization_id: &str, items: &ItemCollection) -> Vec<Member> {
        let mut members: Vec<Member> = Vec::new();
        let mut numbers: HashMap<&String, usize> = HashMap::new();
        for (record, part) in self.of(organization_id) {
            let own = (record.record_type == RecordType::Conversation).then_some(&record.id);
            let Some(id) = record.conversation_id.as_ref().or(own) else {
                continue;
            };
            let number = *numbers.entry(id).or_insert_with(|| {
                members.push(Member {
                    id: id.clone(),
                    conversation: None,
                    acknowledgement: None,
                    items: items.clone(),
                });
                members.len() - 1
            });
            match part {
                Part::Conversation(conversation) => members[number].conversation = Some(conversation.clone()),
                Part::Item(item) => members[number].items.add(&record.id, *item),
                Part::User(_) | Part::Nothing => {}
            }
        }
        members
    }

    /// The states of an organization's conversations.
    pub fn states(&self, organization_id: &str, as_of: i64) -> BTreeMap<String, State> {
        let members = self.members(organization_id, &ItemCollection::default());
        let states = fold(members, Timestamp::from_milliseconds(as_of));
        states.into_iter().collect()
    }

    /// Why each of an organization's conversations is listed, or why not.
    pub fn explanations(&self, organization_id: &str, as_of: i64) -> BTreeMap<String, Explanation> {
        let members = self.members(organization_id, &ItemCollection::for_evidence());
        let as_of = Timestamp::from_milliseconds(as_of);
        let ids: Vec<String> = members.iter().map(|member| member.id.clone()).collect();
        ids.into_iter()
            .map(|id| {
                let explanation = explain(members.clone(), &id, as_of).expect("it is among them");
                (id, explanation)
            })
            .collect()
    }

    /// The rows of an organization as they would be published if no contact were known.
    pub fn rows_without_contacts(&self, organization_id: &str, as_of: i64) -> Vec<SnapshotRow> {
        let users: HashMap<String, User> = self
            .of(organization_id)
            .filter_map(|(record, part)| match part {
                Part::User(user) => Some((record.id.clone(), user.clone())),
                _ => None,
            })
            .collect();
        let states = self.states(organization_id, as_of).into_iter();
        let candidates = states.filter_map(|(id, state)| Some((id, state.candidate?)));
        let mut rows: Vec<_> = candidates
            .map(|(id, candidate)| {
                let row = join_row(&id, &candidate, None, &users).unwrap().unwrap().row;
                let people = serde_json::from_str(&row.people).unwrap();
                (candidate.stalled_since, id, (row.json, people))
            })
            .collect();
        rows.sort();
        rows.into_iter().map(|(_, _, row)| row).collect()
    }
}
