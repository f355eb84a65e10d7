//! From changed candidates to published versions.

use crate::monitor::row::PublishedRow;
use crate::ports::{Cell, Database, DatabaseError, Row, Statement, rows_of};
use crate::refresh::organization::{Draft, Plan, Reading};
use crate::refresh::split::{chunks, split_on_failure};
use crate::refresh::{Claim, Failures, to_json};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// Organizations published in one batch at most.
const ORGANIZATIONS_MAX: usize = 500;
/// Published rows and marks of the organizations of one batch at most, but for a single one that has more.
const WEIGHT_MAX: usize = 20_000;
/// The most bytes of rows or versions in one parameter: D1 takes 2 MB, and JSON within JSON can double a text.
const PARAMETER_BYTES_MAX: usize = 700_000;

/// What was published.
#[derive(Debug, Default)]
pub struct Published {
    pub organizations_seen: u64,
    pub organizations_published: u64,
    pub rows: u64,
}

struct Work {
    organization_id: String,
    weight: usize,
    held: bool,
}

/// Publishes every organization that has anything to publish or to remove, but those in `failures`: their states are
/// not whole. Those that cannot be published are added to `failures`.
pub async fn publish_changed<D: Database>(
    database: &D,
    claim: Claim,
    failures: &mut Failures,
) -> Result<Published, DatabaseError> {
    let work = list(database, claim).await?;
    let mut published = Published {
        organizations_seen: u64::try_from(work.len()).unwrap_or(u64::MAX),
        ..Published::default()
    };
    let whole: Vec<Work> = work
        .into_iter()
        .filter(|work| !failures.contains_key(&work.organization_id))
        .collect();
    // Those that failed last time go alone: they shall not make the others fail first.
    let (held, sound): (Vec<Work>, Vec<Work>) = whole.into_iter().partition(|work| work.held);
    let batches = chunks(&sound, ORGANIZATIONS_MAX, WEIGHT_MAX, |work| work.weight);
    for chunk in batches.into_iter().chain(held.chunks(1)) {
        let culprits = split_on_failure(chunk, async |chunk| {
            publish_chunk(database, claim, chunk, failures, &mut published).await
        })
        .await?;
        for (culprit, error) in culprits {
            failures
                .entry(culprit.organization_id.clone())
                .or_insert_with(|| error.to_string());
        }
    }
    Ok(published)
}

async fn list<D: Database>(database: &D, claim: Claim) -> Result<Vec<Work>, DatabaseError> {
    let as_of = claim.as_of.milliseconds();
    let outcomes = database
        .batch(vec![Statement::new(
            include_str!("sql/publish_list.sql"),
            [Cell::Integer(as_of)],
        )])
        .await?;
    let [rows] = rows_of(outcomes)?;
    let work = |row: &Row| {
        let size = row.integer(1)?.saturating_add(row.integer(2)?);
        Ok(Work {
            organization_id: row.text(0)?.to_owned(),
            weight: usize::try_from(size).unwrap_or(usize::MAX),
            held: row.integer(3)? != 0,
        })
    };
    rows.iter().map(work).collect()
}

/// Reads, plans and writes some organizations: three round trips.
async fn publish_chunk<D: Database>(
    database: &D,
    claim: Claim,
    chunk: &[Work],
    failures: &mut Failures,
    published: &mut Published,
) -> Result<(), DatabaseError> {
    let mut drafts = BTreeMap::new();
    for (organization_id, reading) in read(database, chunk).await? {
        match Draft::new(reading) {
            Ok(draft) => {
                drafts.insert(organization_id, draft);
            }
            Err(reason) => {
                failures.insert(organization_id, reason);
            }
        }
    }
    let mut rows_before = read_rows_before(database, &drafts).await?;
    let mut writes = Writes::default();
    for (organization_id, draft) in drafts {
        let rows_before = rows_before.remove(&organization_id).unwrap_or_default();
        match draft.plan(&rows_before, claim.as_of) {
            Ok(plan) => writes.add(&organization_id, plan)?,
            Err(reason) => {
                failures.insert(organization_id, reason);
            }
        }
    }
    let (organizations, rows) = (writes.versions, writes.rows_written);
    let statements = writes.into_statements(claim);
    if !statements.is_empty() {
        database.batch(statements).await?;
    }
    published.organizations_published = published.organizations_published.saturating_add(organizations);
    published.rows = published.rows.saturating_add(rows);
    Ok(())
}

async fn read<D: Database>(database: &D, chunk: &[Work]) -> Result<BTreeMap<String, Reading>, DatabaseError> {
    let ids: Vec<&str> = chunk.iter().map(|work| work.organization_id.as_str()).collect();
    let ids = to_json(&ids)?;
    let statement = |sql| Statement::new(sql, [ids.as_str().into()]);
    let outcomes = database
        .batch(vec![
            statement(include_str!("sql/publish_heads.sql")),
            statement(include_str!("sql/publish_marks.sql")),
            statement(include_str!("sql/publish_parts.sql")),
            statement(concat!(
                include_str!("sql/touched.sql"),
                include_str!("sql/touched_candidates.sql")
            )),
            statement(concat!(
                include_str!("sql/touched.sql"),
                include_str!("sql/touched_users.sql")
            )),
        ])
        .await?;
    let [heads, marks, parts, touched, users] = rows_of(outcomes)?;
    let mut readings: BTreeMap<String, Reading> = BTreeMap::new();
    for row in &heads {
        let reading = Reading {
            version: row.integer(1)?,
            next_row_no: row.integer(2)?,
            retired: row.text(3)?.to_owned(),
            held: row.integer(4)? != 0,
            ..Reading::default()
        };
        readings.insert(row.text(0)?.to_owned(), reading);
    }
    each(&mut readings, &marks, |reading, row| {
        let text = |index| row.text(index).map(str::to_owned);
        reading.marks.push((text(1)?, text(2)?, text(3)?));
        Ok(())
    })?;
    each(&mut readings, &parts, |reading, row| {
        reading.parts.push(row.text(1)?.to_owned());
        Ok(())
    })?;
    each(&mut readings, &touched, |reading, row| {
        let text = |index| row.optional_text(index).map(|text| text.map(str::to_owned));
        reading.touched.push((row.text(1)?.to_owned(), text(2)?, text(3)?));
        Ok(())
    })?;
    each(&mut readings, &users, |reading, row| {
        let text = |index| row.text(index).map(str::to_owned);
        reading.users.push((text(1)?, text(2)?));
        Ok(())
    })?;
    Ok(readings)
}

