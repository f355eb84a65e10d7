//! The statements about destinations of alerts.

/// The conversations of organization ?1 in which something has happened since the last refresh, at most a thousand. The
/// others count as unchanged.
pub const CHANGED_SINCE: &str = include_str!("changed_since.sql");

/// The enabled destinations of the organizations in ?1, a JSON array of ids.
pub const DESTINATIONS: &str = include_str!("destinations.sql");

/// The organizations in ?1, a JSON array of ids, that have a published version and were not removed: the instant that
/// the report is as of, the threshold and the other settings.
pub const HEADS: &str = include_str!("heads.sql");

/// The destinations of organization ?1, in order: id, format, sealed address, sealed secrets, and what is shown of it,
/// as JSON. If it has none, a row of nulls, and no row if it does not exist or was removed.
pub const LIST_ALERTS: &str = include_str!("list_alerts.sql");

/// The organizations after ?1 that have an enabled destination, at most ?2, each with how many rows are published.
pub const LIST_TOLD: &str = include_str!("list_told.sql");

/// The chunks of the newest versions of the organizations in ?1, a JSON array of ids, in order.
pub const LISTS: &str = include_str!("lists.sql");

/// Notes an attempt to deliver to destination ?2 of organization ?1, if its row still has the revision ?3: the stalls,
/// since when a message waits, when it is to be tried, or if none waits the earliest instant of the next one, the
/// message of which it is not known whether it arrived, how often it was tried, and why that failed; if it arrived,
/// when, and what it was; and how many messages were given up.
pub const NOTE_ATTEMPT: &str = include_str!("note_attempt.sql");

/// Notes what detection has found: ?1 is `[[organization, destination, revision that was read, stalls, since when a
/// message waits, when it is to be tried, number of the message], …]`, ?2 the clock. A row that has changed since it
/// was read stays as it is, because the next detection finds the same. Returns the rows that were written, and after
/// how many milliseconds each message is to be delivered, or null if none is to be put into the queue.
pub const NOTE_STALLS: &str = include_str!("note_stalls.sql");

/// Sets the destinations of organization ?1: ?2 is `[[id, format, categories, departments or null, minutes or null,
/// whether it is enabled], …]`, ?3 is `[[sealed address, host, end of the address, sealed secrets], …]` in the same
/// order, each null if it stays, and ?4 is the clock. If other stalls fit one than before, those that there are already
/// are noted and not told. If one is switched off, a message may be on its way, so the next comes at ?5 or later.
/// Nothing is set if the organization was removed.
pub const PUT_ALERTS: &str = include_str!("put_alerts.sql");

/// Removes the destinations of organization ?1 that are not in ?2 (as in [`PUT_ALERTS`]).
pub const REMOVE_ALERTS: &str = include_str!("remove_alerts.sql");

/// What destination ?2 of organization ?1 is told as of ?4, as JSON: that ?5 conversations are no longer stalled, with
/// those that ?3 names, a JSON array of ids.
///
/// The array is wrapped in `json(…)`, because SQLite does not take the text of a subquery for JSON.
pub const SAY_CLEARED: &str = include_str!("say_cleared.sql");

/// What destination ?2 of organization ?1 is told as of ?4, as JSON: that ?5 conversations are stalled, with those
/// whose rows ?3 names: `[[row number, minutes, minutes in business hours or null], …]`.
///
/// The array is wrapped in `json(…)`, because SQLite does not take the text of a subquery for JSON.
pub const SAY_STALLED: &str = include_str!("say_stalled.sql");
