//! The destinations of an organization, as its administrators see and set them.

use crate::alert::detect::PAUSE_MS;
use crate::alert::sql;
use crate::auth::access::OrganizationId;
use crate::base::id::is_id;
use crate::base::strict_json::{self, Object, whole_number};
use crate::base::timestamp::Timestamp;
use crate::conversation::category::Category;
use crate::report::error::ReportError;
use crate::storage::database::{Database, Row, SqlValue, Statement};
use serde_json::{Value, json};
use strum::VariantArray;

/// The most bytes of a request's body.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// The most destinations of an organization.
pub const DESTINATIONS_MAX: usize = 10;
/// The most characters of a destination's id.
pub const DESTINATION_ID_CHARACTERS_MAX: usize = 64;
/// The most departments that a destination can be limited to.
pub const DEPARTMENTS_MAX: usize = 100;
/// The longest time that a destination lets pass before it is told, in minutes: a week.
pub const AFTER_MINUTES_MAX: i64 = 7 * 24 * 60;

/// The format of messages that are signed.
const SIGNED_FORMAT: &str = "standard-webhooks";
const FORMATS: [&str; 3] = [SIGNED_FORMAT, "slack", "teams"];
const MEMBERS: [&str; 8] = [
    "id",
    "url",
    "secret",
    "format",
    "categories",
    "departmentIds",
    "afterMinutes",
    "enabled",
];

/// The destinations that an organization is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertsChange {
    destinations: Vec<Destination>,
}

/// Why destinations are not set: a sentence that says which member is wrong, and what it takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DestinationsError(pub String);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Destination {
    id: String,
    /// `[id, format, categories, departments, after minutes, whether it is enabled]`, as `put_alerts.sql` takes it.
    row: Value,
    is_signed: bool,
    /// Null means that the stored one stays.
    url: Value,
    /// A text, or an array of texts. Null means that the stored one stays.
    secret: Value,
}

/// Parses a request's body.
///
/// # Errors
/// [`DestinationsError`]
pub fn parse_change(body: &[u8]) -> Result<AlertsChange, DestinationsError> {
    let value = strict_json::parse(body);
    let value = value.map_err(|error| DestinationsError(format!("The body is not valid JSON: {error}.")))?;
    let members = value.as_object().filter(|members| members.len() == 1);
    let list = members.and_then(|members| members.get("destinations")?.as_array());
    let list = list.filter(|list| list.len() <= DESTINATIONS_MAX).ok_or_else(|| {
        DestinationsError(format!(
            "The body must be a JSON object whose only member destinations is an array of at most {DESTINATIONS_MAX}."
        ))
    })?;
    let mut destinations: Vec<Destination> = Vec::new();
    for (index, item) in list.iter().enumerate() {
        let wrong = |problem: String| DestinationsError(format!("destinations[{index}]{problem}."));
        let destination = destination(item).map_err(wrong)?;
        if destinations.iter().any(|other| other.id == destination.id) {
            return Err(wrong(".id is that of another destination".to_owned()));
        }
        destinations.push(destination);
    }
    Ok(AlertsChange { destinations })
}

