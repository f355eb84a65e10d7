//! What a request asks for, as far as its caller may see it.

use crate::auth::access::{OrganizationId, ReadAccess};
use crate::report::csv::Separator;
use crate::report::request::ReportRequest;
use crate::snapshot::query::{Paging, RowQuery};
use serde::Serialize;

/// The form in which a snapshot is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum ReportFormat {
    /// A page of its rows.
    Page(Paging),
    /// What can be counted of its rows.
    Summary,
    /// All its rows as CSV.
    Csv(Separator),
}

/// What tells queries of all organizations apart. Two that are equal get the same rows of the same snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct ReportQuery {
    organization: OrganizationId,
    format: ReportFormat,
    /// Which rows are asked for.
    pub(super) rows: RowQuery,
    /// Whether rows are shown that are not over the threshold.
    pub(super) skip_threshold: bool,
}

impl ReportQuery {
    /// What `request` asks for, as far as the caller may see it.
    pub(super) fn new(access: &ReadAccess, request: &ReportRequest, format: ReportFormat) -> Self {
        Self {
            organization: access.organization.clone(),
            format,
            rows: row_query(access, request),
            skip_threshold: request.skip_threshold,
        }
    }

    /// About how many bytes it takes: its texts, and a fixed amount for each department.
    pub(super) fn bytes(&self) -> usize {
        let texts = serde_json::to_string(self).map_or(0, |json| json.len());
        texts + self.rows.departments.as_ref().map_or(0, Vec::len) * size_of::<String>()
    }
}

/// Which rows a request asks for, as far as the caller may see them.
pub(super) fn row_query(access: &ReadAccess, request: &ReportRequest) -> RowQuery {
    RowQuery {
        departments: access.view.departments(request.department_id.as_deref()),
        filter: request.filter.clone(),
    }
}
