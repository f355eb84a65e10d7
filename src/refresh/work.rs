//! What a run has to do, organization by organization, and in which order.
//!
//! Organizations whose report stands still come first, and among these those that have had no turn for longest. Then
//! come all others, small ones before large ones, and at the end those whose last refresh failed, so that they cannot
//! take the run from others. A slice is as much as is folded and published together: many small organizations, or a
//! portion of a large one. A large one that is not done goes to the end of the queue. So the work of one never keeps
//! the others from their turn.

use crate::base::timestamp::Timestamp;
use crate::refresh::budget::{Limits, SliceLimits};
use crate::refresh::lease::Lease;
use crate::refresh::sql;
use crate::storage::database::{Database, DatabaseError, Row, SqlValue, Statement, rows_of};
use std::collections::VecDeque;

/// Up to this many failed organizations are refreshed one at a time, which takes more statements than all together.
const FAILED_ALONE_MAX: usize = 20;

/// An organization that a run has anything to do for.
#[derive(Debug, Clone)]
pub struct Organization {
    /// Its id.
    pub id: String,
    /// How many rows are published.
    pub rows: usize,
    /// How many records are pending. Not all are counted if it has more than fit into a slice.
    pub pending_records: usize,
    /// Whether its report stands still.
    pub is_frozen: bool,
    /// Whether its last refresh failed.
    pub has_failed: bool,
    /// Whether its version does not list all candidates.
    pub has_missing: bool,
    /// Whether it may be published: not until all its conversations are folded by the rule.
    pub may_publish: bool,
    /// Whether superseded versions may be removed.
    pub is_retirement_due: bool,
    /// Whether it has had its turn in this run.
    pub had_turn: bool,
    /// Where folding continues.
    pub progress: FoldProgress,
}

impl Organization {
    /// Whether there is anything to fold or publish.
    fn has_work(&self) -> bool {
        self.pending_records > 0 || self.may_publish
    }

    fn is_large(&self, limits: &SliceLimits) -> bool {
        self.pending_records > limits.pending_records
            || self.rows + self.pending_records > limits.rows
            || self.has_missing
    }
}

/// How far the pending conversations of a large organization are folded: from `start` to the end, and from the
/// beginning to `start`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoldProgress {
    /// Where the run began.
    pub start: String,
    /// The last conversation that was folded.
    pub after: String,
    /// Whether it has reached the end and continues at the beginning.
    pub has_wrapped: bool,
    /// Whether everything is folded.
    pub is_done: bool,
}

impl FoldProgress {
    fn from(after: Option<&str>) -> Self {
        let start = after.unwrap_or_default().to_owned();
        Self {
            after: start.clone(),
            start,
            ..Self::default()
        }
    }

    /// The conversation after which the next run continues, unless it begins at the beginning.
    pub fn goes_on_after(&self) -> Option<&str> {
        let has_begun = self.has_wrapped || self.after != self.start;
        (has_begun && !self.is_done).then_some(&self.after)
    }
}

/// What is folded and published together.
#[derive(Debug, Clone)]
pub struct Slice {
    /// Its organizations.
    pub organizations: Vec<Organization>,
    /// Whether it is one organization that may have more than fits into a slice.
    pub is_large: bool,
}

impl Slice {
    /// The slice of a single organization that is not done.
    pub fn from_organization(organization: Organization) -> Self {
        Self {
            organizations: vec![organization],
            is_large: true,
        }
    }
}

/// What a run has to do.
#[derive(Debug, Default)]
pub struct Work {
    /// The instant of the report that stands still for longest. `None` means that none does.
    pub frozen_since: Option<Timestamp>,
    /// The slices, in the order in which they are worked on.
    pub slices: VecDeque<Slice>,
    /// How many organizations were listed.
    pub organizations: u64,
    /// The organizations of which versions may be removed.
    pub retirements: Vec<String>,
    /// The last organization that was listed, if there may be more.
    pub listed_until: Option<String>,
}

