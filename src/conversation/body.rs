//! The bodies of records in normal form: what ingest writes and a refresh reads back. That of a message is in
//! `message`.
//!
//! A body is RFC 8785 JSON, because of two versions of a record that are alike otherwise the one with the greater bytes
//! wins (`rank`). The fields are declared in the order of their names as they stand in the JSON, absent ones are left
//! out, names are ASCII, and numbers are whole. `serde_json` escapes no more than RFC 8785 asks, so what it writes of
//! these types is their RFC 8785 form. Two tests in `event` check that.
//!
//! A field that version 0.1 did not have is only there where it is not its default, so that the bodies which it stored
//! are in normal form still. `revision` is in the body for the same reason: whatever version of the service writes a
//! body replaces the revision with it.

use crate::base::timestamp::{Timestamp, rfc3339};
use serde::{Deserialize, Serialize};
use std::rc::Rc;
use strum::{EnumString, IntoStaticStr, VariantNames};

/// Whether a number is 0, the default of `revision` and `sequence`.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
pub(super) fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Whether a flag has the default `true`.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
pub(super) fn is_true(flag: &bool) -> bool {
    *flag
}

/// The default of such a flag.
pub(super) fn yes() -> bool {
    true
}

/// What is left of a record that was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Removal {
    /// The source's own counter of the record's changes. 0 means that the source does not count.
    #[serde(skip_serializing_if = "is_zero")]
    pub revision: u64,
}

/// An organization or a department.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The name.
    pub name: String,
    /// As [`Removal::revision`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub revision: u64,
}

/// A person or a bot who works for the organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Whether the user still works there.
    pub active: bool,
    /// Whether it is a bot and no person.
    pub bot: bool,
    /// The name.
    pub full_name: Rc<str>,
    /// As [`Removal::revision`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub revision: u64,
}

impl User {
    /// Whether the user is a person who still works there.
    #[must_use]
    pub fn is_active_person(&self) -> bool {
        self.active && !self.bot
    }
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// Whether the organization ignores this customer.
    pub blocked: bool,
    /// The contact that this one became.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<String>,
    /// The name.
    pub name: String,
    /// The phone number, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// As [`Removal::revision`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub revision: u64,
}

/// A conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    /// When it last went from having nobody to having an owner or an assignee.
    #[serde(default, with = "rfc3339::optional", skip_serializing_if = "Option::is_none")]
    pub assigned_at: Option<Timestamp>,
    /// The agents that it is assigned to now.
    pub assignee_ids: Vec<String>,
    /// `sms`, `voice` …
    pub channel_type: String,
    /// The customer.
    pub contact_id: String,
    /// The department, if it is in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department_id: Option<String>,
    /// Whether nothing of it has been sent yet.
    pub draft: bool,
    /// When it was merged. It comes with `merged_into`.
    #[serde(default, with = "rfc3339::optional", skip_serializing_if = "Option::is_none")]
    pub merged_at: Option<Timestamp>,
    /// The conversation that this one was merged into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<String>,
    /// The owner now, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<String>,
    /// When it was resolved last.
    #[serde(default, with = "rfc3339::optional", skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Timestamp>,
    /// As [`Removal::revision`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub revision: u64,
    /// When the snooze was set.
    #[serde(default, with = "rfc3339::optional", skip_serializing_if = "Option::is_none")]
    pub snoozed_at: Option<Timestamp>,
    /// When the snooze ends. It comes with `snoozed_at`; without it, a snooze lasts until the customer writes.
    #[serde(default, with = "rfc3339::optional", skip_serializing_if = "Option::is_none")]
    pub snoozed_until: Option<Timestamp>,
    /// Whether the autopilot is on before the first change of it.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub starts_with_autopilot: bool,
}

/// A change of a conversation's autopilot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AutopilotChange {
    /// Who changed it, if the id is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<String>,
    /// When.
    #[serde(with = "rfc3339")]
    pub at: Timestamp,
    /// What kind of party changed it, if that does not follow from `actor_id`: see [`AutopilotChange::is_by_human`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<SwitchedBy>,
    /// The conversation that it is in.
    pub conversation_id: String,
    /// Whether the autopilot is on from then on.
    pub enabled: bool,
    /// As [`Removal::revision`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub revision: u64,
    /// Orders changes of the same instant.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sequence: u64,
}

impl AutopilotChange {
    /// Who switched the autopilot, if the event does not say: a person where there is an actor, else the system.
    #[must_use]
    pub fn default_switched_by(actor_id: Option<&str>) -> SwitchedBy {
        match actor_id {
            Some(_) => SwitchedBy::Human,
            None => SwitchedBy::System,
        }
    }

    /// Whether a person switched it.
    #[must_use]
    pub fn is_by_human(&self) -> bool {
        let by = self
            .by
            .unwrap_or_else(|| Self::default_switched_by(self.actor_id.as_deref()));
        by == SwitchedBy::Human
    }
}

/// Who switched an autopilot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, VariantNames, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum SwitchedBy {
    /// A person.
    Human,
    /// The autopilot itself.
    Ai,
    /// The system.
    System,
}

/// A resolution of a conversation, or its taking back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resolution {
    /// When.
    #[serde(with = "rfc3339")]
    pub at: Timestamp,
    /// Who resolved or reopened it.
    #[serde(default, skip_serializing_if = "ResolvedBy::is_human")]
    pub by: ResolvedBy,
    /// The conversation that it is in.
    pub conversation_id: String,
    /// `false` means that the conversation was reopened by hand.
    pub resolved: bool,
    /// As [`Removal::revision`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub revision: u64,
    /// Orders resolutions of the same instant.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sequence: u64,
}

/// Who resolved or reopened a conversation.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, EnumString, VariantNames, IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ResolvedBy {
    /// A person.
    #[default]
    Human,
    /// The autopilot.
    Ai,
    /// A timer or another rule.
    Automation,
}

impl ResolvedBy {
    /// Whether a person did it, the default.
    #[must_use]
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub fn is_human(&self) -> bool {
        *self == Self::Human
    }
}
