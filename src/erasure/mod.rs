//! What is erased on request: contacts, and whole organizations.
//!
//! A request notes what it erases in table `erasure`, and makes removals of its records at once (`contact`,
//! `organization`). Ingest takes in no version of such a record that is no later than the erasure. The sweep carries
//! out the rest in portions (`portions`): the items of erased conversations, and everything of organizations that may
//! be purged.
//!
//! A request that ends anywhere in between is asked again, and what it has noted is carried out anyway.

mod contact;
mod organization;
mod portions;
mod sql;

pub use contact::{ErasedContact, erase_contact};
pub use organization::{PURGE_AFTER_MS, RemovedOrganization, parse_is_purge, remove_organization};
pub use portions::{PURGE_STATEMENTS, close_statements, note_removed, purge_end, purge_statements, reopen};
