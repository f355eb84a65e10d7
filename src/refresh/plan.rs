//! The next snapshot version of one organization, from what is published and what changed. No I/O.
//!
//! [`PublishInput`] is what was read, [`PublishDraft`] is that with the published list, and [`PublishPlan`] is what is
//! to be written once the affected conversations were joined with their people and compared with the published rows.

use crate::base::strict_json::Object;
use crate::base::timestamp::{DAY_MS, Timestamp};
use crate::conversation::body::{Contact, User};
use crate::conversation::category::Category;
use crate::conversation::report_row::{PublishedRow, join_row};
use crate::conversation::stall::Candidate;
use crate::hours::calendar::CalendarOf;
use crate::refresh::input::{JoinInput, JoinInputs, JoinKeys, PendingRecord, PublishInput};
use crate::refresh::trend::{Publication, stall_of, stalls_of};
use crate::snapshot::departments::{Departments, HOUR_BYTES_MAX};
use crate::snapshot::settings::{MAX_AGE_DAYS_DEFAULT, Settings};
use crate::snapshot::trend::{Hour, Stall, StallChange};
use crate::snapshot::version::{Entry, LIST_BYTES_MAX, Version};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use strum::VariantArray;

/// How long a version can still be read after it was superseded: ten minutes between the scheduled instants of the run
/// that superseded it and the run that removes it.
pub const RETENTION_MS: i64 = 10 * 60_000;

/// The most rows of a superseded version that its organization's head lists. Longer lists are stored as chunks of the
/// version with the negative number, because heads are read often, and D1 takes at most 2 MB.
const SUPERSEDED_IN_HEAD_MAX: usize = 200;
/// The most rows of all superseded versions together that the head lists. There are as many versions as were published
/// within [`RETENTION_MS`], and more if their removal lags.
const SUPERSEDED_IN_ALL_MAX: usize = 20_000;
/// The most bytes of superseded versions in a head, in JSON. One whose rows are not listed takes about 30. Nothing more
/// is published until some are removed, which has statements of its own.
const RETIRED_BYTES_MAX: usize = 1_000_000;

/// A superseded version that is not removed yet. In JSON it is an array, for there are many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(Timestamp, i64, Vec<i64>)", into = "(Timestamp, i64, Vec<i64>)")]
pub struct RetiredVersion {
    superseded_at: Timestamp,
    /// Its number.
    pub version: i64,
    /// Its rows that no later version lists, unless there are too many.
    pub row_nos: Vec<i64>,
}

impl RetiredVersion {
    /// The first instant at which it may be removed.
    pub fn may_be_removed_at(&self) -> Timestamp {
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

/// What was read of an organization, before it is known which rows are to be compared.
#[derive(Debug)]
pub struct PublishDraft {
    /// What was read.
    pub input: PublishInput,
    published: Version,
    retired: Vec<RetiredVersion>,
    /// Whether the list of the published version, or that of the superseded ones, cannot be read. Then there is none,
    /// and everything is published again.
    is_lost: bool,
    /// Whether the latter cannot be read.
    is_head_lost: bool,
}

/// How much of an organization has been taken into account.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Whether all its conversations are folded.
    pub is_folded: bool,
    /// The instant that the version is as of.
    pub as_of: Timestamp,
    /// The most candidates of a version.
    pub candidates_max: usize,
}

/// What is to be written for one organization.
#[derive(Debug, Default)]
pub struct PublishPlan {
    /// The id of the organization.
    pub organization_id: String,
    /// What is no longer pending once the plan is carried out.
    pub settled: Vec<PendingRecord>,
    /// New rows with their numbers.
    pub rows: Vec<(i64, PublishedRow)>,
    /// The chunks of the new version. There is none if nothing changed.
    pub chunks: Vec<String>,
    /// The new head. `None` means that it stays as it is.
    pub head: Option<HeadUpdate>,
    /// Hours of the course of the day that are over, each with what is stored of it by department.
    pub hours: Vec<(Hour, Option<String>)>,
    /// Lists of rows that no later version has, if they are too long for the head: with the number of the version.
    pub superseded_lists: Vec<(i64, String)>,
    /// What was published before, if that cannot be read.
    pub lost: Option<LostVersion>,
    /// Whether everything that is pending of the organization is taken into account.
    pub is_complete: bool,
}

impl PublishPlan {
    /// Whether it publishes a new version, and does not only keep the head up to date.
    pub fn has_new_version(&self) -> bool {
        self.head.as_ref().is_some_and(|head| head.candidates.is_some())
    }
}

/// A version that cannot be read.
#[derive(Debug)]
pub struct LostVersion {
    /// Its number.
    pub version: i64,
    /// The first row number that no version has used: all rows before it are the version's, or those of versions before
    /// it.
    pub next_row_no: i64,
    /// Whether it is not known either which versions it has superseded.
    pub is_head_lost: bool,
}

/// A head as it is to be.
#[derive(Debug)]
pub struct HeadUpdate {
    /// The version.
    pub version: i64,
    /// The first row number that no version has used.
    pub next_row_no: i64,
    /// How many rows the new version has. `None` means that the version stays.
    pub candidates: Option<i64>,
    /// The same by category, as JSON.
    pub categories: Option<String>,
    /// Superseded versions, as they are stored.
    pub retired: String,
    /// When the first of them may be removed.
    pub retire_at: Option<Timestamp>,
    /// How many candidates the version does not list.
    pub missing: u64,
    /// The hour that is stored with the version. `None` means that it stays.
    pub trend: Option<String>,
    /// What has happened in that hour by department. `None` means that it is unknown, or too much.
    pub trend_departments: Option<String>,
}

impl PublishDraft {
    /// Parses what was stored.
    pub fn new(input: PublishInput) -> Self {
        let chunks = input.chunks.iter().map(String::as_str);
        let published = Version::from_chunks(chunks).ok();
        let retired: Option<Vec<RetiredVersion>> = serde_json::from_str(&input.retired).ok();
        // Every version has a chunk, so what has none was purged.
        let is_purged = input.version > 0 && !input.is_list_known && input.chunks.is_empty();
        let is_lost = published.is_none() || retired.is_none() || is_purged;
        Self {
            published: published.filter(|_| !is_lost).unwrap_or_default(),
            is_head_lost: retired.is_none(),
            retired: retired.unwrap_or_default(),
            is_lost,
            input,
        }
    }

