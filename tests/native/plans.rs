//! How every statement finds its rows: by complete keys, with the exceptions listed here. Where a report is read,
//! nothing is sorted.

use crate::support::desk::{Desk, MINUTE, Mood, NOW, admin};
use crate::support::service::Service;
use crate::support::sqlite::Sqlite;
use crate::support::sqlite::assert_can_be_members;
use conversation_monitor::report::cache::{IsolateCache, PagePolicy};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A read that may find more than one row of a table.
struct WideRead {
    table: &'static str,
    /// The columns of the primary key that it searches by. An empty list means that it scans the table.
    key: &'static [&'static str],
    /// The statements that may read so.
    statements: &'static [&'static str],
    /// Why they may.
    reason: &'static str,
}

const WIDE_READS: &[WideRead] = &[
    WideRead {
        table: "refresh",
        key: &[],
        statements: &[
            "take_lease",
            "renew_lease",
            "finish",
            "guard",
            "freeze",
            "freeze_rest",
            "freeze_due",
            "switch_heads",
            "add_due_pending",
            "head",
            "forward_refold",
            "list_work",
            "last_run",
            "add_pending",
            "open_pending",
            "probable_rows",
            "read_sweep_progress",
            "late_note",
            "oldest_pending",
            "heads",
        ],
        reason: "the table has one row",
    },
    WideRead {
        table: "organization",
        key: &["organization_id"],
        statements: &["freeze_rest"],
        reason: "a range of the key, which is empty unless everything is folded again or a run could not list everything",
    },
    WideRead {
        table: "organization",
        key: &[],
        statements: &[
            "list_work",
            "organizations",
            "count_candidates",
            "count_truncated",
            "read_sweep_progress",
            "oldest_pending",
        ],
        reason: "one row an organization: once a refresh, for a SUPERADMIN who chooses one, and for an operator",
    },
    WideRead {
        table: "connection_day",
        key: &["day"],
        statements: &["list_connection_days", "remove_connection_days"],
        reason: "a row a day and connection, of which there are at most 50; what is older than a month is removed",
    },
    WideRead {
        table: "pending",
        key: &["organization_id"],
        statements: &["list_work", "read_pending"],
        reason: "everything that is pending is to be published; as many are counted as go into a slice",
    },
    WideRead {
        table: "pending",
        key: &["organization_id"],
        statements: &["oldest_pending"],
        reason: "a thousand rows of a hundred organizations, for an operator",
    },
    WideRead {
        table: "pending",
        key: &[],
        statements: &["oldest_pending"],
        reason: "a thousand rows, for an operator",
    },
    WideRead {
        table: "pending",
        key: &[],
        statements: &["list_work"],
        reason: "min() stops at the first row",
    },
    WideRead {
        table: "pending",
        key: &["organization_id"],
        statements: &["read_chunks", "freeze_rest"],
        reason: "EXISTS stops at the first row that is to be published, or at the first of before the run",
    },
    WideRead {
        table: "pending",
        key: &["organization_id", "type"],
        statements: &[
            "affected_conversations",
            "affected_pending",
            "read_departments",
            "read_pending_portion",
            "list_pending_conversations",
            "settle_names",
            "settle_unshown_contacts",
            "settle_unshown_users",
            "settle_unshown_departments",
        ],
        reason: "everything of this type that is pending is to be folded, published or settled",
    },
    WideRead {
        table: "pending",
        key: &["organization_id", "type", "record_id"],
        statements: &["list_pending_after"],
        reason: "a range of the key: everything that is pending is to be folded",
    },
    WideRead {
        table: "pending",
        key: &[],
        statements: &["count_pending_conversations"],
        reason: "once a run while everything is folded again, and it stops at as many as a run folds",
    },
    WideRead {
        table: "conversation_state",
        key: &["organization_id"],
        statements: &["affected_conversations", "affected_pending"],
        reason: "if a name changed, any candidate may show it",
    },
    WideRead {
        table: "conversation_state",
        key: &["organization_id"],
        statements: &[
            "settle_unshown_contacts",
            "settle_unshown_users",
            "settle_unshown_departments",
            "select_candidates",
            "add_pending",
        ],
        reason: "what an organization of up to 1,000 candidates shows, once an ingest of contacts; what a large organization shows, once a run; and what it is to list if that is not everything",
    },
    WideRead {
        table: "conversation_state",
        key: &["organization_id", "conversation_id"],
        statements: &["add_refold_pending", "forward_refold"],
        reason: "a range of the key: the next states to be folded again",
    },
    WideRead {
        table: "record",
        key: &["organization_id", "type"],
        statements: &["departments"],
        reason: "all departments of an organization are asked for",
    },
    WideRead {
        table: "record",
        key: &["organization_id", "type"],
        statements: &["remove_contacts"],
        reason: "whether a conversation names a contact that may go, once for some hundred of them",
    },
    WideRead {
        table: "record",
        key: &["organization_id", "type", "record_id"],
        statements: &["list_sweep", "list_removals", "remove_removals"],
        reason: "a range of the key, as long as a portion of the sweep",
    },
    WideRead {
        table: "organization",
        key: &["organization_id"],
        statements: &["list_sweep"],
        reason: "a range of the key, as long as a portion of the sweep",
    },
    WideRead {
        table: "organization",
        key: &[],
        statements: &["note_removed"],
        reason: "one row an organization, once in each pass of the sweep",
    },
    WideRead {
        table: "record",
        key: &["organization_id", "type", "record_id"],
        statements: &["erase_conversations", "last_conversation"],
        reason: "a range of the key, as long as a portion of the conversations that an erasure looks through",
    },
    WideRead {
        table: "erasure",
        key: &["organization_id", "type", "record_id"],
        statements: &["reopen"],
        reason: "a range of the key, as long as a portion of the sweep",
    },
    WideRead {
        table: "erasure",
        key: &[],
        statements: &["read_sweep_progress"],
        reason: "EXISTS stops at the first row of an index that has only what is open",
    },
    WideRead {
        table: "record",
        key: &["organization_id"],
        statements: &["purged_records"],
        reason: "everything of an organization is to be removed, and it stops at as many as a portion has",
    },
    WideRead {
        table: "pending",
        key: &["organization_id"],
        statements: &["purged_pending"],
        reason: "as above",
    },
    WideRead {
        table: "conversation_state",
        key: &["organization_id"],
        statements: &["purged_states"],
        reason: "as above",
    },
    WideRead {
        table: "conversation_sweep",
        key: &["organization_id"],
        statements: &["purged_swept"],
        reason: "as above",
    },
    WideRead {
        table: "snapshot_row",
        key: &["organization_id"],
        statements: &["purged_rows"],
        reason: "as above",
    },
    WideRead {
        table: "snapshot_part",
        key: &["organization_id"],
        statements: &["purged_chunks"],
        reason: "as above",
    },
    WideRead {
        table: "settings",
        key: &["organization_id"],
        statements: &["purged_settings"],
        reason: "as above",
    },
    WideRead {
        table: "settings",
        key: &["organization_id"],
        statements: &["heads"],
        reason: "max() stops at the last row of an organization",
    },
    WideRead {
        table: "alert",
        key: &["organization_id"],
        statements: &["list_alerts", "remove_alerts", "purged_alerts", "destinations"],
        reason: "all destinations of an organization, of which there are at most ten",
    },
    WideRead {
        table: "alert",
        key: &["organization_id"],
        statements: &["list_told"],
        reason: "a range of the key, which ends after a hundred organizations that have destinations",
    },
    WideRead {
        table: "alert",
        key: &[],
        statements: &["count_alerts"],
        reason: "at most ten rows an organization that has destinations, for an operator",
    },
    WideRead {
        table: "pending",
        key: &["organization_id", "type"],
        statements: &["changed_since"],
        reason: "what has changed since the last refresh, and it stops at a thousand",
    },
    WideRead {
        table: "snapshot_part",
        key: &["organization_id", "version"],
        statements: &["lists"],
        reason: "the list of a version, of which there are a few chunks",
    },
    WideRead {
        table: "trend",
        key: &["organization_id"],
        statements: &["purged_hours"],
        reason: "everything of an organization is to be removed, of which there are at most 768 rows",
    },
    WideRead {
        table: "trend",
        key: &["organization_id", "slot"],
        statements: &["trend", "trend_departments"],
        reason: "a range of the key: the hours that are asked for, and those of a month at most",
    },
    WideRead {
        table: "connection_day",
        key: &[],
        statements: &["purged_connections"],
        reason: "a row a day and connection, for a month; once for each portion of a purge",
    },
    WideRead {
        table: "organization",
        key: &[],
        statements: &["remove_removals"],
        reason: "one row an organization, for each portion of the removals",
    },
    WideRead {
        table: "sweep",
        key: &[],
        statements: &["read_sweep_progress", "store_sweep_progress"],
        reason: "the table has one row",
    },
    WideRead {
        table: "snapshot_row",
        key: &["organization_id"],
        statements: &["search"],
        reason: "a text may be anywhere in any row; searches have a rate limit of their own",
    },
    WideRead {
        table: "snapshot_part",
        key: &["organization_id"],
        statements: &["remove_lost_versions"],
        reason: "all versions of an organization whose head cannot be read",
    },
    WideRead {
        table: "snapshot_row",
        key: &["organization_id", "row_no"],
        statements: &["list_lost_rows"],
        reason: "a range of the key: all rows of an organization whose list is lost",
    },
    WideRead {
        table: "settings",
        key: &["organization_id"],
        statements: &[
            "head",
            "probable_rows",
            "read_heads",
            "select_candidates",
            "add_settings",
            "supersede_settings",
            "remove_superseded_settings",
        ],
        reason: "the greatest number is a single row; a change looks at those that were superseded within minutes",
    },
    WideRead {
        table: "settings",
        key: &["organization_id", "number"],
        statements: &["supersede_settings"],
        reason: "a range of the key: the superseded settings of one organization",
    },
    WideRead {
        table: "snapshot_part",
        key: &["organization_id", "version"],
        statements: &[
            "index",
            "newest_index",
            "read_chunks",
            "remove_versions",
            "remove_listed_rows",
        ],
        reason: "all chunks of a version are asked for",
    },
];

