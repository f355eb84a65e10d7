//! Pages: the bytes of the rows that a filter selects, from memory, the shared cache or the database.
//!
//! A page holds nothing that moves each minute and nothing of any caller: rows as published, each with the people that
//! `hasAccess` is worked out from. Nobody takes them apart: from the database to the answer they are lines of text.

use crate::api::error::ApiError;
use crate::auth::access::OrganizationId;
use crate::base::timestamp::Timestamp;
use crate::report::cache::{CachedPage, Page};
use crate::report::json::ReportQuery;
use crate::report::rows::{Rows, read_rows};
use crate::report::service::Reader;
use crate::snapshot::index::SnapshotIndex;
use crate::snapshot::query::{Counts, Filter};
use crate::storage::database::Database;
use crate::storage::shared_cache::SharedCache;
use base64ct::{Base64UrlUnpadded, Encoding};
use sha2::{Digest, Sha256};
use std::rc::Rc;
use xxhash_rust::xxh64::xxh64;

/// How long a page stays in the shared cache: versions seldom stay the newest for longer.
const PAGE_TTL_SECONDS: u64 = 3_600;

/// What a page is the page of, in a form that no two pages share: a JSON array, in which no text can run into another.
pub struct PageKey(String);

impl PageKey {
    /// The key of the page that `filter` selects of a version of an organization; `database` tells databases apart.
    ///
    /// # Errors
    /// Where the key cannot be written as JSON, which does not happen.
    pub fn new(organization: &OrganizationId, database: &str, version: i64, filter: &Filter) -> Result<Self, ApiError> {
        let key = (
            database,
            organization.as_str(),
            version,
            filter.cut,
            &filter.departments,
            filter.category,
            filter.page,
            filter.limit,
        );
        serde_json::to_string(&key)
            .map(Self)
            .map_err(|error| ApiError::Internal(error.to_string()))
    }

    fn of(asked: &ReportQuery<'_>, filter: &Filter) -> Result<Self, ApiError> {
        let version = asked.snapshot.as_ref().map_or(0, |snapshot| snapshot.version);
        Self::new(&asked.access.organization, &asked.head.database, version, filter)
    }

    /// The name in the cache: hashed, because ids can be longer than a key may be.
    pub fn name(&self) -> String {
        let hash = Base64UrlUnpadded::encode_string(&Sha256::digest(self.0.as_bytes()));
        format!("page/2/{hash}")
    }
}

/// Against truncation and garbage, not against an attacker: only this service writes to its cache.
fn checksum(content: &str) -> String {
    format!("{:016x}", xxh64(content.as_bytes(), 0))
}

/// A page as it is cached: a checksum of all that follows, the key, the number of rows, and the rows' lines. JSON has no
/// line breaks.
#[must_use]
pub fn encode(key: &PageKey, rows: &Rows) -> String {
    let content = format!("{}\n{}\n{}", key.0, rows.len(), rows.as_lines());
    format!("{}\n{content}", checksum(&content))
}

/// Reads a cached page back; none where it is damaged, or another page, or has another number of rows.
#[must_use]
pub fn decode(key: &PageKey, rows: usize, mut text: String) -> Option<Rows> {
    let (first_line, content) = text.split_once('\n')?;
    if first_line != checksum(content) {
        return None;
    }
    let (count, lines) = content.strip_prefix(&key.0)?.strip_prefix('\n')?.split_once('\n')?;
    if count != rows.to_string() {
        return None;
    }
    let start = text.len().checked_sub(lines.len())?;
    text.drain(..start);
    Some(Rows::of_lines(text, rows))
}

