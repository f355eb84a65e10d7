//! The statements by which a report is read.

/// The head of organization ?1: its version, the superseded versions that are still stored, the instant that its report
/// is as of, its threshold, whether it was removed, the generation of this database, its other settings with their
/// number, and how long the last refresh took.
pub const HEAD: &str = include_str!("head.sql");

/// The chunks of version ?2 of organization ?1, in order.
pub const INDEX: &str = include_str!("index.sql");

/// The chunks of the newest version of organization ?1, in order. No rows if that is version ?2.
pub const NEWEST_INDEX: &str = include_str!("newest_index.sql");

/// The rows of organization ?1 that a page of the newest version probably has, found before its index is read. No rows
/// if that is version ?2. The page begins after ?7 rows and has ?6; ?3 has the names of the categories that are asked
/// for; ?4 is 1 if rows of any age are asked for, and ?5 the age limit unless another is set, in days. ?8 is null or a
/// JSON array of departments, ?9 null or a channel, ?10 null or a reason, ?11 null or a name among the first two
/// assignees.
///
/// Only the first chunk is searched, and in it 256 entries: from the last multiple of 128 whose entry is beyond the age
/// limit. Thresholds are left out. Where several apply, or business hours, some of the rows may be below theirs, so
/// there are 20 more. Positions come from `VALUES`, because the platform bills each step of `json_each` as a row. A
/// join of two lists is billed, too. `LIMIT -1` keeps SQLite from writing the conditions and expressions around it into
/// each of them, which made preparing the statement take four times as long.
pub const PROBABLE_ROWS: &str = include_str!("probable_rows.sql");

/// The numbers of the rows of organization ?1, of whatever version, in which ?2 is found. It is in lower case, and
/// ASCII letters match in either case.
pub const SEARCH: &str = include_str!("search.sql");

/// The settings of organization ?1 with number ?2, in force or superseded.
pub const SETTINGS: &str = include_str!("settings.sql");

/// The hours of organization ?1 from ?4 on that are in the slots from ?2 to ?3, in their order.
pub const TREND: &str = include_str!("trend.sql");

/// The hours of organization ?1 from ?4 on that are in the slots from ?2 to ?3, in their order, as far as it is known
/// what happened by department; each with what is of the departments ?5, a JSON array of ids: `[[id, numbers], …]`.
pub const TREND_DEPARTMENTS: &str = include_str!("trend_departments.sql");

/// The published version of organization ?1, the instant that it is as of, and the hour that is stored with it; and
/// what of it is of the departments ?2, a JSON array of ids or null: `[[id, numbers], …]`, or null if that is not
/// known.
pub const TREND_HEAD: &str = include_str!("trend_head.sql");
