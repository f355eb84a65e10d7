//! What an isolate remembers between requests. All of it is bounded in bytes, and none of it is any caller's own view.

use crate::auth::access::OrganizationId;
use crate::base::byte_cache::ByteBoundedCache;
use crate::base::timestamp::Timestamp;
use crate::report::head::CachedHead;
use crate::report::rows::Rows;
use crate::snapshot::index::SnapshotIndex;
use crate::snapshot::query::Counts;
use std::cell::Cell;
use std::rc::Rc;

/// The most bytes of outlines that an isolate keeps.
const OUTLINE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The most bytes of heads that an isolate keeps.
const HEAD_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What a page takes beside its rows: numbers, and itself.
const PAGE_BYTES: usize = 1024;

/// How pages are kept. The default keeps none in memory.
#[derive(Debug, Clone, Copy, Default)]
pub struct PagePolicy {
    /// The most bytes of pages that an isolate keeps. 0: none, and then every page that was read from the database is
    /// put into the shared cache, for nobody remembers whether it was asked for again.
    pub memory_bytes_max: usize,
    /// How long a page must have been the same before it is put into the shared cache when it is asked for again: a
    /// write there costs as much as five thousand rows read.
    pub share_after_ms: i64,
}

/// What an isolate remembers of reports.
pub struct IsolateCache {
    pub(super) heads: ByteBoundedCache<OrganizationId, CachedHead>,
    pub(super) outlines: ByteBoundedCache<(OrganizationId, i64), Rc<SnapshotIndex>>,
    pub(super) pages: ByteBoundedCache<String, Rc<CachedPage>>,
    pub(super) policy: PagePolicy,
    /// The database that the outlines and the pages were read from.
    generation: String,
}

impl Default for IsolateCache {
    fn default() -> Self {
        Self::new(PagePolicy::default())
    }
}

impl IsolateCache {
    /// Nothing yet.
    #[must_use]
    pub fn new(policy: PagePolicy) -> Self {
        Self {
            heads: ByteBoundedCache::new(HEAD_BYTES_MAX),
            outlines: ByteBoundedCache::new(OUTLINE_BYTES_MAX),
            pages: ByteBoundedCache::new(policy.memory_bytes_max),
            policy,
            generation: String::new(),
        }
    }

    /// Forgets all outlines and pages if the database has become another one: it counts its versions anew.
    pub(super) fn notice_generation(&mut self, generation: &str) {
        if self.generation != generation {
            self.outlines.clear();
            self.pages.clear();
            generation.clone_into(&mut self.generation);
        }
    }

    /// Forgets the heads: they may have changed, and this isolate knows it.
    pub fn forget_heads(&mut self) {
        self.heads.clear();
    }
}

/// The rows of a page as they were published, and their numbers.
#[derive(Debug, Default)]
pub struct Page {
    pub row_nos: Vec<i64>,
    pub rows: Rows,
}

/// The last page that answered a question.
#[derive(Clone)]
pub struct CachedPage {
    /// The version that it is a page of.
    pub version: i64,
    /// How many of the version's entries were considered.
    pub cut: usize,
    pub counts: Counts,
    pub page: Rc<Page>,
    /// Since when it has been the page of this version and cut.
    pub since: Timestamp,
    /// Whether the shared cache has it.
    pub is_shared: Cell<bool>,
    /// What was last answered, where that is the same for all who ask: those who see all.
    pub whole: Option<CachedResponse>,
}

/// A whole answer.
#[derive(Clone)]
pub struct CachedResponse {
    /// The snapshot that it speaks of.
    pub snapshot_id: Rc<str>,
    pub etag: Rc<str>,
    pub body: Rc<String>,
}

impl CachedPage {
    /// A page that is neither shared nor was answered with.
    pub fn of(version: i64, cut: usize, counts: Counts, page: Rc<Page>, since: Timestamp) -> Self {
        Self {
            version,
            cut,
            counts,
            page,
            since,
            is_shared: Cell::new(false),
            whole: None,
        }
    }

    /// Bytes of memory, about.
    pub fn bytes(&self) -> usize {
        let whole = self.whole.as_ref().map_or(0, |whole| whole.body.len());
        let rows = self.page.rows.as_lines().len();
        rows.saturating_add(whole).saturating_add(PAGE_BYTES)
    }
}
