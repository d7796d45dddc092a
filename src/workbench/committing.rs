//! Outcomes on their way to the disk. A lone one is committed at once; those that come while it is being written are the
//! next commit together: a commit has an entry of the audit chain and a hash of its own, which cost as much as an outcome.

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::run_store::RunAuthor;
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
        ..author.audit("run.outcome")
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
