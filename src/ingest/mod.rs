//! Taking in events: a body becomes records, and one atomic batch stores them and marks what they touch.
//!
//! Nothing is decided here about who is waiting: a refresh folds what is pending. So an ingest needs no read before its
//! write, and once the batch is done nothing of it can be lost.

// Numbers here come from outside: none may overflow, not even to a wrong result.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod parse;
pub mod store;
