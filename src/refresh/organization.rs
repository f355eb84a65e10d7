//! The next version of one organization's snapshot, from what is published and what changed. Pure.

use crate::instant::Instant;
use crate::monitor::candidate::Candidate;
use crate::monitor::row::{Contact, PublishedRow, User, publish_row};
use crate::monitor::timeline::read_body;
use crate::monitor::version::{CANDIDATES_MAX, Entry, Version};
use crate::refresh::RETENTION_MS;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// An organization's head, and what was read for its next version.
#[derive(Debug, Default)]
pub struct Reading {
    /// The published version; 0: none.
    pub version: i64,
    /// The first row number that no version has used.
    pub next_row_no: i64,
    /// Superseded versions that are still kept, as stored.
    pub retired: String,
    /// Whether the last refresh of it failed.
    pub held: bool,
    /// The parts of the published version.
    pub parts: Vec<String>,
    /// What is ready to be published: type, id, mark.
    pub marks: Vec<(String, String, String)>,
    /// Touched conversations: id, candidate, contact, as stored.
    pub touched: Vec<(String, Option<String>, Option<String>)>,
    /// Users: id and record, as stored.
    pub users: Vec<(String, String)>,
}

/// A superseded version: since when, which, and its rows that no later version lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retired(Instant, i64, Vec<i64>);

/// The touched conversations with the rows they have now, before it is known what changed.
#[derive(Debug)]
pub struct Draft {
    reading: Reading,
    before: Version,
    /// Of each touched conversation the row it has now, if it has one.
    now: BTreeMap<String, Option<(Entry, PublishedRow)>>,
    /// Of each touched conversation the number of its published row, if it has one.
    row_nos_before: HashMap<String, i64>,
}

/// What is to be written for one organization.
#[derive(Debug, Default)]
pub struct Plan {
    /// Marks that are settled: type, id, mark.
    pub marks: Vec<(String, String, String)>,
    /// New rows with their numbers.
    pub rows: Vec<(i64, PublishedRow)>,
    /// The parts of the new version; none where nothing changed.
    pub parts: Vec<String>,
    /// The new head; none where not even that changes.
    pub head: Option<NewHead>,
    /// Versions to be removed.
    pub versions_removed: Vec<i64>,
    /// Rows to be removed.
    pub rows_removed: Vec<i64>,
}

/// A head as it is to be.
#[derive(Debug)]
pub struct NewHead {
    pub version: i64,
    pub next_row_no: i64,
    /// Rows of the version; none where the version stays.
    pub candidates: Option<usize>,
    pub retired: Vec<Retired>,
}

impl NewHead {
    /// When the first retired version may be removed.
    pub fn retire_at(&self) -> Option<Instant> {
        self.retired
            .first()
            .map(|Retired(superseded_at, _, _)| superseded_at.plus(RETENTION_MS))
    }
}

impl Draft {
    /// Reads what was stored, and joins the touched candidates with their names.
    ///
    /// # Errors
    /// A text for the log where something stored is not what it should be.
    pub fn new(mut reading: Reading) -> Result<Self, String> {
        let before = Version::from_parts(reading.parts.iter().map(String::as_str))
            .map_err(|error| format!("version {}: {error}", reading.version))?;
        let users = reading
            .users
            .iter()
            .map(|(id, body)| Ok((id.clone(), read::<User>("user", id, body)?)))
            .collect::<Result<HashMap<_, _>, String>>()?;
        let mut now = BTreeMap::new();
        for (conversation_id, candidate, contact) in std::mem::take(&mut reading.touched) {
            let row = join(&conversation_id, candidate.as_deref(), contact.as_deref(), &users)?;
            now.insert(conversation_id, row);
        }
        let row_nos_before = before
            .entries()
            .iter()
            .filter(|entry| now.contains_key(&entry.conversation_id))
            .map(|entry| (entry.conversation_id.clone(), entry.row_no))
            .collect();
        Ok(Self {
            reading,
            before,
            now,
            row_nos_before,
        })
    }

