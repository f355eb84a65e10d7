//! Snapshots and their ids.
//!
//! An id contains the version, the instant and the settings of a snapshot, signed for one organization. So a client can
//! only name snapshots that a response has named before.

use crate::auth::access::OrganizationId;
use crate::base::timestamp::Timestamp;
use crate::report::error::ReportError;
use crate::snapshot::settings::{Settings, SettingsId};
use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::rc::Rc;

/// The bytes of an id's signature.
const SIGNATURE_BYTES: usize = 16;

/// What an organization's report is about right now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotHead {
    /// The published version; 0 means that nothing is published yet.
    pub version: i64,
    /// Superseded versions that are still stored.
    pub retained_versions: Vec<i64>,
    /// The instant that the report is as of.
    pub as_of: Timestamp,
    /// The settings in force.
    pub settings: Rc<Settings>,
    /// The number of the settings in force.
    pub settings_number: i64,
    /// How long the last refresh that finished took, in milliseconds.
    pub last_run_ms: i64,
    /// A secret as old as the database. It signs the ids of snapshots.
    pub generation: String,
    /// A hash of the generation, which is not secret. It is part of cache keys, so that no version of one database is
    /// taken for a version of another.
    pub database_fingerprint: String,
}

/// What a response is about. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The id by which a client can ask for this snapshot again.
    pub id: Rc<str>,
    /// The version.
    pub version: i64,
    /// The instant that it is as of.
    pub as_of: Timestamp,
    /// The settings that were in force.
    pub settings: Rc<Settings>,
    /// Distinguishes these settings from others of the organization.
    pub settings_id: SettingsId,
}

impl Snapshot {
    /// The newest snapshot of an organization. `None` means that nothing is published yet.
    #[must_use]
    pub fn newest(organization: &OrganizationId, head: &SnapshotHead) -> Option<Self> {
        let named = NamedSnapshot {
            version: head.version,
            as_of: head.as_of,
            settings_id: head.settings_id(),
        };
        (head.version > 0).then(|| {
            let id = named.sign(organization, head);
            named.with_settings(&id, Rc::clone(&head.settings))
        })
    }
}

impl SnapshotHead {
    /// Distinguishes the settings in force from others of the organization.
    #[must_use]
    pub fn settings_id(&self) -> SettingsId {
        SettingsId {
            threshold_minutes: self.settings.threshold_minutes,
            number: self.settings_number,
        }
    }
}

/// What the id of a snapshot says.
pub(super) struct NamedSnapshot {
    version: i64,
    as_of: Timestamp,
    /// Which settings were in force.
    pub(super) settings_id: SettingsId,
}

impl NamedSnapshot {
    /// Reads an id.
    ///
    /// # Errors
    /// [`ReportError::SnapshotExpired`] if the id was never given out for this organization, or if its version is no
    /// longer stored. A client cannot tell which.
    pub(super) fn from_id(organization: &OrganizationId, head: &SnapshotHead, id: &str) -> Result<Self, ReportError> {
        Self::verify(organization, head, id)
            .filter(|named| named.version == head.version || head.retained_versions.contains(&named.version))
            .ok_or(ReportError::SnapshotExpired)
    }

    /// The snapshot. `settings` are those whose number it names.
    pub(super) fn with_settings(self, id: &str, settings: Rc<Settings>) -> Snapshot {
        let threshold_minutes = self.settings_id.threshold_minutes;
        let settings = if settings.threshold_minutes == threshold_minutes {
            settings
        } else {
            Rc::new(Settings {
                threshold_minutes,
                ..Settings::clone(&settings)
            })
        };
        Snapshot {
            id: id.into(),
            version: self.version,
            as_of: self.as_of,
            settings,
            settings_id: self.settings_id,
        }
    }

    fn text(&self) -> String {
        let as_of = self.as_of.as_milliseconds();
        let SettingsId {
            threshold_minutes,
            number,
        } = self.settings_id;
        // Until another setting than the threshold is set, ids are those that version 0.2 gives out and takes.
        let number = if number == 0 {
            String::new()
        } else {
            format!(".{number}")
        };
        format!("v{}-{as_of}-{threshold_minutes}{number}", self.version)
    }

    /// `v<version>-<asOf>-<threshold>[.<number of the settings>]-<signature>`
    fn sign(&self, organization: &OrganizationId, head: &SnapshotHead) -> String {
        let signature = self
            .mac(organization, head)
            .map(|mac| mac.finalize().into_bytes())
            .unwrap_or_default();
        let signature = signature.get(..SIGNATURE_BYTES).unwrap_or_default();
        format!("{}-{}", self.text(), Base64UrlUnpadded::encode_string(signature))
    }

    fn verify(organization: &OrganizationId, head: &SnapshotHead, id: &str) -> Option<Self> {
        let mut fields = id.strip_prefix('v')?.splitn(4, '-');
        let mut field = || fields.next();
        let number = |text: &str| text.parse::<i64>().ok();
        let (version, as_of, settings) = (number(field()?)?, number(field()?)?, field()?);
        let (threshold, settings) = settings.split_once('.').unwrap_or((settings, "0"));
        let named = Self {
            version,
            as_of: Timestamp::from_milliseconds(as_of),
            settings_id: SettingsId {
                threshold_minutes: number(threshold)?,
                number: number(settings)?,
            },
        };
        let signature = Base64UrlUnpadded::decode_vec(field()?).ok()?;
        let is_signed = signature.len() == SIGNATURE_BYTES
            && named.mac(organization, head)?.verify_truncated_left(&signature).is_ok();
        // Only the spelling that was given out is accepted: `v01` is not `v1`.
        (is_signed && named.sign(organization, head) == id).then_some(named)
    }

    fn mac(&self, organization: &OrganizationId, head: &SnapshotHead) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(head.generation.as_bytes()).ok()?;
        mac.update(self.text().as_bytes());
        mac.update(b"\n");
        mac.update(organization.as_str().as_bytes());
        Some(mac)
    }
}