    /// Whether it must be known which candidates the next version is to list: the published one does not list all, or
    /// cannot be read.
    pub fn needs_wanted(&self) -> bool {
        self.input.wanted.is_none() && (self.is_lost || self.input.missing > 0)
    }

    /// The conversations that are to be listed, and neither are, nor are read anyway, nor were `tried`.
    pub fn unlisted(&self, tried: &HashSet<String>) -> Vec<&str> {
        let Some(wanted) = &self.input.wanted else {
            return Vec::new();
        };
        let listed = self
            .published
            .entries()
            .iter()
            .map(|entry| entry.conversation_id.as_str());
        let affected = self.input.affected.iter();
        let known: HashSet<&str> = listed
            .chain(affected.map(|conversation| conversation.conversation_id.as_str()))
            .collect();
        let wanted = wanted.conversation_ids.iter().map(String::as_str);
        wanted
            .filter(|conversation_id| !known.contains(conversation_id) && !tried.contains(*conversation_id))
            .collect()
    }

    /// What is to be read to join the affected conversations, and to compare them.
    pub fn keys(&self) -> JoinKeys<'_> {
        let affected = self.input.affected.iter();
        let conversation_ids: Vec<&str> = affected
            .map(|conversation| conversation.conversation_id.as_str())
            .collect();
        let affected: HashSet<&str> = conversation_ids.iter().copied().collect();
        let listed = self.published.entries().iter();
        let row_nos = listed.filter(|entry| affected.contains(entry.conversation_id.as_str()));
        JoinKeys {
            organization_id: &self.input.organization_id,
            row_nos: row_nos.map(|entry| entry.row_no).collect(),
            conversation_ids,
        }
    }

