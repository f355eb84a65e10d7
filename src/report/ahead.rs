//! Reads rows together with a head, before it is known which rows the page has, so that most responses take one round
//! trip.
//!
//! Which rows are asked for is a guess, and it decides nothing. The page is selected afterwards, from the index of the
//! version that the same batch has read, and a batch sees one state of the database. Rows that the page does not have
//! are dropped; those that are missing are read in a second round trip, and very long ones in a third.

use crate::auth::access::ReadAccess;
use crate::base::timestamp::Timestamp;
use crate::conversation::category::Category;
use crate::report::cache::PageBasis;
use crate::report::context::ReportContext;
use crate::report::error::ReportError;
use crate::report::head::{HeadSource, ResolvedHead, is_fresh};
use crate::report::index::{cached_index, selected_of};
use crate::report::query::{ReportFormat, row_query};
use crate::report::request::ReportRequest;
use crate::report::resolved::{ResolvedReport, to_json};
use crate::report::rows::{RowLength, row_statements};
use crate::report::sql;
use crate::snapshot::query::{Paging, RowQuery};
use crate::snapshot::settings::MAX_AGE_DAYS_DEFAULT;
use crate::storage::database::{SqlValue, Statement};
use strum::VariantArray;

/// How many entries `sql/probable_rows.sql` searches. A page that begins later is not searched for.
const ENTRIES_MAX: u64 = 256;

/// The statements that read the rows which a page will probably have, to be run together with those that read the head.
/// No statements if the head need not be read, or if this isolate caches no pages.
///
/// If the isolate knows a version, they are the rows that the page has in it, unless the page is cached. If it knows
/// none, or if a publication is due, the database looks for them in the version that is the newest then.
///
/// # Errors
/// [`ReportError::Corrupt`] if the query cannot be written as JSON, which does not happen.
pub fn statements_ahead<D, C>(
    context: &ReportContext<'_, D, C>,
    access: &ReadAccess,
    request: &ReportRequest,
    paging: Paging,
    now: Timestamp,
) -> Result<Vec<Statement>, ReportError> {
    let organization = &access.organization;
    let (cached_head, has_memory) = {
        let mut cache = context.isolate_cache.borrow_mut();
        (cache.head(organization), cache.policy.memory_bytes_max > 0)
    };
    let is_fresh = cached_head
        .as_ref()
        .is_some_and(|cached_head| is_fresh(context, cached_head, now));
    if request.snapshot.is_some() || is_fresh || !has_memory {
        return Ok(Vec::new());
    }
    let in_any_version = |known_version: i64, rows: &RowQuery| {
        probable_rows(access, known_version, rows, paging, request.skip_threshold)
    };
    let known = cached_head.and_then(|cached_head| {
        let (head, snapshot) = (cached_head.head?, cached_head.newest?);
        let index = cached_index(context, organization, snapshot.version)?;
        Some((head, snapshot, index))
    });
    let Some((head, snapshot, index)) = known else {
        let statement = in_any_version(0, &row_query(access, request))?;
        return Ok(statement.into_iter().collect());
    };
    let version = snapshot.version;
    let is_due = context.schedule.advise(&head, false, now).due_in_ms <= 0;
    let selected = selected_of(context, organization, &snapshot, index, request.skip_threshold);
    let basis = PageBasis::new(&snapshot, &selected.listed);
    let head = ResolvedHead::new(head, Some(snapshot), HeadSource::Memory);
    let newest = head.newest.clone();
    let report = ResolvedReport::new(access, request, ReportFormat::Page(paging), head, newest, now);
    let of_other = if is_due {
        in_any_version(version, report.rows())?
    } else {
        None
    };
    let cached = context.isolate_cache.borrow_mut().page(&report.slot);
    let is_known = cached
        .as_ref()
        .is_some_and(|cached| cached.basis.as_ref() == Some(&basis));
    let mut statements = Vec::new();
    if !is_known {
        let selection = selected.listing().select(report.rows(), paging);
        let in_memory = cached.as_ref().map_or(&[][..], |cached| &cached.page.row_nos);
        let row_nos = selection.rows.iter().map(|row| row.row_no);
        let row_nos: Vec<i64> = row_nos.filter(|row_no| !in_memory.contains(row_no)).collect();
        // The rows of one version are enough. Of a page far behind, most are the same in the next one.
        let only_of = of_other.is_some().then_some(version);
        statements = row_statements(organization, &row_nos, RowLength::Short, only_of);
    }
    statements.extend(of_other);
    Ok(statements)
}

/// The statement that looks for the rows of a page in whichever version is the newest, unless that is `known_version`.
/// `None` means that the page begins too late.
fn probable_rows(
    access: &ReadAccess,
    known_version: i64,
    rows: &RowQuery,
    paging: Paging,
    has_any_age: bool,
) -> Result<Option<Statement>, ReportError> {
    let Paging { page, limit } = paging;
    let skip = page.saturating_sub(1).saturating_mul(limit);
    if skip >= ENTRIES_MAX {
        return Ok(None);
    }
    let filter = &rows.filter;
    let text = |text: Option<&str>| text.map_or(SqlValue::Null, SqlValue::from);
    let mut categories = String::new();
    for category in Category::VARIANTS {
        if filter.has_category(*category) {
            categories += category.as_str();
            categories.push(' ');
        }
    }
    let departments = rows.departments.as_ref().map(to_json).transpose()?;
    let parameters = [
        SqlValue::from(access.organization.as_str()),
        SqlValue::Integer(known_version),
        SqlValue::Text(categories),
        SqlValue::Integer(i64::from(has_any_age)),
        SqlValue::Integer(MAX_AGE_DAYS_DEFAULT),
        SqlValue::Integer(i64::try_from(limit).unwrap_or(i64::MAX)),
        SqlValue::Integer(i64::try_from(skip).unwrap_or(i64::MAX)),
        departments.map_or(SqlValue::Null, SqlValue::Text),
        text(filter.channel_type.as_deref()),
        text(filter.reason.map(|reason| reason.as_str())),
        text(filter.assignee.as_deref()),
    ];
    Ok(Some(Statement::new(sql::PROBABLE_ROWS, parameters)))
}
