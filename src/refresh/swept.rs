//! What a sweep did.

use crate::base::timestamp::Timestamp;

/// What a sweep did, and what it saw when it began.
#[derive(Debug, Clone, Copy, Default)]
pub struct Swept {
    /// Conversations that lost items, or everything.
    pub conversations: u64,
    /// Records that it removed.
    pub records: u64,
    /// Erased contacts and conversations whose remains it removed.
    pub erasures: u64,
    /// Organizations that it removed completely.
    pub purges: u64,
    /// Conversations that it could not decide on.
    pub failed: u64,
    /// Conversations whose items are stored without a record of the conversation.
    pub unknown: i64,
    /// Organizations with more candidates than their versions list.
    pub truncated: i64,
    /// The instant of the last finished run.
    pub last_as_of: Option<Timestamp>,
    /// When the last completed pass began.
    pub finished_at: Option<Timestamp>,
}
