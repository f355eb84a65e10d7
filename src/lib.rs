//! Conversation Monitor: shows the supervisors of a contact centre which customers are waiting for an answer that
//! nobody, neither the autopilot nor an agent, is giving.
//!
//! # The map
//! The core does no I/O, takes `now` as an argument and knows no JavaScript; on the host it is all that there is, and
//! the compiler keeps the platform out of it. A module uses those of its own floor and of the floors above it in this
//! table, and no others.
//!
//! | floor | module | what it is about |
//! |---|---|---|
//! | 1 | [`base`] | instants, ids, strict JSON, digests, a bounded cache, notes of a request |
//! | 1 | [`storage`] | the SQL database and the shared cache that the core asks for |
//! | 2 | [`http`] | query strings, paths, entity tags, CORS: the protocol without the product |
//! | 2 | [`conversation`] | events, records, timelines, and what "stalled" means |
//! | 3 | [`snapshot`] | what is published of an organization, and what can be asked of it |
//! | 3 | [`auth`] | tokens: form, key, signature, claims; and what a caller may do |
//! | 4 | [`ingest`] | events become records; one atomic batch stores them and marks what is pending |
//! | 4 | [`refresh`] | pending timelines become candidates, candidates become rows, rows become versions |
//! | 4 | [`report`] | the report, its summary and its CSV: head, index, page, answer |
//! | 4 | [`config`] | the configuration |
//! | 5 | [`directory`] | what a caller may choose from; an organization's settings |
//! | 5 | [`health`] | whether the service does its work |
//! | 5 | [`api`] | the routes, every way a request can end, and the JSON around answers |
//! | 6 | `worker` (wasm only) | the entry points, and the platform behind the core's ports |
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

#![cfg_attr(test, allow(clippy::string_slice))]

pub mod api;
pub mod auth;
pub mod base;
pub mod config;
pub mod conversation;
pub mod directory;
pub mod health;
pub mod http;
pub mod ingest;
pub mod refresh;
pub mod report;
pub mod snapshot;
pub mod storage;

#[cfg(target_arch = "wasm32")]
mod worker;
