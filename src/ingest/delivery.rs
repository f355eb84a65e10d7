//! Taking in a webhook whose signature has been verified.

use crate::auth::access::connection_access;
use crate::auth::connection::VerifiedConnection;
use crate::connector::delivery::{Delivery, map};
use crate::connector::outcome::{Note, WebhookOutcome};
use crate::ingest::store::store_records;
use crate::storage::database::{Database, DatabaseError};
use serde::Serialize;

/// What became of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeliveryReceipt {
    /// What became of it.
    pub outcome: WebhookOutcome,
    /// Which webhook it is, if the help desk is known to send it.
    pub webhook: Option<&'static str>,
    /// How many events it became.
    pub accepted: u64,
    /// How many records have another stored version now.
    pub applied: u64,
    /// How many events changed nothing.
    pub ignored: u64,
    /// What was ignored, and why.
    pub notes: Vec<Note>,
}

/// Stores what a webhook says, and makes pending what that affects, under `change_token`, which must be new with each
/// call.
///
/// A webhook that says nothing, or nothing that can be read, is no error: the help desk would send it again, or send no
/// more. The receipt says so.
///
/// # Errors
/// [`DatabaseError`]. Then the help desk may send it again.
pub async fn take_in<D: Database>(
    database: &D,
    verified: VerifiedConnection<'_>,
    delivery: &Delivery<'_>,
    change_token: &str,
) -> Result<DeliveryReceipt, DatabaseError> {
    let mut mapping = map(verified.connection(), delivery);
    let records = mapping.read_records();
    let records = connection_access(verified, records);
    let receipt = store_records(database, records, change_token, delivery.received_at).await?;
    Ok(DeliveryReceipt {
        outcome: mapping.outcome,
        webhook: mapping.webhook,
        accepted: receipt.accepted,
        applied: receipt.applied,
        ignored: receipt.ignored,
        notes: mapping.notes,
    })
}
