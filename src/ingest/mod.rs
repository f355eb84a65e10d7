//! Taking in events: a body becomes records, and one atomic batch stores them and makes pending what they affect.
//!
//! Nothing is decided here about who is waiting: a refresh folds what is pending. So an ingest reads nothing before it
//! writes, and nothing can be lost once its batch is committed.

// Numbers here come from outside: none may overflow, not even to a wrong result.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod delivery;
pub mod parse;
mod sql;
pub mod store;
