//! A record: an event in normal form, and which of two versions of it wins.

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

    /// The field of an event that has the record's own id.
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
/// Organization, type and id identify the record. Its versions are ordered by [`Record::rank`] and the greatest is
/// stored, so every order of arrival and every number of repeats end in the same stored version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The tenant that the event names. Whether the caller may write to it is not decided yet.
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
    /// RFC 8785 JSON of the other fields, see `conversation::body`; empty for a removal.
    ///
    /// The fields above are left out (except `conversationId`, which is in both): two versions are only compared by their
    /// bytes where those are equal, and a member that both have does not decide which bytes are greater.
    pub body: String,
}

impl Record {
    /// What identifies the record: organization, type and id.
    #[must_use]
    pub fn key(&self) -> (&str, &str, &str) {
        (&self.organization_id, self.record_type.as_str(), &self.id)
    }

    /// Of two versions the one with the greater rank wins: the later `updatedAt`, then a removal, then the greater
    /// RFC 8785 bytes. `ingest/sql/upsert_greatest.sql` says the same as `(updated_at, deleted, body) > (…)`.
    #[must_use]
    pub fn rank(&self) -> (Timestamp, bool, &[u8]) {
        (self.updated_at, self.deleted, self.body.as_bytes())
    }
}
