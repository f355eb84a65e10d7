//! The report's answer: its bytes, and the ETag that stands for them.

use crate::auth::access::{ReadAccess, View};
use crate::error::ApiError;
use crate::json;
use crate::monitor::row::PublishedRow;
use crate::monitor::selection::Counts;
use crate::report::head::Head;
use crate::report::request::ReportRequest;
use crate::report::snapshot_id::Snapshot;
use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::rc::Rc;

/// The answer to a report.
#[derive(Debug)]
pub struct Answer {
    /// The strong ETag, quotes and all.
    pub etag: String,
    /// The body; none: what the client has is still right, 304.
    pub body: Option<String>,
}

/// What is made of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A page of its rows.
    Report,
    /// All its rows as CSV.
    Csv,
    /// Numbers.
    Summary,
}

/// Everything that the bytes of an answer depend on, but for the rows.
pub struct ReportBody<'a> {
    /// What it is.
    pub form: Form,
    /// Whose view of which organization.
    pub access: &'a ReadAccess,
    /// What was asked for.
    pub request: &'a ReportRequest,
    /// The departments shown, none: all.
    pub departments: Option<BTreeSet<String>>,
    /// The organization's head.
    pub head: Rc<Head>,
    /// The snapshot, if there is one.
    pub snapshot: Option<Snapshot>,
    /// Its id: signed once, for the ETag and for the body.
    pub snapshot_id: Option<String>,
    /// Whether the database is out of reach.
    pub stale: bool,
}

impl ReportBody<'_> {
    /// The threshold that the answer speaks of.
    pub fn threshold_minutes(&self) -> i64 {
        self.snapshot
            .as_ref()
            .map_or(self.head.threshold_minutes, |snapshot| snapshot.threshold_minutes)
    }

    /// A strong ETag over all that the body depends on: the snapshot's rows never change, so its id stands for them.
    ///
    /// # Errors
    /// Where it cannot be worked out, which does not happen.
    pub fn etag(&self) -> Result<String, ApiError> {
        let viewer = match &self.access.view {
            View::All => None,
            View::Departments { subject, .. } => Some(subject),
        };
        let content = (
            self.form as u8,
            self.access.organization.as_str(),
            self.snapshot_id.as_deref(),
            self.threshold_minutes(),
            &self.departments,
            self.request.category,
            self.request.skip_threshold,
            (self.request.page, self.request.limit),
            viewer.is_some(),
            viewer,
            self.stale,
        );
        let content = serde_json::to_string(&content).map_err(|error| ApiError::Internal(error.to_string()))?;
        Ok(etag_of(&content))
    }

    /// The instant that the answer speaks of.
    pub fn generated_at(&self) -> Option<String> {
        self.snapshot.as_ref().map(|snapshot| snapshot.as_of.to_string())
    }

    /// The body: the envelope around the rows' own bytes, each with the caller's `hasAccess`.
    pub fn write(&self, counts: Counts, rows: &[PublishedRow]) -> Result<String, ApiError> {
        let internal = |error: serde_json::Error| ApiError::Internal(error.to_string());
        let total = counts.of(self.request.category);
        let data = Data {
            organization_id: self.access.organization.as_str(),
            generated_at: self.generated_at(),
            snapshot_id: self.snapshot_id.as_deref(),
            threshold_minutes: self.threshold_minutes(),
            total_count: total,
            snapshot_missing: self.snapshot.is_none(),
            stale: self.stale,
            counts: CountsBody {
                ai_stuck: counts.ai_stuck,
                agent_abandoned: counts.agent_abandoned,
            },
            pagination: Pagination {
                page: self.request.page,
                limit: self.request.limit,
                total,
                total_pages: total.div_ceil(self.request.limit.max(1)),
            },
        };
        let data = serde_json::to_string(&data).map_err(internal)?;
        let mut body = String::with_capacity(data.len().saturating_add(rows.len().saturating_mul(640)));
        body.push_str(r#"{"success":true,"data":"#);
        body.push_str(data.strip_suffix('}').unwrap_or(&data));
        body.push_str(r#","rows":["#);
        for (number, row) in rows.iter().enumerate() {
            if number > 0 {
                body.push(',');
            }
            body.push_str(row.json.strip_suffix('}').unwrap_or(&row.json));
            body.push_str(match has_access(&self.access.view, row)? {
                true => r#","hasAccess":true}"#,
                false => r#","hasAccess":false}"#,
            });
        }
        body.push_str("]}}");
        Ok(body)
    }
}

/// Whether a caller has access to a row.
///
/// # Errors
/// Where the row is not what was published.
pub fn has_access(view: &View, row: &PublishedRow) -> Result<bool, ApiError> {
    if *view == View::All {
        return Ok(true);
    }
    let people: Vec<String> = json::read(&row.people).map_err(|error| ApiError::Internal(error.to_string()))?;
    Ok(view.has_access(&people))
}

/// A strong ETag for an answer that `content` decides.
#[must_use]
pub fn etag_of(content: &str) -> String {
    let hash = Sha256::digest(content.as_bytes());
    let hash = Base64UrlUnpadded::encode_string(hash.get(..16).unwrap_or(&hash));
    format!("\"{hash}\"")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    organization_id: &'a str,
    generated_at: Option<String>,
    snapshot_id: Option<&'a str>,
    threshold_minutes: i64,
    total_count: u64,
    snapshot_missing: bool,
    stale: bool,
    counts: CountsBody,
    pagination: Pagination,
}

#[derive(Serialize)]
struct CountsBody {
    ai_stuck: u64,
    agent_abandoned: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Pagination {
    page: u64,
    limit: u64,
    total: u64,
    total_pages: u64,
}

/// Whether an `If-None-Match` names `etag`: RFC 9110 section 13.1.2, by weak comparison.
pub fn matches(condition: &str, etag: &str) -> bool {
    condition
        .split(',')
        .map(str::trim)
        .any(|candidate| candidate == "*" || candidate.strip_prefix("W/").unwrap_or(candidate) == etag)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn compares_etags_weakly() {
        let etag = "\"abc\"";
        for condition in ["\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "*", " \"abc\" "] {
            assert!(matches(condition, etag), "{condition}");
        }
        for condition in ["", "abc", "\"ab\"", "\"abc", "\"x\"", "w/\"abc\""] {
            assert!(!matches(condition, etag), "{condition}");
        }
    }
}
