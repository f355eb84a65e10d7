//! What an isolate remembers between requests. All of it is bounded in bytes, and none of it is any caller's own view.

use crate::auth::access::OrganizationId;
use crate::bounded::Bounded;
use crate::instant::Instant;
use crate::monitor::outline::Outline;
use crate::monitor::row::PublishedRow;
use crate::monitor::selection::Counts;
use crate::report::head::HeldHead;
use std::rc::Rc;

/// The most bytes of outlines that an isolate keeps.
const OUTLINE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The most bytes of heads that an isolate keeps.
const HEAD_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What a row takes beside its texts.
const ROW_BYTES: usize = 64;

/// The bytes of an answer's body: text natively, in the worker what a response takes without another copy.
pub trait Body: Clone {
    /// The body that says `text`.
    fn of(text: String) -> Self;
}

impl Body for Rc<str> {
    fn of(text: String) -> Self {
        text.into()
    }
}

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

/// What an isolate remembers of reports; `B` is what bodies are kept as.
pub struct Memory<B = Rc<str>> {
    pub(super) heads: Bounded<OrganizationId, HeldHead>,
    pub(super) outlines: Bounded<(OrganizationId, i64), Rc<Outline>>,
    pub(super) pages: Bounded<String, HeldPage<B>>,
    pub(super) policy: PagePolicy,
    /// The database that the outlines and the pages were read from.
    generation: String,
}

impl<B: Clone> Default for Memory<B> {
    fn default() -> Self {
        Self::new(PagePolicy::default())
    }
}

impl<B: Clone> Memory<B> {
    /// Nothing yet.
    #[must_use]
    pub fn new(policy: PagePolicy) -> Self {
        Self {
            heads: Bounded::new(HEAD_BYTES_MAX),
            outlines: Bounded::new(OUTLINE_BYTES_MAX),
            pages: Bounded::new(policy.memory_bytes_max),
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
    pub rows: Vec<PublishedRow>,
}

/// The last page that answered a question.
#[derive(Clone)]
pub struct HeldPage<B> {
    /// The version that it is a page of.
    pub version: i64,
    /// How many of the version's entries were considered.
    pub cut: usize,
    pub counts: Counts,
    pub page: Rc<Page>,
    /// Since when it has been the page of this version and cut.
    pub since: Instant,
    /// Whether the shared cache has it.
    pub is_shared: bool,
    /// What was last answered, where that is the same for all who ask: those who see all.
    pub whole: Option<Whole<B>>,
}

/// A whole answer.
#[derive(Clone)]
pub struct Whole<B> {
    pub snapshot_id: Rc<str>,
    pub etag: String,
    pub body: B,
    pub body_bytes: usize,
}

impl<B> HeldPage<B> {
    /// Bytes of memory, about.
    pub fn bytes(&self) -> usize {
        let rows = self.page.rows.iter().fold(0_usize, |sum, row| {
            let texts = row.json.len().saturating_add(row.people.len());
            sum.saturating_add(texts).saturating_add(ROW_BYTES)
        });
        let whole = self.whole.as_ref().map_or(0, |whole| whole.body_bytes);
        rows.saturating_add(whole)
    }
}
