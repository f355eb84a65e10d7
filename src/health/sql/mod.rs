//! The statements by which the service's own health is read.

/// How many destinations of alerts have a message waiting, at how many of these an attempt has failed, and how many
/// messages were given up.
pub const COUNT_ALERTS: &str = include_str!("count_alerts.sql");

/// The rows of the published versions of all organizations that were not removed, by category.
pub const COUNT_CANDIDATES: &str = include_str!("count_candidates.sql");

/// The organizations with more candidates than their versions list, except those that were removed.
pub const COUNT_TRUNCATED: &str = include_str!("count_truncated.sql");

/// The conversations of which items are stored and no record, except those of removed organizations, and since when the
/// oldest has been waiting.
pub const COUNT_UNKNOWN: &str = include_str!("count_unknown.sql");

/// The numbers of the last run that finished (null: none has), and whether conversations are still to be folded again.
pub const LAST_RUN: &str = include_str!("last_run.sql");

/// Since when the oldest change waits that is in no report yet; null means that there is none. Of the hundred
/// organizations whose reports have stood still longest, a thousand changes each are read, and a thousand of all
/// together. What else is pending came after the last run began, since a run leaves nothing older of an organization
/// whose report moves on.
pub const OLDEST_PENDING: &str = include_str!("oldest_pending.sql");
