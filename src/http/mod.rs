//! The protocol without the product: query strings, paths, entity tags, CORS.

pub mod cors;
pub mod etag;
pub mod path;
pub mod query;
