//! What a caller may choose from, and an organization's settings.

pub mod scopes;
pub mod settings;
