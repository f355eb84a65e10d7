//! Every row that a report's filters select, as CSV: RFC 4180, read from the database a chunk at a time as the client
//! takes it, so that no more than a chunk is ever held.

use crate::api::error::ApiError;
use crate::auth::access::{OrganizationId, View};
use crate::base::strict_json;
use crate::base::strict_json::Object;
use crate::base::timestamp::{MINUTE_MS, Timestamp};
use crate::report::json::Access;
use crate::report::rows::{PassingRow, read_rows};
use crate::storage::database::Database;
use serde_json::Value;
use std::fmt::Write;

/// The first line, behind the byte order mark by which spreadsheets know UTF-8.
const HEADER: &str = "\u{feff}conversationId,contactId,contactName,contactPhone,channelType,category,reason,\
    waitingSince,stalledSince,stalledMinutes,latestInboundAt,latestInboundMessageId,departmentId,assigneeNames,\
    hasAccess\r\n";

/// The columns that are members of a row: before `stalledMinutes`, and between it and `assigneeNames`.
const MEMBERS: [&[&str]; 2] = [
    &[
        "conversationId",
        "contactId",
        "contactName",
        "contactPhone",
        "channelType",
        "category",
        "reason",
        "waitingSince",
        "stalledSince",
    ],
    &["latestInboundAt", "latestInboundMessageId", "departmentId"],
];

/// A file that is on its way.
pub struct Export {
    organization: OrganizationId,
    view: View,
    as_of: Timestamp,
    /// The numbers of the rows that are still to come, a list a chunk, the last one first.
    chunks: Vec<Vec<i64>>,
    /// What is read and not taken yet.
    ready: Option<String>,
}

impl Export {
    /// A file of the rows in `chunks`, with its first chunk read: what goes wrong by then can still be answered.
    ///
    /// # Errors
    /// As [`Export::next`].
    pub async fn begin<D: Database>(
        database: &D,
        organization: &OrganizationId,
        view: &View,
        as_of: Timestamp,
        mut chunks: Vec<Vec<i64>>,
    ) -> Result<Self, ApiError> {
        chunks.reverse();
        let mut export = Self {
            organization: organization.clone(),
            view: view.clone(),
            as_of,
            chunks,
            ready: None,
        };
        let first = export.read(database).await?.unwrap_or_default();
        export.ready = Some(format!("{HEADER}{first}"));
        Ok(export)
    }

    /// The next chunk; none at the end of the file.
    ///
    /// # Errors
    /// [`ApiError::SnapshotExpired`] where its version was removed meanwhile, and whatever the database says.
    pub async fn next<D: Database>(&mut self, database: &D) -> Result<Option<String>, ApiError> {
        match self.ready.take() {
            Some(ready) => Ok(Some(ready)),
            None => self.read(database).await,
        }
    }

    async fn read<D: Database>(&mut self, database: &D) -> Result<Option<String>, ApiError> {
        let Some(row_nos) = self.chunks.pop() else {
            return Ok(None);
        };
        let mut csv = String::new();
        let access = Access::of(&self.view);
        for row in read_rows(database, &self.organization, &row_nos).await?.iter() {
            self.push_line(&mut csv, row, &access)?;
        }
        Ok(Some(csv))
    }

    fn push_line(&self, csv: &mut String, row: PassingRow<'_>, access: &Access<'_>) -> Result<(), ApiError> {
        let Ok(Value::Object(members)) = strict_json::parse(row.json.as_bytes()) else {
            return Err(ApiError::Internal("a row is no JSON object".to_owned()));
        };
        let [before, after] = MEMBERS;
        push_members(csv, before, &members);
        let stalled_since = members
            .get("stalledSince")
            .and_then(Value::as_str)
            .and_then(Timestamp::from_rfc3339);
        let stalled_ms = stalled_since
            .map_or(0, |since| self.as_of.milliseconds_since(since))
            .max(0);
        // Writing to a String cannot fail.
        let _ = write!(csv, "{},", stalled_ms / MINUTE_MS);
        push_members(csv, after, &members);
        let names = members.get("assigneeNames").and_then(Value::as_array);
        let names: Vec<&str> = names.into_iter().flatten().filter_map(Value::as_str).collect();
        push_cell(csv, &names.join("; "));
        let has_access = access.has(row.people)?;
        csv.push_str(if has_access { ",true\r\n" } else { ",false\r\n" });
        Ok(())
    }
}

