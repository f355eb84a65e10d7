//! What is read of affected conversations: their candidates with their people, and the rows that are published of them.

use crate::conversation::report_row::PublishedRow;
use crate::refresh::sql;
use crate::storage::database::{Database, DatabaseError, Row, Statement};
use crate::storage::json_table::{PARAMETER_BYTES_MAX, json_chunks};
use std::collections::HashMap;
use std::rc::Rc;

/// A candidate with the records of its people, as stored.
#[derive(Debug)]
pub struct JoinInput {
    /// Its id.
    pub conversation_id: String,
    /// Its candidate, as stored. `None` means that it is none.
    pub candidate: Option<String>,
    /// The body of the candidate's contact, if that is known.
    pub contact: Option<String>,
    /// The contacts that it became, one after the other: `[[id, body or null], …]`. `None` means that it was not
    /// merged.
    pub contact_became: Option<String>,
}

/// What is read of the affected conversations of an organization.
#[derive(Debug, Default)]
pub struct JoinInputs {
    /// The conversations.
    pub conversations: Vec<JoinInput>,
    /// The users of the conversations: their ids and bodies.
    pub users: Vec<(String, String)>,
    /// The names of their departments.
    pub department_names: Vec<(Rc<str>, Rc<str>)>,
    /// The rows that are published of them, by number.
    pub published_rows: HashMap<i64, PublishedRow>,
}

/// What is to be read of an organization.
pub struct JoinKeys<'a> {
    /// The id of the organization.
    pub organization_id: &'a str,
    /// The affected conversations.
    pub conversation_ids: Vec<&'a str>,
    /// The numbers of the rows that are published of them.
    pub row_nos: Vec<i64>,
}

/// Reads affected conversations with their people and their published rows, for each organization, in the order given,
/// in one round trip.
pub async fn read_join_inputs<D: Database>(
    database: &D,
    keys: &[JoinKeys<'_>],
) -> Result<Vec<JoinInputs>, DatabaseError> {
    let conversations = keys.iter().flat_map(|key| {
        let ids = key.conversation_ids.iter();
        ids.map(move |conversation_id| [key.organization_id.into(), (*conversation_id).into()])
    });
    let mut statements = Vec::new();
    for keys in json_chunks(conversations, PARAMETER_BYTES_MAX)? {
        for sql in [sql::KEYS_CANDIDATES, sql::KEYS_USERS, sql::KEYS_DEPARTMENTS] {
            statements.push(Statement::new(sql, [keys.as_str().into()]));
        }
    }
    let joins = statements.len();
    let rows = keys.iter().enumerate().flat_map(|(number, key)| {
        let row_nos = key.row_nos.iter();
        row_nos.map(move |row_no| [number.into(), key.organization_id.into(), (*row_no).into()])
    });
    for rows in json_chunks(rows, PARAMETER_BYTES_MAX)? {
        statements.push(Statement::new(sql::READ_PUBLISHED_ROWS, [rows.into()]));
    }
    let mut inputs: Vec<JoinInputs> = keys.iter().map(|_| JoinInputs::default()).collect();
    if statements.is_empty() {
        return Ok(inputs);
    }
    let numbers: HashMap<&str, usize> = keys
        .iter()
        .enumerate()
        .map(|(number, key)| (key.organization_id, number))
        .collect();
    for (number, outcome) in database.batch(statements).await?.into_iter().enumerate() {
        for row in &outcome.rows {
            let organization = if number < joins {
                numbers.get(row.text(0)?).copied()
            } else {
                Some(row.integer(0)? as usize)
            };
            if let Some(input) = organization.and_then(|organization| inputs.get_mut(organization)) {
                // The three statements of a portion of the keys, and then those of the rows.
                let kind = if number < joins { number % 3 } else { 3 };
                add_join_row(input, kind, row)?;
            }
        }
    }
    Ok(inputs)
}

fn add_join_row(input: &mut JoinInputs, kind: usize, row: &Row) -> Result<(), DatabaseError> {
    match kind {
        0 => input.conversations.push(JoinInput {
            conversation_id: row.text(1)?.to_owned(),
            candidate: row.optional_text(2)?.map(str::to_owned),
            contact: row.optional_text(3)?.map(str::to_owned),
            contact_became: row.optional_text(4)?.map(str::to_owned),
        }),
        1 => input.users.push((row.text(1)?.to_owned(), row.text(2)?.to_owned())),
        2 => input
            .department_names
            .push((Rc::from(row.text(1)?), Rc::from(row.text(2)?))),
        _ => {
            let published_row = PublishedRow {
                people: row.text(2)?.to_owned(),
                json: row.text(3)?.to_owned(),
            };
            input.published_rows.insert(row.integer(1)?, published_row);
        }
    }
    Ok(())
}
