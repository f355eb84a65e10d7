//! A record: an event in normal form.

use crate::base::timestamp::Timestamp;
use crate::conversation::rank::Rank;
use crate::conversation::record_type::RecordType;

/// One version of a record, in normal form.
///
/// Organization, type and id identify the record. Its versions are ordered by [`Record::order`] and the greatest is
/// stored, so every order of arrival and every number of repeats end in the same stored version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The number of its event among those of the request, from 0.
    pub index: usize,
    /// The tenant that the event names. Whether the caller may write to it is not decided yet.
    pub organization_id: String,
    /// The record's type.
    pub record_type: RecordType,
    /// The record's own id.
    pub id: String,
    /// The conversation that a message, an autopilot change or a resolution is in.
    pub conversation_id: Option<String>,
    /// What is compared with other versions first.
    pub rank: Rank,
    /// When an item of a timeline arrived: a message when the source took it in, a change at its `at`. `None` means
    /// that it is no item, or a removal.
    pub arrived_at: Option<Timestamp>,
    /// RFC 8785 JSON of the other fields, see `conversation::body`; of a removal empty, or its revision.
    ///
    /// `updatedAt` and the ids are left out (except `conversationId`, which is in both): the bodies of two versions are
    /// only compared where those are equal, and a member that both have does not decide which bytes are greater.
    pub body: String,
}

impl Record {
    /// What identifies the record: organization, type and id.
    #[must_use]
    pub fn key(&self) -> (&str, &str, &str) {
        (&self.organization_id, self.record_type.as_str(), &self.id)
    }

    /// The greater of two versions wins. `ingest/sql/upsert_greatest.sql` compares in the same order.
    #[must_use]
    pub fn order(&self) -> (&Rank, &[u8]) {
        (&self.rank, self.body.as_bytes())
    }
}
