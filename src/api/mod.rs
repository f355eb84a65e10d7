//! The API as a whole: how every answer is wrapped, and how every error becomes an answer.

pub mod envelope;
pub mod error;
