//! What a message is made from: the settings of an organization, the instant of its report and the list of its newest
//! version.

use crate::alert::sql;
use crate::alert::stalls::Present;
use crate::base::timestamp::{DAY_MS, MINUTE_MS, Timestamp};
use crate::hours::calendar::{Calendar, CalendarOf, latest_start};
use crate::report::settings::settings_in_force;
use crate::snapshot::chunk::{Chunk, ChunkEntry};
use crate::snapshot::settings::Settings;
use crate::storage::database::{DatabaseError, Row, SqlValue, Statement};
use serde_json::Value;
use std::rc::Rc;

/// An organization as it is now.
pub struct Source {
    /// The instant that its report is as of.
    pub as_of: Timestamp,
    /// Its business hours, if it has any.
    pub calendar: Option<Rc<Calendar>>,
    /// Whether it is open.
    pub is_open: bool,
    settings: Settings,
    chunks: Vec<Chunk>,
}

/// A destination, as `destinations.sql` reads it.
pub struct DestinationRow<'a>(pub &'a Row);

/// The statements that read destinations, heads and lists of the organizations in `ids`, a JSON array.
pub fn statements(ids: &str) -> Vec<Statement> {
    let sql = [sql::DESTINATIONS, sql::HEADS, sql::LISTS];
    sql.map(|sql| Statement::new(sql, [SqlValue::from(ids)])).into()
}

impl Source {
    /// The organization of a row of `heads.sql`; `lists` are all rows of `lists.sql`.
    pub fn from_rows(head: &Row, lists: &[Row], calendar_of: &CalendarOf) -> Result<Self, DatabaseError> {
        let id = head.text(0)?;
        let settings = settings_in_force(head, 2, 3)?;
        let as_of = Timestamp::from_milliseconds(head.integer(1)?);
        let mut chunks: Vec<Chunk> = Vec::new();
        for list in lists {
            if list.text(0)? == id {
                let chunk = serde_json::from_str(list.text(1)?);
                chunks.push(chunk.map_err(|_| DatabaseError::Decode("a chunk is not what a refresh writes"))?);
            }
        }
        let first = chunks.first().and_then(|chunk| chunk.entries.first());
        let earliest = first
            .map_or(as_of, |entry| entry.stalled_since)
            .min(as_of.minus(DAY_MS));
        let calendar = settings.calendar(calendar_of, earliest, as_of);
        let minute_ago = as_of.minus(MINUTE_MS);
        Ok(Self {
            is_open: calendar
                .as_ref()
                .is_none_or(|calendar| calendar.open_ms(minute_ago, as_of) > 0),
            as_of,
            calendar,
            settings,
            chunks,
        })
    }

    /// The conversations that a destination fits, each with its entry. Those that have been stalled for longest come
    /// first.
    pub fn present(&self, destination: &DestinationRow<'_>) -> Result<Vec<(Present<'_>, &ChunkEntry)>, DatabaseError> {
        let DestinationRow(row) = destination;
        let categories = row.text(2)?;
        let departments: Option<Value> = row.optional_text(3)?.and_then(|text| serde_json::from_str(text).ok());
        let departments = departments.as_ref().and_then(Value::as_array);
        let after_minutes = row.optional_integer(4)?.unwrap_or_default();
        let oldest = self.as_of.minus(self.settings.max_age_days.saturating_mul(DAY_MS));
        let mut starts: Vec<(i64, Timestamp)> = Vec::new();
        let mut present = Vec::new();
        for chunk in &self.chunks {
            let of_channels: Vec<i64> = chunk
                .channels
                .iter()
                .map(|channel| self.settings.channel_threshold(channel))
                .collect();
            for entry in &chunk.entries {
                let department = entry
                    .department
                    .and_then(|number| chunk.departments.get(number as usize));
                let department = department.map(|(id, _)| &**id);
                let is_own = departments.is_none_or(|ids| department.is_some_and(|id| ids.iter().any(|own| own == id)));
                // No category's name is part of another's.
                if !is_own || !categories.contains(entry.category.as_str()) {
                    continue;
                }
                let of_channel = of_channels.get(entry.channel as usize).copied();
                let threshold = department
                    .and_then(|id| self.settings.department_threshold(id))
                    .or(of_channel);
                let minutes = threshold.unwrap_or(self.settings.threshold_minutes).max(after_minutes);
                let known = starts.iter().find(|(of, _)| *of == minutes).map(|(_, start)| *start);
                let start = known.unwrap_or_else(|| latest_start(self.calendar.as_deref(), self.as_of, minutes));
                if known.is_none() {
                    starts.push((minutes, start));
                }
                if entry.stalled_since <= start {
                    let now = Present {
                        conversation_id: &entry.conversation_id,
                        may_begin: self.is_open && entry.stalled_since >= oldest,
                    };
                    present.push((now, entry));
                }
            }
        }
        Ok(present)
    }

    /// How long an entry has been stalled, in minutes, and in business minutes if the organization has business hours.
    pub fn ages(&self, entry: &ChunkEntry) -> (i64, Option<i64>) {
        let (since, as_of) = (entry.stalled_since, self.as_of);
        let calendar = self.calendar.as_ref();
        let open_minutes = calendar.map(|calendar| calendar.open_minutes(since, as_of));
        (as_of.milliseconds_since(since) / MINUTE_MS, open_minutes)
    }
}
