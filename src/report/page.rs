//! Reads pages: the rows that a query selects, from the isolate's memory, the shared cache or the database.
//!
//! A page has nothing that changes each minute and nothing of any caller: rows as they were published, each with the
//! people that `hasAccess` is derived from.

use crate::auth::access::OrganizationId;
use crate::base::timestamp::Timestamp;
use crate::report::cache::{CachedPage, Page, PageBasis};
use crate::report::context::ReportContext;
use crate::report::error::ReportError;
use crate::report::index::SelectedIndex;
use crate::report::resolved::{ResolvedReport, to_json};
use crate::report::rows::{PageRow, read_rows};
use crate::snapshot::query::{Paging, RowQuery, Selection};
use crate::storage::database::Database;
use crate::storage::shared_cache::{KeyPrefix, SharedCache};
use serde::Serialize;
use std::rc::Rc;
use xxhash_rust::xxh64::xxh64;

/// How long a page stays in the shared cache. A version is seldom the newest for longer.
const SHARED_SECONDS: u64 = 15 * 60;

/// What tells pages apart, whoever asks for them.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct PageIdentity<'a> {
    /// The database that the version is of.
    pub database_fingerprint: &'a str,
    /// The organization.
    pub organization: &'a OrganizationId,
    /// Which rows are listed.
    pub basis: &'a PageBasis,
    /// Which of these are asked for.
    pub rows: &'a RowQuery,
    /// Which page of them.
    pub paging: Paging,
}

impl PageIdentity<'_> {
    /// What the key of the page in the shared cache is made of.
    ///
    /// # Errors
    /// [`ReportError::Corrupt`] if it cannot be written as JSON, which does not happen.
    pub fn to_json(&self) -> Result<String, ReportError> {
        to_json(self)
    }
}

/// Encodes a page for the shared cache: lines with a checksum, what it is a page of, so that no other page is taken for
/// it, and each of its rows. In one JSON text it would have to be found where each row ends: 38 µs for 25 rows in wasm.
///
/// The checksum is against damage and not against attackers, because only this service writes to the cache. It is
/// XXH64, which takes 1 µs for 25 rows in wasm; SHA-256 would take 48.
#[must_use]
pub fn encode(identity: &str, rows: &[PageRow]) -> String {
    let mut lines = identity.to_owned();
    for row in rows {
        lines.push('\n');
        lines.push_str(row.as_line());
    }
    format!("{}\n{lines}", checksum(&lines))
}

/// Decodes a page from the shared cache. `None` means that it is damaged, is another page, or does not have `row_count`
/// rows.
#[must_use]
pub fn decode(identity: &str, row_count: usize, text: &str) -> Option<Vec<PageRow>> {
    let (first_line, rest) = text.split_once('\n')?;
    if first_line != checksum(rest) {
        return None;
    }
    let rows = rest.strip_prefix(identity)?.strip_prefix('\n')?;
    let mut read = Vec::with_capacity(row_count);
    read.extend(rows.split('\n').map(|line| PageRow::from_line(line.to_owned())));
    (read.len() == row_count).then_some(read)
}

fn checksum(text: &str) -> String {
    format!("{:016x}", xxh64(text.as_bytes(), 0))
}

/// The page that answers a query: `cached`, which answered it last time, if it still does, and otherwise another.
///
/// # Errors
/// [`ReportError::SnapshotExpired`], [`ReportError::Unavailable`], [`ReportError::Corrupt`].
pub async fn read_page<D: Database, C: SharedCache>(
    context: &ReportContext<'_, D, C>,
    report: &ResolvedReport<'_>,
    paging: Paging,
    selected: &SelectedIndex,
    cached: Option<&Rc<CachedPage>>,
    now: Timestamp,
) -> Result<Rc<CachedPage>, ReportError> {
    let Some(snapshot) = &report.snapshot else {
        context.trace.source("page", "empty");
        return Ok(Rc::new(CachedPage::new(
            None,
            &Selection::default(),
            Rc::default(),
            now,
        )));
    };
    // A superseded page is not put into the shared cache: erased rows would stay there for longer than a page does.
    let is_newest = snapshot.version == report.head.version;
    let basis = PageBasis::new(snapshot, &selected.listed);
    let identity = PageIdentity {
        database_fingerprint: &report.head.database_fingerprint,
        organization: &report.access.organization,
        basis: &basis,
        rows: report.rows(),
        paging,
    };
    if let Some(cached) = cached
        && cached.basis.as_ref() == Some(&basis)
    {
        context.trace.source("page", "memory");
        if is_newest {
            share_if_due(context, &identity, cached, now)?;
        }
        return Ok(Rc::clone(cached));
    }
    let selection = selected.listing().select(report.rows(), paging);
    let row_nos: Vec<i64> = selection.rows.iter().map(|row| row.row_no).collect();
    let mut is_shared = false;
    let page = if row_nos.is_empty() {
        context.trace.source("page", "empty");
        Rc::default()
    } else if let Some(cached) = cached.filter(|cached| cached.page.row_nos == row_nos) {
        // Another version with the same rows: a row never changes.
        context.trace.source("page", "memory");
        Rc::clone(&cached.page)
    } else {
        let was_at_database = report.head_source.is_database() || selected.is_from_database;
        let has_memory = context.isolate_cache.borrow().policy.memory_bytes_max > 0;
        let read = if was_at_database && has_memory {
            let known = known_rows(report, cached, &row_nos);
            read_from_database_first(context, &identity, &row_nos, known, is_newest).await?
        } else {
            read_from_shared_cache_first(context, &identity, &row_nos, is_newest).await?
        };
        is_shared = read.is_shared;
        let rows = read.rows;
        Rc::new(Page { row_nos, rows })
    };
    let page = CachedPage::new(Some(basis), &selection, page, now);
    page.is_shared.set(is_shared);
    Ok(Rc::new(page))
}