/// Gives each row to the reading of the organization that its first column names.
fn each(
    readings: &mut BTreeMap<String, Reading>,
    rows: &[Row],
    mut give: impl FnMut(&mut Reading, &Row) -> Result<(), DatabaseError>,
) -> Result<(), DatabaseError> {
    for row in rows {
        if let Some(reading) = readings.get_mut(row.text(0)?) {
            give(reading, row)?;
        }
    }
    Ok(())
}

type RowsBefore = HashMap<String, HashMap<i64, PublishedRow>>;

async fn read_rows_before<D: Database>(
    database: &D,
    drafts: &BTreeMap<String, Draft>,
) -> Result<RowsBefore, DatabaseError> {
    let keys: Vec<(&str, i64)> = drafts
        .iter()
        .flat_map(|(organization_id, draft)| draft.row_nos_before().map(|row_no| (organization_id.as_str(), row_no)))
        .collect();
    let mut rows_before = RowsBefore::new();
    if keys.is_empty() {
        return Ok(rows_before);
    }
    let outcomes = database
        .batch(vec![Statement::new(
            include_str!("sql/publish_rows_before.sql"),
            [Cell::Text(to_json(&keys)?)],
        )])
        .await?;
    let [rows] = rows_of(outcomes)?;
    for row in &rows {
        let people = serde_json::from_str(row.text(2)?)
            .map_err(|_| DatabaseError::Decode("people of a row are not a JSON array"))?;
        let published = PublishedRow {
            json: row.text(3)?.to_owned(),
            people,
        };
        rows_before
            .entry(row.text(0)?.to_owned())
            .or_default()
            .insert(row.integer(1)?, published);
    }
    Ok(rows_before)
}

/// What one batch writes.
#[derive(Default)]
struct Writes {
    rows: Vec<Value>,
    parts: Vec<Value>,
    heads: Vec<Value>,
    versions_removed: Vec<Value>,
    rows_removed: Vec<Value>,
    marks: Vec<Value>,
    versions: u64,
    rows_written: u64,
}

impl Writes {
    fn add(&mut self, organization_id: &str, plan: Plan) -> Result<(), DatabaseError> {
        for (row_no, row) in plan.rows {
            let people = to_json(&row.people)?;
            self.rows.push(json!([organization_id, row_no, people, row.json]));
            self.rows_written = self.rows_written.saturating_add(1);
        }
        if let Some(head) = plan.head {
            for (part, entries) in plan.parts.into_iter().enumerate() {
                self.parts.push(json!([organization_id, head.version, part, entries]));
            }
            self.versions = self.versions.saturating_add(u64::from(head.candidates.is_some()));
            self.heads.push(json!([
                organization_id,
                head.version,
                head.next_row_no,
                head.candidates,
                to_json(&head.retired)?,
                head.retire_at(),
            ]));
        }
        let with_number = |number: i64| json!([organization_id, number]);
        self.versions_removed
            .extend(plan.versions_removed.into_iter().map(with_number));
        self.rows_removed.extend(plan.rows_removed.into_iter().map(with_number));
        for (record_type, id, mark) in plan.marks {
            self.marks.push(json!([organization_id, record_type, id, mark]));
        }
        Ok(())
    }

    /// The batch; empty where there is nothing to write.
    fn into_statements(self, claim: Claim) -> Vec<Statement> {
        let mut statements = Vec::new();
        let mut add = |sql: &'static str, values: Vec<Value>, more: &[Cell]| {
            for parameter in parameters(values) {
                let parameters = std::iter::once(Cell::Text(parameter)).chain(more.iter().cloned());
                statements.push(Statement::new(sql, parameters));
            }
        };
        let as_of = Cell::Integer(claim.as_of.milliseconds());
        add(include_str!("sql/publish_rows.sql"), self.rows, &[]);
        add(include_str!("sql/publish_versions.sql"), self.parts, &[]);
        add(include_str!("sql/publish_heads_switch.sql"), self.heads, &[as_of]);
        add(include_str!("sql/publish_settle.sql"), self.marks, &[]);
        add(
            include_str!("sql/publish_retire_versions.sql"),
            self.versions_removed,
            &[],
        );
        add(include_str!("sql/publish_retire_rows.sql"), self.rows_removed, &[]);
        if !statements.is_empty() {
            statements.insert(0, claim.guard());
        }
        statements
    }
}

/// The values as JSON arrays, none longer than a parameter may be; no values, no array.
fn parameters(values: Vec<Value>) -> Vec<String> {
    let mut texts = Vec::new();
    let mut open = String::new();
    for value in values {
        let text = value.to_string();
        if !open.is_empty() && open.len().saturating_add(text.len()) > PARAMETER_BYTES_MAX {
            open.push(']');
            texts.push(std::mem::take(&mut open));
        }
        open.push(if open.is_empty() { '[' } else { ',' });
        open.push_str(&text);
    }
    if !open.is_empty() {
        open.push(']');
        texts.push(open);
    }
    texts
}
