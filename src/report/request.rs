//! The parameters of the report, of the summary and of the CSV file.

use crate::base::strict_json;
use crate::conversation::category::{Category, Reason};
use crate::http::query::{Parameters, QueryError, parse, parse_pairs};
use crate::report::csv::Separator;
use crate::snapshot::query::{Paging, RowFilter};
use crate::snapshot::trend::TREND_DAYS_MAX;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;
use std::fmt::Display;
use strum::VariantArray;

/// The greatest page: 2^53 − 1, the greatest integer that every JSON reader keeps exact.
pub const PAGE_MAX: u64 = 9_007_199_254_740_991;
/// The most rows of a page.
pub const LIMIT_MAX: u64 = 100;
/// The rows of a page if `limit` is left out.
pub const LIMIT_DEFAULT: u64 = 25;

/// The most characters of `channelType`.
pub const CHANNEL_CHARACTERS_MAX: usize = 64;
/// The most characters of `assignee`.
pub const ASSIGNEE_CHARACTERS_MAX: usize = 512;

/// The fewest characters of a text to search.
pub const SEARCH_CHARACTERS_MIN: usize = 2;
/// The most characters of a text to search.
pub const SEARCH_CHARACTERS_MAX: usize = 64;
/// The most bytes of the body of a search.
pub const SEARCH_BODY_BYTES_MAX: usize = 16 * 1024;

/// What is asked for with query parameters: of which organization, as of which snapshot, and which of its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRequest {
    /// `category`, `channelType`, `reason` and `assignee`.
    pub filter: RowFilter,
    /// `skipThreshold`
    pub skip_threshold: bool,
    /// `departmentId`
    pub department_id: Option<String>,
    /// `organizationId`
    pub organization_id: Option<String>,
    /// `snapshot`
    pub snapshot: Option<String>,
}

/// A request for a page of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// `page` and `limit`.
    pub paging: Paging,
    /// What every form of the report takes.
    pub report: ReportRequest,
}

/// A request for the course of the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrendRequest {
    /// `days`
    pub days: u64,
    /// `departmentId`
    pub department_id: Option<String>,
    /// `organizationId`
    pub organization_id: Option<String>,
    /// `separator`. `None` means that no file is asked for.
    pub separator: Option<Separator>,
}

impl TrendRequest {
    /// Parses the query string of a request, which may be for a file. Unknown parameters are ignored.
    ///
    /// # Errors
    /// [`QueryError`], which names the parameter and what it takes.
    pub fn parse(query: &str, is_csv: bool) -> Result<Self, QueryError> {
        parse(query, |parameters| Self {
            days: integer(parameters, "days", TREND_DAYS_MAX).unwrap_or(1),
            department_id: parameters.id("departmentId"),
            organization_id: parameters.id("organizationId"),
            separator: is_csv.then(|| separator(parameters)),
        })
    }
}

/// A request for a CSV file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvRequest {
    /// `separator`
    pub separator: Separator,
    /// What every form of the report takes.
    pub report: ReportRequest,
}

impl CsvRequest {
    /// Parses the query string of a request for a CSV file. Unknown parameters are ignored, and so are `page` and
    /// `limit`.
    ///
    /// # Errors
    /// [`QueryError`], which names the parameter and what it takes.
    pub fn parse(query: &str) -> Result<Self, QueryError> {
        parse(query, |parameters| Self {
            separator: separator(parameters),
            report: ReportRequest::from_parameters(parameters),
        })
    }
}

impl PageRequest {
    /// Parses the query string of a request for a page. Unknown parameters are ignored.
    ///
    /// # Errors
    /// [`QueryError`], which names the parameter and what it takes.
    pub fn parse(query: &str) -> Result<Self, QueryError> {
        parse(query, Self::from_parameters)
    }

    fn from_parameters(parameters: &mut Parameters<'_>) -> Self {
        Self {
            paging: Paging {
                page: integer(parameters, "page", PAGE_MAX).unwrap_or(1),
                limit: integer(parameters, "limit", LIMIT_MAX).unwrap_or(LIMIT_DEFAULT),
            },
            report: ReportRequest::from_parameters(parameters),
        }
    }
}

/// A request for a page of the rows that a text is found in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchRequest {
    /// The text.
    pub search: String,
    /// Which rows are searched, and which page of those that are found is wanted.
    pub page: PageRequest,
}

/// Why a body does not say what to search.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// The body is not JSON.
    #[error("The body is not valid JSON.")]
    NotJson,
    /// The body is JSON, but not an object with a text to search.
    #[error(
        "The body must be a JSON object whose search is a text of {SEARCH_CHARACTERS_MIN} to {SEARCH_CHARACTERS_MAX} characters."
    )]
    NoSearch,
    /// A parameter of the report is wrong.
    #[error(transparent)]
    Parameter(#[from] QueryError),
}