/// A table as a step of a plan reads it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Read {
    table: String,
    /// The columns of the primary key that it searches by.
    key: BTreeSet<String>,
    /// Whether that is one row at most, or those that an index was made for.
    is_narrow: bool,
}

/// The columns of the primary key of each table.
fn primary_keys(database: &Sqlite) -> BTreeMap<String, BTreeSet<String>> {
    let tables = database.query("SELECT name FROM sqlite_schema WHERE type = 'table'");
    let key_of = |table: &str| {
        let columns = database.query(&format!("SELECT name FROM pragma_table_info('{table}') WHERE pk > 0"));
        columns.into_iter().map(|row| row[0].clone()).collect()
    };
    tables
        .into_iter()
        .map(|row| (row[0].clone(), key_of(&row[0])))
        .collect()
}

/// The tables that a statement reads. Parameters that are JSON, `VALUES` and intermediate results are not tables.
fn reads(database: &Sqlite, sql: &str) -> Vec<Read> {
    let keys = primary_keys(database);
    let words: Vec<&str> = sql
        .split(|character: char| !character.is_alphanumeric() && character != '_')
        .filter(|word| !word.is_empty())
        .collect();
    let table_of = |alias: &str| -> Option<String> {
        let aliased = words.windows(3).find(|words| words[1] == "AS" && words[2] == alias);
        let table = aliased.map_or(alias, |words| words[0]);
        keys.contains_key(table).then(|| table.to_owned())
    };
    let read = |step: &str| -> Option<Read> {
        let (operation, rest) = step.split_once(' ')?;
        if !["SCAN", "SEARCH"].contains(&operation) || step.contains("VIRTUAL TABLE") {
            return None;
        }
        let table = table_of(rest.split(' ').next()?)?;
        let condition = rest.split_once('(').map_or("", |(_, condition)| condition);
        let conditions: Vec<&str> = condition.split(" AND ").collect();
        let is_range = conditions.iter().any(|condition| !condition.contains("=?"));
        let key: BTreeSet<String> = keys[&table]
            .iter()
            .filter(|column| condition.contains(column.as_str()))
            .cloned()
            .collect();
        let has_index = step.contains("INDEX ") && !step.contains("sqlite_autoindex");
        let is_narrow = operation == "SEARCH" && (has_index || (key == keys[&table] && !is_range));
        Some(Read { table, key, is_narrow })
    };
    database.plan(sql).iter().filter_map(|step| read(step)).collect()
}

