//! A record: the normal form of an event, and which of two versions wins.

use crate::base::timestamp::Timestamp;
use strum::{EnumString, IntoStaticStr, VariantNames};

/// The seven types of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
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
    /// A message of a conversation.
    Message,
}

impl RecordType {
    /// The name in events and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The field that holds the record's own id.
    #[must_use]
    pub const fn id_field(self) -> &'static str {
        match self {
            Self::Organization => "organizationId",
            Self::Department => "departmentId",
            Self::User => "userId",
            Self::Contact => "contactId",
            Self::Conversation => "conversationId",
            Self::Autopilot => "changeId",
            Self::Message => "messageId",
        }
    }
}

/// One version of a record, in normal form.
///
/// Its identity is (organization, type, id). Any order of arrival and any number of repeats end in the same held
/// version, because versions are ordered by [`Record::rank`] and the greatest is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The tenant that the event names; not yet one that the caller may write to.
    pub organization_id: String,
    /// The record's type.
    pub record_type: RecordType,
    /// The record's own id.
    pub id: String,
    /// The conversation that a message or an autopilot change is in.
    pub conversation_id: Option<String>,
    /// The source's clock for this version.
    pub updated_at: Timestamp,
    /// Whether this version removes the record.
    pub deleted: bool,
    /// RFC 8785 JSON of the fields that are not above (`conversationId` is in both); empty for a removal.
    ///
    /// The fields above are the same in any two versions that are compared by their bytes, and a member that two
    /// objects share never decides which of them is greater: these bytes order as those of the whole record.
    pub body: String,
}

impl Record {
    /// The identity.
    #[must_use]
    pub fn key(&self) -> (&str, &str, &str) {
        (&self.organization_id, self.record_type.as_str(), &self.id)
    }

    /// What decides between two versions of one identity, the greater wins: the later `updatedAt`, then a removal,
    /// then the greater RFC 8785 bytes. `ingest/*.sql` says the same as `(updated_at, deleted, body) > (…)`.
    #[must_use]
    pub fn rank(&self) -> (Timestamp, bool, &[u8]) {
        (self.updated_at, self.deleted, self.body.as_bytes())
    }
}
