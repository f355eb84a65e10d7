//! Responds to requests for the course of the day, as JSON or as CSV. The token, the parameters and the access are
//! checked by then.
//!
//! 1. Resolve the head → 404, 503
//! 2. Read the hours that are over, and the one that is stored with the newest version; of the departments that the
//!    caller sees
//! 3. Work out what time alone has changed since that version was published
//! 4. Write the hours

use crate::auth::access::ReadAccess;
use crate::base::timestamp::{Timestamp, rfc3339};
use crate::report::context::ReportContext;
use crate::report::csv::{BYTE_ORDER_MARK, Separator};
use crate::report::error::ReportError;
use crate::report::head::resolve_head;
use crate::report::index::{cache_index, cached_index, selected_of};
use crate::report::request::TrendRequest;
use crate::report::resolved::is_stale;
use crate::report::snapshot::Snapshot;
use crate::report::sql;
use crate::snapshot::counted_row::{Ages, counted_rows};
use crate::snapshot::departments::{Departments, Share};
use crate::snapshot::hour::{Hour, hour_of, start_of};
use crate::snapshot::index::SnapshotIndex;
use crate::snapshot::trend::{Course, SLOTS};
use crate::storage::database::{Database, DatabaseError, Outcome, Row, SqlValue, Statement, rows_of};
use crate::storage::json_table::to_json;
use serde::Serialize;
use std::rc::Rc;

/// Hours of one day.
const DAY_HOURS: u64 = 24;
/// This many hours of one department are read at a time; of two departments half as many, and so on. An hour may have
/// some 8 KB for each department, and 64 KB in all.
const DEPARTMENT_HOURS: i64 = 720;
/// From this many departments on, the number of hours stays the same.
const DEPARTMENTS_APART: i64 = 12;

/// The columns of the file.
const COLUMNS: [&str; 6] = [
    "startsAt",
    "crossed",
    "cleared",
    "medianMinutesToClear",
    "worstMinutesToClear",
    "mostAtOnce",
];

/// `ConversationMonitorTrend` of the API document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrendData<'a> {
    organization_id: &'a str,
    #[serde(with = "rfc3339::optional")]
    generated_at: Option<Timestamp>,
    snapshot_missing: bool,
    stale: bool,
    days: u64,
    hours: Vec<HourData>,
}

/// What is shown of an hour. The names of its members are also the columns of the file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct HourData {
    #[serde(with = "rfc3339")]
    starts_at: Timestamp,
    crossed: i64,
    cleared: i64,
    median_minutes_to_clear: Option<i64>,
    worst_minutes_to_clear: Option<i64>,
    most_at_once: i64,
}

impl HourData {
    fn new(hour: &Hour) -> Self {
        Self {
            starts_at: start_of(hour.number),
            crossed: hour.crossed,
            cleared: hour.cleared,
            median_minutes_to_clear: hour.median_minutes,
            worst_minutes_to_clear: hour.worst_minutes,
            most_at_once: hour.most,
        }
    }
}

/// The course of the last days.
#[derive(Debug)]
pub struct Trend {
    /// The instant that it is as of. `None` means that nothing is published yet.
    pub as_of: Option<Timestamp>,
    is_stale: bool,
    days: u64,
    /// Its departments. `None` means all.
    department_ids: Option<Vec<String>>,
    /// The next hour to be added.
    next: i64,
    /// Every hour that something is known of, the earliest first.
    hours: Vec<Hour>,
}

