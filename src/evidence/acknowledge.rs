//! Takes a conversation off the lists until the customer writes again, or until an instant.
//!
//! An acknowledgement is a record of its own, whose id is the conversation's and whose clock is the service's. It is
//! stored as ingest stores records, so the conversation is pending until the next refresh has folded it.

use crate::auth::access::AcknowledgementAccess;
use crate::base::strict_json;
use crate::base::timestamp::{DAY_MS, Timestamp, rfc3339};
use crate::conversation::acknowledgement::{Acknowledgement, NOTE_CHARACTERS_MAX};
use crate::conversation::event::acknowledgement_record;
use crate::conversation::fields::{Fields, Problem};
use crate::conversation::record::Record;
use crate::evidence::read::ReadConversation;
use crate::evidence::{EvidenceError, damaged};
use serde::Serialize;

/// The most bytes of a request's body.
pub const BODY_BYTES_MAX: usize = 4 * 1024;
/// How far ahead the end of an acknowledgement may be.
pub const UNTIL_MAX_MS: i64 = 30 * DAY_MS;

const MEMBERS: [&str; 3] = ["latestInboundMessageId", "until", "note"];

/// What a caller asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcknowledgementRequest {
    /// The last message of the customer that the row showed.
    pub latest_inbound_message_id: String,
    /// When it ends. `None` means that it lasts until the customer writes.
    pub until: Option<Timestamp>,
    /// What the supervisor writes about it.
    pub note: Option<String>,
}

impl AcknowledgementRequest {
    /// Parses a request's body that was received at `now`.
    ///
    /// # Errors
    /// [`EvidenceError::Invalid`], which names the member and what it takes.
    pub fn parse(body: &[u8], now: Timestamp) -> Result<Self, EvidenceError> {
        let value = strict_json::parse(body)
            .map_err(|error| EvidenceError::Invalid(format!("The body is not valid JSON: {error}.")))?;
        let members = value.as_object().ok_or_else(not_an_object)?;
        if members.keys().any(|name| !MEMBERS.contains(&name.as_str())) {
            return Err(not_an_object());
        }
        let fields = Fields::new(members, now.into());
        let request = Self::from_fields(&fields);
        let request =
            request.map_err(|Problem { field, reason }| EvidenceError::Invalid(format!("{field} {reason}.")))?;
        match request.until {
            Some(until) if until <= now || until > now.plus(UNTIL_MAX_MS) => Err(EvidenceError::Invalid(
                "until must be within the next 30 days.".to_owned(),
            )),
            _ => Ok(request),
        }
    }

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Problem> {
        let until = fields.optional_instant("until")?;
        let note = fields.optional_text("note", NOTE_CHARACTERS_MAX)?;
        Ok(Self {
            latest_inbound_message_id: fields.id("latestInboundMessageId")?,
            until,
            note: note.filter(|note| !note.is_empty()),
        })
    }
}

fn not_an_object() -> EvidenceError {
    EvidenceError::Invalid(
        "The body must be a JSON object with latestInboundMessageId, and perhaps until and note.".to_owned(),
    )
}

impl ReadConversation {
    /// The acknowledgement that a caller asks for at `now`, if it can be acknowledged.
    ///
    /// # Errors
    /// [`EvidenceError::NotWaiting`] if it is no candidate, and [`EvidenceError::AnotherLastMessage`] if its last
    /// demand is not the one that the request names.
    pub fn acknowledgement(
        &self,
        access: &AcknowledgementAccess,
        request: AcknowledgementRequest,
        now: Timestamp,
    ) -> Result<Acknowledgement, EvidenceError> {
        let candidate = self.explanation.state.candidate.as_ref();
        let candidate = candidate.ok_or(EvidenceError::NotWaiting)?;
        if candidate.latest_inbound_message_id != request.latest_inbound_message_id {
            return Err(EvidenceError::AnotherLastMessage);
        }
        let by = self.caller_name.as_ref().filter(|name| !name.is_empty());
        Ok(Acknowledgement {
            at: now,
            by: by.unwrap_or(&access.subject).clone(),
            latest_inbound_message_id: request.latest_inbound_message_id,
            note: request.note,
            until: request.until,
        })
    }

    /// The record that acknowledges the conversation at `now` or, without an acknowledgement, takes the last one back.
    /// It is later than the stored version, even if the clock that wrote that was ahead. `None` means that there is
    /// nothing to take back.
    ///
    /// # Errors
    /// [`EvidenceError::Report`] if it cannot be written, which does not happen.
    pub fn record(
        &self,
        access: &AcknowledgementAccess,
        acknowledgement: Option<&Acknowledgement>,
        now: Timestamp,
    ) -> Result<Option<Record>, EvidenceError> {
        let stored = self.acknowledgement_updated_at;
        if acknowledgement.is_none() && stored.is_none() {
            return Ok(None);
        }
        let updated_at = stored.map_or(now, |stored| now.max(stored.plus(1)));
        let organization_id = access.read.organization.as_str();
        let record = acknowledgement_record(organization_id, &self.conversation_id, updated_at, acknowledgement);
        record.map(Some).map_err(|problem| damaged(problem.reason))
    }
}

/// The response: the acknowledgement that is stored now.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AcknowledgementResponse<'a> {
    conversation_id: &'a str,
    acknowledged_by: Option<&'a str>,
    #[serde(with = "rfc3339::optional")]
    acknowledged_at: Option<Timestamp>,
    #[serde(with = "rfc3339::optional")]
    acknowledged_until: Option<Timestamp>,
    note: Option<&'a str>,
}

impl<'a> AcknowledgementResponse<'a> {
    /// `None` as `acknowledgement` means that there is none.
    #[must_use]
    pub fn new(conversation_id: &'a str, acknowledgement: Option<&'a Acknowledgement>) -> Self {
        Self {
            conversation_id,
            acknowledged_by: acknowledgement.map(|stored| &*stored.by),
            acknowledged_at: acknowledgement.map(|stored| stored.at),
            acknowledged_until: acknowledgement.and_then(|stored| stored.until),
            note: acknowledgement.and_then(|stored| stored.note.as_deref()),
        }
    }
}
