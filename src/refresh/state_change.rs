//! What a fold changes of the states of conversations, and how that is stored.

use crate::base::timestamp::{MINUTE_MS, Timestamp};
use crate::conversation::state::{State, fold};
use crate::refresh::lease::Lease;
use crate::refresh::sql;
use crate::refresh::stored::{StoredConversation, StoredState, key};
use crate::storage::database::{DatabaseError, SqlValue, Statement};
use crate::storage::json_table::{JsonCell, PARAMETER_BYTES_MAX, json_chunks, to_json};

/// If time alone changes a conversation within this time, and nothing else has changed, it is left pending for the next
/// run: that costs no write.
const NEXT_RUN_MS: i64 = MINUTE_MS;

/// The state of a conversation that is to be stored.
pub struct StateChange {
    conversation_id: String,
    change_token: String,
    state: StoredState,
    /// Whether the candidate differs from the one that was stored before.
    has_candidate_changed: bool,
    /// Whether an earlier change of it waits to be published.
    is_to_be_published: bool,
    /// Whether nothing was stored before.
    was_empty: bool,
}

impl StateChange {
    /// The columns that [`sql::STORE_STATES`] takes.
    fn columns<'a>(&'a self, organization_id: &'a str) -> [JsonCell<'a>; 6] {
        [
            organization_id.into(),
            JsonCell::from(&self.conversation_id),
            JsonCell::from(&self.change_token),
            self.state.candidate.as_deref().into(),
            self.state.due_at.into(),
            self.state.unknown_since.into(),
        ]
    }

    /// The columns that [`sql::REMOVE_STATES`] takes.
    fn key<'a>(&'a self, organization_id: &'a str) -> [JsonCell<'a>; 5] {
        [
            organization_id.into(),
            JsonCell::from(&self.conversation_id),
            JsonCell::from(&self.change_token),
            self.has_candidate_changed.into(),
            self.state.is_empty().into(),
        ]
    }
}

/// Folds conversations of one organization that may have been merged with each other. A conversation that is not
/// pending is only stored if its state has changed, under `change_token`.
///
/// # Errors
/// A text for the log if something stored is damaged.
pub fn fold_group(
    group: Vec<StoredConversation>,
    as_of: Timestamp,
    change_token: &str,
) -> Result<Vec<StateChange>, String> {
    let mut members = Vec::with_capacity(group.len());
    let mut before = Vec::with_capacity(group.len());
    for mut conversation in group {
        let is_unknown = !conversation.is_known && !conversation.items.items.is_empty();
        before.push((
            conversation.change_token.take(),
            is_unknown,
            conversation.is_to_be_published,
            std::mem::take(&mut conversation.stored),
        ));
        members.push(conversation.into_member()?);
    }
    let mut changes = Vec::new();
    for ((conversation_id, state), before) in fold(members, as_of).into_iter().zip(before) {
        let (token, is_unknown, is_to_be_published, stored) = before;
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
            was_empty: stored.is_empty(),
            state,
            has_candidate_changed,
            is_to_be_published,
        });
    }
    Ok(changes)
}

/// The statements that store states. Statements that would find nothing to do are left out.
pub fn store_statements(changes: &[(String, StateChange)], lease: &Lease<'_>) -> Result<Vec<Statement>, DatabaseError> {
    let mut statements = Vec::new();
    let is_of_run = |(_, change): &&(String, StateChange)| change.change_token == lease.change_token;
    let keys = changes.iter().filter(is_of_run);
    for keys in json_chunks(
        keys.map(|(id, change)| key(id, &change.conversation_id)),
        PARAMETER_BYTES_MAX,
    )? {
        let parameters = [SqlValue::Text(keys), lease.change_token.into()];
        statements.push(Statement::new(sql::ADD_MERGED_PENDING, parameters));
    }
    let stored = changes.iter().filter(|(_, change)| !change.state.is_empty());
    for states in json_chunks(stored.map(|(id, change)| change.columns(id)), PARAMETER_BYTES_MAX)? {
        statements.push(Statement::new(sql::STORE_STATES, [states.into()]));
    }
    let keys = |wanted: &dyn Fn(&StateChange) -> bool| {
        let wanted = changes.iter().filter(|(_, change)| wanted(change));
        json_chunks(wanted.map(|(id, change)| change.key(id)), PARAMETER_BYTES_MAX)
    };
    for keys in keys(&|change| change.state.is_empty() && !change.was_empty)? {
        statements.push(Statement::new(sql::REMOVE_STATES, [keys.into()]));
    }
    for keys in keys(&|change| !change.has_candidate_changed)? {
        let parameters = [SqlValue::Text(keys), lease.change_token()];
        statements.push(Statement::new(sql::SETTLE_UNCHANGED, parameters));
    }
    for keys in keys(&|change| change.has_candidate_changed || change.is_to_be_published)? {
        let parameters = [SqlValue::Text(keys), lease.change_token()];
        statements.push(Statement::new(sql::FORWARD_FOLDED, parameters));
    }
    Ok(statements)
}