/// Lists what there is to do.
pub async fn list_work<D: Database>(database: &D, lease: &Lease<'_>, limits: &Limits) -> Result<Work, DatabaseError> {
    let pending_max = limits.slice.pending_records as i64 + 1;
    let outcomes = database
        .batch(vec![Statement::new(
            sql::LIST_WORK,
            [lease.as_of.as_milliseconds(), pending_max, limits.organizations].map(SqlValue::Integer),
        )])
        .await?;
    let [rows] = rows_of(outcomes)?;
    let organizations = rows.iter().map(organization).collect::<Result<Vec<_>, _>>()?;
    let is_cut = rows.len() as i64 >= limits.organizations;
    let mut frozen_since = None;
    for row in &rows {
        let since = row.optional_integer(9)?.map(Timestamp::from_milliseconds);
        frozen_since = match (frozen_since, since) {
            (Some(first), Some(since)) => Some(since.min(first)),
            (first, since) => first.or(since),
        };
    }
    Ok(Work {
        frozen_since,
        organizations: organizations.len() as u64,
        retirements: organizations
            .iter()
            .filter(|organization| organization.is_retirement_due)
            .map(|organization| organization.id.clone())
            .collect(),
        // All organizations that stand still come before the others, so they stay frozen wherever the list ends.
        listed_until: is_cut.then(|| {
            let moving = organizations.iter().filter(|organization| !organization.is_frozen);
            moving
                .map(|organization| organization.id.clone())
                .max()
                .unwrap_or_default()
        }),
        slices: slices(organizations, &limits.slice),
    })
}

fn organization(row: &Row) -> Result<Organization, DatabaseError> {
    let flag = |column| Ok::<_, DatabaseError>(row.integer(column)? != 0);
    Ok(Organization {
        id: row.text(0)?.to_owned(),
        rows: row.integer(1)? as usize,
        pending_records: row.integer(2)? as usize,
        is_frozen: flag(3)?,
        has_failed: flag(4)?,
        has_missing: flag(5)?,
        progress: FoldProgress::from(row.optional_text(6)?),
        may_publish: flag(7)?,
        is_retirement_due: flag(8)?,
        had_turn: false,
    })
}

/// Divides organizations into slices. A large one among those that stand still keeps its place; among the others it
/// comes after the small ones.
fn slices(organizations: Vec<Organization>, limits: &SliceLimits) -> VecDeque<Slice> {
    let failed = organizations.iter().filter(|organization| organization.has_failed);
    let is_failed_alone = failed.count() <= FAILED_ALONE_MAX;
    let mut slices = VecDeque::new();
    let mut open = OpenSlice::default();
    let mut later = Vec::new();
    for organization in organizations {
        if !organization.has_work() {
            continue;
        }
        if organization.has_failed {
            slices.extend(open.take_if(|last| !last.has_failed));
            slices.extend(later.drain(..));
        }
        let is_large = organization.is_large(limits);
        if is_large || (organization.has_failed && is_failed_alone) {
            let is_moving = !organization.is_frozen && !organization.has_failed;
            let slice = Slice {
                is_large,
                organizations: vec![organization],
            };
            if is_moving {
                later.push(slice);
            } else {
                slices.extend(open.take_if(|_| true));
                slices.push_back(slice);
            }
            continue;
        }
        if !open.has_room_for(&organization, limits) {
            slices.extend(open.take_if(|_| true));
        }
        open.add(organization);
    }
    slices.extend(open.take_if(|_| true));
    slices.extend(later);
    slices
}

/// A slice that is being filled.
#[derive(Default)]
struct OpenSlice {
    organizations: Vec<Organization>,
    pending_records: usize,
    rows: usize,
}

impl OpenSlice {
    fn has_room_for(&self, organization: &Organization, limits: &SliceLimits) -> bool {
        self.organizations.len() < limits.organizations
            && self.pending_records + organization.pending_records <= limits.pending_records
            && self.rows + organization.rows + organization.pending_records <= limits.rows
    }

    fn add(&mut self, organization: Organization) {
        self.pending_records += organization.pending_records;
        self.rows += organization.rows + organization.pending_records;
        self.organizations.push(organization);
    }

    /// The slice, if it is not empty and its last organization is one that is wanted.
    fn take_if(&mut self, is_wanted: impl Fn(&Organization) -> bool) -> Option<Slice> {
        self.organizations.last().filter(|last| is_wanted(last))?;
        let Self { organizations, .. } = std::mem::take(self);
        Some(Slice {
            organizations,
            is_large: false,
        })
    }
}
