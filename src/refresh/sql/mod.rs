//! The statements of a refresh: folding, publishing, and removing what is no longer needed.

/// Makes pending the conversations that time alone changes by the run's instant: a snooze ends, a send is stuck, or the
/// AI has had its 30 seconds; at most ?2, those first that have been due for longest. ?1 is the run's change token. A
/// conversation that is pending already keeps its own.
pub const ADD_DUE_PENDING: &str = include_str!("add_due_pending.sql");

/// Makes pending the conversations in ?1, `[[organization, conversation], …]`, whose state has changed though nothing
/// of their own did, under the run's change token (?2). One that has become pending meanwhile keeps its own token, and
/// is folded by the next run.
pub const ADD_MERGED_PENDING: &str = include_str!("add_merged_pending.sql");

/// How many conversations are pending to be folded, at most ?1.
pub const COUNT_PENDING_CONVERSATIONS: &str = include_str!("count_pending_conversations.sql");

/// The run (?2) has finished: every report that is not frozen is now as of its instant (?1), the lease is free, and ?3
/// expired items have been reported. Returns the latest instant that another run has asked for meanwhile.
pub const FINISH: &str = include_str!("finish.sql");

/// The other conversations in ?1 (as in [`REMOVE_STATES`]) are folded, and pending to be published. One whose token is
/// the number of this run (?2) may have changed since it was read, so it stays pending to be folded, too.
pub const FORWARD_FOLDED: &str = include_str!("forward_folded.sql");

/// Freezes the organizations in ?1, `[[organization, whether it failed, whether it had its turn, conversation after
/// which folding goes on or null], …]`, that the run of fence ?2 could not refresh, did not finish, or did not get to:
/// their reports stay as of the instant that they have had so far.
pub const FREEZE: &str = include_str!("freeze.sql");

/// Freezes the organizations of conversations that are due by instant ?1, and that the run did not get to.
pub const FREEZE_DUE: &str = include_str!("freeze_due.sql");

/// Freezes the organizations whose conversations are still to be folded again, and those after organization ?1 (null:
/// none) that have had anything pending since before the run whose number is ?2: they were not even listed.
/// Organizations with conversations that are due and not pending were not reached either.
pub const FREEZE_REST: &str = include_str!("freeze_rest.sql");

/// The first statement of every batch that writes: it violates a constraint, which rolls the batch back, if a later run
/// than that of the fence ?1 has taken the lease.
pub const GUARD: &str = include_str!("guard.sql");

/// The list of version ?2 of organization ?1 is lost: all rows before ?3 are its own and those of versions before it.
/// They are listed as rows that no later version has, so they are removed in due course.
pub const LIST_LOST_ROWS: &str = include_str!("list_lost_rows.sql");

/// The next conversations to fold of organization ?1 after conversation ?2 up to conversation ?3 (null: to the last),
/// at most ?4; the rest as in [`LIST_PENDING_CONVERSATIONS`], with ?5 for the items that are counted.
pub const LIST_PENDING_AFTER: &str = include_str!("list_pending_after.sql");

/// The conversations to fold of the organizations in ?1, a JSON array of ids, at most ?2. With each: how many items its
/// timeline has (at most ?3 are counted), and the bytes of its record and its state. These are read outside the
/// subquery, so that only those of the listed conversations are.
pub const LIST_PENDING_CONVERSATIONS: &str = include_str!("list_pending_conversations.sql");

/// The record that is ?4 records after the record ?3 of type ?2 of organization ?1. There is none if there are fewer.
pub const LIST_REMOVALS: &str = include_str!("list_removals.sql");

/// The next conversations that the sweep reaches after conversation ?2 of organization ?1, at most ?3: those that have
/// a record, and those that have items. With each: how many items (at most ?5 are counted). Organizations that are
/// known to a version that forgets only since after ?4 are left out.
pub const LIST_SWEEP: &str = include_str!("list_sweep.sql");

/// The organizations that a run as of ?1 has work for, at most ?3, in the order in which it works: those whose report
/// stands still, first by how long they have had no turn and then by how long it has stood still; then the others; and
/// at the end those whose last refresh failed. With each: how many rows are published, how many records are pending (at
/// most ?2 are counted), whether its report stands still, whether it failed, how many candidates are not listed, where
/// folding continues, whether it may be published (not until all its conversations are folded again), whether versions
/// of it may be removed, and since when its report stands still.
pub const LIST_WORK: &str = include_str!("list_work.sql");

/// The published versions of the organizations in ?1, a JSON array of ids, that have anything ready to be published, do
/// not list all candidates, or are not known to be readable.
pub const READ_CHUNKS: &str = include_str!("read_chunks.sql");

