//! Where an issuer's tokens have the product's claims, and what the issuer calls the product's roles.

use crate::auth::role::Role;
use crate::base::strict_json;
use crate::base::strict_json::Object;
use serde_json::Value;

/// The most bytes of a pointer.
pub const POINTER_BYTES_MAX: usize = 256;
/// The most bytes of the JSON object that names roles.
pub const ROLE_NAMES_BYTES_MAX: usize = 4 * 1024;

/// Where the claims are, if not where the product's own tokens have them. The default is the product's own tokens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClaimMapping {
    /// The role, or roles. `None` means `role`.
    pub role: Option<Pointer>,
    /// The organization. `None` means `organizationId`.
    pub organization: Option<Pointer>,
    /// The departments. `None` means `departmentIds` or, if that is absent, `departmentId`.
    pub departments: Option<Pointer>,
    /// The scopes. `None` means `scope`.
    pub scope: Option<Pointer>,
    /// What the issuer calls the roles. `None` means that it uses the product's names.
    pub role_names: Option<RoleNames>,
    /// The organization of tokens that name none.
    pub default_organization: Option<String>,
}

/// A JSON pointer from the claims to one of them: RFC 6901, but never the empty one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer(Vec<String>);

/// A value on a pointer's path has neither members nor elements, or is an array and the path names no valid index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSuchWay;

impl Pointer {
    /// Parses a pointer. `None` means that it does not begin with a slash, has a `~` that is neither `~0` nor `~1`, or
    /// is longer than [`POINTER_BYTES_MAX`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > POINTER_BYTES_MAX {
            return None;
        }
        let names = text.strip_prefix('/')?.split('/').map(unescape);
        names.collect::<Option<_>>().map(Self)
    }

    /// The value that it leads to. `None` means that a member or an element is missing or null.
    ///
    /// # Errors
    /// [`NoSuchWay`], so that a claim of a wrong type is not taken for one that is missing.
    pub fn find<'a>(&self, claims: &'a Object) -> Result<Option<&'a Value>, NoSuchWay> {
        let mut names = self.0.iter();
        let mut found = names.next().and_then(|name| claims.get(name));
        for name in names {
            found = match found {
                None | Some(Value::Null) => return Ok(None),
                Some(Value::Object(members)) => members.get(name),
                Some(Value::Array(elements)) => elements.get(index(name).ok_or(NoSuchWay)?),
                Some(_) => return Err(NoSuchWay),
            };
        }
        Ok(found.filter(|value| !value.is_null()))
    }
}

/// Replaces `~1` by a slash and `~0` by a tilde: RFC 6901 section 4.
fn unescape(name: &str) -> Option<String> {
    let is_valid = name.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    is_valid.then(|| name.replace("~1", "/").replace("~0", "~"))
}

/// An index of an array: digits without a leading zero.
fn index(name: &str) -> Option<usize> {
    let is_index = name.bytes().all(|byte| byte.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
    name.parse().ok().filter(|_| is_index)
}

/// The issuer's names of roles. A name that is not among them is no role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleNames(Vec<(String, Role)>);

impl RoleNames {
    /// Parses a JSON object from the issuer's names to the product's. `None` means that it is something else, has no
    /// member, or is longer than [`ROLE_NAMES_BYTES_MAX`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > ROLE_NAMES_BYTES_MAX {
            return None;
        }
        let Ok(Value::Object(names)) = strict_json::parse(text.as_bytes()) else {
            return None;
        };
        let role = |(name, role): (String, Value)| Some((name, Role::from_name(role.as_str()?)?));
        let roles: Option<Vec<(String, Role)>> = names.into_iter().map(role).collect();
        roles.filter(|roles| !roles.is_empty()).map(Self)
    }
}

