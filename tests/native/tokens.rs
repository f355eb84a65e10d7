//! Tokens: which are accepted, and at which stage the others are refused.

use crate::support::keys::{MapCache, Native, ScriptedServer, TestPorts};
use base64ct::{Base64UrlUnpadded, Encoding};
use conversation_monitor::auth::access::{AccessError, Denial, ingest_access, read_access, settings_access};
use conversation_monitor::auth::authenticator::{Authenticator, ConfiguredKey};
use conversation_monitor::auth::claim_mapping::ClaimMapping;
use conversation_monitor::auth::claims::{Claims, ExpectedClaims};
use conversation_monitor::auth::error::{TokenError, VerifyError};
use conversation_monitor::auth::keys::{KeyMaterial, UnimportedKey};
use conversation_monitor::auth::role::Role;
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::base::trace::Trace;
use conversation_monitor::config::Config;
use conversation_monitor::ingest::parse::{BodyFormat, parse_events};
use futures::executor::block_on;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::rc::Rc;

const NOW: i64 = 1_780_000_000;
const SECRET: &[u8] = b"a secret of the tests, long enough for HMAC-SHA256";

fn base64url(text: &str) -> String {
    Base64UrlUnpadded::encode_string(text.as_bytes())
}

/// Signs with HMAC directly and not with the code under test.
fn signed(header: &str, payload: &str, secret: &[u8]) -> String {
    let content = format!("{}.{}", base64url(header), base64url(payload));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(content.as_bytes());
    let signature = Base64UrlUnpadded::encode_string(&mac.finalize().into_bytes());
    format!("{content}.{signature}")
}

fn claims(more: &Value) -> String {
    let mut claims = json!({ "exp": NOW + 60, "sub": "u", "role": "ADMIN", "organizationId": "o" });
    claims
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    claims.to_string()
}

/// What a new isolate that is configured with `secrets` says of a token.
fn verified_with(token: &str, secrets: &[&[u8]], expected: &ExpectedClaims) -> Result<Rc<Claims>, TokenError> {
    block_on(async {
        let configured = |secret: &&[u8]| ConfiguredKey {
            name: String::new(),
            key: UnimportedKey {
                id: None,
                material: KeyMaterial::from_secret(secret).unwrap(),
            },
        };
        let keys: Vec<ConfiguredKey> = secrets.iter().map(configured).collect();
        let authenticator = Authenticator::import(&keys, None, expected.clone(), ClaimMapping::default(), &Native)
            .await
            .unwrap();
        let ports = TestPorts {
            cryptography: &Native,
            server: &ScriptedServer::default(),
            shared_cache: &MapCache::default(),
            trace: &Trace::default(),
        };
        let verified = authenticator
            .verify(token, &ports, Timestamp::from_milliseconds(NOW * 1_000))
            .await;
        verified.map_err(|error| match error {
            VerifyError::Token(error) => error,
            other => panic!("{other}"),
        })
    })
}

fn verified(token: &str, expected: &ExpectedClaims) -> Result<Rc<Claims>, TokenError> {
    verified_with(token, &[SECRET], expected)
}

fn check_token(token: &str, error: Option<TokenError>) {
    assert_eq!(verified(token, &ExpectedClaims::default()).err(), error, "{token}");
}

