//! What a verified caller may do: the product's role table. Default deny.

use crate::auth::claims::{Claims, Role};
use crate::conversation::record::Record;
use serde::Serialize;
use std::collections::BTreeSet;

/// The scope that allows to post events.
pub const INGEST_SCOPE: &str = "conversation-monitor:ingest";

/// A tenant that the caller may act for. Every query and every cache key of a request demands one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct OrganizationId(String);

impl OrganizationId {
    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which rows of an organization a caller sees, and to which the caller has access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum View {
    /// All rows, with access to each.
    All,
    /// The rows of some departments, with access where the subject is the owner or an assignee.
    Departments {
        /// The caller.
        subject: Option<String>,
        /// The departments.
        departments: BTreeSet<String>,
    },
}

/// Why a caller may not do what the request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// The role, scope or organization does not allow it. Whether a named organization exists is not told.
    #[error("the caller's role, scope or organization does not allow this")]
    Forbidden,
    /// Neither a SUPERADMIN's token nor the request names an organization.
    #[error("no organization is named")]
    OrganizationMissing,
}

/// What a caller may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadAccess {
    /// Of which organization.
    pub organization: OrganizationId,
    /// Which rows.
    pub view: View,
}

/// Decides what `claims` may read, of the organization that the request names, or of their own.
///
/// # Errors
/// [`AccessError`].
pub fn read_access(claims: &Claims, requested: Option<&str>) -> Result<ReadAccess, AccessError> {
    let own = claims.organization_id.as_deref();
    let view = match claims.role {
        Role::Superadmin => {
            let organization = requested.or(own).ok_or(AccessError::OrganizationMissing)?;
            return Ok(ReadAccess {
                organization: OrganizationId(organization.to_owned()),
                view: View::All,
            });
        }
        Role::Admin => View::All,
        Role::DepartmentHead => View::Departments {
            subject: claims.subject.clone(),
            departments: claims.department_ids.clone(),
        },
        Role::Other => return Err(AccessError::Forbidden),
    };
    let own = own.ok_or(AccessError::Forbidden)?;
    if requested.is_some_and(|requested| requested != own) {
        return Err(AccessError::Forbidden);
    }
    Ok(ReadAccess {
        organization: OrganizationId(own.to_owned()),
        view,
    })
}

/// Decides whether `claims` may read and change the settings of the organization that the request names.
///
/// # Errors
/// [`AccessError::Forbidden`].
pub fn settings_access(claims: &Claims, requested: &str) -> Result<OrganizationId, AccessError> {
    let is_allowed = match claims.role {
        Role::Superadmin => true,
        Role::Admin => claims.organization_id.as_deref() == Some(requested),
        Role::DepartmentHead | Role::Other => false,
    };
    if is_allowed {
        Ok(OrganizationId(requested.to_owned()))
    } else {
        Err(AccessError::Forbidden)
    }
}

/// Records of organizations that a caller may post events of: nothing else can be held.
#[derive(Debug)]
pub struct PermittedRecords(Vec<Record>);

impl PermittedRecords {
    /// The records.
    #[must_use]
    pub fn into_records(self) -> Vec<Record> {
        self.0
    }
}

/// Decides whether `claims` may post all of `records`.
///
/// # Errors
/// [`AccessError::Forbidden`].
pub fn ingest_access(claims: &Claims, records: Vec<Record>) -> Result<PermittedRecords, AccessError> {
    let has_scope = claims.scopes.iter().any(|scope| scope == INGEST_SCOPE);
    let own = claims.organization_id.as_deref();
    let is_allowed = |record: &Record| claims.role == Role::Superadmin || own == Some(record.organization_id.as_str());
    if has_scope && records.iter().all(is_allowed) {
        Ok(PermittedRecords(records))
    } else {
        Err(AccessError::Forbidden)
    }
}

impl View {
    /// The departments to show when the request names `requested`: a caller who sees all may choose one; a
    /// DEPARTMENT_HEAD one of their own, and any other choice is ignored, as on the sibling endpoints.
    #[must_use]
    pub fn departments(&self, requested: Option<&str>) -> Option<BTreeSet<String>> {
        let only = |id: &str| {
            let mut departments = BTreeSet::new();
            departments.insert(id.to_owned());
            departments
        };
        match self {
            Self::All => requested.map(only),
            Self::Departments { departments, .. } => match requested {
                Some(requested) if departments.contains(requested) => Some(only(requested)),
                _ => Some(departments.clone()),
            },
        }
    }
}
