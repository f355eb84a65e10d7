//! The report: which snapshot, which of its rows, and the bytes of the answer.
//!
//! A request walks from the head (whose version, asOf and threshold it is about) over the outline of the version
//! (which rows match) to the page (the rows' bytes), and each step has a cheaper place to look first: the isolate's
//! memory, then the page cache, then the database. What a caller alone may see is added last, after every cache.
//!
//! A head and the outline of its version come in one round trip, a page in a second. The page cache is asked before the
//! database or not at all: once a request was at the database, the rows are as near as the cache and far cheaper.

pub mod cache;
pub mod csv;
pub mod head;
pub mod json;
pub mod page;
pub mod request;
pub mod rows;
pub mod service;
pub mod snapshot;
pub mod summary;