/// Responds to a request.
///
/// # Errors
/// [`ReportError`]
pub async fn respond_with_trend<D: Database, C>(
    context: &ReportContext<'_, D, C>,
    access: &ReadAccess,
    request: &TrendRequest,
    now: Timestamp,
) -> Result<Trend, ReportError> {
    // 1. The head
    let head = resolve_head(context, &access.organization, Vec::new(), now).await?;
    let as_of = head.newest.as_ref().map(|snapshot| snapshot.as_of);
    let end = as_of.map_or(0, hour_of) + 1;
    let mut trend = Trend {
        as_of,
        is_stale: is_stale(&head, head.newest.as_ref(), now),
        days: request.days,
        department_ids: access.view.departments(request.department_id.as_deref()),
        next: end - (request.days * DAY_HOURS) as i64,
        hours: Vec::new(),
    };
    if let Some(newest) = &head.newest {
        // 2. The hours that are over, and the list
        let (ids, hours_max) = trend.portion()?;
        let known = cached_index(context, &access.organization, newest.version);
        let known_version = known.as_ref().map_or(0, |_| newest.version);
        let mut first = trend.next;
        loop {
            let is_last = end - first <= hours_max;
            // The version may be of a later hour than the head.
            let count = if is_last { SLOTS } else { hours_max };
            let mut statements = hours(access, &ids, first, count);
            if is_last {
                statements.extend(newest_version(access, &ids, known_version));
            }
            let outcomes = context.database.batch(statements).await?;
            trend.read_hours(&outcomes)?;
            if is_last {
                // 3. and 4. What time alone has changed; every hour by itself
                trend.read(context, access, newest, known, outcomes)?;
                break;
            }
            first += hours_max;
        }
    }
    Ok(trend)
}

/// The statements that read the published version with its hour, of the departments `ids`, and its list unless
/// `known_version` is the number of it.
fn newest_version(access: &ReadAccess, ids: &SqlValue, known_version: i64) -> Vec<Statement> {
    let organization = SqlValue::from(access.organization.as_str());
    let known_version = SqlValue::Integer(known_version);
    vec![
        Statement::new(sql::TREND_HEAD, [organization.clone(), ids.clone()]),
        Statement::new(sql::NEWEST_INDEX, [organization, known_version]),
    ]
}

/// The statements that read this many past hours: from the slot of the first one to the end of the ring, and from its
/// beginning on.
fn hours(access: &ReadAccess, ids: &SqlValue, first: i64, count: i64) -> Vec<Statement> {
    let slot = first.rem_euclid(SLOTS);
    let ranges = [(slot, slot + count), (0, slot.min(slot + count - SLOTS))];
    let statement = |(from, until): (i64, i64)| {
        let mut parameters = vec![
            access.organization.as_str().into(),
            from.into(),
            (until - 1).into(),
            first.into(),
        ];
        if *ids == SqlValue::Null {
            return Statement::new(sql::TREND, parameters);
        }
        parameters.push(ids.clone());
        Statement::new(sql::TREND_DEPARTMENTS, parameters)
    };
    ranges.map(statement).into()
}

impl Trend {
    /// The ids of its departments as a parameter, and how many of their hours are read at a time.
    fn portion(&self) -> Result<(SqlValue, i64), DatabaseError> {
        Ok(match &self.department_ids {
            None => (SqlValue::Null, SLOTS),
            Some(ids) => {
                let departments = (ids.len() as i64).clamp(1, DEPARTMENTS_APART);
                (to_json(ids)?.into(), DEPARTMENT_HOURS / departments)
            }
        })
    }

