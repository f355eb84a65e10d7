//! An organization's settings: the threshold, in minutes. They belong to their route alone; no event changes them.

use crate::api::error::ApiError;
use crate::auth::access::OrganizationId;
use crate::base::id::is_id;
use crate::base::strict_json;
use crate::base::strict_json::push_text;
use crate::http::path;
use serde_json::Value;
use std::fmt::Write;

/// The most bytes of a request's body.
pub const BODY_BYTES_MAX: usize = 4 * 1024;
/// The greatest threshold, in minutes: a week.
pub const THRESHOLD_MINUTES_MAX: i64 = 7 * 24 * 60;

const PATH_BEFORE_ID: &str = "/api/organizations/";
const PATH_AFTER_ID: &str = "/autopilot-monitor-settings";

/// The organization that a path names, as it is written there; none where it is no path of settings.
#[must_use]
pub fn segment_of_path(path: &str) -> Option<&str> {
    let segment = path.strip_prefix(PATH_BEFORE_ID)?.strip_suffix(PATH_AFTER_ID)?;
    (!segment.contains('/')).then_some(segment)
}

/// The id that a path's segment stands for: percent-decoded once.
///
/// # Errors
/// [`ApiError::Invalid`] where it stands for none.
pub fn organization_id(segment: &str) -> Result<String, ApiError> {
    path::decode(segment).filter(|id| is_id(id)).ok_or_else(|| {
        let message = "organizationId must be an id of 1 to 128 characters without control characters.";
        ApiError::Invalid(message.to_owned())
    })
}

/// Reads the threshold of a request's body, `{"thresholdMinutes":n}`; other members are ignored.
///
/// # Errors
/// [`ApiError::Invalid`]
pub fn read_threshold(body: &[u8]) -> Result<i64, ApiError> {
    let value =
        strict_json::parse(body).map_err(|error| ApiError::Invalid(format!("The body is not valid JSON: {error}.")))?;
    // A number with a fraction or an exponent is none of `as_i64`, whatever its value.
    value
        .as_object()
        .and_then(|members| members.get("thresholdMinutes"))
        .and_then(Value::as_i64)
        .filter(|minutes| (1..=THRESHOLD_MINUTES_MAX).contains(minutes))
        .ok_or_else(|| {
            let message = "The body must be a JSON object whose thresholdMinutes is an integer from 1 to 10080.";
            ApiError::Invalid(message.to_owned())
        })
}

/// The body of an answer.
#[must_use]
pub fn write(organization: &OrganizationId, threshold_minutes: i64) -> String {
    let mut json = r#"{"success":true,"data":{"organizationId":"#.to_owned();
    push_text(&mut json, Some(organization.as_str()));
    // Writing to a String cannot fail.
    let _ = write!(json, r#","thresholdMinutes":{threshold_minutes}}}}}"#);
    json
}

#[cfg(test)]
mod tests {
    use super::{organization_id, read_threshold, segment_of_path};

    fn check_path(path: &str, id: Option<Result<&str, ()>>) {
        let found = segment_of_path(path).map(|segment| organization_id(segment).map_err(|_| ()));
        assert_eq!(found, id.map(|id| id.map(str::to_owned)), "{path}");
    }

    #[test]
    fn decodes_the_id_once() {
        let of = |segment: &str| format!("/api/organizations/{segment}/autopilot-monitor-settings");
        check_path(&of("65a0"), Some(Ok("65a0")));
        check_path(&of("a%20b%2Fc+d"), Some(Ok("a b/c+d")));
        check_path(&of("%C3%A9"), Some(Ok("é")));
        check_path(&of("%2541"), Some(Ok("%41")));
        check_path(&of("é"), Some(Ok("é")));
        for bad in [
            "",
            "%",
            "%4",
            "%zz",
            "%+1",
            "%00",
            "%0A",
            "%FF",
            "%C3",
            &"x".repeat(129),
        ] {
            check_path(&of(bad), Some(Err(())));
        }
        check_path(&of("a/b"), None);
        check_path("/api/organizations/autopilot-monitor-settings", None);
        check_path("/api/organizations/a/autopilot-monitor-settings/", None);
    }

    fn check_body(body: &str, minutes: Option<i64>) {
        assert_eq!(read_threshold(body.as_bytes()).ok(), minutes, "{body}");
    }

    #[test]
    fn takes_an_integer_in_its_bounds_and_nothing_like_it() {
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
        assert!(read_threshold(b"{\"thresholdMinutes\":5,\"\xff\":1}").is_err());
    }
}
