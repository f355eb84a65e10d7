//! Kinds of help desks: how each signs its webhooks, which it sends, and which settings it takes.

use strum::EnumString;

/// A help desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum HelpDesk {
    /// Chatwoot, from 4.12 on, which signs its webhooks.
    Chatwoot,
    /// Zammad.
    Zammad,
    /// LibreDesk.
    Libredesk,
}

/// The hash of a signature, which is an HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-1, which is still sound in an HMAC (RFC 6194 section 3.3).
    Sha1,
    /// SHA-256.
    Sha256,
}

impl HelpDesk {
    /// The header with the signature.
    #[must_use]
    pub const fn signature_header(self) -> &'static str {
        match self {
            Self::Chatwoot => "X-Chatwoot-Signature",
            Self::Zammad => "X-Hub-Signature",
            Self::Libredesk => "X-Libredesk-Signature",
        }
    }

    /// The header with the time at which it was sent, in seconds since 1970, if the signature covers one: it is over
    /// that text, a dot and the body.
    #[must_use]
    pub const fn timestamp_header(self) -> Option<&'static str> {
        match self {
            Self::Chatwoot => Some("X-Chatwoot-Timestamp"),
            Self::Zammad | Self::Libredesk => None,
        }
    }

    /// What stands before the hexadecimal digits of the signature, and its hash.
    #[must_use]
    pub const fn signature_scheme(self) -> (&'static str, Hash) {
        match self {
            Self::Chatwoot | Self::Libredesk => ("sha256=", Hash::Sha256),
            Self::Zammad => ("sha1=", Hash::Sha1),
        }
    }

    /// The name, as `CONNECTIONS` has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chatwoot => "chatwoot",
            Self::Zammad => "zammad",
            Self::Libredesk => "libredesk",
        }
    }

    /// The webhooks that the help desk should send. Their order is stored: a new one comes last.
    #[must_use]
    pub const fn webhooks(self) -> &'static [&'static str] {
        match self {
            Self::Chatwoot => &[
                "conversation_created",
                "conversation_status_changed",
                "conversation_updated",
                "message_created",
                "message_updated",
                "contact_updated",
            ],
            Self::Zammad => &["ticket"],
            Self::Libredesk => &[
                "conversation.created",
                "conversation.status_changed",
                "conversation.assigned",
                "conversation.unassigned",
                "message.created",
                "message.updated",
            ],
        }
    }

    /// The settings that a connection of this kind has.
    pub(super) const fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Chatwoot => &[
                "aiUserIds",
                "botsAnswerWhileOpen",
                "department",
                "observe",
                "prefix",
                "silentHours",
            ],
            Self::Zammad => &["aiUserIds", "prefix", "publicNotes", "silentHours", "states"],
            Self::Libredesk => &["aiUserIds", "prefix", "silentHours"],
        }
    }
}
