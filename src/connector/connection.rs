//! Connections: which help desk may write to which organization, and how its webhooks are to be read.

use crate::base::id::{ID_CHARACTERS_MAX, is_id};
use crate::base::strict_json;
use crate::connector::help_desk::HelpDesk;
use crate::connector::settings::{ConnectionSettings, settings};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;

/// The most connections.
pub const CONNECTIONS_MAX: usize = 50;
/// The fewest bytes of a secret.
pub const SECRET_BYTES_MIN: usize = 16;
/// The most bytes of a secret.
pub const SECRET_BYTES_MAX: usize = 512;
/// The most secrets of a connection: the one in use, and another one while it is replaced.
pub const SECRETS_MAX: usize = 2;
/// The fewest characters of a connection's id.
pub const CONNECTION_ID_CHARACTERS_MIN: usize = 8;
/// The most characters of a connection's id.
pub const CONNECTION_ID_CHARACTERS_MAX: usize = 64;

/// A connection.
#[derive(Clone, PartialEq, Eq)]
pub struct Connection {
    /// Its id, which is in the address of its webhooks.
    pub connection_id: String,
    /// The help desk.
    pub kind: HelpDesk,
    /// The organization that it writes to. A webhook cannot name another one.
    pub organization_id: String,
    /// The secrets that its webhooks are signed with: one, or two while one is replaced.
    pub secrets: Vec<String>,
    /// How its webhooks are read.
    pub settings: ConnectionSettings,
}

impl fmt::Debug for Connection {
    /// Never shows the secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Connection")
            .field("connection_id", &self.connection_id)
            .field("kind", &self.kind)
            .field("organization_id", &self.organization_id)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// What is wrong with a list of connections, as the rest of a sentence. It shows no value: some are secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConnectionsError(String);

/// What is wrong with one connection, as the rest of a sentence.
type ConnectionProblem = Cow<'static, str>;

/// Parses a JSON array of connections.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn parse(text: &str) -> Result<Vec<Connection>, ConnectionsError> {
    let values = match strict_json::parse(text.as_bytes()) {
        Ok(Value::Array(values)) => values,
        _ => return Err(ConnectionsError("is not a JSON array of connections".to_owned())),
    };
    if values.len() > CONNECTIONS_MAX {
        return Err(ConnectionsError(format!("has more than {CONNECTIONS_MAX} connections")));
    }
    let mut connections: Vec<Connection> = Vec::new();
    for (number, value) in (1_usize..).zip(&values) {
        let of_connection = |problem: ConnectionProblem| ConnectionsError(format!("connection {number} {problem}"));
        let connection = connection(value).map_err(of_connection)?;
        let is_same = |other: &Connection| other.connection_id == connection.connection_id;
        if connections.iter().any(is_same) {
            return Err(of_connection("has the connectionId of another one".into()));
        }
        connections.push(connection);
    }
    Ok(connections)
}

fn connection(value: &Value) -> Result<Connection, ConnectionProblem> {
    const MEMBERS: [&str; 5] = ["connectionId", "kind", "organizationId", "secrets", "settings"];
    let object = value.as_object().ok_or("is not an object")?;
    if object.keys().any(|name| !MEMBERS.contains(&name.as_str())) {
        return Err("has a member besides connectionId, kind, organizationId, secrets and settings".into());
    }
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let connection_id = text("connectionId").filter(|id| is_connection_id(id)).ok_or_else(|| {
        let (min, max) = (CONNECTION_ID_CHARACTERS_MIN, CONNECTION_ID_CHARACTERS_MAX);
        format!("needs a connectionId of {min} to {max} letters, digits, - and _")
    })?;
    let kind: HelpDesk = text("kind")
        .and_then(|kind| kind.parse().ok())
        .ok_or("needs a kind: chatwoot, zammad or libredesk")?;
    let organization_id = text("organizationId")
        .filter(|id| is_id(id))
        .ok_or_else(|| format!("needs an organizationId of 1 to {ID_CHARACTERS_MAX} characters"))?;
    let secrets = object.get("secrets").and_then(secrets).ok_or_else(|| {
        format!("needs secrets: 1 or {SECRETS_MAX} texts of {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} bytes")
    })?;
    let settings = match object.get("settings") {
        None => ConnectionSettings::default(),
        Some(Value::Object(object)) => settings(kind, object)?,
        Some(_) => return Err("has settings that are not an object".into()),
    };
    Ok(Connection {
        connection_id: connection_id.to_owned(),
        kind,
        organization_id: organization_id.to_owned(),
        secrets,
        settings,
    })
}

