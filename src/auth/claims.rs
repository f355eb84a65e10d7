//! A token's claims: RFC 7519 section 4, and the product's own.

use crate::auth::error::TokenError;
use crate::base::id::is_id;
use crate::base::strict_json;
use crate::base::strict_json::Object;
use crate::base::timestamp::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;

/// How far the clocks of the issuer and of this service may be apart, in milliseconds: half a minute is what hosts
/// that keep time at all stay within, and adds little to a token's life.
pub const LEEWAY_MS: i64 = 30_000;
/// The most departments of a token.
pub const DEPARTMENTS_MAX: usize = 1_000;
/// The latest instant that a claim may name, in seconds: the end of the year 9999.
const SECONDS_MAX: f64 = 253_402_300_799.0;

/// What a role may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Every organization.
    Superadmin,
    /// Their own organization.
    Admin,
    /// Their own departments.
    DepartmentHead,
    /// Nothing of the report.
    Other,
}

impl Role {
    fn of_name(name: &str) -> Self {
        match name {
            "SUPERADMIN" => Self::Superadmin,
            "ADMIN" => Self::Admin,
            "DEPARTMENT_HEAD" => Self::DepartmentHead,
            _ => Self::Other,
        }
    }
}

/// The claims of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// `sub`: the user.
    pub subject: Option<String>,
    /// `role`; [`Role::Other`] where there is none.
    pub role: Role,
    /// `organizationId`
    pub organization_id: Option<String>,
    /// `departmentIds`, else `departmentId`, sorted.
    pub department_ids: BTreeSet<String>,
    /// `scope`, taken apart.
    pub scopes: Vec<String>,
    expires_at: Timestamp,
    not_before: Option<Timestamp>,
    issued_at: Option<Timestamp>,
    issuer: Option<String>,
    audience: Vec<String>,
}

/// What tokens must say to be meant for this service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expectations {
    /// The `iss` that is demanded, if any.
    pub issuer: Option<String>,
    /// What `aud` must contain, if anything.
    pub audience: Option<String>,
}

impl Claims {
    /// Reads the claims of a token whose signature was verified. A claim of the wrong type is an error and never
    /// counts as absent.
    ///
    /// # Errors
    /// The claim that is missing or malformed.
    pub fn read(payload: &[u8]) -> Result<Self, TokenError> {
        let Ok(Value::Object(claims)) = strict_json::parse(payload) else {
            return Err(TokenError::Claims);
        };
        let department_ids = match claims.get("departmentIds") {
            Some(_) => ids(&claims, "departmentIds")?,
            None => {
                let mut department_ids = BTreeSet::new();
                if let Some(id) = id(&claims, "departmentId")? {
                    department_ids.insert(id);
                }
                department_ids
            }
        };
        Ok(Self {
            subject: id(&claims, "sub")?,
            role: text(&claims, "role")?.map_or(Role::Other, Role::of_name),
            organization_id: id(&claims, "organizationId")?,
            department_ids,
            scopes: text(&claims, "scope")?
                .unwrap_or_default()
                .split(' ')
                .filter(|scope| !scope.is_empty())
                .map(str::to_owned)
                .collect(),
            expires_at: instant(&claims, "exp")?.ok_or(TokenError::Claim("exp"))?,
            not_before: instant(&claims, "nbf")?,
            issued_at: instant(&claims, "iat")?,
            issuer: text(&claims, "iss")?.map(str::to_owned),
            audience: audience(&claims)?,
        })
    }

    /// Checks what depends on the clock and on configuration: to be done at every use of the claims.
    ///
    /// # Errors
    /// The first claim that does not hold.
    pub fn check(&self, expected: &Expectations, now: Timestamp) -> Result<(), TokenError> {
        if now >= self.expires_at.plus(LEEWAY_MS) {
            return Err(TokenError::Expired);
        }
        let ahead = |instant: Option<Timestamp>| instant.is_some_and(|instant| instant > now.plus(LEEWAY_MS));
        if ahead(self.not_before) {
            return Err(TokenError::NotYetValid);
        }
        if ahead(self.issued_at) {
            return Err(TokenError::IssuedInFuture);
        }
        if expected.issuer.is_some() && expected.issuer != self.issuer {
            return Err(TokenError::Issuer);
        }
        match &expected.audience {
            Some(audience) if !self.audience.contains(audience) => Err(TokenError::Audience),
            _ => Ok(()),
        }
    }
}

fn text<'a>(claims: &'a Object, name: &'static str) -> Result<Option<&'a str>, TokenError> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(TokenError::Claim(name)),
    }
}

fn id(claims: &Object, name: &'static str) -> Result<Option<String>, TokenError> {
    match text(claims, name)? {
        None => Ok(None),
        Some(id) if is_id(id) => Ok(Some(id.to_owned())),
        Some(_) => Err(TokenError::Claim(name)),
    }
}

fn ids(claims: &Object, name: &'static str) -> Result<BTreeSet<String>, TokenError> {
    let Some(Value::Array(values)) = claims.get(name) else {
        return Err(TokenError::Claim(name));
    };
    if values.len() > DEPARTMENTS_MAX {
        return Err(TokenError::Claim(name));
    }
    let mut ids = BTreeSet::new();
    for value in values {
        match value {
            Value::String(id) if is_id(id) => ids.insert(id.clone()),
            _ => return Err(TokenError::Claim(name)),
        };
    }
    Ok(ids)
}

/// `aud`: one string, or an array of strings; none where it is absent.
fn audience(claims: &Object) -> Result<Vec<String>, TokenError> {
    let malformed = || TokenError::Claim("aud");
    let values = match claims.get("aud") {
        None => return Ok(Vec::new()),
        Some(Value::Array(values)) => values.as_slice(),
        Some(value) => std::slice::from_ref(value),
    };
    values
        .iter()
        .map(|value| value.as_str().map(str::to_owned).ok_or_else(malformed))
        .collect()
}

/// A NumericDate: seconds, with or without a fraction, from 1970 to 9999.
fn instant(claims: &Object, name: &'static str) -> Result<Option<Timestamp>, TokenError> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let seconds = match value {
        Value::Number(number) => number.as_f64(),
        _ => None,
    };
    seconds
        .filter(|seconds| (0.0..=SECONDS_MAX).contains(seconds))
        .map(|seconds| Some(Timestamp::from_milliseconds((seconds * 1_000.0) as i64)))
        .ok_or(TokenError::Claim(name))
}
