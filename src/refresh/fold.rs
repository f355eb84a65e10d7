//! From pending timelines to states.

use crate::base::timestamp::{MINUTE_MS, Timestamp};
use crate::conversation::acknowledgement::Acknowledgement;
use crate::conversation::body::{AutopilotChange, Message, Resolution};
use crate::conversation::merge::Member;
use crate::conversation::state::{State, fold};
use crate::conversation::timeline::{Item, ItemCollection};
use crate::refresh::bisect::{bisect_failures, chunks};
use crate::refresh::budget::{Budget, Limits, SliceLimits};
use crate::refresh::failures::Failures;
use crate::refresh::lease::Lease;
use crate::refresh::sql;
use crate::refresh::work::{FoldProgress, Slice};
use crate::storage::database::{Database, DatabaseError, Row, SqlValue, Statement, rows_of};
use crate::storage::json_table::{Cell, PARAMETER_BYTES_MAX, json_chunks, to_json};
use std::collections::HashMap;

/// The most portions of a large organization that are folded before what they amount to is published.
const PORTIONS_MAX: usize = 5;
/// More than a portion takes.
const PORTION_STATEMENTS: u64 = 40;
/// A conversation that time alone changes within so long is left pending for the next run, if nothing else has changed:
/// that costs no write.
const NEXT_RUN_MS: i64 = MINUTE_MS;

/// A conversation whose timeline is to be folded.
struct PendingConversation {
    organization_id: String,
    conversation_id: String,
    /// How long its timeline is. Not all items are counted if it has more than are read at a time.
    items: usize,
    /// The bytes of its record and its state.
    bytes: usize,
}

/// Folds timelines of one run.
pub struct Folder<'a, D> {
    /// The database, within the budget of the run.
    pub database: &'a Budget<'a, D>,
    /// The lease of the run.
    pub lease: &'a Lease<'a>,
    /// How much is read at a time.
    pub limits: SliceLimits,
    /// How many conversations were pending.
    pub folded: u64,
}

impl<D: Database> Folder<'_, D> {
    /// Folds the pending conversations of a slice, with all that were merged with them. Of a large organization it
    /// folds some portions, and notes how far it has come. Organizations of conversations that cannot be folded are
    /// added to `failures`.
    pub async fn fold_slice(&mut self, slice: &mut Slice, failures: &mut Failures) -> Result<(), DatabaseError> {
        if slice
            .organizations
            .iter()
            .all(|organization| organization.pending_records == 0)
        {
            for organization in &mut slice.organizations {
                organization.progress.is_done = true;
            }
            return Ok(());
        }
        if let ([organization], true) = (slice.organizations.as_mut_slice(), slice.is_large) {
            return self
                .fold_large(&organization.id, &mut organization.progress, failures)
                .await;
        }
        let ids: Vec<&str> = slice
            .organizations
            .iter()
            .map(|organization| organization.id.as_str())
            .collect();
        // Twice as many as are known of: more may have come meanwhile, and what is left is for the next run.
        let most = 2 * self.limits.pending_records;
        let list = Statement::new(
            sql::LIST_PENDING_CONVERSATIONS,
            [
                SqlValue::Text(to_json(&ids)?),
                SqlValue::Integer(most as i64),
                SqlValue::Integer(self.limits.items as i64 + 1),
            ],
        );
        let pending = self.list(list).await?;
        let is_done = pending.len() < most;
        self.fold_listed(&pending, failures).await?;
        for organization in &mut slice.organizations {
            organization.progress.is_done = is_done;
        }
        Ok(())
    }

    async fn fold_large(
        &mut self,
        organization_id: &str,
        progress: &mut FoldProgress,
        failures: &mut Failures,
    ) -> Result<(), DatabaseError> {
        for number in 0..PORTIONS_MAX {
            if progress.is_done || (number > 0 && self.database.shortage(2 * PORTION_STATEMENTS).is_some()) {
                break;
            }
            let until = progress.has_wrapped.then_some(progress.start.as_str());
            let list = Statement::new(
                sql::LIST_PENDING_AFTER,
                [
                    organization_id.into(),
                    progress.after.as_str().into(),
                    until.map_or(SqlValue::Null, SqlValue::from),
                    SqlValue::Integer(self.limits.pending_records as i64),
                    SqlValue::Integer(self.limits.items as i64 + 1),
                ],
            );
            let pending = self.list(list).await?;
            // Only as many as are folded in one go: then the next portion begins after them.
            let portion = self.chunks_of(&pending).into_iter().next().unwrap_or_default();
            let is_last = portion.len() == pending.len() && pending.len() < self.limits.pending_records;
            if let Some(last) = portion.last() {
                progress.after.clone_from(&last.conversation_id);
            }
            self.fold_listed(portion, failures).await?;
            if is_last && (progress.has_wrapped || progress.start.is_empty()) {
                progress.is_done = true;
            } else if is_last {
                progress.has_wrapped = true;
                progress.after.clear();
            }
        }
        Ok(())
    }

    fn chunks_of<'b>(&self, pending: &'b [PendingConversation]) -> Vec<&'b [PendingConversation]> {
        let SliceLimits {
            pending_records,
            items,
            bytes,
            ..
        } = self.limits;
        // Whichever is used up first.
        let weight = |conversation: &PendingConversation| {
            (conversation.items * bytes / items.max(1))
                .max(conversation.bytes)
                .max(bytes / pending_records.max(1))
        };
        chunks(pending, pending_records, bytes, weight)
    }

    async fn fold_listed(
        &mut self,
        pending: &[PendingConversation],
        failures: &mut Failures,
    ) -> Result<(), DatabaseError> {
        for chunk in self.chunks_of(pending) {
            let culprits = bisect_failures(chunk, async |chunk| {
                self.folded += fold_chunk(self.database, self.lease, self.limits.items, chunk, failures).await?;
                Ok(())
            })
            .await?;
            for (culprit, error) in culprits {
                let reason = format!("conversation {}: {error}", culprit.conversation_id);
                failures.add(&culprit.organization_id, reason);
            }
        }
        Ok(())
    }

    async fn list(&self, statement: Statement) -> Result<Vec<PendingConversation>, DatabaseError> {
        let [rows] = rows_of(self.database.batch(vec![statement]).await?)?;
        let conversation = |row: &Row| {
            Ok(PendingConversation {
                organization_id: row.text(0)?.to_owned(),
                conversation_id: row.text(1)?.to_owned(),
                items: row.integer(2)? as usize,
                bytes: row.integer(3)? as usize,
            })
        };
        rows.iter().map(conversation).collect()
    }
}

