//! Which rows of a version a report shows: those that are listed, of some departments, that pass a filter, on a page.

use crate::base::timestamp::Timestamp;
use crate::conversation::category::{Category, Reason};
use crate::snapshot::chunk::index_from;
use crate::snapshot::groups::{Group, Groups, ListedEntries};
use crate::snapshot::index::{IndexEntry, SnapshotIndex};
use crate::snapshot::positions::merged_page;
use serde::Serialize;
use std::borrow::Cow;

/// The most rows of a chunk.
const CHUNK_ROWS_MAX: usize = 500;
/// The most assignees of a chunk's rows, except those of its last row. Names are what can make rows large.
const CHUNK_NAMES_MAX: usize = 2_000;

/// What a client can filter rows by.
///
/// A new filter is a field here, a line in `ReportRequest` that parses it, and a condition in [`Listing`]. Cache keys
/// and ETags are made of this type by `Hash` and `Serialize`, so they follow. CONTRIBUTING.md lists what the compiler
/// does not find: `report/ahead.rs` with its SQL, the dashboard, the documents.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
pub struct RowFilter {
    /// The category. `None` means the two that a report shows when none is named.
    pub category: Option<Category>,
    /// The channel, exactly as rows spell it.
    pub channel_type: Option<String>,
    /// The reason.
    pub reason: Option<Reason>,
    /// The name of an assignee that the row shows.
    pub assignee: Option<String>,
}

/// Which rows of an organization are asked for and may be seen.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
pub struct RowQuery {
    /// The departments, each once, ascending. `None` means all, and also rows without a department.
    pub departments: Option<Vec<String>>,
    /// What the client filters by.
    pub filter: RowFilter,
}

/// A page of the rows that a query selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Paging {
    /// The page, from 1.
    pub page: u64,
    /// Rows a page.
    pub limit: u64,
}

/// How many rows there are of each category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Rows of category `ai_stuck`.
    pub ai_stuck: u64,
    /// Rows of category `agent_abandoned`.
    pub agent_abandoned: u64,
    /// Rows of category `unassigned`.
    pub unassigned: u64,
    /// Rows of category `snoozed`.
    pub snoozed: u64,
    /// Rows of category `acknowledged`.
    pub acknowledged: u64,
}

impl Counts {
    /// The rows of a category. `None` means the two that a report shows when none is named.
    #[must_use]
    pub const fn for_category(self, category: Option<Category>) -> u64 {
        match category {
            Some(Category::AiStuck) => self.ai_stuck,
            Some(Category::AgentAbandoned) => self.agent_abandoned,
            Some(Category::Unassigned) => self.unassigned,
            Some(Category::Snoozed) => self.snoozed,
            Some(Category::Acknowledged) => self.acknowledged,
            None => self.ai_stuck + self.agent_abandoned,
        }
    }

    fn add(&mut self, category: Category, rows: usize) {
        let count = match category {
            Category::AiStuck => &mut self.ai_stuck,
            Category::AgentAbandoned => &mut self.agent_abandoned,
            Category::Unassigned => &mut self.unassigned,
            Category::Snoozed => &mut self.snoozed,
            Category::Acknowledged => &mut self.acknowledged,
        };
        *count += rows as u64;
    }
}

/// What a query counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// The rows of the departments that pass the filters, except the one by category.
    pub counts: Counts,
    /// The rows that pass all filters, and are not listed only because they are too old.
    pub older: u64,
    /// Whether there are candidates that the version does not list.
    pub is_truncated: bool,
}

/// What a query selects.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// What it counts.
    pub totals: Totals,
    /// The rows of the page, in order.
    pub rows: Vec<SelectedRow>,
}

/// A row of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SelectedRow {
    /// The number of the published row.
    pub row_no: i64,
    /// Since when it has been stalled.
    pub stalled_since: Timestamp,
    /// The threshold that applies to it, in minutes.
    pub threshold_minutes: i64,
}

