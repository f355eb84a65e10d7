//! Connectors: a webhook of a help desk becomes events of ours.
//!
//! A [`Connection`](connection::Connection) says which help desk, for which organization, and with which secrets and
//! settings. [`map`](delivery::map) is pure: body in, events and notes out, and it knows no other clock than the
//! instant that the webhook came. It knows nothing of requests and of the database, and whether the webhook is
//! authentic is decided before (`auth::connection`).
//!
//! A webhook says the whole state of a conversation at the time it was sent, so every one of them makes a whole
//! `conversation` record, and a later one repairs what an earlier one that was lost would have said. What happened at
//! an instant (a hand-off, an assignment, a resolution) becomes a record whose id is made of what it says: said twice,
//! it is one record. So webhooks may come in any order and any number of times, as events may.
//!
//! No text of a conversation is kept: `payload` reads the members that a mapper names and skips all others.

// Numbers here come from outside: none may overflow, not even to a wrong result.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod chatwoot;
pub mod connection;
pub mod delivery;
mod events;
pub mod help_desk;
mod libredesk;
mod mapper;
pub mod outcome;
mod payload;
pub mod settings;
pub mod tally;
mod zammad;
