//! What an event says, what a timeline amounts to, and what "stalled" means. No SQL, no HTTP, no tokens.

pub mod acknowledgement;
pub mod answers;
pub mod body;
pub mod category;
pub mod event;
pub mod evidence;
pub mod fields;
pub mod item;
pub mod item_collection;
pub mod merge;
pub mod message;
pub mod rank;
pub mod record;
pub mod record_type;
pub mod report_row;
pub mod resolution;
pub mod responsible;
pub mod retention;
pub mod stall;
pub mod state;
pub mod timeline;