/// The conversations in ?1, `[[organization, conversation], …]`, that are pending: number in ?1, change token, record,
/// whether there is one or a removal of one, whether any conversation was merged with it, the state that is stored,
/// whether an earlier change waits to be published, whether items of it have been forgotten, and the acknowledgement of
/// it.
pub const READ_CONVERSATIONS: &str = include_str!("read_conversations.sql");

/// The departments of the organizations in ?1, a JSON array of ids, that have changed, at most ?2, each with its name
/// (null: it was removed).
pub const READ_DEPARTMENTS: &str = include_str!("read_departments.sql");

/// The heads of the organizations in ?1, a JSON array of ids, each with its settings (null: the default), the instant
/// of its version, and the hour that goes with it, also by department. Settings and the latter are left out once those
/// before have ?2 bytes.
pub const READ_HEADS: &str = include_str!("read_heads.sql");

/// What is ready to be published of the organizations in ?1, a JSON array of ids, at most ?2. That includes what has
/// become pending again since it was folded: its state is consistent, and its newer change token keeps it pending.
pub const READ_PENDING: &str = include_str!("read_pending.sql");

/// What is ready to be published of the organizations in ?1, a JSON array of ids, except names of people: at most ?2 of
/// each type, and of conversations the bytes that are read to join them with their people.
pub const READ_PENDING_PORTION: &str = include_str!("read_pending_portion.sql");

/// How far the sweep has come; whether an erasure is open, and the organization that may have been purged by ?1 for
/// longest (null: there is none); and for the log, without removed organizations: how many conversations have items and
/// no record, of which at most ?2 are counted, and how many organizations have more candidates than their versions
/// list; and the instant of the last finished run.
pub const READ_SWEEP_PROGRESS: &str = include_str!("read_sweep_progress.sql");

/// Published rows: ?1 is `[[number of the organization, organization, row number], …]`.
pub const READ_PUBLISHED_ROWS: &str = include_str!("read_published_rows.sql");

/// The superseded versions of the organizations in ?1, a JSON array of ids.
pub const READ_RETIRED: &str = include_str!("read_retired.sql");

/// Those of the conversations in ?1, `[[organization, conversation], …]`, of which nothing is pending, and whose items
/// all arrived before ?2 (RFC 3339), or that were not touched since ?3: number in ?1, arrival of the newest item (null:
/// there is none), up to which instant it was swept, when it was touched last, and whether it is a candidate.
pub const READ_SWEEP: &str = include_str!("read_sweep.sql");

/// The next items of the timeline of conversation ?2 of organization ?1 after the record of type ?3 and id ?4, at most
/// ?5.
pub const READ_TIMELINE_PORTION: &str = include_str!("read_timeline_portion.sql");

/// The timeline items of the conversations in ?1, `[[organization, conversation], …]`: the conversation's number in ?1,
/// type, id and body. The index is named because the planner would read all records of the organization instead.
pub const READ_TIMELINES: &str = include_str!("read_timelines.sql");

/// Removes those of the contacts in ?1, `[[organization, contact], …]`, that no conversation or contact names any more,
/// that are not blocked, and that were not touched since ?2.
pub const REMOVE_CONTACTS: &str = include_str!("remove_contacts.sql");

/// Removes rows of retired versions that are listed in chunks of their own: ?1 is `[[organization, version], …]`. The
/// list of version 5 is that of version -5.
pub const REMOVE_LISTED_ROWS: &str = include_str!("remove_listed_rows.sql");

/// Removes all versions of organization ?1 except ?2: which of them it has superseded, and when, cannot be read.
pub const REMOVE_LOST_VERSIONS: &str = include_str!("remove_lost_versions.sql");

/// Removes the removals of before ?7 that are records after ?1, ?2, ?3 up to ?4, ?5, ?6 (as in [`LIST_REMOVALS`]).
/// Those of conversations go with what is left of these. Organizations that are known to a version that forgets only
/// since after ?8 are left out, and what says how an organization is built stays. The plus signs keep the planner from
/// searching by these columns, which would read everything.
pub const REMOVE_REMOVALS: &str = include_str!("remove_removals.sql");

/// Removes rows of retired versions: ?1 is `[[organization, row number], …]`.
pub const REMOVE_ROWS: &str = include_str!("remove_rows.sql");

/// Removes the states of those conversations in ?1, `[[organization, conversation, change token, whether the candidate
/// changed, whether nothing has to be stored], …]`, of which nothing has to be stored: they are no candidates, time
/// alone does not change that, and their records are known.
pub const REMOVE_STATES: &str = include_str!("remove_states.sql");

