//! What is read to publish organizations.

use crate::conversation::report_row::PublishedRow;
use crate::storage::database::{Database, DatabaseError, Row, SqlValue, Statement, rows_of};
use crate::storage::json_table::{PARAMETER_BYTES_MAX, json_chunks, to_json};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// An organization's head, and what was read for its next snapshot version.
#[derive(Debug, Default)]
pub struct PublishInput {
    pub organization_id: String,
    /// The published version. 0 means that there is none yet.
    pub version: i64,
    /// The first row number that no version has used.
    pub next_row_no: i64,
    /// Superseded versions that are not removed yet, as stored.
    pub retired: String,
    /// Whether the last refresh of it failed.
    pub was_frozen: bool,
    /// The chunks of the published version, as stored.
    pub chunks: Vec<String>,
    /// What is ready to be published.
    pub pending: Vec<PendingRecord>,
    pub affected: Vec<AffectedInput>,
    /// The users of the affected conversations: their ids and bodies.
    pub users: Vec<(String, String)>,
    /// The names of its departments.
    pub department_names: BTreeMap<Rc<str>, Rc<str>>,
}

/// A record that is ready to be published. Once it is, its pending row is removed if it still has the same token.
#[derive(Debug)]
pub struct PendingRecord {
    pub record_type: String,
    pub record_id: String,
    pub change_token: String,
}

/// A conversation whose row may have changed: because its candidate has, or the record of one of its people.
#[derive(Debug)]
pub struct AffectedInput {
    pub conversation_id: String,
    /// Its candidate, as stored. `None` means that it is none.
    pub candidate: Option<String>,
    /// The body of the candidate's contact, if that is known.
    pub contact: Option<String>,
    /// The contacts that it became, one after the other: `[[id, body or null], …]`. `None` means that it was not merged.
    pub contact_became: Option<String>,
}

/// Reads the inputs of organizations, sorted by id, in one round trip.
pub async fn read_inputs<D: Database>(
    database: &D,
    organization_ids: &[&str],
) -> Result<Vec<PublishInput>, DatabaseError> {
    let ids = to_json(organization_ids)?;
    let statement = |sql| Statement::new(sql, [ids.as_str().into()]);
    let outcomes = database
        .batch(vec![
            statement(include_str!("sql/read_heads.sql")),
            statement(include_str!("sql/read_pending.sql")),
            statement(include_str!("sql/read_chunks.sql")),
            statement(concat!(
                include_str!("sql/affected.sql"),
                include_str!("sql/affected_candidates.sql")
            )),
            statement(concat!(
                include_str!("sql/affected.sql"),
                include_str!("sql/affected_users.sql")
            )),
            statement(include_str!("sql/read_departments.sql")),
        ])
        .await?;
    let [heads, pending, chunks, affected, users, departments] = rows_of(outcomes)?;
    let mut inputs = BTreeMap::new();
    for row in &heads {
        let input = PublishInput {
            organization_id: row.text(0)?.to_owned(),
            version: row.integer(1)?,
            next_row_no: row.integer(2)?,
            retired: row.text(3)?.to_owned(),
            was_frozen: row.integer(4)? != 0,
            ..PublishInput::default()
        };
        inputs.insert(input.organization_id.clone(), input);
    }
    distribute(&mut inputs, &pending, |input, row| {
        input.pending.push(PendingRecord {
            record_type: row.text(1)?.to_owned(),
            record_id: row.text(2)?.to_owned(),
            change_token: row.text(3)?.to_owned(),
        });
        Ok(())
    })?;
    distribute(&mut inputs, &chunks, |input, row| {
        input.chunks.push(row.text(1)?.to_owned());
        Ok(())
    })?;
    distribute(&mut inputs, &affected, |input, row| {
        input.affected.push(AffectedInput {
            conversation_id: row.text(1)?.to_owned(),
            candidate: row.optional_text(2)?.map(str::to_owned),
            contact: row.optional_text(3)?.map(str::to_owned),
            contact_became: row.optional_text(4)?.map(str::to_owned),
        });
        Ok(())
    })?;
    distribute(&mut inputs, &users, |input, row| {
        input.users.push((row.text(1)?.to_owned(), row.text(2)?.to_owned()));
        Ok(())
    })?;
    distribute(&mut inputs, &departments, |input, row| {
        input
            .department_names
            .insert(Rc::from(row.text(1)?), Rc::from(row.text(2)?));
        Ok(())
    })?;
    Ok(inputs.into_values().collect())
}

/// Adds each row to the input of the organization that its first column names.
fn distribute(
    inputs: &mut BTreeMap<String, PublishInput>,
    rows: &[Row],
    mut add: impl FnMut(&mut PublishInput, &Row) -> Result<(), DatabaseError>,
) -> Result<(), DatabaseError> {
    for row in rows {
        if let Some(input) = inputs.get_mut(row.text(0)?) {
            add(input, row)?;
        }
    }
    Ok(())
}

/// Reads published rows by their numbers: for each organization, in the order given, a map of its own.
pub async fn read_published_rows<D: Database>(
    database: &D,
    row_nos: &[(&str, Vec<i64>)],
) -> Result<Vec<HashMap<i64, PublishedRow>>, DatabaseError> {
    let keys = row_nos
        .iter()
        .enumerate()
        .flat_map(|(number, (organization_id, row_nos))| {
            row_nos.iter().map(move |row_no| (number, organization_id, row_no))
        });
    let statements: Vec<Statement> = json_chunks(keys, PARAMETER_BYTES_MAX)?
        .into_iter()
        .map(|keys| Statement::new(include_str!("sql/read_published_rows.sql"), [SqlValue::Text(keys)]))
        .collect();
    let mut published = vec![HashMap::new(); row_nos.len()];
    if statements.is_empty() {
        return Ok(published);
    }
    let outcomes = database.batch(statements).await?;
    for row in outcomes.iter().flat_map(|outcome| &outcome.rows) {
        if let Some(rows) = published.get_mut(row.integer(0)? as usize) {
            let published_row = PublishedRow {
                people: row.text(2)?.to_owned(),
                json: row.text(3)?.to_owned(),
            };
            rows.insert(row.integer(1)?, published_row);
        }
    }
    Ok(published)
}