/// Reads, folds and stores some conversations in two round trips, or three if any of them was merged with others.
/// Returns how many were pending.
async fn fold_chunk<D: Database>(
    database: &D,
    lease: &Lease<'_>,
    items_max: usize,
    chunk: &[PendingConversation],
    failures: &mut Failures,
) -> Result<u64, DatabaseError> {
    let keys = chunk
        .iter()
        .map(|conversation| key(&conversation.organization_id, &conversation.conversation_id));
    let keys = one_parameter(keys)?;
    let read_conversations = Statement::new(sql::READ_CONVERSATIONS, [keys.as_str().into()]);
    let (conversations, mut timelines) = match chunk {
        // What has come since the first of several reads is noticed by the change token.
        [long] if long.items > items_max => {
            let [conversations] = rows_of(database.batch(vec![read_conversations]).await?)?;
            let timeline =
                read_timeline(database, &long.organization_id, &long.conversation_id, items_max, false).await?;
            (conversations, vec![timeline])
        }
        _ => {
            let read_timelines = Statement::new(sql::READ_TIMELINES, [keys.as_str().into()]);
            let [conversations, items] = rows_of(database.batch(vec![read_conversations, read_timelines]).await?)?;
            let mut timelines: Vec<Items> = chunk.iter().map(|_| Items::default()).collect();
            for row in &items {
                if let Some(items) = timelines.get_mut(row.integer(0)? as usize) {
                    items.add(row, 1)?;
                }
            }
            (conversations, timelines)
        }
    };
    let folded = conversations.len() as u64;

    // Conversations that were merged are folded together, the others one by one.
    let mut groups = Vec::new();
    let mut merged = Vec::new();
    for row in &conversations {
        let number = row.integer(0)? as usize;
        let (Some(conversation), Some(items)) = (chunk.get(number), timelines.get_mut(number)) else {
            continue;
        };
        let PendingConversation {
            organization_id,
            conversation_id,
            ..
        } = conversation;
        if row.integer(4)? != 0 {
            merged.push(key(organization_id, conversation_id));
            continue;
        }
        let mut conversation = StoredConversation {
            conversation_id: conversation_id.clone(),
            change_token: Some(row.text(1)?.to_owned()),
            body: row.optional_text(2)?.map(str::to_owned),
            is_known: row.integer(3)? != 0,
            stored: StoredState::from_row(row, 5)?,
            is_to_be_published: row.integer(8)? != 0,
            acknowledgement: row.optional_text(10)?.map(str::to_owned),
            items: std::mem::take(items),
            late_at: 0,
            updated_at: 0,
        };
        conversation.items.note_forgotten(row, 9)?;
        groups.push((organization_id.clone(), vec![conversation]));
    }
    if !merged.is_empty() {
        let together = read_merged(database, merged, items_max, usize::MAX, false).await?;
        // One that was merged since it was read by itself is only folded with the others: what it was alone is out of
        // date, and would settle it. The others are sorted by organization and conversation.
        let is_among = |(organization_id, alone): &(String, Vec<StoredConversation>)| {
            let of_same = together.binary_search_by(|(other, _)| other.cmp(organization_id));
            let group = of_same.ok().and_then(|number| together.get(number));
            group.is_some_and(|(_, group)| {
                let is_in = |id: &String| group.binary_search_by(|one| one.conversation_id.cmp(id)).is_ok();
                alone.iter().any(|alone| is_in(&alone.conversation_id))
            })
        };
        groups.retain(|group| !is_among(group));
        groups.extend(together);
    }

    let mut changes = Vec::new();
    for (organization_id, group) in groups {
        match fold_group(group, lease.as_of, lease.change_token) {
            Ok(states) => changes.extend(states.into_iter().map(|state| (organization_id.clone(), state))),
            Err(reason) => failures.add(&organization_id, reason),
        }
    }
    let statements = store_statements(&changes, lease)?;
    if !statements.is_empty() {
        database.batch(lease.guarded(statements)).await?;
    }
    Ok(folded)
}

