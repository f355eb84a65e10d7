//! The configuration: numbers and keys, read from variables and secrets and checked in one place.

mod reader;
mod url;
mod variable;

pub use reader::ConfigError;
pub use variable::{SHARDS, VARIABLES};

use crate::auth::authenticator::ConfiguredKey;
use crate::auth::claim_mapping::ClaimMapping;
use crate::auth::claims::ExpectedClaims;
use crate::base::timestamp::MINUTE_MS;
use crate::config::reader::{Reader, are_ancestors};
use crate::config::variable::Variable;
use crate::connector::connection::Connection;
use crate::http::cors::AllowedOrigins;
use crate::refresh::DATABASE_BYTES_MAX;
use crate::storage::shards::{SHARDS_MAX, Shards};

/// How old a snapshot head in an isolate's memory may be, in seconds, unless configured.
const HEAD_MAX_AGE_SECONDS_DEFAULT: u32 = 5;
/// The most that may be configured.
const HEAD_MAX_AGE_SECONDS_MAX: u32 = 60;
/// The most mebibytes of pages that an isolate keeps in memory, unless configured.
const PAGE_MEMORY_MEBIBYTES_DEFAULT: u32 = 16;
/// The most that may be configured. An isolate has 128, of which the code, snapshot indexes and requests need some.
const PAGE_MEMORY_MEBIBYTES_MAX: u32 = 48;
/// How long a page must have stayed the same before it is written to KV, in seconds, unless configured. In working
/// hours an organization has a new version about every nine minutes, so most pages are gone before that.
const PAGE_SHARE_AFTER_SECONDS_DEFAULT: u32 = 1_800;
/// The most that may be configured: a day, and hardly any page stays the same that long.
const PAGE_SHARE_AFTER_SECONDS_MAX: u32 = 86_400;
/// The intervals between refreshes that the advice may count on, in seconds. The last is the default, and how often the
/// cron of wrangler.toml ticks.
const REFRESH_INTERVALS_SECONDS: [u32; 3] = [20, 30, 60];
/// How far ahead of the service's clock the scheduled time of a refresh may be, in seconds, unless configured.
const SCHEDULE_AHEAD_MAX_SECONDS_DEFAULT: u32 = 120;
/// The same in milliseconds.
pub const SCHEDULE_AHEAD_MAX_MS_DEFAULT: i64 = 1_000 * SCHEDULE_AHEAD_MAX_SECONDS_DEFAULT as i64;
/// The most that may be configured: an hour. A refresh that far ahead makes every wait look an hour too long.
const SCHEDULE_AHEAD_MAX_SECONDS_MAX: u32 = 3_600;
/// How long the items of a conversation in which nobody waits are kept, in days, unless configured.
const KEEP_TIMELINE_DAYS_DEFAULT: u32 = 7;
/// How long a conversation that nothing happens to is kept, in days, unless configured.
const KEEP_CONVERSATION_DAYS_DEFAULT: u32 = 180;
/// How many megabytes the database may have, at most and unless configured.
const DATABASE_MEGABYTES_MAX: u32 = (DATABASE_BYTES_MAX / BYTES_IN_MEGABYTE) as u32;
const BYTES_IN_MEGABYTE: u64 = 1_000_000;
/// What the address of the sign-in has in braces.
const SIGN_IN_PLACEHOLDERS: &str = "{returnTo}";
/// What the address of a conversation may have in braces. It needs one of them.
const CONVERSATION_PLACEHOLDERS: &str = "{conversationId}, {contactId}, {organizationId}";
/// The periods that the platform's rate limits may have, in seconds. The last is the default.
const RATE_LIMIT_PERIODS_SECONDS: [u32; 2] = [10, 60];

