//! From marked timelines to states.

use crate::base::timestamp::Timestamp;
use crate::conversation::stall::{Candidate, fold};
use crate::conversation::timeline::{Conversation, Item, Timeline, read_body};
use crate::refresh::Failures;
use crate::refresh::bisect::{bisect_failures, chunks};
use crate::refresh::lease::Lease;
use crate::storage::database::{Database, DatabaseError, Row, SqlValue, Statement, rows_of};
use crate::storage::json_table::{Table, Value};

/// Conversations listed at a time, and folded in one batch at most.
const CONVERSATIONS_MAX: usize = 1_000;
/// Timeline items read in one batch at most, but for a single conversation that has more.
const ITEMS_MAX: usize = 5_000;

struct Marked {
    organization_id: String,
    conversation_id: String,
    items: usize,
}

/// Folds every conversation that is marked; returns how many. Organizations of conversations that cannot be folded
/// go to `failures`.
pub async fn fold_marked<D: Database>(
    database: &D,
    lease: Lease,
    failures: &mut Failures,
) -> Result<u64, DatabaseError> {
    let mut folded: u64 = 0;
    let mut after = (String::new(), String::new());
    loop {
        let marked = list(database, &after).await?;
        let Some(last) = marked.last() else {
            return Ok(folded);
        };
        after = (last.organization_id.clone(), last.conversation_id.clone());
        for chunk in chunks(&marked, CONVERSATIONS_MAX, ITEMS_MAX, |marked| marked.items) {
            let culprits = bisect_failures(chunk, async |chunk| {
                let stored = fold_chunk(database, lease, chunk, failures).await?;
                folded = folded.saturating_add(stored);
                Ok(())
            })
            .await?;
            for (culprit, error) in culprits {
                let reason = format!("conversation {}: {error}", culprit.conversation_id);
                failures.add(&culprit.organization_id, reason);
            }
        }
        if marked.len() < CONVERSATIONS_MAX {
            return Ok(folded);
        }
    }
}

async fn list<D: Database>(database: &D, after: &(String, String)) -> Result<Vec<Marked>, DatabaseError> {
    let limit = i64::try_from(CONVERSATIONS_MAX).unwrap_or(i64::MAX);
    let outcomes = database
        .batch(vec![Statement::new(
            include_str!("sql/fold_list.sql"),
            [
                after.0.as_str().into(),
                after.1.as_str().into(),
                SqlValue::Integer(limit),
            ],
        )])
        .await?;
    let [rows] = rows_of(outcomes)?;
    let marked = |row: &Row| {
        Ok(Marked {
            organization_id: row.text(0)?.to_owned(),
            conversation_id: row.text(1)?.to_owned(),
            items: usize::try_from(row.integer(2)?).unwrap_or(usize::MAX),
        })
    };
    rows.iter().map(marked).collect()
}

/// Reads, folds and stores some conversations: two round trips.
async fn fold_chunk<D: Database>(
    database: &D,
    lease: Lease,
    chunk: &[Marked],
    failures: &mut Failures,
) -> Result<u64, DatabaseError> {
    let mut keys = Table::default();
    for marked in chunk {
        keys.push(&[
            marked.organization_id.as_str().into(),
            marked.conversation_id.as_str().into(),
        ]);
    }
    // Their numbers count within one text: a chunk whose ids do not fit into one is split.
    let [keys] = <[String; 1]>::try_from(keys.into_texts())
        .map_err(|_| DatabaseError::Failed("the ids are too long for one statement".to_owned()))?;
    let outcomes = database
        .batch(vec![
            Statement::new(include_str!("sql/fold_conversations.sql"), [keys.as_str().into()]),
            Statement::new(include_str!("sql/fold_timelines.sql"), [keys.as_str().into()]),
        ])
        .await?;
    let [conversations, items] = rows_of(outcomes)?;
    let timelines = group_by_number(&items, chunk.len())?;

    let mut folded: u64 = 0;
    let mut stored = Table::default();
    for row in &conversations {
        let number = usize::try_from(row.integer(0)?).unwrap_or(usize::MAX);
        let (Some(marked), Some(items)) = (chunk.get(number), timelines.get(number)) else {
            continue;
        };
        match fold_one(row, items, lease.as_of) {
            Ok(state) => {
                folded = folded.saturating_add(1);
                stored.push(&[
                    marked.organization_id.as_str().into(),
                    marked.conversation_id.as_str().into(),
                    row.text(1)?.into(),
                    state.candidate.as_deref().into(),
                    state.due_at.map(Timestamp::as_milliseconds).into(),
                    Value::Integer(i64::from(state.candidate_changed)),
                ]);
            }
            Err(reason) => {
                let reason = format!("conversation {}: {reason}", marked.conversation_id);
                failures.add(&marked.organization_id, reason);
            }
        }
    }
    let mut statements = vec![lease.guard()];
    for states in stored.into_texts() {
        for sql in [
            include_str!("sql/fold_store.sql"),
            include_str!("sql/fold_clear.sql"),
            include_str!("sql/fold_settle.sql"),
            include_str!("sql/fold_forward.sql"),
        ] {
            statements.push(Statement::new(sql, [states.as_str().into()]));
        }
    }
    if statements.len() > 1 {
        database.batch(statements).await?;
    }
    Ok(folded)
}

/// Of each conversation of the chunk its items.
fn group_by_number(items: &[Row], conversations: usize) -> Result<Vec<Vec<&Row>>, DatabaseError> {
    let mut groups = vec![Vec::new(); conversations];
    for row in items {
        let number = usize::try_from(row.integer(0)?).unwrap_or(usize::MAX);
        if let Some(group) = groups.get_mut(number) {
            group.push(row);
        }
    }
    Ok(groups)
}

struct State {
    candidate: Option<String>,
    due_at: Option<Timestamp>,
    candidate_changed: bool,
}

/// Folds one conversation: a row of `fold_conversations.sql`, and its rows of `fold_timelines.sql`.
fn fold_one(row: &Row, items: &[&Row], as_of: Timestamp) -> Result<State, String> {
    let text = |error: DatabaseError| error.to_string();
    let conversation: Option<Conversation> = row
        .optional_text(2)
        .map_err(text)?
        .map(read_body)
        .transpose()
        .map_err(|problem| format!("its record: {}", problem.reason))?;
    let items = items
        .iter()
        .map(|item| read_item(item))
        .collect::<Result<Vec<_>, String>>()?;
    let folded = fold(conversation.as_ref(), &Timeline::new(items), as_of);
    let candidate = folded
        .candidate
        .as_ref()
        .map(|candidate: &Candidate| serde_json::to_string(candidate))
        .transpose()
        .map_err(|error| error.to_string())?;
    let before = row.optional_text(4).map_err(text)?;
    Ok(State {
        candidate_changed: candidate.as_deref() != before,
        candidate,
        due_at: folded.due_at,
    })
}

fn read_item(row: &Row) -> Result<(String, Item), String> {
    let text = |error: DatabaseError| error.to_string();
    let id = row.text(2).map_err(text)?;
    let body = row.text(3).map_err(text)?;
    let item = match row.text(1).map_err(text)? {
        "message" => read_body(body).map(Item::Message),
        "autopilot" => read_body(body).map(Item::Autopilot),
        other => return Err(format!("a record of type {other} is in its timeline")),
    };
    let item = item.map_err(|problem| format!("record {id}: {}", problem.reason))?;
    Ok((id.to_owned(), item))
}
