//! The service's configuration: read and checked in one place.

use crate::auth::claims::Expectations;
use crate::auth::keys::{HMAC_KEY_BYTES_MIN, Key, KeySet};

/// How old a head in an isolate's memory may be, in seconds, unless configured.
pub const HEAD_MAX_AGE_SECONDS_DEFAULT: i64 = 5;
/// The most that may be configured.
const HEAD_MAX_AGE_SECONDS_MAX: i64 = 60;

/// A sound configuration.
#[derive(Debug)]
pub struct Config {
    /// The keys that tokens are verified with.
    pub keys: KeySet,
    /// What tokens must say.
    pub expected: Expectations,
    /// How old a head in an isolate's memory may be.
    pub head_max_age_ms: i64,
}

/// A variable whose value is wrong. Values are never shown: some are secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {problem}")]
pub struct ConfigError {
    /// The variable's name.
    pub variable: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

impl Config {
    /// Reads the configuration; `variable` gives a variable's or secret's value, if it is set.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<ConfigError>> {
        let mut errors = Vec::new();
        let mut refuse = |variable: &'static str, problem: String| {
            errors.push(ConfigError { variable, problem });
        };
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());

        let key = match set("JWT_SECRET") {
            None => {
                refuse("JWT_SECRET", "is not set".to_owned());
                None
            }
            Some(secret) => {
                let key = Key::hs256(secret.as_bytes());
                if key.is_none() {
                    refuse("JWT_SECRET", format!("is shorter than {HMAC_KEY_BYTES_MIN} bytes"));
                }
                key
            }
        };
        let head_max_age_seconds = match set("HEAD_MAX_AGE_SECONDS") {
            None => HEAD_MAX_AGE_SECONDS_DEFAULT,
            Some(text) => text
                .parse()
                .ok()
                .filter(|seconds| (0..=HEAD_MAX_AGE_SECONDS_MAX).contains(seconds))
                .unwrap_or_else(|| {
                    let expected = format!("is not a whole number from 0 to {HEAD_MAX_AGE_SECONDS_MAX}");
                    refuse("HEAD_MAX_AGE_SECONDS", expected);
                    HEAD_MAX_AGE_SECONDS_DEFAULT
                }),
        };
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self {
            keys: KeySet::new(key.into_iter().collect()),
            expected: Expectations {
                issuer: set("JWT_ISSUER"),
                audience: set("JWT_AUDIENCE"),
            },
            head_max_age_ms: head_max_age_seconds.saturating_mul(1_000),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    fn check(variables: &[(&str, &str)], errors: &[&str]) {
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let found = match Config::read(variable) {
            Ok(_) => Vec::new(),
            Err(errors) => errors.into_iter().map(|error| error.to_string()).collect(),
        };
        assert_eq!(found, errors);
    }

    #[test]
    fn names_every_wrong_value() {
        let secret = ("JWT_SECRET", "0123456789abcdef0123456789abcdef");
        check(&[secret], &[]);
        check(&[secret, ("HEAD_MAX_AGE_SECONDS", "0")], &[]);
        check(&[], &["JWT_SECRET is not set"]);
        check(&[("JWT_SECRET", "")], &["JWT_SECRET is not set"]);
        check(
            &[
                ("JWT_SECRET", "0123456789abcdef0123456789abcde"),
                ("HEAD_MAX_AGE_SECONDS", "61"),
            ],
            &[
                "JWT_SECRET is shorter than 32 bytes",
                "HEAD_MAX_AGE_SECONDS is not a whole number from 0 to 60",
            ],
        );
        check(
            &[secret, ("HEAD_MAX_AGE_SECONDS", "5s")],
            &["HEAD_MAX_AGE_SECONDS is not a whole number from 0 to 60"],
        );
    }
}
