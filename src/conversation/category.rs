//! Who stalled, and why no answer came.

use serde::{Deserialize, Serialize};

/// Who stalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// The autopilot.
    AiStuck,
    /// An agent.
    AgentAbandoned,
}

impl Category {
    /// Its name in the contract.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AiStuck => "ai_stuck",
            Self::AgentAbandoned => "agent_abandoned",
        }
    }
}

/// Why no answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// An answer was tried and failed.
    ReplyFailed,
    /// An answer was tried and its send is stuck.
    ReplyQueued,
    /// The autopilot announced an agent, and none took over.
    HandoffNotCompleted,
    /// The autopilot did nothing.
    NoReply,
    /// Agents only wrote notes to each other.
    OnlyPrivateNote,
    /// There is no active person among owner and assignees.
    AssigneeMissing,
    /// No agent has answered since taking over.
    NoReplySinceTakeover,
    /// An agent has answered before, but not this time.
    NoReplyToFollowUp,
}

impl Reason {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 8] = [
        Self::ReplyFailed,
        Self::ReplyQueued,
        Self::HandoffNotCompleted,
        Self::NoReply,
        Self::OnlyPrivateNote,
        Self::AssigneeMissing,
        Self::NoReplySinceTakeover,
        Self::NoReplyToFollowUp,
    ];

    /// Its name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReplyFailed => "reply_failed",
            Self::ReplyQueued => "reply_queued",
            Self::HandoffNotCompleted => "handoff_not_completed",
            Self::NoReply => "no_reply",
            Self::OnlyPrivateNote => "only_private_note",
            Self::AssigneeMissing => "assignee_missing",
            Self::NoReplySinceTakeover => "no_reply_since_takeover",
            Self::NoReplyToFollowUp => "no_reply_to_follow_up",
        }
    }
}
