//! From changed candidates to published versions.

use crate::base::timestamp::Timestamp;
use crate::conversation::report_row::PublishedRow;
use crate::refresh::Failures;
use crate::refresh::bisect::{bisect_failures, chunks};
use crate::refresh::lease::Lease;
use crate::refresh::plan::{Draft, Plan, PublishInput};
use crate::snapshot::version::CANDIDATES_MAX;
use crate::storage::database::{Database, DatabaseError, Row, SqlValue, Statement, rows_of};
use crate::storage::json_table::{Table, Value, to_json};
use std::collections::HashMap;
use std::rc::Rc;

/// Organizations published in one batch at most.
const ORGANIZATIONS_MAX: usize = 500;
/// Published rows and marks of the organizations of one batch at most, but for a single one that has more.
const WEIGHT_MAX: usize = 20_000;

/// What was published.
#[derive(Debug, Default)]
pub struct Published {
    pub organizations_seen: u64,
    pub organizations_published: u64,
    pub rows: u64,
}

/// The most rows and marks of one organization, all of which are held in memory at once: every candidate that there may
/// be, and a change of each.
const WEIGHT_OF_ONE_MAX: usize = 2 * CANDIDATES_MAX;

struct Work {
    organization_id: String,
    weight: usize,
    held: bool,
}

/// Publishes every organization that has anything to publish or to remove, but those in `failures`: their states are
/// not whole. Those that cannot be published are added to `failures`.
pub async fn publish_changed<D: Database>(
    database: &D,
    lease: Lease,
    failures: &mut Failures,
) -> Result<Published, DatabaseError> {
    let work = list(database, lease).await?;
    let mut published = Published {
        organizations_seen: u64::try_from(work.len()).unwrap_or(u64::MAX),
        ..Published::default()
    };
    for work in work.iter().filter(|work| work.weight > WEIGHT_OF_ONE_MAX) {
        failures.add(
            &work.organization_id,
            "too many candidates and changes at once".to_owned(),
        );
    }
    let whole: Vec<Work> = work
        .into_iter()
        .filter(|work| !failures.contains(&work.organization_id))
        .collect();
    // Those that failed last time go alone: they shall not make the others fail first.
    let (held, sound): (Vec<Work>, Vec<Work>) = whole.into_iter().partition(|work| work.held);
    let batches = chunks(&sound, ORGANIZATIONS_MAX, WEIGHT_MAX, |work| work.weight);
    for chunk in batches.into_iter().chain(held.chunks(1)) {
        let culprits = bisect_failures(chunk, async |chunk| {
            publish_chunk(database, lease, chunk, failures, &mut published).await
        })
        .await?;
        for (culprit, error) in culprits {
            failures.add(&culprit.organization_id, error.to_string());
        }
    }
    Ok(published)
}

