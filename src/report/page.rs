//! Pages: the bytes of the rows that a filter selects, from memory, the shared cache or the database.
//!
//! A page holds nothing that moves each minute and nothing of any caller: rows as published, each with the people that
//! `hasAccess` is worked out from.

use crate::auth::access::OrganizationId;
use crate::error::ApiError;
use crate::instant::Instant;
use crate::monitor::outline::Outline;
use crate::monitor::row::PublishedRow;
use crate::monitor::selection::{Counts, Filter};
use crate::ports::{Cell, Database, PageCache, Statement, rows_of};
use crate::report::answer::Asked;
use crate::report::memory::{HeldPage, Page};
use crate::report::{Body, Reader};
use crate::sql::sql;
use base64ct::{Base64UrlUnpadded, Encoding};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::rc::Rc;
use xxhash_rust::xxh64::xxh64;

/// How long a page stays in the shared cache: versions seldom stay the newest for longer.
const PAGE_TTL_SECONDS: u64 = 3_600;

/// What a page is the page of, in a form that no two pages share: a JSON array, in which no text can run into another.
pub struct PageKey(String);

impl PageKey {
    /// # Errors
    /// Where the key cannot be written as JSON, which does not happen.
    pub fn new(
        organization: &OrganizationId,
        generation: &str,
        version: i64,
        filter: &Filter,
    ) -> Result<Self, ApiError> {
        // The generation is a key; its hash tells databases apart just as well.
        let generation = Base64UrlUnpadded::encode_string(&Sha256::digest(generation.as_bytes()));
        let key = (
            generation,
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

    fn of(asked: &Asked<'_>, filter: &Filter) -> Result<Self, ApiError> {
        let version = asked.snapshot.as_ref().map_or(0, |snapshot| snapshot.version);
        Self::new(&asked.access.organization, &asked.head.generation, version, filter)
    }

    /// The name in the cache: hashed, because ids can be longer than a key may be.
    pub fn name(&self) -> String {
        let hash = Base64UrlUnpadded::encode_string(&Sha256::digest(self.0.as_bytes()));
        format!("page/1/{hash}")
    }
}

/// Against truncation and garbage, not against an attacker: only this service writes to its cache.
fn checksum(content: &str) -> String {
    format!("{:016x}", xxh64(content.as_bytes(), 0))
}

/// A page as it is cached: a checksum of all that follows, the key, then two lines a row. JSON has no line breaks.
pub fn encode(key: &PageKey, rows: &[PublishedRow]) -> String {
    let mut content = format!("{}\n", key.0);
    for row in rows {
        content.push_str(&row.people);
        content.push('\n');
        content.push_str(&row.json);
        content.push('\n');
    }
    format!("{}\n{content}", checksum(&content))
}

/// Reads a cached page back; none where it is damaged, or another page, or has another number of rows.
pub fn decode(key: &PageKey, rows: usize, text: &str) -> Option<Vec<PublishedRow>> {
    let (first_line, content) = text.split_once('\n')?;
    if first_line != checksum(content) {
        return None;
    }
    let mut lines = content.strip_suffix('\n')?.split('\n');
    if lines.next()? != key.0 {
        return None;
    }
    let mut page = Vec::with_capacity(rows);
    while let Some(people) = lines.next() {
        page.push(PublishedRow {
            people: people.to_owned(),
            json: lines.next()?.to_owned(),
        });
    }
    (page.len() == rows).then_some(page)
}

impl<D: Database, P: PageCache, B: Body> Reader<'_, D, P, B> {
    /// The page that `filter` selects of the snapshot's outline. Not kept yet: see [`Reader::hold`].
    pub(super) async fn page(
        &self,
        asked: &Asked<'_>,
        outline: &Outline,
        filter: &Filter,
        was_at_database: bool,
        now: Instant,
    ) -> Result<HeldPage<B>, ApiError> {
        let Some(snapshot) = &asked.snapshot else {
            self.trace.source("page", "empty");
            return Ok(HeldPage::of(0, filter.cut, Counts::default(), Rc::default(), now));
        };
        let held = self.memory.borrow_mut().pages.get(&*asked.place());
        if let Some(held) = &held
            && (held.version, held.cut) == (snapshot.version, filter.cut)
        {
            self.trace.source("page", "memory");
            return self.share_if_asked_again(asked, filter, held.clone(), now);
        }
        let selection = outline.select(filter);
        let new = |page: Rc<Page>| HeldPage::of(snapshot.version, filter.cut, selection.counts, page, now);
        if selection.row_nos.is_empty() {
            self.trace.source("page", "empty");
            return Ok(new(Rc::default()));
        }
        // Another version, but the same rows: rows never change.
        if let Some(held) = held.filter(|held| held.page.row_nos == selection.row_nos) {
            self.trace.source("page", "memory");
            return Ok(new(held.page));
        }
        let (rows, is_shared) = self.rows(asked, filter, &selection.row_nos, was_at_database).await?;
        let page = Rc::new(Page {
            row_nos: selection.row_nos,
            rows,
        });
        let mut held = HeldPage::of(snapshot.version, filter.cut, selection.counts, page, now);
        held.is_shared = is_shared;
        Ok(held)
    }

    /// Keeps the page that answers a question now in its place.
    pub(super) fn hold(&self, place: String, held: HeldPage<B>) {
        let bytes = held.bytes().saturating_add(place.len());
        self.memory.borrow_mut().pages.put(place, held, bytes);
    }

    /// Puts a page into the shared cache that was asked for again after it has been the same for long enough: such a one
    /// will be asked for elsewhere, too, and will still be right then.
    fn share_if_asked_again(
        &self,
        asked: &Asked<'_>,
        filter: &Filter,
        mut held: HeldPage<B>,
        now: Instant,
    ) -> Result<HeldPage<B>, ApiError> {
        let share_after_ms = self.memory.borrow().policy.share_after_ms;
        if !held.is_shared && !held.page.rows.is_empty() && now.since(held.since) >= share_after_ms {
            let key = PageKey::of(asked, filter)?;
            self.pages
                .put(key.name(), encode(&key, &held.page.rows), PAGE_TTL_SECONDS);
            held.is_shared = true;
        }
        Ok(held)
    }

    /// The rows of a page that is not in memory, and whether the shared cache has it.
    async fn rows(
        &self,
        asked: &Asked<'_>,
        filter: &Filter,
        row_nos: &[i64],
        was_at_database: bool,
    ) -> Result<(Vec<PublishedRow>, bool), ApiError> {
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
    async fn cached_rows(&self, key: &PageKey, rows: usize) -> Option<Vec<PublishedRow>> {
        match self.pages.get(&key.name()).await {
            Ok(Some(text)) => match decode(key, rows, &text) {
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

impl<B> HeldPage<B> {
    fn of(version: i64, cut: usize, counts: Counts, page: Rc<Page>, since: Instant) -> Self {
        Self {
            version,
            cut,
            counts,
            page,
            since,
            is_shared: false,
            whole: None,
        }
    }
}

/// Rows as the database has them, in the order of `row_nos`.
///
/// # Errors
/// [`ApiError::SnapshotExpired`] where one is not there any more.
pub async fn read_rows<D: Database>(
    database: &D,
    organization: &OrganizationId,
    row_nos: &[i64],
) -> Result<Vec<PublishedRow>, ApiError> {
    let numbers = serde_json::to_string(row_nos).map_err(|error| ApiError::Internal(error.to_string()))?;
    let outcomes = database
        .batch(vec![Statement::new(
            sql!("rows.sql"),
            [Cell::from(organization.as_str()), Cell::Text(numbers)],
        )])
        .await?;
    let [found] = rows_of(outcomes)?;
    let mut by_number = HashMap::new();
    for row in &found {
        let page_row = PublishedRow {
            people: row.text(1)?.to_owned(),
            json: row.text(2)?.to_owned(),
        };
        by_number.insert(row.integer(0)?, page_row);
    }
    row_nos
        .iter()
        .map(|row_no| by_number.remove(row_no))
        .collect::<Option<Vec<_>>>()
        // Its version was removed while it was read, ten minutes after another took its place.
        .ok_or(ApiError::SnapshotExpired)
}

#[cfg(test)]
mod tests {
    use super::{PageKey, PublishedRow, decode, encode};
    use crate::auth::access::{ReadAccess, read_access};
    use crate::auth::claims::Claims;
    use crate::monitor::selection::Filter;
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
        let row = |number: usize| PublishedRow {
            people: format!("[\"u{number}\"]"),
            json: format!("{{\"conversationId\":\"c{number}\"}}"),
        };
        let rows = [row(1), row(2)];
        let asked = key("o", None, 1);
        let text = encode(&asked, &rows);
        assert_eq!(decode(&asked, 2, &text).as_deref(), Some(&rows[..]));
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
