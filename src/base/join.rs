//! Waiting for several futures at once.
//!
//! The library's `join_all` keeps a queue of those that are ready, which is 5 KB of wasm. The few databases that are
//! asked at a time may all be asked again.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// One of the futures.
pub type Part<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Waits for all of them: their outputs, in their order.
pub async fn all<T>(mut parts: Vec<Part<'_, T>>) -> Vec<T> {
    let mut outputs: Vec<Option<T>> = parts.iter().map(|_| None).collect();
    poll_fn(|context| {
        let mut is_over = true;
        for (part, output) in parts.iter_mut().zip(&mut outputs) {
            if output.is_none() {
                match part.as_mut().poll(context) {
                    Poll::Ready(value) => *output = Some(value),
                    Poll::Pending => is_over = false,
                }
            }
        }
        if is_over { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outputs.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::{Part, all};
    use futures::channel::oneshot;
    use futures::executor::block_on;

    #[test]
    fn waits_for_all_in_whatever_order_they_end() {
        assert!(block_on(all::<u8>(Vec::new())).is_empty());
        let (senders, parts): (Vec<_>, Vec<_>) = (0..3)
            .map(|_| {
                let (sender, receiver) = oneshot::channel::<usize>();
                let part: Part<'_, usize> = Box::pin(async { receiver.await.unwrap() });
                (sender, part)
            })
            .unzip();
        let send = async {
            for (number, sender) in senders.into_iter().enumerate().rev() {
                sender.send(number).unwrap();
            }
            9_usize
        };
        let parts = std::iter::once(Box::pin(send) as Part<'_, usize>)
            .chain(parts)
            .collect();
        assert_eq!(block_on(all(parts)), [9, 0, 1, 2]);
    }
}