async fn list<D: Database>(database: &D, lease: Lease) -> Result<Vec<Work>, DatabaseError> {
    let as_of = lease.as_of.as_milliseconds();
    let outcomes = database
        .batch(vec![Statement::new(
            include_str!("sql/publish_list.sql"),
            [SqlValue::Integer(as_of)],
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
    lease: Lease,
    chunk: &[Work],
    failures: &mut Failures,
    published: &mut Published,
) -> Result<(), DatabaseError> {
    let mut drafts = Vec::with_capacity(chunk.len());
    for (organization_id, reading) in read(database, chunk).await? {
        match Draft::new(reading) {
            Ok(draft) => drafts.push((organization_id, draft)),
            Err(reason) => failures.add(&organization_id, reason),
        }
    }
    let mut rows_before = read_rows_before(database, &drafts).await?.into_iter();
    let mut writes = Writes::default();
    for (organization_id, draft) in drafts {
        let rows_before = rows_before.next().unwrap_or_default();
        match draft.plan(&rows_before, lease.as_of) {
            Ok(plan) => writes.add(&organization_id, plan)?,
            Err(reason) => failures.add(&organization_id, reason),
        }
    }
    let (organizations, rows) = (writes.versions_published, writes.rows_published);
    let statements = writes.into_statements(lease);
    if !statements.is_empty() {
        database.batch(statements).await?;
    }
    published.organizations_published = published.organizations_published.saturating_add(organizations);
    published.rows = published.rows.saturating_add(rows);
    Ok(())
}

/// Sorted by organization.
async fn read<D: Database>(database: &D, chunk: &[Work]) -> Result<Vec<(String, PublishInput)>, DatabaseError> {
    let ids: Vec<&str> = chunk.iter().map(|work| work.organization_id.as_str()).collect();
    let ids = to_json(&ids)?;
    let statement = |sql| Statement::new(sql, [ids.as_str().into()]);
    let outcomes = database
        .batch(vec![
            statement(include_str!("sql/publish_heads.sql")),
            statement(include_str!("sql/publish_pending.sql")),
            statement(include_str!("sql/publish_chunks.sql")),
            statement(concat!(
                include_str!("sql/affected.sql"),
                include_str!("sql/affected_candidates.sql")
            )),
            statement(concat!(
                include_str!("sql/affected.sql"),
                include_str!("sql/affected_users.sql")
            )),
            statement(include_str!("sql/publish_departments.sql")),
        ])
        .await?;
    let [heads, marks, parts, touched, users, departments] = rows_of(outcomes)?;
    let mut readings = Vec::with_capacity(heads.len());
    for row in &heads {
        let reading = PublishInput {
            version: row.integer(1)?,
            next_row_no: row.integer(2)?,
            retired: row.text(3)?.to_owned(),
            held: row.integer(4)? != 0,
            ..PublishInput::default()
        };
        readings.push((row.text(0)?.to_owned(), reading));
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
    each(&mut readings, &departments, |reading, row| {
        let text = |index| row.text(index).map(Rc::from);
        reading.departments.insert(text(1)?, text(2)?);
        Ok(())
    })?;
    Ok(readings)
}

/// Gives each row to the reading of the organization that its first column names.
fn each(
    readings: &mut [(String, PublishInput)],
    rows: &[Row],
    mut give: impl FnMut(&mut PublishInput, &Row) -> Result<(), DatabaseError>,
) -> Result<(), DatabaseError> {
    for row in rows {
        let organization_id = row.text(0)?;
        let number = readings.binary_search_by(|(id, _)| id.as_str().cmp(organization_id));
        if let Some((_, reading)) = number.ok().and_then(|number| readings.get_mut(number)) {
            give(reading, row)?;
        }
    }
    Ok(())
}

/// Of each draft the published rows that it compares with, by number.
async fn read_rows_before<D: Database>(
    database: &D,
    drafts: &[(String, Draft)],
) -> Result<Vec<HashMap<i64, PublishedRow>>, DatabaseError> {
    let mut keys = Table::default();
    for (number, (organization_id, draft)) in (0_i64..).zip(drafts) {
        for row_no in draft.row_nos_before() {
            keys.push(&[number.into(), organization_id.as_str().into(), row_no.into()]);
        }
    }
    let mut rows_before: Vec<HashMap<i64, PublishedRow>> = Vec::new();
    rows_before.resize_with(drafts.len(), HashMap::new);
    let statement = |text| Statement::new(include_str!("sql/publish_rows_before.sql"), [SqlValue::Text(text)]);
    let statements: Vec<Statement> = keys.into_texts().into_iter().map(statement).collect();
    if statements.is_empty() {
        return Ok(rows_before);
    }
    let outcomes = database.batch(statements).await?;
    for row in outcomes.iter().flat_map(|outcome| &outcome.rows) {
        let number = usize::try_from(row.integer(0)?).unwrap_or(usize::MAX);
        if let Some(rows) = rows_before.get_mut(number) {
            let published = PublishedRow {
                people: row.text(2)?.to_owned(),
                json: row.text(3)?.to_owned(),
            };
            rows.insert(row.integer(1)?, published);
        }
    }
    Ok(rows_before)
}

/// What one batch writes.
#[derive(Default)]
struct Writes {
    rows: Table,
    parts: Table,
    heads: Table,
    versions_removed: Table,
    rows_removed: Table,
    marks: Table,
    versions_published: u64,
    rows_published: u64,
}

impl Writes {
    fn add(&mut self, organization_id: &str, plan: Plan) -> Result<(), DatabaseError> {
        let organization = Value::Text(organization_id);
        for (row_no, row) in &plan.rows {
            self.rows.push(&[
                organization,
                (*row_no).into(),
                row.people.as_str().into(),
                row.json.as_str().into(),
            ]);
            self.rows_published = self.rows_published.saturating_add(1);
        }
        if let Some(head) = &plan.head {
            for (part, entries) in (0_i64..).zip(&plan.parts) {
                self.parts
                    .push(&[organization, head.version.into(), part.into(), entries.as_str().into()]);
            }
            let is_new = head.candidates.is_some();
            self.versions_published = self.versions_published.saturating_add(u64::from(is_new));
            self.heads.push(&[
                organization,
                head.version.into(),
                head.next_row_no.into(),
                head.candidates.into(),
                to_json(&head.retired)?.as_str().into(),
                head.retire_at().map(Timestamp::as_milliseconds).into(),
            ]);
        }
        for version in plan.versions_removed {
            self.versions_removed.push(&[organization, version.into()]);
        }
        for row_no in plan.rows_removed {
            self.rows_removed.push(&[organization, row_no.into()]);
        }
        for (record_type, id, mark) in &plan.marks {
            self.marks.push(&[
                organization,
                record_type.as_str().into(),
                id.as_str().into(),
                mark.as_str().into(),
            ]);
        }
        Ok(())
    }

    /// The batch; empty where there is nothing to write.
    fn into_statements(self, lease: Lease) -> Vec<Statement> {
        let as_of = SqlValue::Integer(lease.as_of.as_milliseconds());
        let tables = [
            (include_str!("sql/publish_rows.sql"), self.rows, None),
            (include_str!("sql/publish_versions.sql"), self.parts, None),
            (include_str!("sql/publish_heads_switch.sql"), self.heads, Some(as_of)),
            (include_str!("sql/publish_settle.sql"), self.marks, None),
            (
                include_str!("sql/publish_retire_versions.sql"),
                self.versions_removed,
                None,
            ),
            (include_str!("sql/publish_retire_rows.sql"), self.rows_removed, None),
        ];
        let mut statements = vec![lease.guard()];
        for (sql, table, second) in tables {
            for text in table.into_texts() {
                let parameters = std::iter::once(SqlValue::Text(text)).chain(second.clone());
                statements.push(Statement::new(sql, parameters));
            }
        }
        if statements.len() == 1 {
            statements.clear();
        }
        statements
    }
}
