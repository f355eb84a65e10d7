//! Reads snapshot indexes: which rows a version has, and all that can be counted of them.

use crate::auth::access::OrganizationId;
use crate::report::context::ReportContext;
use crate::report::error::ReportError;
use crate::snapshot::index::SnapshotIndex;
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

/// What a request is about of an index.
#[derive(Debug)]
pub struct SelectedIndex {
    /// The index.
    pub index: Rc<SnapshotIndex>,
    /// How many leading entries of it are considered: those over the threshold, or all.
    pub over_threshold_count: usize,
    /// Whether the database was asked for the index.
    pub is_from_database: bool,
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
    if let Some(index) = context.isolate_cache.borrow_mut().index(organization, version) {
        context.trace.source("outline", "memory");
        return Ok(LoadedIndex {
            index,
            is_from_database: false,
        });
    }
    context.trace.source("outline", "d1");
    let statement = Statement::new(
        include_str!("sql/index.sql"),
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

/// Caches the index of a version; `chunks` are rows of one column, in order.
///
/// # Errors
/// [`ReportError::Corrupt`].
pub fn cache_index<D, C>(
    context: &ReportContext<'_, D, C>,
    organization: &OrganizationId,
    version: i64,
    chunks: &[Row],
) -> Result<Rc<SnapshotIndex>, ReportError> {
    let texts = chunks.iter().map(|row| row.text(0)).collect::<Result<Vec<_>, _>>()?;
    let index = SnapshotIndex::from_chunks(texts).map_err(|error| ReportError::Corrupt(error.to_string()))?;
    let index = Rc::new(index);
    context
        .isolate_cache
        .borrow_mut()
        .put_index(organization, version, Rc::clone(&index));
    Ok(index)
}
