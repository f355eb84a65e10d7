//! Conversations with their timelines, as they are stored.

use crate::base::timestamp::Timestamp;
use crate::conversation::acknowledgement::Acknowledgement;
use crate::conversation::body::{AutopilotChange, Resolution};
use crate::conversation::item::Item;
use crate::conversation::item_collection::ItemCollection;
use crate::conversation::merge::Member;
use crate::conversation::message::Message;
use crate::refresh::budget::{Budget, Limits};
use crate::refresh::sql;
use crate::storage::database::{Database, DatabaseError, Row, SqlValue, Statement, rows_of};
use crate::storage::json_table::{JsonCell, PARAMETER_BYTES_MAX, json_chunks};
use std::collections::HashMap;

/// The key of a conversation, or of another record, as a row.
pub fn key<'a>(organization_id: &'a str, conversation_id: &'a str) -> [JsonCell<'a>; 2] {
    [organization_id.into(), conversation_id.into()]
}

/// Rows as JSON in one parameter.
///
/// # Errors
/// [`DatabaseError::Failed`] if they do not fit: whoever divides the work takes fewer at a time.
pub fn one_parameter<'a>(rows: impl IntoIterator<Item = [JsonCell<'a>; 2]>) -> Result<String, DatabaseError> {
    let [rows] = <[String; 1]>::try_from(json_chunks(rows, PARAMETER_BYTES_MAX)?)
        .map_err(|_| DatabaseError::Failed("the ids are too long for one statement".to_owned()))?;
    Ok(rows)
}

/// Items as they are read.
#[derive(Debug, Default)]
pub struct Items {
    /// Those that are kept.
    pub items: ItemCollection,
    /// What is wrong with the first damaged one.
    pub damage: Option<String>,
}

impl Items {
    /// No items yet. `is_explained` says whether they are to be explained.
    fn new(is_explained: bool) -> Self {
        Self {
            items: if is_explained {
                ItemCollection::for_evidence()
            } else {
                ItemCollection::default()
            },
            damage: None,
        }
    }

    /// Adds an item from three columns of a row: type, id and body.
    pub fn add(&mut self, row: &Row, first: usize) -> Result<(), DatabaseError> {
        let id = row.text(first + 1)?;
        match parse_item(row.text(first)?, id, row.text(first + 2)?) {
            Ok(item) => self.items.add(id, item),
            Err(damage) => drop(self.damage.get_or_insert(damage)),
        }
        Ok(())
    }

    /// Notes that earlier items have been forgotten, if this column says so.
    pub fn note_forgotten(&mut self, row: &Row, column: usize) -> Result<(), DatabaseError> {
        if row.integer(column)? != 0 {
            self.items.note_forgotten();
        }
        Ok(())
    }
}

/// Reads the timeline of one conversation, a portion of its items at a time.
pub async fn read_timeline<D: Database>(
    database: &D,
    organization_id: &str,
    conversation_id: &str,
    items_max: usize,
    is_explained: bool,
) -> Result<Items, DatabaseError> {
    let mut items = Items::new(is_explained);
    let mut after = (String::new(), String::new());
    loop {
        let (record_type, id) = after;
        let read = Statement::new(
            sql::READ_TIMELINE_PORTION,
            [
                organization_id.into(),
                conversation_id.into(),
                record_type.into(),
                id.into(),
                SqlValue::Integer(items_max as i64),
            ],
        );
        let [rows] = rows_of(database.batch(vec![read]).await?)?;
        for row in &rows {
            items.add(row, 0)?;
        }
        let Some(last) = rows.last().filter(|_| rows.len() >= items_max) else {
            return Ok(items);
        };
        after = (last.text(0)?.to_owned(), last.text(1)?.to_owned());
    }
}

/// A conversation as it is stored.
pub struct StoredConversation {
    /// Its id.
    pub conversation_id: String,
    /// `None` means that it is not pending.
    pub change_token: Option<String>,
    /// Its record. `None` means that there is none, or a removal.
    pub body: Option<String>,
    /// Whether there is a record of it, or a removal.
    pub is_known: bool,
    /// Its state.
    pub stored: StoredState,
    /// Whether an earlier change of it waits to be published.
    pub is_to_be_published: bool,
    /// Its acknowledgement, as stored, if it has one.
    pub acknowledgement: Option<String>,
    /// Its timeline.
    pub items: Items,
    /// When old items last came, in milliseconds. Only the sweep asks for it.
    pub late_at: i64,
    /// The source's clock for its record, in milliseconds. Only the sweep asks for it.
    pub updated_at: i64,
}

/// What is stored of a conversation between refreshes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredState {
    /// The candidate, as JSON. `None` means that it is none.
    pub candidate: Option<String>,
    /// When time alone changes it.
    pub due_at: Option<Timestamp>,
    /// Since when its items are stored without a record of it.
    pub unknown_since: Option<Timestamp>,
}

impl StoredState {
    /// Reads it from three columns of a row.
    pub fn from_row(row: &Row, first: usize) -> Result<Self, DatabaseError> {
        let instant = |column| Ok(row.optional_integer(column)?.map(Timestamp::from_milliseconds));
        Ok(Self {
            candidate: row.optional_text(first)?.map(str::to_owned),
            due_at: instant(first + 1)?,
            unknown_since: instant(first + 2)?,
        })
    }

    /// Whether nothing has to be stored.
    pub fn is_empty(&self) -> bool {
        self.candidate.is_none() && self.due_at.is_none() && self.unknown_since.is_none()
    }
}

