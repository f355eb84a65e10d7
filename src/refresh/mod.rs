//! The refresh: every minute or more often, from what is pending to what is published.
//!
//! 1. **Lease** (`lease`): the run takes the lease, unless another run has it and is in progress, and makes pending
//!    what time alone changes.
//! 2. **Refold** (`refold`): conversations that an older version of the service has folded become pending, some in each
//!    run.
//! 3. **Work** (`work`): organizations with anything to do are divided into slices, the one whose report stands still
//!    longest first. Each slice is folded and published before the next one, within the run's budgets (`budget`).
//!    - **Fold** (`fold`, `stored`, `state_change`): pending timelines become states. A state is stored only if nothing
//!      has changed in its conversation since the timeline was read.
//!    - **Publish** (`publish`, `input`, `join_input`, `join`, `plan`, `row_changes`, `writes`): changed candidates are
//!      joined with names and become rows. An organization's new rows, its new snapshot version and its head are
//!      written in one batch; and what that changes in the course of the day (`trend`) along with them.
//! 4. **Remove** (`remove`, `retired`): superseded versions go, with statements of their own.
//! 5. **Sweep** (`erase`, `sweep`, `sweeper`, `progress`, `merge_groups`, `forgetting`): what was erased goes, and old
//!    conversations are forgotten, some in each run, with statements and time of its own.
//! 6. **Finish** (`finish`): organizations that failed, or that the run did not get to, are frozen at their last
//!    instant; all others are as of the run's.
//!
//! A run that ends anywhere in between loses nothing: the batch that completes the work removes the pending rows, and
//! only those that have not changed since they were read. Work is divided by what it takes and not by organizations:
//! each step takes as many as fit into a statement.

mod bisect;
mod budget;
mod erase;
mod failures;
mod finish;
mod fold;
mod forgetting;
mod input;
mod join;
mod join_input;
mod lease;
mod merge_groups;
mod plan;
mod progress;
mod publish;
mod refold;
mod remove;
mod retired;
mod row_changes;
mod run;
mod sql;
mod state_change;
mod stored;
mod sweep;
mod sweeper;
mod swept;
mod trend;
mod work;
mod writes;

pub use budget::{
    DATABASE_BYTES_MAX, Limits, RUN_MAX_MS, STATEMENTS_MAX, Shortage, SliceLimits, SweepLimits, percent_full,
};
pub use failures::Failures;
pub use finish::{Finished, Run};
pub use forgetting::KEEP_WAITING_MS;
pub use join::{contact_of, users_of};
pub use lease::LEASE_MS;
pub use refold::RefoldLimits;
pub use retired::RETENTION_MS;
pub use run::{Start, instant_of, run};
pub use stored::{StoredMembers, read_members};