/// Rows that were not in memory.
struct ReadRows {
    rows: Vec<PageRow>,
    /// Whether the shared cache has the page.
    is_shared: bool,
}

/// The rows that have come together with the head, and those of the cached page: a row never changes.
fn known_rows(report: &ResolvedReport<'_>, cached: Option<&Rc<CachedPage>>, row_nos: &[i64]) -> Vec<Option<PageRow>> {
    let known = |row_no: &i64| {
        let ahead = report.rows_ahead.iter().find(|(ahead, _)| ahead == row_no);
        let in_memory = || {
            let page = &cached?.page;
            page.row_nos
                .iter()
                .zip(&page.rows)
                .find(|(cached, _)| *cached == row_no)
        };
        let row = ahead.map(|(_, row)| row).or_else(|| Some(in_memory()?.1));
        row.cloned()
    };
    row_nos.iter().map(known).collect()
}

/// For a request that has been at the database already: rows take no longer there than in the shared cache, and 25 of
/// them cost a twentieth.
async fn read_from_database_first<D: Database, C: SharedCache>(
    context: &ReportContext<'_, D, C>,
    identity: &PageIdentity<'_>,
    row_nos: &[i64],
    known: Vec<Option<PageRow>>,
    is_newest: bool,
) -> Result<ReadRows, ReportError> {
    match read_from_database(context, identity, row_nos, known, is_newest).await {
        Err(ReportError::Unavailable(cause)) => read_from_shared_cache(context, identity, row_nos.len())
            .await?
            .ok_or(ReportError::Unavailable(cause)),
        read => read,
    }
}

/// For a request that needs nothing else from the database, and for an isolate that caches no pages itself.
async fn read_from_shared_cache_first<D: Database, C: SharedCache>(
    context: &ReportContext<'_, D, C>,
    identity: &PageIdentity<'_>,
    row_nos: &[i64],
    is_newest: bool,
) -> Result<ReadRows, ReportError> {
    match read_from_shared_cache(context, identity, row_nos.len()).await? {
        Some(read) => Ok(read),
        None => read_from_database(context, identity, row_nos, Vec::new(), is_newest).await,
    }
}

async fn read_from_database<D: Database, C: SharedCache>(
    context: &ReportContext<'_, D, C>,
    identity: &PageIdentity<'_>,
    row_nos: &[i64],
    mut known: Vec<Option<PageRow>>,
    is_newest: bool,
) -> Result<ReadRows, ReportError> {
    known.resize(row_nos.len(), None);
    let unknown = row_nos.iter().zip(&known).filter(|(_, row)| row.is_none());
    let unknown: Vec<i64> = unknown.map(|(row_no, _)| *row_no).collect();
    let mut read = if unknown.is_empty() {
        Vec::new()
    } else {
        read_rows(context.database, identity.organization, &unknown).await?
    }
    .into_iter();
    let rows: Vec<PageRow> = known
        .into_iter()
        .filter_map(|row| row.or_else(|| read.next()))
        .collect();
    context.trace.source("page", "d1");
    let policy = context.isolate_cache.borrow().policy;
    let is_shared = is_newest && (policy.memory_bytes_max == 0 || policy.share_after_ms <= 0);
    if is_shared {
        share(context, identity, &rows)?;
    }
    Ok(ReadRows { rows, is_shared })
}

/// The rows in the shared cache. `None` means that it does not have the right ones, or is out of reach.
async fn read_from_shared_cache<D, C: SharedCache>(
    context: &ReportContext<'_, D, C>,
    identity: &PageIdentity<'_>,
    row_count: usize,
) -> Result<Option<ReadRows>, ReportError> {
    let identity = identity.to_json()?;
    let stored = match context.shared_cache.get(&KeyPrefix::PAGE.key(&identity)).await {
        Ok(stored) => stored,
        Err(error) => {
            context.trace.warn(error.to_string());
            None
        }
    };
    let Some(text) = stored else {
        return Ok(None);
    };
    let rows = decode(&identity, row_count, &text);
    match &rows {
        Some(_) => context.trace.source("page", "kv"),
        None => context.trace.warn("a cached page is damaged".to_owned()),
    }
    Ok(rows.map(|rows| ReadRows { rows, is_shared: true }))
}

