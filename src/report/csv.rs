//! Writes all rows that a query selects as CSV (RFC 4180, with a choice of separators). Rows are read from the database
//! in chunks as the client takes them, so that no more than one chunk is in memory.

use crate::auth::access::{OrganizationId, View};
use crate::base::strict_json::Object;
use crate::base::timestamp::{MINUTE_MS, Timestamp};
use crate::hours::calendar::Calendar;
use crate::report::error::ReportError;
use crate::report::rows::{PageRow, RowAccess, read_rows};
use crate::storage::database::Database;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;
use std::fmt::Display;
use std::rc::Rc;
use strum::{IntoStaticStr, VariantArray};

/// The byte order mark by which spreadsheets recognize UTF-8.
pub(super) const BYTE_ORDER_MARK: &str = "\u{feff}";
/// The first line.
const COLUMNS: [&str; 15] = [
    "conversationId",
    "contactId",
    "contactName",
    "contactPhone",
    "channelType",
    "category",
    "reason",
    "waitingSince",
    "stalledSince",
    "stalledMinutes",
    "latestInboundAt",
    "latestInboundMessageId",
    "departmentId",
    "assigneeNames",
    "hasAccess",
];

/// The next column, if the organization has business hours.
const BUSINESS_COLUMN: &str = "stalledBusinessMinutes";

/// The columns after that, if acknowledged rows are asked for.
const ACKNOWLEDGEMENT_COLUMNS: [&str; 3] = ["acknowledgedBy", "acknowledgedAt", "note"];

/// The separator between two cells. Spreadsheets expect the one of their language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Separator {
    /// `,`
    #[default]
    Comma,
    /// `;`
    Semicolon,
    /// A tab.
    Tab,
}

impl Separator {
    /// The character between two columns.
    pub(super) fn character(self) -> char {
        match self {
            Self::Comma => ',',
            Self::Semicolon => ';',
            Self::Tab => '\t',
        }
    }
}

/// What decides which columns there are, and how ages are counted.
pub struct CsvLayout {
    /// The instant that the file is as of.
    pub as_of: Timestamp,
    /// The organization's business hours, if it has any.
    pub calendar: Option<Rc<Calendar>>,
    /// Whether acknowledged rows are asked for.
    pub is_acknowledged: bool,
}

/// A CSV file that is being sent.
pub struct CsvFile {
    organization: OrganizationId,
    view: View,
    layout: CsvLayout,
    separator: Separator,
    /// The row numbers of the chunks that are still to be read, the last chunk first.
    unread: Vec<Vec<i64>>,
    /// What was read and not taken yet.
    ready: Option<String>,
}

impl CsvFile {
    /// A file of the rows in `chunks`. The first chunk is read at once, because an error can still become a status
    /// then.
    ///
    /// # Errors
    /// As [`CsvFile::next_chunk`].
    pub async fn open<D: Database>(
        database: &D,
        organization: &OrganizationId,
        view: &View,
        layout: CsvLayout,
        separator: Separator,
        mut chunks: Vec<Vec<i64>>,
    ) -> Result<Self, ReportError> {
        chunks.reverse();
        let mut file = Self {
            organization: organization.clone(),
            view: view.clone(),
            layout,
            separator,
            unread: chunks,
            ready: None,
        };
        let mut ready = BYTE_ORDER_MARK.to_owned();
        let mut columns = COLUMNS.map(str::to_owned).to_vec();
        columns.extend(file.layout.calendar.as_ref().map(|_| BUSINESS_COLUMN.to_owned()));
        if file.layout.is_acknowledged {
            columns.extend(ACKNOWLEDGEMENT_COLUMNS.map(str::to_owned));
        }
        push_line(&mut ready, separator, &columns);
        ready.push_str(&file.read_chunk(database).await?.unwrap_or_default());
        file.ready = Some(ready);
        Ok(file)
    }

