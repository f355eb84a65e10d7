//! Searches the rows of an organization: by a part of the contact's name or phone, or of the id of the conversation,
//! the contact or the latest message.
//!
//! It reads every row, so it is limited to fewer calls than other reads are. What is searched is personal data: it
//! is neither cached nor logged.

use crate::auth::access::OrganizationId;
use crate::report::error::ReportError;
use crate::report::sql;
use crate::storage::database::{Database, SqlValue, Statement, rows_of};

/// The numbers of the rows that have `text` in them, ascending. They may be rows of versions that were superseded.
///
/// # Errors
/// [`ReportError::Unavailable`], [`ReportError::Corrupt`].
pub async fn find_rows<D: Database>(
    database: &D,
    organization: &OrganizationId,
    text: &str,
) -> Result<Vec<i64>, ReportError> {
    let statement = Statement::new(
        sql::SEARCH,
        [
            SqlValue::from(organization.as_str()),
            SqlValue::Text(text.to_ascii_lowercase()),
        ],
    );
    let [rows] = rows_of(database.batch(vec![statement]).await?)?;
    let numbers = rows.first().map_or(Ok("[]"), |row| row.text(0))?;
    let mut row_nos: Vec<i64> = serde_json::from_str(numbers)
        .map_err(|error| ReportError::Corrupt(format!("found rows are not numbers: {error}")))?;
    row_nos.sort_unstable();
    Ok(row_nos)
}