impl ClaimMapping {
    /// The role that the issuer calls `name`.
    #[must_use]
    pub fn role_of(&self, name: &str) -> Option<Role> {
        match &self.role_names {
            Some(RoleNames(roles)) => roles.iter().find(|(own, _)| own == name).map(|(_, role)| *role),
            None => Role::from_name(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NoSuchWay, POINTER_BYTES_MAX, Pointer, ROLE_NAMES_BYTES_MAX, RoleNames};
    use serde_json::{Value, json};

    #[test]
    fn pointers_lead_where_rfc_6901_says() {
        // The document of section 5, without the empty pointer, which leads to no claim.
        let document = json!({
            "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8,
            "~1": 9, "null": null, "o": { "id": "x", "": { "": 10 } },
        });
        let claims = document.as_object().unwrap();
        let check = |pointer: &str, expected: Result<Option<Value>, NoSuchWay>| {
            let found = Pointer::parse(pointer).unwrap().find(claims);
            assert_eq!(found.map(|value| value.cloned()), expected, "{pointer}");
        };
        check("/foo", Ok(Some(json!(["bar", "baz"]))));
        check("/foo/0", Ok(Some(json!("bar"))));
        check("/", Ok(Some(json!(0))));
        for (pointer, number) in [
            ("/a~1b", 1),
            ("/c%d", 2),
            ("/e^f", 3),
            ("/g|h", 4),
            ("/i\\j", 5),
            ("/k\"l", 6),
            ("/ ", 7),
            ("/m~0n", 8),
            ("/~01", 9),
            ("/o//", 10),
        ] {
            check(pointer, Ok(Some(json!(number))));
        }
        check("/o/id", Ok(Some(json!("x"))));
        for missing in [
            "/a",
            "/FOO",
            "/o/Id",
            "/foo/2",
            "/null",
            "/null/a",
            "/a/b/c",
            "/foo/18446744073709551615",
        ] {
            check(missing, Ok(None));
        }
        for wrong in [
            "/foo/bar", "/foo/-", "/foo/00", "/foo/01", "/foo/+1", "/foo/", "/o/id/x", "//x", "/foo/0/0",
        ] {
            check(wrong, Err(NoSuchWay));
        }
        check("/foo/99999999999999999999", Err(NoSuchWay));
    }

    #[test]
    fn only_pointers_to_a_claim_are_pointers() {
        for text in [
            "", "role", "#/role", "$.role", ".role", " /role", "/a~", "/a~2", "/~", "/a~~0",
        ] {
            assert_eq!(Pointer::parse(text), None, "{text}");
        }
        let longest = format!("/{}", "x".repeat(POINTER_BYTES_MAX - 1));
        assert!(Pointer::parse(&longest).is_some());
        assert_eq!(Pointer::parse(&format!("{longest}x")), None);
    }

    #[test]
    fn only_an_object_of_known_roles_names_roles() {
        let check = |text: &str, is_valid: bool| assert_eq!(RoleNames::parse(text).is_some(), is_valid, "{text}");
        check(
            r#"{"org:admin":"ADMIN","supervisor":"DEPARTMENT_HEAD","":"SUPERADMIN"}"#,
            true,
        );
        for text in [
            "",
            "{}",
            "[]",
            "null",
            r#""ADMIN""#,
            r#"["ADMIN"]"#,
            r#"{"a":"ADMIN"} x"#,
            r#"{"a":"ADMIN","a":"SUPERADMIN"}"#,
            r#"{"a":"ADMIN","b":"AGENT"}"#,
            r#"{"a":"admin"}"#,
            r#"{"a":["ADMIN"]}"#,
            r#"{"a":null}"#,
            r#"{"a":{"b":"ADMIN"}}"#,
        ] {
            check(text, false);
        }
        let of_length = |length: usize| {
            let rest = r#"{"":"ADMIN"}"#;
            rest.replacen(r#""""#, &format!("\"{}\"", "x".repeat(length - rest.len())), 1)
        };
        check(&of_length(ROLE_NAMES_BYTES_MAX), true);
        check(&of_length(ROLE_NAMES_BYTES_MAX + 1), false);
    }
}
