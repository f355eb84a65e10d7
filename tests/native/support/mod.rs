//! What the native tests share.

use serde_json::{Value, json};

pub mod desk;
pub mod families;
pub mod history;
pub mod hours_oracle;
pub mod in_memory;
pub mod keys;
pub mod oracle;
pub mod service;
pub mod sqlite;
pub mod version_0_1;
pub mod zones;

/// The service's clock, in milliseconds since 1970.
pub const NOW: i64 = 1_780_000_000_000;
pub const MINUTE: i64 = 60_000;

/// How many times as many random cases are asked for: `npm run test:histories` does.
pub fn histories_factor() -> Option<u64> {
    let text = std::env::var("HISTORIES_FACTOR").ok()?;
    Some(text.parse().expect("HISTORIES_FACTOR is a number"))
}

/// The seeds of random cases: so many times `count` as are asked for, and a third of `count` otherwise, so that all
/// tests take minutes only; or only that of `HISTORIES_SEED`.
pub fn seeds(count: u64) -> std::ops::Range<u64> {
    match std::env::var("HISTORIES_SEED") {
        Ok(seed) => {
            let seed = seed.parse().expect("HISTORIES_SEED is a number");
            seed..seed + 1
        }
        Err(_) => 0..histories_factor().map_or(count / 3, |factor| count * factor),
    }
}

/// The events of a conversation in which a customer wrote at `at` and nobody answered. The message has the id of the
/// conversation.
pub fn waiting(organization_id: &str, conversation_id: &str, at: i64) -> [Value; 2] {
    let at = history::instant_text(at);
    [
        json!({ "type": "conversation", "organizationId": organization_id, "updatedAt": at,
                "conversationId": conversation_id, "contactId": "k", "channelType": "sms" }),
        json!({ "type": "message", "organizationId": organization_id, "updatedAt": at, "messageId": conversation_id,
                "conversationId": conversation_id, "at": at, "direction": "inbound", "sender": "contact" }),
    ]
}
