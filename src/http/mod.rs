//! The protocol without the product: query strings, paths, entity tags, CORS, the envelope of responses.

pub mod cors;
pub mod envelope;
pub mod etag;
pub mod path;
pub mod query;
