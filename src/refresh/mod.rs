//! The refresh: every minute, from what is pending to what is published.
//!
//! 1. **Lease** (`lease`): the run takes the lease, so that no earlier run can write any more, and makes pending what time
//!    alone changes.
//! 2. **Refold** (`refold`): conversations that an older version of the service has folded become pending, some in each run.
//! 3. **Fold** (`fold`): pending timelines become states. A state is stored only if nothing has changed in its
//!    conversation since the timeline was read.
//! 4. **Publish** (`publish`): changed candidates are joined with names and become rows. An organization's new rows, its
//!    new snapshot version and its head are written in one batch.
//! 5. **Finish** (`run`): organizations that failed are frozen at their last instant; all others are as of the run's.
//!
//! A run that ends anywhere in between loses nothing: the batch that completes the work removes the pending rows, and
//! only those that have not changed since they were read. The work is divided by rows and not by organizations: each
//! step takes as many as fit into a statement.

mod bisect;
mod budget;
mod failures;
mod fold;
mod input;
mod lease;
mod plan;
mod publish;
mod refold;
mod run;
mod writes;

pub use budget::STATEMENTS_MAX;
pub use failures::Failures;
pub use plan::RETENTION_MS;
pub use refold::RefoldLimits;
pub use run::{Finished, Run, Start, run};