fn check_claims(payload: &str, error: Option<TokenError>) {
    check_token(&signed(r#"{"alg":"HS256","typ":"JWT"}"#, payload, SECRET), error);
}

fn check_header(header: &str, error: Option<TokenError>) {
    check_token(&signed(header, &claims(&json!({})), SECRET), error);
}

#[test]
fn the_header_is_parsed_strictly() {
    check_header(r#"{"alg":"HS256"}"#, None);
    for header in [
        r#"{"alg":"HS256","typ":"jwt"}"#,
        r#"{"alg":"HS256","typ":"at+jwt"}"#,
        r#"{"alg":"HS256","typ":"AT+JWT"}"#,
        r#"{"alg":"HS256","typ":"application/jwt"}"#,
        r#"{"alg":"HS256","typ":"application/at+jwt"}"#,
        r#"{"alg":"HS256","jku":"https://example.com","x5u":"x","jwk":{"kty":"oct","k":"AAAA"}}"#,
    ] {
        check_header(header, None);
    }
    for algorithm in [
        "none", "None", "NONE", "nOnE", "", "hs256", "HS256 ", "HS384", "HS512", "rs256", "RS384", "ES384", "ES256K",
        "eddsa", "Ed25519", "PS256", "A128KW", "dir",
    ] {
        check_header(&json!({ "alg": algorithm }).to_string(), Some(TokenError::Algorithm));
    }
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        check_header(&json!({ "alg": algorithm }).to_string(), Some(TokenError::NoUniqueKey));
    }
    for header in ["{}", r#"{"alg":null}"#, r#"{"alg":["HS256"]}"#, r#"{"alg":256}"#] {
        check_header(header, Some(TokenError::Algorithm));
    }
    for header in [
        "[]",
        "null",
        "\"HS256\"",
        "{",
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"HS256"} "x""#,
    ] {
        check_header(header, Some(TokenError::Header));
    }
    check_header(r#"{"alg":"HS256","typ":"JOSE"}"#, Some(TokenError::Type));
    check_header(
        r#"{"alg":"HS256","typ":"application/application/jwt"}"#,
        Some(TokenError::Type),
    );
    check_header(r#"{"alg":"HS256","typ":null}"#, Some(TokenError::Type));
    check_header(r#"{"alg":"HS256","crit":["exp"],"exp":1}"#, Some(TokenError::Critical));
    check_header(r#"{"alg":"HS256","crit":[]}"#, Some(TokenError::Critical));
    check_header(r#"{"alg":"HS256","b64":true}"#, Some(TokenError::Critical));
    check_header(r#"{"alg":"HS256","kid":1}"#, Some(TokenError::KeyId));
    check_header(r#"{"alg":"HS256","kid":null}"#, Some(TokenError::KeyId));
    // JWT_SECRET has no kid, so it never matches a kid.
    for key_id in ["", "a", "../../dev/null", "' OR 1=1 --"] {
        check_header(
            &json!({ "alg": "HS256", "kid": key_id }).to_string(),
            Some(TokenError::NoUniqueKey),
        );
    }
}

#[test]
fn the_syntax_is_exact() {
    let token = signed(r#"{"alg":"HS256"}"#, &claims(&json!({})), SECRET);
    check_token(&token, None);
    let parts: Vec<&str> = token.split('.').collect();
    for malformed in [
        String::new(),
        "x".to_owned(),
        "..".to_owned(),
        format!("{}.{}", parts[0], parts[1]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{}", parts[2]),
        format!("{token}="),
        format!(" {token}"),
        format!("{token} "),
        format!("{token}\n"),
        token.replace('.', ".."),
        format!("{}=.{}.{}", parts[0], parts[1], parts[2]),
    ] {
        check_token(&malformed, Some(TokenError::Segments));
    }
    let long = signed(
        r#"{"alg":"HS256"}"#,
        &claims(&json!({ "x": "x".repeat(8_192) })),
        SECRET,
    );
    check_token(&long, Some(TokenError::TooLarge));
}

#[test]
fn no_change_of_one_byte_is_accepted() {
    let token = signed(r#"{"alg":"HS256","typ":"JWT"}"#, &claims(&json!({})), SECRET);
    check_token(&token, None);
    let mut tried = 0;
    for at in 0..token.len() {
        for byte in 0..128_u8 {
            let mut bytes = token.clone().into_bytes();
            if bytes[at] == byte {
                continue;
            }
            bytes[at] = byte;
            let changed = String::from_utf8(bytes).unwrap();
            assert!(
                verified(&changed, &ExpectedClaims::default()).is_err(),
                "byte {at} as {byte}"
            );
            tried += 1;
        }
        assert!(
            verified(&token[..at], &ExpectedClaims::default()).is_err(),
            "cut at {at}"
        );
    }
    println!("tokens changed in one byte and refused: {tried}");
}

#[test]
fn only_the_right_key_signs() {
    let header = r#"{"alg":"HS256"}"#;
    for secret in [
        &b"another secret of the tests, long enough as well"[..],
        b"",
        &SECRET[..49],
    ] {
        check_token(
            &signed(header, &claims(&json!({})), secret),
            Some(TokenError::Signature),
        );
    }
    assert!(KeyMaterial::from_secret(&[0; 31]).is_none());
    assert!(KeyMaterial::from_secret(&[0; 32]).is_some());
    let token = signed(header, &claims(&json!({})), SECRET);
    let outcome = verified_with(&token, &[SECRET, &[1; 32]], &ExpectedClaims::default());
    assert_eq!(
        outcome.err(),
        Some(TokenError::NoUniqueKey),
        "without a kid only one key may match"
    );
}

#[test]
fn a_configured_key_that_the_platform_rejects_is_named() {
    // The second point is not on the curve.
    let set = r#"{"keys":[
        {"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"},
        {"kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE",
            "y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"}]}"#;
    let config = Config::from_variables(|name| (name == "JWT_KEYS").then(|| set.to_owned())).unwrap();
    let imported = Authenticator::import(&config.keys, None, config.expectations, config.claim_mapping, &Native);
    let unusable = block_on(imported).err().unwrap();
    let texts: Vec<String> = unusable.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        ["JWT_KEYS key 2 was rejected on import (for example, the point is not on the curve)"]
    );
}

#[test]
fn claims_have_their_types() {
    check_claims(
        &claims(&json!({ "aud": ["a"], "iss": "i", "departmentIds": [], "scope": "a b" })),
        None,
    );
    for name in [
        "nbf",
        "iat",
        "sub",
        "role",
        "organizationId",
        "departmentIds",
        "departmentId",
        "scope",
        "iss",
        "aud",
    ] {
        check_claims(&claims(&json!({ name: null })), None);
    }
    for name in ["role", "organizationId", "departmentId", "scope"] {
        check_claims(&claims(&json!({ name: ["a"] })), None);
        check_claims(&claims(&json!({ name: [] })), None);
    }
    for payload in [
        "[]",
        "null",
        "",
        "{",
        r#"{"exp":9999999999,"exp":9999999999}"#,
        "{\"exp\":1e400}",
    ] {
        let error = if payload.is_empty() {
            TokenError::Segments
        } else {
            TokenError::Claims
        };
        check_claims(payload, Some(error));
    }
    let wrong: [(&'static str, &[Value]); 10] = [
        (
            "exp",
            &[
                json!(null),
                json!("9999999999"),
                json!(-1),
                json!(1e300),
                json!(true),
                json!([NOW]),
            ],
        ),
        ("nbf", &[json!("0"), json!(-1), json!({})]),
        ("iat", &[json!("0"), json!(-0.5)]),
        (
            "sub",
            &[
                json!(1),
                json!(""),
                json!(["u"]),
                json!("x".repeat(129)),
                json!("a\u{0}"),
            ],
        ),
        (
            "role",
            &[
                json!(1),
                json!({}),
                json!(["ADMIN", 1]),
                json!([null]),
                json!([["ADMIN"]]),
            ],
        ),
        (
            "organizationId",
            &[
                json!(1),
                json!(""),
                json!("a\nb"),
                json!(["o", "p"]),
                json!(["o", "o"]),
                json!([null]),
                json!([""]),
                json!({ "o": {} }),
            ],
        ),
        ("departmentIds", &[json!("d"), json!([1]), json!([""]), json!({})]),
        ("departmentId", &[json!(1), json!(["d", "e"]), json!("")]),
        ("scope", &[json!(1), json!(["a", 1]), json!([["a"]]), json!({})]),
        ("aud", &[json!(1), json!([1]), json!([null]), json!({})]),
    ];
    for (name, values) in wrong {
        for value in values {
            check_claims(&claims(&json!({ name: value })), Some(TokenError::Claim(name)));
        }
    }
    check_claims(r#"{"role":"ADMIN"}"#, Some(TokenError::Claim("exp")));
}

#[test]
fn instants_hold_within_the_leeway() {
    let error = |more: Value, error: Option<TokenError>| check_claims(&claims(&more), error);
    error(json!({ "exp": NOW - 29 }), None);
    error(json!({ "exp": NOW as f64 - 29.999 }), None);
    error(json!({ "exp": NOW - 30 }), Some(TokenError::Expired));
    error(json!({ "exp": 0 }), Some(TokenError::Expired));
    error(json!({ "nbf": NOW + 30 }), None);
    error(json!({ "nbf": NOW as f64 + 30.5 }), Some(TokenError::NotYetValid));
    error(json!({ "nbf": NOW + 31 }), Some(TokenError::NotYetValid));
    error(json!({ "iat": NOW + 30 }), None);
    error(json!({ "iat": NOW + 31 }), Some(TokenError::IssuedInFuture));
}

#[test]
fn issuer_and_audience_are_checked_if_configured() {
    let expected = ExpectedClaims {
        issuer: Some("the issuer".to_owned()),
        audience: Some("this service".to_owned()),
    };
    let check = |more: Value, error: Option<TokenError>| {
        let token = signed(r#"{"alg":"HS256"}"#, &claims(&more), SECRET);
        assert_eq!(verified(&token, &expected).err(), error, "{more}");
    };
    check(json!({ "iss": "the issuer", "aud": "this service" }), None);
    check(json!({ "iss": "the issuer", "aud": ["x", "this service"] }), None);
    check(json!({ "aud": "this service" }), Some(TokenError::Issuer));
    check(
        json!({ "iss": "The Issuer", "aud": "this service" }),
        Some(TokenError::Issuer),
    );
    check(json!({ "iss": "the issuer" }), Some(TokenError::Audience));
    check(json!({ "iss": "the issuer", "aud": [] }), Some(TokenError::Audience));
    check(
        json!({ "iss": "the issuer", "aud": "this service " }),
        Some(TokenError::Audience),
    );
}

#[test]
fn roles_see_what_the_table_says() {
    let check = |more: Value, requested: Option<&str>, expected: Result<&str, AccessError>| {
        let mut text = json!({ "exp": 1 });
        text.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let claims = Claims::from_payload(text.to_string().as_bytes()).unwrap();
        let access = read_access(&claims, requested);
        let found = access
            .as_ref()
            .map(|access| access.organization.as_str())
            .map_err(|error| *error);
        assert_eq!(found, expected, "{more} asks for {requested:?}");
    };
    let forbidden = |denial| Err(AccessError::Forbidden(denial));
    check(
        json!({ "role": "SUPERADMIN" }),
        None,
        Err(AccessError::OrganizationMissing),
    );
    check(json!({ "role": "SUPERADMIN" }), Some("p"), Ok("p"));
    check(json!({ "role": "SUPERADMIN", "organizationId": "o" }), None, Ok("o"));
    check(
        json!({ "role": "SUPERADMIN", "organizationId": "o" }),
        Some("p"),
        Ok("p"),
    );
    for role in ["ADMIN", "DEPARTMENT_HEAD"] {
        check(json!({ "role": role, "organizationId": "o" }), None, Ok("o"));
        check(json!({ "role": role, "organizationId": "o" }), Some("o"), Ok("o"));
        check(
            json!({ "role": role, "organizationId": "o" }),
            Some("p"),
            forbidden(Denial::OrganizationOfOthers),
        );
        check(json!({ "role": role }), None, forbidden(Denial::OrganizationMissing));
        check(
            json!({ "role": role }),
            Some("o"),
            forbidden(Denial::OrganizationMissing),
        );
        check(
            json!({ "role": role, "organizationId": null }),
            Some("o"),
            forbidden(Denial::OrganizationMissing),
        );
        check(json!({ "role": [role], "organizationId": ["o"] }), None, Ok("o"));
    }
    for role in ["AGENT", "admin", "ADMIN ", "", "SUPERADMIN,ADMIN"] {
        for role in [json!(role), json!([role]), json!([role, "AGENT"])] {
            check(
                json!({ "role": role, "organizationId": "o" }),
                None,
                forbidden(Denial::RoleUnknown),
            );
        }
    }
    check(json!({ "organizationId": "o" }), None, forbidden(Denial::RoleMissing));
    for role in [json!(null), json!([])] {
        check(
            json!({ "role": role, "organizationId": "o" }),
            None,
            forbidden(Denial::RoleMissing),
        );
    }
}

#[test]
fn of_several_roles_the_one_with_the_most_rights_counts() {
    let check = |roles: Value, expected: Role| {
        let claims = json!({ "exp": 1, "role": roles }).to_string();
        let claims = Claims::from_payload(claims.as_bytes()).unwrap();
        assert_eq!(claims.role, Ok(expected), "{roles}");
    };
    check(json!(["DEPARTMENT_HEAD", "ADMIN", "SUPERADMIN"]), Role::Superadmin);
    check(json!(["SUPERADMIN", "ADMIN", "DEPARTMENT_HEAD"]), Role::Superadmin);
    check(json!(["ADMIN", "AGENT", "DEPARTMENT_HEAD", "ADMIN"]), Role::Admin);
    check(json!(["AGENT", "DEPARTMENT_HEAD"]), Role::DepartmentHead);
}

#[test]
fn settings_are_for_admins_of_the_organization() {
    let check = |more: Value, expected: Result<&str, Denial>| {
        let mut claims = json!({ "exp": 1 });
        claims
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let claims = Claims::from_payload(claims.to_string().as_bytes()).unwrap();
        let access = settings_access(&claims, "o");
        let found = access.as_ref().map(|organization| organization.as_str());
        assert_eq!(
            found.map_err(|error| *error),
            expected.map_err(AccessError::Forbidden),
            "{more}"
        );
    };
    check(json!({ "role": "SUPERADMIN" }), Ok("o"));
    check(json!({ "role": "SUPERADMIN", "organizationId": "p" }), Ok("o"));
    check(json!({ "role": "ADMIN", "organizationId": "o" }), Ok("o"));
    check(
        json!({ "role": "ADMIN", "organizationId": "p" }),
        Err(Denial::OrganizationOfOthers),
    );
    check(json!({ "role": "ADMIN" }), Err(Denial::OrganizationMissing));
    check(
        json!({ "role": "DEPARTMENT_HEAD", "organizationId": "o" }),
        Err(Denial::RoleWithoutSettings),
    );
    check(
        json!({ "role": "AGENT", "organizationId": "o" }),
        Err(Denial::RoleUnknown),
    );
    check(json!({ "organizationId": "o" }), Err(Denial::RoleMissing));
}

#[test]
fn a_name_is_shown_if_the_token_has_one() {
    let check = |more: Value, expected: Option<&str>| {
        let claims = Claims::from_payload(claims(&more).as_bytes()).unwrap();
        assert_eq!(claims.name.as_deref(), expected, "{more}");
    };
    check(json!({}), None);
    check(
        json!({ "name": "Ada Lovelace", "preferred_username": "ada" }),
        Some("Ada Lovelace"),
    );
    check(json!({ "name": "é".repeat(512) }), Some(&"é".repeat(512)));
    for name in [json!(null), json!(1), json!(""), json!("a\nb"), json!("x".repeat(513))] {
        check(json!({ "name": name, "preferred_username": "ada" }), Some("ada"));
        check(json!({ "name": name, "preferred_username": name }), None);
    }
}

#[test]
fn only_the_scope_allows_to_post() {
    let scope = "conversation-monitor:ingest";
    let check = |more: Value, organizations: &[&str], expected: Result<(), Denial>| {
        let mut text = json!({ "exp": 1 });
        text.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let claims = Claims::from_payload(text.to_string().as_bytes()).unwrap();
        let events: Vec<Value> = organizations
            .iter()
            .map(|id| {
                let updated_at = "2026-01-01T00:00:00Z";
                json!({ "type": "organization", "organizationId": id, "updatedAt": updated_at, "name": "" })
            })
            .collect();
        let body = json!({ "events": events }).to_string();
        let now = Timestamp::from_milliseconds(NOW * 1_000);
        let parsed = parse_events(BodyFormat::Json, body.as_bytes(), now).unwrap();
        let records = parsed.all_good().unwrap().records;
        let outcome = ingest_access(&claims, records).map(|_| ());
        assert_eq!(
            outcome,
            expected.map_err(AccessError::Forbidden),
            "{more} posts for {organizations:?}"
        );
    };
    let others = Err(Denial::OrganizationOfOthers);
    check(json!({ "scope": scope, "organizationId": "o" }), &["o", "o"], Ok(()));
    for scopes in [
        json!(format!("a {scope} b")),
        json!([scope]),
        json!(["a", scope]),
        json!([format!("a {scope}"), "b"]),
    ] {
        check(json!({ "scope": scopes, "organizationId": "o" }), &["o"], Ok(()));
    }
    check(json!({ "scope": scope, "organizationId": "o" }), &["o", "p"], others);
    check(json!({ "scope": scope }), &["o"], Err(Denial::OrganizationMissing));
    check(json!({ "scope": scope, "role": "SUPERADMIN" }), &["o", "p"], Ok(()));
    check(
        json!({ "scope": scope, "role": "ADMIN", "organizationId": "o" }),
        &["p"],
        others,
    );
    let missing = Err(Denial::IngestScopeMissing);
    for other in [
        json!(null),
        json!([]),
        json!(""),
        json!("conversation-monitor"),
        json!("conversation-monitor:ingest2"),
        json!("conversation-monitor:ingest,"),
        json!(["conversation-monitor", ":ingest"]),
    ] {
        check(json!({ "scope": other, "role": "SUPERADMIN" }), &["o"], missing);
    }
    check(json!({ "role": "SUPERADMIN" }), &["o"], missing);
}
