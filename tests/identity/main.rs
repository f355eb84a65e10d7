//! Identity, natively: tokens from everywhere, mutations of good ones, key servers, and tokens that come again.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used
)]

mod isolate;
mod issuer;
#[path = "../support/keys.rs"]
#[allow(dead_code)]
mod keys;
mod mutations;
mod remote;
mod repeated;
mod vectors;
