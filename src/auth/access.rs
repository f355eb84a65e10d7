//! What a verified caller may do: the product's table of roles. Everything that is not allowed is denied.

use crate::auth::claims::Claims;
use crate::auth::connection::VerifiedConnection;
use crate::auth::role::{NoRole, Role};
use crate::conversation::record::Record;
use crate::conversation::record_type::RecordType;
use crate::storage::shards::{Assignment, Shards};
use serde::Serialize;
use strum::VariantArray;

/// The scope that allows to post events.
pub const INGEST_SCOPE: &str = "conversation-monitor:ingest";
/// The scope of a token that may see the numbers of `/health`.
pub const OPERATE_SCOPE: &str = "conversation-monitor:operate";

/// An organization that the caller may act for. Every query and every cache key of a request needs one, and only this
/// module makes them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct OrganizationId(String);

impl OrganizationId {
    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The rows of an organization that a caller sees, and the conversations that the caller may open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum View {
    /// All rows. The caller may open each conversation.
    All,
    /// The rows of some departments. The caller may open a conversation if they are its owner or an assignee.
    Departments {
        /// The caller's user id.
        subject: Option<String>,
        /// The ids of the departments, each once, ascending.
        departments: Vec<String>,
    },
}

/// Why a caller may not do what the request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// The role, scope or organization does not allow it. It does not tell whether a named organization exists.
    #[error(transparent)]
    Forbidden(#[from] Denial),
    /// Neither a SUPERADMIN's token nor the request names an organization.
    #[error("no organization is named")]
    OrganizationMissing,
}

/// Which rule denies a request. The texts are for the log, and docs/operating.md lists them: they contain nothing of
/// the token and of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, VariantArray)]
pub enum Denial {
    /// The token names no role.
    #[error("role: the token names none")]
    RoleMissing,
    /// No role of the token is known.
    #[error("role: none of the token's is known")]
    RoleUnknown,
    /// A role without this right.
    #[error("role: it may not read and change settings")]
    RoleWithoutSettings,
    /// A role that may not erase what this request erases.
    #[error("role: it may not erase this")]
    RoleWithoutErasure,
    /// The token names nobody who could acknowledge anything.
    #[error("subject: the token names none")]
    SubjectMissing,
    /// The token names no organization, and the role is limited to its own.
    #[error("organization: the token names none")]
    OrganizationMissing,
    /// The request is for another organization than the token's.
    #[error("organization: another than the token's")]
    OrganizationOfOthers,
    /// The token lacks [`INGEST_SCOPE`].
    #[error("scope: the token lacks {}", INGEST_SCOPE)]
    IngestScopeMissing,
    /// The token lacks [`OPERATE_SCOPE`].
    #[error("scope: the token lacks {}", OPERATE_SCOPE)]
    OperateScopeMissing,
}

impl From<NoRole> for AccessError {
    fn from(error: NoRole) -> Self {
        Self::Forbidden(match error {
            NoRole::Missing => Denial::RoleMissing,
            NoRole::Unknown => Denial::RoleUnknown,
        })
    }
}

fn has_scope(claims: &Claims, scope: &str) -> bool {
    claims.scopes.iter().any(|each| each == scope)
}

/// Checks that an organization is the caller's own.
fn check_own(claims: &Claims, requested: &str) -> Result<(), Denial> {
    match claims.organization_id.as_deref() {
        None => Err(Denial::OrganizationMissing),
        Some(own) if own != requested => Err(Denial::OrganizationOfOthers),
        Some(_) => Ok(()),
    }
}

/// What a caller may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadAccess {
    /// The organization.
    pub organization: OrganizationId,
    /// The rows.
    pub view: View,
}

/// Decides what a caller with `claims` may read of the organization that the request names, or, if it names none, of
/// the caller's own.
///
/// # Errors
/// [`AccessError`].
pub fn read_access(claims: &Claims, requested: Option<&str>) -> Result<ReadAccess, AccessError> {
    let own = claims.organization_id.as_deref();
    let view = match claims.role? {
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
    };
    let own = own.ok_or(Denial::OrganizationMissing)?;
    check_own(claims, requested.unwrap_or(own))?;
    Ok(ReadAccess {
        organization: OrganizationId(own.to_owned()),
        view,
    })
}

/// What a caller may acknowledge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcknowledgementAccess {
    /// The organization, and the rows of it that the caller sees.
    pub read: ReadAccess,
    /// The caller's user id.
    pub subject: String,
}

/// Decides what a caller with `claims` may acknowledge in the organization that the request names, or, if it names
/// none, in the caller's own: the conversations whose rows they may read.
///
/// # Errors
/// [`AccessError`].
pub fn acknowledgement_access(claims: &Claims, requested: Option<&str>) -> Result<AcknowledgementAccess, AccessError> {
    let read = read_access(claims, requested)?;
    let subject = claims.subject.clone().ok_or(Denial::SubjectMissing)?;
    Ok(AcknowledgementAccess { read, subject })
}

