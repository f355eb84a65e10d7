//! The evidence: why a conversation is listed, or why not; and acknowledgements, by which a supervisor takes it off the
//! lists for now.
//!
//! The conversation is folded as a refresh would fold it, from the records as they are, so what is said here is what
//! the next refresh publishes.

// Numbers here come from outside: none may overflow, not even to a wrong result.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod acknowledge;
mod explain;
mod read;
mod sql;

pub use acknowledge::{AcknowledgementRequest, AcknowledgementResponse, BODY_BYTES_MAX, UNTIL_MAX_MS};
pub use read::{ReadConversation, parse_organization_id, read_conversation};

use crate::report::error::ReportError;
use crate::storage::database::DatabaseError;

/// Why there is no evidence, or nothing is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// Nothing is stored of the conversation, or it is in a department whose rows the caller may not see.
    #[error("the conversation does not exist")]
    ConversationNotFound,
    /// The conversation is no candidate, so there is nothing to acknowledge.
    #[error("nobody waits in the conversation")]
    NotWaiting,
    /// The customer's last message is not the one that the caller names.
    #[error("the customer's last message is another one")]
    AnotherLastMessage,
    /// The body is not what it must be. The text is for the client.
    #[error("{0}")]
    Invalid(String),
    /// The organization does not exist, the database is out of reach, or something stored is damaged.
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl From<DatabaseError> for EvidenceError {
    fn from(error: DatabaseError) -> Self {
        Self::Report(error.into())
    }
}

fn damaged(cause: impl ToString) -> EvidenceError {
    EvidenceError::Report(ReportError::Corrupt(cause.to_string()))
}
