//! What every other module may use: instants, ids, strict JSON, digests, a bounded cache, notes about a request.

pub mod byte_cache;
pub mod digest;
pub mod id;
pub mod strict_json;
pub mod timestamp;
pub mod trace;
