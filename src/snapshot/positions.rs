//! The positions of a version's entries by department and category. With them totals and pages are found without a look at
//! every entry.

use crate::conversation::category::Category;
use crate::snapshot::chunk::index_from;
use strum::VariantArray;

/// Positions of entries by category, each list ascending.
#[derive(Debug, Clone, Default)]
pub struct CategoryPositions([Vec<u32>; Category::VARIANTS.len()]);

impl CategoryPositions {
    /// The lists with their categories.
    pub fn iter(&self) -> impl Iterator<Item = (Category, &[u32])> {
        let lists = self.0.iter().map(Vec::as_slice);
        Category::VARIANTS.iter().copied().zip(lists)
    }

    fn push(&mut self, category: Category, position: u32) {
        if let Some(list) = self.0.get_mut(category as usize) {
            list.push(position);
        }
    }

    fn bytes(&self) -> usize {
        let capacity: usize = self.0.iter().map(Vec::capacity).sum();
        size_of::<Self>() + size_of::<u32>() * capacity
    }
}

/// The positions of a version's entries: 8 bytes an entry.
#[derive(Debug, Clone, Default)]
pub struct Positions {
    count: usize,
    all: CategoryPositions,
    /// By the number of the department.
    by_department: Vec<CategoryPositions>,
}

impl Positions {
    /// Adds the next entry.
    pub fn push(&mut self, category: Category, department: Option<u32>) {
        let position = index_from(self.count);
        self.count += 1;
        self.all.push(category, position);
        if let Some(number) = department {
            let number = number as usize;
            if number >= self.by_department.len() {
                self.by_department.resize_with(number + 1, Default::default);
            }
            if let Some(positions) = self.by_department.get_mut(number) {
                positions.push(category, position);
            }
        }
    }

    /// The positions of all entries.
    pub fn all(&self) -> &CategoryPositions {
        &self.all
    }

    /// The positions of the entries of a department.
    pub fn department(&self, number: usize) -> Option<&CategoryPositions> {
        self.by_department.get(number)
    }

    /// About how many bytes of memory they take.
    pub fn bytes(&self) -> usize {
        let lists = self.by_department.iter().chain([&self.all]);
        lists.map(CategoryPositions::bytes).sum()
    }
}

/// The part of an ascending list that is less than `end`.
pub fn before(positions: &[u32], end: usize) -> &[u32] {
    let count = positions.partition_point(|position| (*position as usize) < end);
    positions.get(..count).unwrap_or_default()
}

/// Merges ascending lists that have no position in common, and returns `limit` positions after skipping `skip`.
pub fn merged_page(mut lists: Vec<&[u32]>, skip: usize, limit: usize) -> Vec<usize> {
    let start = position_after(&lists, skip);
    for list in &mut lists {
        *list = list.get(before(list, start).len()..).unwrap_or_default();
    }
    let mut page = Vec::new();
    while page.len() < limit {
        let rest = lists.iter_mut().filter(|list| !list.is_empty());
        let Some(next) = rest.min_by_key(|list| list.first().copied()) else {
            break;
        };
        if let Some((position, rest)) = next.split_first() {
            page.push(*position as usize);
            *next = rest;
        }
    }
    page
}

/// The least position with at least `skip` positions of the lists before it, by binary search. It is beyond all of them if
/// there are fewer.
fn position_after(lists: &[&[u32]], skip: usize) -> usize {
    let last = lists.iter().filter_map(|list| list.last()).max();
    let mut candidates = 0..last.map_or(0, |last| *last as usize + 1);
    while !candidates.is_empty() {
        let middle = candidates.start.midpoint(candidates.end);
        let count: usize = lists.iter().map(|list| before(list, middle).len()).sum();
        if count < skip {
            candidates.start = middle + 1;
        } else {
            candidates.end = middle;
        }
    }
    candidates.start
}

#[cfg(test)]
mod tests {
    use super::merged_page;

    /// Every page of every size must be the one of the sorted positions.
    fn check(lists: &[&[u32]]) {
        let mut all: Vec<usize> = lists.concat().into_iter().map(|position| position as usize).collect();
        all.sort_unstable();
        for skip in 0..all.len() + 3 {
            for limit in [0, 1, 2, 7, 100] {
                let expected: Vec<usize> = all.iter().copied().skip(skip).take(limit).collect();
                assert_eq!(
                    merged_page(lists.to_vec(), skip, limit),
                    expected,
                    "{lists:?}, {skip}, {limit}"
                );
            }
        }
        assert!(merged_page(lists.to_vec(), usize::MAX, 25).is_empty());
    }

    #[test]
    fn a_page_of_merged_lists_is_the_page_of_the_sorted_positions() {
        check(&[]);
        check(&[&[]]);
        check(&[&[0]]);
        check(&[&[], &[3, 4, 9]]);
        check(&[&[0, 2, 4, 6], &[1, 3, 5]]);
        check(&[&[7, 8], &[], &[0, 20], &[1, 2, 3, 4]]);
        check(&[&[100], &[5], &[50]]);
    }
}
