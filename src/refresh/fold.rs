//! From pending timelines to states.

use crate::base::timestamp::{MINUTE_MS, Timestamp};
use crate::conversation::merge::Member;
use crate::conversation::state::{State, fold};
use crate::conversation::timeline::Item;
use crate::refresh::bisect::{bisect_failures, chunks};
use crate::refresh::failures::Failures;
use crate::refresh::lease::Lease;
use crate::storage::database::{Database, DatabaseError, Row, SqlValue, Statement, rows_of};
use crate::storage::json_table::{PARAMETER_BYTES_MAX, json_chunks, to_json};
use std::collections::BTreeMap;

/// The most conversations that are listed at a time, and folded in one batch.
const CONVERSATIONS_MAX: usize = 1_000;
/// The most timeline items that are read in one batch, unless a single conversation has more.
const ITEMS_MAX: usize = 5_000;
/// A conversation that time alone changes within so long is left pending for the next run, if nothing else has changed: that
/// costs no write.
const NEXT_RUN_MS: i64 = MINUTE_MS;

/// A conversation whose timeline is to be folded.
struct PendingConversation {
    organization_id: String,
    conversation_id: String,
    /// How long its timeline is.
    items: usize,
}

/// Folds every pending conversation, with all that were merged with it, and returns how many were pending. The others are
/// stored under the run's `change_token`. Organizations of conversations that cannot be
/// folded are added to `failures`.
pub async fn fold_pending<D: Database>(
    database: &D,
    lease: Lease,
    change_token: &str,
    failures: &mut Failures,
) -> Result<u64, DatabaseError> {
    let mut folded = 0;
    let mut after = (String::new(), String::new());
    loop {
        let pending = list_pending(database, &after).await?;
        let Some(last) = pending.last() else {
            return Ok(folded);
        };
        after = (last.organization_id.clone(), last.conversation_id.clone());
        for chunk in chunks(&pending, CONVERSATIONS_MAX, ITEMS_MAX, |conversation| {
            conversation.items
        }) {
            let culprits = bisect_failures(chunk, async |chunk| {
                folded += fold_chunk(database, lease, change_token, chunk, failures).await?;
                Ok(())
            })
            .await?;
            for (culprit, error) in culprits {
                let reason = format!("conversation {}: {error}", culprit.conversation_id);
                failures.add(&culprit.organization_id, reason);
            }
        }
        if pending.len() < CONVERSATIONS_MAX {
            return Ok(folded);
        }
    }
}

/// The next pending conversations after (organization, conversation), in that order.
async fn list_pending<D: Database>(
    database: &D,
    after: &(String, String),
) -> Result<Vec<PendingConversation>, DatabaseError> {
    let (organization_id, conversation_id) = after;
    let outcomes = database
        .batch(vec![Statement::new(
            include_str!("sql/list_pending_conversations.sql"),
            [
                organization_id.as_str().into(),
                conversation_id.as_str().into(),
                SqlValue::Integer(CONVERSATIONS_MAX as i64),
            ],
        )])
        .await?;
    let [rows] = rows_of(outcomes)?;
    let conversation = |row: &Row| {
        Ok(PendingConversation {
            organization_id: row.text(0)?.to_owned(),
            conversation_id: row.text(1)?.to_owned(),
            items: row.integer(2)? as usize,
        })
    };
    rows.iter().map(conversation).collect()
}