impl AcknowledgementAccess {
    /// The acknowledgement that the caller may store, if there is one: of the organization. Which conversations of it
    /// the caller sees has been decided before, from what is stored of them.
    #[must_use]
    pub fn permit(&self, record: Option<Record>) -> PermittedRecords {
        let is_permitted = |record: &Record| {
            record.record_type == RecordType::Acknowledgement
                && record.organization_id == self.read.organization.as_str()
        };
        PermittedRecords(record.into_iter().filter(is_permitted).collect())
    }
}

/// Decides whether a caller with `claims` may read and change the settings of the organization that the request names.
///
/// # Errors
/// [`AccessError::Forbidden`].
pub fn settings_access(claims: &Claims, requested: &str) -> Result<OrganizationId, AccessError> {
    match claims.role? {
        Role::Superadmin => {}
        Role::Admin => check_own(claims, requested)?,
        Role::DepartmentHead => return Err(Denial::RoleWithoutSettings.into()),
    }
    Ok(OrganizationId(requested.to_owned()))
}

/// Decides whether a caller with `claims` may erase contacts of the organization that the request names.
///
/// # Errors
/// [`AccessError::Forbidden`].
pub fn erasure_access(claims: &Claims, requested: &str) -> Result<OrganizationId, AccessError> {
    match claims.role? {
        Role::DepartmentHead => Err(Denial::RoleWithoutErasure.into()),
        Role::Admin | Role::Superadmin => settings_access(claims, requested),
    }
}

/// Decides whether a caller with `claims` may remove the organization that the request names.
///
/// # Errors
/// [`AccessError::Forbidden`].
pub fn removal_access(claims: &Claims, requested: &str) -> Result<OrganizationId, AccessError> {
    match claims.role? {
        Role::Superadmin => Ok(OrganizationId(requested.to_owned())),
        Role::Admin | Role::DepartmentHead => Err(Denial::RoleWithoutErasure.into()),
    }
}

/// Records that a caller may post. Nothing else can be stored.
#[derive(Debug)]
pub struct PermittedRecords(Vec<Record>);

impl PermittedRecords {
    /// The records.
    #[must_use]
    pub fn into_records(self) -> Vec<Record> {
        self.0
    }

    /// The records of each assignment to shards, in their order.
    #[must_use]
    pub fn by_shard(self, shards: &Shards) -> Vec<(Assignment, Self)> {
        if shards.is_one() {
            return vec![(Assignment::default(), self)];
        }
        let mut parts: Vec<(Assignment, Self)> = Vec::new();
        for record in self.0 {
            let assignment = shards.of(&record.organization_id);
            match parts.iter_mut().find(|(known, _)| *known == assignment) {
                Some((_, part)) => part.0.push(record),
                None => parts.push((assignment, Self(vec![record]))),
            }
        }
        parts
    }
}

/// Decides whether a caller with `claims` may know how the service as a whole is doing.
///
/// # Errors
/// [`AccessError::Forbidden`].
pub fn operate_access(claims: &Claims) -> Result<(), AccessError> {
    if has_scope(claims, OPERATE_SCOPE) {
        Ok(())
    } else {
        Err(Denial::OperateScopeMissing.into())
    }
}

/// Decides whether a caller with `claims` may post all of `records`.
///
/// # Errors
/// [`AccessError::Forbidden`].
pub fn ingest_access(claims: &Claims, records: Vec<Record>) -> Result<PermittedRecords, AccessError> {
    if !has_scope(claims, INGEST_SCOPE) {
        return Err(Denial::IngestScopeMissing.into());
    }
    if claims.role != Ok(Role::Superadmin) {
        for record in &records {
            check_own(claims, &record.organization_id)?;
        }
    }
    Ok(PermittedRecords(records))
}

/// The records that a verified connection may write: those of its own organization, and mappers make no others.
#[must_use]
pub fn connection_access(verified: VerifiedConnection<'_>, mut records: Vec<Record>) -> PermittedRecords {
    let organization_id = &verified.connection().organization_id;
    records.retain(|record| record.organization_id == *organization_id);
    PermittedRecords(records)
}

impl View {
    /// The ids of the departments to show if the request names `requested`. A caller who sees all rows may choose any
    /// department. A DEPARTMENT_HEAD may choose one of their own, and any other choice is ignored. `None` means all.
    #[must_use]
    pub fn departments(&self, requested: Option<&str>) -> Option<Vec<String>> {
        let only = |id: &str| vec![id.to_owned()];
        match self {
            Self::All => requested.map(only),
            Self::Departments { departments, .. } => match requested {
                Some(requested) if departments.iter().any(|id| id == requested) => Some(only(requested)),
                _ => Some(departments.clone()),
            },
        }
    }
}
