//! What an isolate caches between requests. All of it is bounded in bytes, and none of it is one caller's own view.

use crate::auth::access::OrganizationId;
use crate::base::byte_cache::ByteBoundedCache;
use crate::base::timestamp::Timestamp;
use crate::report::query::ReportQuery;
use crate::report::rows::PageRow;
use crate::report::snapshot::{Snapshot, SnapshotHead};
use crate::snapshot::groups::{Groups, ListedEntries};
use crate::snapshot::index::SnapshotIndex;
use crate::snapshot::query::{SelectedRow, Selection, Totals};
use crate::snapshot::settings::{Settings, SettingsId};
use crate::storage::shards::Shards;
use serde::Serialize;
use std::cell::Cell;
use std::rc::Rc;

/// The most bytes of snapshot indexes that an isolate caches.
const INDEX_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The most bytes of heads that an isolate caches.
const HEAD_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The most bytes of groups that an isolate caches.
const GROUP_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The most bytes of settings that an isolate caches.
const SETTINGS_BYTES_MAX: usize = 1024 * 1024;
/// About how many bytes cached settings take besides their maps.
const SETTINGS_BYTES: usize = 128;
/// About how many bytes a cached head takes: a hash, an id and a few numbers.
const HEAD_BYTES: usize = 512;
/// About how many bytes a cached page takes besides its rows and its response.
const PAGE_BYTES: usize = 1024;

/// How pages are cached. The default caches none in memory.
#[derive(Debug, Clone, Copy, Default)]
pub struct PagePolicy {
    /// The most bytes of pages that an isolate caches. If it is 0, every page that was read from the database is put
    /// into the shared cache at once, because the isolate cannot know whether it is asked for again.
    pub memory_bytes_max: usize,
    /// How long a page must have stayed the same before it is put into the shared cache, which happens when it is asked
    /// for again: a write to KV costs as much as reading five thousand rows.
    pub share_after_ms: i64,
}

/// What an isolate caches of reports.
pub struct IsolateCache {
    /// The heads in each database.
    heads: Vec<ByteBoundedCache<OrganizationId, CachedHead>>,
    indexes: ByteBoundedCache<(OrganizationId, i64), Rc<SnapshotIndex>>,
    groups: ByteBoundedCache<(OrganizationId, i64, SettingsId), Rc<Groups>>,
    settings: ByteBoundedCache<(OrganizationId, i64), Rc<Settings>>,
    pages: ByteBoundedCache<PageSlot, Rc<CachedPage>>,
    /// How pages are cached.
    pub policy: PagePolicy,
    /// Which database has which organizations.
    shards: Shards,
    /// For each database, the generation that everything here except heads was read from; empty if nothing was.
    generations: Vec<String>,
}

impl Default for IsolateCache {
    fn default() -> Self {
        Self::new(PagePolicy::default())
    }
}

impl IsolateCache {
    /// An empty cache.
    #[must_use]
    pub fn new(policy: PagePolicy) -> Self {
        Self {
            heads: vec![ByteBoundedCache::new(HEAD_BYTES_MAX)],
            indexes: ByteBoundedCache::new(INDEX_BYTES_MAX),
            groups: ByteBoundedCache::new(GROUP_BYTES_MAX),
            settings: ByteBoundedCache::new(SETTINGS_BYTES_MAX),
            pages: ByteBoundedCache::new(policy.memory_bytes_max),
            policy,
            shards: Shards::default(),
            generations: vec![String::new()],
        }
    }

    /// The same cache over several databases.
    #[must_use]
    pub fn over(self, shards: Shards) -> Self {
        let count = shards.bindings().len();
        let bytes_max = HEAD_BYTES_MAX.checked_div(count).unwrap_or_default();
        Self {
            heads: (0..count).map(|_| ByteBoundedCache::new(bytes_max)).collect(),
            generations: vec![String::new(); count],
            shards,
            ..self
        }
    }

