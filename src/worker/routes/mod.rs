//! One file a route.

pub mod csv;
pub mod events;
pub mod health;
pub mod openapi;
pub mod report;
pub mod scopes;
pub mod settings;
pub mod summary;
