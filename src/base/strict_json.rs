//! Strict JSON: what `serde_json` accepts, except that an object must not have a member twice.
//!
//! RFC 8259 leaves open what a repeated member means, so two readers may see two different objects. Neither a token's
//! claims nor an event may depend on which reader it was. `serde_json` limits the depth to 128.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::borrow::Cow;
use std::fmt;

/// The members of an object, sorted by name.
pub type Object = Map<String, Value>;

/// Parses one JSON value with nothing after it.
///
/// # Errors
/// If the text is not JSON, is not UTF-8, is too deep, has a number too large for a double, or an object with a member
/// twice.
pub fn parse(text: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice::<Strict>(text).map(|strict| strict.0)
}

/// The whole number from 0 on that a JSON number stands for, however it is written: `5`, `5.0` and `50e-1` are the
/// same.
#[must_use]
pub fn whole_number(value: &Value) -> Option<u64> {
    if let Some(number) = value.as_u64() {
        return Some(number);
    }
    let number = value.as_f64()?;
    let is_whole = number.fract() == 0.0 && (0.0..=EXACT_MAX).contains(&number);
    is_whole.then_some(number as u64)
}

/// 2^53 − 1: up to here a double has every whole number.
const EXACT_MAX: f64 = 9_007_199_254_740_991.0;

/// An escaped character: `\u` and four hexadecimal digits.
pub type Escape = [u8; 6];

/// Replaces each escaped half of a surrogate pair without its other half, as texts have it that were cut by UTF-16
/// units. Borrowed means that there was none.
#[must_use]
pub fn repair_surrogates<'a>(text: &'a [u8], replacement: &Escape) -> Cow<'a, [u8]> {
    let mut repaired = Cow::Borrowed(text);
    let mut position = 0;
    while let Some(found) = text
        .get(position..)
        .and_then(|rest| rest.iter().position(|byte| *byte == b'\\'))
    {
        let escape = position.saturating_add(found);
        let next = escape.saturating_add(ESCAPE_LENGTH);
        let (length, is_half) = match (code_unit(text, escape), code_unit(text, next)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => (2 * ESCAPE_LENGTH, false),
            (Some(0xd800..0xe000), _) => (ESCAPE_LENGTH, true),
            // Another escape, such as that of a backslash.
            _ => (2, false),
        };
        let end = escape.saturating_add(length);
        if is_half && let Some(escaped) = repaired.to_mut().get_mut(escape..end) {
            escaped.copy_from_slice(replacement);
        }
        position = end;
    }
    repaired
}

const ESCAPE_LENGTH: usize = size_of::<Escape>();

/// The UTF-16 code unit that is escaped at `position`.
fn code_unit(text: &[u8], position: usize) -> Option<u16> {
    let digits = text.get(position..)?.get(..ESCAPE_LENGTH)?.strip_prefix(b"\\u")?;
    let digits = std::str::from_utf8(digits).ok()?;
    // `from_str_radix` takes a sign, too.
    let is_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hexadecimal.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = access.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut object = Object::new();
        while let Some((name, Strict(value))) = access.next_entry::<String, Strict>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom("a member stands twice"));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, repair_surrogates};

    fn check(text: &str, accepted: bool) {
        assert_eq!(parse(text.as_bytes()).is_ok(), accepted, "{text}");
    }

    #[test]
    fn rejects_what_two_readers_could_read_differently() {
        check(r#"{"a":1,"b":[{"a":2}]}"#, true);
        check(r#"{"a":1,"a":1}"#, false);
        check(r#"{"b":[{"a":2,"a":3}]}"#, false);
        check(r#"{"a":1,"\u0061":1}"#, false);
        check(r#"{"a":1e400}"#, false);
        check(r#"{"a":"\ud800"}"#, false);
        check(r#"{"a":1} x"#, false);
        check(&"[".repeat(200), false);
        assert!(parse(b"\"\xff\"").is_err());
    }

    #[test]
    fn repairs_half_a_surrogate_pair_and_nothing_else() {
        let check = |text: &str, expected: &str| {
            assert_eq!(
                String::from_utf8_lossy(&repair_surrogates(text.as_bytes(), b"\\ufffd")),
                expected,
                "{text}"
            );
        };
        check(r#"{"a":"plain"}"#, r#"{"a":"plain"}"#);
        check(r#""\ud83d\ude00""#, r#""\ud83d\ude00""#);
        check(r#""\ud83d""#, r#""\ufffd""#);
        check(r#""\ude00\uD83D!""#, r#""\ufffd\ufffd!""#);
        check(r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#);
        check(r#""\\ud83d \n\u+123\u""#, r#""\\ud83d \n\u+123\u""#);
        check(r#""\ud8""#, r#""\ud8""#);
        check("\\", "\\");
    }
}
