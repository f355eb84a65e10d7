//! What a caller may choose from, an organization's settings, and how its connections are doing.

pub mod connections;
pub mod scopes;
pub mod settings;
mod sql;
