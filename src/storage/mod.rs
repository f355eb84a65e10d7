//! What the core needs of storage: a SQL database and a shared cache, as ports.

pub mod database;
pub mod json_table;
pub mod shared_cache;