    /// The cached head of an organization, however old.
    pub(super) fn head(&mut self, organization: &OrganizationId) -> Option<CachedHead> {
        let shard = self.shards.of(organization.as_str()).shard;
        self.heads.get_mut(shard)?.get(organization)
    }

    /// Caches a head. If it is of another database than the heads of its shard before it, that database counts its
    /// versions and settings from the beginning again, so everything that was read is dropped.
    pub(super) fn put_head(&mut self, organization: &OrganizationId, cached: CachedHead) {
        let shard = self.shards.of(organization.as_str()).shard;
        if let Some(head) = &cached.head
            && let Some(generation) = self.generations.get_mut(shard)
            && *generation != head.generation
        {
            let is_first = generation.is_empty();
            generation.clone_from(&head.generation);
            if !is_first {
                self.indexes.clear();
                self.groups.clear();
                self.settings.clear();
                self.pages.clear();
            }
        }
        let settings = cached.head.as_ref().map_or(0, |head| head.settings.bytes());
        let bytes = HEAD_BYTES + settings + 2 * organization.as_str().len();
        if let Some(heads) = self.heads.get_mut(shard) {
            heads.put(organization.clone(), cached, bytes);
        }
    }

    /// Drops the cached head of an organization.
    pub fn remove_head(&mut self, organization: &OrganizationId) {
        let shard = self.shards.of(organization.as_str()).shard;
        if let Some(heads) = self.heads.get_mut(shard) {
            heads.remove(organization);
        }
    }

    /// Drops all cached heads, because some may have changed.
    pub fn clear_heads(&mut self) {
        for heads in &mut self.heads {
            heads.clear();
        }
    }

    /// Drops the cached heads in the database with a binding.
    pub fn clear_heads_in(&mut self, binding: &str) {
        for (known, heads) in self.shards.bindings().iter().zip(&mut self.heads) {
            if **known == *binding {
                heads.clear();
            }
        }
    }

    /// Drops everything that takes much memory and can be read again.
    pub fn make_room(&mut self) {
        self.indexes.clear();
        self.groups.clear();
        self.pages.clear();
    }

    /// The cached index of a version.
    pub(super) fn index(&mut self, organization: &OrganizationId, version: i64) -> Option<Rc<SnapshotIndex>> {
        self.indexes.get(&(organization.clone(), version))
    }

    /// Caches the index of a version.
    pub(super) fn put_index(&mut self, organization: &OrganizationId, version: i64, index: Rc<SnapshotIndex>) {
        let bytes = index.bytes() + 2 * organization.as_str().len();
        self.indexes.put((organization.clone(), version), index, bytes);
    }

    /// The cached groups of a version under the settings of its organization.
    pub(super) fn groups(
        &mut self,
        organization: &OrganizationId,
        version: i64,
        settings: SettingsId,
    ) -> Option<Rc<Groups>> {
        self.groups.get(&(organization.clone(), version, settings))
    }

    /// Caches groups.
    pub(super) fn put_groups(
        &mut self,
        organization: &OrganizationId,
        version: i64,
        settings: SettingsId,
        groups: Rc<Groups>,
    ) {
        let bytes = groups.bytes() + 2 * organization.as_str().len();
        self.groups
            .put((organization.clone(), version, settings), groups, bytes);
    }

    /// The cached settings with a number. Their threshold may be another one, because it has no number.
    pub(super) fn settings(&mut self, organization: &OrganizationId, number: i64) -> Option<Rc<Settings>> {
        self.settings.get(&(organization.clone(), number))
    }

    /// Caches settings with a number.
    pub(super) fn put_settings(&mut self, organization: &OrganizationId, number: i64, settings: Rc<Settings>) {
        let bytes = SETTINGS_BYTES + settings.bytes() + 2 * organization.as_str().len();
        self.settings.put((organization.clone(), number), settings, bytes);
    }

