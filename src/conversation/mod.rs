//! What an event says, what a timeline amounts to, and what "stalled" means. No SQL, no HTTP, no tokens.

pub mod body;
pub mod category;
pub mod event;
pub mod fields;
pub mod record;
pub mod report_row;
pub mod stall;
pub mod state;
pub mod timeline;
