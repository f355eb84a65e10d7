//! The platform behind the core's ports. Nothing is decided here.

pub mod body;
pub mod clock;
pub mod d1;
pub mod kv;
pub mod random;