impl SearchRequest {
    /// Parses a body: `search` and the report's parameters as members, of which null counts as left out. Unknown
    /// members are ignored. No error repeats anything of the body.
    ///
    /// # Errors
    /// [`SearchError`]
    pub fn parse(body: &[u8]) -> Result<Self, SearchError> {
        let value = strict_json::parse(body).map_err(|_| SearchError::NotJson)?;
        let members = value.as_object().ok_or(SearchError::NoSearch)?;
        let search = members.get("search").and_then(Value::as_str);
        let is_search = |text: &&str| (SEARCH_CHARACTERS_MIN..=SEARCH_CHARACTERS_MAX).contains(&text.chars().count());
        let search = search.filter(is_search).ok_or(SearchError::NoSearch)?;
        let given = members.iter().filter(|(_, value)| !value.is_null());
        let pairs = given.map(|(name, value)| (Cow::from(name), Cow::from(text_of(name, value))));
        Ok(Self {
            search: search.to_owned(),
            page: parse_pairs(pairs.collect(), PageRequest::from_parameters)?,
        })
    }
}

/// The text that a parameter has in a query string; an empty one, which no parameter takes, if `value` is of another
/// type than the parameter's.
fn text_of(name: &str, value: &Value) -> String {
    match (name, value) {
        ("page" | "limit", Value::Number(number)) => number.to_string(),
        ("skipThreshold", Value::Bool(flag)) => flag.to_string(),
        ("page" | "limit" | "skipThreshold", _) => String::new(),
        (_, Value::String(text)) => text.clone(),
        _ => String::new(),
    }
}

impl ReportRequest {
    /// Parses the query string of a request for a summary. Unknown parameters are ignored, and so are `page`
    /// and `limit`.
    ///
    /// # Errors
    /// [`QueryError`], which names the parameter and what it takes.
    pub fn parse(query: &str) -> Result<Self, QueryError> {
        parse(query, Self::from_parameters)
    }

    fn from_parameters(parameters: &mut Parameters<'_>) -> Self {
        Self {
            filter: RowFilter {
                category: parameters.get("category", one_of(Category::VARIANTS), |text| {
                    named(Category::VARIANTS, text)
                }),
                channel_type: parameters.get("channelType", characters(CHANNEL_CHARACTERS_MAX), |text| {
                    has_characters(text, CHANNEL_CHARACTERS_MAX)
                }),
                reason: parameters.get("reason", one_of(Reason::VARIANTS), |text| named(Reason::VARIANTS, text)),
                assignee: parameters.get("assignee", characters(ASSIGNEE_CHARACTERS_MAX), |text| {
                    has_characters(text, ASSIGNEE_CHARACTERS_MAX)
                }),
            },
            skip_threshold: parameters.flag("skipThreshold"),
            department_id: parameters.id("departmentId"),
            organization_id: parameters.id("organizationId"),
            // Any text may be the id of a snapshot that has expired; only an empty one cannot.
            snapshot: parameters.get("snapshot", "the snapshotId of an earlier response", |text| {
                (!text.is_empty()).then(|| text.to_owned())
            }),
        }
    }
}

fn separator(parameters: &mut Parameters<'_>) -> Separator {
    let separator = parameters.get("separator", one_of(Separator::VARIANTS), |text| {
        named(Separator::VARIANTS, text)
    });
    separator.unwrap_or_default()
}

/// The value with this name.
fn named<T: Copy + Into<&'static str>>(values: &[T], text: &str) -> Option<T> {
    values.iter().copied().find(|value| Into::<&str>::into(*value) == text)
}

/// What a text takes, written only if it is wrong.
fn characters(max: usize) -> impl Display {
    fmt::from_fn(move |formatter| write!(formatter, "1 to {max} characters"))
}

fn has_characters(text: &str, max: usize) -> Option<String> {
    (1..=max).contains(&text.chars().count()).then(|| text.to_owned())
}

/// `a, b or c`, written only if the value is none of them.
fn one_of<T: Copy + Into<&'static str>>(values: &[T]) -> impl Display {
    fmt::from_fn(|formatter| {
        for (index, value) in values.iter().enumerate() {
            let separator = match index {
                0 => "",
                _ if index + 1 == values.len() => " or ",
                _ => ", ",
            };
            formatter.write_str(separator)?;
            formatter.write_str((*value).into())?;
        }
        Ok(())
    })
}

/// An integer from 1 to `max`, in digits alone.
fn integer(parameters: &mut Parameters<'_>, name: &'static str, max: u64) -> Option<u64> {
    parameters.get(name, format_args!("a whole number from 1 to {max}"), |text| {
        let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| is_digits)?;
        (1..=max).contains(&number).then_some(number)
    })
}

#[cfg(test)]
mod tests {
    use super::{CsvRequest, PageRequest, ReportRequest, SearchRequest, TrendRequest};
    use crate::conversation::category::Category;
    use crate::report::csv::Separator;
    use strum::VariantArray;

    fn check(query: &str, error: Option<&str>) {
        let found = PageRequest::parse(query).err().map(|error| error.to_string());
        assert_eq!(found.as_deref(), error, "{query}");
    }

