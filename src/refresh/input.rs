//! What is read of organizations to publish them: their heads, what is pending of them, and what it affects.

use crate::base::timestamp::Timestamp;
use crate::refresh::budget::SliceLimits;
use crate::refresh::sql;
use crate::report::settings::settings_in_force;
use crate::snapshot::settings::{MAX_AGE_DAYS_DEFAULT, Settings};
use crate::storage::database::{Database, DatabaseError, Row, SqlValue, Statement, rows_of};
use crate::storage::json_table::{PARAMETER_BYTES_MAX, json_chunks, to_json};
use std::rc::Rc;

/// An organization's head, and what was read for its next snapshot version.
#[derive(Debug, Default)]
pub struct PublishInput {
    /// The id of the organization.
    pub organization_id: String,
    /// The published version. 0 means that there is none yet.
    pub version: i64,
    /// The first row number that no version has used.
    pub next_row_no: i64,
    /// Superseded versions that are not removed yet, as stored.
    pub retired: String,
    /// Whether its report stands still.
    pub was_frozen: bool,
    /// How many candidates the published version does not list.
    pub missing: u64,
    /// Whether the list of the published version is known to be in today's form.
    pub is_list_known: bool,
    /// The instant that the published version is as of.
    pub as_of: Option<Timestamp>,
    /// The hour that is stored with it, if there is one.
    pub trend: Option<String>,
    /// What has happened in that hour by department, if that is stored.
    pub trend_departments: Option<String>,
    /// For how many days a row is listed, if that is set.
    pub max_age_days: Option<i64>,
    /// The settings in force.
    pub settings: Settings,
    /// Whether they can be read. Otherwise they are the defaults, and the course of the day lacks what is published.
    pub are_settings_known: bool,
    /// The chunks of the published version, as stored.
    pub chunks: Vec<String>,
    /// What is ready to be published.
    pub pending: Vec<PendingRecord>,
    /// The conversations whose row may have changed.
    pub affected: Vec<AffectedConversation>,
    /// Departments that have changed, with their names. `None` as a name means that the department was removed.
    pub changed_departments: Vec<(Rc<str>, Option<Rc<str>>)>,
    /// Whether more is ready than was read.
    pub has_more: bool,
    /// How many of the candidates that its version is to list are neither listed nor read.
    pub unlisted_left: usize,
    /// What its version is to list, if it does not list all candidates.
    pub wanted: Option<Wanted>,
}

/// A record that is ready to be published. Once it is, its pending row is removed if it still has the same token.
#[derive(Debug)]
pub struct PendingRecord {
    /// The type of the record, as it is stored.
    pub record_type: String,
    /// The id of the record.
    pub record_id: String,
    /// The change token of its pending row when that was read.
    pub change_token: String,
}

/// A conversation whose row may have changed: because its candidate has, or the record of one of its people.
#[derive(Debug)]
pub struct AffectedConversation {
    /// Its id.
    pub conversation_id: String,
    /// The bytes that are read to join it with its people.
    pub bytes: usize,
}

/// How much of what is ready is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// All of it.
    Everything,
    /// As many conversations as fit into a portion, and none that only the record of a person affects.
    Portion,
}

/// Reads what is to be published of organizations, sorted by id, in one round trip.
///
/// # Errors
/// [`DatabaseError::TooMuch`] if everything does not fit into a portion.
pub async fn read_inputs<D: Database>(
    database: &D,
    organization_ids: &[&str],
    reading: Reading,
    limits: &SliceLimits,
) -> Result<Vec<PublishInput>, DatabaseError> {
    let ids = to_json(organization_ids)?;
    let statement = |sql| Statement::new(sql, [ids.as_str().into()]);
    // If this many are read, there may be more: too much for `Everything`, and in portions the rest comes later.
    let most = match reading {
        Reading::Everything => 2 * limits.pending_records.max(limits.rows) + 1,
        Reading::Portion => limits.pending_records,
    };
    let limited = |sql| Statement::new(sql, [ids.as_str().into(), SqlValue::Integer(most as i64)]);
    let bytes_max = SqlValue::Integer(limits.bytes as i64);
    let mut statements = vec![
        Statement::new(sql::READ_HEADS, [ids.as_str().into(), bytes_max]),
        statement(sql::READ_CHUNKS),
        limited(sql::READ_DEPARTMENTS),
    ];
    match reading {
        Reading::Everything => statements.extend([limited(sql::READ_PENDING), limited(sql::AFFECTED_CONVERSATIONS)]),
        Reading::Portion => statements.push(limited(sql::READ_PENDING_PORTION)),
    }
    let mut outcomes = database.batch(statements).await?;
    let affected = match reading {
        Reading::Everything => outcomes.pop().map(|outcome| outcome.rows),
        Reading::Portion => None,
    };
    let [heads, chunks, departments, pending] = rows_of(outcomes)?;
    // The statement sorts them by organization.
    let mut inputs = Vec::with_capacity(heads.len());
    for row in &heads {
        let bytes = row.integer(14)? as usize;
        if bytes > limits.bytes && heads.len() > 1 {
            return Err(DatabaseError::TooMuch);
        }
        let settings = if bytes <= limits.bytes {
            settings_in_force(row, 9, 10).ok()
        } else {
            None
        };
        inputs.push(PublishInput {
            organization_id: row.text(0)?.to_owned(),
            version: row.integer(1)?,
            next_row_no: row.integer(2)?,
            retired: row.text(3)?.to_owned(),
            was_frozen: row.integer(4)? != 0,
            missing: row.integer(5)?.unsigned_abs(),
            is_list_known: row.integer(6)? != 0,
            as_of: row.optional_integer(7)?.map(Timestamp::from_milliseconds),
            trend: row.optional_text(8)?.map(str::to_owned),
            trend_departments: row.optional_text(15)?.map(str::to_owned),
            max_age_days: row.optional_integer(12)?,
            are_settings_known: settings.is_some(),
            settings: settings.unwrap_or_default(),
            ..PublishInput::default()
        });
    }
    distribute(&mut inputs, &chunks, &mut |input, row| {
        input.chunks.push(row.text(1)?.to_owned());
        Ok(())
    })?;
    distribute(&mut inputs, &departments, &mut |input, row| {
        let name = row.optional_text(2)?.map(Rc::from);
        input.changed_departments.push((Rc::from(row.text(1)?), name));
        Ok(())
    })?;
    let is_too_much = |rows: &[Row]| reading == Reading::Everything && rows.len() >= most;
    if is_too_much(&pending) || affected.as_deref().is_some_and(is_too_much) {
        return Err(DatabaseError::TooMuch);
    }
    match affected {
        Some(affected) => {
            distribute(&mut inputs, &pending, &mut |input, row| {
                input.pending.push(pending_record(row)?);
                Ok(())
            })?;
            let mut bytes = 0;
            distribute(&mut inputs, &affected, &mut |input, row| {
                bytes += row.integer(2)? as usize;
                input.affected.push(AffectedConversation {
                    conversation_id: row.text(1)?.to_owned(),
                    bytes: row.integer(2)? as usize,
                });
                Ok(())
            })?;
            if bytes > limits.bytes {
                return Err(DatabaseError::TooMuch);
            }
        }
        None => {
            let mut bytes_left = limits.bytes;
            distribute(&mut inputs, &pending, &mut |input, row| {
                take_into_portion(input, row, &mut bytes_left)
            })?;
            for input in &mut inputs {
                input.has_more |= pending.len() >= most;
            }
        }
    }
    Ok(inputs)
}

