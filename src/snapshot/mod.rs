//! What is published of an organization, and what can be asked of it. Pure.

mod chunk;
pub mod index;
mod positions;
pub mod query;
pub mod summary;
pub mod version;
