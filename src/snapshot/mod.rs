//! What is published of an organization, and what can be asked about it. Pure functions.

pub mod chunk;
pub mod counted_row;
pub mod departments;
pub mod groups;
pub mod hour;
pub mod index;
mod positions;
pub mod query;
pub mod settings;
pub mod summary;
pub mod tally;
pub mod trend;
pub mod version;
