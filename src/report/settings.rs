//! Reads settings that are stored.

use crate::auth::access::OrganizationId;
use crate::base::strict_json::Object;
use crate::hours::business_hours::BusinessHours;
use crate::report::context::ReportContext;
use crate::report::error::ReportError;
use crate::report::sql;
use crate::snapshot::settings::{MAX_AGE_DAYS_DEFAULT, Settings, THRESHOLD_MINUTES_DEFAULT, Thresholds};
use crate::storage::database::{Database, DatabaseError, Row, SqlValue, Statement, rows_of};
use serde_json::Value;
use std::rc::Rc;

/// The settings of an organization that have a number, in force or superseded. Their threshold is the default, because
/// it has no number.
///
/// # Errors
/// [`ReportError::SnapshotExpired`] if they are no longer stored; [`ReportError::Unavailable`];
/// [`ReportError::Corrupt`].
pub async fn read_settings<D: Database, C>(
    context: &ReportContext<'_, D, C>,
    organization: &OrganizationId,
    number: i64,
) -> Result<Rc<Settings>, ReportError> {
    if number == 0 {
        return Ok(Rc::default());
    }
    if let Some(settings) = context.isolate_cache.borrow_mut().settings(organization, number) {
        return Ok(settings);
    }
    let statement = Statement::new(
        sql::SETTINGS,
        [SqlValue::from(organization.as_str()), SqlValue::Integer(number)],
    );
    let [rows] = rows_of(context.database.batch_at_primary(vec![statement]).await?)?;
    let row = rows.first().ok_or(ReportError::SnapshotExpired)?;
    let settings = Rc::new(decode_settings(row, 0)?);
    let mut cache = context.isolate_cache.borrow_mut();
    cache.put_settings(organization, number, Rc::clone(&settings));
    Ok(settings)
}

/// The settings in force, from the column of the organization's threshold and the four that begin at `first`.
///
/// # Errors
/// As [`decode_settings`].
pub fn settings_in_force(row: &Row, threshold: usize, first: usize) -> Result<Settings, DatabaseError> {
    let mut settings = decode_settings(row, first)?;
    settings.threshold_minutes = row.optional_integer(threshold)?.unwrap_or(THRESHOLD_MINUTES_DEFAULT);
    Ok(settings)
}

/// Settings from the four columns that begin at `first`: thresholds by channel and by department, the age limit, and
/// the business hours.
///
/// # Errors
/// [`DatabaseError::Decode`] if they are not what the settings route writes.
fn decode_settings(row: &Row, first: usize) -> Result<Settings, DatabaseError> {
    let thresholds = |column: usize| -> Result<Thresholds, DatabaseError> {
        let members = serde_json::from_str::<Object>(row.optional_text(column)?.unwrap_or("{}"));
        let thresholds = Thresholds::from_members(&members.unwrap_or_default(), &|_, minutes| minutes.as_i64());
        thresholds.ok_or(DatabaseError::Decode(
            "stored thresholds are not a JSON object of numbers",
        ))
    };
    let hours = row.optional_text(first + 3)?.map(|text| {
        let hours = serde_json::from_str::<Value>(text).ok();
        hours.and_then(|hours| BusinessHours::parse(&hours).ok()).map(Rc::new)
    });
    let unreadable = DatabaseError::Decode("stored business hours are not what the settings route takes");
    Ok(Settings {
        channel_threshold_minutes: thresholds(first)?,
        department_threshold_minutes: thresholds(first + 1)?,
        max_age_days: row.optional_integer(first + 2)?.unwrap_or(MAX_AGE_DAYS_DEFAULT),
        business_hours: hours.map(|hours| hours.ok_or(unreadable)).transpose()?,
        ..Settings::default()
    })
}