    /// Reads what the statements have found. The version may be newer than that of the head: then the response goes on
    /// until the version's instant.
    fn read<D, C>(
        &mut self,
        context: &ReportContext<'_, D, C>,
        access: &ReadAccess,
        newest: &Snapshot,
        known: Option<Rc<SnapshotIndex>>,
        outcomes: Vec<Outcome>,
    ) -> Result<(), ReportError> {
        let organization = &access.organization;
        let [_, _, heads, chunks] = rows_of(outcomes)?;
        let row = heads.first().ok_or(ReportError::OrganizationNotFound)?;
        let published_at = Timestamp::from_milliseconds(row.integer(1)?);
        let mut snapshot = newest.clone();
        snapshot.version = row.integer(0)?;
        snapshot.as_of = snapshot.as_of.max(published_at);
        let index = match known {
            Some(index) if chunks.is_empty() => index,
            _ => cache_index(context, organization, snapshot.version, &chunks)?,
        };
        let selected = selected_of(context, organization, &snapshot, index, false);
        let ages = Ages {
            calendar: selected.calendar,
            max_age_days: snapshot.settings.max_age_days,
        };
        let rows = counted_rows(&selected.index, &selected.groups, self.department_ids.as_deref());
        let (stored, share) = (row.optional_text(2)?, row.optional_text(3)?);
        let stored = if self.department_ids.is_none() {
            Course::from_stored(stored, Departments::default())
        } else if let Some(of_departments) = Course::from_share(stored, share) {
            of_departments
        } else {
            // Whatever comes after that hour follows from the list alone.
            self.next = self.next.max(hour_of(published_at) + 1);
            Course::default()
        };
        let course = stored.go_on(&rows, &ages, published_at, snapshot.as_of);
        for (hour, _) in &course.over {
            self.add(hour);
        }
        self.add(&course.current);
        Ok(())
    }

    /// Reads the hours that the first two statements have found.
    fn read_hours(&mut self, outcomes: &[Outcome]) -> Result<(), DatabaseError> {
        for row in outcomes.iter().take(2).flat_map(|outcome| &outcome.rows) {
            let hour = match &self.department_ids {
                None => hour(row)?,
                Some(_) => {
                    let share = Share::from_json(row.text(2)?);
                    let share = share.ok_or(DatabaseError::Decode("an hour is not what a refresh writes"))?;
                    Hour::new(row.integer(0)?, row.integer(1)?, &share)
                }
            };
            self.add(&hour);
        }
        Ok(())
    }

    /// Adds an hour, after the quiet ones before it.
    fn add(&mut self, hour: &Hour) {
        for number in hour.quiet_since.max(self.next)..hour.number {
            self.hours.push(hour.quiet(number));
        }
        if hour.number >= self.next {
            self.hours.push(*hour);
            self.next = hour.number + 1;
        }
    }
}

/// An hour as the refresh stores it.
fn hour(row: &Row) -> Result<Hour, DatabaseError> {
    Ok(Hour {
        number: row.integer(0)?,
        quiet_since: row.integer(1)?,
        opened: row.integer(2)?,
        crossed: row.integer(3)?,
        cleared: row.integer(4)?,
        median_minutes: row.optional_integer(5)?,
        worst_minutes: row.optional_integer(6)?,
        most: row.integer(7)?,
    })
}

impl Trend {
    /// `data` of the response.
    #[must_use]
    pub fn data<'a>(&self, access: &'a ReadAccess) -> TrendData<'a> {
        TrendData {
            organization_id: access.organization.as_str(),
            generated_at: self.as_of,
            snapshot_missing: self.as_of.is_none(),
            stale: self.is_stale,
            days: self.days,
            hours: self.hours.iter().map(HourData::new).collect(),
        }
    }

    /// The file. Nothing in it has to be quoted.
    #[must_use]
    pub fn to_csv(&self, separator: Separator) -> String {
        let separator = separator.character();
        let mut csv = BYTE_ORDER_MARK.to_owned();
        for (index, name) in COLUMNS.iter().enumerate() {
            if index > 0 {
                csv.push(separator);
            }
            csv.push_str(name);
        }
        for hour in &self.hours {
            csv.push_str("\r\n");
            csv.push_str(&start_of(hour.number).to_string());
            let numbers = [
                Some(hour.crossed),
                Some(hour.cleared),
                hour.median_minutes,
                hour.worst_minutes,
                Some(hour.most),
            ];
            for number in numbers {
                csv.push(separator);
                csv.push_str(&number.map(|number| number.to_string()).unwrap_or_default());
            }
        }
        csv.push_str("\r\n");
        csv
    }
}
