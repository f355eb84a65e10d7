//! Choices: enums that JSON has by the names of their variants, which `strum` derives.
//!
//! What `serde` would derive is another table of the same names for each of them, and code that finds a name in it.

use serde::de::{Deserializer, Error, Visitor};
use std::fmt::{Formatter, Result as FmtResult};
use std::marker::PhantomData;
use std::str::FromStr;

/// Makes choices of enums that have [`FromStr`] and `Into<&'static str>`: `serde` reads and writes them by their names.
macro_rules! choices {
    ($($choice:ty),+ $(,)?) => {$(
        impl<'de> serde::Deserialize<'de> for $choice {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::base::choice::read(deserializer)
            }
        }

        impl serde::Serialize for $choice {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.into())
            }
        }
    )+};
}

pub(crate) use choices;

/// Reads a choice.
///
/// # Errors
/// If it is not the name of a variant.
pub fn read<'de, D: Deserializer<'de>, T: FromStr>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_str(Name(PhantomData))
}

struct Name<T>(PhantomData<T>);

impl<T: FromStr> Visitor<'_> for Name<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut Formatter<'_>) -> FmtResult {
        formatter.write_str("the name of a variant")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<T, E> {
        name.parse().map_err(|_| E::custom("not the name of a variant"))
    }
}
