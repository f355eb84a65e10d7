//! Ascending lists of positions that have none in common.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A page of the positions of all lists in order: `limit` of them after skipping `skip`, each with the index of its
/// list.
pub fn merged_page(lists: &[&[u32]], skip: usize, limit: usize) -> Vec<(usize, usize)> {
    let start = position_after(lists, skip);
    let mut rests: Vec<_> = lists
        .iter()
        .map(|list| list.get(count_before(list, start)..).unwrap_or_default().iter())
        .collect();
    let mut next: BinaryHeap<Reverse<(u32, usize)>> = rests
        .iter_mut()
        .enumerate()
        .filter_map(|(list, rest)| rest.next().map(|position| Reverse((*position, list))))
        .collect();
    let mut page = Vec::new();
    while page.len() < limit
        && let Some(Reverse((position, list))) = next.pop()
    {
        page.push((position as usize, list));
        let following = rests.get_mut(list).and_then(Iterator::next);
        next.extend(following.map(|position| Reverse((*position, list))));
    }
    page
}

/// The least position with at least `skip` positions of the lists before it, by binary search. If there are fewer, it
/// is beyond all of them.
fn position_after(lists: &[&[u32]], skip: usize) -> usize {
    let last = lists.iter().filter_map(|list| list.last()).max();
    let mut candidates = 0..last.map_or(0, |last| *last as usize + 1);
    while !candidates.is_empty() {
        let middle = candidates.start.midpoint(candidates.end);
        let count: usize = lists.iter().map(|list| count_before(list, middle)).sum();
        if count < skip {
            candidates.start = middle + 1;
        } else {
            candidates.end = middle;
        }
    }
    candidates.start
}

/// How many positions of an ascending list are less than `end`.
pub fn count_before(positions: &[u32], end: usize) -> usize {
    positions.partition_point(|position| (*position as usize) < end)
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
                let page = merged_page(lists, skip, limit);
                let positions: Vec<usize> = page.iter().map(|(position, _)| *position).collect();
                assert_eq!(positions, expected, "{lists:?}, {skip}, {limit}");
                assert!(
                    page.iter()
                        .all(|(position, list)| lists[*list].contains(&(*position as u32)))
                );
            }
        }
        assert!(merged_page(lists, usize::MAX, 25).is_empty());
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