impl<D: Database, P: SharedCache> Reader<'_, D, P> {
    /// The page that `filter` selects of the snapshot's outline, where `held` was the last one to answer the question;
    /// and whether it is another one, which is not kept yet: see [`Reader::hold`].
    pub(super) async fn page(
        &self,
        asked: &ReportQuery<'_>,
        (outline, filter): (&SnapshotIndex, &Filter),
        held: Option<Rc<CachedPage>>,
        was_at_database: bool,
        now: Timestamp,
    ) -> Result<(Rc<CachedPage>, bool), ApiError> {
        let Some(snapshot) = &asked.snapshot else {
            self.trace.source("page", "empty");
            return Ok((
                Rc::new(CachedPage::of(0, 0, Counts::default(), Rc::default(), now)),
                false,
            ));
        };
        if let Some(held) = &held
            && (held.version, held.cut) == (snapshot.version, filter.cut)
        {
            self.trace.source("page", "memory");
            self.share_if_asked_again(asked, filter, held, now)?;
            return Ok((Rc::clone(held), false));
        }
        let selection = outline.select(filter);
        let (page, is_shared) = if selection.row_nos.is_empty() {
            self.trace.source("page", "empty");
            (Rc::default(), false)
        } else if let Some(held) = held.filter(|held| held.page.row_nos == selection.row_nos) {
            // Another version, but the same rows: rows never change.
            self.trace.source("page", "memory");
            (Rc::clone(&held.page), false)
        } else {
            let row_nos = selection.row_nos;
            let (rows, is_shared) = self.rows(asked, filter, &row_nos, was_at_database).await?;
            (Rc::new(Page { row_nos, rows }), is_shared)
        };
        let new = CachedPage::of(snapshot.version, filter.cut, selection.counts, page, now);
        new.is_shared.set(is_shared);
        Ok((Rc::new(new), true))
    }

    /// Keeps the page that answers a question now in its place.
    pub(super) fn hold(&self, place: String, held: CachedPage) {
        let bytes = held.bytes().saturating_add(place.len().saturating_mul(2));
        self.memory.borrow_mut().pages.put(place, Rc::new(held), bytes);
    }

    /// Puts a page into the shared cache that was asked for again after it has been the same for long enough: such a one
    /// will be asked for elsewhere, too, and will still be right then.
    fn share_if_asked_again(
        &self,
        asked: &ReportQuery<'_>,
        filter: &Filter,
        held: &CachedPage,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        let share_after_ms = self.memory.borrow().policy.share_after_ms;
        if !held.is_shared.get() && !held.page.rows.is_empty() && now.milliseconds_since(held.since) >= share_after_ms {
            let key = PageKey::of(asked, filter)?;
            self.pages
                .put(key.name(), encode(&key, &held.page.rows), PAGE_TTL_SECONDS);
            held.is_shared.set(true);
        }
        Ok(())
    }

    /// The rows of a page that is not in memory, and whether the shared cache has it.
    async fn rows(
        &self,
        asked: &ReportQuery<'_>,
        filter: &Filter,
        row_nos: &[i64],
        was_at_database: bool,
    ) -> Result<(Rows, bool), ApiError> {
        let key = PageKey::of(asked, filter)?;
        let policy = self.memory.borrow().policy;
        let has_memory = policy.memory_bytes_max > 0;
        // Who was at the database already has the rows as near as the cache, and for a twentieth of the price.
        let is_cache_first = !was_at_database || !has_memory;
        if is_cache_first && let Some(rows) = self.cached_rows(&key, row_nos.len()).await {
            return Ok((rows, true));
        }
        match read_rows(self.database, &asked.access.organization, row_nos).await {
            Err(ApiError::Unavailable(cause)) if !is_cache_first => match self.cached_rows(&key, row_nos.len()).await {
                Some(rows) => Ok((rows, true)),
                None => Err(ApiError::Unavailable(cause)),
            },
            Err(error) => Err(error),
            Ok(rows) => {
                self.trace.source("page", "d1");
                let is_shared = !has_memory || policy.share_after_ms <= 0;
                if is_shared {
                    self.pages.put(key.name(), encode(&key, &rows), PAGE_TTL_SECONDS);
                }
                Ok((rows, is_shared))
            }
        }
    }

    /// The rows of a page as the shared cache has them; none where it has none that are right.
    async fn cached_rows(&self, key: &PageKey, rows: usize) -> Option<Rows> {
        match self.pages.get(&key.name()).await {
            Ok(Some(text)) => match decode(key, rows, text) {
                Some(rows) => {
                    self.trace.source("page", "kv");
                    return Some(rows);
                }
                None => self.trace.warn("a cached page is damaged".to_owned()),
            },
            Ok(None) => {}
            Err(error) => self.trace.warn(error.to_string()),
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{PageKey, Rows, decode, encode};
    use crate::auth::access::{ReadAccess, read_access};
    use crate::auth::claims::Claims;
    use crate::snapshot::query::Filter;
    use std::collections::BTreeSet;

    fn access(organization: &str) -> ReadAccess {
        let claims = serde_json::json!({ "exp": 1, "role": "SUPERADMIN", "organizationId": organization });
        read_access(&Claims::read(claims.to_string().as_bytes()).unwrap(), None).unwrap()
    }

    fn key(organization: &str, departments: Option<&[&str]>, page: u64) -> PageKey {
        let departments = departments.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>());
        let filter = Filter {
            cut: 3,
            departments,
            category: None,
            page,
            limit: 25,
        };
        PageKey::new(&access(organization).organization, "generation", 7, &filter).unwrap()
    }

    #[test]
    fn no_two_pages_share_a_name() {
        let departments: [Option<&[&str]>; 6] = [
            None,
            Some(&[]),
            Some(&["a"]),
            Some(&["a", "b"]),
            Some(&["a,b"]),
            Some(&["a\",\"b"]),
        ];
        let mut names = BTreeSet::new();
        let mut count = 0;
        for organization in ["o", "o\",7", "o,7", "o\"", "null"] {
            for departments in departments {
                for page in [1, 11, 2] {
                    names.insert(key(organization, departments, page).name());
                    count += 1;
                }
            }
        }
        assert_eq!(names.len(), count);
    }

    #[test]
    fn reads_back_only_what_was_asked_for_and_is_whole() {
        let row = |number: usize| format!("[\"u{number}\"]\n{{\"conversationId\":\"c{number}\"}}\n");
        let rows = Rows::of_lines(row(1) + &row(2), 2);
        let asked = key("o", None, 1);
        let text = encode(&asked, &rows);
        let decode = |key: &PageKey, rows: usize, text: &str| decode(key, rows, text.to_owned());
        assert_eq!(decode(&asked, 2, &text), Some(rows));
        assert_eq!(decode(&asked, 1, &text), None);
        assert_eq!(decode(&asked, 3, &text), None);
        assert_eq!(decode(&key("o", None, 2), 2, &text), None);
        assert_eq!(decode(&asked, 2, ""), None);
        for cut in 0..text.len() {
            assert_eq!(decode(&asked, 2, &text[..cut]), None, "cut at {cut}");
            let mut bytes = text.clone().into_bytes();
            bytes[cut] ^= 1;
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(decode(&asked, 2, &changed), None, "changed at {cut}");
        }
    }
}
