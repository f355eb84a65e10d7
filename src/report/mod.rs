//! The report: which snapshot, which of its rows, and the bytes of the response.
//!
//! [`service`] has the steps of each kind of request, and [`steps`] those that all have in common. A head says which
//! version, instant and threshold a report is about; the index of that version says which rows match; the page has the
//! rows. Each of these is looked for in the isolate's memory first, a page then in the shared cache, and everything
//! then in the database. What one caller alone may see is added last, after every cache.
//!
//! A head, the index of its version and probably the rows of the page ([`ahead`]) come in one round trip to the
//! database. Rows that are still missing come in a second one. If the head was cached, the shared cache is asked for
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
