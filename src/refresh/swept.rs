//! What a sweep did.

use crate::base::timestamp::Timestamp;

/// What a sweep did, and what it saw when it began.
#[derive(Debug, Clone, Copy, Default)]
pub struct Swept {
    /// Conversations of which items went, or everything.
    pub conversations: u64,
    /// Records that it removed.
    pub records: u64,
    /// Contacts and conversations of which it removed what was left after they had been erased.
    pub erasures: u64,
    /// Organizations of which it removed everything.
    pub purges: u64,
    /// Conversations that it could not decide on.
    pub failed: u64,
    /// Conversations of which items are stored and no record.
    pub unknown: i64,
    /// Organizations with more candidates than their versions list.
    pub truncated: i64,
    /// The instant of the last finished run.
    pub last_as_of: Option<Timestamp>,
    /// When the last pass began that has come to its end.
    pub finished_at: Option<Timestamp>,
}
