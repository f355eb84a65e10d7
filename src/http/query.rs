//! Query strings.

use crate::base::id::{ID_EXPECTED, is_id};
use std::borrow::Cow;
use std::fmt::Display;

/// What is wrong with a query string.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// A parameter that may be given once is given several times.
    #[error("{name} must be given at most once.")]
    Repeated {
        /// The parameter.
        name: &'static str,
    },
    /// A parameter's value is not one that it takes.
    #[error("{name} must be {expected}.")]
    Invalid {
        /// The parameter.
        name: &'static str,
        /// What it takes.
        expected: String,
    },
}

/// Reads a query string: `read` makes of its parameters what is asked for.
///
/// Parameters that `read` does not ask for are ignored.
///
/// # Errors
/// [`QueryError::Repeated`] for the first of the parameters that are given twice, otherwise [`QueryError::Invalid`] for
/// the first that `read` could not read.
pub fn parse<T>(query: &str, read: impl FnOnce(&mut Parameters<'_>) -> T) -> Result<T, QueryError> {
    parse_pairs(form_urlencoded::parse(query.as_bytes()).collect(), read)
}

/// Reads a parameter that is `true` or `false`, and false if it is left out.
///
/// # Errors
/// As [`parse`].
pub fn parse_flag(query: &str, name: &'static str) -> Result<bool, QueryError> {
    parse(query, |parameters| parameters.flag(name))
}

/// Reads parameters that were not sent as a query string: names and values.
///
/// # Errors
/// As [`parse`].
pub fn parse_pairs<'a, T>(
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    read: impl FnOnce(&mut Parameters<'a>) -> T,
) -> Result<T, QueryError> {
    let mut parameters = Parameters {
        pairs,
        errors: Vec::new(),
    };
    let value = read(&mut parameters);
    parameters.first_error().map_or(Ok(value), Err)
}

/// A query string in which these values replace whatever it says about their parameters. What it says about others
/// stays as it is.
#[must_use]
pub fn replace(query: &str, values: &[(&str, &str)]) -> String {
    let is_kept = |pair: &str| {
        let name = form_urlencoded::parse(pair.as_bytes()).next();
        name.is_some_and(|(given, _)| !values.iter().any(|(name, _)| *name == given))
    };
    let mut replaced = String::with_capacity(query.len() + 128);
    for pair in query.split('&').filter(|pair| is_kept(pair)) {
        replaced.push_str(pair);
        replaced.push('&');
    }
    let added = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(values)
        .finish();
    replaced.push_str(&added);
    replaced
}

/// The parameters of a query string.
///
/// A parameter that cannot be read counts as left out: [`parse`] then returns the error instead of what was made of it.
pub struct Parameters<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Each error with its rank: the one with the lowest is reported.
    errors: Vec<(usize, QueryError)>,
}

impl Parameters<'_> {
    /// The error that is reported.
    fn first_error(self) -> Option<QueryError> {
        let first = self.errors.into_iter().min_by_key(|(position, _)| *position);
        first.map(|(_, error)| error)
    }

    /// The position of a parameter, unless it is left out or repeated.
    fn position(&mut self, name: &'static str) -> Option<usize> {
        let mut values = self.pairs.iter().enumerate().filter(|(_, (given, _))| *given == name);
        let (found, _) = values.next()?;
        if let Some((position, _)) = values.next() {
            self.errors.push((position, QueryError::Repeated { name }));
            return None;
        }
        Some(found)
    }

    fn reject(&mut self, name: &'static str, expected: &dyn Display) {
        let expected = expected.to_string();
        self.errors.push((usize::MAX, QueryError::Invalid { name, expected }));
    }

    /// The value of a parameter as `read` understands it. `None` means that the parameter is left out; if `read`
    /// returns `None`, its value is not `expected`.
    pub fn get<T>(
        &mut self,
        name: &'static str,
        expected: impl Display,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let position = self.position(name)?;
        let value = self.pairs.get(position).and_then(|(_, text)| read(text));
        if value.is_none() {
            self.reject(name, &expected);
        }
        value
    }

    /// The value of a parameter that takes `true` or `false`, and false if it is left out.
    pub fn flag(&mut self, name: &'static str) -> bool {
        let flag = self.get(name, "true or false", |text| match text {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        });
        flag.unwrap_or_default()
    }

    /// The value of a parameter that takes an id.
    pub fn id(&mut self, name: &'static str) -> Option<String> {
        self.get(name, format_args!("{ID_EXPECTED}"), |text| {
            is_id(text).then(|| text.to_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, replace};

    #[test]
    fn replaces_every_mention_of_a_parameter() {
        let check = |query: &str, expected: &str| assert_eq!(replace(query, &[("page", "2"), ("x", "&=")]), expected);
        check("", "page=2&x=%26%3D");
        check("page=1&limit=5&p%61ge=7&x", "limit=5&page=2&x=%26%3D");
        check(
            "departmentId=%C3%A9+%2F%3E&a=%3C%22",
            "departmentId=%C3%A9+%2F%3E&a=%3C%22&page=2&x=%26%3D",
        );
    }

    #[test]
    fn reports_a_repeated_parameter_before_a_wrong_value() {
        let check = |query: &str, expected: Result<(Option<u8>, Option<u8>), &str>| {
            let found = parse(query, |parameters| {
                let number = |text: &str| text.parse::<u8>().ok();
                (
                    parameters.get("a", "a byte", number),
                    parameters.get("b", "a byte", number),
                )
            });
            let found = found.map_err(|error| error.to_string());
            assert_eq!(found, expected.map_err(str::to_owned), "{query}");
        };
        check("", Ok((None, None)));
        check("b=2&c=x&c=y&%61=1", Ok((Some(1), Some(2))));
        check("b=x&a=y", Err("a must be a byte."));
        check("a=x&b=1&b=2", Err("b must be given at most once."));
        check("a=1&b=1&b=2&%61=3", Err("b must be given at most once."));
        check("b=1&a=1&a=1&b=2", Err("a must be given at most once."));
    }
}