/// Reads, folds and stores some conversations in two round trips, or three if any of them was merged with others. Returns how
/// many were pending.
async fn fold_chunk<D: Database>(
    database: &D,
    lease: Lease,
    change_token: &str,
    chunk: &[PendingConversation],
    failures: &mut Failures,
) -> Result<u64, DatabaseError> {
    let keys = chunk
        .iter()
        .map(|conversation| (&conversation.organization_id, &conversation.conversation_id));
    let keys = one_parameter(keys)?;
    let outcomes = database
        .batch(vec![
            Statement::new(include_str!("sql/read_conversations.sql"), [keys.as_str().into()]),
            Statement::new(include_str!("sql/read_timelines.sql"), [keys.as_str().into()]),
        ])
        .await?;
    let [conversations, items] = rows_of(outcomes)?;
    let mut timelines = group_by_conversation(&items, chunk.len())?;
    let folded = conversations.len() as u64;

    // Conversations that were merged are folded together, the others one by one.
    let mut groups = Vec::new();
    let mut merged = Vec::new();
    for row in &conversations {
        let number = row.integer(0)? as usize;
        let (Some(conversation), Some(items)) = (chunk.get(number), timelines.get_mut(number)) else {
            continue;
        };
        let PendingConversation {
            organization_id,
            conversation_id,
            ..
        } = conversation;
        if row.integer(4)? != 0 {
            merged.push((organization_id, conversation_id));
            continue;
        }
        let conversation = StoredConversation {
            conversation_id: conversation_id.clone(),
            change_token: Some(row.text(1)?.to_owned()),
            body: row.optional_text(2)?.map(str::to_owned),
            is_known: row.integer(3)? != 0,
            stored: StoredState::from_row(row, 5)?,
            items: std::mem::take(items),
        };
        groups.push((organization_id.clone(), vec![conversation]));
    }
    if !merged.is_empty() {
        groups.extend(read_merged(database, merged).await?);
    }

    let mut changes = Vec::new();
    for (organization_id, group) in groups {
        match fold_group(group, lease.as_of, change_token) {
            Ok(states) => changes.extend(states.into_iter().map(|state| (organization_id.clone(), state))),
            Err(reason) => failures.add(&organization_id, reason),
        }
    }
    let changes = changes
        .iter()
        .map(|(organization_id, change)| change.columns(organization_id));
    let mut statements = Vec::new();
    for states in json_chunks(changes, PARAMETER_BYTES_MAX)? {
        let with_token = [SqlValue::from(states.as_str()), SqlValue::from(change_token)];
        statements.push(Statement::new(include_str!("sql/add_merged_pending.sql"), with_token));
        for sql in [
            include_str!("sql/store_states.sql"),
            include_str!("sql/remove_states.sql"),
            include_str!("sql/settle_unchanged.sql"),
            include_str!("sql/forward_folded.sql"),
        ] {
            statements.push(Statement::new(sql, [states.as_str().into()]));
        }
    }
    if !statements.is_empty() {
        statements.insert(0, lease.guard());
        database.batch(statements).await?;
    }
    Ok(folded)
}

/// Rows as JSON in one parameter. If they do not fit, this fails, and whoever divides the work takes fewer at a time.
fn one_parameter<T: serde::Serialize>(rows: impl IntoIterator<Item = T>) -> Result<String, DatabaseError> {
    let [rows] = <[String; 1]>::try_from(json_chunks(rows, PARAMETER_BYTES_MAX)?)
        .map_err(|_| DatabaseError::Failed("the ids are too long for one statement".to_owned()))?;
    Ok(rows)
}

/// A timeline item as it is stored: type, id and body.
type StoredItem = (String, String, String);

/// A conversation as it is stored.
struct StoredConversation {
    conversation_id: String,
    /// `None` means that it is not pending.
    change_token: Option<String>,
    /// Its record. `None` means that there is none, or a removal.
    body: Option<String>,
    /// Whether there is a record of it, or a removal.
    is_known: bool,
    stored: StoredState,
    items: Vec<StoredItem>,
}

/// What is stored of a conversation between refreshes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct StoredState {
    candidate: Option<String>,
    due_at: Option<Timestamp>,
    /// Since when its items are stored without a record of it.
    unknown_since: Option<Timestamp>,
}

impl StoredState {
    /// Reads it from three columns of a row.
    fn from_row(row: &Row, first: usize) -> Result<Self, DatabaseError> {
        let instant = |column| Ok(row.optional_integer(column)?.map(Timestamp::from_milliseconds));
        Ok(Self {
            candidate: row.optional_text(first)?.map(str::to_owned),
            due_at: instant(first + 1)?,
            unknown_since: instant(first + 2)?,
        })
    }
}

/// Rows of `read_timelines.sql` by the number of their conversation in the chunk.
fn group_by_conversation(items: &[Row], conversations: usize) -> Result<Vec<Vec<StoredItem>>, DatabaseError> {
    let mut groups = vec![Vec::new(); conversations];
    for row in items {
        if let Some(group) = groups.get_mut(row.integer(0)? as usize) {
            group.push(stored_item(row, 1)?);
        }
    }
    Ok(groups)
}

/// Reads an item from three columns of a row.
fn stored_item(row: &Row, first: usize) -> Result<StoredItem, DatabaseError> {
    let text = |column| Ok(row.text(column)?.to_owned());
    Ok((text(first)?, text(first + 1)?, text(first + 2)?))
}

