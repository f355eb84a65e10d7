//! Which list a candidate is in, and why no answer came. docs/definition.md says when which one applies.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// Which list a candidate is in. [`Category::VARIANTS`] lists them in the order of their declaration, which is their
/// index wherever something is kept by category.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// The autopilot stalled.
    AiStuck,
    /// An agent stalled.
    AgentAbandoned,
    /// The autopilot is off, and nobody is assigned.
    Unassigned,
    /// An agent has put it off, and the snooze is not over.
    Snoozed,
    /// A supervisor has taken it off the lists for now.
    Acknowledged,
}

impl Category {
    /// The name in answers and in stored rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether a report that names no category shows it. Those are the two categories that the published contract
    /// knows; the others are shown where they are asked for by name, so a client of the contract never sees one.
    #[must_use]
    pub const fn is_shown_unnamed(self) -> bool {
        matches!(self, Self::AiStuck | Self::AgentAbandoned)
    }
}

/// Why no answer came. [`Reason::VARIANTS`] lists them in the order of their declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
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
    /// The conversation changed hands more than twice while the customer waited.
    PassedBackAndForth,
    /// Nobody is responsible.
    NobodyAssigned,
}

impl Reason {
    /// The name in answers and in stored rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
