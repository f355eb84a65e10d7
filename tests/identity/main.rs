//! Identity, natively: tokens from everywhere, and mutations of good ones.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used
)]

mod isolate;
#[path = "../support/keys.rs"]
#[allow(dead_code)]
mod keys;
mod mutations;
mod vectors;
