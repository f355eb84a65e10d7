//! Who is told when somebody waits for too long.
//!
//! An organization names destinations. After each refresh the stalls that an enabled destination fits are compared with
//! those that its row has from before (`detect`). What is new or over is noted in the row, and a message that names
//! nothing but the destination is put into the queue. Whoever takes that message reads the row again (`deliver`), notes
//! what the message says, sends it, and notes what became of it. Everything may stop between any two of these steps:
//! the row has all that is known, and the next refresh asks again for a delivery that is overdue.
//!
//! Addresses and secrets are encrypted before they come here, and nothing here can read them: see `src/worker/alerts/`.

pub mod deliver;
pub mod detect;
pub mod message;
pub mod settings;
pub mod stalls;

mod source;
mod sql;
