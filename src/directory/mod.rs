//! What a caller may choose from, an organization's settings, and how its connections are doing.

pub mod connections;
pub mod scopes;
pub mod settings;
pub mod settings_change;
mod sql;