/// A version's entries under an organization's settings, and which of them are listed.
#[derive(Debug, Clone, Copy)]
pub struct Listing<'a> {
    /// The entries.
    pub index: &'a SnapshotIndex,
    /// The entries by category and threshold.
    pub groups: &'a Groups,
    /// Which of them are listed.
    pub listed: &'a ListedEntries,
    /// The numbers of the rows that are asked about, ascending. `None` means all.
    pub among: Option<&'a [i64]>,
}

impl<'a> Listing<'a> {
    /// Selects a page.
    #[must_use]
    pub fn select(&self, query: &RowQuery, paging: Paging) -> Selection {
        let condition = self.condition(&query.filter);
        let groups = self.groups_of(query);
        let mut totals = Totals {
            is_truncated: self.index.is_truncated,
            ..Totals::default()
        };
        let mut lists = Vec::new();
        for group in groups {
            let listed = condition.matching(group.listed(self.listed));
            totals.counts.add(group.category, listed.len());
            if query.filter.has_category(group.category) {
                totals.older += condition.matching(group.older(self.listed)).len() as u64;
                lists.push((self.groups.threshold_minutes(group), listed));
            }
        }
        let skip = paging.page.saturating_sub(1).saturating_mul(paging.limit);
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let limit = usize::try_from(paging.limit).unwrap_or(usize::MAX);
        let positions: Vec<&[u32]> = lists.iter().map(|(_, positions)| &**positions).collect();
        let page = merged_page(&positions, skip, limit).into_iter();
        let rows = page.filter_map(|(position, list)| {
            let entry = self.index.entries.get(position)?;
            Some(SelectedRow {
                row_no: entry.row_no,
                stalled_since: entry.stalled_since,
                threshold_minutes: lists.get(list)?.0,
            })
        });
        Selection {
            totals,
            rows: rows.collect(),
        }
    }

    /// Counts what a query selects.
    #[must_use]
    pub fn totals(&self, query: &RowQuery) -> Totals {
        self.select(query, Paging { page: 1, limit: 0 }).totals
    }

    /// How many rows pass all filters, and are not listed only because they are below the threshold.
    #[must_use]
    pub fn count_below(&self, query: &RowQuery) -> u64 {
        let condition = self.condition(&query.filter);
        let groups = self.groups_of(query);
        let groups = groups.filter(|group| query.filter.has_category(group.category));
        let matching = |group: &Group| condition.matching(group.below(self.listed)).len() as u64;
        groups.map(matching).sum()
    }

    /// Selects all rows, in order, in chunks that may be in memory at once.
    #[must_use]
    pub fn select_all(&self, query: &RowQuery) -> Vec<Vec<i64>> {
        let mut chunks = Vec::new();
        let mut chunk = Vec::new();
        let mut names = 0;
        let mut positions = self.matching_positions(query);
        positions.sort_unstable();
        for (position, entry) in self.index.entries_at(&positions) {
            if chunk.len() >= CHUNK_ROWS_MAX || names >= CHUNK_NAMES_MAX {
                chunks.push(std::mem::take(&mut chunk));
                names = 0;
            }
            chunk.push(entry.row_no);
            names += self.index.assignees(position).len();
        }
        if !chunk.is_empty() {
            chunks.push(chunk);
        }
        chunks
    }

    /// The positions of the entries that a query selects, group by group.
    pub(super) fn matching_positions(&self, query: &RowQuery) -> Vec<u32> {
        let condition = self.condition(&query.filter);
        let groups = self.groups_of(query);
        let groups = groups.filter(|group| query.filter.has_category(group.category));
        groups.fold(Vec::new(), |mut positions, group| {
            positions.extend_from_slice(&condition.matching(group.listed(self.listed)));
            positions
        })
    }