/// A sound configuration.
#[derive(Debug)]
pub struct Config {
    /// The keys that tokens are verified with.
    pub keys: Vec<ConfiguredKey>,
    /// Where more keys are published.
    pub key_server_url: Option<String>,
    /// The claims that tokens must have.
    pub expectations: ExpectedClaims,
    /// Where tokens have the claims, and what their issuer calls the roles.
    pub claim_mapping: ClaimMapping,
    /// The help desks whose webhooks are taken in.
    pub connections: Vec<Connection>,
    /// The origins whose pages may read responses.
    pub allowed_origins: AllowedOrigins,
    /// How old a snapshot head in an isolate's memory may be, in milliseconds.
    pub head_max_age_ms: i64,
    /// The most bytes of pages that an isolate keeps in memory.
    pub page_memory_bytes_max: usize,
    /// How long a page must have stayed the same before it is written to KV, in milliseconds.
    pub page_share_after_ms: i64,
    /// The period of the rate limits, in seconds. A client that was refused may try again after it.
    pub rate_limit_period_seconds: u32,
    /// How many reads a caller has in a period, if clients are to be told.
    pub read_limit_calls: Option<u32>,
    /// How many ingests a caller has in a period, if clients are to be told.
    pub ingest_limit_calls: Option<u32>,
    /// The interval between refreshes, in milliseconds.
    pub refresh_every_ms: i64,
    /// How far ahead of the service's clock the scheduled time of a refresh may be, in milliseconds.
    pub schedule_ahead_max_ms: i64,
    /// How long the items of a conversation in which nobody waits are kept, in milliseconds. 0 means that everything is
    /// kept.
    pub keep_timeline_ms: i64,
    /// How long a conversation that nothing happens to is kept, in milliseconds. 0 means for ever.
    pub keep_conversation_ms: i64,
    /// How large each database may become, in bytes.
    pub database_bytes_max: u64,
    /// The keys that addresses and secrets are encrypted with, each as `id:key`, separated by commas. The first one
    /// encrypts.
    pub settings_key: Option<String>,
    /// Where the dashboard is, for links to it.
    pub dashboard_url: Option<String>,
    /// Where users of the dashboard sign in, with `{returnTo}` for the address to come back to.
    pub sign_in_url: Option<String>,
    /// Where a conversation opens, with at least one of `{conversationId}`, `{contactId}` and `{organizationId}`.
    pub conversation_url: Option<String>,
    /// The origins whose pages may embed the dashboard and hand tokens over to it.
    pub frame_ancestors: AllowedOrigins,
    /// An address of this machine that gets all alerts, for trying things out.
    pub alerts_receiver: Option<String>,
    /// Which database has which organizations.
    pub shards: Shards,
}