    /// The page that last answered a query.
    pub(super) fn page(&mut self, slot: &PageSlot) -> Option<Rc<CachedPage>> {
        self.pages.get(slot)
    }

    /// Caches the page that now answers a query.
    pub(super) fn put_page(&mut self, slot: PageSlot, page: CachedPage) {
        let bytes = page.bytes() + slot.bytes();
        self.pages.put(slot, Rc::new(page), bytes);
    }
}

/// A head that is cached.
#[derive(Debug, Clone)]
pub struct CachedHead {
    /// `None` means that the organization does not exist.
    pub head: Option<Rc<SnapshotHead>>,
    /// The newest snapshot, if anything is published: its id is signed once for each head.
    pub newest: Option<Snapshot>,
    /// When the head was read.
    pub read_at: Timestamp,
}

/// Where the page that answers a query is cached. A query of a pinned snapshot has a slot of its own, so that it never
/// replaces the page of the newest snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PageSlot {
    /// The query.
    pub query: Rc<ReportQuery>,
    /// The id of the snapshot that the request names, if it names one.
    pub pin: Option<String>,
}

impl PageSlot {
    /// About how many bytes it takes as a key, which is stored twice and shares its query.
    fn bytes(&self) -> usize {
        self.query.bytes() + 2 * self.pin.as_ref().map_or(0, String::len)
    }
}

/// The rows of a page as they were published.
#[derive(Debug, Default)]
pub struct Page {
    /// The numbers of the rows.
    pub row_nos: Vec<i64>,
    /// The rows, in the same order.
    pub rows: Vec<PageRow>,
}

/// Together with a query, it says which rows a page has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PageBasis {
    /// The version.
    pub version: i64,
    /// The settings that decide which threshold applies to a row.
    pub settings: SettingsId,
    /// Which entries of the version are listed.
    pub listed: ListedEntries,
}

impl PageBasis {
    /// The basis of a page of a snapshot that lists these entries.
    #[must_use]
    pub fn new(snapshot: &Snapshot, listed: &ListedEntries) -> Self {
        Self {
            version: snapshot.version,
            settings: snapshot.settings_id,
            listed: listed.clone(),
        }
    }
}

/// The last page that answered a query.
#[derive(Debug, Clone)]
pub struct CachedPage {
    /// What it is a page of. `None` means that nothing is published yet.
    pub basis: Option<PageBasis>,
    /// The numbers that go with the page.
    pub totals: Totals,
    /// The rows.
    pub page: Rc<Page>,
    /// What the index says of each of the rows.
    pub selected: Vec<SelectedRow>,
    /// Since when it has been the page of this version, these settings and these entries.
    pub since: Timestamp,
    /// Whether the shared cache has it.
    pub is_shared: Cell<bool>,
    /// The last response with this page, if everybody gets the same one, as callers who see all departments do.
    pub response: Option<CachedResponse>,
}

/// A complete response.
#[derive(Debug, Clone)]
pub struct CachedResponse {
    /// The snapshot that it is about.
    pub snapshot_id: Rc<str>,
    /// Whether it says that the report is stale.
    pub is_stale: bool,
    /// Its ETag.
    pub etag: Rc<str>,
    /// Its body.
    pub body: Rc<String>,
}

impl CachedPage {
    /// A page that is not in the shared cache, without a response.
    #[must_use]
    pub fn new(basis: Option<PageBasis>, selection: &Selection, page: Rc<Page>, since: Timestamp) -> Self {
        Self {
            basis,
            totals: selection.totals,
            page,
            selected: selection.rows.clone(),
            since,
            is_shared: Cell::new(false),
            response: None,
        }
    }

    /// About how many bytes of memory it takes.
    fn bytes(&self) -> usize {
        let response = self.response.as_ref().map_or(0, |response| response.body.len());
        let rows: usize = self.page.rows.iter().map(|row| row.as_line().len()).sum();
        PAGE_BYTES + rows + response
    }
}
