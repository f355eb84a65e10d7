//! Conversation Monitor: shows the supervisors of a contact centre which customers are waiting for an answer that
//! nobody, neither the autopilot nor an agent, is giving.
//!
//! # The map
//! The core does no I/O, takes `now` as an argument and knows no JavaScript; on the host it is all that there is, and
//! the compiler keeps the platform out of it.
//!
//! | module | what it is about |
//! |---|---|
//! | [`auth`] | tokens: form → key → signature → claims; and what a caller may do |
//! | [`ingest`] | events become records; one atomic batch holds them and marks what they touch |
//! | [`monitor`] | the product's definitions: records, timelines, candidates, rows, versions, selections |
//! | [`refresh`] | marked timelines become states, changed states become rows, rows become versions |
//! | [`report`] | the report, its summary and its CSV: head, outline, page, answer |
//! | [`scopes`], [`settings`] | what a caller may choose from; an organization's threshold |
//! | [`health`] | whether the service does its work |
//! | [`config`], [`error`], [`envelope`] | the configuration; every way a request can end; the JSON around answers |
//! | [`ports`], [`sql`], [`trace`] | the database and the page cache that the core asks for; SQL texts; log notes |
//! | [`instant`], [`json`], `order` | milliseconds of UTC; JSON without repeated members; sorting |
//! | `bindings` (wasm only) | D1, KV, clock, randomness, request bodies |
//! | `handlers` (wasm only) | the entry points: `fetch`, `scheduled`, `start` |
//!
//! # What always holds
//! - The held version of a record is the greatest of all that came, in whatever order.
//! - What is held but not yet published is marked, in the same batch that held it; a mark is cleared only by the batch
//!   that makes it needless, and only if it is still the mark that was read.
//! - A version and its rows never change once a head has named them; a head is switched in one batch.
//! - Only the refresh that started last can write.
//! - Every read of a request and every cache key carries an organization, and every write records, that only verified
//!   claims could permit.
//! - Nothing of one caller's view is in a shared cache.

#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::string_slice))]

pub mod auth;
mod bounded;
pub mod config;
pub mod cors;
pub mod envelope;
pub mod error;
pub mod health;
pub mod ingest;
pub mod instant;
pub mod json;
pub mod monitor;
mod order;
pub mod ports;
pub mod rate_limit;
pub mod refresh;
pub mod report;
pub mod scopes;
pub mod settings;
pub mod sql;
pub mod trace;

#[cfg(target_arch = "wasm32")]
mod bindings;
#[cfg(target_arch = "wasm32")]
mod handlers;
