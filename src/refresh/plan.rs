//! The next version of one organization's snapshot, from what is published and what changed. Pure.

use crate::base::timestamp::Timestamp;
use crate::conversation::report_row::{Contact, PublishedRow, Users, publish_row};
use crate::conversation::stall::Candidate;
use crate::conversation::timeline::read_body;
use crate::refresh::RETENTION_MS;
use crate::snapshot::version::{CANDIDATES_MAX, Entry, Version};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// An organization's head, and what was read for its next version.
#[derive(Debug, Default)]
pub struct PublishInput {
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
    /// AffectedConversation conversations: id, candidate, contact, as stored.
    pub touched: Vec<(String, Option<String>, Option<String>)>,
    /// Users: id and record, as stored.
    pub users: Vec<(String, String)>,
    /// The names of its departments.
    pub departments: BTreeMap<Rc<str>, Rc<str>>,
}

/// A superseded version: since when, which, and its rows that no later version lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retired(Timestamp, i64, Vec<i64>);

/// The touched conversations with the rows they have now, before it is known what changed.
#[derive(Debug)]
pub struct Draft {
    reading: PublishInput,
    before: Version,
    touched: Vec<AffectedConversation>,
}

/// A touched conversation.
#[derive(Debug)]
struct AffectedConversation {
    /// The number of its published row, if it has one.
    row_no_before: Option<i64>,
    /// The row it has now, if it has one.
    now: Option<(Entry, PublishedRow)>,
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
    pub head: Option<HeadUpdate>,
    /// Versions to be removed.
    pub versions_removed: Vec<i64>,
    /// Rows to be removed.
    pub rows_removed: Vec<i64>,
}

/// A head as it is to be.
#[derive(Debug)]
pub struct HeadUpdate {
    pub version: i64,
    pub next_row_no: i64,
    /// Rows of the version; none where the version stays.
    pub candidates: Option<i64>,
    pub retired: Vec<Retired>,
}

impl HeadUpdate {
    /// When the first retired version may be removed.
    pub fn retire_at(&self) -> Option<Timestamp> {
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
    pub fn new(mut reading: PublishInput) -> Result<Self, String> {
        let before = Version::from_chunks(reading.parts.iter().map(String::as_str))
            .map_err(|error| format!("version {}: {error}", reading.version))?;
        let mut users = Users::default();
        for (id, body) in &reading.users {
            users.add(id, read("user", id, body)?);
        }
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut touched = Vec::with_capacity(reading.touched.len());
        for (conversation_id, candidate, contact) in std::mem::take(&mut reading.touched) {
            let now = join(&conversation_id, candidate.as_deref(), contact.as_deref(), &users)?;
            numbers.insert(conversation_id, touched.len());
            touched.push(AffectedConversation {
                row_no_before: None,
                now,
            });
        }
        for entry in before.entries() {
            let number = numbers.get(&entry.conversation_id);
            if let Some(touched) = number.and_then(|number| touched.get_mut(*number)) {
                touched.row_no_before = Some(entry.row_no);
            }
        }
        Ok(Self {
            reading,
            before,
            touched,
        })
    }

    /// The numbers of the published rows that [`Draft::plan`] compares with.
    pub fn row_nos_before(&self) -> impl Iterator<Item = i64> {
        self.touched.iter().filter_map(|touched| touched.row_no_before)
    }

    /// Compares with the published rows, and says what is to be written. A conversation whose row is the same, byte
    /// for byte, is left alone; an organization of which nothing changed keeps its version. A department's new name is
    /// a new list of the same rows.
    ///
    /// # Errors
    /// A text for the log where the next version cannot be.
    pub fn plan(self, rows_before: &HashMap<i64, PublishedRow>, as_of: Timestamp) -> Result<Plan, String> {
        let reading = self.reading;
        let mut retired: Vec<Retired> =
            serde_json::from_str(&reading.retired).map_err(|error| format!("retired versions: {error}"))?;
        let mut plan = Plan::default();
        let still_kept = |Retired(superseded_at, _, _): &Retired| superseded_at.plus(RETENTION_MS) > as_of;
        let due = retired.partition_point(|retired| !still_kept(retired));
        for Retired(_, version, row_nos) in retired.drain(..due) {
            plan.versions_removed.push(version);
            plan.rows_removed.extend(row_nos);
        }

        let mut next_row_no = reading.next_row_no;
        let mut superseded = Vec::new();
        let mut added = Vec::new();
        for AffectedConversation { row_no_before, now } in self.touched {
            let row_before = row_no_before.and_then(|row_no| rows_before.get(&row_no));
            let row_now = now.as_ref().map(|(_, row)| row);
            if row_now == row_before && row_now.is_some() == row_no_before.is_some() {
                continue;
            }
            superseded.extend(row_no_before);
            if let Some((mut entry, row)) = now {
                entry.row_no = next_row_no;
                added.push(entry);
                plan.rows.push((next_row_no, row));
                next_row_no = next_row_no.saturating_add(1);
            }
        }
        superseded.sort_by(i64::cmp);

        let mut version = reading.version;
        let mut candidates = None;
        let has_changed = !superseded.is_empty() || !added.is_empty();
        let names_before = self.before.department_names().clone();
        let after = self
            .before
            .with_changes(&superseded, added)
            .with_department_names(&reading.departments);
        let is_renamed = *after.department_names() != names_before;
        if has_changed || is_renamed || (version == 0 && !reading.marks.is_empty()) {
            if after.entries().len() > CANDIDATES_MAX {
                return Err(format!("more than {CANDIDATES_MAX} candidates"));
            }
            plan.parts = after.to_chunks().map_err(|error| error.to_string())?;
            candidates = i64::try_from(after.entries().len()).ok();
            if version > 0 {
                retired.push(Retired(as_of, version, superseded));
            }
            version = version.saturating_add(1);
        }
        if candidates.is_some() || due > 0 || reading.held {
            plan.head = Some(HeadUpdate {
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

fn read<T: DeserializeOwned>(what: &str, id: &str, body: &str) -> Result<T, String> {
    read_body(body).map_err(|problem| format!("{what} {id}: {}", problem.reason))
}

fn join(
    conversation_id: &str,
    candidate: Option<&str>,
    contact: Option<&str>,
    users: &Users,
) -> Result<Option<(Entry, PublishedRow)>, String> {
    let Some(candidate) = candidate else {
        return Ok(None);
    };
    let candidate: Candidate = read("candidate", conversation_id, candidate)?;
    let contact: Option<Contact> = contact
        .map(|body| read("contact", &candidate.contact_id, body))
        .transpose()?;
    let joined =
        publish_row(conversation_id, &candidate, contact.as_ref(), users).map_err(|error| error.to_string())?;
    Ok(joined.map(|joined| {
        let entry = Entry {
            stalled_since: candidate.stalled_since,
            conversation_id: conversation_id.to_owned(),
            row_no: 0,
            category: candidate.category,
            reason: joined.reason,
            channel_type: candidate.channel_type.into(),
            department_id: candidate.department_id.map(Rc::from),
            assignee_names: joined.assignee_names,
        };
        (entry, joined.row)
    }))
}