/// The statements that store states. None is there that would find nothing to do.
fn store_statements(changes: &[(String, StateChange)], lease: &Lease<'_>) -> Result<Vec<Statement>, DatabaseError> {
    let mut statements = Vec::new();
    let is_of_run = |(_, change): &&(String, StateChange)| change.change_token == lease.change_token;
    let keys = changes.iter().filter(is_of_run);
    for keys in json_chunks(
        keys.map(|(id, change)| key(id, &change.conversation_id)),
        PARAMETER_BYTES_MAX,
    )? {
        let parameters = [SqlValue::Text(keys), lease.change_token.into()];
        statements.push(Statement::new(sql::ADD_MERGED_PENDING, parameters));
    }
    let stored = changes.iter().filter(|(_, change)| !change.state.is_empty());
    for states in json_chunks(stored.map(|(id, change)| change.columns(id)), PARAMETER_BYTES_MAX)? {
        statements.push(Statement::new(sql::STORE_STATES, [states.into()]));
    }
    let keys = |wanted: &dyn Fn(&StateChange) -> bool| {
        let wanted = changes.iter().filter(|(_, change)| wanted(change));
        json_chunks(wanted.map(|(id, change)| change.key(id)), PARAMETER_BYTES_MAX)
    };
    for keys in keys(&|change| change.state.is_empty() && !change.was_empty)? {
        statements.push(Statement::new(sql::REMOVE_STATES, [keys.into()]));
    }
    for keys in keys(&|change| !change.has_candidate_changed)? {
        let parameters = [SqlValue::Text(keys), lease.change_token()];
        statements.push(Statement::new(sql::SETTLE_UNCHANGED, parameters));
    }
    for keys in keys(&|change| change.has_candidate_changed || change.is_to_be_published)? {
        let parameters = [SqlValue::Text(keys), lease.change_token()];
        statements.push(Statement::new(sql::FORWARD_FOLDED, parameters));
    }
    Ok(statements)
}

/// The key of a conversation, or of another record, as a row.
pub fn key<'a>(organization_id: &'a str, conversation_id: &'a str) -> [Cell<'a>; 2] {
    [organization_id.into(), conversation_id.into()]
}

/// Rows as JSON in one parameter. If they do not fit, this fails, and whoever divides the work takes fewer at a time.
fn one_parameter<'a>(rows: impl IntoIterator<Item = [Cell<'a>; 2]>) -> Result<String, DatabaseError> {
    let [rows] = <[String; 1]>::try_from(json_chunks(rows, PARAMETER_BYTES_MAX)?)
        .map_err(|_| DatabaseError::Failed("the ids are too long for one statement".to_owned()))?;
    Ok(rows)
}

