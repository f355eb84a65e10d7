//! An organization's settings: the threshold. Only their route changes them; no event does.

use crate::auth::access::OrganizationId;
use crate::base::strict_json;
use crate::base::timestamp::Timestamp;
use crate::report::context::ReportContext;
use crate::report::error::ReportError;
use crate::report::head::change_and_read_head;
use crate::storage::database::{Database, SqlValue, Statement};
use serde::Serialize;
use serde_json::Value;

/// The most bytes of a request's body.
pub const BODY_BYTES_MAX: usize = 4 * 1024;
/// The greatest threshold, in minutes: a week.
pub const THRESHOLD_MINUTES_MAX: i64 = 7 * 24 * 60;

/// Why a body is not a threshold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThresholdError {
    /// The body is not JSON.
    #[error("The body is not valid JSON: {0}.")]
    NotJson(String),
    /// The body is JSON, but does not have a threshold.
    #[error("The body must be a JSON object whose thresholdMinutes is an integer from 1 to {THRESHOLD_MINUTES_MAX}.")]
    NotThreshold,
}

/// The settings of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// The organization.
    pub organization_id: String,
    /// A conversation is in the report once its answer is overdue for so long.
    pub threshold_minutes: i64,
}

/// Parses the threshold in a request's body, `{"thresholdMinutes":n}`. Other members are ignored.
///
/// # Errors
/// [`ThresholdError`]
pub fn parse_threshold(body: &[u8]) -> Result<i64, ThresholdError> {
    let value = strict_json::parse(body).map_err(|error| ThresholdError::NotJson(error.to_string()))?;
    // A number with a fraction or an exponent is not an i64, whatever its value.
    value
        .as_object()
        .and_then(|members| members.get("thresholdMinutes"))
        .and_then(Value::as_i64)
        .filter(|minutes| (1..=THRESHOLD_MINUTES_MAX).contains(minutes))
        .ok_or(ThresholdError::NotThreshold)
}

/// Reads the settings of an organization as the primary database has them now.
///
/// # Errors
/// [`ReportError::OrganizationNotFound`], [`ReportError::Unavailable`], [`ReportError::Corrupt`].
pub async fn read_settings<D: Database, C>(
    context: &ReportContext<'_, D, C>,
    organization: &OrganizationId,
    now: Timestamp,
) -> Result<Settings, ReportError> {
    change_and_read(context, organization, None, now).await
}

/// Sets the threshold of an organization. Reports of this isolate use it at once, those of others as soon as they have read
/// the head again.
///
/// # Errors
/// As [`read_settings`].
pub async fn write_threshold<D: Database, C>(
    context: &ReportContext<'_, D, C>,
    organization: &OrganizationId,
    threshold_minutes: i64,
    now: Timestamp,
) -> Result<Settings, ReportError> {
    let parameters = [
        SqlValue::from(organization.as_str()),
        SqlValue::Integer(threshold_minutes),
    ];
    let statement = Statement::new(include_str!("sql/set_threshold.sql"), parameters);
    change_and_read(context, organization, Some(statement), now).await
}

async fn change_and_read<D: Database, C>(
    context: &ReportContext<'_, D, C>,
    organization: &OrganizationId,
    change: Option<Statement>,
    now: Timestamp,
) -> Result<Settings, ReportError> {
    let head = change_and_read_head(context, organization, change, now).await?;
    Ok(Settings {
        organization_id: organization.as_str().to_owned(),
        threshold_minutes: head.threshold_minutes,
    })
}

#[cfg(test)]
mod tests {
    use super::parse_threshold;

    fn check_body(body: &str, minutes: Option<i64>) {
        assert_eq!(parse_threshold(body.as_bytes()).ok(), minutes, "{body}");
    }

    #[test]
    fn takes_an_integer_within_its_limits_and_nothing_like_it() {
        check_body(r#"{"thresholdMinutes":1}"#, Some(1));
        check_body(r#" {"other":[{}],"thresholdMinutes" : 10080 } "#, Some(10_080));
        for bad in [
            "0",
            "-1",
            "-0",
            "10081",
            "1.0",
            "5e0",
            "1.5",
            "\"5\"",
            "null",
            "true",
            "[5]",
            "{}",
            "05",
            "+5",
            "",
            "99999999999999999999",
        ] {
            check_body(&format!("{{\"thresholdMinutes\":{bad}}}"), None);
        }
        check_body(r#"{"thresholdMinutes":5,"thresholdMinutes":5}"#, None);
        check_body(r#"{"thresholdMinutes":5,"x":1,"x":1}"#, None);
        check_body(r#"{"thresholdminutes":5}"#, None);
        check_body(r#"{"thresholdMinutes":5} x"#, None);
        check_body("5", None);
        check_body("[5]", None);
        check_body("", None);
        assert!(parse_threshold(b"{\"thresholdMinutes\":5,\"\xff\":1}").is_err());
    }
}
