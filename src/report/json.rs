//! Writes a page of the report as JSON.

use crate::hours::calendar::Calendar;
use crate::http::envelope::Envelope;
use crate::report::cache::CachedPage;
use crate::report::error::ReportError;
use crate::report::resolved::{ResolvedReport, to_json};
use crate::report::rows::RowAccess;
use crate::snapshot::query::{Counts, Paging, Totals};
use serde::Serialize;

/// Whether a flag is left out of a response.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
pub(super) fn is_false(flag: &bool) -> bool {
    !*flag
}

/// `ConversationMonitorReportResponse.data` of the contract.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReportData<'a> {
    organization_id: &'a str,
    generated_at: Option<String>,
    snapshot_id: Option<&'a str>,
    threshold_minutes: i64,
    total_count: u64,
    snapshot_missing: bool,
    stale: bool,
    counts: Counts,
    older_count: u64,
    #[serde(skip_serializing_if = "is_false")]
    truncated: bool,
    pagination: Pagination,
    /// The last array of the response: [`write_page`] puts the rows into it.
    rows: [(); 0],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Pagination {
    page: u64,
    limit: u64,
    total: u64,
    total_pages: u64,
}

/// Writes the body of a page.
///
/// Rows pass through as the text that was published. Added to each are the threshold that applies to it, unless that is
/// the organization's; its age in business hours, if there is a calendar; and, at its end, the caller's `hasAccess`.
/// Embedding them with serde as raw values would take 11 µs for 25 rows, because serde parses them; this takes half a
/// microsecond.
///
/// # Errors
/// [`ReportError::Corrupt`] if a row is not what a refresh publishes.
pub fn write_page(
    report: &ResolvedReport<'_>,
    paging: Paging,
    page: &CachedPage,
    calendar: Option<&Calendar>,
) -> Result<String, ReportError> {
    let Totals {
        counts,
        older,
        is_truncated,
    } = page.totals;
    let total = counts.for_category(report.rows().filter.category);
    let rows = &page.page.rows;
    let without_rows = to_json(&Envelope::new(ReportData {
        organization_id: report.access.organization.as_str(),
        generated_at: report.generated_at(),
        snapshot_id: report.snapshot_id(),
        threshold_minutes: report.threshold_minutes(),
        total_count: total,
        snapshot_missing: report.snapshot.is_none(),
        stale: report.is_stale,
        counts,
        older_count: older,
        truncated: is_truncated,
        pagination: Pagination {
            page: paging.page,
            limit: paging.limit,
            total,
            total_pages: total.div_ceil(paging.limit.max(1)),
        },
        rows: [],
    }))?;
    let (before_rows, after_rows) = without_rows.rsplit_once(']').unwrap_or_default();
    let row_bytes: usize = rows.iter().map(|row| row.as_line().len() + ROW_BYTES_ADDED).sum();
    let mut body = String::with_capacity(without_rows.len() + row_bytes);
    body.push_str(before_rows);
    let access = RowAccess::from(&report.access.view);
    let common_threshold = report.threshold_minutes();
    for (position, (row, selected)) in rows.iter().zip(&page.selected).enumerate() {
        if position > 0 {
            body.push(',');
        }
        let (people, row) = row.people_and_row()?;
        let members = row.strip_suffix('}');
        body.push_str(members.ok_or_else(|| ReportError::Corrupt("a row is not a JSON object".to_owned()))?);
        let threshold = selected.threshold_minutes;
        if threshold != common_threshold {
            push_number(&mut body, "thresholdMinutes", threshold);
        }
        if let Some(calendar) = calendar {
            let minutes = calendar.open_minutes(selected.stalled_since, report.as_of());
            push_number(&mut body, "stalledBusinessMinutes", minutes);
        }
        let has_access = access.includes(people)?;
        body.push_str(if has_access { HAS_ACCESS } else { HAS_NO_ACCESS });
    }
    body.push(']');
    body.push_str(after_rows);
    Ok(body)
}

/// Adds a member to an object that is being written.
fn push_number(body: &mut String, name: &str, number: i64) {
    body.push_str(&format!(r#","{name}":{number}"#));
}

const HAS_ACCESS: &str = r#","hasAccess":true}"#;
const HAS_NO_ACCESS: &str = r#","hasAccess":false}"#;
/// By how many bytes a row can be longer in a response, including the comma before it.
const ROW_BYTES_ADDED: usize = HAS_NO_ACCESS.len();