fn pending_record(row: &Row) -> Result<PendingRecord, DatabaseError> {
    Ok(PendingRecord {
        record_type: row.text(1)?.to_owned(),
        record_id: row.text(2)?.to_owned(),
        change_token: row.text(3)?.to_owned(),
    })
}

/// Takes a record, unless it is a conversation that no longer fits.
fn take_into_portion(input: &mut PublishInput, row: &Row, bytes_left: &mut usize) -> Result<(), DatabaseError> {
    let record = pending_record(row)?;
    if record.record_type == "conversation" {
        let bytes = row.integer(4)? as usize;
        if bytes > *bytes_left && !input.affected.is_empty() {
            input.has_more = true;
            return Ok(());
        }
        *bytes_left = bytes_left.saturating_sub(bytes);
        input.affected.push(AffectedConversation {
            conversation_id: record.record_id.clone(),
            bytes,
        });
    }
    input.pending.push(record);
    Ok(())
}

/// Adds each row to the input of the organization that its first column names. The inputs are sorted by organization.
fn distribute(
    inputs: &mut [PublishInput],
    rows: &[Row],
    add: &mut dyn FnMut(&mut PublishInput, &Row) -> Result<(), DatabaseError>,
) -> Result<(), DatabaseError> {
    for row in rows {
        let organization_id = row.text(0)?;
        let found = inputs.binary_search_by(|input| input.organization_id.as_str().cmp(organization_id));
        if let Some(input) = found.ok().and_then(|position| inputs.get_mut(position)) {
            add(input, row)?;
        }
    }
    Ok(())
}

/// The candidates that the version of an organization is to list, and how many there are in all.
#[derive(Debug, Default)]
pub struct Wanted {
    /// The conversations that it is to list.
    pub conversation_ids: Vec<String>,
    /// How many candidates there are.
    pub total: u64,
}

/// Reads which candidates the version of an organization is to list.
pub async fn read_wanted<D: Database>(
    database: &D,
    organization_id: &str,
    as_of: Timestamp,
    candidates_max: usize,
) -> Result<Wanted, DatabaseError> {
    let select = Statement::new(
        sql::SELECT_CANDIDATES,
        [
            SqlValue::from(organization_id),
            SqlValue::Integer(as_of.as_milliseconds()),
            SqlValue::Integer(candidates_max as i64),
            SqlValue::Integer(MAX_AGE_DAYS_DEFAULT),
        ],
    );
    let [rows] = rows_of(database.batch(vec![select]).await?)?;
    let ids = rows.iter().map(|row| row.text(0).map(str::to_owned));
    Ok(Wanted {
        conversation_ids: ids.collect::<Result<_, _>>()?,
        total: rows.first().map_or(Ok(0), |row| row.integer(1))?.unsigned_abs(),
    })
}

/// The bytes that are read to join conversations with their people. One that is no candidate any more is left out.
pub async fn read_bytes<D: Database>(
    database: &D,
    organization_id: &str,
    conversation_ids: &[&str],
) -> Result<Vec<AffectedConversation>, DatabaseError> {
    let keys = conversation_ids
        .iter()
        .map(|conversation_id| [organization_id.into(), (*conversation_id).into()]);
    let statements: Vec<Statement> = json_chunks(keys, PARAMETER_BYTES_MAX)?
        .into_iter()
        .map(|keys| Statement::new(sql::KEYS_BYTES, [keys.into()]))
        .collect();
    if statements.is_empty() {
        return Ok(Vec::new());
    }
    let outcomes = database.batch(statements).await?;
    let rows = outcomes.iter().flat_map(|outcome| &outcome.rows);
    rows.map(|row| {
        Ok(AffectedConversation {
            conversation_id: row.text(0)?.to_owned(),
            bytes: row.integer(1)? as usize,
        })
    })
    .collect()
}
