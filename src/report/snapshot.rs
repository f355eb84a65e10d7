//! Snapshots and their ids.
//!
//! An id is the version, the instant and the threshold of a snapshot, signed for one organization. So a client can only
//! name snapshots that an answer has named before.

use crate::auth::access::OrganizationId;
use crate::base::timestamp::Timestamp;
use crate::report::error::ReportError;
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
    /// The threshold in force.
    pub threshold_minutes: i64,
    /// A secret as old as the database. It signs the ids of snapshots.
    pub generation: String,
    /// A hash of the generation, which is not secret. It is part of cache keys, so that no version of one database is taken
    /// for a version of another.
    pub database_fingerprint: String,
}

/// What an answer is about. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The id by which a client can ask for this snapshot again.
    pub id: Rc<str>,
    /// The version.
    pub version: i64,
    /// The instant that it is as of.
    pub as_of: Timestamp,
    /// The threshold that was in force.
    pub threshold_minutes: i64,
}

impl Snapshot {
    /// The newest snapshot of an organization. `None` means that nothing is published yet.
    #[must_use]
    pub fn newest(organization: &OrganizationId, head: &SnapshotHead) -> Option<Self> {
        let unsigned = UnsignedId {
            version: head.version,
            as_of: head.as_of,
            threshold_minutes: head.threshold_minutes,
        };
        (head.version > 0).then(|| {
            let id = unsigned.sign(organization, head);
            unsigned.into_snapshot(id.into())
        })
    }

    /// The snapshot that an id names.
    ///
    /// # Errors
    /// [`ReportError::SnapshotExpired`] if the id was never given out for this organization, or if its version is no longer
    /// stored. A client cannot tell which.
    pub fn from_id(organization: &OrganizationId, head: &SnapshotHead, id: &str) -> Result<Self, ReportError> {
        UnsignedId::verify(organization, head, id)
            .filter(|unsigned| unsigned.version == head.version || head.retained_versions.contains(&unsigned.version))
            .map(|unsigned| unsigned.into_snapshot(id.into()))
            .ok_or(ReportError::SnapshotExpired)
    }
}

/// What an id says.
struct UnsignedId {
    version: i64,
    as_of: Timestamp,
    threshold_minutes: i64,
}

impl UnsignedId {
    fn into_snapshot(self, id: Rc<str>) -> Snapshot {
        Snapshot {
            id,
            version: self.version,
            as_of: self.as_of,
            threshold_minutes: self.threshold_minutes,
        }
    }

    fn text(&self) -> String {
        let as_of = self.as_of.as_milliseconds();
        format!("v{}-{as_of}-{}", self.version, self.threshold_minutes)
    }

    /// `v<version>-<asOf>-<threshold>-<signature>`
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
        let mut number = || fields.next()?.parse::<i64>().ok();
        let unsigned = Self {
            version: number()?,
            as_of: Timestamp::from_milliseconds(number()?),
            threshold_minutes: number()?,
        };
        let signature = Base64UrlUnpadded::decode_vec(fields.next()?).ok()?;
        let is_signed = signature.len() == SIGNATURE_BYTES
            && unsigned
                .mac(organization, head)?
                .verify_truncated_left(&signature)
                .is_ok();
        // Only the spelling that was given out is accepted: `v01` is not `v1`.
        (is_signed && unsigned.sign(organization, head) == id).then_some(unsigned)
    }

    fn mac(&self, organization: &OrganizationId, head: &SnapshotHead) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(head.generation.as_bytes()).ok()?;
        mac.update(self.text().as_bytes());
        mac.update(b"\n");
        mac.update(organization.as_str().as_bytes());
        Some(mac)
    }
}
