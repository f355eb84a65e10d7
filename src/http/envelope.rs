//! The JSON around the data of a response.

use serde::Serialize;

/// `{"success":true,"data":…}`
#[derive(Debug, Serialize)]
pub struct Envelope<T> {
    success: bool,
    data: T,
}

impl<T> Envelope<T> {
    /// The envelope of a success.
    #[must_use]
    pub fn new(data: T) -> Self {
        Self { success: true, data }
    }
}
