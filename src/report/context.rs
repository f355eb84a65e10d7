//! What the steps of a request work with.

use crate::base::trace::Trace;
use crate::hours::calendar::CalendarOf;
use crate::report::cache::IsolateCache;
use crate::report::poll::PollSchedule;
use std::cell::RefCell;

/// Where a request reads from, and where it notes what it did.
pub struct ReportContext<'a, D, C> {
    /// The database.
    pub database: &'a D,
    /// The cache of pages that all isolates share.
    pub shared_cache: &'a C,
    /// The isolate's memory; never borrowed across an await.
    pub isolate_cache: &'a RefCell<IsolateCache>,
    /// Finds the calendars of business hours.
    pub calendar_of: &'a CalendarOf,
    /// How old a cached head may be.
    pub head_max_age_ms: i64,
    /// When this caller should ask again.
    pub schedule: PollSchedule,
    /// Takes notes: where the components of the response came from, and what went wrong on the way.
    pub trace: &'a Trace,
}
