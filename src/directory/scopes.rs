//! What a caller may choose from: organizations, and the departments of one of them, each with its name.

use crate::auth::access::{AccessError, View, read_access};
use crate::auth::claims::Claims;
use crate::auth::role::Role;
use crate::directory::sql;
use crate::http::query::{QueryError, parse};
use crate::storage::database::{Database, DatabaseError, Row, SqlValue, Statement};
use crate::storage::json_table::to_json;
use crate::storage::shards::Shards;
use futures::future::join_all;
use serde::Serialize;

/// The most organizations of a response.
pub const ORGANIZATIONS_MAX: usize = 1_000;
/// The most characters of `search`.
pub const SEARCH_CHARACTERS_MAX: usize = 128;

/// Why there are no scopes.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ScopesError {
    /// The caller may not ask for this.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The organization does not exist, or it was removed.
    #[error("the organization does not exist")]
    OrganizationNotFound,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopesRequest {
    /// `organizationId`: the organization whose departments are asked for.
    organization_id: Option<String>,
    /// `search`: text within the ids or the names of organizations.
    search: Option<String>,
}

impl ScopesRequest {
    /// Parses the query string of a request. Unknown parameters are ignored.
    ///
    /// # Errors
    /// [`QueryError`], which names the parameter and what it takes.
    pub fn parse(query: &str) -> Result<Self, QueryError> {
        let search = |text: &str| {
            let is_search = (1..=SEARCH_CHARACTERS_MAX).contains(&text.chars().count());
            is_search.then(|| text.to_owned())
        };
        parse(query, |parameters| Self {
            organization_id: parameters.id("organizationId"),
            search: parameters.get(
                "search",
                format_args!("a text of 1 to {SEARCH_CHARACTERS_MAX} characters"),
                search,
            ),
        })
    }
}

/// What a caller may choose from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Scopes {
    /// The caller.
    pub user: SignedInUser,
    /// The organization that the departments are of, if one is named by the request or the token.
    pub organization_id: Option<String>,
    /// The organizations, by name.
    pub organizations: Vec<OrganizationScope>,
    /// Whether there are more than [`ORGANIZATIONS_MAX`].
    pub organizations_truncated: bool,
    /// The departments, by name.
    pub departments: Vec<DepartmentScope>,
    /// Where the caller's CRM shows a conversation, with placeholders in braces, if that is configured. It is not read
    /// from the database.
    pub conversation_url: Option<String>,
}

/// The caller, as the token says. Pages show it and hide what would fail; they need not read the token, whose claims
/// depend on the issuer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedInUser {
    /// What to call the user, if the token has a name.
    pub name: Option<String>,
    /// The role.
    pub role: Role,
    /// The user's own organization.
    pub organization_id: Option<String>,
}

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationScope {
    /// Its id.
    pub organization_id: String,
    /// Its name. `None` means that no record of it is stored.
    pub name: Option<String>,
}

impl OrganizationScope {
    fn new(organization_id: String, name: Option<String>) -> Self {
        Self { organization_id, name }
    }
}

/// A department.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DepartmentScope {
    /// Its id.
    pub department_id: String,
    /// Its name. `None` means that no record of it is stored.
    pub name: Option<String>,
}

