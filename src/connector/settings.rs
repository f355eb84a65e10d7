//! How the webhooks of a connection are read: the settings of a connection, as `CONNECTIONS` has them.

use crate::base::id::is_id;
use crate::base::strict_json::Object;
use crate::connector::help_desk::HelpDesk;
use serde_json::Value;
use std::borrow::Cow;
use strum::EnumString;

/// The most characters of the prefix of ids, which leaves room for the ids themselves.
pub const PREFIX_CHARACTERS_MAX: usize = 32;
/// The most users of a help desk that are AIs, and the most names of states.
pub const LISTED_MAX: usize = 100;

/// After how many hours without a webhook a connection is silent, unless it says so itself.
const SILENT_HOURS_DEFAULT: i64 = 24;
/// The most hours that a connection may say.
pub const SILENT_HOURS_MAX: i64 = 720;

/// What a department is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum DepartmentSource {
    /// A team of the help desk.
    #[default]
    Team,
    /// An inbox of the help desk.
    Inbox,
}

/// What the state of a ticket means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum TicketState {
    /// Somebody has to do something.
    Open,
    /// It waits until its pending time.
    Pending,
    /// It is done.
    Closed,
    /// It became part of another one.
    Merged,
}

/// How the webhooks of a connection are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionSettings {
    /// What a department is.
    pub department: DepartmentSource,
    /// The ids of the help desk's users that are AIs, although it takes them for agents.
    pub ai_user_ids: Vec<String>,
    /// What stands before every id, for a second help desk of the same organization.
    pub prefix: String,
    /// Whether each message of a customer also says who has the conversation, which makes good for webhooks that were
    /// lost.
    pub observe: bool,
    /// Whether a bot's message in an open conversation is an answer. Otherwise it is about a hand-off.
    pub bots_answer_while_open: bool,
    /// What states mean whose names are not the help desk's own, by their names in lower case.
    pub states: Vec<(String, TicketState)>,
    /// Whether a public note of an agent is an answer.
    pub public_notes: bool,
    /// After how many hours without an authentic webhook the connection is silent.
    pub silent_hours: i64,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            department: DepartmentSource::Team,
            ai_user_ids: Vec::new(),
            prefix: String::new(),
            observe: true,
            bots_answer_while_open: false,
            states: Vec::new(),
            public_notes: false,
            silent_hours: SILENT_HOURS_DEFAULT,
        }
    }
}

/// Reads the settings of a connection of this kind. An error is the rest of a sentence, and shows no value.
pub(super) fn settings(kind: HelpDesk, object: &Object) -> Result<ConnectionSettings, Cow<'static, str>> {
    let mut settings = ConnectionSettings::default();
    for (name, value) in object {
        if !kind.settings().contains(&name.as_str()) {
            let known = kind.settings().join(", ");
            return Err(format!("has a setting besides {known}").into());
        }
        if !set(&mut settings, name, value) {
            return Err(format!("has a setting {name} that is not {}", expected_setting(name)).into());
        }
    }
    Ok(settings)
}

/// What a setting takes, as the rest of a sentence.
fn expected_setting(name: &str) -> Cow<'static, str> {
    match name {
        "department" => "team or inbox".into(),
        "aiUserIds" => format!("a list of at most {LISTED_MAX} ids of users").into(),
        "prefix" => format!("a text of at most {PREFIX_CHARACTERS_MAX} characters").into(),
        "silentHours" => format!("a whole number from 1 to {SILENT_HOURS_MAX}").into(),
        "states" => {
            format!("an object of at most {LISTED_MAX} names, each with open, pending, closed or merged").into()
        }
        _ => "true or false".into(),
    }
}

/// Sets a setting; false means that it does not take the value.
fn set(settings: &mut ConnectionSettings, name: &str, value: &Value) -> bool {
    let flag = match name {
        "department" => {
            let department = value.as_str().and_then(|text| text.parse().ok());
            return department.map(|department| settings.department = department).is_some();
        }
        "prefix" => {
            let prefix = value.as_str().filter(|prefix| is_prefix(prefix));
            return prefix.map(|prefix| settings.prefix = prefix.to_owned()).is_some();
        }
        "silentHours" => {
            let hours = value.as_i64().filter(|hours| (1..=SILENT_HOURS_MAX).contains(hours));
            return hours.map(|hours| settings.silent_hours = hours).is_some();
        }
        "aiUserIds" => return ai_user_ids(&mut settings.ai_user_ids, value).is_some(),
        "states" => return states(&mut settings.states, value).is_some(),
        "observe" => &mut settings.observe,
        "botsAnswerWhileOpen" => &mut settings.bots_answer_while_open,
        _ => &mut settings.public_notes,
    };
    value.as_bool().map(|value| *flag = value).is_some()
}

fn is_prefix(prefix: &str) -> bool {
    prefix.is_empty() || (is_id(prefix) && prefix.chars().count() <= PREFIX_CHARACTERS_MAX)
}

fn ai_user_ids(ids: &mut Vec<String>, value: &Value) -> Option<()> {
    for value in value.as_array().filter(|values| values.len() <= LISTED_MAX)? {
        ids.push(match value {
            Value::Number(number) => number.to_string(),
            Value::String(id) if is_id(id) => id.clone(),
            _ => return None,
        });
    }
    Some(())
}

fn states(states: &mut Vec<(String, TicketState)>, value: &Value) -> Option<()> {
    for (name, value) in value.as_object().filter(|names| names.len() <= LISTED_MAX)? {
        states.push((name.to_ascii_lowercase(), value.as_str()?.parse().ok()?));
    }
    Some(())
}
