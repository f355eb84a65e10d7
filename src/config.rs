//! The service's configuration: read and checked in one place.

use crate::auth::authenticator::Authenticator;
use crate::auth::claims::Expectations;
use crate::auth::jwk::{JwkError, read_set};
use crate::auth::keys::{Candidate, HMAC_KEY_BYTES_MIN, Key, Material};
use crate::auth::ports::Cryptography;
use crate::http::cors::AllowedOrigins;
use crate::report::cache::PagePolicy;

/// How old a head in an isolate's memory may be, in seconds, unless configured.
pub const HEAD_MAX_AGE_SECONDS_DEFAULT: u32 = 5;
/// The most that may be configured.
const HEAD_MAX_AGE_SECONDS_MAX: u32 = 60;
/// The most mebibytes of pages that an isolate keeps in memory, unless configured.
const PAGE_MEMORY_MEBIBYTES_DEFAULT: u32 = 16;
/// The most that may be configured: an isolate has 128, and outlines, records and the code take theirs.
const PAGE_MEMORY_MEBIBYTES_MAX: u32 = 48;
/// How long a page must have been the same before it is put into the shared cache, in seconds, unless configured:
/// longer than a refresh's minute, so that a page that each refresh changes is never put there.
const PAGE_SHARE_AFTER_SECONDS_DEFAULT: u32 = 300;
/// The most that may be configured: a day, which hardly a page lasts.
const PAGE_SHARE_AFTER_SECONDS_MAX: u32 = 86_400;
/// The periods that the platform's rate limits may have, in seconds; the last is the default.
const RATE_LIMIT_PERIODS_SECONDS: [u32; 2] = [10, 60];

/// Every variable and secret that is read.
pub const VARIABLES: [&str; 10] = [
    "JWT_SECRET",
    "JWT_KEYS",
    "JWT_JWKS_URL",
    "JWT_ISSUER",
    "JWT_AUDIENCE",
    "ALLOWED_ORIGINS",
    "HEAD_MAX_AGE_SECONDS",
    "PAGE_MEMORY_MEBIBYTES",
    "PAGE_SHARE_AFTER_SECONDS",
    "RATE_LIMIT_PERIOD_SECONDS",
];

/// A sound configuration.
#[derive(Debug)]
pub struct Config {
    /// The keys that tokens are verified with, and where each comes from, for who finds one unusable.
    pub keys: Vec<(KeyOrigin, Candidate)>,
    /// Where more keys are published.
    pub key_server: Option<String>,
    /// What tokens must say.
    pub expected: Expectations,
    /// The origins whose pages may read answers.
    pub allowed_origins: AllowedOrigins,
    /// How old a head in an isolate's memory may be.
    pub head_max_age_ms: i64,
    /// How pages are kept.
    pub pages: PagePolicy,
    /// The period of the rate limits, in seconds: when a refused client may try again.
    pub rate_limit_period_seconds: u32,
}

