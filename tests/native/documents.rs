//! The tables of the documents say what the code does: the configuration and the limits.

use conversation_monitor::auth::access::Denial;
use conversation_monitor::auth::connection::SignatureError;
use conversation_monitor::config::{Config, ConfigError, VARIABLES};
use conversation_monitor::{
    alert, auth, base, connector, conversation, directory, erasure, evidence, health, hours, ingest, refresh, report,
    snapshot, storage,
};
use std::cell::RefCell;
use std::collections::BTreeSet;
use strum::VariantArray;

const API: &str = include_str!("../../docs/api.md");
const OPERATING: &str = include_str!("../../docs/operating.md");
const DEPLOYING: &str = include_str!("../../docs/deploying.md");
const SECRET: &str = "a secret of the tests, long enough for HMAC-SHA256";

/// The rows of the table below `heading`: the text of each cell.
fn table(document: &'static str, heading: &str) -> Vec<Vec<&'static str>> {
    let table = document.split(heading).nth(1).expect("the table");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// What stands between the first two backticks.
fn code(cell: &str) -> &str {
    cell.split('`').nth(1).expect("something between backticks")
}

/// The configuration with a secret, and with `value` for `variable`.
fn configured(variable: &str, value: &str) -> Result<Config, Vec<ConfigError>> {
    Config::from_variables(|name| match name {
        "JWT_SECRET" => Some(SECRET.to_owned()),
        _ => (name == variable).then(|| value.to_owned()),
    })
}

fn configuration_table() -> Vec<Vec<&'static str>> {
    table(DEPLOYING, "| variable or secret | meaning | default |")
}

#[test]
fn every_variable_is_documented_and_no_other() {
    let documented: Vec<&str> = configuration_table().iter().map(|row| code(row[0])).collect();
    assert_eq!(documented, VARIABLES);
}

#[test]
fn the_variables_that_are_listed_are_those_that_are_read() {
    let read = RefCell::new(BTreeSet::new());
    let config = Config::from_variables(|name| {
        read.borrow_mut().insert(name.to_owned());
        (name == "JWT_SECRET").then(|| SECRET.to_owned())
    });
    config.expect("sound");
    let listed: BTreeSet<String> = VARIABLES.iter().map(ToString::to_string).collect();
    assert_eq!(read.into_inner(), listed);
}

#[test]
fn documented_defaults_and_ranges_are_those_of_the_code() {
    let mut numbers = 0;
    for row in configuration_table() {
        let (variable, meaning, default) = (code(row[0]), row[1], row[2]);
        if default.parse::<u32>().is_err() {
            continue;
        }
        numbers += 1;
        let as_documented = configured(variable, default).expect("the default is sound");
        let left_out = configured("", "").expect("sound");
        assert_eq!(format!("{as_documented:?}"), format!("{left_out:?}"), "{variable}");

        let is_taken = |value: u32| configured(variable, &value.to_string()).is_ok();
        let number = |text: &str| text.parse::<u32>().expect("a number");
        if let Some((before, after)) = meaning.split_once(" … ") {
            let least = number(before.rsplit([' ', ',']).next().expect("a word"));
            let greatest = number(after.split([' ', ';', ',']).next().expect("a word"));
            assert!(is_taken(least) && is_taken(greatest), "{variable}");
            assert!(!is_taken(greatest + 1), "{variable}");
        } else {
            let (before, _) = meaning.split_once(':').expect("the numbers, and what they are for");
            let listed: Vec<u32> = before.split([' ', ',']).filter_map(|word| word.parse().ok()).collect();
            let taken: Vec<u32> = (0..=1_000).filter(|value| is_taken(*value)).collect();
            assert_eq!(taken, listed, "{variable}");
        }
    }
    assert_eq!(numbers, 11);
}

/// A number with a comma between thousands.
fn number(value: i128) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn characters(value: i128) -> String {
    format!("{} characters", number(value))
}

fn bits(value: i128) -> String {
    format!("{} bits", number(value))
}

fn bytes(value: i128) -> String {
    match value {
        _ if value % (1024 * 1024) == 0 => format!("{} MiB", value / (1024 * 1024)),
        _ if value % 1024 == 0 => format!("{} KiB", value / 1024),
        _ => format!("{value} bytes"),
    }
}

fn minutes(value: i128) -> String {
    format!("{} minutes", number(value))
}

fn days(value: i128) -> String {
    format!("{} days", number(value))
}

fn milliseconds(value: i128) -> String {
    const DAY_MS: i128 = 24 * 60 * 60_000;
    match value {
        DAY_MS => "1 day".to_owned(),
        _ if value % DAY_MS == 0 => format!("{} days", number(value / DAY_MS)),
        _ if value % 60_000 == 0 => minutes(value / 60_000),
        _ => format!("{} seconds", value / 1_000),
    }
}

/// The constants of the table, each with what the table must say of it.
fn limits() -> Vec<(String, String)> {
    macro_rules! limits {
        ($($constant:path => $write:ident,)*) => {
            vec![$((stringify!($constant).replace(' ', ""), $write(i128::try_from($constant).expect("a number")))),*]
        };
    }
    limits! {
        ingest::store::BODY_BYTES_MAX => bytes,
        ingest::parse::EVENTS_MAX => number,
        ingest::parse::REMARKS_MAX => number,
        ingest::parse::WRITTEN_BEFORE_MAX_MS => milliseconds,
        base::id::ID_CHARACTERS_MAX => characters,
        conversation::fields::NAME_CHARACTERS_MAX => characters,
        conversation::fields::NAME_BYTES_MAX => bytes,
        conversation::fields::WORD_CHARACTERS_MAX => characters,
        conversation::fields::ASSIGNEES_MAX => number,
        conversation::fields::CLOCK_SKEW_MAX_MS => milliseconds,
        conversation::fields::COUNTER_MAX => number,
        conversation::answers::QUEUED_MAX_MS => milliseconds,
        conversation::answers::PROMISE_MAX_MS => milliseconds,
        conversation::answers::NAMED_MAX_MS => milliseconds,
        conversation::resolution::CANCEL_MS => milliseconds,
        conversation::stall::AI_GRACE_MS => milliseconds,
        conversation::stall::CHANGES_MAX => number,
        conversation::merge::STEPS_MAX => number,
        conversation::timeline::TIMELINE_BYTES_MAX => bytes,
        conversation::timeline::EXPLAINED_MAX => number,
        conversation::acknowledgement::NOTE_CHARACTERS_MAX => characters,
        conversation::report_row::ASSIGNEE_NAMES_BYTES_MAX => bytes,
        report::request::PAGE_MAX => number,
        report::request::LIMIT_MAX => number,
        report::request::LIMIT_DEFAULT => number,
        report::request::SEARCH_CHARACTERS_MIN => characters,
        report::request::SEARCH_CHARACTERS_MAX => characters,
        report::request::SEARCH_BODY_BYTES_MAX => bytes,
        report::request::CHANNEL_CHARACTERS_MAX => characters,
        report::request::ASSIGNEE_CHARACTERS_MAX => characters,
        report::streams::STREAMS_MAX => number,
        report::poll::PHASE_MAX_MS => milliseconds,
        evidence::BODY_BYTES_MAX => bytes,
        evidence::UNTIL_MAX_MS => milliseconds,
        snapshot::settings::THRESHOLD_MINUTES_DEFAULT => minutes,
        directory::settings_change::THRESHOLD_MINUTES_MAX => minutes,
        directory::settings_change::CHANNEL_THRESHOLDS_MAX => number,
        directory::settings_change::DEPARTMENT_THRESHOLDS_MAX => number,
        snapshot::settings::MAX_AGE_DAYS_DEFAULT => days,
        directory::settings_change::MAX_AGE_DAYS_MAX => days,
        hours::business_hours::INTERVALS_MAX => number,
        hours::business_hours::DATES_MAX => number,
        directory::settings_change::BODY_BYTES_MAX => bytes,
        alert::settings::BODY_BYTES_MAX => bytes,
        alert::settings::DESTINATIONS_MAX => number,
        alert::settings::DESTINATION_ID_CHARACTERS_MAX => characters,
        alert::settings::DEPARTMENTS_MAX => number,
        alert::settings::AFTER_MINUTES_MAX => minutes,
        alert::message::NAMED_MAX => number,
        alert::stalls::STALLS_BYTES_MAX => bytes,
        directory::scopes::SEARCH_CHARACTERS_MAX => characters,
        directory::scopes::ORGANIZATIONS_MAX => number,
        connector::delivery::BODY_BYTES_MAX => bytes,
        connector::outcome::NOTES_MAX => number,
        auth::connection::WINDOW_MS => milliseconds,
        connector::connection::CONNECTIONS_MAX => number,
        connector::connection::CONNECTION_ID_CHARACTERS_MIN => characters,
        connector::connection::CONNECTION_ID_CHARACTERS_MAX => characters,
        connector::connection::SECRETS_MAX => number,
        connector::connection::SECRET_BYTES_MIN => bytes,
        connector::connection::SECRET_BYTES_MAX => bytes,
        connector::settings::PREFIX_CHARACTERS_MAX => characters,
        connector::settings::SILENT_HOURS_MAX => number,
        connector::settings::LISTED_MAX => number,
        auth::token::TOKEN_BYTES_MAX => bytes,
        auth::token::KEY_ID_BYTES_MAX => bytes,
        auth::claims::DEPARTMENTS_MAX => number,
        auth::claim_mapping::POINTER_BYTES_MAX => bytes,
        auth::claim_mapping::ROLE_NAMES_BYTES_MAX => bytes,
        auth::claims::LEEWAY_MS => milliseconds,
        auth::jwk::KEY_SET_BYTES_MAX => bytes,
        auth::jwk::KEYS_MAX => number,
        auth::keys::HMAC_KEY_BYTES_MIN => bytes,
        auth::jwk::RSA_BITS_MIN => bits,
        auth::jwk::RSA_BITS_MAX => bits,
        auth::jwk::RSA_EXPONENT_MIN => number,
        auth::jwks_cache::FRESH_MS => milliseconds,
        auth::jwks_cache::MAX_AGE_MS => milliseconds,
        auth::jwks_cache::COOLDOWN_MS => milliseconds,
        snapshot::version::CANDIDATES_MAX => number,
        snapshot::version::LIST_BYTES_MAX => bytes,
        refresh::STATEMENTS_MAX => number,
        refresh::RUN_MAX_MS => milliseconds,
        refresh::LEASE_MS => milliseconds,
        refresh::RETENTION_MS => milliseconds,
        refresh::KEEP_WAITING_MS => milliseconds,
        erasure::PURGE_AFTER_MS => milliseconds,
        report::head::STALE_MAX_MS => milliseconds,
        snapshot::trend::TREND_DAYS_MAX => days,
        snapshot::trend::SLOTS => number,
        snapshot::departments::HOUR_BYTES_MAX => bytes,
        snapshot::trend::HOURS_BYTES_MAX => bytes,
        storage::shards::SHARDS_MAX => number,
        storage::shards::BUCKETS => number,
        refresh::DATABASE_BYTES_MAX => number,
        health::FULL_PERCENT => number,
        health::RESPONSE_AGE_MAX_MS => milliseconds,
        report::resolved::FRESH_MAX_MS => milliseconds,
    }
}

#[test]
fn documented_limits_are_those_of_the_code() {
    let documented: Vec<(String, String)> = table(API, "| what | limit | constant |")
        .iter()
        .map(|row| (code(row[2]).to_owned(), row[1].to_owned()))
        .collect();
    assert_eq!(documented, limits());
}

#[test]
fn every_reason_for_a_403_is_documented_and_no_other() {
    let documented: Vec<&str> = table(OPERATING, "| `cause` | what to do |")
        .iter()
        .map(|row| code(row[0]))
        .collect();
    let causes: Vec<String> = Denial::VARIANTS.iter().map(ToString::to_string).collect();
    assert_eq!(documented, causes);
}

#[test]
fn every_reason_for_a_401_of_a_webhook_is_documented_and_no_other() {
    let documented: Vec<&str> = table(OPERATING, "| `cause` of a webhook | what to do |")
        .iter()
        .map(|row| code(row[0]))
        .collect();
    let causes: Vec<String> = SignatureError::VARIANTS.iter().map(ToString::to_string).collect();
    assert_eq!(documented, causes);
}