    /// The groups of the departments of a query.
    fn groups_of(&self, query: &RowQuery) -> impl Iterator<Item = &'a Group> {
        let groups = self.groups;
        let (all, departments) = match &query.departments {
            None => (groups.all(), Vec::new()),
            Some(ids) => (&[][..], self.index.numbers_of(ids)),
        };
        let of_departments = departments.into_iter().flat_map(|number| groups.department(number));
        all.iter().chain(of_departments)
    }

    fn condition<'b>(&'b self, filter: &RowFilter) -> Condition<'b> {
        // All members, so that the compiler finds a new one that is forgotten. The category chooses the lists.
        let RowFilter {
            category: _,
            channel_type,
            reason,
            assignee,
        } = filter;
        Condition {
            index: self.index,
            criteria: Criteria {
                channel: channel_type.as_deref().map(|name| self.index.channel_number(name)),
                reason: *reason,
                assignee: assignee.as_deref().map(|name| self.index.name_number(name)),
                among: self.among,
            },
        }
    }
}

/// Which entries of an index a filter selects.
struct Condition<'a> {
    index: &'a SnapshotIndex,
    criteria: Criteria<'a>,
}

/// The criteria of a filter besides its category, in the numbers of an index. `None` means any.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Criteria<'a> {
    /// `Some(None)` means that no entry has the channel.
    channel: Option<Option<u32>>,
    reason: Option<Reason>,
    /// `Some(None)` means that no entry has the assignee.
    assignee: Option<Option<u32>>,
    /// Row numbers, ascending.
    among: Option<&'a [i64]>,
}

impl Condition<'_> {
    /// The positions of the entries that fulfil it.
    fn matching<'a>(&self, positions: &'a [u32]) -> Cow<'a, [u32]> {
        if self.criteria == Criteria::default() {
            return Cow::Borrowed(positions);
        }
        let entries = self.index.entries_at(positions);
        let matching = entries.filter(|(position, entry)| self.is_fulfilled_by(*position, entry));
        Cow::Owned(matching.map(|(position, _)| index_from(position)).collect())
    }

    fn is_fulfilled_by(&self, position: usize, entry: &IndexEntry) -> bool {
        let Criteria {
            channel,
            reason,
            assignee,
            among,
        } = self.criteria;
        let has_assignee = |name: Option<u32>| name.is_some_and(|name| self.index.assignees(position).contains(&name));
        channel.is_none_or(|channel| channel == Some(entry.channel))
            && reason.is_none_or(|reason| reason == entry.reason)
            && assignee.is_none_or(has_assignee)
            && among.is_none_or(|rows| rows.binary_search(&entry.row_no).is_ok())
    }
}