    /// The next part of the file. `None` means that the file is complete.
    ///
    /// # Errors
    /// [`ReportError::SnapshotExpired`] if its version was removed meanwhile; [`ReportError::Unavailable`];
    /// [`ReportError::Corrupt`].
    pub async fn next_chunk<D: Database>(&mut self, database: &D) -> Result<Option<String>, ReportError> {
        match self.ready.take() {
            Some(ready) => Ok(Some(ready)),
            None => self.read_chunk(database).await,
        }
    }

    async fn read_chunk<D: Database>(&mut self, database: &D) -> Result<Option<String>, ReportError> {
        let Some(row_nos) = self.unread.pop() else {
            return Ok(None);
        };
        let rows = read_rows(database, &self.organization, &row_nos).await?;
        let mut csv = String::new();
        for row in &rows {
            self.push_row(&mut csv, row)?;
        }
        Ok(Some(csv))
    }

    fn push_row(&self, csv: &mut String, row: &PageRow) -> Result<(), ReportError> {
        let (people, row) = row.people_and_row()?;
        let has_access = RowAccess::from(&self.view).includes(people)?;
        let row: Object = serde_json::from_str(row).map_err(|error| corrupt(&error))?;
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        let stalled_since = Timestamp::from_rfc3339(text("stalledSince")).ok_or_else(|| corrupt(&"no instant"))?;
        let names = row.get("assigneeNames").and_then(Value::as_array);
        let names: Vec<&str> = names.into_iter().flatten().filter_map(Value::as_str).collect();
        let CsvLayout {
            as_of,
            calendar,
            is_acknowledged,
        } = &self.layout;
        let stalled_ms = as_of.milliseconds_since(stalled_since).max(0);
        let mut cells: Vec<String> = COLUMNS
            .iter()
            .map(|column| match *column {
                "stalledMinutes" => (stalled_ms / MINUTE_MS).to_string(),
                "assigneeNames" => names.join(" / "),
                "hasAccess" => has_access.to_string(),
                member => text(member).to_owned(),
            })
            .collect();
        if let Some(calendar) = calendar {
            cells.push(calendar.open_minutes(stalled_since, *as_of).to_string());
        }
        if *is_acknowledged {
            cells.extend(ACKNOWLEDGEMENT_COLUMNS.map(|member| text(member).to_owned()));
        }
        push_line(csv, self.separator, &cells);
        Ok(())
    }
}

/// What a response says of a row that is not what a refresh publishes.
fn corrupt(cause: &dyn Display) -> ReportError {
    ReportError::Corrupt(format!("a row cannot be read: {cause}"))
}

fn push_line(csv: &mut String, separator: Separator, cells: &[String]) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            csv.push(separator.character());
        }
        push_cell(csv, separator, cell);
    }
    csv.push_str("\r\n");
}

/// A cell: quoted if it must be, and with an apostrophe before everything that a spreadsheet would take for a formula.
fn push_cell(csv: &mut String, separator: Separator, text: &str) {
    let is_quoted = text.contains(['"', '\r', '\n', separator.character()]);
    if is_quoted {
        csv.push('"');
    }
    let is_phone_number = is_phone_number(text);
    // A spreadsheet that expects another separator begins a new cell after it.
    let mut begins_cell = true;
    for character in text.chars() {
        if begins_cell && is_dangerous(character) && !is_phone_number {
            csv.push('\'');
        }
        if character == '"' {
            csv.push('"');
        }
        csv.push(character);
        begins_cell = matches!(character, ',' | ';' | '\t' | '\r' | '\n');
    }
    if is_quoted {
        csv.push('"');
    }
}

