//! Which of two versions of a record wins. The order is written twice, both times from the tables below: here for a
//! version that comes in, and in SQL for the version that is stored, as columns of table `record` that the database
//! computes from its body (`migrations/0003_ranks_and_merges.sql`). So the rank of a stored version is right whoever
//! wrote it.

use crate::base::timestamp::Timestamp;
use crate::conversation::message::MessageStatus;
use crate::conversation::record_type::RecordType;
use serde_json::{Map, Value};
use strum::VariantNames;

/// The fields that an event may leave out, each with its default as JSON. `null` means that it is absent by default.
///
/// Not among them are `status`, whose default depends on `direction`, `revision`, which is compared on its own, and
/// `blocked`, which does not count.
const OPTIONAL_FIELDS: [(&str, &str); 23] = [
    ("active", "true"),
    ("bot", "false"),
    ("phone", "null"),
    ("mergedInto", "null"),
    ("mergedAt", "null"),
    ("departmentId", "null"),
    ("ownerId", "null"),
    ("assigneeIds", "[]"),
    ("assignedAt", "null"),
    ("resolvedAt", "null"),
    ("snoozedAt", "null"),
    ("snoozedUntil", "null"),
    ("draft", "false"),
    ("startsWithAutopilot", "true"),
    ("sequence", "0"),
    ("actorId", "null"),
    ("by", "null"),
    ("receivedAt", "null"),
    ("inReplyTo", "null"),
    ("senderId", "null"),
    ("visibility", "\"public\""),
    ("kind", "\"text\""),
    ("needsReply", "true"),
];

/// What is compared of two versions of a record: the fields in their order, then the bytes of the bodies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    /// The source's own counter of the record's changes: a source that counts is believed whatever its clocks say.
    pub revision: u64,
    /// The source's clock.
    pub updated_at: Timestamp,
    /// A removal wins.
    pub deleted: bool,
    /// How far the record is in its life, as text that sorts: see [`maturity`].
    pub maturity: String,
    /// How many fields have a value that is not their default.
    pub details: u64,
}

impl Rank {
    /// The rank of a version with this body in normal form. A removal has no body, but may have a revision.
    #[must_use]
    pub fn new(
        record_type: RecordType,
        revision: u64,
        updated_at: Timestamp,
        body: Option<&Map<String, Value>>,
    ) -> Self {
        Self {
            revision,
            updated_at,
            deleted: body.is_none(),
            maturity: body.map_or_else(String::new, |body| maturity(record_type, body)),
            details: body.map_or(0, details),
        }
    }
}

/// For a message: how late in a message's life its status is, from 0. For a conversation: when it was last resolved,
/// and whether it is no draft. Empty for other types.
fn maturity(record_type: RecordType, body: &Map<String, Value>) -> String {
    match record_type {
        RecordType::Message => {
            let status = text(body, "status");
            let position = MessageStatus::VARIANTS.iter().position(|name| *name == status);
            position.map_or_else(String::new, |position| position.to_string())
        }
        RecordType::Conversation => {
            let is_draft = body.get("draft") == Some(&Value::Bool(true));
            // Texts of the same length, so that they sort as the instants do.
            format!("{}{}", text(body, "resolvedAt"), if is_draft { '0' } else { '1' })
        }
        _ => String::new(),
    }
}

fn text<'a>(body: &'a Map<String, Value>, name: &str) -> &'a str {
    body.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn details(body: &Map<String, Value>) -> u64 {
    let is_other = |(name, default): &&(&str, &str)| {
        let json = body.get(*name).map(Value::to_string);
        json.is_some_and(|json| json != *default)
    };
    let others = OPTIONAL_FIELDS.iter().filter(is_other).count();
    let status_default = match text(body, "direction") {
        "inbound" => "received",
        _ => "sent",
    };
    let has_other_status = body.contains_key("status") && text(body, "status") != status_default;
    others as u64 + u64::from(has_other_status)
}

#[cfg(test)]
mod tests {
    use super::OPTIONAL_FIELDS;
    use crate::conversation::message::MessageStatus;
    use strum::VariantNames;

    /// The expressions of the migration, made from the tables that the code uses.
    fn sql() -> [String; 3] {
        let statuses = MessageStatus::VARIANTS.iter().enumerate();
        let statuses: String = statuses
            .map(|(position, name)| format!(" WHEN '{name}' THEN '{position}'"))
            .collect();
        let fields: Vec<String> = OPTIONAL_FIELDS
            .iter()
            .map(|(name, default)| format!("coalesce(body -> '{name}' <> '{default}', 0)"))
            .collect();
        [
            "iif(body = '', 0, coalesce(body ->> 'revision', 0))".to_owned(),
            format!(
                "CASE WHEN deleted = 1 OR body = '' THEN '' WHEN type = 'message' THEN CASE body ->> 'status'{statuses} END \
                 WHEN type = 'conversation' THEN coalesce(body ->> 'resolvedAt', '') || iif(body ->> 'draft', '0', '1') \
                 ELSE '' END"
            ),
            format!(
                "iif(deleted = 1 OR body = '', 0, {} + coalesce(body ->> 'status' <> iif(body ->> 'direction' = 'inbound', \
                 'received', 'sent'), 0))",
                fields.join(" + ")
            ),
        ]
    }

    #[test]
    fn the_database_ranks_by_the_same_fields() {
        let migration = include_str!("../../migrations/0003_ranks_and_merges.sql");
        let without_blanks = |text: &str| text.split_whitespace().collect::<String>();
        for expression in sql() {
            let is_there = without_blanks(migration).contains(&without_blanks(&expression));
            assert!(is_there, "the migration lacks {expression}");
        }
    }
}
