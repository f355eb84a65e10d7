//! The next snapshot version of one organization, from what is published and what changed. No I/O.
//!
//! [`PublishInput`] is what was read, [`PublishDraft`] is that with the affected rows as they are now, and
//! [`PublishPlan`] is what is to be written once the draft was compared with the published rows.

use crate::base::timestamp::Timestamp;
use crate::conversation::body::{Contact, User};
use crate::conversation::report_row::{PublishedRow, join_row};
use crate::conversation::stall::Candidate;
use crate::refresh::input::{AffectedInput, PendingRecord, PublishInput};
use crate::snapshot::version::{CANDIDATES_MAX, Entry, Version};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

/// How long a version can still be read after it was superseded: ten minutes between the scheduled instants of the run
/// that superseded it and the run that removes it.
pub const RETENTION_MS: i64 = 10 * 60_000;

/// A superseded version that is not removed yet. In JSON it is an array, for there are many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(Timestamp, i64, Vec<i64>)", into = "(Timestamp, i64, Vec<i64>)")]
struct RetiredVersion {
    superseded_at: Timestamp,
    version: i64,
    /// Its rows that no later version lists.
    row_nos: Vec<i64>,
}

impl RetiredVersion {
    fn may_be_removed_at(&self) -> Timestamp {
        self.superseded_at.plus(RETENTION_MS)
    }
}

impl From<(Timestamp, i64, Vec<i64>)> for RetiredVersion {
    fn from((superseded_at, version, row_nos): (Timestamp, i64, Vec<i64>)) -> Self {
        Self {
            superseded_at,
            version,
            row_nos,
        }
    }
}

impl From<RetiredVersion> for (Timestamp, i64, Vec<i64>) {
    fn from(retired: RetiredVersion) -> Self {
        (retired.superseded_at, retired.version, retired.row_nos)
    }
}

/// The affected conversations with the rows that they have now, before it is known which of them changed.
#[derive(Debug)]
pub struct PublishDraft {
    input: PublishInput,
    published: Version,
    affected: Vec<AffectedConversation>,
}

/// A conversation whose row may have changed.
#[derive(Debug)]
struct AffectedConversation {
    /// The number of its published row, if it has one.
    published_row_no: Option<i64>,
    /// The row that it has now, if it has one.
    current: Option<(Entry, PublishedRow)>,
}

/// What is to be written for one organization.
#[derive(Debug, Default)]
pub struct PublishPlan {
    pub organization_id: String,
    /// What is no longer pending once the plan is carried out.
    pub settled: Vec<PendingRecord>,
    /// New rows with their numbers.
    pub rows: Vec<(i64, PublishedRow)>,
    /// The chunks of the new version. There is none if nothing changed.
    pub chunks: Vec<String>,
    /// The new head. `None` means that it stays as it is.
    pub head: Option<HeadUpdate>,
    pub versions_removed: Vec<i64>,
    pub rows_removed: Vec<i64>,
}

impl PublishPlan {
    /// Whether it publishes a new version, and does not only keep the head up to date.
    pub fn has_new_version(&self) -> bool {
        self.head.as_ref().is_some_and(|head| head.candidates.is_some())
    }
}

/// A head as it is to be.
#[derive(Debug)]
pub struct HeadUpdate {
    pub version: i64,
    pub next_row_no: i64,
    /// How many rows the new version has. `None` means that the version stays.
    pub candidates: Option<i64>,
    /// The same by category, as JSON.
    pub categories: Option<String>,
    /// Superseded versions, as they are stored.
    pub retired: String,
    /// When the first of them may be removed.
    pub retire_at: Option<Timestamp>,
}

impl PublishDraft {
    /// Parses what was stored, and joins the affected candidates with their names.
    ///
    /// # Errors
    /// A text for the log if something stored is damaged.
    pub fn new(mut input: PublishInput) -> Result<Self, String> {
        let published = Version::from_chunks(input.chunks.iter().map(String::as_str))
            .map_err(|error| format!("version {}: {error}", input.version))?;
        let mut users: HashMap<String, User> = HashMap::new();
        for (id, body) in std::mem::take(&mut input.users) {
            let user = parse("user", &id, &body)?;
            users.insert(id, user);
        }
        let affected_ids: HashSet<&str> = input
            .affected
            .iter()
            .map(|conversation| conversation.conversation_id.as_str())
            .collect();
        let row_nos: HashMap<&str, i64> = published
            .entries()
            .iter()
            .map(|entry| (entry.conversation_id.as_str(), entry.row_no))
            .filter(|(conversation_id, _)| affected_ids.contains(conversation_id))
            .collect();
        let mut affected = Vec::with_capacity(input.affected.len());
        for conversation in std::mem::take(&mut input.affected) {
            affected.push(AffectedConversation {
                published_row_no: row_nos.get(conversation.conversation_id.as_str()).copied(),
                current: join(conversation, &users)?,
            });
        }
        Ok(Self {
            input,
            published,
            affected,
        })
    }

    /// The organization that it is about.
    pub fn organization_id(&self) -> &str {
        &self.input.organization_id
    }

    /// The numbers of the published rows that [`PublishDraft::plan`] compares with.
    pub fn published_row_nos(&self) -> Vec<i64> {
        self.affected
            .iter()
            .filter_map(|conversation| conversation.published_row_no)
            .collect()
    }