/// Reads what a caller may choose from, in one round trip. `databases` are those of the `shards`, in their order.
///
/// A SUPERADMIN may choose any organization, and departments of the one that the request or the token names. Everybody
/// else has only their own organization, and a DEPARTMENT_HEAD only the departments of the token.
///
/// # Errors
/// [`ScopesError`]
pub async fn read_scopes<D: Database>(
    databases: &[D],
    shards: &Shards,
    claims: &Claims,
    request: &ScopesRequest,
) -> Result<Scopes, ScopesError> {
    let role = claims.role.map_err(AccessError::from)?;
    let access = match read_access(claims, request.organization_id.as_deref()) {
        Ok(access) => Some(access),
        // A SUPERADMIN without an organization has not chosen one yet.
        Err(AccessError::OrganizationMissing) => None,
        Err(error) => return Err(error.into()),
    };
    let is_superadmin = role == Role::Superadmin;
    let own_shard = access
        .as_ref()
        .map(|access| shards.of(access.organization.as_str()).shard);
    let mut asked = Vec::new();
    let mut batches = Vec::new();
    for (shard, database) in databases.iter().enumerate() {
        let mut statements = Vec::new();
        if let Some(access) = access.as_ref().filter(|_| own_shard == Some(shard)) {
            let organization = || SqlValue::from(access.organization.as_str());
            statements.push(Statement::new(sql::ORGANIZATION, [organization()]));
            statements.push(match &access.view {
                View::All => Statement::new(sql::DEPARTMENTS, [organization()]),
                View::Departments { departments, .. } => {
                    let ids = to_json(departments)?;
                    Statement::new(sql::DEPARTMENTS_NAMED, [organization(), SqlValue::Text(ids)])
                }
            });
        }
        if is_superadmin {
            let search = request.search.as_ref();
            let search = search.map_or(SqlValue::Null, |search| SqlValue::Text(search.to_ascii_lowercase()));
            let limit = SqlValue::Integer(ORGANIZATIONS_MAX as i64 + 1);
            statements.push(Statement::new(sql::ORGANIZATIONS, [search, limit]));
        }
        if !statements.is_empty() {
            asked.push(shard);
            batches.push(database.batch(statements));
        }
    }

    let (mut own, mut departments) = (Vec::new(), Vec::new());
    let mut organizations = Vec::new();
    let mut organizations_truncated = false;
    for (shard, outcomes) in asked.into_iter().zip(join_all(batches).await) {
        let mut rows = outcomes?.into_iter().map(|outcome| outcome.rows);
        let mut next = || rows.next().ok_or(DatabaseError::Decode("an outcome is missing"));
        if own_shard == Some(shard) {
            (own, departments) = (next()?, next()?);
        }
        if is_superadmin {
            let found = next()?;
            organizations_truncated |= found.len() > ORGANIZATIONS_MAX;
            for organization in read_each(&found, OrganizationScope::new)? {
                // While a bucket is moved, and until it is purged, two databases have its organizations.
                if shards.of(&organization.organization_id).shard == shard {
                    organizations.push(organization);
                }
            }
        }
    }
    if access.is_some() {
        let own = own.first().ok_or(ScopesError::OrganizationNotFound)?;
        let is_removed = own.integer(2)? != 0;
        if is_removed {
            return Err(ScopesError::OrganizationNotFound);
        }
    }
    if !is_superadmin {
        organizations = read_each(&own, OrganizationScope::new)?;
    } else if !shards.is_one() {
        // As each database has sorted them.
        organizations.sort_by(|left, right| {
            let key = |scope: &OrganizationScope| scope.name.is_none();
            (key(left), &left.name, &left.organization_id).cmp(&(key(right), &right.name, &right.organization_id))
        });
    }
    organizations_truncated |= organizations.len() > ORGANIZATIONS_MAX;
    organizations.truncate(ORGANIZATIONS_MAX);
    Ok(Scopes {
        user: SignedInUser {
            name: claims.name.clone(),
            role,
            organization_id: claims.organization_id.clone(),
        },
        organization_id: access.map(|access| access.organization.as_str().to_owned()),
        organizations,
        organizations_truncated,
        departments: read_each(&departments, |department_id, name| DepartmentScope {
            department_id,
            name,
        })?,
        conversation_url: None,
    })
}

/// Makes something of the id and the name in each row.
fn read_each<T>(rows: &[Row], make: impl Fn(String, Option<String>) -> T) -> Result<Vec<T>, DatabaseError> {
    let read = |row: &Row| {
        let name = row.optional_text(1)?.map(str::to_owned);
        Ok(make(row.text(0)?.to_owned(), name))
    };
    rows.iter().map(read).collect()
}
