//! The native tests: the core over SQLite and caches in memory, without the platform.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used
)]

mod agreement;
mod alerts;
mod cache_keys;
mod cases;
mod connectors;
mod documents;
mod erasure;
mod evidence;
mod export;
mod faults;
mod growth;
mod hours;
mod identity;
mod memory;
mod merges;
mod migrations;
mod plans;
mod providers;
mod ranks;
mod refold;
mod report;
mod retention;
mod shards;
mod snapshot;
mod support;
mod tallies;
mod test_data;
mod tokens;
mod trend;
mod wycheproof;