    /// Joins, compares with the published rows, and decides what is to be written. A conversation whose row is the
    /// same, byte for byte, keeps it; an organization of which nothing changed keeps its version. If only a department
    /// was renamed, the new version lists the same rows.
    ///
    /// # Errors
    /// A text for the log if something stored is damaged.
    pub fn plan(self, joins: JoinInputs, progress: Progress, calendar_of: &CalendarOf) -> Result<PublishPlan, String> {
        let affected = self.join(joins.conversations, joins.users)?;
        let Self {
            input,
            published,
            mut retired,
            is_lost,
            is_head_lost,
        } = self;
        let settings = &input.settings;
        let stalls = stalls_of(&published, settings);
        // Without a version that can be read, nothing is known of the time before.
        let is_known = input.version > 0 && !is_lost;
        let mut changes = Changes::new(affected, &joins.published_rows, input.next_row_no, settings);
        let mut names = published.department_names().clone();
        names.extend(joins.department_names);
        for (id, name) in &input.changed_departments {
            match name {
                Some(name) => drop(names.insert(Rc::clone(id), Rc::clone(name))),
                None => drop(names.remove(id)),
            }
        }
        let names_before = published.department_names().clone();
        let was_truncated = published.is_truncated();
        let is_first = input.version == 0 && !input.pending.is_empty();
        let entries = std::mem::take(&mut changes.entries);
        let next = published
            .with_changes(&changes.superseded, entries)
            .with_department_names(&names);
        let next = fit(next, &mut changes, &input, progress);
        let version_after = next.version.with_department_names(&names);
        let has_changed = is_first
            || is_lost
            || !changes.is_empty()
            || *version_after.department_names() != names_before
            || version_after.is_truncated() != was_truncated;

        let mut plan = PublishPlan {
            is_complete: progress.is_folded && !input.has_more,
            organization_id: input.organization_id,
            settled: input.pending,
            ..PublishPlan::default()
        };
        let mut version = input.version;
        let mut candidates = None;
        let mut categories = None;
        let (mut trend, mut trend_departments) = (None, None);
        if has_changed {
            if input.are_settings_known {
                // Nothing was listed before the first version.
                let departments = match version {
                    0 => Departments::default(),
                    _ => Departments::from_json(input.trend_departments.as_deref()),
                };
                // What a version cannot list has not come or gone.
                let is_counted = !is_lost && !was_truncated && !version_after.is_truncated();
                let course = Publication {
                    settings,
                    stored: input.trend.as_deref(),
                    departments,
                    before: &stalls,
                    next: &version_after,
                    changes: if is_counted { &changes.stalls } else { &[] },
                    since: input.as_of.filter(|_| is_known).unwrap_or(progress.as_of),
                    at: progress.as_of,
                }
                .course(calendar_of);
                trend = Some(course.to_text().map_err(|error| error.to_string())?);
                trend_departments = course.departments.hour(HOUR_BYTES_MAX);
                plan.hours = course.over;
            }
            candidates = Some(version_after.entries().len() as i64);
            categories = Some(serde_json::to_string(&by_category(&version_after)).map_err(|error| error.to_string())?);
            plan.chunks = version_after.to_chunks().map_err(|error| error.to_string())?;
            if version > 0 {
                let mut row_nos = changes.superseded;
                let listed: usize = retired.iter().map(|retired| retired.row_nos.len()).sum();
                if row_nos.len() > SUPERSEDED_IN_HEAD_MAX || listed + row_nos.len() > SUPERSEDED_IN_ALL_MAX {
                    let list = serde_json::to_string(&row_nos).map_err(|error| error.to_string())?;
                    plan.superseded_lists.push((version, list));
                    row_nos = Vec::new();
                }
                plan.lost = is_lost.then_some(LostVersion {
                    version,
                    next_row_no: input.next_row_no,
                    is_head_lost,
                });
                retired.push(RetiredVersion {
                    superseded_at: progress.as_of,
                    version,
                    row_nos,
                });
            }
            version += 1;
            plan.rows = changes.rows;
        }
        let is_thawed = input.was_frozen && plan.is_complete;
        if has_changed || is_thawed || !input.is_list_known || next.missing != input.missing {
            let retired_text = serde_json::to_string(&retired).map_err(|error| error.to_string())?;
            if has_changed && retired_text.len() > RETIRED_BYTES_MAX {
                return Err("too many superseded versions wait to be removed".to_owned());
            }
            plan.head = Some(HeadUpdate {
                version,
                next_row_no: if has_changed {
                    changes.next_row_no
                } else {
                    input.next_row_no
                },
                candidates,
                categories,
                retired: retired_text,
                retire_at: retired.first().map(RetiredVersion::may_be_removed_at),
                missing: next.missing,
                trend,
                trend_departments,
            });
        }
        Ok(plan)
    }

    /// The affected conversations with the rows that they have now.
    fn join(&self, conversations: Vec<JoinInput>, users: Vec<(String, String)>) -> Result<Vec<AffectedRow>, String> {
        let known = users_of(users)?;
        let affected: HashSet<&str> = conversations
            .iter()
            .map(|conversation| conversation.conversation_id.as_str())
            .collect();
        let listed = self.published.entries().iter();
        let published: HashMap<&str, &Entry> = listed
            .filter(|entry| affected.contains(entry.conversation_id.as_str()))
            .map(|entry| (entry.conversation_id.as_str(), entry))
            .collect();
        conversations
            .into_iter()
            .map(|conversation| {
                let entry = published.get(conversation.conversation_id.as_str());
                Ok(AffectedRow {
                    published_row_no: entry.map(|entry| entry.row_no),
                    published_stall: entry.and_then(|entry| stall_of(entry, &self.input.settings)),
                    current: join(conversation, &known)?,
                })
            })
            .collect()
    }
}

/// A version that is not too large, and how many candidates it does not list.
struct Fitting {
    version: Version,
    missing: u64,
}

