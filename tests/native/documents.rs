//! The README says what the code does: the configuration.

use conversation_monitor::config::VARIABLES;

const README: &str = include_str!("../../README.md");

/// The names in the first column of the table that is headed so.
fn first_column(heading: &str) -> Vec<&'static str> {
    let table = README.split(heading).nth(1).expect("the table");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.split('`').nth(1).expect("a name in the first column"))
        .collect()
}

#[test]
fn every_variable_is_documented_and_no_other() {
    assert_eq!(first_column("| variable or secret | meaning | default |"), VARIABLES);
}

#[test]
fn every_variable_is_read_where_all_are() {
    let source = include_str!("../../src/config.rs");
    let code = source.split("#[cfg(test)]").next().expect("code");
    for variable in VARIABLES {
        // Once in the list, and at least once where it is read.
        assert!(code.matches(&format!("\"{variable}\"")).count() > 1, "{variable}");
    }
    let read: Vec<&str> = code
        .split("set(\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    for variable in &read {
        assert!(VARIABLES.contains(variable), "{variable} is read and not listed");
    }
    assert_eq!(read.len(), VARIABLES.len());
}

#[test]
fn documented_defaults_are_those_of_the_code() {
    let row = |name: &str| {
        let start = format!("| `{name}` |");
        README
            .lines()
            .find(|line| line.starts_with(&start))
            .expect("a row")
            .trim_end_matches(" |")
    };
    assert!(row("HEAD_MAX_AGE_SECONDS").ends_with("| 5"));
    assert!(row("RATE_LIMIT_PERIOD_SECONDS").ends_with("| 60"));
    let config = conversation_monitor::config::Config::read(|name| {
        (name == "JWT_SECRET").then(|| "a secret of the tests, long enough for HMAC-SHA256".to_owned())
    });
    let config = config.expect("sound");
    assert_eq!(config.head_max_age_ms, 5_000);
    assert_eq!(config.rate_limit_period_seconds, 60);
}
