//! Sorting without the library's code for each type.
//!
//! The library compiles `slice::sort_by` again for each type and each order: 14.1 KB of the gzipped wasm for the 19
//! types that are sorted. Here it is compiled once, for positions. That costs an indirect call for each comparison.

use std::cmp::Ordering;

/// Sorts from the least to the greatest.
pub fn sort<T: Ord>(items: &mut [T]) {
    sort_by(items, T::cmp);
}

/// Sorts by an order. What is equal stays in its order.
pub fn sort_by<T>(items: &mut [T], order: impl Fn(&T, &T) -> Ordering) {
    let sorted = sorted_positions(items.len(), &|left, right| match (items.get(left), items.get(right)) {
        (Some(left), Some(right)) => order(left, right),
        _ => Ordering::Equal,
    });
    arrange(sorted, &mut |left, right| items.swap(left, right));
}

/// The positions of so many items in the order of these items.
fn sorted_positions(length: usize, order: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..length).collect();
    positions.sort_by(|left, right| order(*left, *right));
    positions
}

/// Swaps items until each position has the one that was at `sources` of it: cycle by cycle.
fn arrange(mut sources: Vec<usize>, swap: &mut dyn FnMut(usize, usize)) {
    for start in 0..sources.len() {
        let mut position = start;
        while let Some(source) = sources.get_mut(position) {
            let source = std::mem::replace(source, position);
            if source == start || source == position {
                break;
            }
            swap(position, source);
            position = source;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{sort, sort_by};

    #[test]
    fn sorts_as_the_library_does_and_keeps_the_order_of_equals() {
        let mut random = 1_u64;
        for length in (0..70).chain([1_000]) {
            for values in [1, 3, 1_000] {
                let mut items: Vec<(u64, usize)> = Vec::new();
                for number in 0..length {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    items.push(((random >> 33) % values, number));
                }
                let mut expected = items.clone();
                expected.sort_by_key(|(value, _)| *value);
                sort_by(&mut items, |left, right| left.0.cmp(&right.0));
                assert_eq!(items, expected);
                items.reverse();
                sort(&mut items);
                assert_eq!(items, expected);
            }
        }
    }
}
