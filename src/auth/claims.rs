//! A token's claims: RFC 7519 section 4, and the product's own.

use crate::auth::claim_mapping::{ClaimMapping, Pointer};
use crate::auth::error::TokenError;
use crate::auth::role::{NoRole, Role};
use crate::base::id::is_id;
use crate::base::strict_json;
use crate::base::strict_json::Object;
use crate::base::timestamp::Timestamp;
use crate::conversation::fields::NAME_CHARACTERS_MAX;
use serde_json::Value;

/// How far the clocks of the issuer and of this service may be apart, in milliseconds. Hosts that synchronize their
/// clocks are well within half a minute, and it adds little to a token's life.
pub const LEEWAY_MS: i64 = 30_000;
/// The most departments of a token.
pub const DEPARTMENTS_MAX: usize = 1_000;
/// The latest instant that a claim may name, in seconds: the end of the year 9999.
const SECONDS_MAX: f64 = 253_402_300_799.0;

/// The claims of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// `sub`: the user.
    pub subject: Option<String>,
    /// What to call the user: `name`, or else `preferred_username`. It decides nothing, so `None` means that neither is
    /// a text that can be shown.
    pub name: Option<String>,
    /// `role`. Of several roles, the one with the most rights.
    pub role: Result<Role, NoRole>,
    /// `organizationId`
    pub organization_id: Option<String>,
    /// `departmentIds`. The one `departmentId` if that is absent. Each is there once, and they are ascending.
    pub department_ids: Vec<String>,
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
pub struct ExpectedClaims {
    /// What `iss` must be. `None` means that it is not checked.
    pub issuer: Option<String>,
    /// What `aud` must contain. `None` means that it is not checked.
    pub audience: Option<String>,
}

impl Claims {
    /// Parses the claims of one of the product's own tokens: [`Claims::from_mapped_payload`] without a mapping.
    ///
    /// # Errors
    /// [`TokenError::Claims`] or the claim that is missing or malformed.
    pub fn from_payload(payload: &[u8]) -> Result<Self, TokenError> {
        Self::from_mapped_payload(payload, &ClaimMapping::default())
    }