fn sql_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sql_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "sql") {
            found.push(path);
        }
    }
}

/// Files that are the beginning of others, with the names of these, as far as they have them in common.
const BEGINNINGS: [(&str, &[&str]); 8] = [
    ("affected", &["affected_"]),
    ("forgotten", &["forgotten_"]),
    ("keys", &["keys_"]),
    ("late", &["late_"]),
    ("merged", &["merged_"]),
    ("open", &["open_"]),
    ("purged", &["purged_"]),
    ("next_to_refold", &["add_refold_pending", "forward_refold"]),
];

/// The text of a statement. `None` means that the file is only the beginning of others.
fn statement(file: &Path) -> Option<String> {
    let name = file.file_stem().unwrap().to_str().unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    if BEGINNINGS.iter().any(|(beginning, _)| *beginning == name) {
        return None;
    }
    let beginning = BEGINNINGS
        .iter()
        .find(|(_, others)| others.iter().any(|other| name.starts_with(other)));
    Some(match beginning {
        Some((beginning, _)) => {
            std::fs::read_to_string(file.with_file_name(format!("{beginning}.sql"))).unwrap() + &text
        }
        None => text,
    })
}

#[test]
fn statements_read_by_complete_keys_or_have_a_reason() {
    let service = Service::default();
    let mut files = Vec::new();
    sql_files(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut files);
    let mut problems = Vec::new();
    let mut used = BTreeSet::new();
    for file in &files {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let Some(sql) = statement(file) else {
            continue;
        };
        for read in reads(&service.database, &sql)
            .into_iter()
            .filter(|read| !read.is_narrow)
        {
            let permission = WIDE_READS.iter().position(|wide| {
                let has_key = read.key == wide.key.iter().map(|column| (*column).to_owned()).collect();
                wide.table == read.table && has_key && wide.statements.contains(&name)
            });
            match permission {
                Some(number) => drop(used.insert((number, name.to_owned()))),
                None => problems.push(format!("{name} reads {read:?}")),
            }
        }
        // D1 takes five terms of a compound SELECT.
        if sql.matches("UNION").count() > 4 {
            problems.push(format!("{name} is a compound of too many terms"));
        }
        let plan = service.database.plan(&sql);
        if file.parent().unwrap().ends_with("report/sql") && plan.iter().any(|step| step.contains("TEMP B-TREE")) {
            problems.push(format!("{name} sorts: {plan:?}"));
        }
    }
    for (number, wide) in WIDE_READS.iter().enumerate() {
        for name in wide.statements {
            if !used.contains(&(number, (*name).to_owned())) {
                problems.push(format!(
                    "{name} does not read {} so any more: {}",
                    wide.table, wide.reason
                ));
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
    println!("statements whose plan was checked: {}", files.len());
}

#[test]
fn the_columns_of_every_statement_have_names_of_their_own() {
    let service = Service::default();
    let mut files = Vec::new();
    sql_files(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut files);
    for sql in files.iter().filter_map(|file| statement(file)) {
        assert_can_be_members(&sql, &service.database.columns(&sql));
    }
}

#[test]
fn the_rows_of_a_page_are_found_by_their_keys() {
    let desk = Desk::new(Mood::Empty, 150);
    let mut checked = 0;
    let ask = |limit: u64, now: i64| {
        desk.ask(&admin(), &format!("skipThreshold=true&limit={limit}"), now)
            .unwrap()
    };
    for limit in [1, 2, 100] {
        ask(limit, NOW);
    }
    // Only in the version that is known: a publication is due.
    desk.cache.replace(IsolateCache::new(PagePolicy {
        memory_bytes_max: 16 * 1024 * 1024,
        share_after_ms: MINUTE,
    }));
    ask(3, NOW);
    ask(4, NOW + MINUTE);
    // Those that are left out as too long.
    desk.lengthen_rows("100000");
    ask(5, NOW + MINUTE);
    for sql in desk.service.database.texts() {
        let of_rows = |read: &Read| read.table == "snapshot_row";
        let is_page = !sql.contains("INSERT") && reads(&desk.service.database, &sql).iter().any(of_rows);
        if !is_page || sql.contains("json_each") {
            continue;
        }
        checked += 1;
        for read in reads(&desk.service.database, &sql).iter().filter(|read| of_rows(read)) {
            assert!(read.is_narrow, "{read:?} in {sql}");
        }
        let plan = desk.service.database.plan(&sql);
        assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{plan:?}");
    }
    // One for each page, and another for the long rows.
    assert_eq!(checked, 6);
}