/// Leaves out what does not fit into a version.
fn fit(mut version: Version, changes: &mut Changes, input: &PublishInput, progress: Progress) -> Fitting {
    let max_age_days = input.max_age_days.unwrap_or(MAX_AGE_DAYS_DEFAULT);
    let oldest = progress.as_of.minus(max_age_days.saturating_mul(DAY_MS));
    let found = version.entries().len();
    let mut entries_max = progress.candidates_max;
    loop {
        changes.drop_rows(&version.keep_at_most(entries_max, oldest));
        let bytes = version.bytes();
        if bytes <= LIST_BYTES_MAX || version.entries().len() <= 1 {
            break;
        }
        // As many as would fit if all were alike, and a tenth less.
        entries_max = (version.entries().len() * LIST_BYTES_MAX / bytes * 9 / 10).max(1);
    }
    let listed = version.entries().len();
    let mut missing = ((found - listed) as u64).max(input.unlisted_left as u64);
    if listed >= entries_max {
        let total = input.wanted.as_ref().map_or(0, |wanted| wanted.total);
        missing = missing.max(total.saturating_sub(listed as u64));
    }
    version.set_truncated(missing > 0);
    Fitting { version, missing }
}

/// A conversation whose row may have changed.
#[derive(Debug)]
struct AffectedRow {
    /// The number of its published row, if it has one.
    published_row_no: Option<i64>,
    /// What its published row lists.
    published_stall: Option<Stall>,
    /// The row that it has now, if it has one.
    current: Option<(Entry, PublishedRow)>,
}

/// How many entries a version has of each category that it has.
fn by_category(version: &Version) -> Object {
    let mut counts = Object::new();
    for category in Category::VARIANTS {
        let entries = version.entries().iter();
        let count = entries.filter(|entry| entry.category == *category).count();
        if count > 0 {
            counts.insert(category.as_str().to_owned(), count.into());
        }
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
    /// What they were, and what they will be.
    stalls: Vec<StallChange>,
    /// The first row number that is unused after that.
    next_row_no: i64,
}

impl Changes {
    fn new(
        affected: Vec<AffectedRow>,
        published_rows: &HashMap<i64, PublishedRow>,
        next_row_no: i64,
        settings: &Settings,
    ) -> Self {
        let mut changes = Self {
            superseded: Vec::new(),
            entries: Vec::new(),
            rows: Vec::new(),
            stalls: Vec::new(),
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
            let current = conversation.current.as_ref();
            let stall = current.and_then(|(entry, _)| stall_of(entry, settings));
            changes.stalls.push((conversation.published_stall, stall));
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

    /// The next version does not list these rows (ascending), be they published or new.
    fn drop_rows(&mut self, dropped: &[i64]) {
        let is_new = |row_no: &i64| self.rows.binary_search_by_key(row_no, |(number, _)| *number).is_ok();
        let published: Vec<i64> = dropped.iter().filter(|row_no| !is_new(row_no)).copied().collect();
        self.rows.retain(|(row_no, _)| dropped.binary_search(row_no).is_err());
        self.superseded.extend(published);
        self.superseded.sort_unstable();
    }

    fn is_empty(&self) -> bool {
        self.superseded.is_empty() && self.rows.is_empty()
    }
}

fn parse<T: DeserializeOwned>(what: &str, id: &str, json: &str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| format!("{what} {id}: {error}"))
}

/// The row that a conversation has now. Its number is not known yet.
fn join(conversation: JoinInput, users: &HashMap<String, User>) -> Result<Option<(Entry, PublishedRow)>, String> {
    let JoinInput {
        conversation_id,
        candidate,
        contact,
        contact_became,
    } = conversation;
    let Some(candidate) = candidate else {
        return Ok(None);
    };
    let candidate: Candidate = parse("candidate", &conversation_id, &candidate)?;
    let contact = contact_of(&candidate.contact_id, contact.as_deref(), contact_became.as_deref())?;
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

/// Users by id, from their ids and bodies as stored.
///
/// # Errors
/// A text for the log if something stored is damaged.
pub fn users_of(bodies: Vec<(String, String)>) -> Result<HashMap<String, User>, String> {
    let mut users = HashMap::new();
    for (id, body) in bodies {
        let user = parse("user", &id, &body)?;
        users.insert(id, user);
    }
    Ok(users)
}

/// What is shown of a contact: its record, and `[[id, body or null], …]` of those that it became, as stored. `None`
/// means that its record is not known or removed.
///
/// # Errors
/// A text for the log if something stored is damaged.
pub fn contact_of(contact_id: &str, contact: Option<&str>, became: Option<&str>) -> Result<Option<Contact>, String> {
    let Some(contact) = contact else {
        return Ok(None);
    };
    let contact: Contact = parse("contact", contact_id, contact)?;
    match became {
        Some(chain) => merged_contact(contact_id, contact, chain).map(Some),
        None => Ok(Some(contact)),
    }
}

/// The contact that `contact` became (47): with the name and phone of the last of the chain, and blocked if any of them
/// is. If one of them is unknown, or the chain leads back, its own record stands alone.
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
