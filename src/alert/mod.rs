//! Who is told when somebody waits for too long.
//!
//! An organization names destinations. Their addresses and secrets are encrypted before they come here, and nothing in here
//! can read them: see `src/worker/alerts/`.

pub mod settings;
