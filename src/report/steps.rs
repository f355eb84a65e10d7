//! The steps that all requests have in common: what a request is about, which entries of the index are listed, and what
//! to answer if the version was removed meanwhile.

use crate::auth::access::ReadAccess;
use crate::base::timestamp::Timestamp;
use crate::report::context::ReportContext;
use crate::report::error::ReportError;
use crate::report::head::{HeadSource, read_head_at_primary, resolve_head};
use crate::report::index::{LoadedIndex, SelectedIndex, load_index, selected_of};
use crate::report::query::ReportFormat;
use crate::report::request::ReportRequest;
use crate::report::resolved::ResolvedReport;
use crate::report::settings::read_settings;
use crate::report::snapshot::NamedSnapshot;
use crate::storage::database::{Database, Statement};
use std::rc::Rc;

/// Step 1: finds out what the request is about. Only the head may have to be read for that; if it is read, so are the
/// rows that `ahead` selects.
///
/// # Errors
/// [`ReportError`]
pub async fn resolve<'a, D: Database, C>(
    context: &ReportContext<'_, D, C>,
    access: &'a ReadAccess,
    request: &ReportRequest,
    format: ReportFormat,
    ahead: Vec<Statement>,
    now: Timestamp,
) -> Result<ResolvedReport<'a>, ReportError> {
    let organization = &access.organization;
    let head = resolve_head(context, organization, ahead, now).await?;
    let Some(id) = &request.snapshot else {
        let newest = head.newest.clone();
        return Ok(ResolvedReport::new(access, request, format, head, newest, now));
    };
    let (head, named) = match NamedSnapshot::from_id(organization, &head.head, id) {
        // Another isolate may have given out the id after this one has read its head, or a replica may be behind.
        Err(_) if head.source != HeadSource::Primary => {
            let head = read_head_at_primary(context, organization, now).await?;
            let named = NamedSnapshot::from_id(organization, &head.head, id)?;
            (head, named)
        }
        named => (head, named?),
    };
    let number = named.settings_id.number;
    let settings = if number == head.head.settings_number {
        Rc::clone(&head.head.settings)
    } else {
        read_settings(context, organization, number).await?
    };
    let snapshot = named.with_settings(id, settings);
    Ok(ResolvedReport::new(access, request, format, head, Some(snapshot), now))
}

/// Step 3: the index of the snapshot's version, and which of its entries are listed.
///
/// # Errors
/// [`ReportError`]
pub async fn select<D: Database, C>(
    context: &ReportContext<'_, D, C>,
    report: &ResolvedReport<'_>,
) -> Result<SelectedIndex, ReportError> {
    let Some(snapshot) = &report.snapshot else {
        return Ok(SelectedIndex::default());
    };
    let organization = &report.access.organization;
    let LoadedIndex {
        index,
        is_from_database,
    } = load_index(context, organization, snapshot.version).await?;
    let skip_threshold = report.skip_threshold();
    Ok(SelectedIndex {
        is_from_database,
        ..selected_of(context, organization, snapshot, index, skip_threshold)
    })
}

/// A version may be removed between reading the head and reading the version. A request that names the snapshot is told
/// so. Any other is answered with 503, and gets the newest snapshot when it is sent again.
///
/// # Errors
/// That of `read`, or [`ReportError::Unavailable`] for it.
pub fn unless_removed<T, D, C>(
    context: &ReportContext<'_, D, C>,
    report: &ResolvedReport<'_>,
    read: Result<T, ReportError>,
) -> Result<T, ReportError> {
    match read {
        Err(ReportError::SnapshotExpired) if report.slot.pin.is_none() => {
            context.isolate_cache.borrow_mut().clear_heads();
            Err(ReportError::Unavailable(
                "the version was removed while it was read".to_owned(),
            ))
        }
        read => read,
    }
}
