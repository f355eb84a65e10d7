//! Conversation Monitor.

#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::string_slice))]

pub mod auth;
pub mod config;
pub mod envelope;
pub mod error;
pub mod health;
pub mod ingest;
pub mod instant;
pub mod json;
pub mod monitor;
pub mod ports;
pub mod refresh;
pub mod report;
pub mod sql;
pub mod trace;

#[cfg(target_arch = "wasm32")]
mod bindings;
#[cfg(target_arch = "wasm32")]
mod handlers;
