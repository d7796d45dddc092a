//! A commit on its way to the disk, to be awaited by tasks and waited for by threads.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::sync::oneshot;

use super::engine::{CommitReceipt, EngineError};

/// A submitted batch that may not be durable yet. Await it, or [`wait`](Pending::wait) for it.
///
/// Dropping it does not take the batch back.
#[must_use = "a batch is durable only when this resolves"]
#[derive(Debug)]
pub struct Pending(oneshot::Receiver<Result<CommitReceipt, EngineError>>);

impl Pending {
    /// A pending commit and the end that settles it.
    pub fn channel() -> (oneshot::Sender<Result<CommitReceipt, EngineError>>, Self) {
        let (sender, receiver) = oneshot::channel();
        (sender, Self(receiver))
    }

    /// A commit whose result is known already.
    pub fn settled(result: Result<CommitReceipt, EngineError>) -> Self {
        let (sender, pending) = Self::channel();
        // The receiver is alive in `pending`, so this cannot fail.
        let _ = sender.send(result);
        pending
    }

    /// Blocks this thread until the batch is durable or refused. Works on any thread, a runtime's worker included.
    ///
    /// # Errors
    /// Why the batch was not committed.
    pub fn wait(self) -> Result<CommitReceipt, EngineError> {
        // Unconstrained: a worker that has used up its cooperative budget would otherwise see "not ready" for ever,
        // since it gets a new budget only by returning, which is what this function does not do.
        let mut commit = pin!(tokio::task::unconstrained(self));
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(result) = commit.as_mut().poll(&mut context) {
                return result;
            }
            thread::park();
        }
    }
}

impl Future for Pending {
    type Output = Result<CommitReceipt, EngineError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|received| {
            received.unwrap_or_else(|_closed| {
                Err(EngineError::Poisoned {
                    why: "its writer has stopped".into(),
                })
            })
        })
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_works_on_a_worker_whose_budget_is_used_up() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .build()
            .expect("runtime");
        let receipt = CommitReceipt {
            sequence: 7,
            hash: [0; 32],
        };
        let task = runtime.spawn(async move {
            // More waits than tokio's budget of one task, without ever returning to the runtime.
            (0..1_000)
                .map(|_| Pending::settled(Ok(receipt)).wait().expect("settled").sequence)
                .sum::<u64>()
        });
        assert_eq!(runtime.block_on(task).expect("task"), 7_000);
    }

    #[test]
    fn a_writer_that_stops_settles_what_is_pending() {
        let (sender, pending) = Pending::channel();
        let waiting = thread::spawn(|| pending.wait());
        drop(sender);
        assert!(matches!(
            waiting.join().expect("join"),
            Err(EngineError::Poisoned { .. })
        ));
    }
}