    /// Parses the claims of a token whose signature has been verified. An optional claim that is null counts as absent.
    /// A claim of a wrong type is an error; it never counts as absent.
    ///
    /// # Errors
    /// [`TokenError::Claims`] or the claim that is missing or malformed.
    pub fn from_mapped_payload(payload: &[u8], mapping: &ClaimMapping) -> Result<Self, TokenError> {
        let Ok(Value::Object(claims)) = strict_json::parse(payload) else {
            return Err(TokenError::Claims);
        };
        let mapped = |pointer, name| mapped_claim(&claims, pointer, name);
        let organization_id = single_id(
            mapped(mapping.organization.as_ref(), "organizationId")?,
            "organizationId",
        )?;
        Ok(Self {
            subject: optional_id(&claims, "sub")?,
            name: display_name(&claims),
            role: role(mapped(mapping.role.as_ref(), "role")?, mapping)?,
            organization_id: organization_id.or_else(|| mapping.default_organization.clone()),
            department_ids: department_ids(&claims, mapping)?,
            scopes: scopes(mapped(mapping.scope.as_ref(), "scope")?)?,
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
    pub fn check(&self, expected: &ExpectedClaims, now: Timestamp) -> Result<(), TokenError> {
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

/// A claim. `None` means that it is absent or null.
fn claim<'a>(claims: &'a Object, name: &str) -> Option<&'a Value> {
    claims.get(name).filter(|value| !value.is_null())
}

/// The claim that `pointer` leads to, or else the one that is called `name`.
fn mapped_claim<'a>(
    claims: &'a Object,
    pointer: Option<&Pointer>,
    name: &'static str,
) -> Result<Option<&'a Value>, TokenError> {
    match pointer {
        Some(pointer) => pointer.find(claims).map_err(|_| TokenError::Claim(name)),
        None => Ok(claim(claims, name)),
    }
}

/// The values of a claim that may be one value or an array of them. It has none if the claim is absent.
fn values(claim: Option<&Value>) -> &[Value] {
    match claim {
        None => &[],
        Some(Value::Array(values)) => values,
        Some(value) => std::slice::from_ref(value),
    }
}

/// The texts of a claim that may be one text or an array of texts.
fn texts<'a>(claim: Option<&'a Value>, name: &'static str) -> Result<Vec<&'a str>, TokenError> {
    let texts: Option<_> = values(claim).iter().map(Value::as_str).collect();
    texts.ok_or(TokenError::Claim(name))
}

/// The id of a claim that may be an id or an array of one id.
fn single_id(claim: Option<&Value>, name: &'static str) -> Result<Option<String>, TokenError> {
    match texts(claim, name)?.as_slice() {
        [] => Ok(None),
        [id] if is_id(id) => Ok(Some((*id).to_owned())),
        _ => Err(TokenError::Claim(name)),
    }
}

/// The ids of a claim that may be an id or an array of ids: each once, ascending.
fn ids(claim: &Value, name: &'static str) -> Result<Vec<String>, TokenError> {
    let mut ids = texts(Some(claim), name)?;
    if ids.len() > DEPARTMENTS_MAX || !ids.iter().all(|id| is_id(id)) {
        return Err(TokenError::Claim(name));
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids.into_iter().map(str::to_owned).collect())
}

/// The role with the most rights among those that a claim names.
fn role(claim: Option<&Value>, mapping: &ClaimMapping) -> Result<Result<Role, NoRole>, TokenError> {
    let names = texts(claim, "role")?;
    let greatest = names.iter().filter_map(|name| mapping.role_of(name)).max();
    Ok(greatest.ok_or(if names.is_empty() {
        NoRole::Missing
    } else {
        NoRole::Unknown
    }))
}

/// The scopes of a claim: words with spaces between them (RFC 8693 section 4.2), or an array of such texts.
fn scopes(claim: Option<&Value>) -> Result<Vec<String>, TokenError> {
    let texts = texts(claim, "scope")?;
    let words = texts.iter().flat_map(|text| text.split(' '));
    Ok(words.filter(|word| !word.is_empty()).map(str::to_owned).collect())
}

fn department_ids(claims: &Object, mapping: &ClaimMapping) -> Result<Vec<String>, TokenError> {
    let mapped = mapped_claim(claims, mapping.departments.as_ref(), "departmentIds")?;
    match mapped {
        // The product's own claim for one department is another one.
        Some(claim) if mapping.departments.is_none() && !claim.is_array() => Err(TokenError::Claim("departmentIds")),
        Some(claim) => ids(claim, "departmentIds"),
        None if mapping.departments.is_some() => Ok(Vec::new()),
        None => {
            let only = single_id(claim(claims, "departmentId"), "departmentId")?;
            Ok(only.into_iter().collect())
        }
    }
}

/// A name to show. A token is not refused because of it.
fn display_name(claims: &Object) -> Option<String> {
    let is_name =
        |text: &&str| (1..=NAME_CHARACTERS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    let text = |name| claim(claims, name).and_then(Value::as_str).filter(is_name);
    text("name").or_else(|| text("preferred_username")).map(str::to_owned)
}

fn optional_text<'a>(claims: &'a Object, name: &'static str) -> Result<Option<&'a str>, TokenError> {
    match claim(claims, name) {
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

/// `aud`: a text or an array of texts. It is empty if the claim is absent.
fn audience(claims: &Object) -> Result<Vec<String>, TokenError> {
    let audience = texts(claim(claims, "aud"), "aud")?;
    Ok(audience.into_iter().map(str::to_owned).collect())
}

/// A NumericDate: seconds since 1970, with or without a fraction, up to the year 9999.
fn optional_instant(claims: &Object, name: &'static str) -> Result<Option<Timestamp>, TokenError> {
    let Some(value) = claim(claims, name) else {
        return Ok(None);
    };
    value
        .as_f64()
        .filter(|seconds| (0.0..=SECONDS_MAX).contains(seconds))
        .map(|seconds| Some(Timestamp::from_milliseconds((seconds * 1_000.0) as i64)))
        .ok_or(TokenError::Claim(name))
}
