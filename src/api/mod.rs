//! The API as a whole: its routes, the envelope of its JSON, and how an error becomes a response.

pub mod envelope;
pub mod error;
pub mod route;