impl RowFilter {
    /// Whether rows of a category pass.
    #[must_use]
    pub fn has_category(&self, category: Category) -> bool {
        match self.category {
            Some(asked_for) => asked_for == category,
            None => category.is_shown_unnamed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, Listing, Paging, RowFilter, RowQuery, SelectedRow, Selection};
    use crate::base::timestamp::{DAY_MS, MINUTE_MS, Timestamp};
    use crate::conversation::category::{Category, Reason};
    use crate::hours::business_hours::BusinessHours;
    use crate::hours::calendar::Calendar;
    use crate::hours::time_zone::{Offsets, TimeZones};
    use crate::snapshot::groups::{Groups, ListedEntries};
    use crate::snapshot::index::SnapshotIndex;
    use crate::snapshot::settings::{Settings, Thresholds};
    use crate::snapshot::summary::AGES_FROM_MINUTES;
    use crate::snapshot::version::{Entry, Version};
    use serde_json::json;
    use std::rc::Rc;
    use strum::VariantArray;

    const CHANNELS: [&str; 3] = ["sms", "Email", "chat"];
    const DEPARTMENTS: [Option<&str>; 4] = [Some("d0"), Some("d1"), Some("d2"), None];
    const NAMES: [&[&str]; 4] = [&[], &["A"], &["B", "A"], &["C"]];

    fn entry(number: i64, stalled_since_ms: i64) -> Entry {
        let pick = |step: i64, count: usize| (number / step) as usize % count;
        Entry {
            stalled_since: Timestamp::from_milliseconds(stalled_since_ms),
            conversation_id: format!("c{number:04}"),
            row_no: 1_000 + number,
            category: Category::VARIANTS[pick(1, 5)],
            reason: [Reason::NoReply, Reason::ReplyFailed][pick(2, 2)],
            channel_type: Rc::from(CHANNELS[pick(3, 3)]),
            department_id: DEPARTMENTS[pick(5, 4)].map(Rc::from),
            assignee_names: NAMES[pick(7, 4)].iter().map(|name| Rc::from(*name)).collect(),
        }
    }

    /// The entries of a version, and its index.
    fn version_of(entries: Vec<Entry>) -> (Vec<Entry>, SnapshotIndex) {
        let version = Version::default().with_changes(&[], entries);
        let chunks = version.to_chunks().unwrap();
        let index = SnapshotIndex::from_chunks(chunks.iter().map(String::as_str)).unwrap();
        (version.entries().to_vec(), index)
    }

    fn settings(threshold_minutes: i64, channels: &[(&str, i64)], departments: &[(&str, i64)], days: i64) -> Settings {
        let map = |thresholds: &[(&str, i64)]| -> Thresholds {
            let members = thresholds
                .iter()
                .map(|(name, minutes)| ((*name).to_owned(), json!(minutes)));
            Thresholds::from_members(&members.collect(), &|_, minutes| minutes.as_i64()).unwrap()
        };
        Settings {
            threshold_minutes,
            channel_threshold_minutes: map(channels),
            department_threshold_minutes: map(departments),
            max_age_days: days,
            business_hours: None,
        }
    }

    fn query(departments: Option<&[&str]>, filter: RowFilter) -> RowQuery {
        RowQuery {
            departments: departments.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect()),
            filter,
        }
    }

    fn of_category(category: Option<Category>) -> RowFilter {
        RowFilter {
            category,
            ..RowFilter::default()
        }
    }

