//! Query strings.

use crate::api::error::ApiError;
use crate::base::id::is_id;

/// The parameters of a query that are known, each given once.
pub struct Parameters(Vec<(&'static str, String)>);

impl Parameters {
    /// Reads those of a query whose names are in `known`; the others are ignored.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] where one is given twice.
    pub fn read(query: &str, known: &[&'static str]) -> Result<Self, ApiError> {
        let mut values: Vec<(&'static str, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let Some(name) = known.iter().copied().find(|known| *known == name) else {
                continue;
            };
            if values.iter().any(|(given, _)| *given == name) {
                return Err(ApiError::Invalid(format!("{name} must be given at most once.")));
            }
            values.push((name, value.into_owned()));
        }
        Ok(Self(values))
    }

    /// The value of a parameter as `read` gives it, if the parameter is given.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] where `read` gives none.
    pub fn get<T>(
        &self,
        name: &'static str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ApiError> {
        match self.0.iter().find(|(given, _)| *given == name) {
            None => Ok(None),
            Some((_, text)) => read(text)
                .map(Some)
                .ok_or_else(|| ApiError::Invalid(format!("{name} must be {expected}."))),
        }
    }

    /// An id, if it is given.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] where it is none.
    pub fn id(&self, name: &'static str) -> Result<Option<String>, ApiError> {
        self.get(
            name,
            "an id of 1 to 128 characters without control characters",
            |text: &str| is_id(text).then(|| text.to_owned()),
        )
    }
}
