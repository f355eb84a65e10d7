//! An acknowledgement: a supervisor has taken a conversation off the lists for now. No event says so.
//!
//! It is a record whose id is the conversation's, and its body is in normal form like those in `body`.

use crate::base::strict_json::Object;
use crate::base::timestamp::{Timestamp, rfc3339};
use crate::conversation::fields::{Fields, Problem};
use serde::Serialize;

/// The most characters of a note.
pub const NOTE_CHARACTERS_MAX: usize = 200;

/// An acknowledgement. The fields are in the order of their names, as in every body in normal form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Acknowledgement {
    /// When, by the clock of the service.
    #[serde(with = "rfc3339")]
    pub at: Timestamp,
    /// Who: the name of the user as it was then, or the id if no name was known.
    pub by: String,
    /// The last message of the customer that the supervisor saw.
    pub latest_inbound_message_id: String,
    /// What the supervisor wrote about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it ends. Without it, it lasts until the customer writes.
    #[serde(with = "rfc3339::optional", skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Acknowledgement {
    /// The body of its record.
    ///
    /// # Errors
    /// If it cannot be written as JSON, which does not happen.
    pub fn to_body(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads the body of its record.
    ///
    /// # Errors
    /// A text for the log if it is damaged.
    pub fn from_body(body: &str) -> Result<Self, String> {
        let members: Object = serde_json::from_str(body).map_err(|error| error.to_string())?;
        // Nothing of it is compared with the clock.
        let fields = Fields::new(&members, Timestamp::from_milliseconds(0).into());
        Self::from_fields(&fields).map_err(|Problem { field, reason }| format!("{field} {reason}"))
    }

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Problem> {
        let at = fields.optional_instant("at")?;
        Ok(Self {
            at: at.ok_or_else(|| Problem::new("at", "is missing"))?,
            by: fields.name("by")?,
            latest_inbound_message_id: fields.id("latestInboundMessageId")?,
            note: fields.optional_text("note", NOTE_CHARACTERS_MAX)?,
            until: fields.optional_instant("until")?,
        })
    }
}

/// As a member of a candidate it is a text, the body of its record.
pub mod as_body {
    use super::Acknowledgement;
    use serde::de::Error as _;
    use serde::ser::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::borrow::Cow;

    /// Writes the body or null.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(value: &Option<Acknowledgement>, serializer: S) -> Result<S::Ok, S::Error> {
        let body = value.as_ref().map(Acknowledgement::to_body).transpose();
        body.map_err(S::Error::custom)?.serialize(serializer)
    }

    /// Reads a body or null.
    ///
    /// # Errors
    /// If it is something else.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Acknowledgement>, D::Error> {
        let body = <Option<Cow<'de, str>>>::deserialize(deserializer)?;
        let read = body.map(|body| Acknowledgement::from_body(&body));
        read.transpose().map_err(D::Error::custom)
    }
}