    /// Compares with the published rows, and decides what is to be written. A conversation whose row is the same, byte
    /// for byte, keeps it; an organization of which nothing changed keeps its version. If only a department was renamed,
    /// the new version lists the same rows.
    ///
    /// # Errors
    /// A text for the log if there can be no next version.
    pub fn plan(self, published_rows: &HashMap<i64, PublishedRow>, as_of: Timestamp) -> Result<PublishPlan, String> {
        let input = self.input;
        let mut retired: Vec<RetiredVersion> =
            serde_json::from_str(&input.retired).map_err(|error| format!("retired versions: {error}"))?;
        let due = retired.partition_point(|retired| retired.may_be_removed_at() <= as_of);
        let (versions_removed, rows_removed): (Vec<i64>, Vec<Vec<i64>>) = retired
            .drain(..due)
            .map(|retired| (retired.version, retired.row_nos))
            .unzip();
        let changes = Changes::new(self.affected, published_rows, input.next_row_no);
        let names_before = self.published.department_names().clone();
        let has_changed = !changes.superseded.is_empty() || !changes.entries.is_empty();
        let next = self
            .published
            .with_changes(&changes.superseded, changes.entries)
            .with_department_names(&input.department_names);
        let is_renamed = *next.department_names() != names_before;
        let is_first = input.version == 0 && !input.pending.is_empty();

        let mut version = input.version;
        let mut candidates = None;
        let mut categories = None;
        let mut chunks = Vec::new();
        if has_changed || is_renamed || is_first {
            if next.entries().len() > CANDIDATES_MAX {
                return Err(format!("more than {CANDIDATES_MAX} candidates"));
            }
            chunks = next.to_chunks().map_err(|error| error.to_string())?;
            candidates = Some(next.entries().len() as i64);
            categories = Some(serde_json::to_string(&by_category(&next)).map_err(|error| error.to_string())?);
            if version > 0 {
                retired.push(RetiredVersion {
                    superseded_at: as_of,
                    version,
                    row_nos: changes.superseded,
                });
            }
            version += 1;
        }
        let head = if candidates.is_some() || due > 0 || input.was_frozen {
            Some(HeadUpdate {
                version,
                next_row_no: changes.next_row_no,
                candidates,
                categories,
                retired: serde_json::to_string(&retired).map_err(|error| error.to_string())?,
                retire_at: retired.first().map(RetiredVersion::may_be_removed_at),
            })
        } else {
            None
        };
        Ok(PublishPlan {
            organization_id: input.organization_id,
            settled: input.pending,
            rows: changes.rows,
            chunks,
            head,
            versions_removed,
            rows_removed: rows_removed.concat(),
        })
    }
}

/// How many entries a version has of each category that it has.
fn by_category(version: &Version) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for entry in version.entries() {
        *counts.entry(entry.category.as_str()).or_default() += 1;
    }
    counts
}

/// How the rows of the next version differ from those of the published one.
struct Changes {
    /// The numbers of rows that the next version does not list, ascending.
    superseded: Vec<i64>,
    /// The entries of new rows.
    entries: Vec<Entry>,
    /// New rows with their numbers.
    rows: Vec<(i64, PublishedRow)>,
    /// The first row number that is unused after that.
    next_row_no: i64,
}

impl Changes {
    fn new(affected: Vec<AffectedConversation>, published_rows: &HashMap<i64, PublishedRow>, next_row_no: i64) -> Self {
        let mut changes = Self {
            superseded: Vec::new(),
            entries: Vec::new(),
            rows: Vec::new(),
            next_row_no,
        };
        for conversation in affected {
            let row_no = conversation.published_row_no;
            let published_row = row_no.and_then(|row_no| published_rows.get(&row_no));
            let current_row = conversation.current.as_ref().map(|(_, row)| row);
            if current_row == published_row && current_row.is_some() == row_no.is_some() {
                continue;
            }
            changes.superseded.extend(row_no);
            if let Some((mut entry, row)) = conversation.current {
                entry.row_no = changes.next_row_no;
                changes.rows.push((entry.row_no, row));
                changes.entries.push(entry);
                changes.next_row_no += 1;
            }
        }
        changes.superseded.sort_unstable();
        changes
    }
}

fn parse<T: DeserializeOwned>(what: &str, id: &str, json: &str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| format!("{what} {id}: {error}"))
}

/// The row that a conversation has now. Its number is not known yet.
fn join(conversation: AffectedInput, users: &HashMap<String, User>) -> Result<Option<(Entry, PublishedRow)>, String> {
    let AffectedInput {
        conversation_id,
        candidate,
        contact,
        contact_became,
    } = conversation;
    let Some(candidate) = candidate else {
        return Ok(None);
    };
    let candidate: Candidate = parse("candidate", &conversation_id, &candidate)?;
    let contact: Option<Contact> = contact
        .map(|body| parse("contact", &candidate.contact_id, &body))
        .transpose()?;
    let contact = match (contact, contact_became) {
        (Some(contact), Some(chain)) => Some(merged_contact(&candidate.contact_id, contact, &chain)?),
        (contact, _) => contact,
    };
    let joined = join_row(&conversation_id, &candidate, contact.as_ref(), users).map_err(|error| error.to_string())?;
    Ok(joined.map(|joined| {
        let entry = Entry {
            stalled_since: candidate.stalled_since,
            conversation_id,
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

/// The contact that `contact` became (47): with the name and phone of the last of the chain, and blocked if any of them is.
/// If one of them is unknown, or the chain leads back, its own record stands alone.
fn merged_contact(contact_id: &str, contact: Contact, chain: &str) -> Result<Contact, String> {
    let chain: Vec<(String, Option<String>)> = parse("contacts merged into", contact_id, chain)?;
    let mut ids = HashSet::from([contact_id]);
    let mut merged = contact.clone();
    for (id, body) in &chain {
        let (Some(body), true) = (body, ids.insert(id)) else {
            return Ok(contact);
        };
        let next: Contact = parse("contact", id, body)?;
        merged = Contact {
            blocked: merged.blocked || next.blocked,
            ..next
        };
    }
    Ok(merged)
}