    #[test]
    fn a_search_takes_the_parameters_as_members() {
        let body = r#"{"search":"jo","page":2,"limit":3,"category":"snoozed","skipThreshold":true,"departmentId":"d",
                       "organizationId":null,"channelType":"sms","unknown":[{}]}"#;
        let found = SearchRequest::parse(body.as_bytes()).unwrap();
        let query = "page=2&limit=3&category=snoozed&skipThreshold=true&departmentId=d&channelType=sms";
        assert_eq!(found.page, PageRequest::parse(query).unwrap());
        assert_eq!(found.search, "jo");
        let error = |body: &str| SearchRequest::parse(body.as_bytes()).unwrap_err().to_string();
        for text in [
            "\"j\"",
            "\"\"",
            "null",
            "12",
            "[\"jo\"]",
            &format!("\"{}\"", "é".repeat(65)),
        ] {
            let message = "The body must be a JSON object whose search is a text of 2 to 64 characters.";
            assert_eq!(error(&format!("{{\"search\":{text}}}")), message, "{text}");
        }
        assert!(SearchRequest::parse(format!("{{\"search\":\"{}\"}}", "é".repeat(64)).as_bytes()).is_ok());
        for body in [
            "",
            "{",
            "{\"search\":\"secret\",\"search\":\"secret\"}",
            "{\"search\":\"secret\"} x",
        ] {
            assert_eq!(error(body), "The body is not valid JSON.");
        }
        for (member, message) in [
            (
                r#""page":"1""#,
                "page must be a whole number from 1 to 9007199254740991.",
            ),
            (r#""page":0"#, "page must be a whole number from 1 to 9007199254740991."),
            (r#""limit":1.0"#, "limit must be a whole number from 1 to 100."),
            (r#""limit":[1]"#, "limit must be a whole number from 1 to 100."),
            (r#""skipThreshold":"true""#, "skipThreshold must be true or false."),
            (
                r#""snapshot":1"#,
                "snapshot must be the snapshotId of an earlier response.",
            ),
            (r#""assignee":{}"#, "assignee must be 1 to 512 characters."),
        ] {
            assert_eq!(error(&format!("{{\"search\":\"jo\",{member}}}")), message);
        }
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
        for category in Category::VARIANTS {
            check(&format!("category={}", category.as_str()), None);
        }
        let category = "category must be ai_stuck, agent_abandoned, unassigned, snoozed or acknowledged.";
        for value in ["", "AI_STUCK", "ai_stuck,snoozed"] {
            check(&format!("category={value}"), Some(category));
        }
        check("channelType=sms&reason=no_reply&assignee=Jane%20Doe", None);
        check(
            &format!("channelType={}&assignee={}", "é".repeat(64), "é".repeat(512)),
            None,
        );
        for value in [String::new(), "é".repeat(65)] {
            check(
                &format!("channelType={value}"),
                Some("channelType must be 1 to 64 characters."),
            );
        }
        for value in [String::new(), "é".repeat(513)] {
            check(
                &format!("assignee={value}"),
                Some("assignee must be 1 to 512 characters."),
            );
        }
        let reason = "reason must be reply_failed, reply_queued, handoff_not_completed, no_reply, only_private_note, \
                      assignee_missing, no_reply_since_takeover, no_reply_to_follow_up, passed_back_and_forth or \
                      nobody_assigned.";
        for value in ["", "No_reply", "x"] {
            check(&format!("reason={value}"), Some(reason));
        }
        check("skipThreshold=1", Some("skipThreshold must be true or false."));
        check("skipThreshold", Some("skipThreshold must be true or false."));
        let id = "an id of 1 to 128 characters without control characters.";
        check("departmentId=", Some(&format!("departmentId must be {id}")));
        check("organizationId=%00", Some(&format!("organizationId must be {id}")));
        check(
            "snapshot=",
            Some("snapshot must be the snapshotId of an earlier response."),
        );
        check("limit=5&limit=5", Some("limit must be given at most once."));
        let separator = |query: &str| CsvRequest::parse(query).map(|request| request.separator);
        assert_eq!(separator("page=0"), Ok(Separator::Comma));
        for (name, expected) in ["comma", "semicolon", "tab"].iter().zip(Separator::VARIANTS) {
            assert_eq!(separator(&format!("separator={name}")), Ok(*expected));
        }
        for value in ["", ",", "Comma"] {
            let message = separator(&format!("separator={value}")).unwrap_err().to_string();
            assert_eq!(message, "separator must be comma, semicolon or tab.");
        }
        assert!(ReportRequest::parse("page=0&limit=0&limit=1").is_ok());
        let days = |query: &str| TrendRequest::parse(query, false).map(|request| request.days);
        assert_eq!(
            [days("separator=x&page=0"), days("days=1"), days("days=30")],
            [Ok(1), Ok(1), Ok(30)]
        );
        for value in ["", "0", "31", "1.0", "week"] {
            let message = days(&format!("days={value}")).unwrap_err().to_string();
            assert_eq!(message, "days must be a whole number from 1 to 30.");
        }
        assert!(TrendRequest::parse("separator=x", true).is_err());
        assert!(ReportRequest::parse("page=0&category=x").is_err());
        check("page=1&p%61ge=1", Some("page must be given at most once."));
    }
}