/// The error goes between the destination's place in the body and a full stop.
fn destination(item: &Value) -> Result<Destination, String> {
    let members = item.as_object();
    let members = members.filter(|members| members.keys().all(|name| MEMBERS.contains(&name.as_str())));
    let members =
        members.ok_or_else(|| format!(" must be an object with no other members than {}", MEMBERS.join(", ")))?;
    let member = |name: &str| members.get(name).unwrap_or(&Value::Null);
    let id = text(members, "id").filter(|id| is_destination_id(id)).ok_or_else(|| {
        format!(".id must be a text of 1 to {DESTINATION_ID_CHARACTERS_MAX} letters, digits, - and _")
    })?;
    let format = text(members, "format").filter(|format| FORMATS.contains(format));
    let format = format.ok_or(".format must be standard-webhooks, slack or teams")?;
    let names = Category::VARIANTS.iter().map(|category| category.as_str());
    let is_category = |name: &str| names.clone().any(|category| category == name);
    if !is_list(member("categories"), Category::VARIANTS.len(), &is_category) {
        let names: Vec<&str> = names.collect();
        return Err(format!(
            ".categories must be an array of some of {}, each once",
            names.join(", ")
        ));
    }
    let departments = member("departmentIds");
    if !departments.is_null() && !is_list(departments, DEPARTMENTS_MAX, &is_id) {
        return Err(format!(
            ".departmentIds must be null, or an array of 1 to {DEPARTMENTS_MAX} ids, each once"
        ));
    }
    let after = whole_number(member("afterMinutes"));
    let is_after = after.is_some_and(|after| (1..=AFTER_MINUTES_MAX as u64).contains(&after));
    if !member("afterMinutes").is_null() && !is_after {
        return Err(format!(
            ".afterMinutes must be null, or an integer from 1 to {AFTER_MINUTES_MAX}"
        ));
    }
    let enabled = member("enabled");
    if !enabled.is_null() && !enabled.is_boolean() {
        return Err(".enabled must be true or false".to_owned());
    }
    if !member("url").is_null() && !member("url").is_string() {
        return Err(".url must be a text".to_owned());
    }
    let is_signed = format == SIGNED_FORMAT;
    if !is_signed && !member("secret").is_null() {
        return Err(format!(".secret is only for the format {SIGNED_FORMAT}"));
    }
    Ok(Destination {
        id: id.to_owned(),
        row: json!([id, format, member("categories"), departments, after, *enabled != false]),
        is_signed,
        url: member("url").clone(),
        secret: member("secret").clone(),
    })
}

fn text<'a>(members: &'a Object, name: &str) -> Option<&'a str> {
    members.get(name)?.as_str()
}

/// Whether a text may be the id of a destination.
#[must_use]
pub fn is_destination_id(id: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=DESTINATION_ID_CHARACTERS_MAX).contains(&id.len()) && id.bytes().all(is_allowed)
}

/// Whether a value is an array of 1 to `count_max` different texts that are `wanted`.
fn is_list(value: &Value, count_max: usize, wanted: &dyn Fn(&str) -> bool) -> bool {
    value.as_array().is_some_and(|items| {
        let is_new = |(index, item): (usize, &Value)| !items.iter().take(index).any(|other| other == item);
        (1..=count_max).contains(&items.len())
            && items.iter().all(|item| item.as_str().is_some_and(wanted))
            && items.iter().enumerate().all(is_new)
    })
}

impl AlertsChange {
    /// Checks what depends on the destinations that there are: a new one needs an address, and one whose messages are
    /// to be signed needs a secret.
    ///
    /// # Errors
    /// As [`parse_change`].
    pub fn check(&self, current: &Alerts) -> Result<(), DestinationsError> {
        for (index, destination) in self.destinations.iter().enumerate() {
            let wrong = |problem: String| Err(DestinationsError(format!("destinations[{index}]{problem}.")));
            let stored = current.row(&destination.id);
            if stored.is_none() && destination.url.is_null() {
                return wrong(".url is required, because the destination is new".to_owned());
            }
            let has_secret = stored.is_some_and(|row| row.optional_text(3).is_ok_and(|sealed| sealed.is_some()));
            if destination.is_signed && destination.secret.is_null() && !has_secret {
                return wrong(format!(".secret is required for the format {SIGNED_FORMAT}"));
            }
        }
        Ok(())
    }

    /// What is to be encrypted, as JSON: `[[id, url or null, secret or null], …]`.
    #[must_use]
    pub fn secrets(&self) -> String {
        let secrets = self.destinations.iter();
        let secrets = secrets.map(|Destination { id, url, secret, .. }| json!([id, url, secret]));
        Value::Array(secrets.collect()).to_string()
    }
}