/// Removes retired versions, and the lists of their rows: ?1 is `[[organization, version], …]`.
pub const REMOVE_VERSIONS: &str = include_str!("remove_versions.sql");

/// The run of fence ?1 makes progress, so its deadline is ?2 now.
pub const RENEW_LEASE: &str = include_str!("renew_lease.sql");

/// Some superseded versions are removed: ?1 is `[[organization, those that are left, when the first of them may be
/// removed], …]`.
pub const RETIRE: &str = include_str!("retire.sql");

/// The candidates of organization ?1 that its version is to list, at most ?3 of them: those of the two categories that
/// a report shows unnamed before the others, those within the age limit as of ?2 (?4 days unless the organization has
/// set another limit) before older ones, and the longest waiting first. With each: how many there are in all.
/// Conversations of a blocked contact are no candidates.
pub const SELECT_CANDIDATES: &str = include_str!("select_candidates.sql");

/// The contacts and users of the organization ?1 whose rows have been made pending one by one are no longer pending.
pub const SETTLE_NAMES: &str = include_str!("settle_names.sql");

/// What was published is no longer pending, unless it has changed meanwhile, or may have since the run whose number is
/// ?2 began: ?1 is `[[organization, type, record, change token], …]`.
pub const SETTLE_PUBLISHED: &str = include_str!("settle_published.sql");

/// The conversations in ?1 (as in [`REMOVE_STATES`]) whose candidate did not change are no longer pending, unless an
/// earlier change of it waits to be published, or more may have come since the run whose number is ?2 began.
pub const SETTLE_UNCHANGED: &str = include_str!("settle_unchanged.sql");

/// Contacts of organization ?1 that no candidate shows are no longer pending, unless they may have changed since the
/// run whose number is ?2 began. A candidate shows its contact and those that this one became.
pub const SETTLE_UNSHOWN_CONTACTS: &str = include_str!("settle_unshown_contacts.sql");

/// Likewise departments, of which a candidate shows one.
pub const SETTLE_UNSHOWN_DEPARTMENTS: &str = include_str!("settle_unshown_departments.sql");

/// Likewise users, of whom a candidate shows its owner and its assignees.
pub const SETTLE_UNSHOWN_USERS: &str = include_str!("settle_unshown_users.sql");

/// The sweep has come as far as ?1 … ?6: the columns that [`READ_SWEEP_PROGRESS`] reads.
pub const STORE_SWEEP_PROGRESS: &str = include_str!("store_sweep_progress.sql");

/// Stores the states in ?1, `[[organization, conversation, change token, candidate, due at, unknown since], …]`, of the
/// conversations that still have the token that was read: of the others something has changed meanwhile.
pub const STORE_STATES: &str = include_str!("store_states.sql");

/// Switches heads, all at once: ?1 is `[[organization, version, next row number, candidates or null, retired, retire
/// at, candidates by category or null, missing, whether it is complete, the hour of the version or null, the same by
/// department or null], …]`, ?2 is the run's instant. as_of is that of the version, so it stays if the version does. A
/// report that is not complete stays as of the instant that it has had so far.
pub const SWITCH_HEADS: &str = include_str!("switch_heads.sql");

/// A run asks for the lease. It gets it if nobody has it, or if the run that has it is past its deadline. From then on
/// no earlier run can write. ?1 is the instant that the run was scheduled for: time never goes back, so a run decides
/// for the latest instant that any run was scheduled for, whether or not that one got the lease. ?2 is the number of
/// the rule that it follows: if the run before it followed another rule, whether or not it finished, everything is
/// folded again from the beginning. ?3 is the clock, ?4 the deadline, ?5 the token of the run. A deadline later than
/// this one was set by a clock that was wrong.
pub const TAKE_LEASE: &str = include_str!("take_lease.sql");

/// Writes the chunks of new versions: ?1 is `[[organization, version, number of the chunk, entries], …]`.
pub const WRITE_CHUNKS: &str = include_str!("write_chunks.sql");

/// Stores hours that are over: ?1 is `[[organization, slot, hour, quiet since, opened, crossed, cleared, median,
/// longest time, most, the same by department or null], …]`.
pub const WRITE_HOURS: &str = include_str!("write_hours.sql");

/// Writes new rows: ?1 is `[[organization, row number, people, json], …]`.
pub const WRITE_ROWS: &str = include_str!("write_rows.sql");

