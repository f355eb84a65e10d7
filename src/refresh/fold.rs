//! From marked timelines to states.

use crate::instant::Instant;
use crate::monitor::candidate::{Candidate, fold};
use crate::monitor::timeline::{Conversation, Item, Timeline, read_body};
use crate::ports::{Cell, Database, DatabaseError, Row, Statement, rows_of};
use crate::refresh::split::{chunks, split_on_failure};
use crate::refresh::{Claim, Failures, to_json};
use serde_json::json;
use std::collections::HashMap;

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
    claim: Claim,
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
            let culprits = split_on_failure(chunk, async |chunk| {
                let stored = fold_chunk(database, claim, chunk, failures).await?;
                folded = folded.saturating_add(stored);
                Ok(())
            })
            .await?;
            for (culprit, error) in culprits {
                let reason = format!("conversation {}: {error}", culprit.conversation_id);
                failures.entry(culprit.organization_id.clone()).or_insert(reason);
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
            [after.0.as_str().into(), after.1.as_str().into(), Cell::Integer(limit)],
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
    claim: Claim,
    chunk: &[Marked],
    failures: &mut Failures,
) -> Result<u64, DatabaseError> {
    let keys: Vec<(&str, &str)> = chunk
        .iter()
        .map(|marked| (marked.organization_id.as_str(), marked.conversation_id.as_str()))
        .collect();
    let keys = to_json(&keys)?;
    let outcomes = database
        .batch(vec![
            Statement::new(include_str!("sql/fold_conversations.sql"), [keys.as_str().into()]),
            Statement::new(include_str!("sql/fold_timelines.sql"), [keys.as_str().into()]),
        ])
        .await?;
    let [conversations, items] = rows_of(outcomes)?;
    let mut timelines = group_by_number(&items)?;

    let mut stored: Vec<serde_json::Value> = Vec::new();
    for row in &conversations {
        let number = row.integer(0)?;
        let Some(marked) = usize::try_from(number).ok().and_then(|number| chunk.get(number)) else {
            continue;
        };
        let items = timelines.remove(&number).unwrap_or_default();
        match fold_one(row, &items, claim.as_of) {
            Ok(state) => stored.push(json!([
                marked.organization_id,
                marked.conversation_id,
                row.text(1)?,
                state.candidate,
                state.due_at,
                i64::from(state.candidate_changed),
            ])),
            Err(reason) => {
                let reason = format!("conversation {}: {reason}", marked.conversation_id);
                failures.entry(marked.organization_id.clone()).or_insert(reason);
            }
        }
    }
    let folded = u64::try_from(stored.len()).unwrap_or(u64::MAX);
    if !stored.is_empty() {
        let states = serde_json::Value::Array(stored).to_string();
        let statement = |sql| Statement::new(sql, [states.as_str().into()]);
        database
            .batch(vec![
                claim.guard(),
                statement(include_str!("sql/fold_store.sql")),
                statement(include_str!("sql/fold_clear.sql")),
                statement(include_str!("sql/fold_settle.sql")),
                statement(include_str!("sql/fold_forward.sql")),
            ])
            .await?;
    }
    Ok(folded)
}

fn group_by_number(items: &[Row]) -> Result<HashMap<i64, Vec<&Row>>, DatabaseError> {
    let mut groups: HashMap<i64, Vec<&Row>> = HashMap::new();
    for row in items {
        groups.entry(row.integer(0)?).or_default().push(row);
    }
    Ok(groups)
}

struct State {
    candidate: Option<String>,
    due_at: Option<Instant>,
    candidate_changed: bool,
}

/// Folds one conversation: a row of `fold_conversations.sql`, and its rows of `fold_timelines.sql`.
fn fold_one(row: &Row, items: &[&Row], as_of: Instant) -> Result<State, String> {
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
