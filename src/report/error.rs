//! Why there is no report.

use crate::storage::database::DatabaseError;

/// Why a report, a summary, a CSV file or an organization's head could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// The organization does not exist, or it was removed.
    #[error("the organization does not exist")]
    OrganizationNotFound,
    /// The snapshot that the request names is no longer stored, or never was one of this organization.
    #[error("the snapshot is no longer stored")]
    SnapshotExpired,
    /// The database is out of reach and nothing usable is cached. The text is for the log.
    #[error("{0}")]
    Unavailable(String),
    /// What is stored is not what a refresh writes, or cannot be asked for. The text is for the log.
    #[error("{0}")]
    Corrupt(String),
}

impl From<DatabaseError> for ReportError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Decode(_) | DatabaseError::Encode => Self::Corrupt(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}
