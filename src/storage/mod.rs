//! What the core needs of storage: a SQL database and a shared cache, as ports; and which database has which
//! organizations.
//!
//! In the worker D1 and KV are behind them, in the native tests SQLite and a map, and the same statements run in both.
//! The clock is no port: `now` is an argument.

pub mod database;
pub mod json_table;
pub mod shards;
pub mod shared_cache;
