//! The report's answer: its bytes, and the ETag that stands for them.

use crate::api::error::ApiError;
use crate::auth::access::{OrganizationId, ReadAccess, View};
use crate::base::strict_json::push_text;
use crate::base::timestamp::Timestamp;
use crate::http::etag::etag_of;
use crate::report::cache::{CachedPage, CachedResponse};
use crate::report::head::Head;
use crate::report::request::ReportFormat;
use crate::report::request::ReportRequest;
use crate::report::rows::Rows;
use crate::report::snapshot::Snapshot;
use crate::snapshot::query::Counts;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::rc::Rc;

/// The answer to a report.
#[derive(Debug)]
pub struct Answer {
    /// The strong ETag, quotes and all.
    pub etag: Rc<str>,
    /// The body; none: what the client has is still right, 304.
    pub body: Option<Rc<String>>,
}

/// What is asked for, and what is known before any row is read: everything that the bytes of an answer depend on.
pub struct ReportQuery<'a> {
    /// Whose view of which organization.
    pub access: &'a ReadAccess,
    /// What was asked for.
    pub request: &'a ReportRequest,
    /// The departments shown, none: all.
    pub departments: Option<BTreeSet<String>>,
    /// See [`question`].
    pub question: String,
    /// The organization's head.
    pub head: Rc<Head>,
    /// The snapshot, if there is one.
    pub snapshot: Option<Snapshot>,
    /// Its id.
    pub snapshot_id: Option<Rc<str>>,
    /// Whether the database is out of reach.
    pub stale: bool,
    /// Whether the database was asked for the head.
    pub was_at_database: bool,
}

/// Which rows of which organization are asked for, and as what, in a form that no two questions share: a JSON array, in
/// which no text can run into another. Whoever asks it of the same snapshot gets the same rows.
///
/// # Errors
/// Where it cannot be written as JSON, which does not happen.
pub fn question(
    form: ReportFormat,
    organization: &OrganizationId,
    request: &ReportRequest,
    departments: Option<&BTreeSet<String>>,
) -> Result<String, ApiError> {
    let question = (
        form as u8,
        organization.as_str(),
        departments,
        request.category,
        request.skip_threshold,
        (request.page, request.limit),
    );
    serde_json::to_string(&question).map_err(|error| ApiError::Internal(error.to_string()))
}

