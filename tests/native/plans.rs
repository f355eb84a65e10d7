//! How every statement finds its rows: by the keys of its tables, never by reading all of one; and without sorting
//! where a report is read.

use crate::support::desk::{Desk, Mood, NOW, admin};
use crate::support::service::Service;
use std::path::{Path, PathBuf};

/// Steps that read more than the rows that they return, each with the reason why it may.
const WIDE: [(&str, &str, &str); 20] = [
    ("fold_list.sql", "SCAN p", "those that were listed"),
    ("take_lease.sql", "SCAN refresh", "one row"),
    ("finish.sql", "SCAN refresh", "one row"),
    ("guard.sql", "SCAN refresh", "one row"),
    ("freeze_failed.sql", "SCAN refresh", "one row"),
    ("mark_due.sql", "SCAN refresh", "one row"),
    ("head.sql", "SCAN r", "one row"),
    ("publish_list.sql", "SCAN o", "one row an organization, once a run"),
    (
        "publish_list.sql",
        "SEARCH p USING PRIMARY KEY (organization_id=?)",
        "what is to be done",
    ),
    (
        "publish_pending.sql",
        "SEARCH p USING PRIMARY KEY (organization_id=?)",
        "what is to be done",
    ),
    (
        "publish_chunks.sql",
        "SEARCH p EXISTS USING PRIMARY KEY (organization_id=?)",
        "stops at the first",
    ),
    (
        "organizations.sql",
        "SCAN o",
        "one row an organization, for a SUPERADMIN who chooses",
    ),
    (
        "departments.sql",
        "SEARCH d USING PRIMARY KEY (organization_id=? AND type=?)",
        "all of them are asked for",
    ),
    (
        "publish_departments.sql",
        "SEARCH p EXISTS USING PRIMARY KEY (organization_id=?)",
        "stops at the first",
    ),
    (
        "publish_departments.sql",
        "SEARCH d USING PRIMARY KEY (organization_id=? AND type=?)",
        "departments are few",
    ),
    (
        "fold_list.sql",
        "SEARCH pending USING PRIMARY KEY ((organization_id,type,record_id)>(?,?,?))",
        "what is to be done",
    ),
    (
        "affected_candidates.sql",
        "SEARCH s USING PRIMARY KEY (organization_id=?)",
        "candidates, where a name changed",
    ),
    (
        "affected_users.sql",
        "SEARCH s USING PRIMARY KEY (organization_id=?)",
        "candidates, where a name changed",
    ),
    (
        "affected_candidates.sql",
        "SEARCH p USING PRIMARY KEY (organization_id=? AND type=?)",
        "what is to be done",
    ),
    (
        "affected_users.sql",
        "SEARCH p USING PRIMARY KEY (organization_id=? AND type=?)",
        "what is to be done",
    ),
];

/// The keys of tables and indexes, as plans print them.
const KEYS: [&str; 9] = [
    "(organization_id=?)",
    "(organization_id=? AND type=? AND record_id=?)",
    "(organization_id=? AND conversation_id=?)",
    "(organization_id=? AND row_no=?)",
    "(organization_id=? AND version=?)",
    "(organization_id=? AND version=? AND part=?)",
    "(due_at<?)",
    "(id=?)",
    "USING INDEX sqlite_autoindex_pending_1 FOR IN-OPERATOR",
];

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

/// The text of a statement; `affected.sql` is the beginning of others.
fn statement(file: &Path) -> String {
    let name = file.file_name().unwrap().to_str().unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    if name.starts_with("affected_") {
        std::fs::read_to_string(file.with_file_name("affected.sql")).unwrap() + &text
    } else {
        text
    }
}

/// Whether a step finds just the rows that it is about.
fn is_narrow(step: &str) -> bool {
    let is_parameter = step.contains("VIRTUAL TABLE");
    let is_intermediate = ["SCAN changed", "SCAN named", "SCAN t"].contains(&step);
    // A search by the organization alone is narrow in the one table that has a row an organization.
    let by_organization = step.ends_with("(organization_id=?)");
    let of_organizations = ["SEARCH o ", "SEARCH organization ", "SEARCH known "];
    let by_key = KEYS.iter().any(|key| step.contains(key));
    match () {
        () if step.starts_with("SCAN") => is_parameter || is_intermediate,
        () if by_organization => of_organizations.iter().any(|table| step.starts_with(table)),
        () if step.starts_with("SEARCH") => by_key,
        () => true,
    }
}

#[test]
fn no_statement_reads_more_than_it_needs() {
    let service = Service::default();
    let mut files = Vec::new();
    sql_files(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut files);
    let mut problems = Vec::new();
    let mut reasons_used = vec![false; WIDE.len()];
    for file in files.iter().filter(|file| !file.ends_with("affected.sql")) {
        let name = file.file_name().unwrap().to_str().unwrap();
        for step in service.database.plan(&statement(file)) {
            let reason = WIDE.iter().position(|(of, wide, _)| *of == name && *wide == step);
            match reason {
                Some(number) => reasons_used[number] = true,
                None if is_narrow(&step) => {}
                None => problems.push(format!("{name}: {step}")),
            }
            if file.parent().unwrap().ends_with("report/sql") && step.contains("TEMP B-TREE") {
                problems.push(format!("{name}: {step}"));
            }
        }
    }
    for (used, (name, step, _)) in reasons_used.into_iter().zip(WIDE) {
        if !used {
            problems.push(format!("{name} has no step {step} any more"));
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
    println!("statements whose plan was checked: {}", files.len());
}

#[test]
fn each_row_of_a_page_is_found_by_its_key() {
    let desk = Desk::new(Mood::Empty, 150);
    for limit in [1, 2, 100] {
        desk.ask(&admin(), &format!("skipThreshold=true&limit={limit}"), NOW)
            .unwrap();
    }
    let texts = desk.service.database.texts();
    let of_rows: Vec<&String> = texts.iter().filter(|text| text.starts_with("VALUES ")).collect();
    assert_eq!(of_rows.len(), 3);
    for text in of_rows {
        let plan = desk.service.database.plan(text);
        let rows = text.matches("AND row_no = ?2 ->> ").count();
        let by_key = "SEARCH snapshot_row USING PRIMARY KEY (organization_id=? AND row_no=?)";
        assert_eq!(plan.iter().filter(|step| *step == by_key).count(), rows, "{plan:#?}");
        let others = plan.iter().filter(|step| *step != by_key);
        for step in others {
            let is_constant = step.starts_with("SCALAR SUBQUERY") || step.contains("CONSTANT ROW");
            assert!(is_constant, "{step}");
        }
    }
}
