//! Tokens as identity providers issue them are accepted with the configuration that docs/authentication.md shows for
//! each, without a change at the provider.

use crate::support::keys::{MapCache, Native, ScriptedServer, TestPorts};
use base64ct::{Base64UrlUnpadded, Encoding};
use conversation_monitor::auth::access::{AccessError, Denial, ingest_access, read_access};
use conversation_monitor::auth::authenticator::Authenticator;
use conversation_monitor::auth::claims::Claims;
use conversation_monitor::auth::error::{TokenError, VerifyError};
use conversation_monitor::auth::role::{NoRole, Role};
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::base::trace::Trace;
use conversation_monitor::config::Config;
use futures::executor::block_on;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::rc::Rc;

const DOCUMENT: &str = include_str!("../../docs/authentication.md");
const SECRET: &str = "a secret of the tests, long enough for HMAC-SHA256";
const NOW: i64 = 1_780_000_000;

type Variables = BTreeMap<String, String>;

/// The variables of the `toml` block below the heading `### provider`.
fn documented(provider: &str) -> Variables {
    let section = DOCUMENT
        .split(&format!("\n### {provider}\n"))
        .nth(1)
        .expect("a section");
    let block = section.split("```").nth(1).expect("a block");
    let lines = block.strip_prefix("toml\n").expect("a block of toml").lines();
    lines
        .map(|line| {
            let (name, value) = line.split_once(" = ").expect("a variable");
            let quote = &value[..1];
            assert!(
                ["\"", "'"].contains(&quote) && value.ends_with(quote) && value.len() > 1,
                "{line}"
            );
            (name.to_owned(), value[1..value.len() - 1].to_owned())
        })
        .collect()
}

/// What an isolate with these variables says of a token with these claims. The provider's key is replaced by a secret.
fn verified(variables: &Variables, claims: &Value) -> Result<Rc<Claims>, TokenError> {
    let config = Config::from_variables(|name| match name {
        "JWT_SECRET" => Some(SECRET.to_owned()),
        _ => variables.get(name).cloned(),
    });
    let config = config.expect("the configuration is sound");
    let content = [r#"{"alg":"HS256","typ":"JWT"}"#, &claims.to_string()]
        .map(|text| Base64UrlUnpadded::encode_string(text.as_bytes()))
        .join(".");
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(content.as_bytes());
    let signature = Base64UrlUnpadded::encode_string(&mac.finalize().into_bytes());
    let token = format!("{content}.{signature}");
    block_on(async {
        let (url, expectations, mapping) = (config.key_server_url, config.expectations, config.claim_mapping);
        let imported = Authenticator::import(&config.keys, url, expectations, mapping, &Native).await;
        let authenticator = imported.expect("the secret can be used");
        let ports = TestPorts {
            cryptography: &Native,
            server: &ScriptedServer::default(),
            shared_cache: &MapCache::default(),
            trace: &Trace::default(),
        };
        let now = Timestamp::from_milliseconds(NOW * 1_000);
        let claims = authenticator.verify(&token, &ports, now).await;
        // The second time the claims come from the cache.
        assert_eq!(authenticator.verify(&token, &ports, now).await, claims);
        claims.map_err(|error| match error {
            VerifyError::Token(error) => error,
            other => panic!("{other}"),
        })
    })
}

/// What is read of a token.
#[derive(Debug, PartialEq)]
struct Read<'a> {
    subject: &'a str,
    name: Option<&'a str>,
    role: Result<Role, NoRole>,
    organization: Option<&'a str>,
    departments: &'a [&'a str],
}

/// Checks a token of a provider: what is read of it as documented, and that it is refused without the mapping.
fn check(variables: &Variables, claims: &Value, expected: &Read) {
    let found = verified(variables, claims).expect("the token is valid");
    let departments: Vec<&str> = found.department_ids.iter().map(String::as_str).collect();
    let read = Read {
        subject: found.subject.as_deref().unwrap(),
        name: found.name.as_deref(),
        role: found.role,
        organization: found.organization_id.as_deref(),
        departments: &departments,
    };
    assert_eq!(&read, expected, "{claims}");
    let access = read_access(&found, None).map(|access| access.organization.as_str().to_owned());
    assert_eq!(
        access.ok().as_deref(),
        expected.organization.filter(|_| expected.role.is_ok())
    );
}

