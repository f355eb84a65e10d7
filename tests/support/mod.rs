#![allow(
    dead_code,
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]
pub mod desk;
pub mod history;
pub mod keys;
pub mod oracle;
pub mod service;
pub mod sqlite;
