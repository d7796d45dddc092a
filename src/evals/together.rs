//! Several futures at once, in one task.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Runs all of them at the same time; what they come to, in their order. Dropping it drops them all.
///
/// Each wake polls every one that is not done, so it is for a few: the judges of one answer.
pub(super) async fn together<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<Waiting<F>> = futures
        .into_iter()
        .map(|future| Waiting::Pending(Box::pin(future)))
        .collect();
    poll_fn(|context| {
        let mut is_ready = true;
        for one in &mut waiting {
            if let Waiting::Pending(future) = one {
                match future.as_mut().poll(context) {
                    Poll::Ready(output) => *one = Waiting::Done(output),
                    Poll::Pending => is_ready = false,
                }
            }
        }
        if is_ready { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    let outputs = waiting.into_iter().filter_map(|one| match one {
        Waiting::Done(output) => Some(output),
        Waiting::Pending(_) => None,
    });
    outputs.collect()
}

enum Waiting<F: Future> {
    Pending(Pin<Box<F>>),
    Done(F::Output),
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Barrier;

    use super::*;

    #[tokio::test]
    async fn all_are_under_way_at_once_and_come_back_in_order() {
        let barrier = Arc::new(Barrier::new(3));
        let numbered = (0..3).map(|number| {
            let barrier = Arc::clone(&barrier);
            async move {
                // None would ever pass it alone.
                barrier.wait().await;
                number
            }
        });
        assert_eq!(together(numbered).await, [0, 1, 2]);
        assert_eq!(together(std::iter::empty::<std::future::Ready<u8>>()).await, [0; 0]);
    }
}
