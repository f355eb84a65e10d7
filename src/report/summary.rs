//! Writes a summary as JSON.

use crate::http::envelope::Envelope;
use crate::report::error::ReportError;
use crate::report::json::is_false;
use crate::report::resolved::{ResolvedReport, to_json};
use crate::snapshot::query::{Counts, Totals};
use crate::snapshot::summary::{AGES_FROM_MINUTES, Count, Summary};
use serde::{Serialize, Serializer};

/// `data` of a summary.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SummaryData<'a> {
    organization_id: &'a str,
    generated_at: Option<String>,
    snapshot_id: Option<&'a str>,
    threshold_minutes: i64,
    snapshot_missing: bool,
    stale: bool,
    total: u64,
    older_count: u64,
    below_threshold_count: u64,
    #[serde(skip_serializing_if = "is_false")]
    truncated: bool,
    by_category: Counts,
    by_reason: RowsByKey<'a>,
    by_channel: RowsByKey<'a>,
    by_department: Vec<DepartmentRows<'a>>,
    by_assignee: Vec<AssigneeRows<'a>>,
    age_minutes: Vec<AgeRows>,
}

/// An object: keys and numbers of rows, in this order.
struct RowsByKey<'a>(&'a [Count<'a>]);

impl Serialize for RowsByKey<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = self.0.iter().filter_map(|count| Some((count.key?, count.rows)));
        serializer.collect_map(members)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DepartmentRows<'a> {
    department_id: Option<&'a str>,
    name: Option<&'a str>,
    count: u64,
}

#[derive(Serialize)]
struct AssigneeRows<'a> {
    name: Option<&'a str>,
    count: u64,
}

/// Rows that have waited from `from` to less than `to` minutes.
#[derive(Serialize)]
struct AgeRows {
    from: i64,
    to: Option<i64>,
    count: u64,
}

/// Writes the body of a summary.
///
/// # Errors
/// [`ReportError::Corrupt`] if it cannot be written as JSON, which does not happen.
pub fn write_summary(report: &ResolvedReport<'_>, summary: &Summary<'_>) -> Result<String, ReportError> {
    let Totals {
        counts,
        older,
        is_truncated,
    } = summary.totals;
    let departments = summary.departments.iter().map(|count| DepartmentRows {
        department_id: count.key,
        name: count.name,
        count: count.rows,
    });
    let assignees = summary.assignees.iter().map(|count| AssigneeRows {
        name: count.key,
        count: count.rows,
    });
    let ends = AGES_FROM_MINUTES.into_iter().skip(1).map(Some).chain([None]);
    let ages = AGES_FROM_MINUTES.into_iter().zip(ends).zip(summary.ages);
    to_json(&Envelope::new(SummaryData {
        organization_id: report.access.organization.as_str(),
        generated_at: report.generated_at(),
        snapshot_id: report.snapshot_id(),
        threshold_minutes: report.threshold_minutes(),
        snapshot_missing: report.snapshot.is_none(),
        stale: report.is_stale,
        total: counts.for_category(report.rows().filter.category),
        older_count: older,
        below_threshold_count: summary.below,
        truncated: is_truncated,
        by_category: counts,
        by_reason: RowsByKey(&summary.reasons),
        by_channel: RowsByKey(&summary.channels),
        by_department: departments.collect(),
        by_assignee: assignees.collect(),
        age_minutes: ages.map(|((from, to), count)| AgeRows { from, to, count }).collect(),
    }))
}
