//! Work that fails is split until the culprit stands alone.

use crate::storage::database::DatabaseError;

/// Splits `items` into runs whose weights add up to at most `weight_max`, of at most `items_max` items each. An item
/// that is heavier makes a run of its own.
pub fn chunks<T>(items: &[T], items_max: usize, weight_max: usize, weight: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let mut chunks = Vec::new();
    let mut rest = items;
    while !rest.is_empty() {
        let mut sum: usize = 0;
        let fitting = rest
            .iter()
            .take(items_max)
            .take_while(|item| {
                sum = sum.saturating_add(weight(item));
                sum <= weight_max
            })
            .count();
        let (chunk, after) = rest.split_at(fitting.max(1));
        chunks.push(chunk);
        rest = after;
    }
    chunks
}

/// Does `work` with `items` at once; where that fails, with each half, and so on. Returns the items that fail alone,
/// each with the reason.
///
/// # Errors
/// What no splitting helps against: a later run has taken over, the statements are used up, or everything fails.
pub async fn bisect_failures<'a, T, W>(
    items: &'a [T],
    mut work: W,
) -> Result<Vec<(&'a T, DatabaseError)>, DatabaseError>
where
    W: AsyncFnMut(&'a [T]) -> Result<(), DatabaseError>,
{
    let mut culprits = Vec::new();
    let mut open = vec![items];
    // The way down to a culprit halves the items each time; beside it something succeeds.
    let failures_max = items
        .len()
        .checked_ilog2()
        .unwrap_or(0)
        .saturating_mul(2)
        .saturating_add(4);
    let mut failures: u32 = 0;
    while let Some(chunk) = open.pop() {
        let outcome = work(chunk).await;
        failures = match &outcome {
            Ok(()) => 0,
            Err(_) => failures.saturating_add(1),
        };
        match (outcome, chunk) {
            (Ok(()), _) | (Err(_), []) => {}
            (Err(error), _) if failures > failures_max => return Err(error),
            (Err(error @ (DatabaseError::Overtaken | DatabaseError::Exhausted)), _) => return Err(error),
            (Err(error), [culprit]) => culprits.push((culprit, error)),
            (Err(_), chunk) => {
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
    use futures_executor::block_on;

    #[test]
    fn packs_by_weight_and_number() {
        let packed = |items: &[usize]| -> Vec<Vec<usize>> {
            chunks(items, 3, 10, |item| *item)
                .into_iter()
                .map(<[usize]>::to_vec)
                .collect()
        };
        assert_eq!(packed(&[1, 1, 1, 1]), [vec![1, 1, 1], vec![1]]);
        assert_eq!(packed(&[6, 4, 1]), [vec![6, 4], vec![1]]);
        assert_eq!(packed(&[99, 1, 99]), [vec![99], vec![1], vec![99]]);
        assert!(packed(&[]).is_empty());
    }

    #[test]
    fn finds_the_culprits_and_does_all_else_once() {
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
    fn gives_up_where_everything_fails() {
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
    fn stops_where_splitting_does_not_help() {
        let mut calls = 0;
        let outcome = block_on(bisect_failures(&[1, 2, 3], async |_: &[i32]| {
            calls += 1;
            Err(DatabaseError::Overtaken)
        }));
        assert!(matches!(outcome, Err(DatabaseError::Overtaken)));
        assert_eq!(calls, 1);
    }
}
