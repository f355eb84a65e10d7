//! The product's roles.

use serde::Serialize;

/// What a caller may see, from the fewest rights to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// Their own departments.
    DepartmentHead,
    /// Their own organization.
    Admin,
    /// Every organization.
    Superadmin,
}

impl Role {
    /// The role of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "SUPERADMIN" => Some(Self::Superadmin),
            "ADMIN" => Some(Self::Admin),
            "DEPARTMENT_HEAD" => Some(Self::DepartmentHead),
            _ => None,
        }
    }
}

/// Why a token gives no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRole {
    /// It names none.
    Missing,
    /// None of those that it names is known.
    Unknown,
}
