//! Reads variables, each as what it means.

use crate::auth::authenticator::ConfiguredKey;
use crate::auth::claim_mapping::{POINTER_BYTES_MAX, Pointer, ROLE_NAMES_BYTES_MAX, RoleNames};
use crate::auth::jwk::{UnusableKey, parse_set};
use crate::auth::keys::{HMAC_KEY_BYTES_MIN, KeyMaterial, UnimportedKey};
use crate::base::id::{ID_EXPECTED, is_id};
use crate::base::timestamp::DAY_MS;
use crate::config::url::is_usable_url;
use crate::config::variable::Variable;
use crate::connector::connection::{self, Connection};
use crate::http::cors::AllowedOrigins;
use crate::storage::shards::Shards;

/// The most calls that a rate limit may be said to allow.
const LIMIT_CALLS_MAX: u32 = 1_000_000;
/// The least, except 0: events may come a day late then, and the windows of the definition take three more.
const KEEP_TIMELINE_DAYS_MIN: u32 = 4;
/// The most days that may be configured: ten years.
const KEEP_DAYS_MAX: u32 = 3_650;
/// The most origins whose pages may embed the dashboard.
const FRAME_ANCESTORS_MAX: usize = 20;

/// What is wrong with the configuration. Values are never shown, because some are secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A variable has a wrong value.
    #[error("{variable} {problem}")]
    Variable {
        /// The name of the variable.
        variable: &'static str,
        /// What is wrong with the value, as the rest of a sentence.
        problem: String,
    },
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] UnusableKey),
}

/// Reads variables and notes what is wrong with them. A wrong value is read as if it were not set.
pub struct Reader<F> {
    variable: F,
    /// What is wrong with the variables read so far.
    pub errors: Vec<ConfigError>,
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    /// A reader of variables: `variable` gives the value of one, if it is set.
    pub fn new(variable: F) -> Self {
        Self {
            variable,
            errors: Vec::new(),
        }
    }

    /// The value of a variable. An empty one counts as not set.
    pub fn text(&self, variable: Variable) -> Option<String> {
        (self.variable)(variable.name()).filter(|value| !value.is_empty())
    }

    /// Notes what is wrong with a variable, as the rest of a sentence.
    pub fn reject(&mut self, variable: Variable, problem: impl Into<String>) {
        self.errors.push(ConfigError::Variable {
            variable: variable.name(),
            problem: problem.into(),
        });
    }

    /// The keys that tokens are verified with.
    pub fn keys(&mut self) -> Vec<ConfiguredKey> {
        let secret = self.text(Variable::JwtSecret);
        let set = self.text(Variable::JwtKeys);
        if secret.is_none() && set.is_none() && self.text(Variable::JwtJwksUrl).is_none() {
            let others = [Variable::JwtKeys, Variable::JwtJwksUrl].map(Variable::name);
            self.reject(
                Variable::JwtSecret,
                format!("is not set, and neither are {}", others.join(" and ")),
            );
        }
        let mut keys = Vec::new();
        if let Some(secret) = secret {
            match KeyMaterial::from_secret(secret.as_bytes()) {
                Some(material) => keys.push(ConfiguredKey {
                    name: Variable::JwtSecret.name().to_owned(),
                    key: UnimportedKey { id: None, material },
                }),
                None => self.reject(
                    Variable::JwtSecret,
                    format!("is shorter than {HMAC_KEY_BYTES_MIN} bytes"),
                ),
            }
        }
        match set.map(|text| parse_set(text.as_bytes())) {
            None => {}
            Some(Err(error)) => self.reject(Variable::JwtKeys, error.to_string()),
            Some(Ok(set)) if set.is_empty() => self.reject(Variable::JwtKeys, "has no key"),
            Some(Ok(set)) => {
                for (number, key) in (1_usize..).zip(set) {
                    let name = format!("{} key {number}", Variable::JwtKeys.name());
                    match key {
                        Ok(key) => keys.push(ConfiguredKey { name, key }),
                        Err(reason) => self.errors.push(UnusableKey { name, reason }.into()),
                    }
                }
            }
        }
        keys
    }

    /// Where more keys are published.
    pub fn key_server_url(&mut self) -> Option<String> {
        self.url(Variable::JwtJwksUrl)
    }

    /// An address.
    pub fn url(&mut self, variable: Variable) -> Option<String> {
        let url = self.text(variable)?;
        if !is_usable_url(&url) {
            self.reject(
                variable,
                "must be an https URL, or an http URL of localhost, without credentials and fragment",
            );
        }
        Some(url)
    }

    /// An address that has some of these placeholders after its host, whose values a browser fills in.
    pub fn template(&mut self, variable: Variable, placeholders: &str) -> Option<String> {
        let template = self.text(variable)?;
        // What follows a number sign is part of the address here: many CRMs route by it.
        let (address, fragment) = template.split_once('#').unwrap_or((&template, ""));
        let mut rest = template.clone();
        for placeholder in placeholders.split(", ") {
            rest = rest.replace(placeholder, "");
        }
        let is_filled_in = rest.len() < template.len() && !rest.contains(['{', '}']);
        // A host with a brace is no host.
        if !is_usable_url(address) || !fragment.bytes().all(|byte| byte.is_ascii_graphic()) || !is_filled_in {
            self.reject(
                variable,
                format!(
                    "must be an https URL, or an http URL of localhost, without credentials, that has after its host, in \
                     braces: {placeholders}"
                ),
            );
        }
        Some(template)
    }

    /// An address of this machine that gets all alerts.
    pub fn alerts_receiver(&mut self) -> Option<String> {
        let url = self.url(Variable::AlertsReceiver)?;
        if !url.starts_with("http://") {
            self.reject(Variable::AlertsReceiver, "must be an http URL of localhost");
        }
        Some(url)
    }

