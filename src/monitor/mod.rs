//! The monitor's definitions: what an event holds, what a timeline comes to, what a snapshot is.
//!
//! In scope: pure functions of records and instants. Out of scope: SQL, HTTP, tokens.

pub mod candidate;
pub mod event;
pub mod fields;
mod lanes;
pub mod outline;
mod part;
pub mod record;
pub mod row;
pub mod selection;
pub mod summary;
pub mod timeline;
pub mod version;