impl Config {
    /// Reads the configuration. `variable` gives the value of a variable or secret, if it is set. An empty value counts
    /// as not set.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<ConfigError>> {
        let mut reader = Reader::new(variable);
        let config = Self {
            keys: reader.keys(),
            key_server_url: reader.key_server_url(),
            expectations: ExpectedClaims {
                issuer: reader.text(Variable::JwtIssuer),
                audience: reader.text(Variable::JwtAudience),
            },
            claim_mapping: ClaimMapping {
                role: reader.pointer(Variable::JwtClaimRole),
                organization: reader.pointer(Variable::JwtClaimOrganization),
                departments: reader.pointer(Variable::JwtClaimDepartments),
                scope: reader.pointer(Variable::JwtClaimScope),
                role_names: reader.role_names(),
                default_organization: reader.default_organization(),
            },
            connections: reader.connections(),
            allowed_origins: reader.origins(Variable::AllowedOrigins, |_| true),
            head_max_age_ms: 1_000
                * i64::from(reader.number(
                    Variable::HeadMaxAgeSeconds,
                    HEAD_MAX_AGE_SECONDS_DEFAULT,
                    HEAD_MAX_AGE_SECONDS_MAX,
                )),
            page_memory_bytes_max: 1024
                * 1024
                * reader.number(
                    Variable::PageMemoryMebibytes,
                    PAGE_MEMORY_MEBIBYTES_DEFAULT,
                    PAGE_MEMORY_MEBIBYTES_MAX,
                ) as usize,
            page_share_after_ms: 1_000
                * i64::from(reader.number(
                    Variable::PageShareAfterSeconds,
                    PAGE_SHARE_AFTER_SECONDS_DEFAULT,
                    PAGE_SHARE_AFTER_SECONDS_MAX,
                )),
            rate_limit_period_seconds: reader.choice(Variable::RateLimitPeriodSeconds, RATE_LIMIT_PERIODS_SECONDS),
            read_limit_calls: reader.limit_calls(Variable::ReadLimitCalls),
            ingest_limit_calls: reader.limit_calls(Variable::IngestLimitCalls),
            refresh_every_ms: 1_000
                * i64::from(reader.choice(Variable::RefreshEverySeconds, REFRESH_INTERVALS_SECONDS)),
            schedule_ahead_max_ms: 1_000
                * i64::from(reader.number(
                    Variable::ScheduleAheadMaxSeconds,
                    SCHEDULE_AHEAD_MAX_SECONDS_DEFAULT,
                    SCHEDULE_AHEAD_MAX_SECONDS_MAX,
                )),
            keep_timeline_ms: reader.keep_days(Variable::KeepTimelineDays, KEEP_TIMELINE_DAYS_DEFAULT),
            keep_conversation_ms: reader.keep_days(Variable::KeepConversationDays, KEEP_CONVERSATION_DAYS_DEFAULT),
            database_bytes_max: BYTES_IN_MEGABYTE
                * u64::from(reader.number(
                    Variable::DatabaseMegabytes,
                    DATABASE_MEGABYTES_MAX,
                    DATABASE_MEGABYTES_MAX,
                )),
            settings_key: reader.settings_key(),
            dashboard_url: reader.url(Variable::DashboardUrl),
            sign_in_url: reader.template(Variable::SignInUrl, SIGN_IN_PLACEHOLDERS),
            conversation_url: reader.template(Variable::ConversationUrl, CONVERSATION_PLACEHOLDERS),
            frame_ancestors: reader.origins(Variable::FrameAncestors, are_ancestors),
            alerts_receiver: reader.alerts_receiver(),
            shards: reader.shards(),
        };
        check_refreshes(&mut reader, &config);
        if reader.errors.is_empty() {
            Ok(config)
        } else {
            Err(reader.errors)
        }
    }
}