/// Items as they are read.
#[derive(Debug, Default)]
pub struct Items {
    /// What is kept of them.
    pub items: ItemCollection,
    /// What is wrong with the first that is damaged.
    pub damage: Option<String>,
}

impl Items {
    /// None yet. Whether they are to be explained.
    fn new(is_explained: bool) -> Self {
        Self {
            items: if is_explained {
                ItemCollection::explained()
            } else {
                ItemCollection::default()
            },
            damage: None,
        }
    }

    /// Adds an item from three columns of a row: type, id and body.
    fn add(&mut self, row: &Row, first: usize) -> Result<(), DatabaseError> {
        let id = row.text(first + 1)?;
        match parse_item(row.text(first)?, id, row.text(first + 2)?) {
            Ok(item) => self.items.add(id, item),
            Err(damage) => drop(self.damage.get_or_insert(damage)),
        }
        Ok(())
    }

    /// Notes that earlier items have been forgotten, if this column says so.
    fn note_forgotten(&mut self, row: &Row, column: usize) -> Result<(), DatabaseError> {
        if row.integer(column)? != 0 {
            self.items.set_forgotten();
        }
        Ok(())
    }
}

/// Reads the timeline of one conversation, so many items at a time.
async fn read_timeline<D: Database>(
    database: &D,
    organization_id: &str,
    conversation_id: &str,
    items_max: usize,
    is_explained: bool,
) -> Result<Items, DatabaseError> {
    let mut items = Items::new(is_explained);
    let mut after = (String::new(), String::new());
    loop {
        let (record_type, id) = after;
        let read = Statement::new(
            sql::READ_TIMELINE_PORTION,
            [
                organization_id.into(),
                conversation_id.into(),
                record_type.into(),
                id.into(),
                SqlValue::Integer(items_max as i64),
            ],
        );
        let [rows] = rows_of(database.batch(vec![read]).await?)?;
        for row in &rows {
            items.add(row, 0)?;
        }
        let Some(last) = rows.last().filter(|_| rows.len() >= items_max) else {
            return Ok(items);
        };
        after = (last.text(0)?.to_owned(), last.text(1)?.to_owned());
    }
}

/// A conversation as it is stored.
pub struct StoredConversation {
    /// Its id.
    pub conversation_id: String,
    /// `None` means that it is not pending.
    pub change_token: Option<String>,
    /// Its record. `None` means that there is none, or a removal.
    pub body: Option<String>,
    /// Whether there is a record of it, or a removal.
    pub is_known: bool,
    stored: StoredState,
    /// Whether an earlier change of it waits to be published.
    is_to_be_published: bool,
    /// That it was acknowledged, as stored.
    acknowledgement: Option<String>,
    /// Its timeline.
    pub items: Items,
    /// When old items came last, in milliseconds. Only the sweep asks.
    pub late_at: i64,
    /// The source's clock for its record, in milliseconds. Only the sweep asks.
    pub updated_at: i64,
}

/// What is stored of a conversation between refreshes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct StoredState {
    candidate: Option<String>,
    due_at: Option<Timestamp>,
    /// Since when its items are stored without a record of it.
    unknown_since: Option<Timestamp>,
}

impl StoredState {
    /// Reads it from three columns of a row.
    fn from_row(row: &Row, first: usize) -> Result<Self, DatabaseError> {
        let instant = |column| Ok(row.optional_integer(column)?.map(Timestamp::from_milliseconds));
        Ok(Self {
            candidate: row.optional_text(first)?.map(str::to_owned),
            due_at: instant(first + 1)?,
            unknown_since: instant(first + 2)?,
        })
    }

    /// Whether nothing has to be stored.
    fn is_empty(&self) -> bool {
        self.candidate.is_none() && self.due_at.is_none() && self.unknown_since.is_none()
    }
}

