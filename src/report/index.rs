//! Reads snapshot indexes: which rows a version has, and all that can be counted of them.

use crate::auth::access::OrganizationId;
use crate::hours::calendar::Calendar;
use crate::report::context::ReportContext;
use crate::report::error::ReportError;
use crate::report::snapshot::Snapshot;
use crate::report::sql;
use crate::snapshot::groups::{Groups, ListedEntries};
use crate::snapshot::index::SnapshotIndex;
use crate::snapshot::query::Listing;
use crate::storage::database::{Database, Row, SqlValue, Statement, rows_of};
use std::rc::Rc;

/// The index of a version, and where it comes from.
#[derive(Debug, Default)]
pub struct LoadedIndex {
    /// The index.
    pub index: Rc<SnapshotIndex>,
    /// Whether the database was asked for it.
    pub is_from_database: bool,
}

/// The part of an index that a request is about. The default has no entries.
#[derive(Debug, Default)]
pub struct SelectedIndex {
    /// The index.
    pub index: Rc<SnapshotIndex>,
    /// Its entries under the settings of the snapshot.
    pub groups: Rc<Groups>,
    /// Which of them are listed, or all.
    pub listed: ListedEntries,
    /// The business hours of the organization, if it has any, for the time since the oldest entry.
    pub calendar: Option<Rc<Calendar>>,
    /// Whether the database was asked for the index.
    pub is_from_database: bool,
}

impl SelectedIndex {
    /// What can be asked of it.
    #[must_use]
    pub fn listing(&self) -> Listing<'_> {
        Listing {
            index: &self.index,
            groups: &self.groups,
            listed: &self.listed,
            among: None,
        }
    }
}

/// The index of a version, from memory or from the database.
///
/// # Errors
/// [`ReportError::SnapshotExpired`] if the version is no longer stored; [`ReportError::Unavailable`].
pub async fn load_index<D: Database, C>(
    context: &ReportContext<'_, D, C>,
    organization: &OrganizationId,
    version: i64,
) -> Result<LoadedIndex, ReportError> {
    if let Some(index) = cached_index(context, organization, version) {
        context.trace.source("index", "memory");
        return Ok(LoadedIndex {
            index,
            is_from_database: false,
        });
    }
    context.trace.source("index", "d1");
    let statement = Statement::new(
        sql::INDEX,
        [SqlValue::from(organization.as_str()), SqlValue::Integer(version)],
    );
    let [chunks] = rows_of(context.database.batch(vec![statement]).await?)?;
    if chunks.is_empty() {
        return Err(ReportError::SnapshotExpired);
    }
    Ok(LoadedIndex {
        index: cache_index(context, organization, version, &chunks)?,
        is_from_database: true,
    })
}

/// The index of a version, if it is in memory.
pub fn cached_index<D, C>(
    context: &ReportContext<'_, D, C>,
    organization: &OrganizationId,
    version: i64,
) -> Option<Rc<SnapshotIndex>> {
    context.isolate_cache.borrow_mut().index(organization, version)
}

/// The part of the index of a snapshot's version that a request is about, if the index was in memory.
pub fn selected_of<D, C>(
    context: &ReportContext<'_, D, C>,
    organization: &OrganizationId,
    snapshot: &Snapshot,
    index: Rc<SnapshotIndex>,
    skip_threshold: bool,
) -> SelectedIndex {
    let groups = groups_of(context, organization, snapshot, &index);
    let calendar = calendar_of(context, snapshot, &index);
    let listed = if skip_threshold {
        groups.everything(&index)
    } else {
        groups.listed(&index, snapshot.as_of, calendar.as_deref())
    };
    SelectedIndex {
        index,
        groups,
        listed,
        calendar,
        is_from_database: false,
    }
}

/// The groups of a version under the settings of a snapshot, from memory or computed now.
fn groups_of<D, C>(
    context: &ReportContext<'_, D, C>,
    organization: &OrganizationId,
    snapshot: &Snapshot,
    index: &SnapshotIndex,
) -> Rc<Groups> {
    let mut cache = context.isolate_cache.borrow_mut();
    let Snapshot {
        version, settings_id, ..
    } = *snapshot;
    cache.groups(organization, version, settings_id).unwrap_or_else(|| {
        let groups = Rc::new(Groups::new(index, &snapshot.settings));
        cache.put_groups(organization, version, settings_id, Rc::clone(&groups));
        groups
    })
}

/// The business hours under the settings of a snapshot, for ages of the entries of its version.
fn calendar_of<D, C>(
    context: &ReportContext<'_, D, C>,
    snapshot: &Snapshot,
    index: &SnapshotIndex,
) -> Option<Rc<Calendar>> {
    let Snapshot { settings, as_of, .. } = snapshot;
    let earliest = index.earliest().unwrap_or(*as_of);
    let calendar = settings.calendar(context.calendar_of, earliest, *as_of);
    if calendar.is_none() && settings.business_hours.is_some() {
        context
            .trace
            .warn("the time zone of business hours is not known".to_owned());
    }
    calendar
}

/// Caches the index of a version; `chunks` are rows of one column, in order.
///
/// # Errors
/// [`ReportError::Unavailable`] if the list cannot be read.
pub fn cache_index<D, C>(
    context: &ReportContext<'_, D, C>,
    organization: &OrganizationId,
    version: i64,
    chunks: &[Row],
) -> Result<Rc<SnapshotIndex>, ReportError> {
    let texts = chunks.iter().map(|row| row.text(0)).collect::<Result<Vec<_>, _>>()?;
    // Another version of the service has written it. The next refresh publishes it again.
    let unreadable = |error: serde_json::Error| ReportError::Unavailable(format!("version {version}: {error}"));
    let index = SnapshotIndex::from_chunks(texts).map_err(unreadable)?;
    let index = Rc::new(index);
    context
        .isolate_cache
        .borrow_mut()
        .put_index(organization, version, Rc::clone(&index));
    Ok(index)
}
