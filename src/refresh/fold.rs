//! From pending timelines to states.

use crate::base::timestamp::Timestamp;
use crate::conversation::body::Conversation;
use crate::conversation::state::fold;
use crate::conversation::timeline::{Item, Timeline};
use crate::refresh::bisect::{bisect_failures, chunks};
use crate::refresh::failures::Failures;
use crate::refresh::lease::Lease;
use crate::storage::database::{Database, DatabaseError, Row, SqlValue, Statement, rows_of};
use crate::storage::json_table::{PARAMETER_BYTES_MAX, json_chunks};

/// The most conversations that are listed at a time, and folded in one batch.
const CONVERSATIONS_MAX: usize = 1_000;
/// The most timeline items that are read in one batch, unless a single conversation has more.
const ITEMS_MAX: usize = 5_000;

/// A conversation whose timeline is to be folded.
struct PendingConversation {
    organization_id: String,
    conversation_id: String,
    /// How long its timeline is.
    items: usize,
}

/// Folds every pending conversation, and returns how many were folded. Organizations of conversations that cannot be
/// folded are added to `failures`.
pub async fn fold_pending<D: Database>(
    database: &D,
    lease: Lease,
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
                folded += fold_chunk(database, lease, chunk, failures).await?;
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

/// Reads, folds and stores some conversations in two round trips. Returns how many were folded.
async fn fold_chunk<D: Database>(
    database: &D,
    lease: Lease,
    chunk: &[PendingConversation],
    failures: &mut Failures,
) -> Result<u64, DatabaseError> {
    let keys = chunk
        .iter()
        .map(|conversation| (&conversation.organization_id, &conversation.conversation_id));
    // Rows name their conversation by its number within one parameter. If the ids do not fit into one, this fails, and
    // the chunk is split.
    let [keys] = <[String; 1]>::try_from(json_chunks(keys, PARAMETER_BYTES_MAX)?)
        .map_err(|_| DatabaseError::Failed("the ids are too long for one statement".to_owned()))?;
    let outcomes = database
        .batch(vec![
            Statement::new(include_str!("sql/read_conversations.sql"), [keys.as_str().into()]),
            Statement::new(include_str!("sql/read_timelines.sql"), [keys.as_str().into()]),
        ])
        .await?;
    let [conversations, items] = rows_of(outcomes)?;
    let timelines = group_by_conversation(&items, chunk.len())?;

    let mut states = Vec::with_capacity(conversations.len());
    for row in &conversations {
        let number = row.integer(0)? as usize;
        let (Some(conversation), Some(items)) = (chunk.get(number), timelines.get(number)) else {
            continue;
        };
        let (organization_id, conversation_id) = (&conversation.organization_id, &conversation.conversation_id);
        match fold_conversation(row, items, lease.as_of) {
            Ok(state) => states.push((
                organization_id,
                conversation_id,
                row.text(1)?,
                state.candidate,
                state.due_at,
                state.has_changed,
            )),
            Err(reason) => failures.add(organization_id, format!("conversation {conversation_id}: {reason}")),
        }
    }
    let mut statements = Vec::new();
    for states in json_chunks(&states, PARAMETER_BYTES_MAX)? {
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
    Ok(states.len() as u64)
}

/// Rows of `read_timelines.sql` by the number of their conversation in the chunk.
fn group_by_conversation(items: &[Row], conversations: usize) -> Result<Vec<Vec<&Row>>, DatabaseError> {
    let mut groups = vec![Vec::new(); conversations];
    for row in items {
        if let Some(group) = groups.get_mut(row.integer(0)? as usize) {
            group.push(row);
        }
    }
    Ok(groups)
}

/// A conversation's new state as it is stored.
struct StoredState {
    candidate: Option<String>,
    due_at: Option<Timestamp>,
    /// Whether the candidate differs from the one that was stored before.
    has_changed: bool,
}

/// Folds one conversation: a row of `read_conversations.sql`, and its rows of `read_timelines.sql`.
///
/// # Errors
/// A text for the log if something stored is damaged.
fn fold_conversation(row: &Row, items: &[&Row], as_of: Timestamp) -> Result<StoredState, String> {
    let text = |error: DatabaseError| error.to_string();
    let conversation: Option<Conversation> = row
        .optional_text(2)
        .map_err(text)?
        .map(serde_json::from_str)
        .transpose()
        .map_err(|error| format!("its record: {error}"))?;
    let items: Vec<(String, Item)> = items.iter().map(|row| parse_item(row)).collect::<Result<_, String>>()?;
    let state = fold(conversation.as_ref(), &Timeline::new(items), as_of);
    let candidate = state
        .candidate
        .map(|candidate| serde_json::to_string(&candidate))
        .transpose()
        .map_err(|error| error.to_string())?;
    let stored_candidate = row.optional_text(3).map_err(text)?;
    Ok(StoredState {
        has_changed: candidate.as_deref() != stored_candidate,
        candidate,
        due_at: state.due_at,
    })
}

/// Parses a timeline item with its id from a row of `read_timelines.sql`.
fn parse_item(row: &Row) -> Result<(String, Item), String> {
    let text = |error: DatabaseError| error.to_string();
    let id = row.text(2).map_err(text)?;
    let body = row.text(3).map_err(text)?;
    let item = match row.text(1).map_err(text)? {
        "message" => serde_json::from_str(body).map(Item::Message),
        "autopilot" => serde_json::from_str(body).map(Item::Autopilot),
        other => return Err(format!("a record of type {other} is in its timeline")),
    };
    let item = item.map_err(|error| format!("record {id}: {error}"))?;
    Ok((id.to_owned(), item))
}