/// A statement about `affected`: the conversations of the organizations in ?1, a JSON array of ids, whose row may have
/// changed, because their candidate has, or the record of one of its people, or of its contact or a contact that this
/// one became. No timeline is read for that, only candidates.
macro_rules! about_affected {
    ($file:literal) => {
        concat!(include_str!("affected.sql"), include_str!($file))
    };
}

/// At most ?2 conversations of `affected`, each with the bytes that are read to join it with its people.
pub const AFFECTED_CONVERSATIONS: &str = about_affected!("affected_conversations.sql");

/// Makes the conversations of `affected` pending one by one, under the run's change token (?2).
pub const AFFECTED_PENDING: &str = about_affected!("affected_pending.sql");

/// A statement about `forgotten`: the conversations in ?1, `[[organization, conversation, [id of an item that is kept,
/// …], [conversation that was merged with it, or itself, …]], …]`, except those of which, or of what was merged with
/// them, anything has become pending since they were read.
macro_rules! about_forgotten {
    ($file:literal) => {
        concat!(include_str!("forgotten.sql"), include_str!($file))
    };
}

/// Removes the items of the conversations of `forgotten`, except those that are kept.
pub const FORGOTTEN_ITEMS: &str = about_forgotten!("forgotten_items.sql");

/// Removes the records of the conversations of `forgotten`, and their acknowledgements.
pub const FORGOTTEN_RECORDS: &str = about_forgotten!("forgotten_records.sql");

/// Makes those conversations of `forgotten` pending that have a state, under the run's change token (?2): the next run
/// finds that it has nothing to store.
pub const FORGOTTEN_STATES: &str = about_forgotten!("forgotten_states.sql");

/// Nothing is left of the conversations of `forgotten`, so they count as never swept.
pub const FORGOTTEN_SWEEPS: &str = about_forgotten!("forgotten_sweeps.sql");

/// What is forgotten of the conversations of `forgotten` is not taken in again: items that are not stored, or are
/// removed, and arrived no later than ?2 are ignored.
pub const FORGOTTEN_SWEPT: &str = about_forgotten!("forgotten_swept.sql");

/// A statement about `affected`: the conversations in ?1, `[[organization, conversation], …]`.
macro_rules! about_keys {
    ($file:literal) => {
        concat!(include_str!("keys.sql"), include_str!($file))
    };
}

/// The bytes that are read to join each conversation of `affected` that has a state with its people.
pub const KEYS_BYTES: &str = about_keys!("keys_bytes.sql");

/// The candidate of each conversation of `affected` (null: it is none), the record of its contact (null: unknown or
/// removed), and at most ten contacts that this one became, one after the other: `[[id, body or null], …]`, or null if
/// it was not merged.
pub const KEYS_CANDIDATES: &str = about_keys!("keys_candidates.sql");

/// The departments that the candidates of `affected` are in, each once, with its name; those that were removed are left
/// out.
pub const KEYS_DEPARTMENTS: &str = about_keys!("keys_departments.sql");

/// The users that the candidates of `affected` show, owners and assignees, each once; those that were removed are left
/// out.
pub const KEYS_USERS: &str = about_keys!("keys_users.sql");

/// A statement about `merged`: the conversations in ?1, `[[organization, conversation], …]`, and all that were merged
/// with one of them, directly or through others.
macro_rules! about_merged {
    ($file:literal) => {
        concat!(include_str!("merged.sql"), include_str!($file))
    };
}

/// The conversations of `merged`, pending or not, in the order of organization and id: these two, what
/// [`READ_CONVERSATIONS`] reads except for the number and whether any was merged, and when old items came last and the
/// clock of the record before the acknowledgement.
pub const MERGED_CONVERSATIONS: &str = about_merged!("merged_conversations.sql");

/// The items of all timelines of `merged`, at most ?2.
pub const MERGED_TIMELINES: &str = about_merged!("merged_timelines.sql");

/// A statement about `next`: the next conversations to be folded again, at most ?2, with their items, of which at most
/// ?1 are counted. A conversation that has more counts as all of them. A stored state counts as an item: a conversation
/// without items of its own has one as long as others are merged into it. Without the plus signs the database would not
/// search by both columns.
macro_rules! about_next {
    ($file:literal) => {
        concat!(include_str!("next_to_refold.sql"), include_str!($file))
    };
}

/// Makes the conversations of `next` pending to be folded, under the run's change token (?3). One that is pending
/// already keeps its own.
pub const ADD_REFOLD_PENDING: &str = about_next!("add_refold_pending.sql");

/// Notes how far folding again has come, to the last conversation of `next`, and returns its organization: null, and
/// the end, if they were fewer than may be taken at a time.
pub const FORWARD_REFOLD: &str = about_next!("forward_refold.sql");
