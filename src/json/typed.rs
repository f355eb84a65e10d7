//! From JSON text to a type of ours, by way of a strict [`Value`].
//!
//! `serde_json::from_str` would compile its reader of texts anew for each type, and errors that can print every kind
//! of value, floating point included: together a tenth of the worker. What is read here was written by this service,
//! most of it within a refresh; the step between costs microseconds.

use super::{Object, parse};
use serde::de::value::{SeqDeserializer, StringDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, Expected, IntoDeserializer, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Value;
use std::fmt::{self, Display};

/// Reads a `T` from JSON text: structs, lists, tuples, options, plain values, and enums that are words.
///
/// # Errors
/// Those of [`parse`], and where the value is no `T`.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    let value = parse(text.as_bytes())?;
    T::deserialize(Typed(value)).map_err(|Mismatch(error)| error)
}

/// A value that a type is read from.
struct Typed(Value);

impl<'de> Deserializer<'de> for Typed {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(flag),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(_) | Value::Object(_) => Err(Mismatch::expected(&visitor)),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let Value::Array(values) = self.0 else {
            return Err(Mismatch::expected(&visitor));
        };
        let mut values = SeqDeserializer::new(values.into_iter().map(Typed));
        let read = visitor.visit_seq(&mut values)?;
        values.end()?;
        Ok(read)
    }

    /// A derived type takes its fields as a sequence too, in the order of their `names`; finding them here is compiled
    /// once, finding them by name there once a type.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        let Value::Object(object) = self.0 else {
            return Err(Mismatch::expected(&visitor));
        };
        visitor.visit_seq(Members { object, names })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        match self.0 {
            Value::String(word) => visitor.visit_enum(StringDeserializer::new(word)),
            _ => Err(Mismatch::expected(&visitor)),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.deserialize_seq(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct identifier
        map ignored_any
    }
}

impl IntoDeserializer<'_, Mismatch> for Typed {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The members of an object that have names, in the order of these; one that is absent is null. Others are ignored.
struct Members {
    object: Object,
    names: &'static [&'static str],
}

impl Members {
    fn next(&mut self) -> Option<(&'static str, Value)> {
        let (name, names) = self.names.split_first()?;
        self.names = names;
        let value = self.object.get_mut(*name).map(Value::take).unwrap_or_default();
        Some((name, value))
    }
}

impl<'de> SeqAccess<'de> for Members {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mismatch> {
        match self.next() {
            None => Ok(None),
            Some((name, value)) => match seed.deserialize(Typed(value)) {
                Ok(value) => Ok(Some(value)),
                Err(error) => Err(error.of(name)),
            },
        }
    }
}

/// Why a value is not of a type: what was expected, but not what was found, which may be somebody's data.
#[derive(Debug)]
struct Mismatch(serde_json::Error);

impl Mismatch {
    fn expected(expected: &dyn Expected) -> Self {
        Self::custom(format_args!("{expected} expected"))
    }

    fn of(self, name: &str) -> Self {
        Self::custom(format_args!("{name}: {self}"))
    }
}

impl Error for Mismatch {
    fn custom<T: Display>(message: T) -> Self {
        Self(serde_json::Error::custom(message))
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::expected(expected)
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::expected(expected)
    }
}

impl Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl std::error::Error for Mismatch {}

#[cfg(test)]
mod tests {
    use super::read;
    use serde::Deserialize;
    use std::fmt::Debug;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Thing {
        an_id: String,
        count: Option<u32>,
        word: Word,
        pairs: Vec<Pair>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        OneWord,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Pair(i64, bool);

    const WHOLE: &str = r#"{"anId":"é","count":7,"word":"one_word","pairs":[[-1,true],[2,false]],"unknown":{}}"#;

    fn check<T: Debug + PartialEq + for<'a> Deserialize<'a>>(text: &str, expected: Result<T, &str>) {
        let found = read::<T>(text).map_err(|error| error.to_string());
        assert_eq!(found, expected.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn reads_what_serde_json_reads() {
        assert_eq!(read::<Thing>(WHOLE).unwrap(), serde_json::from_str(WHOLE).unwrap());
        for count in ["", r#""count":null,"#] {
            let text = format!(r#"{{"anId":"a",{count}"word":"one_word","pairs":[]}}"#);
            assert_eq!(read::<Thing>(&text).unwrap(), serde_json::from_str(&text).unwrap());
        }
        check("[]", Ok(Vec::<String>::new()));
        check("-9223372036854775808", Ok(i64::MIN));
        check("null", Ok(None::<i64>));
    }

    #[test]
    fn says_what_was_expected_and_not_what_was_found() {
        check::<Thing>("[]", Err("struct Thing expected"));
        check::<Thing>("{}", Err("anId: a string expected"));
        check::<Thing>(r#"{"anId":1.5}"#, Err("anId: a string expected"));
        check::<Word>(r#""secret""#, Err("unknown variant `secret`, expected `one_word`"));
        check::<Word>("7", Err("enum Word expected"));
        check::<u32>("-1", Err("u32 expected"));
        check::<Pair>(
            "[1]",
            Err("invalid length 1, expected tuple struct Pair with 2 elements"),
        );
        check::<Pair>("[1,true,3]", Err("invalid length 3, expected 2 elements in sequence"));
        check::<Vec<i64>>(r#"[1,{"a":1,"a":2}]"#, Err("a member stands twice at line 1 column 16"));
        assert!(read::<Vec<i64>>("[1] 2").is_err());
    }
}
