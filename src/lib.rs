//! Conversation Monitor: shows the supervisors of a contact centre which customers are waiting for an answer that
//! nobody, neither the autopilot nor an agent, is giving.
//!
//! # The map
//! The core does no I/O, takes `now` as an argument and knows no JavaScript. On the host nothing else is compiled, so
//! the compiler keeps the platform out of it. A module may use modules of the floors with smaller numbers, and no
//! others.
//!
//! | floor | module | what it is about |
//! |---|---|---|
//! | 1 | [`base`] | instants, ids, strict JSON, digests, a bounded cache, notes about a request |
//! | 2 | [`storage`] | the SQL database and the shared cache that the core asks for |
//! | 2 | [`http`] | query strings, paths, entity tags, CORS: the protocol without the product |
//! | 2 | [`hours`] | business hours: how much of a time is within them |
//! | 2 | [`conversation`] | events, records, timelines, and what "stalled" means |
//! | 3 | [`snapshot`] | what is published of an organization, and what can be asked of it |
//! | 3 | [`connector`] | connections of help desks, and what their webhooks say as events |
//! | 4 | [`auth`] | tokens: form, key, signature, claims; and what a caller may do |
//! | 5 | [`erasure`] | what was erased on request: contacts and organizations |
//! | 5 | [`ingest`] | events become records; one atomic batch stores them and makes pending what they affect |
//! | 5 | [`report`] | the report, its summary and its CSV: head, index, page, response |
//! | 6 | [`refresh`] | pending timelines become candidates, candidates become rows, rows become versions |
//! | 6 | [`directory`] | what a caller may choose from; an organization's settings |
//! | 6 | [`alert`] | who is told when somebody waits for too long |
//! | 7 | [`config`] | the configuration |
//! | 7 | [`evidence`] | why a conversation is listed, and taking it off the lists for now |
//! | 7 | [`health`] | whether the service does its work |
//! | 8 | [`api`] | the routes, every way a request can end, and the JSON around responses |
//! | 9 | `worker` (wasm only) | the entry points, and the platform behind the core's ports |
//!
//! # What always holds
//! - The stored version of a record is the greatest of all that arrived, in whatever order they did.
//! - What is stored but not yet published is pending; the batch that stores it makes it so. The batch that completes
//!   the work removes the pending row, and only if nothing has changed since it was read.
//! - A snapshot version and its rows never change once a head has named them. A head is switched in one batch.
//! - Only the refresh that started last can write.
//! - Every read of a request and every cache key has an organization, and every write has records, that only verified
//!   claims or a verified connection could permit.
//! - Nothing of one caller's view is in a shared cache.

#![cfg_attr(test, allow(clippy::string_slice))]

pub mod alert;
pub mod api;
pub mod auth;
pub mod base;
pub mod config;
pub mod connector;
pub mod conversation;
pub mod directory;
pub mod erasure;
pub mod evidence;
pub mod health;
pub mod hours;
pub mod http;
pub mod ingest;
pub mod refresh;
pub mod report;
pub mod snapshot;
pub mod storage;

#[cfg(target_arch = "wasm32")]
mod worker;
