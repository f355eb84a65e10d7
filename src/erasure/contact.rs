//! Erasing a contact, with the contacts that were merged into it and all their conversations.

use crate::auth::access::OrganizationId;
use crate::base::timestamp::Timestamp;
use crate::erasure::portions::removal_statements;
use crate::erasure::sql;
use crate::storage::database::{Database, DatabaseError, SqlValue, Statement};
use serde::Serialize;

/// How many conversations of the organization are looked through at a time.
const PORTION: i64 = 10_000;
/// The most portions of one request: together more conversations than a database can store.
const PORTIONS_MAX: usize = 400;

/// What was erased with a contact, by this request and those before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErasedContact {
    /// The contact, and those that were merged into it.
    pub contacts: i64,
    /// Their conversations.
    pub conversations: i64,
}

/// Erases a contact of an organization as of `now`, the clock of the service. `change_token` must be new with each
/// call. `None` means that the organization does not exist, or was removed.
///
/// Nothing says which conversations a contact has, so all conversations of the organization are looked through.
///
/// # Errors
/// [`DatabaseError`]. Then the caller may ask for the same again.
pub async fn erase_contact<D: Database>(
    database: &D,
    organization: &OrganizationId,
    contact_id: &str,
    change_token: &str,
    now: Timestamp,
) -> Result<Option<ErasedContact>, DatabaseError> {
    let id = || SqlValue::from(organization.as_str());
    let common = || [id(), contact_id.into(), SqlValue::Integer(now.as_milliseconds())];
    let contacts = Statement::new(sql::ERASE_CONTACTS, common());
    let count = || Statement::new(sql::COUNT_ERASED, [id(), contact_id.into()]);
    let mut first = vec![contacts];
    let mut after = String::new();
    for _ in 0..PORTIONS_MAX {
        let portion = [SqlValue::from(after.as_str()), SqlValue::Integer(PORTION)];
        let conversations = sql::ERASE_CONVERSATIONS;
        let last = [id(), after.as_str().into(), SqlValue::Integer(PORTION - 1)];
        let mut batch = std::mem::take(&mut first);
        batch.push(Statement::new(conversations, [common().as_slice(), &portion].concat()));
        batch.extend(removal_statements(Some(organization.as_str()), change_token));
        batch.push(Statement::new(sql::LAST_CONVERSATION, last));
        batch.push(count());
        let outcomes = database.batch(batch).await?;
        let mut rows = outcomes.iter().rev().map(|outcome| outcome.rows.first());
        let (Some(counted), Some(last)) = (rows.next(), rows.next()) else {
            break;
        };
        let Some(counted) = counted else {
            return Ok(None);
        };
        let Some(last) = last else {
            return Ok(Some(ErasedContact {
                contacts: counted.integer(0)?,
                conversations: counted.integer(1)?,
            }));
        };
        after = last.text(0)?.to_owned();
    }
    Err(DatabaseError::TooMuch)
}