/// Members of a row, each with the comma after it.
fn push_members(csv: &mut String, names: &[&str], members: &Object) {
    for name in names {
        push_cell(csv, members.get(*name).and_then(Value::as_str).unwrap_or_default());
        csv.push(',');
    }
}

/// A cell: quoted where it must be, and with an apostrophe before what a spreadsheet would take for a formula.
fn push_cell(csv: &mut String, text: &str) {
    let is_quoted = text.contains(['"', ',', '\r', '\n']);
    if is_quoted {
        csv.push('"');
    }
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        csv.push('\'');
    }
    if is_quoted {
        csv.push_str(&text.replace('"', "\"\""));
        csv.push('"');
    } else {
        csv.push_str(text);
    }
}

/// The `Content-Disposition` of a file: RFC 6266, with an ASCII name and, where that is not the whole name, the whole.
#[must_use]
pub fn content_disposition(organization: &str, as_of: Option<Timestamp>) -> String {
    let instant = as_of.map_or_else(
        || "no-snapshot".to_owned(),
        |as_of| {
            let text = as_of.to_string().replace(':', "-");
            format!("{}Z", text.split_once('.').map_or(&*text, |(seconds, _)| seconds))
        },
    );
    // What a file system or a shell may take for something else than a letter.
    let organization = organization.replace(['/', '\\', ':', '*', '?', '"', '<', '>', '|', '%', '.', ' '], "_");
    let is_plain = |character: &char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    let ascii: String = organization
        .chars()
        .map(|character| if is_plain(&character) { character } else { '_' })
        .collect();
    let name = |organization: &str| format!("conversation-monitor-{organization}-{instant}.csv");
    let mut header = format!("attachment; filename=\"{}\"", name(&ascii));
    if ascii != organization {
        header.push_str("; filename*=UTF-8''");
        for byte in name(&organization).bytes() {
            // RFC 8187 section 3.2.1, the characters of which no reader makes anything else.
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') {
                header.push(char::from(byte));
            } else {
                let _ = write!(header, "%{byte:02X}");
            }
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use super::{content_disposition, push_cell};
    use crate::base::timestamp::Timestamp;

    fn check(text: &str, expected: &str) {
        let mut csv = String::new();
        push_cell(&mut csv, text);
        assert_eq!(csv, expected, "{text:?}");
    }

    #[test]
    fn quotes_what_must_be_and_makes_formulas_harmless() {
        check("", "");
        check("Jane", "Jane");
        check("a b;c", "a b;c");
        check("a,b", "\"a,b\"");
        check("a\"b", "\"a\"\"b\"");
        check("a\r\nb", "\"a\r\nb\"");
        check("=1+1", "'=1+1");
        check("+14155550123", "'+14155550123");
        check("-1", "'-1");
        check("@x", "'@x");
        check("\tx", "'\tx");
        check("\rx", "\"'\rx\"");
        check("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
        check("a=b", "a=b");
        check("'=x", "'=x");
    }

    #[test]
    fn names_the_file_in_two_ways() {
        let check = |organization: &str, expected: &str| {
            let as_of = Some(Timestamp::from_milliseconds(1_767_322_985_678));
            assert_eq!(content_disposition(organization, as_of), expected);
        };
        check(
            "65a0-x_Y",
            "attachment; filename=\"conversation-monitor-65a0-x_Y-2026-01-02T03-03-05Z.csv\"",
        );
        check(
            "../a\"; b",
            "attachment; filename=\"conversation-monitor-___a___b-2026-01-02T03-03-05Z.csv\"; \
             filename*=UTF-8''conversation-monitor-___a_%3B_b-2026-01-02T03-03-05Z.csv",
        );
        check(
            "é\u{1F600}",
            "attachment; filename=\"conversation-monitor-__-2026-01-02T03-03-05Z.csv\"; \
             filename*=UTF-8''conversation-monitor-%C3%A9%F0%9F%98%80-2026-01-02T03-03-05Z.csv",
        );
        assert_eq!(
            content_disposition("o", None),
            "attachment; filename=\"conversation-monitor-o-no-snapshot.csv\""
        );
    }
}