impl ReportQuery<'_> {
    /// The threshold that the answer speaks of.
    pub fn threshold_minutes(&self) -> i64 {
        self.snapshot
            .as_ref()
            .map_or(self.head.threshold_minutes, |snapshot| snapshot.threshold_minutes)
    }

    /// What the page that answers is kept as: what is asked of a pinned snapshot must not take the place of the newest.
    pub fn place(&self) -> Cow<'_, str> {
        match &self.request.snapshot {
            None => Cow::Borrowed(&self.question),
            Some(pin) => {
                let mut place = self.question.clone();
                push_text(&mut place, Some(pin));
                Cow::Owned(place)
            }
        }
    }

    /// The snapshot that the answer speaks of, if everybody who asks this gets the same answer: those who see all.
    pub fn shared_snapshot(&self) -> Option<&Rc<str>> {
        let is_shared = !self.stale && self.access.view == View::All;
        self.snapshot_id.as_ref().filter(|_| is_shared)
    }

    /// What was answered last to this question, if it was just this answer.
    pub fn same_whole<'b>(&self, held: &'b CachedPage) -> Option<&'b CachedResponse> {
        let whole = held.whole.as_ref()?;
        (self.shared_snapshot()? == &whole.snapshot_id).then_some(whole)
    }

    /// A strong ETag over all that the body depends on: the snapshot's rows never change, so its id stands for them.
    pub fn etag(&self) -> String {
        let mut content = self.question.clone();
        push_text(&mut content, self.snapshot_id.as_deref());
        push_text(&mut content, self.stale.then_some("stale"));
        if self.snapshot.is_none() {
            // A snapshot's id names its threshold.
            content.push_str(&self.threshold_minutes().to_string());
        }
        if let View::Departments { subject, .. } = &self.access.view {
            push_text(&mut content, Some("viewer"));
            push_text(&mut content, subject.as_deref());
        }
        etag_of(&content)
    }

    /// The instant that the answer speaks of, or would if there were a snapshot.
    pub fn as_of(&self) -> Timestamp {
        self.snapshot
            .as_ref()
            .map_or(self.head.as_of, |snapshot| snapshot.as_of)
    }

    /// The instant that the answer speaks of.
    pub fn generated_at(&self) -> Option<String> {
        self.snapshot.as_ref().map(|snapshot| snapshot.as_of.to_string())
    }

    /// The body: the envelope around the rows' own bytes, each with the caller's `hasAccess`.
    pub fn write(&self, counts: Counts, rows: &Rows) -> Result<String, ApiError> {
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
        let mut body = String::with_capacity(data.len().saturating_add(rows.as_lines().len()).saturating_add(64));
        body.push_str(r#"{"success":true,"data":"#);
        body.push_str(data.strip_suffix('}').unwrap_or(&data));
        body.push_str(r#","rows":["#);
        let access = Access::of(&self.access.view);
        for (number, row) in rows.iter().enumerate() {
            if number > 0 {
                body.push(',');
            }
            body.push_str(row.json.strip_suffix('}').unwrap_or(row.json));
            body.push_str(match access.has(row.people)? {
                true => r#","hasAccess":true}"#,
                false => r#","hasAccess":false}"#,
            });
        }
        body.push_str("]}}");
        Ok(body)
    }
}

/// Tells the rows that a caller has access to.
pub enum Access<'a> {
    /// All.
    All,
    /// None.
    None,
    /// Those whose people the caller is among.
    Among {
        subject: &'a str,
        /// The subject in quotes: where it stands in JSON, if nothing of it has to be escaped.
        written: String,
    },
}

impl<'a> Access<'a> {
    /// That of a view.
    pub fn of(view: &'a View) -> Self {
        match view {
            View::All => Self::All,
            View::Departments { subject: None, .. } => Self::None,
            View::Departments {
                subject: Some(subject), ..
            } => Self::Among {
                subject,
                written: format!("\"{subject}\""),
            },
        }
    }

    /// Whether it is access to a row of `people`, a JSON array of strings.
    ///
    /// # Errors
    /// Where they are not what was published.
    pub fn has(&self, people: &str) -> Result<bool, ApiError> {
        match self {
            Self::All => Ok(true),
            Self::None => Ok(false),
            // Where nothing is escaped a quote only ever begins or ends a string.
            Self::Among { subject, written } if !people.contains('\\') => {
                Ok(people.contains(written) && people.split('"').skip(1).step_by(2).any(|id| id == *subject))
            }
            Self::Among { subject, .. } => {
                let ids: Vec<String> =
                    serde_json::from_str(people).map_err(|error| ApiError::Internal(error.to_string()))?;
                Ok(ids.iter().any(|id| id == subject))
            }
        }
    }
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

#[cfg(test)]
mod tests {
    use super::Access;
    use crate::auth::access::View;

    #[test]
    fn finds_an_id_among_those_of_a_json_array_and_nothing_else() {
        let lists: [&[&str]; 6] = [
            &[],
            &["a"],
            &["a", "b"],
            &["ab", ",", "\",\"", "a\\"],
            &[",", "],[", "é"],
            &["\"", "b\\\"", "\u{1}"],
        ];
        let ids = [
            "", "a", "b", "ab", ",", "\",\"", "a\\", "\"", "b\\\"", "é", "\u{1}", "],[", "\\u0001", "[",
        ];
        for list in lists {
            let json = serde_json::to_string(list).unwrap();
            for id in ids {
                let view = View::Departments {
                    subject: Some(id.to_owned()),
                    departments: std::collections::BTreeSet::new(),
                };
                assert_eq!(
                    Access::of(&view).has(&json),
                    Ok(list.contains(&id)),
                    "{id} among {json}"
                );
            }
        }
    }
}
