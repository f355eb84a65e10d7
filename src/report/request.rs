//! The report's parameters.

use crate::api::error::ApiError;
use crate::conversation::category::Category;
use crate::http::query::Parameters;

/// The greatest page: 2^53 − 1.
pub const PAGE_MAX: u64 = 9_007_199_254_740_991;
/// The most rows of a page.
pub const LIMIT_MAX: u64 = 100;
/// Rows of a page where `limit` is left out.
pub const LIMIT_DEFAULT: u64 = 25;

/// What is made of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportFormat {
    /// A page of its rows.
    Report,
    /// All its rows as CSV.
    Csv,
    /// Numbers.
    Summary,
}

/// What a report is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRequest {
    /// `page`, from 1.
    pub page: u64,
    /// `limit`
    pub limit: u64,
    /// `category`
    pub category: Option<Category>,
    /// `skipThreshold`
    pub skip_threshold: bool,
    /// `departmentId`
    pub department_id: Option<String>,
    /// `organizationId`
    pub organization_id: Option<String>,
    /// `snapshot`
    pub snapshot: Option<String>,
}

impl ReportRequest {
    /// Reads the query of a request's URL. Parameters that are not known are ignored.
    ///
    /// # Errors
    /// [`ApiError::Invalid`], which names the parameter and what it takes.
    pub fn read(query: &str) -> Result<Self, ApiError> {
        Self::of(&Parameters::read(query, &NAMES)?)
    }

    /// Reads the query of a request that is about all pages: `page` and `limit` are not known, and so ignored.
    ///
    /// # Errors
    /// [`ApiError::Invalid`], which names the parameter and what it takes.
    pub fn read_unpaged(query: &str) -> Result<Self, ApiError> {
        let [_, _, names @ ..] = &NAMES;
        Self::of(&Parameters::read(query, names)?)
    }

    fn of(parameters: &Parameters) -> Result<Self, ApiError> {
        let category = |text: &str| match text {
            "ai_stuck" => Some(Category::AiStuck),
            "agent_abandoned" => Some(Category::AgentAbandoned),
            _ => None,
        };
        let flag = |text: &str| match text {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        };
        // Whatever is no snapshot has expired: only nothing at all is malformed.
        let snapshot = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Ok(Self {
            page: parameters
                .get("page", "a whole number from 1 to 9007199254740991", number(PAGE_MAX))?
                .unwrap_or(1),
            limit: parameters
                .get("limit", "a whole number from 1 to 100", number(LIMIT_MAX))?
                .unwrap_or(LIMIT_DEFAULT),
            category: parameters.get("category", "ai_stuck or agent_abandoned", category)?,
            skip_threshold: parameters.get("skipThreshold", "true or false", flag)?.unwrap_or(false),
            department_id: parameters.id("departmentId")?,
            organization_id: parameters.id("organizationId")?,
            snapshot: parameters.get("snapshot", "the snapshotId of an earlier answer", snapshot)?,
        })
    }
}

fn number(max: u64) -> impl Fn(&str) -> Option<u64> {
    move |text| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.then(|| text.parse::<u64>().ok()).flatten()?;
        (1..=max).contains(&number).then_some(number)
    }
}

/// `page` and `limit` first: [`ReportRequest::read_unpaged`] leaves them out.
const NAMES: [&str; 7] = [
    "page",
    "limit",
    "category",
    "skipThreshold",
    "departmentId",
    "organizationId",
    "snapshot",
];

#[cfg(test)]
mod tests {
    use super::ReportRequest;
    use crate::api::error::ApiError;

    fn check(query: &str, error: Option<&str>) {
        let found = match ReportRequest::read(query) {
            Ok(_) => None,
            Err(ApiError::Invalid(message)) => Some(message),
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(found.as_deref(), error, "{query}");
    }

    #[test]
    fn names_the_parameter_and_what_it_takes() {
        check("", None);
        check(
            "page=9007199254740991&limit=100&category=ai_stuck&skipThreshold=true",
            None,
        );
        check(
            "departmentId=%C3%A9%20%2F&organizationId=o&snapshot=x&unknown=&unknown=",
            None,
        );
        let page = Some("page must be a whole number from 1 to 9007199254740991.");
        for value in [
            "",
            "0",
            "-1",
            "1.0",
            "+1",
            "1e3",
            "9007199254740992",
            "99999999999999999999999",
            "x",
            "%31%",
        ] {
            check(&format!("page={value}"), page);
        }
        for value in ["", "0", "101", "ten"] {
            check(
                &format!("limit={value}"),
                Some("limit must be a whole number from 1 to 100."),
            );
        }
        check("category=", Some("category must be ai_stuck or agent_abandoned."));
        check(
            "category=AI_STUCK",
            Some("category must be ai_stuck or agent_abandoned."),
        );
        check("skipThreshold=1", Some("skipThreshold must be true or false."));
        check("skipThreshold", Some("skipThreshold must be true or false."));
        let id = "an id of 1 to 128 characters without control characters.";
        check("departmentId=", Some(&format!("departmentId must be {id}")));
        check("organizationId=%00", Some(&format!("organizationId must be {id}")));
        check(
            "snapshot=",
            Some("snapshot must be the snapshotId of an earlier answer."),
        );
        check("limit=5&limit=5", Some("limit must be given at most once."));
        assert!(ReportRequest::read_unpaged("page=0&limit=0&limit=1").is_ok());
        assert!(ReportRequest::read_unpaged("page=0&category=x").is_err());
        check("page=1&p%61ge=1", Some("page must be given at most once."));
    }
}
