//! Reads a conversation, with everything that the evidence shows of it.

use crate::auth::access::{ReadAccess, View};
use crate::base::timestamp::Timestamp;
use crate::conversation::body::{Contact, Conversation, User};
use crate::conversation::evidence::{Explanation, explain};
use crate::evidence::sql;
use crate::evidence::{EvidenceError, damaged};
use crate::http::query::{QueryError, parse};
use crate::refresh::{StoredMembers, contact_of, read_members, users_of};
use crate::report::error::ReportError;
use crate::report::head::{head_of, head_statement};
use crate::snapshot::settings::Settings;
use crate::storage::database::{Database, Row, SqlValue, Statement};
use std::collections::HashMap;
use std::rc::Rc;

/// A conversation that a caller may see, as of the newest report.
#[derive(Debug)]
pub struct ReadConversation {
    /// Its id.
    pub conversation_id: String,
    /// The instant of the newest report. If there is none yet, it is when the conversation was read.
    pub as_of: Timestamp,
    /// The settings of its organization.
    pub settings: Rc<Settings>,
    /// Why it is listed, or why not.
    pub explanation: Explanation,
    /// Its contact, if that is known.
    pub contact: Option<Contact>,
    /// Its owner and its assignees, as far as they are known, by id.
    pub users: HashMap<String, User>,
    /// The clock of the version that is stored of its acknowledgement, be it a removal. `None` means that there is
    /// none.
    pub acknowledgement_updated_at: Option<Timestamp>,
    /// The name of the caller, if it was asked for and is known.
    pub caller_name: Option<String>,
}

/// Reads the query string of a request about a conversation: `organizationId`.
///
/// # Errors
/// A [`QueryError`].
pub fn parse_organization_id(query: &str) -> Result<Option<String>, QueryError> {
    parse(query, |parameters| parameters.id("organizationId"))
}

/// Reads a conversation that the caller may see at `now`, and the name of the user `caller`.
///
/// # Errors
/// [`EvidenceError::ConversationNotFound`], [`EvidenceError::Report`].
pub async fn read_conversation<D: Database>(
    database: &D,
    access: &ReadAccess,
    conversation_id: &str,
    caller: Option<&str>,
    now: Timestamp,
) -> Result<ReadConversation, EvidenceError> {
    let organization_id = access.organization.as_str();
    let surroundings = Statement::new(
        sql::SURROUNDINGS,
        [
            organization_id.into(),
            conversation_id.into(),
            caller.map_or(SqlValue::Null, SqlValue::from),
        ],
    );
    let statements = vec![head_statement(&access.organization), surroundings];
    let outcomes = database.batch(statements).await?;
    let head = head_of(outcomes.first())?.ok_or(ReportError::OrganizationNotFound)?;
    let stored = read_members(database, organization_id, conversation_id, now).await?;
    let surroundings = outcomes.last().and_then(|outcome| outcome.rows.first());
    let surroundings = surroundings.ok_or(ReportError::OrganizationNotFound)?;
    let as_of = if head.version == 0 { now } else { head.as_of };
    let StoredMembers {
        members,
        is_known,
        exists,
    } = stored;
    let explanation = explain(members, conversation_id, as_of);
    let is_seen = |explanation: &Explanation| exists && may_see(&access.view, explanation.conversation.as_ref());
    let mut explanation = explanation.filter(is_seen).ok_or(EvidenceError::ConversationNotFound)?;
    let contact = match &explanation.conversation {
        Some(conversation) => contact(conversation, surroundings)?,
        None => None,
    };
    if explanation.conversation.is_none() {
        explanation.gates.push(if is_known { "removed" } else { "not_known" });
    } else if contact.as_ref().is_some_and(|contact| contact.blocked) {
        explanation.gates.push("blocked");
        // A blocked contact does not wait for anybody.
        explanation.state.candidate = None;
    }
    Ok(ReadConversation {
        conversation_id: conversation_id.to_owned(),
        as_of,
        settings: head.settings,
        explanation,
        contact,
        users: users(surroundings)?,
        acknowledgement_updated_at: surroundings.optional_integer(3)?.map(Timestamp::from_milliseconds),
        caller_name: surroundings.optional_text(4)?.map(str::to_owned),
    })
}

/// Whether a caller sees the rows of the department that a conversation is in. One whose record is not known is in
/// none.
fn may_see(view: &View, conversation: Option<&Conversation>) -> bool {
    match view {
        View::All => true,
        View::Departments { departments, .. } => {
            let department_id = conversation.and_then(|conversation| conversation.department_id.as_ref());
            department_id.is_some_and(|department_id| departments.contains(department_id))
        }
    }
}

/// The contact of a conversation. The record that the row was read with may have had another one: then it is not known.
fn contact(conversation: &Conversation, row: &Row) -> Result<Option<Contact>, EvidenceError> {
    if row.optional_text(5)? != Some(&*conversation.contact_id) {
        return Ok(None);
    }
    contact_of(&conversation.contact_id, row.optional_text(0)?, row.optional_text(1)?).map_err(damaged)
}

fn users(row: &Row) -> Result<HashMap<String, User>, EvidenceError> {
    let bodies: Vec<(String, Option<String>)> = serde_json::from_str(row.text(2)?).map_err(damaged)?;
    let bodies = bodies.into_iter().map(|(id, body)| (id, body.unwrap_or_default()));
    users_of(bodies.collect()).map_err(damaged)
}
