//! How far the sweep has come.

use crate::base::timestamp::Timestamp;
use crate::refresh::sql;
use crate::storage::database::{SqlValue, Statement};

/// Where a pass is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweepStep {
    /// In the conversations.
    Conversations,
    /// In the removals.
    Removals,
}

/// How far the sweep has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepProgress {
    /// `None` means that no pass is under way.
    pub step: Option<SweepStep>,
    /// The organization of the last record that was reached.
    pub organization_id: String,
    /// The type of that record.
    pub record_type: String,
    /// Its id.
    pub id: String,
    /// The instant as of which the pass began.
    pub began_at: Option<Timestamp>,
    /// When the last completed pass began.
    pub finished_at: Option<Timestamp>,
}

impl SweepProgress {
    /// Goes to the beginning of a step. `None` ends the pass.
    pub fn go_to(&mut self, step: Option<SweepStep>) {
        self.step = step;
        for text in [&mut self.organization_id, &mut self.record_type, &mut self.id] {
            text.clear();
        }
    }

    /// The statement that stores it.
    pub fn statement(&self) -> Statement {
        let step = self.step.map_or(SqlValue::Null, |step| match step {
            SweepStep::Conversations => "conversations".into(),
            SweepStep::Removals => "removals".into(),
        });
        let instant = |instant: Option<Timestamp>| {
            instant.map_or(SqlValue::Null, |instant| SqlValue::Integer(instant.as_milliseconds()))
        };
        Statement::new(
            sql::STORE_SWEEP_PROGRESS,
            [
                step,
                self.organization_id.as_str().into(),
                self.record_type.as_str().into(),
                self.id.as_str().into(),
                instant(self.began_at),
                instant(self.finished_at),
            ],
        )
    }
}
