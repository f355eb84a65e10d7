//! The next snapshot version of one organization, from what is published and what changed. No I/O.
//!
//! [`PublishInput`] is what was read, [`PublishDraft`] is that with the published list parsed, and [`PublishPlan`] is
//! what to write once the affected conversations were joined with their people and compared with the published rows.

use crate::base::strict_json::Object;
use crate::base::timestamp::{DAY_MS, Timestamp};
use crate::conversation::category::Category;
use crate::hours::calendar::CalendarOf;
use crate::refresh::input::PublishInput;
use crate::refresh::join::{join, users_of};
use crate::refresh::join_input::{JoinInput, JoinInputs, JoinKeys};
use crate::refresh::retired::RetiredVersion;
use crate::refresh::row_changes::{AffectedRow, RowChanges};
use crate::refresh::trend::{Publication, counted_row, counted_rows};
use crate::refresh::writes::{HeadUpdate, LostVersion, PublishPlan};
use crate::snapshot::departments::{Departments, HOUR_BYTES_MAX};
use crate::snapshot::settings::MAX_AGE_DAYS_DEFAULT;
use crate::snapshot::version::{Entry, LIST_BYTES_MAX, Version};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use strum::VariantArray;

/// The most rows of a superseded version that its organization's head lists. Longer lists are stored as chunks of the
/// version with the negative number, because heads are read often, and D1 takes at most 2 MB.
const SUPERSEDED_IN_HEAD_MAX: usize = 200;
/// The most rows of all superseded versions together that the head lists. There are as many versions as were published
/// within [`RETENTION_MS`](crate::refresh::RETENTION_MS), and more if their removal lags.
const SUPERSEDED_IN_ALL_MAX: usize = 20_000;
/// The most bytes of superseded versions in a head, in JSON. One whose rows are not listed takes about 30. Nothing more
/// is published until some are removed, which has statements of its own.
const RETIRED_BYTES_MAX: usize = 1_000_000;

/// What was read of an organization, before it is known which rows must be compared.
#[derive(Debug)]
pub struct PublishDraft {
    /// What was read.
    pub input: PublishInput,
    published: Version,
    retired: Vec<RetiredVersion>,
    /// Whether the list of the published version, or that of the superseded ones, cannot be read. Then there is none,
    /// and everything is published again.
    is_lost: bool,
    /// Whether the list of the superseded versions cannot be read.
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

impl PublishDraft {
    /// Parses what was stored.
    pub fn new(input: PublishInput) -> Self {
        let chunks = input.chunks.iter().map(String::as_str);
        let published = Version::from_chunks(chunks).ok();
        let retired: Option<Vec<RetiredVersion>> = serde_json::from_str(&input.retired).ok();
        // Every version has a chunk, so one without chunks was purged.
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

    /// Whether the candidates that the next version is to list must be read: the published version does not list all of
    /// them, or cannot be read.
    pub fn needs_wanted(&self) -> bool {
        self.input.wanted.is_none() && (self.is_lost || self.input.missing > 0)
    }

    /// The conversations that are to be listed, and are neither listed yet, nor read anyway, nor among those that were
    /// `tried`.
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

    /// What to read to join the affected conversations, and to compare their rows.
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

    /// Joins, compares with the published rows, and decides what to write. A conversation whose row is the same, byte
    /// for byte, keeps it; an organization in which nothing changed keeps its version. If only a department was
    /// renamed, the new version lists the same rows.
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
        let counted = counted_rows(&published, settings);
        // Without a version that can be read, nothing is known of the time before.
        let is_known = input.version > 0 && !is_lost;
        let mut changes = RowChanges::new(affected, &joins.published_rows, input.next_row_no, settings);
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
                // A candidate that the version has no room for has not come or gone.
                let is_counted = !is_lost && !was_truncated && !version_after.is_truncated();
                let course = Publication {
                    settings,
                    stored: input.trend.as_deref(),
                    departments,
                    before: &counted,
                    next: &version_after,
                    changes: if is_counted { &changes.counted } else { &[] },
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
                    counted_before: entry.and_then(|entry| counted_row(entry, &self.input.settings)),
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
fn fit(mut version: Version, changes: &mut RowChanges, input: &PublishInput, progress: Progress) -> Fitting {
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
        // As many as would fit if all were alike, less a tenth.
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

/// How many entries a version has in each category, except in those that it has none of.
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