    /// The keys that addresses and secrets are encrypted with.
    pub fn settings_key(&mut self) -> Option<String> {
        let keys = self.text(Variable::SettingsKey)?;
        let is_sound = |key: &str| {
            let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            key.trim().split_once(':').is_some_and(|(id, key)| {
                (1..=16).contains(&id.len()) && key.len() == 43 && id.bytes().chain(key.bytes()).all(is_letter)
            })
        };
        if !keys.split(',').all(is_sound) {
            self.reject(
                Variable::SettingsKey,
                "is not a list of keys like 2026:…, each 32 random bytes in base64url, separated by commas",
            );
        }
        Some(keys)
    }

    /// Where a claim is in a token.
    pub fn pointer(&mut self, variable: Variable) -> Option<Pointer> {
        let pointer = Pointer::parse(&self.text(variable)?);
        if pointer.is_none() {
            self.reject(
                variable,
                format!(
                    "is not a JSON pointer (RFC 6901) of at most {POINTER_BYTES_MAX} bytes, such as /realm_access/roles"
                ),
            );
        }
        pointer
    }

    /// What the issuer calls the roles.
    pub fn role_names(&mut self) -> Option<RoleNames> {
        let names = RoleNames::parse(&self.text(Variable::JwtRoles)?);
        if names.is_none() {
            self.reject(
                Variable::JwtRoles,
                format!(
                    "is not a JSON object of at most {} KiB whose values are SUPERADMIN, ADMIN or DEPARTMENT_HEAD",
                    ROLE_NAMES_BYTES_MAX >> 10
                ),
            );
        }
        names
    }

    /// The organization of tokens that name none.
    pub fn default_organization(&mut self) -> Option<String> {
        let id = self.text(Variable::JwtOrganization)?;
        if !is_id(&id) {
            self.reject(Variable::JwtOrganization, format!("is not {ID_EXPECTED}"));
        }
        Some(id)
    }

    /// The connections of help desks.
    pub fn connections(&mut self) -> Vec<Connection> {
        let Some(text) = self.text(Variable::Connections) else {
            return Vec::new();
        };
        connection::parse(&text).unwrap_or_else(|error| {
            self.reject(Variable::Connections, error.to_string());
            Vec::new()
        })
    }

    /// A list of origins for which `is_wanted` holds.
    pub fn origins(&mut self, variable: Variable, is_wanted: fn(&[String]) -> bool) -> AllowedOrigins {
        let Some(text) = self.text(variable) else {
            return AllowedOrigins::default();
        };
        let origins = AllowedOrigins::parse(&text).filter(|origins| is_wanted(origins.as_slice()));
        origins.unwrap_or_else(|| {
            self.reject(
                variable,
                "is not a list of origins like https://crm.example.com, separated by commas",
            );
            AllowedOrigins::default()
        })
    }

    /// One of a few numbers, the last of them unless configured.
    pub fn choice<const N: usize>(&mut self, variable: Variable, numbers: [u32; N]) -> u32 {
        let default = numbers.last().copied().unwrap_or_default();
        let Some(text) = self.text(variable) else {
            return default;
        };
        whole_number(&text)
            .filter(|number| numbers.contains(number))
            .unwrap_or_else(|| {
                let texts = numbers.map(|number| number.to_string());
                let list = texts
                    .split_last()
                    .map(|(last, others)| format!("{} or {last}", others.join(", ")));
                self.reject(variable, format!("is not {}", list.unwrap_or_default()));
                default
            })
    }

    /// Some days in milliseconds, or 0.
    pub fn keep_days(&mut self, variable: Variable, default: u32) -> i64 {
        let days = self.text(variable).map_or(Some(default), |text| whole_number(&text));
        let days = days.filter(|days| *days == 0 || (KEEP_TIMELINE_DAYS_MIN..=KEEP_DAYS_MAX).contains(days));
        if days.is_none() {
            let problem = format!("is not 0, or a whole number from {KEEP_TIMELINE_DAYS_MIN} to {KEEP_DAYS_MAX}");
            self.reject(variable, problem);
        }
        DAY_MS * i64::from(days.unwrap_or(default))
    }

    /// Which database has which organizations.
    pub fn shards(&mut self) -> Shards {
        let Some(text) = self.text(Variable::Shards) else {
            return Shards::default();
        };
        Shards::parse(&text).unwrap_or_else(|error| {
            self.reject(Variable::Shards, error.to_string());
            Shards::default()
        })
    }

    /// How many calls a rate limit allows, if it is said.
    pub fn limit_calls(&mut self, variable: Variable) -> Option<u32> {
        let calls = self.number(variable, 0, LIMIT_CALLS_MAX);
        (calls > 0).then_some(calls)
    }

    /// A whole number from 0 to `max`.
    pub fn number(&mut self, variable: Variable, default: u32, max: u32) -> u32 {
        let Some(text) = self.text(variable) else {
            return default;
        };
        whole_number(&text).filter(|number| *number <= max).unwrap_or_else(|| {
            self.reject(variable, format!("is not a whole number from 0 to {max}"));
            default
        })
    }
}

/// The number that decimal digits stand for, without a sign.
fn whole_number(text: &str) -> Option<u32> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_digits)
}

/// Whether pages of these origins may be allowed to embed the dashboard: not too many, over TLS or from this machine,
/// and named as a Content Security Policy can name them (CSP 3 section 2.3.1), which has no brackets and no
/// underscores.
pub fn are_ancestors(origins: &[String]) -> bool {
    let is_ancestor = |origin: &String| is_usable_url(origin) && !origin.contains(['[', '_']);
    origins.len() <= FRAME_ANCESTORS_MAX && origins.iter().all(is_ancestor)
}