/// Puts a cached page into the shared cache when it is asked for again after it has stayed the same for long enough:
/// other isolates will probably be asked for it, too, and it will probably still be right.
fn share_if_due<D, C: SharedCache>(
    context: &ReportContext<'_, D, C>,
    identity: &PageIdentity<'_>,
    cached: &CachedPage,
    now: Timestamp,
) -> Result<(), ReportError> {
    let share_after_ms = context.isolate_cache.borrow().policy.share_after_ms;
    let is_due = now.milliseconds_since(cached.since) >= share_after_ms;
    let rows = &cached.page.rows;
    if is_due && !cached.is_shared.get() && !rows.is_empty() {
        share(context, identity, rows)?;
        cached.is_shared.set(true);
    }
    Ok(())
}

fn share<D, C: SharedCache>(
    context: &ReportContext<'_, D, C>,
    identity: &PageIdentity<'_>,
    rows: &[PageRow],
) -> Result<(), ReportError> {
    let identity = identity.to_json()?;
    let value = encode(&identity, rows);
    context
        .shared_cache
        .put(KeyPrefix::PAGE.key(&identity), value, SHARED_SECONDS);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{PageIdentity, PageRow, decode, encode};
    use crate::auth::access::{OrganizationId, read_access};
    use crate::auth::claims::Claims;
    use crate::report::cache::PageBasis;
    use crate::snapshot::groups::ListedEntries;
    use crate::snapshot::query::{Paging, RowQuery};
    use crate::snapshot::settings::SettingsId;
    use std::collections::BTreeSet;

    fn organization(id: &str) -> OrganizationId {
        let claims = serde_json::json!({ "exp": 1, "role": "SUPERADMIN", "organizationId": id });
        let access = read_access(&Claims::from_payload(claims.to_string().as_bytes()).unwrap(), None);
        access.unwrap().organization
    }

    fn basis() -> PageBasis {
        PageBasis {
            version: 7,
            settings: SettingsId {
                threshold_minutes: 5,
                number: 0,
            },
            listed: ListedEntries {
                oldest: 0,
                ends: vec![3],
            },
        }
    }

    fn identity(organization: &OrganizationId, basis: &PageBasis, rows: &RowQuery, page: u64) -> String {
        let identity = PageIdentity {
            database_fingerprint: "fingerprint",
            organization,
            basis,
            rows,
            paging: Paging { page, limit: 25 },
        };
        identity.to_json().unwrap()
    }

    #[test]
    fn no_two_pages_share_an_identity() {
        let departments: [Option<&[&str]>; 6] = [
            None,
            Some(&[]),
            Some(&["a"]),
            Some(&["a", "b"]),
            Some(&["a,b"]),
            Some(&["a\",\"b"]),
        ];
        let basis = basis();
        let mut identities = BTreeSet::new();
        let mut count = 0;
        for id in ["o", "o\",7", "o,7", "o\"", "null"] {
            let organization = organization(id);
            for ids in departments {
                let rows = RowQuery {
                    departments: ids.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect()),
                    ..RowQuery::default()
                };
                for page in [1, 11, 2] {
                    identities.insert(identity(&organization, &basis, &rows, page));
                    count += 1;
                }
            }
        }
        assert_eq!(identities.len(), count);
    }

    #[test]
    fn decodes_only_the_page_that_was_asked_for_and_only_if_it_is_complete() {
        let row = |number: usize| PageRow::from_line(format!("[\"u{number}\"]\t{{\"conversationId\":{number}}}"));
        let (organization, basis, query) = (organization("o"), basis(), RowQuery::default());
        let asked = identity(&organization, &basis, &query, 1);
        let text = encode(&asked, &[row(1), row(2)]);
        assert_eq!(decode(&asked, 2, &text), Some(vec![row(1), row(2)]));
        assert!(decode(&asked, 1, &text).is_none());
        assert!(decode(&asked, 3, &text).is_none());
        assert!(decode(&identity(&organization, &basis, &query, 2), 2, &text).is_none());
        assert!(decode(&asked, 2, "").is_none());
        for end in 0..text.len() {
            assert!(decode(&asked, 2, &text[..end]).is_none(), "truncated at {end}");
            let mut bytes = text.clone().into_bytes();
            bytes[end] ^= 1;
            let changed = String::from_utf8(bytes).unwrap();
            assert!(decode(&asked, 2, &changed).is_none(), "changed at {end}");
        }
    }
}