/// Reads the conversations that were merged with those of `keys`, and these, by organization.
async fn read_merged<D: Database>(
    database: &D,
    keys: Vec<(&String, &String)>,
) -> Result<BTreeMap<String, Vec<StoredConversation>>, DatabaseError> {
    let keys = one_parameter(keys)?;
    let statement = |sql| Statement::new(sql, [keys.as_str().into()]);
    let outcomes = database
        .batch(vec![
            statement(concat!(
                include_str!("sql/merged.sql"),
                include_str!("sql/merged_conversations.sql")
            )),
            statement(concat!(
                include_str!("sql/merged.sql"),
                include_str!("sql/merged_timelines.sql")
            )),
        ])
        .await?;
    let [conversations, items] = rows_of(outcomes)?;
    let mut timelines: BTreeMap<(&str, &str), Vec<StoredItem>> = BTreeMap::new();
    for row in &items {
        let timeline = timelines.entry((row.text(0)?, row.text(1)?)).or_default();
        timeline.push(stored_item(row, 2)?);
    }
    let mut groups: BTreeMap<String, Vec<StoredConversation>> = BTreeMap::new();
    for row in &conversations {
        let key = (row.text(0)?, row.text(1)?);
        let conversation = StoredConversation {
            conversation_id: key.1.to_owned(),
            change_token: row.optional_text(2)?.map(str::to_owned),
            body: row.optional_text(3)?.map(str::to_owned),
            is_known: row.integer(4)? != 0,
            stored: StoredState::from_row(row, 5)?,
            items: timelines.remove(&key).unwrap_or_default(),
        };
        groups.entry(key.0.to_owned()).or_default().push(conversation);
    }
    Ok(groups)
}

/// The state of a conversation that is to be stored.
struct StateChange {
    conversation_id: String,
    change_token: String,
    state: StoredState,
    /// Whether the candidate differs from the one that was stored before.
    has_candidate_changed: bool,
}

/// The columns that `store_states.sql` describes.
type StateColumns<'a> = (
    &'a str,
    &'a str,
    &'a str,
    Option<&'a str>,
    Option<Timestamp>,
    bool,
    Option<Timestamp>,
);

impl StateChange {
    fn columns<'a>(&'a self, organization_id: &'a str) -> StateColumns<'a> {
        (
            organization_id,
            &self.conversation_id,
            &self.change_token,
            self.state.candidate.as_deref(),
            self.state.due_at,
            self.has_candidate_changed,
            self.state.unknown_since,
        )
    }
}

/// Folds conversations of one organization that may have been merged with each other. A conversation that is not pending is
/// only stored if its state has changed, under `change_token`.
///
/// # Errors
/// A text for the log if something stored is damaged.
fn fold_group(
    group: Vec<StoredConversation>,
    as_of: Timestamp,
    change_token: &str,
) -> Result<Vec<StateChange>, String> {
    let mut members = Vec::with_capacity(group.len());
    let mut before = Vec::with_capacity(group.len());
    for conversation in group {
        let error = |reason: String| format!("conversation {}: {reason}", conversation.conversation_id);
        let body = conversation.body.as_deref().map(serde_json::from_str);
        let record = body
            .transpose()
            .map_err(|cause| error(format!("its record: {cause}")))?;
        let items: Result<Vec<(String, Item)>, String> = conversation.items.iter().map(parse_item).collect();
        let items = items.map_err(error)?;
        let is_unknown = !conversation.is_known && !items.is_empty();
        before.push((conversation.change_token, is_unknown, conversation.stored));
        members.push(Member {
            id: conversation.conversation_id,
            conversation: record,
            items,
        });
    }
    let mut changes = Vec::new();
    for ((conversation_id, state), (token, is_unknown, stored)) in fold(members, as_of).into_iter().zip(before) {
        let State { candidate, due_at } = state;
        let candidate = candidate.map(|candidate| to_json(&candidate)).transpose();
        let state = StoredState {
            candidate: candidate.map_err(|error| error.to_string())?,
            due_at,
            unknown_since: is_unknown.then(|| stored.unknown_since.unwrap_or(as_of)),
        };
        let has_candidate_changed = state.candidate != stored.candidate;
        let is_news = has_candidate_changed || state.unknown_since != stored.unknown_since;
        let is_due_soon = due_at.is_some_and(|due_at| due_at <= as_of.plus(NEXT_RUN_MS));
        let change_token = match token {
            Some(_) if is_due_soon && !is_news => continue,
            None if state == stored => continue,
            Some(token) => token,
            None => change_token.to_owned(),
        };
        changes.push(StateChange {
            conversation_id,
            change_token,
            state,
            has_candidate_changed,
        });
    }
    Ok(changes)
}

fn parse_item((record_type, id, body): &StoredItem) -> Result<(String, Item), String> {
    let item = match record_type.as_str() {
        "message" => serde_json::from_str(body).map(Item::Message),
        "autopilot" => serde_json::from_str(body).map(Item::Autopilot),
        "resolution" => serde_json::from_str(body).map(Item::Resolution),
        other => return Err(format!("a record of type {other} is in its timeline")),
    };
    let item = item.map_err(|error| format!("record {id}: {error}"))?;
    Ok((id.clone(), item))
}