impl StoredConversation {
    /// What a fold makes of it.
    pub fn into_member(self) -> Result<Member, String> {
        let id = self.conversation_id;
        let error = |what: &str| format!("conversation {id}: {what}");
        if let Some(damage) = self.items.damage {
            return Err(error(&damage));
        }
        let conversation = self.body.as_deref().map(serde_json::from_str).transpose();
        let conversation = conversation.map_err(|cause| error(&format!("its record: {cause}")))?;
        let acknowledgement = self
            .acknowledgement
            .as_deref()
            .map(Acknowledgement::from_body)
            .transpose();
        let acknowledgement = acknowledgement.map_err(|cause| error(&format!("its acknowledgement: {cause}")))?;
        Ok(Member {
            conversation,
            acknowledgement,
            items: self.items.items,
            id,
        })
    }
}

/// A conversation and all that were merged with it, with their items to be explained.
pub struct StoredMembers {
    /// All of them.
    pub members: Vec<Member>,
    /// Whether there is a record of the conversation, or a removal.
    pub is_known: bool,
    /// Whether there is anything of it: a record, a removal or an item.
    pub exists: bool,
}

/// Reads a conversation to explain it. Items are read as for a fold: if they are many, some at a time.
///
/// # Errors
/// [`DatabaseError`]; [`DatabaseError::Decode`] if something stored is damaged.
pub async fn read_members<D: Database>(
    database: &D,
    organization_id: &str,
    conversation_id: &str,
    now: Timestamp,
) -> Result<StoredMembers, DatabaseError> {
    let (clock, limits) = (|| now, Limits::default());
    // With a budget, as a refresh reads it: that way the code is compiled once.
    let budget = Budget::new(database, &clock, &limits);
    let keys = vec![key(organization_id, conversation_id)];
    let groups = read_merged(&budget, keys, limits.slice.items, usize::MAX, true).await?;
    let mut read = StoredMembers {
        members: Vec::new(),
        is_known: false,
        exists: false,
    };
    for stored in groups.into_iter().flat_map(|(_, group)| group) {
        if stored.conversation_id == conversation_id {
            read.is_known = stored.is_known;
            read.exists = stored.is_known || !stored.items.items.is_empty();
        }
        let member = stored.into_member();
        let damaged = |_| DatabaseError::Decode("a record of a conversation, or its acknowledgement, is damaged");
        read.members.push(member.map_err(damaged)?);
    }
    Ok(read)
}

/// Reads the conversations of `keys` and those that were merged with them, by organization. `is_explained` says whether
/// their items are to be explained.
///
/// # Errors
/// [`DatabaseError::TooMuch`] if their items are too many to be read together, and they are more than `alone_max`.
pub async fn read_merged<D: Database>(
    database: &D,
    keys: Vec<[JsonCell<'_>; 2]>,
    items_max: usize,
    alone_max: usize,
    is_explained: bool,
) -> Result<Vec<(String, Vec<StoredConversation>)>, DatabaseError> {
    let is_divisible = keys.len() > alone_max;
    let keys = one_parameter(keys)?;
    // More items than the pending ones among them may have.
    let most = 2 * items_max as i64;
    let outcomes = database
        .batch(vec![
            Statement::new(sql::MERGED_CONVERSATIONS, [keys.as_str().into()]),
            Statement::new(sql::MERGED_TIMELINES, [keys.as_str().into(), SqlValue::Integer(most)]),
        ])
        .await?;
    let [conversations, items] = rows_of(outcomes)?;
    let mut timelines: Vec<Items> = conversations.iter().map(|_| Items::new(is_explained)).collect();
    if (items.len() as i64) < most {
        let mut numbers = HashMap::new();
        for (number, row) in conversations.iter().enumerate() {
            numbers.insert((row.text(0)?, row.text(1)?), number);
        }
        for row in &items {
            let number = numbers.get(&(row.text(0)?, row.text(1)?));
            if let Some(timeline) = number.and_then(|number| timelines.get_mut(*number)) {
                timeline.add(row, 2)?;
            }
        }
    } else if is_divisible {
        return Err(DatabaseError::TooMuch);
    } else {
        drop(items);
        for (row, timeline) in conversations.iter().zip(&mut timelines) {
            *timeline = read_timeline(database, row.text(0)?, row.text(1)?, items_max, is_explained).await?;
        }
    }
    // The statement sorts the conversations by organization.
    let mut groups: Vec<(String, Vec<StoredConversation>)> = Vec::new();
    for (row, items) in conversations.iter().zip(timelines) {
        let organization_id = row.text(0)?;
        let mut conversation = StoredConversation {
            conversation_id: row.text(1)?.to_owned(),
            change_token: row.optional_text(2)?.map(str::to_owned),
            body: row.optional_text(3)?.map(str::to_owned),
            is_known: row.integer(4)? != 0,
            stored: StoredState::from_row(row, 5)?,
            is_to_be_published: row.integer(8)? != 0,
            acknowledgement: row.optional_text(12)?.map(str::to_owned),
            items,
            late_at: row.integer(10)?,
            updated_at: row.integer(11)?,
        };
        conversation.items.note_forgotten(row, 9)?;
        match groups.last_mut() {
            Some((last, group)) if last == organization_id => group.push(conversation),
            _ => groups.push((organization_id.to_owned(), vec![conversation])),
        }
    }
    Ok(groups)
}

fn parse_item(record_type: &str, id: &str, body: &str) -> Result<Item, String> {
    let item = match record_type {
        "message" => serde_json::from_str::<Message>(body).map(|message| Item::from(&message)),
        "autopilot" => serde_json::from_str::<AutopilotChange>(body).map(|change| Item::from(&change)),
        "resolution" => serde_json::from_str::<Resolution>(body).map(|resolution| Item::from(&resolution)),
        other => return Err(format!("a record of type {other} is in its timeline")),
    };
    item.map_err(|error| format!("record {id}: {error}"))
}
