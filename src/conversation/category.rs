//! Who stalled, and why no answer came. docs/definition.md says when which one applies.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

/// Who stalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Category {
    /// The autopilot.
    AiStuck,
    /// An agent.
    AgentAbandoned,
}

impl Category {
    /// The name in answers and in stored rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Why no answer came. [`Reason::VARIANTS`] lists them in the order of their declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Reason {
    /// A reply was tried and failed.
    ReplyFailed,
    /// A reply was tried and its send is stuck.
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
    /// The name in answers and in stored rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