fn is_connection_id(id: &str) -> bool {
    (CONNECTION_ID_CHARACTERS_MIN..=CONNECTION_ID_CHARACTERS_MAX).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn secrets(value: &Value) -> Option<Vec<String>> {
    let is_secret = |secret: &&str| (SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&secret.len());
    let mut secrets = Vec::new();
    for value in value.as_array()? {
        secrets.push(value.as_str().filter(is_secret)?.to_owned());
    }
    (1..=SECRETS_MAX).contains(&secrets.len()).then_some(secrets)
}

#[cfg(test)]
mod tests {
    use super::{Connection, HelpDesk, parse};
    use crate::connector::settings::TicketState;
    use serde_json::{Value, json};

    const SECRET: &str = "canary-sixteen-b";

    fn good() -> Value {
        json!({ "connectionId": "cn-one-1", "kind": "chatwoot", "organizationId": "o", "secrets": [SECRET] })
    }

    fn parsed(values: &[Value]) -> Result<Vec<Connection>, String> {
        let parsed = parse(&json!(values).to_string());
        if let Err(error) = &parsed {
            assert!(!error.to_string().to_lowercase().contains("canary"), "{error}");
        }
        parsed.map_err(|error| error.to_string())
    }

    #[test]
    fn reads_connections_with_their_settings() {
        let mut second = good();
        second["connectionId"] = json!("cn-two-2");
        second["kind"] = json!("zammad");
        second["secrets"] = json!([SECRET, "another one of sixteen"]);
        second["settings"] =
            json!({ "states": { "Waiting For Parts": "pending" }, "aiUserIds": [5, "x"], "prefix": "z-" });
        let connections = parsed(&[good(), second]).unwrap();
        assert_eq!(connections[0].kind, HelpDesk::Chatwoot);
        assert!(connections[0].settings.observe);
        let settings = &connections[1].settings;
        assert_eq!(
            settings.states,
            [("waiting for parts".to_owned(), TicketState::Pending)]
        );
        assert_eq!(settings.ai_user_ids, ["5", "x"]);
        assert_eq!(settings.prefix, "z-");
        assert!(!format!("{connections:?}").contains(SECRET), "secrets are never shown");
        assert!(parsed(&[]).unwrap().is_empty());
    }

    #[test]
    fn says_what_is_wrong_and_shows_no_value() {
        let check = |member: &str, value: Value, expected: &str| {
            let mut connection = good();
            connection[member] = value;
            let error = parsed(&[connection]).unwrap_err();
            assert_eq!(error, format!("connection 1 {expected}"), "{member}");
        };
        let id = "needs a connectionId of 8 to 64 letters, digits, - and _";
        for value in [
            json!(null),
            json!(""),
            json!("canary7"),
            json!("canary/12"),
            json!("x".repeat(65)),
            json!(12_345_678),
        ] {
            check("connectionId", value, id);
        }
        check("kind", json!("canary"), "needs a kind: chatwoot, zammad or libredesk");
        check(
            "organizationId",
            json!("canary\n"),
            "needs an organizationId of 1 to 128 characters",
        );
        let secrets = "needs secrets: 1 or 2 texts of 16 to 512 bytes";
        for value in [
            json!(null),
            json!(SECRET),
            json!([]),
            json!(["canary-of-fifteen"[..15]]),
            json!([SECRET, 1]),
            json!([SECRET, SECRET, SECRET]),
            json!(["x".repeat(513)]),
        ] {
            check("secrets", value, secrets);
        }
        check(
            "canary",
            json!(1),
            "has a member besides connectionId, kind, organizationId, secrets and settings",
        );
        check("settings", json!(["canary"]), "has settings that are not an object");
        let setting = |settings: Value, expected: &str| check("settings", settings, expected);
        setting(
            json!({ "canary": true }),
            "has a setting besides aiUserIds, botsAnswerWhileOpen, department, observe, prefix, silentHours",
        );
        for hours in [json!(0), json!(721), json!(1.5), json!("24")] {
            setting(
                json!({ "silentHours": hours }),
                "has a setting silentHours that is not a whole number from 1 to 720",
            );
        }
        setting(
            json!({ "department": "canary" }),
            "has a setting department that is not team or inbox",
        );
        setting(
            json!({ "observe": "canary" }),
            "has a setting observe that is not true or false",
        );
        setting(
            json!({ "prefix": "canary".repeat(6) }),
            "has a setting prefix that is not a text of at most 32 characters",
        );
        setting(
            json!({ "aiUserIds": ["canary\n"] }),
            "has a setting aiUserIds that is not a list of at most 100 ids of users",
        );

        assert_eq!(
            parse("canary").unwrap_err().to_string(),
            "is not a JSON array of connections"
        );
        assert_eq!(
            parse("{}").unwrap_err().to_string(),
            "is not a JSON array of connections"
        );
        assert_eq!(
            parsed(&[good(), good()]).unwrap_err(),
            "connection 2 has the connectionId of another one"
        );
        assert_eq!(parsed(&vec![good(); 51]).unwrap_err(), "has more than 50 connections");
    }
}