/// The destinations of an organization.
#[derive(Debug, Clone)]
pub struct Alerts {
    rows: Vec<Row>,
}

/// The format of a destination's messages, with its address and its secrets, which are encrypted.
#[derive(Debug, Clone, Copy)]
pub struct Sealed<'a> {
    /// How messages are written.
    pub format: &'a str,
    /// The address.
    pub url: &'a str,
    /// The secrets. `None` means that messages are not signed.
    pub secrets: Option<&'a str>,
}

/// Reads the destinations of an organization.
///
/// # Errors
/// [`ReportError::OrganizationNotFound`], [`ReportError::Unavailable`].
pub async fn read_alerts<D: Database>(database: &D, organization: &OrganizationId) -> Result<Alerts, ReportError> {
    change_and_read(database, organization, Vec::new()).await
}

/// Sets the destinations of an organization. `sealed` is what became of [`AlertsChange::secrets`]: JSON,
/// `[[sealed address, host, end of the address, sealed secrets], …]` in the order of the destinations; null means that
/// it stays.
///
/// # Errors
/// As [`read_alerts`].
pub async fn put_alerts<D: Database>(
    database: &D,
    organization: &OrganizationId,
    change: &AlertsChange,
    sealed: String,
    now: Timestamp,
) -> Result<Alerts, ReportError> {
    let rows: Vec<Value> = change
        .destinations
        .iter()
        .map(|destination| destination.row.clone())
        .collect();
    let rows = Value::Array(rows).to_string();
    let id = || SqlValue::from(organization.as_str());
    let remove = Statement::new(sql::REMOVE_ALERTS, [id(), SqlValue::Text(rows.clone())]);
    let [now, next] = [now, now.plus(PAUSE_MS)].map(|instant| instant.as_milliseconds().into());
    let parameters = [id(), rows.into(), sealed.into(), now, next];
    let put = Statement::new(sql::PUT_ALERTS, parameters);
    change_and_read(database, organization, vec![remove, put]).await
}

async fn change_and_read<D: Database>(
    database: &D,
    organization: &OrganizationId,
    mut statements: Vec<Statement>,
) -> Result<Alerts, ReportError> {
    statements.push(Statement::new(sql::LIST_ALERTS, [organization.as_str().into()]));
    let outcome = database.batch(statements).await?.pop().unwrap_or_default();
    if outcome.rows.is_empty() {
        return Err(ReportError::OrganizationNotFound);
    }
    Ok(Alerts { rows: outcome.rows })
}

impl Alerts {
    fn row(&self, id: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.text(0).is_ok_and(|own| own == id))
    }

    /// What `GET /api/organizations/{organizationId}/alerts` answers.
    ///
    /// # Errors
    /// [`ReportError::Corrupt`] if they are not what a `PUT` writes.
    pub fn to_json(&self, organization: &OrganizationId) -> Result<Value, ReportError> {
        let mut list: Vec<Value> = Vec::new();
        // An organization without destinations is a row of nulls.
        for row in self.rows.iter().filter(|row| row.text(0).is_ok()) {
            let shown = serde_json::from_str(row.text(4)?);
            list.push(shown.map_err(|error| ReportError::Corrupt(error.to_string()))?);
        }
        Ok(json!({ "organizationId": organization.as_str(), "destinations": list }))
    }

    /// The format of a destination's messages, with its address and its secrets.
    ///
    /// # Errors
    /// [`ReportError::Corrupt`] if it is not what a `PUT` writes.
    pub fn find(&self, id: &str) -> Result<Option<Sealed<'_>>, ReportError> {
        let Some(row) = self.row(id) else {
            return Ok(None);
        };
        Ok(Some(Sealed {
            format: row.text(1)?,
            url: row.text(2)?,
            secrets: row.optional_text(3)?,
        }))
    }
}
