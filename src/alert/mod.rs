//! Who is told when somebody waits for too long.
//!
//! An organization names destinations. After each refresh the stalls that an enabled one fits are compared with those
//! that are known of it (`detect`); what is new or over is put down in the destination's row, and a message in the
//! queue that names nothing but the destination. Whoever takes that message looks again (`deliver`), notes what it is
//! going to say, says it, and notes what became of it. Between any two of these steps everything can stop: the row has
//! all that is known, and the next refresh asks again for what is waiting for too long.
//!
//! Addresses and secrets are encrypted before they come here, and nothing in here can read them: see
//! `src/worker/alerts/`.

pub mod deliver;
pub mod detect;
pub mod message;
pub mod settings;
pub mod stalls;

mod source;
mod sql;
