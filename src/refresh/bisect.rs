//! Dividing work into chunks, and splitting a chunk that fails until the culprit is alone.

use crate::storage::database::DatabaseError;

/// Divides `items` into chunks of at most `items_max` items whose weights add up to at most `weight_max`. An item that
/// is heavier is a chunk of its own.
pub fn chunks<T>(items: &[T], items_max: usize, weight_max: usize, weight: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let mut chunks = Vec::new();
    let mut rest = items;
    while !rest.is_empty() {
        let mut sum = 0;
        let fitting = rest
            .iter()
            .take(items_max)
            .take_while(|item| {
                sum += weight(item);
                sum <= weight_max
            })
            .count();
        let (chunk, after) = rest.split_at(fitting.max(1));
        chunks.push(chunk);
        rest = after;
    }
    chunks
}

/// Does `work` with all `items` at once. If that fails, it does it with each half, and so on. Returns the items that
/// fail alone, each with the reason.
///
/// # Errors
/// An error that no splitting helps against: a later run has taken over, the statements are used up, or everything
/// fails.
pub async fn bisect_failures<'a, T, W>(
    items: &'a [T],
    mut work: W,
) -> Result<Vec<(&'a T, DatabaseError)>, DatabaseError>
where
    W: AsyncFnMut(&'a [T]) -> Result<(), DatabaseError>,
{
    let mut culprits = Vec::new();
    let mut open = vec![items];
    // If there is one culprit, one half of each split succeeds. So this many failures in a row cannot be due to single
    // culprits.
    let failures_max = 2 * items.len().checked_ilog2().unwrap_or(0) + 4;
    let mut failures_in_a_row = 0;
    while let Some(chunk) = open.pop() {
        let Err(error) = work(chunk).await else {
            failures_in_a_row = 0;
            continue;
        };
        if !matches!(error, DatabaseError::TooMuch) {
            failures_in_a_row += 1;
        }
        match (error, chunk) {
            (_, []) => {}
            (error, _) if failures_in_a_row > failures_max => return Err(error),
            (error @ (DatabaseError::Overtaken | DatabaseError::Exhausted), _) => return Err(error),
            (error, [culprit]) => culprits.push((culprit, error)),
            (_, chunk) => {
                let (left, right) = chunk.split_at(chunk.len() / 2);
                open.push(right);
                open.push(left);
            }
        }
    }
    Ok(culprits)
}

#[cfg(test)]
mod tests {
    use super::{bisect_failures, chunks};
    use crate::storage::database::DatabaseError;
    use futures::executor::block_on;

    #[test]
    fn divides_by_weight_and_number() {
        let divided = |items: &[usize]| -> Vec<Vec<usize>> {
            chunks(items, 3, 10, |item| *item)
                .into_iter()
                .map(<[usize]>::to_vec)
                .collect()
        };
        assert_eq!(divided(&[1, 1, 1, 1]), [vec![1, 1, 1], vec![1]]);
        assert_eq!(divided(&[6, 4, 1]), [vec![6, 4], vec![1]]);
        assert_eq!(divided(&[99, 1, 99]), [vec![99], vec![1], vec![99]]);
        assert!(divided(&[]).is_empty());
    }

    #[test]
    fn finds_the_culprits_and_does_everything_else_once() {
        let items: Vec<u32> = (0..100).collect();
        let mut done = Vec::new();
        let culprits = block_on(bisect_failures(&items, async |chunk: &[u32]| {
            if chunk.iter().any(|item| item % 37 == 5) {
                return Err(DatabaseError::Failed("bad".to_owned()));
            }
            done.extend_from_slice(chunk);
            Ok(())
        }))
        .unwrap();
        let culprits: Vec<u32> = culprits.into_iter().map(|(item, _)| *item).collect();
        assert_eq!(culprits, [5, 42, 79]);
        let expected: Vec<u32> = (0..100).filter(|item| item % 37 != 5).collect();
        assert_eq!(done, expected);
    }

    #[test]
    fn gives_up_if_everything_fails() {
        let items: Vec<u32> = (0..1_000).collect();
        let mut calls = 0;
        let outcome = block_on(bisect_failures(&items, async |_: &[u32]| {
            calls += 1;
            Err(DatabaseError::Failed("out of reach".to_owned()))
        }));
        assert!(matches!(outcome, Err(DatabaseError::Failed(_))));
        assert!(calls < 30, "{calls} calls");
    }

    #[test]
    fn stops_if_splitting_does_not_help() {
        let mut calls = 0;
        let outcome = block_on(bisect_failures(&[1, 2, 3], async |_: &[i32]| {
            calls += 1;
            Err(DatabaseError::Overtaken)
        }));
        assert!(matches!(outcome, Err(DatabaseError::Overtaken)));
        assert_eq!(calls, 1);
    }
}
