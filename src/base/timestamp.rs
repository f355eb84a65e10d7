//! Instants of UTC, in whole milliseconds.

use chrono::{DateTime, SecondsFormat};
use serde::{Deserialize, Serialize};
use std::fmt;

/// An instant: milliseconds since 1970-01-01T00:00:00Z. In JSON it is a number, except with [`rfc3339`].
///
/// Its arithmetic saturates, because an instant may come out of a cache that returned garbage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// 0000-01-01T00:00:00.000Z
const YEAR_0_MS: i64 = -62_167_219_200_000;
/// 9999-12-31T23:59:59.999Z
const YEAR_9999_END_MS: i64 = 253_402_300_799_999;

/// Milliseconds in a minute.
pub const MINUTE_MS: i64 = 60_000;
/// Milliseconds in a day.
pub const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

impl Timestamp {
    /// The instant `milliseconds` after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_milliseconds(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_milliseconds(self) -> i64 {
        self.0
    }

    /// Parses RFC 3339 with any offset. What is finer than a millisecond is truncated, and second 60 of a minute is the
    /// first of the next one. `None` means that the text is something else, or that its year in UTC is outside 0000 to
    /// 9999, which an offset can cause and RFC 3339 cannot write.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let instant = DateTime::parse_from_rfc3339(text).ok()?;
        let milliseconds = instant.timestamp_millis();
        (YEAR_0_MS..=YEAR_9999_END_MS)
            .contains(&milliseconds)
            .then_some(Self(milliseconds))
    }

    /// The instant `milliseconds` later.
    #[must_use]
    pub const fn plus(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// The instant `milliseconds` earlier.
    #[must_use]
    pub const fn minus(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_sub(milliseconds))
    }

    /// Milliseconds from `earlier` to this instant; negative if `earlier` is later.
    #[must_use]
    pub const fn milliseconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339, UTC, with milliseconds and `Z`: `2026-05-18T14:00:00.000Z`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = DateTime::from_timestamp_millis(self.0).ok_or(fmt::Error)?;
        formatter.write_str(&instant.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

/// `#[serde(with = "rfc3339")]` writes an instant as RFC 3339 text instead of a number.
pub mod rfc3339 {
    use super::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};
    use std::borrow::Cow;

    /// Writes RFC 3339.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(instant: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(instant)
    }

    /// Reads RFC 3339.
    ///
    /// # Errors
    /// If it is something else.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        parse(&<Cow<'de, str>>::deserialize(deserializer)?)
    }

    fn parse<E: serde::de::Error>(text: &str) -> Result<Timestamp, E> {
        Timestamp::from_rfc3339(text).ok_or_else(|| E::custom("not an instant"))
    }

    /// The same for an instant that may be null.
    pub mod optional {
        use super::super::Timestamp;
        use serde::{Deserialize, Deserializer, Serialize, Serializer};
        use std::borrow::Cow;

        /// Writes RFC 3339 or null.
        ///
        /// # Errors
        /// The serializer's.
        pub fn serialize<S: Serializer>(instant: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
            instant.map(|instant| instant.to_string()).serialize(serializer)
        }

        /// Reads RFC 3339 or null.
        ///
        /// # Errors
        /// If it is something else.
        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
            let text = <Option<Cow<'de, str>>>::deserialize(deserializer)?;
            text.map(|text| super::parse(&text)).transpose()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    fn check(text: &str, expected: Option<&str>) {
        let shown = Timestamp::from_rfc3339(text).map(|instant| instant.to_string());
        assert_eq!(shown.as_deref(), expected, "{text}");
    }

    #[test]
    fn parses_any_offset_and_truncates_to_milliseconds() {
        check("2026-05-18T14:00:00Z", Some("2026-05-18T14:00:00.000Z"));
        check("2026-05-18T14:00:00.9999Z", Some("2026-05-18T14:00:00.999Z"));
        check("2026-05-18T16:30:00.5+02:30", Some("2026-05-18T14:00:00.500Z"));
        check("1969-12-31T23:59:59.9996Z", Some("1969-12-31T23:59:59.999Z"));
        check("0000-01-01T00:00:00Z", Some("0000-01-01T00:00:00.000Z"));
        check("0000-01-01T00:00:00+01:00", None);
        // A leap second is the second after it, which clocks that know none show twice.
        check("2016-12-31T23:59:60Z", Some("2017-01-01T00:00:00.000Z"));
        check("2017-01-01T00:59:60.9999+01:00", Some("2017-01-01T00:00:00.999Z"));
        check("2026-05-18T14:00:60Z", Some("2026-05-18T14:01:00.000Z"));
        check("2026-05-18T14:00:61Z", None);
        check("9999-12-31T23:59:60Z", None);
        check("9999-12-31T23:59:59.9999Z", Some("9999-12-31T23:59:59.999Z"));
        check("9999-12-31T23:59:59-05:00", None);
        check("2026-05-18T14:00:00", None);
        check("2026-05-18", None);
        check("1779112800000", None);
        check("", None);
    }
}
