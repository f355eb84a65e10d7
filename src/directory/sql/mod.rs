//! The statements about settings, connections, and what a caller may choose from.

/// Adds what webhooks of connection ?3 of organization ?2 became on day ?1, unless anything of the connection was
/// stored less than ?18 milliseconds before ?17, or after it by another clock. The greater instant of two is the later
/// one, and what stands beside it goes with it.
pub const ADD_CONNECTION_DAY: &str = include_str!("add_connection_day.sql");

/// Adds the next settings of organization ?1: its settings so far with the thresholds by channel ?3 if ?2, those by
/// department ?5 if ?4, the age limit ?7 if ?6, and the business hours ?9 if ?8. Nothing is added if nothing changes,
/// or if the organization was removed.
pub const ADD_SETTINGS: &str = include_str!("add_settings.sql");

/// The departments of organization ?1.
pub const DEPARTMENTS: &str = include_str!("departments.sql");

/// The departments of organization ?1 whose ids are in ?2, a JSON array, whether or not a record of them is stored.
pub const DEPARTMENTS_NAMED: &str = include_str!("departments_named.sql");

/// When anything of connection ?3 of organization ?2 was stored last, on day ?1 or the day before.
pub const LAST_STORED: &str = include_str!("last_stored.sql");

/// The days of the connections of organization ?1, or of all of them if it is null, from day ?2 on, the last first.
pub const LIST_CONNECTION_DAYS: &str = include_str!("list_connection_days.sql");

/// Organization ?1: its id, its name, and whether it is removed. The body of a removal is empty, and no JSON.
pub const ORGANIZATION: &str = include_str!("organization.sql");

/// A row if organization ?1 exists and was not removed.
pub const ORGANIZATION_EXISTS: &str = include_str!("organization_exists.sql");

/// The organizations that are not removed and whose id or name contains ?1, which is in lower case, unless it is null;
/// at most ?2 of them. The body of a removal is empty, and no JSON.
pub const ORGANIZATIONS: &str = include_str!("organizations.sql");

/// Removes the days before ?1, of all connections, including those that no longer exist.
pub const REMOVE_CONNECTION_DAYS: &str = include_str!("remove_connection_days.sql");

/// Removes the settings of organization ?1 that were superseded at ?2 or earlier.
pub const REMOVE_SUPERSEDED_SETTINGS: &str = include_str!("remove_superseded_settings.sql");

/// Sets the threshold of organization ?1 to ?2 minutes, unless the organization was removed. A threshold that stays the
/// same is not written again.
pub const SET_THRESHOLD: &str = include_str!("set_threshold.sql");

/// All settings of organization ?1 except those with the greatest number are superseded, at ?2 if they were in force so
/// far.
pub const SUPERSEDE_SETTINGS: &str = include_str!("supersede_settings.sql");
