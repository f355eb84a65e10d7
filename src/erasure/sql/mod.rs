//! The statements about erasures of contacts and purges of organizations.

/// How many contacts and conversations of organization ?1 were erased with contact ?2. There is no row if the
/// organization does not exist or was removed.
pub const COUNT_ERASED: &str = include_str!("count_erased.sql");

/// Contact ?2 of organization ?1 and the contacts that were merged into it are erased as of ?3, whether or not their
/// records are stored; versions that are ahead of the clock are erased as well. Nothing happens if the organization
/// does not exist or was removed.
pub const ERASE_CONTACTS: &str = include_str!("erase_contacts.sql");

/// Those of the next ?5 conversations after ?4 of organization ?1 are erased as of ?3 that are of contact ?2, or of a
/// contact that was erased with it.
pub const ERASE_CONVERSATIONS: &str = include_str!("erase_conversations.sql");

/// Versions of the record of organization ?1 that are no later than ?2, or than the stored one, are not taken in any
/// more. Nothing happens if the organization does not exist.
pub const ERASE_ORGANIZATION: &str = include_str!("erase_organization.sql");

/// The last of the next conversations after ?2 of organization ?1, which is ?3 after the first. There is none if there
/// are fewer.
pub const LAST_CONVERSATION: &str = include_str!("last_conversation.sql");

/// Organizations that were removed may be purged at ?1, unless it is known already when; those that were not removed,
/// or not any more, never.
pub const NOTE_REMOVED: &str = include_str!("note_removed.sql");

/// Organization ?1, which is about to be removed, may be purged at ?2, unless it was removed before and may be purged
/// earlier.
pub const PLAN_PURGE: &str = include_str!("plan_purge.sql");

/// The record of organization ?1 becomes a removal with the stored revision.
pub const REMOVE_ORGANIZATION: &str = include_str!("remove_organization.sql");

/// Erasures of records after ?1, ?2, ?3 up to ?4, ?5, ?6 are open again if a version is stored that they are about: a
/// worker that does not know of them has taken it in; and so are those of conversations whose acknowledgement is
/// stored.
pub const REOPEN: &str = include_str!("reopen.sql");

/// A statement about `open`: erasures of organizations from ?1 to ?2 of which something is left to do, at most ?3, or
/// all if that is negative.
macro_rules! about_open {
    ($file:literal) => {
        concat!(include_str!("open.sql"), include_str!($file))
    };
}

/// Removes the acknowledgements of the conversations of `open`.
pub const OPEN_ACKNOWLEDGEMENTS: &str = about_open!("open_acknowledgements.sql");

/// The erasures of `open` of which no item is left are done.
pub const OPEN_CLOSED: &str = about_open!("open_closed.sql");

/// Removes items of the conversations of `open`, at most ?4.
pub const OPEN_ITEMS: &str = about_open!("open_items.sql");

/// The erased of `open` of which a record is stored become pending, and so do the conversations that erased ones were
/// merged into. The change token is as in the `ADD_PENDING` of ingest, where ?4 is the random one.
pub const OPEN_PENDING: &str = about_open!("open_pending.sql");

/// The records of `open` become removals with the stored revision, unless a later version of them is stored.
pub const OPEN_RECORDS: &str = about_open!("open_records.sql");

/// Items of the conversations of `open` that arrived no later than the erasure are not taken in any more.
pub const OPEN_SWEPT: &str = about_open!("open_swept.sql");

/// A statement about `purged`: organization ?1 if it is removed.
macro_rules! about_purged {
    ($file:literal) => {
        concat!(include_str!("purged.sql"), include_str!($file))
    };
}

/// Removes destinations of `purged`, at most ?2.
pub const PURGED_ALERTS: &str = about_purged!("purged_alerts.sql");

/// Removes lists of snapshots of `purged`, at most ?2.
pub const PURGED_CHUNKS: &str = about_purged!("purged_chunks.sql");

/// Removes days of the connections of `purged`, at most ?2.
pub const PURGED_CONNECTIONS: &str = about_purged!("purged_connections.sql");

/// Removes erasures of `purged`, at most ?2.
pub const PURGED_ERASURES: &str = about_purged!("purged_erasures.sql");

/// What is left of the head of `purged` are the numbers that no later version and row may have again. It is purged
/// again at ?2, since events of a removed organization are taken in.
pub const PURGED_HEAD: &str = about_purged!("purged_head.sql");

/// Removes hours of the days of `purged`, at most ?2.
pub const PURGED_HOURS: &str = about_purged!("purged_hours.sql");

/// Removes what is pending of `purged`, at most ?2.
pub const PURGED_PENDING: &str = about_purged!("purged_pending.sql");

/// Removes records of `purged`, at most ?2.
pub const PURGED_RECORDS: &str = about_purged!("purged_records.sql");

/// Removes rows of snapshots of `purged`, at most ?2.
pub const PURGED_ROWS: &str = about_purged!("purged_rows.sql");

/// Removes settings of `purged`, at most ?2.
pub const PURGED_SETTINGS: &str = about_purged!("purged_settings.sql");

/// Removes states of `purged`, at most ?2.
pub const PURGED_STATES: &str = about_purged!("purged_states.sql");

/// Removes the rows that say up to which instant conversations of `purged` were swept, at most ?2 of them.
pub const PURGED_SWEPT: &str = about_purged!("purged_swept.sql");
