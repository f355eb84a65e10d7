//! Snapshot ids: version, asOf and threshold, signed for one organization, so that a client can only name what an
//! answer has named before.

use crate::api::error::ApiError;
use crate::auth::access::OrganizationId;
use crate::base::timestamp::Timestamp;
use crate::report::head::Head;
use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The bytes of an id's signature.
const SIGNATURE_BYTES: usize = 16;

/// A snapshot: what an answer speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The version.
    pub version: i64,
    /// The instant that it speaks of.
    pub as_of: Timestamp,
    /// The threshold in force.
    pub threshold_minutes: i64,
}

impl Snapshot {
    /// The newest snapshot of a head, if anything was published yet.
    pub fn newest(head: &Head) -> Option<Self> {
        (head.version > 0).then_some(Self {
            version: head.version,
            as_of: head.as_of,
            threshold_minutes: head.threshold_minutes,
        })
    }

    /// The snapshot that an id names.
    ///
    /// # Errors
    /// [`ApiError::SnapshotExpired`] where it never was one of this organization, or is not kept any more: all alike.
    pub fn pinned(organization: &OrganizationId, head: &Head, id: &str) -> Result<Self, ApiError> {
        Self::read(organization, head, id)
            .filter(|snapshot| snapshot.version == head.version || head.kept.contains(&snapshot.version))
            .ok_or(ApiError::SnapshotExpired)
    }

    /// The id under which it is pinned.
    pub fn id(&self, organization: &OrganizationId, head: &Head) -> String {
        let content = self.content();
        let signature = self
            .mac(organization, head)
            .map(|mac| mac.finalize().into_bytes())
            .unwrap_or_default();
        let signature = signature.get(..SIGNATURE_BYTES).unwrap_or_default();
        format!("{content}-{}", Base64UrlUnpadded::encode_string(signature))
    }

    fn content(&self) -> String {
        let as_of = self.as_of.as_milliseconds();
        format!("v{}-{as_of}-{}", self.version, self.threshold_minutes)
    }

    fn read(organization: &OrganizationId, head: &Head, id: &str) -> Option<Self> {
        let mut fields = id.strip_prefix('v')?.splitn(4, '-');
        let mut number = || fields.next()?.parse::<i64>().ok();
        let snapshot = Self {
            version: number()?,
            as_of: Timestamp::from_milliseconds(number()?),
            threshold_minutes: number()?,
        };
        let signature = Base64UrlUnpadded::decode_vec(fields.next()?).ok()?;
        let is_signed = signature.len() == SIGNATURE_BYTES
            && snapshot
                .mac(organization, head)?
                .verify_truncated_left(&signature)
                .is_ok();
        // Only the one spelling that was given out: `v01` is not `v1`.
        (is_signed && snapshot.id(organization, head) == id).then_some(snapshot)
    }

    fn mac(&self, organization: &OrganizationId, head: &Head) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(head.generation.as_bytes()).ok()?;
        mac.update(self.content().as_bytes());
        mac.update(b"\n");
        mac.update(organization.as_str().as_bytes());
        Some(mac)
    }
}
