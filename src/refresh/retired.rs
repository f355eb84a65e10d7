//! Superseded versions that are not removed yet.

use crate::base::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// How long a version can still be read after it was superseded: ten minutes between the scheduled instants of the run
/// that superseded it and the run that removes it.
pub const RETENTION_MS: i64 = 10 * 60_000;

/// A superseded version that is not removed yet. In JSON it is an array, for there are many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(Timestamp, i64, Vec<i64>)", into = "(Timestamp, i64, Vec<i64>)")]
pub struct RetiredVersion {
    /// The scheduled instant of the run that superseded it.
    pub superseded_at: Timestamp,
    /// Its number.
    pub version: i64,
    /// Its rows that no later version lists, unless there are too many.
    pub row_nos: Vec<i64>,
}

impl RetiredVersion {
    /// The first instant at which it may be removed.
    pub fn may_be_removed_at(&self) -> Timestamp {
        self.superseded_at.plus(RETENTION_MS)
    }
}

impl From<(Timestamp, i64, Vec<i64>)> for RetiredVersion {
    fn from((superseded_at, version, row_nos): (Timestamp, i64, Vec<i64>)) -> Self {
        Self {
            superseded_at,
            version,
            row_nos,
        }
    }
}

impl From<RetiredVersion> for (Timestamp, i64, Vec<i64>) {
    fn from(retired: RetiredVersion) -> Self {
        (retired.superseded_at, retired.version, retired.row_nos)
    }
}
