//! The report: which snapshot, which of its rows, and the bytes of the answer.
//!
//! [`service`] has the steps of a request, and [`steps`] those of every request: from the head, which says which
//! version, instant and threshold a report is about, over the index of that version, which says which rows match, to
//! the page, which has the rows. Each of these is looked for in the isolate's memory first, pages then in the shared
//! cache, and everything then in the database. What one caller alone may see is added last, after every cache.
//!
//! A head, the index of its version and most likely the rows of the page ([`ahead`]) come in one round trip to the
//! database. What of the rows is missing then comes in a second. If the head was cached, the shared cache is asked for
//! the page first; otherwise the request has been at the database already, where rows are as near, and far cheaper.

mod ahead;
pub mod cache;
pub mod context;
pub mod csv;
pub mod error;
pub mod head;
mod index;
mod json;
pub mod page;
pub mod poll;
pub mod query;
pub mod request;
pub mod resolved;
pub mod rows;
mod search;
pub mod service;
pub mod settings;
pub mod snapshot;
mod sql;
mod steps;
pub mod streams;
mod summary;
pub mod trend;