    /// What the words of docs/definition.md and docs/api.md say, entry by entry.
    struct NaiveSelection<'a> {
        entries: &'a [Entry],
        settings: &'a Settings,
        as_of: Timestamp,
        skips_threshold: bool,
        has_hours: bool,
    }

    /// How much of the time before an instant is from 06:00 to 18:00, on any day.
    fn daytime_before(at: Timestamp) -> i64 {
        let (day, hour) = (at.as_milliseconds().div_euclid(DAY_MS), 60 * MINUTE_MS);
        let today = at.as_milliseconds().rem_euclid(DAY_MS) - 6 * hour;
        day * 12 * hour + today.clamp(0, 12 * hour)
    }

    struct Utc;

    impl TimeZones for Utc {
        fn offset_seconds(&self, _: &str, _: Timestamp) -> Option<i64> {
            Some(0)
        }
    }

    /// From 06:00 to 18:00 on all days.
    fn daytime(index: &SnapshotIndex, as_of: Timestamp) -> Calendar {
        let days =
            ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map(|day| (day.to_owned(), json!([["06:00", "18:00"]])));
        let weekly: serde_json::Map<String, serde_json::Value> = days.into_iter().collect();
        let hours = BusinessHours::parse(&json!({ "timeZone": "UTC", "weekly": weekly })).unwrap();
        let offsets = Offsets::find(&Utc, "UTC", index.earliest().unwrap(), as_of).unwrap();
        Calendar::new(Rc::new(hours), &offsets)
    }

    impl<'a> NaiveSelection<'a> {
        fn threshold(&self, entry: &Entry) -> i64 {
            let of_department = entry.department_id.as_deref();
            let of_department = of_department.and_then(|id| self.settings.department_threshold_minutes.get(id));
            let channels = &self.settings.channel_threshold_minutes;
            let is_channel = |name: &&str| name.eq_ignore_ascii_case(&entry.channel_type);
            let of_channel = channels.names().find(is_channel).and_then(|name| channels.get(name));
            of_department.or(of_channel).unwrap_or(self.settings.threshold_minutes)
        }

        fn passes(entry: &Entry, query: &RowQuery) -> bool {
            let RowFilter {
                category: _,
                channel_type,
                reason,
                assignee,
            } = &query.filter;
            let department = entry.department_id.as_deref();
            let departments = query.departments.as_ref();
            departments.is_none_or(|ids| department.is_some_and(|id| ids.iter().any(|own| own == id)))
                && channel_type
                    .as_deref()
                    .is_none_or(|channel| channel == &*entry.channel_type)
                && reason.is_none_or(|reason| reason == entry.reason)
                && assignee
                    .as_deref()
                    .is_none_or(|name| entry.assignee_names.iter().any(|shown| &**shown == name))
        }

        /// The entries that pass every filter but the one by category: those that are listed, and those that are too
        /// old.
        fn rows(&self, query: &RowQuery) -> (Vec<&'a Entry>, Vec<&'a Entry>) {
            let age_ms = |entry: &Entry| self.as_of.milliseconds_since(entry.stalled_since);
            let counted_ms = |entry: &Entry| match self.has_hours {
                true => daytime_before(self.as_of) - daytime_before(entry.stalled_since),
                false => age_ms(entry),
            };
            let passing = self.entries.iter().filter(|entry| Self::passes(entry, query));
            let over = passing
                .filter(|entry| self.skips_threshold || counted_ms(entry).max(0) >= self.threshold(entry) * MINUTE_MS);
            let max_age_ms = self.settings.max_age_days * DAY_MS;
            over.partition(|entry| self.skips_threshold || age_ms(entry) <= max_age_ms)
        }

        /// How many entries are neither listed nor too old.
        fn count_below(&self, query: &RowQuery) -> u64 {
            let (listed, older) = self.rows(query);
            let count = |entries: &mut dyn Iterator<Item = &'a Entry>| {
                entries.filter(|entry| Self::has_category(entry, query)).count() as u64
            };
            let passing = self.entries.iter().filter(|entry| Self::passes(entry, query));
            count(&mut passing.into_iter()) - count(&mut listed.into_iter()) - count(&mut older.into_iter())
        }

        fn has_category(entry: &Entry, query: &RowQuery) -> bool {
            match query.filter.category {
                Some(category) => category == entry.category,
                None => [Category::AiStuck, Category::AgentAbandoned].contains(&entry.category),
            }
        }

        fn select(&self, query: &RowQuery, paging: Paging) -> Selection {
            let (listed, older) = self.rows(query);
            let mut selection = Selection::default();
            for entry in &listed {
                selection.totals.counts.add(entry.category, 1);
            }
            let older = older.iter().filter(|entry| Self::has_category(entry, query));
            selection.totals.older = older.count() as u64;
            let rows = listed.iter().filter(|entry| Self::has_category(entry, query));
            let skip = (paging.page - 1) * paging.limit;
            let rows = rows.skip(skip as usize).take(paging.limit as usize);
            selection.rows = rows
                .map(|entry| SelectedRow {
                    row_no: entry.row_no,
                    stalled_since: entry.stalled_since,
                    threshold_minutes: self.threshold(entry),
                })
                .collect();
            selection
        }
    }

    #[test]
    fn a_page_is_what_a_look_at_every_entry_finds_whatever_the_thresholds() {
        let mixes = [
            settings(5, &[], &[], 30),
            settings(1, &[("EMAIL", 60)], &[], 30),
            settings(60, &[], &[("d0", 5), ("d2", 1), ("d9", 7)], 30),
            settings(
                5,
                &[("sms", 1), ("email", 120), ("fax", 3)],
                &[("d0", 15), ("d1", 5)],
                30,
            ),
            settings(10_080, &[("chat", 1)], &[("d1", 1_440), ("d2", 1_441)], 1),
            settings(5, &[("email", 7 * 1_440)], &[], 2),
        ];
        // Several at one instant, some exactly at a threshold or at the age limit, some in the future.
        let minutes = [
            -2, 0, 1, 1, 4, 5, 5, 6, 15, 60, 61, 119, 120, 121, 1_439, 1_440, 1_441, 2_879, 2_880, 2_881, 10_080,
            43_200, 43_201,
        ];
        let as_of = Timestamp::from_milliseconds(100 * DAY_MS);
        let entries = (0..200).map(|number| {
            let age_ms = minutes[(number * 7 % 23) as usize] * MINUTE_MS + [0, 0, 1, -1][number as usize % 4];
            entry(number, as_of.as_milliseconds() - age_ms)
        });
        let (entries, index) = version_of(entries.collect());
        let scopes: [Option<&[&str]>; 6] = [
            None,
            Some(&[]),
            Some(&["d1"]),
            Some(&["d0", "d2", "d9"]),
            Some(&["d0", "d1", "d2"]),
            Some(&["x"]),
        ];
        let mut filters: Vec<RowFilter> = [None]
            .into_iter()
            .chain(Category::VARIANTS.iter().copied().map(Some))
            .map(of_category)
            .collect();
        let text = |text: &str| Some(text.to_owned());
        for filter in filters.clone() {
            filters.push(RowFilter {
                channel_type: text("Email"),
                ..filter.clone()
            });
            filters.push(RowFilter {
                reason: Some(Reason::ReplyFailed),
                ..filter.clone()
            });
            filters.push(RowFilter {
                assignee: text("A"),
                channel_type: text("sms"),
                ..filter
            });
        }
        for missing in ["email", "fax", ""] {
            filters.push(RowFilter {
                channel_type: text(missing),
                ..RowFilter::default()
            });
            filters.push(RowFilter {
                assignee: text(missing),
                ..RowFilter::default()
            });
        }
        let mut seen = 0;
        // At half past six, half an hour of today counts.
        let in_the_morning = as_of.plus(390 * MINUTE_MS);
        let combinations = mixes.iter().flat_map(|settings| {
            [
                (settings, as_of, false, false),
                (settings, as_of, true, false),
                (settings, in_the_morning, false, true),
                (settings, in_the_morning, true, true),
            ]
        });
        for (settings, as_of, skips_threshold, has_hours) in combinations {
            let calendar = has_hours.then(|| daytime(&index, as_of));
            let groups = Groups::new(&index, settings);
            let listed = if skips_threshold {
                groups.everything(&index)
            } else {
                groups.listed(&index, as_of, calendar.as_ref())
            };
            let listing = Listing {
                index: &index,
                groups: &groups,
                listed: &listed,
                among: None,
            };
            let naive = NaiveSelection {
                entries: &entries,
                settings,
                as_of,
                skips_threshold,
                has_hours,
            };
            for (departments, filter) in scopes
                .iter()
                .flat_map(|scope| filters.iter().map(move |filter| (*scope, filter)))
            {
                let query = query(departments, filter.clone());
                let context = format!("{query:?} under {settings:?}, {skips_threshold}, {has_hours}");
                assert_eq!(listing.count_below(&query), naive.count_below(&query), "{context}");
                for (page, limit) in [(1, 1), (2, 1), (1, 7), (2, 7), (3, 7), (1, 100), (2, 100), (9, 100)] {
                    let paging = Paging { page, limit };
                    let selection = listing.select(&query, paging);
                    assert_eq!(selection, naive.select(&query, paging), "{context}, {paging:?}");
                    seen += selection.rows.len();
                }
                let all = naive.select(&query, Paging { page: 1, limit: 1_000 });
                let row_nos: Vec<i64> = all.rows.iter().map(|row| row.row_no).collect();
                assert_eq!(listing.select_all(&query).concat(), row_nos, "{context}");
                assert_eq!(listing.totals(&query), all.totals, "{context}");
                let summary = listing.summarize(&query, as_of, calendar.as_ref());
                assert_eq!(summary.totals, all.totals, "{context}");
                let mut ages = [0; AGES_FROM_MINUTES.len()];
                for row in &all.rows {
                    let counted_ms = match has_hours {
                        true => daytime_before(as_of) - daytime_before(row.stalled_since),
                        false => as_of.milliseconds_since(row.stalled_since),
                    };
                    let reached = |from: &&i64| **from * MINUTE_MS <= counted_ms.max(0);
                    ages[AGES_FROM_MINUTES.iter().filter(reached).count() - 1] += 1;
                }
                assert_eq!(summary.ages, ages, "{context}");
            }
        }
        assert!(seen > 10_000, "{seen}");
    }

    #[test]
    fn exactly_at_the_threshold_and_at_the_age_limit_is_listed() {
        let (_, index) = version_of((0..10).map(|number| entry(number, number * MINUTE_MS)).collect());
        let groups = Groups::new(&index, &settings(5, &[], &[], 1));
        let check = |as_of: i64, oldest: usize, end: usize| {
            let listed = groups.listed(&index, Timestamp::from_milliseconds(as_of), None);
            assert_eq!(
                listed,
                ListedEntries {
                    oldest,
                    ends: vec![end]
                },
                "{as_of}"
            );
        };
        check(299_999, 0, 0);
        check(300_000, 0, 1);
        check(359_999, 0, 1);
        check(360_000, 0, 2);
        check(DAY_MS, 0, 10);
        check(DAY_MS + 1, 1, 10);
        check(DAY_MS + MINUTE_MS, 1, 10);
        check(i64::MAX, 10, 10);
        check(i64::MIN, 0, 0);
    }

    #[test]
    fn chunks_all_rows_by_number_and_by_assignees() {
        let check = |rows: usize, names: usize, expected: &[usize]| {
            let entry = |number: usize| Entry {
                assignee_names: vec![Rc::from("A"); names],
                category: Category::AiStuck,
                ..entry(number as i64, 0)
            };
            let (_, index) = version_of((0..rows).map(entry).collect());
            let groups = Groups::new(&index, &Settings::default());
            let listed = groups.everything(&index);
            let listing = Listing {
                index: &index,
                groups: &groups,
                listed: &listed,
                among: None,
            };
            let found = listing.select_all(&RowQuery::default());
            assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), expected);
            assert_eq!(found.concat(), (1_000..1_000 + rows as i64).collect::<Vec<_>>());
        };
        check(0, 0, &[]);
        check(500, 0, &[500]);
        check(1_001, 1, &[500, 500, 1]);
        check(50, 100, &[20, 20, 10]);
    }

    #[test]
    fn shows_the_other_categories_only_where_they_are_named() {
        let (_, index) = version_of((0..5).map(|number| entry(number, number)).collect());
        let groups = Groups::new(&index, &Settings::default());
        let listed = groups.everything(&index);
        let listing = Listing {
            index: &index,
            groups: &groups,
            listed: &listed,
            among: None,
        };
        let rows = |category| {
            let query = query(None, of_category(category));
            let Selection { totals, rows } = listing.select(&query, Paging { page: 1, limit: 25 });
            let of_each = Category::VARIANTS
                .iter()
                .map(|category| totals.counts.for_category(Some(*category)));
            assert_eq!(of_each.collect::<Vec<_>>(), [1; 5]);
            assert_eq!(totals.counts.for_category(category), rows.len() as u64);
            rows.iter().map(|row| row.row_no).collect::<Vec<_>>()
        };
        assert_eq!(rows(None), [1_000, 1_001]);
        for (category, row_no) in Category::VARIANTS.iter().zip(1_000..) {
            assert_eq!(rows(Some(*category)), [row_no]);
        }
    }

    #[test]
    fn nothing_is_selected_of_nothing() {
        let (index, groups, listed) = (SnapshotIndex::default(), Groups::default(), ListedEntries::default());
        let listing = Listing {
            index: &index,
            groups: &groups,
            listed: &listed,
            among: None,
        };
        let paging = Paging {
            page: u64::MAX,
            limit: 100,
        };
        assert_eq!(listing.select(&RowQuery::default(), paging), Selection::default());
        assert_eq!(listing.totals(&RowQuery::default()).counts, Counts::default());
    }
}
