//! An organization's settings. Only their route changes them; no event does.

use crate::auth::access::OrganizationId;
use crate::base::timestamp::Timestamp;
use crate::directory::settings_change::{Change, SettingsChange, SettingsError};
use crate::directory::sql;
use crate::report::context::ReportContext;
use crate::report::error::ReportError;
use crate::report::head::{STALE_MAX_MS, change_and_read_head};
use crate::report::resolved::to_json;
use crate::snapshot::settings::{Settings, Thresholds};
use crate::storage::database::{Database, SqlValue, Statement};
use serde::Serialize;

/// How long settings are kept after they were superseded: as long as a superseded version, and as long as an isolate
/// may hand out ids that name them from a stale head.
const SUPERSEDED_KEPT_MS: i64 = 2 * STALE_MAX_MS;

/// Why settings were not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The change does not go together with the settings that stay.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The settings could not be read or written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

/// The settings of an organization, as they are answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationSettings {
    /// The organization.
    pub organization_id: String,
    /// Its settings.
    #[serde(flatten)]
    pub settings: Settings,
}

/// Reads the settings of an organization as the primary database has them now.
///
/// # Errors
/// [`ReportError::OrganizationNotFound`], [`ReportError::Unavailable`], [`ReportError::Corrupt`].
pub async fn read_settings<D: Database, C>(
    context: &ReportContext<'_, D, C>,
    organization: &OrganizationId,
    now: Timestamp,
) -> Result<OrganizationSettings, ReportError> {
    change_and_read(context, organization, Vec::new(), now).await
}

/// Changes the settings of an organization, if they go together then. Reports of this isolate use them at once, those
/// of others as soon as they have read the head again.
///
/// # Errors
/// [`SettingsError::UnknownTimeZone`], [`SettingsError::OutOfReach`]; those of [`read_settings`];
/// [`ReportError::Corrupt`] if thresholds cannot be written as JSON, which does not happen.
pub async fn change_settings<D: Database, C>(
    context: &ReportContext<'_, D, C>,
    organization: &OrganizationId,
    change: &SettingsChange,
    now: Timestamp,
) -> Result<OrganizationSettings, ChangeError> {
    // Without business hours everything goes together.
    if change.business_hours != Change::Reset {
        let current = read_settings(context, organization, now).await?;
        change.check(&current.settings, context.calendar_of, now)?;
    }
    let statements = change.statements(organization, now)?;
    Ok(change_and_read(context, organization, statements, now).await?)
}

async fn change_and_read<D: Database, C>(
    context: &ReportContext<'_, D, C>,
    organization: &OrganizationId,
    changes: Vec<Statement>,
    now: Timestamp,
) -> Result<OrganizationSettings, ReportError> {
    let head = change_and_read_head(context, organization, changes, now).await?;
    Ok(OrganizationSettings {
        organization_id: organization.as_str().to_owned(),
        settings: Settings::clone(&head.settings),
    })
}

impl SettingsChange {
    /// The statements that make the change. The threshold is stored by itself; everything else gets a new number.
    fn statements(&self, organization: &OrganizationId, now: Timestamp) -> Result<Vec<Statement>, ReportError> {
        let id = || SqlValue::from(organization.as_str());
        let mut statements = Vec::new();
        if self.threshold_minutes != Change::Keep {
            let [_, threshold] = parameters(&self.threshold_minutes, |minutes| Ok(SqlValue::Integer(*minutes)))?;
            statements.push(Statement::new(sql::SET_THRESHOLD, [id(), threshold]));
        }
        let map = |thresholds: &Thresholds| {
            if thresholds.is_empty() {
                return Ok(SqlValue::Null);
            }
            json_text(thresholds)
        };
        let channels = parameters(&self.channel_threshold_minutes, map)?;
        let departments = parameters(&self.department_threshold_minutes, map)?;
        let max_age = parameters(&self.max_age_days, |days| Ok(SqlValue::Integer(*days)))?;
        let hours = parameters(&self.business_hours, |hours| json_text(&**hours))?;
        let stays = [SqlValue::Integer(0), SqlValue::Null];
        let numbered = [channels, departments, max_age, hours];
        if numbered.iter().any(|change| *change != stays) {
            let changes = numbered.into_iter().flatten();
            let parameters: Vec<SqlValue> = [id()].into_iter().chain(changes).collect();
            statements.push(Statement::new(sql::ADD_SETTINGS, parameters));
            let superseded_at = SqlValue::Integer(now.as_milliseconds());
            statements.push(Statement::new(sql::SUPERSEDE_SETTINGS, [id(), superseded_at]));
            let until = SqlValue::Integer(now.minus(SUPERSEDED_KEPT_MS).as_milliseconds());
            statements.push(Statement::new(sql::REMOVE_SUPERSEDED_SETTINGS, [id(), until]));
        }
        Ok(statements)
    }
}

fn json_text<T: Serialize>(setting: &T) -> Result<SqlValue, ReportError> {
    to_json(setting).map(SqlValue::Text)
}

/// Two parameters of a statement: whether a setting changes, and its value. The default is null.
fn parameters<T>(
    change: &Change<T>,
    value: impl FnOnce(&T) -> Result<SqlValue, ReportError>,
) -> Result<[SqlValue; 2], ReportError> {
    Ok(match change {
        Change::Keep => [SqlValue::Integer(0), SqlValue::Null],
        Change::Reset => [SqlValue::Integer(1), SqlValue::Null],
        Change::Set(set) => [SqlValue::Integer(1), value(set)?],
    })
}