impl StoredConversation {
    /// What a fold makes of it.
    fn into_member(self) -> Result<Member, String> {
        let id = self.conversation_id;
        let error = |what: &str| format!("conversation {id}: {what}");
        if let Some(damage) = self.items.damage {
            return Err(error(&damage));
        }
        let conversation = self.body.as_deref().map(serde_json::from_str).transpose();
        let conversation = conversation.map_err(|cause| error(&format!("its record: {cause}")))?;
        let acknowledgement = self
            .acknowledgement
            .as_deref()
            .map(Acknowledgement::from_body)
            .transpose();
        let acknowledgement = acknowledgement.map_err(|cause| error(&format!("its acknowledgement: {cause}")))?;
        Ok(Member {
            conversation,
            acknowledgement,
            items: self.items.items,
            id,
        })
    }
}

/// A conversation and all that were merged with it, with their items to be explained.
pub struct StoredMembers {
    /// All of them.
    pub members: Vec<Member>,
    /// Whether there is a record of the conversation, or a removal.
    pub is_known: bool,
    /// Whether there is anything of it: a record, a removal or an item.
    pub exists: bool,
}

/// Reads a conversation to explain it. Items are read as for a fold: if they are many, some at a time.
///
/// # Errors
/// [`DatabaseError`]; [`DatabaseError::Decode`] if something stored is damaged.
pub async fn read_members<D: Database>(
    database: &D,
    organization_id: &str,
    conversation_id: &str,
    now: Timestamp,
) -> Result<StoredMembers, DatabaseError> {
    let (clock, limits) = (|| now, Limits::default());
    // With a budget, as a refresh reads it: so the code is there once.
    let budget = Budget::new(database, &clock, &limits);
    let keys = vec![key(organization_id, conversation_id)];
    let groups = read_merged(&budget, keys, limits.slice.items, usize::MAX, true).await?;
    let mut read = StoredMembers {
        members: Vec::new(),
        is_known: false,
        exists: false,
    };
    for stored in groups.into_iter().flat_map(|(_, group)| group) {
        if stored.conversation_id == conversation_id {
            read.is_known = stored.is_known;
            read.exists = stored.is_known || !stored.items.items.is_empty();
        }
        let member = stored.into_member();
        let damaged = |_| DatabaseError::Decode("a record of a conversation, or its acknowledgement, is damaged");
        read.members.push(member.map_err(damaged)?);
    }
    Ok(read)
}

/// Reads the conversations that were merged with those of `keys`, and these, by organization. `is_explained` says
/// whether their items are to be explained.
///
/// # Errors
/// [`DatabaseError::TooMuch`] if their items are too many to be read together, and they are more than `alone_max`.
pub async fn read_merged<D: Database>(
    database: &D,
    keys: Vec<[Cell<'_>; 2]>,
    items_max: usize,
    alone_max: usize,
    is_explained: bool,
) -> Result<Vec<(String, Vec<StoredConversation>)>, DatabaseError> {
    let is_divisible = keys.len() > alone_max;
    let keys = one_parameter(keys)?;
    // More than the pending ones among them may have.
    let most = 2 * items_max as i64;
    let outcomes = database
        .batch(vec![
            Statement::new(sql::MERGED_CONVERSATIONS, [keys.as_str().into()]),
            Statement::new(sql::MERGED_TIMELINES, [keys.as_str().into(), SqlValue::Integer(most)]),
        ])
        .await?;
    let [conversations, items] = rows_of(outcomes)?;
    let mut timelines: Vec<Items> = conversations.iter().map(|_| Items::new(is_explained)).collect();
    if (items.len() as i64) < most {
        let mut numbers = HashMap::new();
        for (number, row) in conversations.iter().enumerate() {
            numbers.insert((row.text(0)?, row.text(1)?), number);
        }
        for row in &items {
            let number = numbers.get(&(row.text(0)?, row.text(1)?));
            if let Some(timeline) = number.and_then(|number| timelines.get_mut(*number)) {
                timeline.add(row, 2)?;
            }
        }
    } else if is_divisible {
        return Err(DatabaseError::TooMuch);
    } else {
        drop(items);
        for (row, timeline) in conversations.iter().zip(&mut timelines) {
            *timeline = read_timeline(database, row.text(0)?, row.text(1)?, items_max, is_explained).await?;
        }
    }
    // The statement sorts the conversations by organization.
    let mut groups: Vec<(String, Vec<StoredConversation>)> = Vec::new();
    for (row, items) in conversations.iter().zip(timelines) {
        let organization_id = row.text(0)?;
        let mut conversation = StoredConversation {
            conversation_id: row.text(1)?.to_owned(),
            change_token: row.optional_text(2)?.map(str::to_owned),
            body: row.optional_text(3)?.map(str::to_owned),
            is_known: row.integer(4)? != 0,
            stored: StoredState::from_row(row, 5)?,
            is_to_be_published: row.integer(8)? != 0,
            acknowledgement: row.optional_text(12)?.map(str::to_owned),
            items,
            late_at: row.integer(10)?,
            updated_at: row.integer(11)?,
        };
        conversation.items.note_forgotten(row, 9)?;
        match groups.last_mut() {
            Some((last, group)) if last == organization_id => group.push(conversation),
            _ => groups.push((organization_id.to_owned(), vec![conversation])),
        }
    }
    Ok(groups)
}

/// The state of a conversation that is to be stored.
struct StateChange {
    conversation_id: String,
    change_token: String,
    state: StoredState,
    /// Whether the candidate differs from the one that was stored before.
    has_candidate_changed: bool,
    /// Whether an earlier change of it waits to be published.
    is_to_be_published: bool,
    /// Whether nothing was stored before.
    was_empty: bool,
}

impl StateChange {
    /// The columns that `store_states.sql` describes.
    fn columns<'a>(&'a self, organization_id: &'a str) -> [Cell<'a>; 6] {
        [
            organization_id.into(),
            Cell::from(&self.conversation_id),
            Cell::from(&self.change_token),
            self.state.candidate.as_deref().into(),
            self.state.due_at.into(),
            self.state.unknown_since.into(),
        ]
    }

    /// The columns that `remove_states.sql` describes.
    fn key<'a>(&'a self, organization_id: &'a str) -> [Cell<'a>; 5] {
        [
            organization_id.into(),
            Cell::from(&self.conversation_id),
            Cell::from(&self.change_token),
            self.has_candidate_changed.into(),
            self.state.is_empty().into(),
        ]
    }
}