/// Whether a cell that begins with it may be taken for a formula.
fn is_dangerous(character: char) -> bool {
    matches!(character, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n')
}

/// Whether a text is a plus sign and digits: that is no formula that does anything, and it is wanted as it is.
fn is_phone_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// What stays as it is in an extended parameter (RFC 8187 section 3.2.1), without the characters that some readers
/// misunderstand.
const UNESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// The `Content-Disposition` of a file (RFC 6266) whose name has `kind` in it, such as `trend-`: with an ASCII name
/// and, if that is not the complete name, the complete one as well.
#[must_use]
pub fn content_disposition(kind: &str, organization: &str, as_of: Option<Timestamp>) -> String {
    let instant = as_of.map_or_else(
        || "no-snapshot".to_owned(),
        |as_of| {
            let text = as_of.to_string().replace(':', "-");
            format!("{}Z", text.split_once('.').map_or(&*text, |(seconds, _)| seconds))
        },
    );
    // Characters that mean something to a file system or a shell are left out.
    let organization = organization.replace(['/', '\\', ':', '*', '?', '"', '<', '>', '|', '%', '.', ' '], "_");
    let is_plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    let ascii = organization.replace(|character| !is_plain(character), "_");
    let name = |organization: &str| format!("conversation-monitor-{kind}{organization}-{instant}.csv");
    let mut header = format!("attachment; filename=\"{}\"", name(&ascii));
    if ascii != organization {
        let name = name(&organization);
        header.push_str(&format!("; filename*=UTF-8''{}", utf8_percent_encode(&name, UNESCAPED)));
    }
    header
}

#[cfg(test)]
mod tests {
    use super::{Separator, content_disposition, push_cell};
    use crate::base::timestamp::Timestamp;
    use strum::VariantArray;

    fn check_with(separator: Separator, text: &str, expected: &str) {
        let mut csv = String::new();
        push_cell(&mut csv, separator, text);
        assert_eq!(csv, expected, "{text:?} with {separator:?}");
    }

    fn check(text: &str, expected: &str) {
        check_with(Separator::Comma, text, expected);
    }

    #[test]
    fn quotes_what_must_be_and_makes_formulas_harmless() {
        check("", "");
        check("Jane", "Jane");
        check("a b;c", "a b;c");
        check("a,b", "\"a,b\"");
        check("a\"b", "\"a\"\"b\"");
        check("a\nb", "\"a\nb\"");
        check("a\r\nb", "\"a\r'\nb\"");
        check("=1+1", "'=1+1");
        check("+14155550123", "+14155550123");
        check("+1 415", "'+1 415");
        check("+1,+2", "\"'+1,'+2\"");
        check("+", "'+");
        check("++1", "'++1");
        check("+\u{661}", "'+\u{661}");
        check("-1", "'-1");
        check("@x", "'@x");
        check("\tx", "'\tx");
        check("\rx", "\"'\rx\"");
        check("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
        check("a=b", "a=b");
        check("'=x", "'=x");
        check("\nx", "\"'\nx\"");
    }

    #[test]
    fn what_follows_a_separator_or_a_line_break_may_be_a_cell_of_its_own() {
        check("a,=b", "\"a,'=b\"");
        check("a;=b", "a;'=b");
        check("a\t@b", "a\t'@b");
        check("a\n-b", "\"a\n'-b\"");
        check("a,;+b", "\"a,;'+b\"");
        check("a\t\tb", "a\t'\tb");
        check("a, =b", "\"a, =b\"");
        check("a,\"=b", "\"a,\"\"=b\"");
        check("a=b-c", "a=b-c");
    }

    #[test]
    fn quotes_the_separator_that_is_used() {
        check_with(Separator::Semicolon, "a,b", "a,b");
        check_with(Separator::Semicolon, "a;b", "\"a;b\"");
        check_with(Separator::Semicolon, "a\tb", "a\tb");
        check_with(Separator::Tab, "a\tb", "\"a\tb\"");
        check_with(Separator::Tab, "a,b;c", "a,b;c");
        for separator in Separator::VARIANTS {
            check_with(*separator, "a\"b", "\"a\"\"b\"");
            check_with(*separator, "Jane / Joe", "Jane / Joe");
        }
    }

    #[test]
    fn names_the_file_in_two_ways() {
        let check = |organization: &str, expected: &str| {
            let as_of = Some(Timestamp::from_milliseconds(1_767_322_985_678));
            assert_eq!(content_disposition("", organization, as_of), expected);
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
            content_disposition("trend-", "o", None),
            "attachment; filename=\"conversation-monitor-trend-o-no-snapshot.csv\""
        );
    }
}
