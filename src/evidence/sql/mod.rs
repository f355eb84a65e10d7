//! The statement of the evidence.

/// What the evidence shows besides the timeline of conversation ?2 of organization ?1: the conversation's contact; the
/// contacts that it became, one after the other, `[[id, body or null], …]` (null: it was not merged); the users among
/// its owner and assignees, `[[id, body], …]`; the clock of the stored version of its acknowledgement; the name of user
/// ?3; and the id of the contact.
pub const SURROUNDINGS: &str = include_str!("surroundings.sql");
