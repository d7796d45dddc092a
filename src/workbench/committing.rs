//! Outcomes on their way to the disk. A lone one is committed at once; those that come while it is being written are
//! the next commit together, since a commit has an audit entry and a hash of its own, which cost as much as an outcome.

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::run_store::RunAuthor;
use crate::domain::action::Action;
use crate::evals::pipeline::StoreFault;
use crate::store::engine::{AuditEntry, EngineError};
use crate::store::{Change, Store};

/// Outcomes in one commit at most: the index takes larger commits badly.
const OUTCOMES_MAX: usize = 256;
/// Bytes from which a commit takes no further outcome.
const COMMIT_BYTES: usize = 1024 * 1024;

/// Commits the outcomes of one run.
pub(super) struct Committer(mpsc::Sender<Waiting>);

/// What an outcome changes, and who waits for it.
struct Waiting {
    change: Change,
    settled: oneshot::Sender<Result<(), EngineError>>,
}

impl Committer {
    /// Commits as long as this lives.
    pub(super) fn new(runtime: &Handle, store: Store, author: RunAuthor) -> Self {
        let (waiting, mut received) = mpsc::channel(OUTCOMES_MAX);
        runtime.spawn(async move {
            while let Some(first) = received.recv().await {
                commit(&store, &author, gather(first, &mut received)).await;
            }
        });
        Self(waiting)
    }

    /// Commits what an outcome changes; resolves when it is durable.
    pub(super) async fn commit(&self, change: Change) -> Result<(), StoreFault> {
        let (settled, result) = oneshot::channel();
        let stopped = || StoreFault::from("what commits outcomes has stopped");
        self.0
            .send(Waiting { change, settled })
            .await
            .map_err(|_gone| stopped())?;
        Ok(result.await.map_err(|_gone| stopped())??)
    }
}

/// Those that wait, up to what one commit takes.
fn gather(first: Waiting, received: &mut mpsc::Receiver<Waiting>) -> Vec<Waiting> {
    let mut bytes = first.change.bytes();
    let mut gathered = vec![first];
    while gathered.len() < OUTCOMES_MAX && bytes < COMMIT_BYTES {
        let Ok(next) = received.try_recv() else { break };
        bytes += next.change.bytes();
        gathered.push(next);
    }
    gathered
}

async fn commit(store: &Store, author: &RunAuthor, gathered: Vec<Waiting>) {
    let audit = AuditEntry {
        reason: match gathered.len() {
            1 => "1 outcome".to_owned(),
            count => format!("{count} outcomes"),
        },
        ..author.audit(Action::RunOutcome)
    };
    let mut change = Change::new(audit).expect_unended(author.run);
    let mut settling = Vec::with_capacity(gathered.len());
    for Waiting {
        change: outcome,
        settled,
    } in gathered
    {
        change = change.and(outcome);
        settling.push(settled);
    }
    let result = change.submit(store).await.map(drop);
    for settled in settling {
        // Who waited for it may have gone.
        let _ = settled.send(result.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::task::JoinSet;

    use super::*;
    use crate::domain::actor::Actor;
    use crate::domain::hash::ContentHash;
    use crate::domain::ids::RunId;
    use crate::domain::origin::Origin;
    use crate::domain::run::{EndState, RunEnd, RunTotals};
    use crate::domain::time::Timestamp;
    use crate::store::memory::MemoryEngine;

    const RUN: RunId = RunId(1);

    fn author() -> RunAuthor {
        RunAuthor::new(
            RUN,
            Actor::new("ann").unwrap(),
            Origin::default(),
            Arc::new(|| Timestamp(1)),
        )
    }

    /// Stands for an outcome: a mark of its own.
    fn change(number: u32) -> Change {
        let change = Change::new(author().audit(Action::RunOutcome));
        change.put_reused(RUN, RunId(number)).unwrap()
    }

    /// How many outcomes each commit says that it has.
    fn counts(store: &Store) -> Vec<u32> {
        let rows = store.engine().audit_page(1, 1_000).unwrap().into_iter();
        let counts = rows.map(|(.., audit)| audit.reason.split(' ').next().unwrap().parse().unwrap());
        counts.collect()
    }

    async fn commit_all(committer: &Arc<Committer>, numbers: std::ops::Range<u32>) -> Vec<Result<(), StoreFault>> {
        let mut tasks = JoinSet::new();
        for number in numbers {
            let committer = Arc::clone(committer);
            tasks.spawn(async move { committer.commit(change(number)).await });
        }
        tasks.join_all().await
    }

    #[tokio::test]
    async fn what_waits_is_committed_together_and_a_lone_one_at_once() {
        let store = Store::new(Arc::new(MemoryEngine::default()));
        let committer = Arc::new(Committer::new(&Handle::current(), store.clone(), author()));
        committer.commit(change(0)).await.unwrap();
        assert_eq!(counts(&store), [1]);
        let results = commit_all(&committer, 1..100).await;
        assert!(results.iter().all(Result::is_ok));
        let counts = counts(&store);
        assert_eq!(counts.iter().sum::<u32>(), 100, "{counts:?}");
        assert!(counts.len() < 50, "{counts:?}");
        assert_eq!(store.reused_from(RUN).unwrap().len(), 100);
    }

    #[tokio::test]
    async fn once_the_run_has_ended_every_one_that_waits_is_refused() {
        let store = Store::new(Arc::new(MemoryEngine::default()));
        let end = RunEnd {
            run: RUN,
            state: EndState::Cancelled,
            totals: RunTotals::default(),
            results: Vec::new(),
            gate: None,
            outcomes_hash: ContentHash::of_bytes(b""),
            resolved_models: Vec::new(),
            ended_at: Timestamp(1),
            confusions: Vec::new(),
            against_base: None,
            paths: Vec::new(),
            latencies: None,
        };
        let ended = Change::new(author().audit(Action::RunEnd))
            .insert_run_end(&end)
            .unwrap();
        ended.commit(&store).unwrap();
        let committer = Arc::new(Committer::new(&Handle::current(), store.clone(), author()));
        let results = commit_all(&committer, 0..20).await;
        assert_eq!(results.len(), 20);
        assert!(results.iter().all(Result::is_err));
        assert_eq!(store.reused_from(RUN).unwrap(), []);
    }
}