/// Where a configured key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOrigin {
    /// `JWT_SECRET`
    Secret,
    /// `JWT_KEYS`, and the key's place in it, from 1.
    Set(usize),
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
    /// Reads the configuration; `variable` gives a variable's or secret's value, if it is set. An empty value counts as
    /// none.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<ConfigError>> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let mut errors = Errors::default();
        let mut keys = Vec::new();
        let (secret, key_set, key_server) = (set("JWT_SECRET"), set("JWT_KEYS"), set("JWT_JWKS_URL"));
        if secret.is_none() && key_set.is_none() && key_server.is_none() {
            errors.add(
                "JWT_SECRET",
                "is not set, and neither are JWT_KEYS and JWT_JWKS_URL".to_owned(),
            );
        }
        if let Some(secret) = secret {
            match Material::secret(secret.as_bytes()) {
                Some(material) => keys.push((KeyOrigin::Secret, Candidate { id: None, material })),
                None => errors.add("JWT_SECRET", format!("is shorter than {HMAC_KEY_BYTES_MIN} bytes")),
            }
        }
        if let Some(text) = key_set {
            read_key_set(&text, &mut keys, &mut errors);
        }
        if key_server.as_deref().is_some_and(|url| !is_key_server_url(url)) {
            errors.add(
                "JWT_JWKS_URL",
                "is not an https URL, or an http URL of this machine, without credentials and fragment".to_owned(),
            );
        }
        let allowed_origins = match set("ALLOWED_ORIGINS") {
            None => AllowedOrigins::default(),
            Some(text) => AllowedOrigins::read(&text).unwrap_or_else(|| {
                let problem = "is not a list of origins like https://crm.example.com, separated by commas";
                errors.add("ALLOWED_ORIGINS", problem.to_owned());
                AllowedOrigins::default()
            }),
        };
        let head_max_age_seconds = errors.number(
            "HEAD_MAX_AGE_SECONDS",
            set("HEAD_MAX_AGE_SECONDS"),
            HEAD_MAX_AGE_SECONDS_DEFAULT,
            |seconds| seconds <= HEAD_MAX_AGE_SECONDS_MAX,
            "is not a whole number from 0 to 60",
        );
        let page_memory_mebibytes = errors.number(
            "PAGE_MEMORY_MEBIBYTES",
            set("PAGE_MEMORY_MEBIBYTES"),
            PAGE_MEMORY_MEBIBYTES_DEFAULT,
            |mebibytes| mebibytes <= PAGE_MEMORY_MEBIBYTES_MAX,
            "is not a whole number from 0 to 48",
        );
        let page_share_after_seconds = errors.number(
            "PAGE_SHARE_AFTER_SECONDS",
            set("PAGE_SHARE_AFTER_SECONDS"),
            PAGE_SHARE_AFTER_SECONDS_DEFAULT,
            |seconds| seconds <= PAGE_SHARE_AFTER_SECONDS_MAX,
            "is not a whole number from 0 to 86400",
        );
        let [_, period_default] = RATE_LIMIT_PERIODS_SECONDS;
        let rate_limit_period_seconds = errors.number(
            "RATE_LIMIT_PERIOD_SECONDS",
            set("RATE_LIMIT_PERIOD_SECONDS"),
            period_default,
            |seconds| RATE_LIMIT_PERIODS_SECONDS.contains(&seconds),
            "is neither 10 nor 60",
        );
        if !errors.0.is_empty() {
            return Err(errors.0);
        }
        Ok(Self {
            keys,
            key_server,
            expected: Expectations {
                issuer: set("JWT_ISSUER"),
                audience: set("JWT_AUDIENCE"),
            },
            allowed_origins,
            head_max_age_ms: i64::from(head_max_age_seconds).saturating_mul(1_000),
            pages: PagePolicy {
                memory_bytes_max: (page_memory_mebibytes as usize).saturating_mul(1024 * 1024),
                share_after_ms: i64::from(page_share_after_seconds).saturating_mul(1_000),
            },
            rate_limit_period_seconds,
        })
    }
}

impl Config {
    /// Imports the keys, which only the platform can: whether a point is on its curve shows there.
    ///
    /// # Errors
    /// The keys that it refuses.
    pub async fn authenticator<C: Cryptography>(
        &mut self,
        platform: &C,
    ) -> Result<Authenticator<C::Key>, Vec<ConfigError>> {
        let mut keys = Vec::with_capacity(self.keys.len());
        let mut errors = Vec::new();
        for (origin, candidate) in std::mem::take(&mut self.keys) {
            match Key::import(candidate, platform).await {
                Ok(key) => keys.push(key),
                Err(_) => errors.push(origin.unusable(&JwkError::Import.to_string())),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let expected = self.expected.clone();
        Ok(Authenticator::new(keys, self.key_server.clone(), expected))
    }
}

impl KeyOrigin {
    /// The error that this key cannot be used.
    fn unusable(self, problem: &str) -> ConfigError {
        match self {
            Self::Secret => ConfigError {
                variable: "JWT_SECRET",
                problem: problem.to_owned(),
            },
            Self::Set(number) => ConfigError {
                variable: "JWT_KEYS",
                problem: format!("key {number} {problem}"),
            },
        }
    }
}

fn read_key_set(text: &str, keys: &mut Vec<(KeyOrigin, Candidate)>, errors: &mut Errors) {
    match read_set(text.as_bytes()) {
        Err(error) => errors.add("JWT_KEYS", error.to_string()),
        Ok(set) if set.is_empty() => errors.add("JWT_KEYS", "has no key".to_owned()),
        Ok(set) => {
            for (number, key) in (1_usize..).zip(set) {
                let origin = KeyOrigin::Set(number);
                match key {
                    Ok(key) => keys.push((origin, key)),
                    Err(error) => errors.0.push(origin.unusable(&error.to_string())),
                }
            }
        }
    }
}

/// Whether a key set may be fetched from `url`: over TLS, or from this very machine.
fn is_key_server_url(url: &str) -> bool {
    let (rest, is_secure) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (rest, true),
        (_, Some(rest)) => (rest, false),
        _ => return false,
    };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let is_local = matches!(name, "localhost" | "127.0.0.1" | "[::1]");
    let is_plain = url
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'\\'));
    is_plain && !name.is_empty() && !host.contains('@') && (is_secure || is_local)
}