    /// The numbers of the published rows that [`Draft::plan`] compares with.
    pub fn row_nos_before(&self) -> impl Iterator<Item = i64> {
        self.row_nos_before.values().copied()
    }

    /// Compares with the published rows, and says what is to be written. A conversation whose row is the same, byte
    /// for byte, is left alone; an organization of which nothing changed keeps its version.
    ///
    /// # Errors
    /// A text for the log where the next version cannot be.
    pub fn plan(self, rows_before: &HashMap<i64, PublishedRow>, as_of: Instant) -> Result<Plan, String> {
        let reading = self.reading;
        let mut retired: Vec<Retired> = serde_json::from_str(&reading.retired).map_err(|error| error.to_string())?;
        let mut plan = Plan::default();
        let still_kept = |Retired(superseded_at, _, _): &Retired| superseded_at.plus(RETENTION_MS) > as_of;
        let due = retired.partition_point(|retired| !still_kept(retired));
        for Retired(_, version, row_nos) in retired.drain(..due) {
            plan.versions_removed.push(version);
            plan.rows_removed.extend(row_nos);
        }

        let mut next_row_no = reading.next_row_no;
        let mut superseded = Vec::new();
        let mut changes = HashMap::new();
        for (conversation_id, row) in self.now {
            let row_no_before = self.row_nos_before.get(&conversation_id);
            let row_before = row_no_before.and_then(|row_no| rows_before.get(row_no));
            if row.as_ref().map(|(_, row)| row) == row_before && row_no_before.is_some() == row.is_some() {
                continue;
            }
            superseded.extend(row_no_before);
            let entry = row.map(|(mut entry, row)| {
                entry.row_no = next_row_no;
                plan.rows.push((next_row_no, row));
                next_row_no = next_row_no.saturating_add(1);
                entry
            });
            changes.insert(conversation_id, entry);
        }

        let mut version = reading.version;
        let mut candidates = None;
        if !changes.is_empty() || (version == 0 && !reading.marks.is_empty()) {
            let after = self.before.with_changes(&changes);
            if after.entries().len() > CANDIDATES_MAX {
                return Err(format!("more than {CANDIDATES_MAX} candidates"));
            }
            plan.parts = after.to_parts().map_err(|error| error.to_string())?;
            candidates = Some(after.entries().len());
            if version > 0 {
                superseded.sort_unstable();
                retired.push(Retired(as_of, version, superseded));
            }
            version = version.saturating_add(1);
        }
        if candidates.is_some() || due > 0 || reading.held {
            plan.head = Some(NewHead {
                version,
                next_row_no,
                candidates,
                retired,
            });
        }
        plan.marks = reading.marks;
        Ok(plan)
    }
}

fn read<T: for<'a> Deserialize<'a>>(what: &str, id: &str, body: &str) -> Result<T, String> {
    read_body(body).map_err(|problem| format!("{what} {id}: {}", problem.reason))
}

fn join(
    conversation_id: &str,
    candidate: Option<&str>,
    contact: Option<&str>,
    users: &HashMap<String, User>,
) -> Result<Option<(Entry, PublishedRow)>, String> {
    let Some(candidate) = candidate else {
        return Ok(None);
    };
    let candidate: Candidate = read("candidate", conversation_id, candidate)?;
    let contact: Option<Contact> = contact
        .map(|body| read("contact", &candidate.contact_id, body))
        .transpose()?;
    let row = publish_row(conversation_id, &candidate, contact.as_ref(), users).map_err(|error| error.to_string())?;
    Ok(row.map(|row| {
        let entry = Entry {
            stalled_since: candidate.stalled_since,
            conversation_id: conversation_id.to_owned(),
            row_no: 0,
            category: candidate.category,
            department_id: candidate.department_id,
        };
        (entry, row)
    }))
}
