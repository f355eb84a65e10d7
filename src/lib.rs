//! Conversation Monitor.

pub mod ingest;
pub mod instant;
pub mod json;
pub mod monitor;
pub mod ports;
pub mod refresh;