/// What is wrong so far.
#[derive(Default)]
struct Errors(Vec<ConfigError>);

impl Errors {
    fn add(&mut self, variable: &'static str, problem: String) {
        self.0.push(ConfigError { variable, problem });
    }

    /// A number that is allowed, or the default.
    fn number(
        &mut self,
        variable: &'static str,
        text: Option<String>,
        default: u32,
        is_allowed: impl Fn(u32) -> bool,
        problem: &str,
    ) -> u32 {
        let Some(text) = text else {
            return default;
        };
        let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| is_digits && is_allowed(*number));
        number.unwrap_or_else(|| {
            self.add(variable, problem.to_owned());
            default
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
        let none = "JWT_SECRET is not set, and neither are JWT_KEYS and JWT_JWKS_URL";
        check(&[], &[none]);
        check(&[("JWT_SECRET", "")], &[none]);
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
        check(
            &[secret, ("RATE_LIMIT_PERIOD_SECONDS", "30"), ("ALLOWED_ORIGINS", "*")],
            &[
                "ALLOWED_ORIGINS is not a list of origins like https://crm.example.com, separated by commas",
                "RATE_LIMIT_PERIOD_SECONDS is neither 10 nor 60",
            ],
        );
        check(&[secret, ("RATE_LIMIT_PERIOD_SECONDS", "10")], &[]);
        check(&[("JWT_KEYS", "[]")], &["JWT_KEYS is not a JSON Web Key Set"]);
        check(&[("JWT_KEYS", r#"{"keys":[]}"#)], &["JWT_KEYS has no key"]);
        check(
            &[(
                "JWT_KEYS",
                r#"{"keys":[{"kty":"oct","k":"c2hvcnQ"},{"kty":"EC","d":"AA"},1]}"#,
            )],
            &[
                "JWT_KEYS key 1 has a missing or malformed k",
                "JWT_KEYS key 2 is a private key",
                "JWT_KEYS key 3 is not an object",
            ],
        );
    }

    #[test]
    fn keys_are_fetched_over_tls_or_from_this_machine() {
        let error =
            "JWT_JWKS_URL is not an https URL, or an http URL of this machine, without credentials and fragment";
        for url in [
            "https://issuer.example/.well-known/jwks.json",
            "https://issuer.example:8443/keys?a=b",
            "http://localhost:8080/",
            "http://127.0.0.1/jwks",
            "http://[::1]:1/",
        ] {
            check(&[("JWT_JWKS_URL", url)], &[]);
        }
        for url in [
            "http://issuer.example/",
            "http://localhost.evil.example/",
            "http://127.0.0.1.evil.example/",
            "http://localhost@evil.example/",
            "http://localhost:80@evil.example/",
            "http://evil.example\\@localhost/",
            "https://user:password@issuer.example/",
            "https://issuer.example/#a",
            "https://issuer.example/ a",
            "https://",
            "https:///path",
            "ftp://issuer.example",
            "issuer.example",
            "HTTPS://issuer.example",
        ] {
            check(&[("JWT_JWKS_URL", url)], &[error]);
        }
    }
}