/// Folds conversations of one organization that may have been merged with each other. A conversation that is not
/// pending is only stored if its state has changed, under `change_token`.
///
/// # Errors
/// A text for the log if something stored is damaged.
fn fold_group(
    group: Vec<StoredConversation>,
    as_of: Timestamp,
    change_token: &str,
) -> Result<Vec<StateChange>, String> {
    let mut members = Vec::with_capacity(group.len());
    let mut before = Vec::with_capacity(group.len());
    for mut conversation in group {
        let is_unknown = !conversation.is_known && !conversation.items.items.is_empty();
        before.push((
            conversation.change_token.take(),
            is_unknown,
            conversation.is_to_be_published,
            std::mem::take(&mut conversation.stored),
        ));
        members.push(conversation.into_member()?);
    }
    let mut changes = Vec::new();
    for ((conversation_id, state), before) in fold(members, as_of).into_iter().zip(before) {
        let (token, is_unknown, is_to_be_published, stored) = before;
        let State { candidate, due_at } = state;
        let candidate = candidate.map(|candidate| to_json(&candidate)).transpose();
        let state = StoredState {
            candidate: candidate.map_err(|error| error.to_string())?,
            due_at,
            unknown_since: is_unknown.then(|| stored.unknown_since.unwrap_or(as_of)),
        };
        let has_candidate_changed = state.candidate != stored.candidate;
        let is_news = has_candidate_changed || state.unknown_since != stored.unknown_since;
        let is_due_soon = due_at.is_some_and(|due_at| due_at <= as_of.plus(NEXT_RUN_MS));
        let change_token = match token {
            Some(_) if is_due_soon && !is_news => continue,
            None if state == stored => continue,
            Some(token) => token,
            None => change_token.to_owned(),
        };
        changes.push(StateChange {
            conversation_id,
            change_token,
            was_empty: stored.is_empty(),
            state,
            has_candidate_changed,
            is_to_be_published,
        });
    }
    Ok(changes)
}

fn parse_item(record_type: &str, id: &str, body: &str) -> Result<Item, String> {
    let item = match record_type {
        "message" => serde_json::from_str::<Message>(body).map(|message| Item::from(&message)),
        "autopilot" => serde_json::from_str::<AutopilotChange>(body).map(|change| Item::from(&change)),
        "resolution" => serde_json::from_str::<Resolution>(body).map(|resolution| Item::from(&resolution)),
        other => return Err(format!("a record of type {other} is in its timeline")),
    };
    item.map_err(|error| format!("record {id}: {error}"))
}
