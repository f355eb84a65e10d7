//! What an event holds, what a timeline comes to, and what "stalled" means. Pure: no SQL, no HTTP, no tokens.

pub mod category;
pub mod event;
pub mod fields;
pub mod record;
pub mod report_row;
pub mod stall;
pub mod timeline;