/// Replaces or adds one claim.
fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

/// The denial of a report with this token.
fn denial(variables: &Variables, claims: &Value) -> Denial {
    match read_access(&verified(variables, claims).expect("the token is valid"), None) {
        Err(AccessError::Forbidden(denial)) => denial,
        other => panic!("{claims}: {other:?}"),
    }
}

#[test]
fn auth0() {
    let mut variables = documented("Auth0");
    let claims = json!({
        "https://acme.example/roles": ["Agent", "Supervisor"],
        "https://acme.example/departments": ["d1", "d2"],
        "iss": "https://acme.eu.auth0.com/",
        "sub": "auth0|6543a1b2c3d4e5f678901234",
        "aud": ["https://monitor.acme.example", "https://acme.eu.auth0.com/userinfo"],
        "iat": NOW,
        "exp": NOW + 86_400,
        "scope": "openid profile email",
        "org_id": "org_9ybsU1dN2dKfDkBi",
        "org_name": "acme",
        "azp": "a3B7Lc1DKlMNoPqRsTuVwXyZ",
        "permissions": ["monitor:admin", "read:contacts"],
    });
    let expected = Read {
        subject: "auth0|6543a1b2c3d4e5f678901234",
        name: None,
        role: Ok(Role::DepartmentHead),
        organization: Some("org_9ybsU1dN2dKfDkBi"),
        departments: &["d1", "d2"],
    };
    check(&variables, &claims, &expected);
    let agent = with(&claims, "https://acme.example/roles", json!(["Agent"]));
    assert_eq!(denial(&variables, &agent), Denial::RoleUnknown);
    assert_eq!(denial(&Variables::new(), &claims), Denial::RoleMissing);

    variables.insert("JWT_CLAIM_ROLE".to_owned(), "/permissions".to_owned());
    variables.insert("JWT_ROLES".to_owned(), r#"{"monitor:admin":"ADMIN"}"#.to_owned());
    check(
        &variables,
        &claims,
        &Read {
            role: Ok(Role::Admin),
            ..expected
        },
    );
}

#[test]
fn keycloak() {
    let variables = documented("Keycloak");
    let claims = json!({
        "exp": NOW + 300,
        "iat": NOW,
        "jti": "6b92fbc3-3005-4d7f-960d-e08c6e4bb45d",
        "iss": "https://login.acme.example/realms/crm",
        "aud": "account",
        "sub": "d019f228-2469-4cdd-b086-4c3cd5fe3aef",
        "typ": "Bearer",
        "azp": "crm",
        "sid": "e9c9254c-5b59-4a8e-b90a-7766ef1b25d1",
        "acr": "1",
        "allowed-origins": ["https://crm.acme.example"],
        "realm_access": { "roles": ["default-roles-crm", "offline_access", "uma_authorization", "monitor-admin"] },
        "resource_access": { "account": { "roles": ["manage-account", "view-profile"] } },
        "scope": "openid organization profile email",
        "email_verified": true,
        "organization": ["acme"],
        "name": "Ada Lovelace",
        "preferred_username": "ada",
        "given_name": "Ada",
        "family_name": "Lovelace",
        "email": "ada@acme.example",
    });
    let expected = Read {
        subject: "d019f228-2469-4cdd-b086-4c3cd5fe3aef",
        name: Some("Ada Lovelace"),
        role: Ok(Role::Admin),
        organization: Some("acme"),
        departments: &[],
    };
    check(&variables, &claims, &expected);
    let none = with(&claims, "realm_access", json!({ "roles": ["offline_access"] }));
    assert_eq!(denial(&variables, &none), Denial::RoleUnknown);
    assert_eq!(denial(&Variables::new(), &claims), Denial::RoleMissing);
    // Without an organization, and with several or, as the mapper can be set, with their ids.
    let nowhere = with(&claims, "organization", json!(null));
    assert_eq!(denial(&variables, &nowhere), Denial::OrganizationMissing);
    for organization in [json!(["acme", "other"]), json!({ "acme": { "id": "42c3e46f" } })] {
        let claims = with(&claims, "organization", organization);
        assert_eq!(
            verified(&variables, &claims).err(),
            Some(TokenError::Claim("organizationId"))
        );
    }

    let mut variables = variables;
    variables.insert("JWT_CLAIM_ORGANIZATION".to_owned(), "/organization/acme/id".to_owned());
    variables.insert("JWT_CLAIM_ROLE".to_owned(), "/resource_access/monitor/roles".to_owned());
    let claims = with(&claims, "organization", json!({ "acme": { "id": "42c3e46f" } }));
    let roles = json!({ "monitor": { "roles": ["supervisor"] } });
    check(
        &variables,
        &with(&claims, "resource_access", roles),
        &Read {
            role: Ok(Role::DepartmentHead),
            organization: Some("42c3e46f"),
            ..expected
        },
    );
}

#[test]
fn clerk() {
    let variables = documented("Clerk");
    let claims = json!({
        "azp": "https://crm.acme.example",
        "exp": NOW + 60,
        "fva": [7, -1],
        "iat": NOW,
        "iss": "https://clerk.acme.example",
        "jti": "54a3ae5d0dbb27b2ae6b",
        "nbf": NOW - 10,
        "sid": "sess_2GaMqUCB3Sc1WNAkWuNzsnYVVEy",
        "sub": "user_2F2u1wtUyUlxKgFkKqtJNtpJJWj",
        "sts": "active",
        "v": 2,
        "pla": "o:pro",
        "fea": "o:dashboard,o:teams",
        "o": { "id": "org_2abcDEF", "slg": "acme", "rol": "admin", "per": "manage,read", "fpm": "3,2" },
    });
    let expected = Read {
        subject: "user_2F2u1wtUyUlxKgFkKqtJNtpJJWj",
        name: None,
        role: Ok(Role::Admin),
        organization: Some("org_2abcDEF"),
        departments: &[],
    };
    check(&variables, &claims, &expected);
    assert_eq!(denial(&Variables::new(), &claims), Denial::RoleMissing);
    let member = json!({ "id": "org_2abcDEF", "slg": "acme", "rol": "member" });
    assert_eq!(denial(&variables, &with(&claims, "o", member)), Denial::RoleUnknown);
    // No organization is active.
    assert_eq!(
        denial(&variables, &with(&claims, "o", json!(null))),
        Denial::RoleMissing
    );

    let mut variables = variables;
    for (name, value) in [
        ("JWT_CLAIM_ROLE", "/org_role"),
        ("JWT_CLAIM_ORGANIZATION", "/org_id"),
        ("JWT_ROLES", r#"{"org:admin":"ADMIN"}"#),
    ] {
        variables.insert(name.to_owned(), value.to_owned());
    }
    let version_1 = json!({
        "azp": "https://crm.acme.example",
        "exp": NOW + 60,
        "iat": NOW,
        "iss": "https://clerk.acme.example",
        "nbf": NOW - 10,
        "sid": "sess_2GaMqUCB3Sc1WNAkWuNzsnYVVEy",
        "sub": "user_2F2u1wtUyUlxKgFkKqtJNtpJJWj",
        "org_id": "org_2abcDEF",
        "org_slug": "acme",
        "org_role": "org:admin",
        "org_permissions": ["org:teams:read"],
    });
    check(&variables, &version_1, &expected);
}

#[test]
fn supabase() {
    let variables = documented("Supabase");
    let claims = json!({
        "iss": "https://abcdefghijklmnopqrst.supabase.co/auth/v1",
        "sub": "a8b1c2d3-e4f5-6789-abcd-ef0123456789",
        "aud": "authenticated",
        "exp": NOW + 3_600,
        "iat": NOW,
        "email": "ada@acme.example",
        "phone": "",
        "app_metadata": {
            "provider": "email",
            "providers": ["email"],
            "role": "supervisor",
            "organization_id": "acme",
            "department_ids": ["d1"],
        },
        "user_metadata": { "full_name": "Ada Lovelace", "role": "admin" },
        "role": "authenticated",
        "aal": "aal1",
        "amr": [{ "method": "password", "timestamp": NOW }],
        "session_id": "f1e2d3c4-b5a6-7890-1234-567890abcdef",
        "is_anonymous": false,
    });
    let expected = Read {
        subject: "a8b1c2d3-e4f5-6789-abcd-ef0123456789",
        name: None,
        role: Ok(Role::DepartmentHead),
        organization: Some("acme"),
        departments: &["d1"],
    };
    check(&variables, &claims, &expected);
    assert_eq!(denial(&Variables::new(), &claims), Denial::RoleUnknown);
    // One department need not be an array.
    let mut one = claims.clone();
    one["app_metadata"]["department_ids"] = json!("d1");
    check(&variables, &one, &expected);
    let nothing = json!({ "provider": "email", "providers": ["email"] });
    assert_eq!(
        denial(&variables, &with(&claims, "app_metadata", nothing)),
        Denial::RoleMissing
    );
}

#[test]
fn cognito() {
    let variables = documented("Amazon Cognito");
    let claims = json!({
        "sub": "a1b2c3d4-5678-90ab-cdef-1234567890ab",
        "cognito:groups": ["monitor-admins", "editors"],
        "iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI",
        "version": 2,
        "client_id": "7m1234abcdefghijklmnopqrst",
        "origin_jti": "f5e6d7c8-b9a0-1234-5678-90abcdef1234",
        "event_id": "e1f2a3b4-c5d6-e7f8-a9b0-c1d2e3f4a5b6",
        "token_use": "access",
        "scope": "aws.cognito.signin.user.admin email openid profile",
        "auth_time": NOW,
        "exp": NOW + 3_600,
        "iat": NOW,
        "jti": "j1k2l3m4-n5o6-p7q8-r9s0-t1u2v3w4x5y6",
        "username": "ada@acme.example",
    });
    let expected = Read {
        subject: "a1b2c3d4-5678-90ab-cdef-1234567890ab",
        name: None,
        role: Ok(Role::Admin),
        organization: Some("acme"),
        departments: &[],
    };
    check(&variables, &claims, &expected);
    assert_eq!(denial(&Variables::new(), &claims), Denial::RoleMissing);
    let nobody = with(&claims, "cognito:groups", json!(null));
    assert_eq!(denial(&variables, &nobody), Denial::RoleMissing);

    let mut variables = variables;
    variables.remove("JWT_ORGANIZATION");
    variables.insert("JWT_CLAIM_ORGANIZATION".to_owned(), "/custom:organization".to_owned());
    let with_attribute = with(&claims, "custom:organization", json!("acme"));
    check(&variables, &with_attribute, &expected);
    assert_eq!(denial(&variables, &claims), Denial::OrganizationMissing);
}

#[test]
fn entra() {
    let variables = documented("Microsoft Entra ID");
    let claims = json!({
        "aud": "66666666-7777-8888-9999-000000000000",
        "iss": "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0",
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + 4_000,
        "aio": "AXQAi/8TAAAA",
        "azp": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        "azpacr": "0",
        "name": "Ada Lovelace",
        "oid": "bbbbbbbb-cccc-dddd-eeee-ffffffffffff",
        "preferred_username": "ada@acme.example",
        "rh": "0.AXoA",
        "roles": ["Monitor.Admin"],
        "scp": "access_as_user",
        "sub": "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ",
        "tid": "11111111-2222-3333-4444-555555555555",
        "uti": "fqiBqXLPj0eQa82S-IYFAA",
        "ver": "2.0",
    });
    let expected = Read {
        subject: "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ",
        name: Some("Ada Lovelace"),
        role: Ok(Role::Admin),
        organization: Some("acme"),
        departments: &[],
    };
    check(&variables, &claims, &expected);
    assert_eq!(denial(&Variables::new(), &claims), Denial::RoleMissing);
    let posts = |claims: &Value| ingest_access(&verified(&variables, claims).unwrap(), Vec::new());
    assert_eq!(
        posts(&claims).err(),
        Some(AccessError::Forbidden(Denial::IngestScopeMissing))
    );
    // An application has no user's claims.
    let application = json!({
        "aud": "66666666-7777-8888-9999-000000000000",
        "iss": "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0",
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + 3_900,
        "azp": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        "azpacr": "1",
        "oid": "cccccccc-dddd-eeee-ffff-000000000000",
        "roles": ["conversation-monitor:ingest"],
        "sub": "cccccccc-dddd-eeee-ffff-000000000000",
        "tid": "11111111-2222-3333-4444-555555555555",
        "ver": "2.0",
    });
    assert!(posts(&application).is_ok());
    assert_eq!(denial(&variables, &application), Denial::RoleUnknown);
}

#[test]
fn firebase() {
    let variables = documented("Firebase");
    let claims = json!({
        "role": "DEPARTMENT_HEAD",
        "organizationId": "acme",
        "departmentIds": ["d1", "d2"],
        "name": "Ada Lovelace",
        "iss": "https://securetoken.google.com/acme-crm",
        "aud": "acme-crm",
        "auth_time": NOW,
        "user_id": "abc123xyzABC123xyzABC123xyzA",
        "sub": "abc123xyzABC123xyzABC123xyzA",
        "iat": NOW,
        "exp": NOW + 3_600,
        "email": "ada@acme.example",
        "email_verified": true,
        "firebase": {
            "identities": { "email": ["ada@acme.example"] },
            "sign_in_provider": "password",
            "tenant": "acme-x1y2z",
        },
    });
    let expected = Read {
        subject: "abc123xyzABC123xyzABC123xyzA",
        name: Some("Ada Lovelace"),
        role: Ok(Role::DepartmentHead),
        organization: Some("acme"),
        departments: &["d1", "d2"],
    };
    check(&variables, &claims, &expected);
    assert_eq!(
        denial(&variables, &with(&claims, "role", json!(null))),
        Denial::RoleMissing
    );

    let mut variables = variables;
    variables.insert("JWT_CLAIM_ORGANIZATION".to_owned(), "/firebase/tenant".to_owned());
    check(
        &variables,
        &claims,
        &Read {
            organization: Some("acme-x1y2z"),
            ..expected
        },
    );
}

#[test]
fn every_documented_provider_has_a_test() {
    let section = DOCUMENT.split("\n## Tokens of identity providers\n").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let providers: Vec<&str> = section.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    assert_eq!(
        providers,
        [
            "Auth0",
            "Keycloak",
            "Clerk",
            "Supabase",
            "Amazon Cognito",
            "Microsoft Entra ID",
            "Firebase"
        ]
    );
}

fn variables(pairs: &[(&str, &str)]) -> Variables {
    let pairs = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    pairs.collect()
}

#[test]
fn a_pointer_replaces_the_claim_and_never_adds_to_it() {
    let claims = json!({
        "exp": NOW + 60, "sub": "u", "role": "SUPERADMIN", "organizationId": "o", "departmentIds": ["d"],
        "departmentId": "d", "scope": "conversation-monitor:ingest",
    });
    let mapped = variables(&[
        ("JWT_CLAIM_ROLE", "/x/role"),
        ("JWT_CLAIM_ORGANIZATION", "/x/organization"),
        ("JWT_CLAIM_DEPARTMENTS", "/x/departments"),
        ("JWT_CLAIM_SCOPE", "/x/scope"),
    ]);
    for x in [
        json!(null),
        json!({}),
        json!({ "role": null, "organization": [], "scope": [] }),
    ] {
        let claims = verified(&mapped, &with(&claims, "x", x)).unwrap();
        assert_eq!(claims.role, Err(NoRole::Missing));
        assert_eq!(claims.organization_id, None);
        assert!(claims.department_ids.is_empty() && claims.scopes.is_empty());
    }
    let x = json!({ "role": ["ADMIN"], "organization": ["p"], "departments": "e", "scope": ["a b", "c"] });
    let found = verified(&mapped, &with(&claims, "x", x)).unwrap();
    assert_eq!(found.role, Ok(Role::Admin));
    assert_eq!(found.organization_id.as_deref(), Some("p"));
    assert_eq!(found.department_ids.iter().collect::<Vec<_>>(), ["e"]);
    assert_eq!(found.scopes, ["a", "b", "c"]);
}

#[test]
fn a_pointer_to_a_wrong_type_makes_the_token_invalid() {
    for (variable, claim) in [
        ("JWT_CLAIM_ROLE", "role"),
        ("JWT_CLAIM_ORGANIZATION", "organizationId"),
        ("JWT_CLAIM_DEPARTMENTS", "departmentIds"),
        ("JWT_CLAIM_SCOPE", "scope"),
    ] {
        let mapped = variables(&[(variable, "/x/y"), ("JWT_ORGANIZATION", "o")]);
        for x in [
            json!("y"),
            json!(1),
            json!(true),
            json!([]),
            json!(["y"]),
            json!({ "y": 1 }),
            json!({ "y": false }),
            json!({ "y": {} }),
            json!({ "y": { "z": "a" } }),
            json!({ "y": [1] }),
            json!({ "y": ["a", null] }),
            json!({ "y": [["a"]] }),
        ] {
            let claims = json!({ "exp": NOW + 60, "sub": "u", "x": x });
            assert_eq!(
                verified(&mapped, &claims).err(),
                Some(TokenError::Claim(claim)),
                "{claims}"
            );
        }
    }
}

#[test]
fn only_the_names_of_jwt_roles_are_roles() {
    let mapped = variables(&[(
        "JWT_ROLES",
        r#"{"org:admin":"ADMIN","supervisor":"DEPARTMENT_HEAD","root":"SUPERADMIN","toString":"ADMIN"}"#,
    )]);
    let check = |role: Value, expected: Result<Role, NoRole>| {
        let claims = json!({ "exp": NOW + 60, "role": role });
        assert_eq!(verified(&mapped, &claims).unwrap().role, expected, "{claims}");
    };
    check(json!("org:admin"), Ok(Role::Admin));
    check(json!(["supervisor", "org:admin", "x"]), Ok(Role::Admin));
    check(json!(["supervisor", "root", "org:admin"]), Ok(Role::Superadmin));
    check(json!(["supervisor", "SUPERADMIN", "ADMIN"]), Ok(Role::DepartmentHead));
    for unknown in [
        "SUPERADMIN",
        "ADMIN",
        "DEPARTMENT_HEAD",
        "Org:admin",
        "org:admin ",
        "",
        "__proto__",
    ] {
        check(json!(unknown), Err(NoRole::Unknown));
    }
    check(json!(null), Err(NoRole::Missing));
}

#[test]
fn jwt_organization_is_for_tokens_that_name_none() {
    let mapped = variables(&[("JWT_ORGANIZATION", "acme")]);
    let check = |organization: Value, expected: &str| {
        let claims = json!({ "exp": NOW + 60, "role": "ADMIN", "organizationId": organization });
        let claims = verified(&mapped, &claims).unwrap();
        assert_eq!(claims.organization_id.as_deref(), Some(expected));
        assert_eq!(read_access(&claims, None).unwrap().organization.as_str(), expected);
        assert_eq!(
            read_access(&claims, Some("another")).err(),
            Some(AccessError::Forbidden(Denial::OrganizationOfOthers))
        );
    };
    check(json!(null), "acme");
    check(json!([]), "acme");
    check(json!("other"), "other");
    check(json!(["other"]), "other");
}
