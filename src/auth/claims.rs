//! A token's claims: RFC 7519 section 4, and the product's own.

use crate::auth::error::TokenError;
use crate::base::id::is_id;
use crate::base::strict_json;
use crate::base::strict_json::Object;
use crate::base::timestamp::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;

/// How far the clocks of the issuer and of this service may be apart, in milliseconds. Hosts that synchronize their
/// clocks are well within half a minute, and it adds little to a token's life.
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
    /// Nothing.
    Other,
}

impl Role {
    /// The role that the claim `role` names.
    fn from_name(name: &str) -> Self {
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
    /// `role`. [`Role::Other`] if it is missing.
    pub role: Role,
    /// `organizationId`
    pub organization_id: Option<String>,
    /// `departmentIds`. The one `departmentId` if that is missing.
    pub department_ids: BTreeSet<String>,
    /// The words of `scope`.
    pub scopes: Vec<String>,
    expires_at: Timestamp,
    not_before: Option<Timestamp>,
    issued_at: Option<Timestamp>,
    issuer: Option<String>,
    audience: Vec<String>,
}

/// The claims by which a token shows that it is meant for this service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expectations {
    /// What `iss` must be. `None` means that it is not checked.
    pub issuer: Option<String>,
    /// What `aud` must contain. `None` means that it is not checked.
    pub audience: Option<String>,
}

impl Claims {
    /// Parses the claims of a token whose signature has been verified. A claim of a wrong type is an error. It never
    /// counts as missing.
    ///
    /// # Errors
    /// [`TokenError::Claims`] or the claim that is missing or malformed.
    pub fn from_payload(payload: &[u8]) -> Result<Self, TokenError> {
        let Ok(Value::Object(claims)) = strict_json::parse(payload) else {
            return Err(TokenError::Claims);
        };
        let department_ids = if claims.contains_key("departmentIds") {
            ids(&claims, "departmentIds")?
        } else {
            optional_id(&claims, "departmentId")?.into_iter().collect()
        };
        Ok(Self {
            subject: optional_id(&claims, "sub")?,
            role: optional_text(&claims, "role")?.map_or(Role::Other, Role::from_name),
            organization_id: optional_id(&claims, "organizationId")?,
            department_ids,
            scopes: optional_text(&claims, "scope")?
                .unwrap_or_default()
                .split(' ')
                .filter(|scope| !scope.is_empty())
                .map(str::to_owned)
                .collect(),
            expires_at: optional_instant(&claims, "exp")?.ok_or(TokenError::Claim("exp"))?,
            not_before: optional_instant(&claims, "nbf")?,
            issued_at: optional_instant(&claims, "iat")?,
            issuer: optional_text(&claims, "iss")?.map(str::to_owned),
            audience: audience(&claims)?,
        })
    }

    /// Checks the claims that depend on the clock and on the configuration. Every use of the claims must check them.
    ///
    /// # Errors
    /// The first check that fails.
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

fn optional_text<'a>(claims: &'a Object, name: &'static str) -> Result<Option<&'a str>, TokenError> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(TokenError::Claim(name)),
    }
}

fn optional_id(claims: &Object, name: &'static str) -> Result<Option<String>, TokenError> {
    match optional_text(claims, name)? {
        None => Ok(None),
        Some(id) if is_id(id) => Ok(Some(id.to_owned())),
        Some(_) => Err(TokenError::Claim(name)),
    }
}

fn ids(claims: &Object, name: &'static str) -> Result<BTreeSet<String>, TokenError> {
    match claims.get(name) {
        Some(Value::Array(values)) if values.len() <= DEPARTMENTS_MAX => values
            .iter()
            .map(|value| value.as_str().filter(|id| is_id(id)).map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or(TokenError::Claim(name)),
        _ => Err(TokenError::Claim(name)),
    }
}

/// `aud`: a string or an array of strings. It is empty if the claim is missing.
fn audience(claims: &Object) -> Result<Vec<String>, TokenError> {
    let values = match claims.get("aud") {
        None => return Ok(Vec::new()),
        Some(Value::Array(values)) => values.as_slice(),
        Some(value) => std::slice::from_ref(value),
    };
    values
        .iter()
        .map(|value| value.as_str().map(str::to_owned))
        .collect::<Option<_>>()
        .ok_or(TokenError::Claim("aud"))
}

/// A NumericDate: seconds since 1970, with or without a fraction, up to the year 9999.
fn optional_instant(claims: &Object, name: &'static str) -> Result<Option<Timestamp>, TokenError> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    value
        .as_f64()
        .filter(|seconds| (0.0..=SECONDS_MAX).contains(seconds))
        .map(|seconds| Some(Timestamp::from_milliseconds((seconds * 1_000.0) as i64)))
        .ok_or(TokenError::Claim(name))
}
