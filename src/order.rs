//! Sorting what is sorted seldom: all of it by one and the same compiled sort.
//!
//! The standard library compiles its sort, some 4 KB of wasm, anew for each type and each comparison. Here it sorts
//! places only, and compares through a pointer.

use std::cmp::Ordering;

/// Sorts `items`; what compares as equal keeps its order.
pub fn sort_by<T>(items: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering) {
    let places = sorted_places(items.len(), &|left, right| {
        items
            .get(left)
            .zip(items.get(right))
            .map_or(Ordering::Equal, |(left, right)| compare(left, right))
    });
    let mut taken: Vec<Option<T>> = std::mem::take(items).into_iter().map(Some).collect();
    items.extend(places.into_iter().filter_map(|place| taken.get_mut(place)?.take()));
}

/// The places 0 to `count` − 1 in the order of what stands at them.
fn sorted_places(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    places.sort_unstable_by(|left, right| compare(*left, *right).then(left.cmp(right)));
    places
}

#[cfg(test)]
mod tests {
    use super::sort_by;

    #[test]
    fn sorts_as_the_standard_library_does() {
        for count in [0, 1, 2, 30, 1_000] {
            // Many are equal, in no order.
            let items: Vec<(u64, u64)> = (0..count).map(|number| (number * 7_919 % 31, number)).collect();
            let mut expected = items.clone();
            expected.sort_by_key(|(key, _)| *key);
            let mut found = items;
            sort_by(&mut found, |left, right| left.0.cmp(&right.0));
            assert_eq!(found, expected);
        }
    }
}
