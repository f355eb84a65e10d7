//! The statements that store records and make pending what they change.

/// An organization exists once any event of it is stored.
pub const ADD_ORGANIZATIONS: &str = include_str!("add_organizations.sql");

/// Makes pending what the incoming records (?1) change: the conversations that they are in, were in, are, or
/// acknowledge, and those that conversations were merged into; contacts, users and departments; and organizations that
/// are new. The target of a merge that comes in now is found when the merged conversation is folded. The change token
/// (`mark`) is the number of the last run, so that what changes many times until the next run is written once: a run
/// settles nothing under its own number. If the last run is one of a version that knows only random tokens, it is the
/// token of this ingest (?2). ?3 is the clock: what is pending already keeps the instant that it has.
///
/// A contact that no candidate shows, itself or merged into others, makes nothing pending: whichever candidate shows it
/// later is joined with it then. In an organization of more than 1,000 candidates it is not looked for.
pub const ADD_PENDING: &str = include_str!("add_pending.sql");

/// What may be wrong with the incoming records (?1), which are stored, at most ?2: the number of the event, and
/// organization and conversation of a message whose conversation's record is not known, or nulls for a removal without
/// revision of a record that has one. Of the messages of a conversation only the first is listed.
pub const LIST_WARNINGS: &str = include_str!("list_warnings.sql");

/// Moves each incoming record (?1) that is stored now to its conversation, if it was in another one; a removal to none.
pub const MOVE: &str = include_str!("move.sql");

/// Notes when (?2) the incoming items (?1) that arrived before ?3 came to their conversations, if they are stored
/// there: more of them may come, so that the conversations are not swept for some days. It is noted once an hour.
pub const NOTE_LATE_ITEMS: &str = include_str!("note_late_items.sql");

/// Stores each incoming record (?1) unless the stored version of it is greater: `Record::order`. No record comes twice.
/// An item that is not stored, or as removed only, and arrived no later than the `mark` of its swept conversation has
/// been forgotten, or comes too late; and a version of an erased record that is no later than the erasure is not
/// stored, whatever its revision. Nor is an acknowledgement of an erased conversation. conversation_id is not updated
/// here: naming an indexed column would cost a write of the index at every change of a message's status. [`MOVE`]
/// updates the few that did change.
pub const UPSERT_GREATEST: &str = include_str!("upsert_greatest.sql");

/// A statement about `late`: the incoming records (?1) that are items and are not stored, or as removed only, because
/// they arrived before their conversation was swept: no later than its `mark`.
macro_rules! about_late {
    ($file:literal) => {
        concat!(include_str!("late.sql"), include_str!($file))
    };
}

/// How many items of `late` there are.
pub const LATE_COUNT: &str = about_late!("late_count.sql");

/// Notes how many items of `late` there are, for the log line of the next run.
pub const LATE_NOTE: &str = about_late!("late_note.sql");
