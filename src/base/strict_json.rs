//! Strict JSON: what `serde_json` accepts, except that an object must not have a member twice.
//!
//! RFC 8259 leaves open what a repeated member means, so two readers may see two different objects. Neither a token's
//! claims nor an event may depend on which reader it was. `serde_json` limits the depth to 128.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
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
    use super::parse;

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
}
