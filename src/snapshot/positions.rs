//! Where the entries of each department and category stand: totals and pages are found without a look at every entry.

use crate::conversation::category::Category;

/// Positions in ascending order.
pub type Lane = Vec<u32>;

/// The positions of a version's entries by what filters ask for: 8 bytes an entry.
#[derive(Debug, Clone, Default)]
pub struct Lanes {
    /// Of all departments and of none, by category.
    all: [Lane; 2],
    /// Of each department by its number, by category.
    departments: Vec<[Lane; 2]>,
}

impl Lanes {
    /// Adds the entry that comes next; none: it has no department.
    pub fn push(&mut self, category: Category, department: Option<u32>) {
        let [ai_stuck, agent_abandoned] = &self.all;
        let position = u32::try_from(ai_stuck.len().saturating_add(agent_abandoned.len())).unwrap_or(u32::MAX);
        lane_of(&mut self.all, category).push(position);
        if let Some(number) = department {
            let number = number as usize;
            if number >= self.departments.len() {
                self.departments.resize_with(number.saturating_add(1), Default::default);
            }
            if let Some(lanes) = self.departments.get_mut(number) {
                lane_of(lanes, category).push(position);
            }
        }
    }

    /// Those of all departments and of none.
    pub fn all(&self) -> &[Lane; 2] {
        &self.all
    }

    /// Those of a department.
    pub fn of_department(&self, number: usize) -> Option<&[Lane; 2]> {
        self.departments.get(number)
    }

    /// Bytes of memory, about.
    pub fn bytes(&self) -> usize {
        let lanes = self.departments.iter().chain([&self.all]).flatten();
        lanes.fold(0, |sum, lane| {
            sum.saturating_add(lane.capacity().saturating_mul(size_of::<u32>()))
                .saturating_add(size_of::<Lane>())
        })
    }
}

fn lane_of(lanes: &mut [Lane; 2], category: Category) -> &mut Lane {
    let [ai_stuck, agent_abandoned] = lanes;
    match category {
        Category::AiStuck => ai_stuck,
        Category::AgentAbandoned => agent_abandoned,
    }
}

/// The positions of `lane` before `end`.
pub fn before(lane: &[u32], end: usize) -> &[u32] {
    let count = lane.partition_point(|position| (*position as usize) < end);
    lane.get(..count).unwrap_or_default()
}

/// Of all positions of `lanes`, which have none in common, in ascending order: those from the one numbered `skip`, from
/// 0, at most `limit`.
pub fn page(mut lanes: Vec<&[u32]>, skip: usize, limit: usize) -> Vec<usize> {
    let start = position_of(&lanes, skip);
    for lane in &mut lanes {
        *lane = lane.get(before(lane, start).len()..).unwrap_or_default();
    }
    let mut page = Vec::new();
    while page.len() < limit {
        let rest = lanes.iter_mut().filter(|lane| !lane.is_empty());
        let Some(next) = rest.min_by_key(|lane| lane.first().copied()) else {
            break;
        };
        if let Some((position, rest)) = next.split_first() {
            page.push(*position as usize);
            *next = rest;
        }
    }
    page
}

/// The least position with at least `skip` positions of `lanes` before it; beyond all of them where there are fewer.
fn position_of(lanes: &[&[u32]], skip: usize) -> usize {
    let last = lanes.iter().filter_map(|lane| lane.last()).max();
    let mut candidates = 0..last.map_or(0, |last| (*last as usize).saturating_add(1));
    while !candidates.is_empty() {
        let middle = candidates.start.midpoint(candidates.end);
        let counts = lanes.iter().map(|lane| before(lane, middle).len());
        if counts.fold(0, usize::saturating_add) < skip {
            candidates.start = middle.saturating_add(1);
        } else {
            candidates.end = middle;
        }
    }
    candidates.start
}

#[cfg(test)]
mod tests {
    use super::page;

    /// Every page of every size of `lanes` must be the one of their sorted positions.
    fn check(lanes: &[&[u32]]) {
        let mut all: Vec<usize> = lanes.concat().into_iter().map(|position| position as usize).collect();
        all.sort_unstable();
        for skip in 0..all.len() + 3 {
            for limit in [0, 1, 2, 7, 100] {
                let expected: Vec<usize> = all.iter().copied().skip(skip).take(limit).collect();
                assert_eq!(
                    page(lanes.to_vec(), skip, limit),
                    expected,
                    "{lanes:?}, {skip}, {limit}"
                );
            }
        }
        assert!(page(lanes.to_vec(), usize::MAX, 25).is_empty());
    }

    #[test]
    fn a_page_of_lanes_is_the_page_of_what_they_have_together() {
        check(&[]);
        check(&[&[]]);
        check(&[&[0]]);
        check(&[&[], &[3, 4, 9]]);
        check(&[&[0, 2, 4, 6], &[1, 3, 5]]);
        check(&[&[7, 8], &[], &[0, 20], &[1, 2, 3, 4]]);
        check(&[&[100], &[5], &[50]]);
    }
}