/// The refreshes of a minute are calls of the worker within one tick of the cron, and the platform limits those.
fn check_refreshes(reader: &mut Reader<impl Fn(&str) -> Option<String>>, config: &Config) {
    let refreshes = (MINUTE_MS / config.refresh_every_ms) as usize;
    let shards_max = SHARDS_MAX / refreshes;
    if config.shards.bindings().len() > shards_max {
        let problem = format!("names more than the {shards_max} databases that can be refreshed so often");
        reader.reject(Variable::Shards, problem);
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
        let found = match Config::from_variables(variable) {
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
                "RATE_LIMIT_PERIOD_SECONDS is not 10 or 60",
            ],
        );
        check(&[secret, ("RATE_LIMIT_PERIOD_SECONDS", "10")], &[]);
        check(&[secret, ("SHARDS", "0-511:DB,512-1023:DB_1")], &[]);
        check(
            &[secret, ("SHARDS", "0-511:DB,513-1023:DB_1")],
            &["SHARDS does not have every bucket from 0 to 1023 once and in order: only the first 512 are right"],
        );
        let many = |count: usize| {
            let ranges = (0..count).map(|number| format!("{number}:DB_{number}"));
            let last = format!("{count}-1023:DB_{}", count - 1);
            ranges.chain([last]).collect::<Vec<_>>().join(",")
        };
        for (seconds, shards_max) in [("60", 31), ("30", 15), ("20", 10)] {
            let every = ("REFRESH_EVERY_SECONDS", seconds);
            check(&[secret, every, ("SHARDS", &many(shards_max))], &[]);
            check(
                &[secret, every, ("SHARDS", &many(shards_max + 1))],
                &[&format!(
                    "SHARDS names more than the {shards_max} databases that can be refreshed so often"
                )],
            );
        }
        let days = "is not 0, or a whole number from 4 to 3650";
        check(
            &[secret, ("KEEP_TIMELINE_DAYS", "3"), ("KEEP_CONVERSATION_DAYS", "3651")],
            &[
                &format!("KEEP_TIMELINE_DAYS {days}"),
                &format!("KEEP_CONVERSATION_DAYS {days}"),
            ],
        );
        check(
            &[secret, ("KEEP_TIMELINE_DAYS", "0"), ("KEEP_CONVERSATION_DAYS", "4")],
            &[],
        );
        check(
            &[secret, ("KEEP_TIMELINE_DAYS", "4"), ("KEEP_CONVERSATION_DAYS", "0")],
            &[],
        );

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
    fn names_every_wrong_mapping() {
        let secret = ("JWT_SECRET", "0123456789abcdef0123456789abcdef");
        let pointers = [
            "JWT_CLAIM_ROLE",
            "JWT_CLAIM_ORGANIZATION",
            "JWT_CLAIM_DEPARTMENTS",
            "JWT_CLAIM_SCOPE",
        ];
        for name in pointers {
            check(&[secret, (name, "/https:~1~1crm.example~1roles/0")], &[]);
            check(&[secret, (name, "")], &[]);
            for pointer in ["role", "/a~2"] {
                let problem = "is not a JSON pointer (RFC 6901) of at most 256 bytes, such as /realm_access/roles";
                check(&[secret, (name, pointer)], &[&format!("{name} {problem}")]);
            }
        }
        check(&[secret, ("JWT_ROLES", r#"{"org:admin":"ADMIN"}"#)], &[]);
        check(
            &[secret, ("JWT_ROLES", r#"{"ADMIN":"org:admin"}"#)],
            &["JWT_ROLES is not a JSON object of at most 4 KiB whose values are SUPERADMIN, ADMIN or DEPARTMENT_HEAD"],
        );
        check(&[secret, ("JWT_ORGANIZATION", "acme")], &[]);
        check(
            &[secret, ("JWT_ORGANIZATION", "acme\n")],
            &["JWT_ORGANIZATION is not an id of 1 to 128 characters without control characters"],
        );
    }

    #[test]
    fn addresses_of_the_crm_have_their_placeholders_after_the_host() {
        let secret = ("JWT_SECRET", "0123456789abcdef0123456789abcdef");
        let problem = |names: &str| {
            format!(
                "must be an https URL, or an http URL of localhost, without credentials, that has after its host, in \
                 braces: {names}"
            )
        };
        let sign_in = format!("SIGN_IN_URL {}", problem("{returnTo}"));
        let names = "{conversationId}, {contactId}, {organizationId}";
        let conversation = format!("CONVERSATION_URL {}", problem(names));
        for url in [
            "https://crm.example/monitor?return={returnTo}",
            "https://crm.example:8443?return={returnTo}&again={returnTo}",
            "https://crm.example/#/sign-in/{returnTo}",
            "http://localhost:3000/{returnTo}",
        ] {
            check(&[secret, ("SIGN_IN_URL", url)], &[]);
        }
        for url in [
            "https://crm.example/accounts/{organizationId}/conversations/{conversationId}?contact={contactId}",
            "https://crm.example/#ticket/zoom/{conversationId}",
            "http://127.0.0.1:3000/{contactId}",
        ] {
            check(&[secret, ("CONVERSATION_URL", url)], &[]);
        }
        for url in [
            "http://crm.example/",
            "crm.example/",
            "//crm.example/",
            "javascript:alert(1)",
            "https://",
            "https://user@crm.example/",
            "https://{returnTo}",
            "https://{returnTo}.example/",
            "https://crm.example{returnTo}",
            "https://crm.example:{returnTo}/",
            "https://{contactId}@crm.example/",
            "https://crm.example/{returnto}",
            "https://crm.example/{}",
            "https://crm.example/{returnTo",
            "https://crm.example/returnTo}",
            "https://crm.example/{{returnTo}}",
            "https://crm.example/{token}",
            "https://crm.example/{token}{returnTo}",
            "https://crm.example/{ret{returnTo}urnTo}",
            "https://crm.example/",
            "https://crm.example/ a",
            "https://crm.example/ü",
            "https://crm.example/#ü",
            "https://crm.example/# a",
            "https://crm.example/#\n",
        ] {
            check(&[secret, ("SIGN_IN_URL", url)], &[&sign_in]);
            let url = url.replace("returnTo", "contactId");
            check(&[secret, ("CONVERSATION_URL", &url)], &[&conversation]);
        }
        check(
            &[secret, ("SIGN_IN_URL", "https://crm.example/{conversationId}")],
            &[&sign_in],
        );
        check(
            &[secret, ("CONVERSATION_URL", "https://crm.example/{returnTo}")],
            &[&conversation],
        );
    }

    #[test]
    fn ancestors_are_exact_origins() {
        let secret = ("JWT_SECRET", "0123456789abcdef0123456789abcdef");
        let error = "FRAME_ANCESTORS is not a list of origins like https://crm.example.com, separated by commas";
        let many = |count: usize| {
            let origins = (1..=count).map(|number| format!("https://crm-{number}.example"));
            origins.collect::<Vec<_>>().join(",")
        };
        let read = |text: &str| {
            let config = Config::from_variables(|name| match name {
                "FRAME_ANCESTORS" => Some(text.to_owned()),
                _ => (name == secret.0).then(|| secret.1.to_owned()),
            });
            config.map(|config| config.frame_ancestors.as_slice().to_vec()).ok()
        };
        for (text, origins) in [
            ("", vec![]),
            ("https://crm.example", vec!["https://crm.example"]),
            (
                "https://crm.example:8443, http://localhost:3000 ,http://127.0.0.1",
                vec!["https://crm.example:8443", "http://localhost:3000", "http://127.0.0.1"],
            ),
        ] {
            assert_eq!(
                read(text),
                Some(origins.into_iter().map(str::to_owned).collect()),
                "{text}"
            );
        }
        assert_eq!(read(&many(20)).map(|origins| origins.len()), Some(20));
        let too_many = many(21);
        for text in [
            "*",
            "'self'",
            "https:",
            "https://*.example",
            "https://*",
            "http://crm.example",
            "http://localhost.evil.example",
            "https://crm.example/",
            "https://crm.example/path",
            "https://crm.example:443",
            "https://crm.example:*",
            "https://CRM.example",
            "https://user@crm.example",
            "https://crm_1.example",
            "https://[::1]",
            "https://crm.example https://b.example",
            "https://crm.example; script-src *",
            "https://crm.example,",
            "https://crm.example,*",
            "null",
            &too_many,
        ] {
            check(&[secret, ("FRAME_ANCESTORS", text)], &[error]);
        }
    }

    #[test]
    fn keys_are_fetched_over_tls_or_from_this_machine() {
        let error = "JWT_JWKS_URL must be an https URL, or an http URL of localhost, without credentials and fragment";
        for url in [
            "https://issuer.example/.well-known/jwks.json",
            "https://issuer.example:8443/keys?a=b",
            "http://localhost:8080/",
            "http://127.0.0.1/jwks",
            "http://[::1]:1/",
            "http://[::1]",
            "https://issuer.example",
            "https://issuer.example?a=b:c@d/e",
            "https://Issuer.example/a:b@c",
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
            "https://issuer.example:",
            "https://issuer.example:port/",
            "https://issuer.example:65536/",
            "https://issuer%2eexample/",
            "https://[::g]/",
            "https://[::1/",
            "https://::1/",
            "https://issuer.example\\@evil.example/",
        ] {
            check(&[("JWT_JWKS_URL", url)], &[error]);
        }
    }
}
