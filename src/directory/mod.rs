//! What a caller may choose from, and what an organization has set.

pub mod scopes;
pub mod settings;
