//! The types of records.

use strum::{EnumString, IntoStaticStr, VariantNames};

/// The types of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum RecordType {
    /// An organization.
    Organization,
    /// A department of an organization.
    Department,
    /// A person or a bot who works for the organization.
    User,
    /// A customer.
    Contact,
    /// A conversation with a contact.
    Conversation,
    /// A change of a conversation's autopilot.
    Autopilot,
    /// A resolution of a conversation, or its taking back.
    Resolution,
    /// A message of a conversation.
    Message,
    /// That a supervisor has taken a conversation off the lists for now. Only a route of its own writes it.
    Acknowledgement,
}

/// The types that events have.
impl VariantNames for RecordType {
    const VARIANTS: &'static [&'static str] = &[
        "organization",
        "department",
        "user",
        "contact",
        "conversation",
        "autopilot",
        "resolution",
        "message",
    ];
}

impl RecordType {
    /// The name in events and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The field of an event that has the record's own id.
    #[must_use]
    pub const fn id_field(self) -> &'static str {
        match self {
            Self::Organization => "organizationId",
            Self::Department => "departmentId",
            Self::User => "userId",
            Self::Contact => "contactId",
            Self::Conversation | Self::Acknowledgement => "conversationId",
            Self::Autopilot | Self::Resolution => "changeId",
            Self::Message => "messageId",
        }
    }
}
