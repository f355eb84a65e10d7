//! What a caller may choose from: organizations, and departments of one of them, each with its name.

use crate::api::error::ApiError;
use crate::auth::access::{AccessError, View, read_access};
use crate::auth::claims::{Claims, Role};
use crate::base::strict_json::push_text;
use crate::http::query::Parameters;
use crate::storage::database::{Database, DatabaseError, Row, SqlValue, Statement};
use crate::storage::json_table::to_json;

/// The most organizations of an answer.
pub const ORGANIZATIONS_MAX: usize = 1_000;
/// The most characters of `search`.
pub const SEARCH_CHARACTERS_MAX: usize = 128;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopesRequest {
    /// `organizationId`: the organization whose departments are asked for.
    organization_id: Option<String>,
    /// `search`: a part of the id or the name of organizations.
    search: Option<String>,
}

impl ScopesRequest {
    /// Reads the query of a request's URL. Parameters that are not known are ignored.
    ///
    /// # Errors
    /// [`ApiError::Invalid`], which names the parameter and what it takes.
    pub fn read(query: &str) -> Result<Self, ApiError> {
        let parameters = Parameters::read(query, &["organizationId", "search"])?;
        let search = |text: &str| {
            let is_search = (1..=SEARCH_CHARACTERS_MAX).contains(&text.chars().count());
            is_search.then(|| text.to_owned())
        };
        Ok(Self {
            organization_id: parameters.id("organizationId")?,
            search: parameters.get("search", "a text of 1 to 128 characters", search)?,
        })
    }
}

/// The body of the answer, read from the database at once.
///
/// A SUPERADMIN chooses among all organizations, and among the departments of the one that is named. All others have
/// but their own, where a DEPARTMENT_HEAD has the departments of the token.
///
/// # Errors
/// [`ApiError::Forbidden`], [`ApiError::OrganizationNotFound`], and whatever the database says.
pub async fn scopes<D: Database>(database: &D, claims: &Claims, request: &ScopesRequest) -> Result<String, ApiError> {
    let access = match read_access(claims, request.organization_id.as_deref()) {
        Ok(access) => Some(access),
        // A SUPERADMIN who is nowhere at home has yet to choose.
        Err(AccessError::OrganizationMissing) => None,
        Err(error) => return Err(error.into()),
    };
    let chooses = claims.role == Role::Superadmin;
    let mut statements = Vec::new();
    if let Some(access) = &access {
        let organization = || SqlValue::from(access.organization.as_str());
        statements.push(Statement::new(include_str!("sql/organization.sql"), [organization()]));
        statements.push(match &access.view {
            View::All => Statement::new(include_str!("sql/departments.sql"), [organization()]),
            View::Departments { departments, .. } => {
                let ids = to_json(departments)?;
                Statement::new(
                    include_str!("sql/departments_named.sql"),
                    [organization(), SqlValue::Text(ids)],
                )
            }
        });
    }
    if chooses {
        let search = request.search.as_ref();
        let search = search.map_or(SqlValue::Null, |search| SqlValue::Text(search.to_ascii_lowercase()));
        let limit = i64::try_from(ORGANIZATIONS_MAX.saturating_add(1)).unwrap_or(i64::MAX);
        statements.push(Statement::new(
            include_str!("sql/organizations.sql"),
            [search, SqlValue::Integer(limit)],
        ));
    }

    let mut rows = database
        .batch(statements)
        .await?
        .into_iter()
        .map(|outcome| outcome.rows);
    let mut next = || rows.next().ok_or(DatabaseError::Decode("an outcome is missing"));
    let (own, departments) = match access {
        Some(_) => (next()?, next()?),
        None => Default::default(),
    };
    if access.is_some() {
        let own = own.first().ok_or(ApiError::OrganizationNotFound)?;
        if own.integer(2)? != 0 {
            return Err(ApiError::OrganizationNotFound);
        }
    }
    let mut organizations = if chooses { next()? } else { own };
    let is_truncated = organizations.len() > ORGANIZATIONS_MAX;
    organizations.truncate(ORGANIZATIONS_MAX);

    let mut json = r#"{"success":true,"data":{"organizationId":"#.to_owned();
    push_text(&mut json, access.as_ref().map(|access| access.organization.as_str()));
    json.push_str(r#","organizations":["#);
    push_named(&mut json, r#"{"organizationId":"#, &organizations)?;
    json.push_str(r#"],"organizationsTruncated":"#);
    json.push_str(if is_truncated { "true" } else { "false" });
    json.push_str(r#","departments":["#);
    push_named(&mut json, r#"{"departmentId":"#, &departments)?;
    json.push_str("]}}");
    Ok(json)
}

/// Rows of an id and a name.
fn push_named(json: &mut String, before_id: &str, rows: &[Row]) -> Result<(), DatabaseError> {
    for (number, row) in rows.iter().enumerate() {
        if number > 0 {
            json.push(',');
        }
        json.push_str(before_id);
        push_text(json, Some(row.text(0)?));
        json.push_str(r#","name":"#);
        push_text(json, row.optional_text(1)?);
        json.push('}');
    }
    Ok(())
}
