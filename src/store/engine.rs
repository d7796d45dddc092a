//! The contract of a store engine: ordered bytes, changed by atomic batches that are durable when acknowledged.
//!
//! Nothing above this trait may know which engine it has; `tests/engine.rs` holds every engine to the same promises.

use std::future::Future;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::sync::{oneshot, watch};

/// The longest key, in bytes: longer ones would make the index split its pages badly.
pub const KEY_BYTES_MAX: usize = 400;

/// The largest value, in bytes: a response with its documents fits many times over, a mistaken upload does not.
pub const VALUE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The largest batch, in bytes of keys and values together: a batch is held in memory until it is on disk.
pub const BATCH_BYTES_MAX: usize = 256 * 1024 * 1024;

/// The longest text of an audit entry, in bytes, all four fields together.
pub const AUDIT_BYTES_MAX: usize = 64 * 1024;

/// One atomic change: preconditions, then operations, and the audit entry that says who and why.
///
/// The preconditions are checked against the state before the batch; the operations apply in order, so that of
/// several on one key the last one counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Who changes what, and why.
    pub audit: AuditEntry,
    /// What must hold for the batch to be applied at all.
    pub preconditions: Vec<Precondition>,
    /// What is changed, in order.
    pub ops: Vec<Op>,
}

impl Batch {
    /// An empty batch. Committed as it is, it leaves an audit entry and nothing else.
    pub fn new(audit: AuditEntry) -> Self {
        Self {
            audit,
            preconditions: Vec::new(),
            ops: Vec::new(),
        }
    }

    /// Puts a value under a key that must not exist yet.
    #[must_use]
    pub fn insert(self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        let key = key.into();
        self.expect_absent(key.clone()).put(key, value)
    }

    /// Puts a value, whether or not the key exists.
    #[must_use]
    pub fn put(mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.ops.push(Op::Put(key.into(), value.into()));
        self
    }

    /// Removes a key, if it exists.
    #[must_use]
    pub fn delete(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.ops.push(Op::Delete(key.into()));
        self
    }

    /// Requires that the key does not exist.
    #[must_use]
    pub fn expect_absent(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.preconditions.push(Precondition::Absent(key.into()));
        self
    }

    /// Requires that the key holds exactly this value.
    #[must_use]
    pub fn expect_equals(mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.preconditions.push(Precondition::Equals(key.into(), value.into()));
        self
    }

    /// Checks the batch against the limits of this module.
    ///
    /// # Errors
    /// [`EngineError::TooLarge`] with the first limit that is exceeded.
    pub fn check_limits(&self) -> Result<(), EngineError> {
        let AuditEntry {
            at_ms: _,
            actor,
            action,
            subject,
            reason,
        } = &self.audit;
        let audit_bytes = actor.len() + action.len() + subject.len() + reason.len();
        within("an audit entry", audit_bytes, AUDIT_BYTES_MAX)?;
        let mut batch_bytes = 0_usize;
        for precondition in &self.preconditions {
            let (Precondition::Absent(key) | Precondition::Equals(key, _)) = precondition;
            within("a key", key.len(), KEY_BYTES_MAX)?;
        }
        for op in &self.ops {
            let (key, value_bytes) = match op {
                Op::Put(key, value) => (key, value.len()),
                Op::Delete(key) => (key, 0),
            };
            within("a key", key.len(), KEY_BYTES_MAX)?;
            within("a value", value_bytes, VALUE_BYTES_MAX)?;
            batch_bytes = batch_bytes.saturating_add(key.len()).saturating_add(value_bytes);
        }
        within("a batch", batch_bytes, BATCH_BYTES_MAX)
    }
}

fn within(what: &'static str, bytes: usize, limit: usize) -> Result<(), EngineError> {
    if bytes > limit {
        return Err(EngineError::TooLarge {
            what,
            bytes: bytes as u64,
            limit: limit as u64,
        });
    }
    Ok(())
}

/// Who changed what, when, and why. One entry belongs to each commit and is covered by its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// When, in milliseconds since 1970 UTC, by the caller's clock.
    pub at_ms: i64,
    /// Who.
    pub actor: String,
    /// The command's id, such as `release.promote`.
    pub action: String,
    /// What it was done to, by its readable name.
    pub subject: String,
    /// Why, in the actor's words.
    pub reason: String,
}

/// What must hold before a batch is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// The key does not exist.
    Absent(Vec<u8>),
    /// The key holds exactly this value.
    Equals(Vec<u8>, Vec<u8>),
}

/// One change of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Sets the key to the value.
    Put(Vec<u8>, Vec<u8>),
    /// Removes the key, if it exists.
    Delete(Vec<u8>),
}

/// Proof of a durable commit: its place in the audit chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitReceipt {
    /// 1 for the first commit of a store, then without gaps.
    pub sequence: u64,
    /// The chain hash, which covers this commit and, through the hash before it, every earlier one.
    pub hash: [u8; 32],
}

/// One commit as the audit log shows it: sequence, chain hash, and who did what and why.
pub type AuditRow = (u64, [u8; 32], AuditEntry);

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

/// The order of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Ascending keys.
    #[default]
    Forward,
    /// Descending keys.
    Backward,
}

/// The lower and the upper bound of some keys.
pub type KeyRange = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// Which keys to read: those with a prefix, in order, from a start, at most so many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Only keys that begin with these bytes.
    pub prefix: Vec<u8>,
    /// Where the scan starts, in its own direction: a backward scan yields this key and smaller ones.
    pub start: Bound<Vec<u8>>,
    /// The order of the keys.
    pub direction: Direction,
    /// The most entries to return; they are held in memory together.
    pub limit: usize,
}

impl Scan {
    /// The first `limit` entries with this prefix, in ascending order.
    pub fn prefix(prefix: impl Into<Vec<u8>>, limit: usize) -> Self {
        Self {
            prefix: prefix.into(),
            start: Bound::Unbounded,
            direction: Direction::Forward,
            limit,
        }
    }

    /// Starts at this key, itself included.
    #[must_use]
    pub fn from(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.start = Bound::Included(key.into());
        self
    }

    /// Starts after this key, itself left out: the last key of a page gives the next page.
    #[must_use]
    pub fn after(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.start = Bound::Excluded(key.into());
        self
    }

    /// Descending order.
    #[must_use]
    pub fn backward(mut self) -> Self {
        self.direction = Direction::Backward;
        self
    }

    /// The range of keys that the scan may yield, in either direction; `None` when there can be none.
    pub fn range(&self) -> Option<KeyRange> {
        let mut low = Bound::Included(self.prefix.clone());
        let mut high = prefix_end(&self.prefix).map_or(Bound::Unbounded, Bound::Excluded);
        let start = self.start.clone();
        match self.direction {
            Direction::Forward if starts_above(&start, &self.prefix) => low = start,
            Direction::Backward if ends_below(&start, &high) => high = start,
            Direction::Forward | Direction::Backward => {}
        }
        let empty = match (&low, &high) {
            (Bound::Included(low), Bound::Included(high)) => low > high,
            (Bound::Included(low) | Bound::Excluded(low), Bound::Included(high) | Bound::Excluded(high)) => low >= high,
            _ => false,
        };
        (!empty).then_some((low, high))
    }
}

fn starts_above(start: &Bound<Vec<u8>>, prefix: &[u8]) -> bool {
    match start {
        Bound::Included(key) | Bound::Excluded(key) => key.as_slice() >= prefix,
        Bound::Unbounded => false,
    }
}

fn ends_below(start: &Bound<Vec<u8>>, high: &Bound<Vec<u8>>) -> bool {
    match (start, high) {
        (Bound::Unbounded, _) => false,
        (Bound::Included(key) | Bound::Excluded(key), Bound::Included(high) | Bound::Excluded(high)) => key < high,
        (_, Bound::Unbounded) => true,
    }
}

/// The smallest key above every key with the prefix, or nothing when there is no such key.
fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}

/// What a store holds, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EngineStats {
    /// Bytes of the journal, or of keys and values where there is none.
    pub journal_bytes: u64,
    /// Segment files of the journal.
    pub segments: u64,
    /// Commits since the store began.
    pub commits: u64,
    /// Keys that exist now.
    pub keys: u64,
    /// Bytes of the index on disk.
    pub index_bytes: u64,
}

/// What [`Engine::verify`] walked over and what it found wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EngineReport {
    /// Segments read.
    pub segments: u64,
    /// Commits whose place in the chain was checked.
    pub commits: u64,
    /// Frames whose checksum was checked.
    pub frames: u64,
    /// Keys compared between journal and index.
    pub keys: u64,
    /// What is wrong; empty when the store is sound.
    pub findings: Vec<Finding>,
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The number of the journal's segment.
    pub segment: u32,
    /// Bytes from the start of that segment.
    pub offset: u64,
    /// What is wrong there.
    pub what: String,
}

/// Ordered bytes, changed by atomic batches, with an audit chain over all of them.
pub trait Engine: Send + Sync {
    /// Loads the value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError>;

    /// Reads entries in key order. The result is one moment's state: no batch is seen in part.
    fn scan(&self, scan: &Scan) -> Result<Vec<Entry>, EngineError>;

    /// Counts the keys with a prefix. Takes time in proportion to the count.
    fn count(&self, prefix: &[u8]) -> Result<u64, EngineError>;

    /// Hands a batch over. It is durable, and visible to every reader, when the returned value resolves to a receipt.
    fn submit(&self, batch: Batch) -> Pending;

    /// Commits a batch and blocks until it is durable.
    fn commit(&self, batch: Batch) -> Result<CommitReceipt, EngineError> {
        self.submit(batch).wait()
    }

    /// Reads the audit log in ascending order, from a sequence number on, at most `limit` entries.
    fn audit_page(&self, from_sequence: u64, limit: usize) -> Result<Vec<AuditRow>, EngineError>;

    /// The sequence number of the latest commit, and a signal at each new one. Slow watchers skip, and never block.
    fn changes(&self) -> watch::Receiver<u64>;

    /// What the store holds, in numbers. Counts keys, so it takes time in proportion to them.
    fn stats(&self) -> Result<EngineStats, EngineError>;

    /// Checks everything: checksums, the hash chain, and that index and journal agree.
    ///
    /// # Errors
    /// Only for what prevents looking, such as an unreadable folder. What is wrong is in the report.
    fn verify(&self) -> Result<EngineReport, EngineError>;
}

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EngineError {
    /// Another process holds the store.
    #[error("the store {} is in use: another pegbox process holds its lock", dir.display())]
    Busy {
        /// The store's folder.
        dir: PathBuf,
    },
    /// A precondition failed; nothing of the batch was applied.
    #[error("the change was not applied: {} is not as expected", key.escape_ascii())]
    Conflict {
        /// The key whose state differs.
        key: Vec<u8>,
    },
    /// The disk is full. Everything acknowledged is kept.
    #[error("the disk of {} is full: the change was not stored, everything acknowledged before is kept", dir.display())]
    Full {
        /// The folder that could not grow.
        dir: PathBuf,
    },
    /// An earlier write failed; the store takes no more until it is opened again.
    #[error("the store takes no more requests: {why}")]
    Poisoned {
        /// What failed earlier.
        why: String,
    },
    /// Stored bytes are not what was written.
    #[error("the store is damaged in segment {segment} at byte {offset}: {what}")]
    Damaged {
        /// The number of the journal's segment.
        segment: u32,
        /// Bytes from the start of that segment.
        offset: u64,
        /// What is wrong there.
        what: String,
    },
    /// The batch exceeds a limit of this module; nothing of it was applied.
    #[error("the change was not applied: {what} of {bytes} bytes is over the limit of {limit}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size in bytes.
        bytes: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A newer pegbox wrote this store.
    #[error("the store has format {found}: this version reads up to {supported}")]
    NewerFormat {
        /// The store's format number.
        found: u32,
        /// The newest format that this program knows.
        supported: u32,
    },
    /// The folder holds something else.
    #[error("{} is not a pegbox store: {what}", dir.display())]
    NotAStore {
        /// The folder that was to be opened.
        dir: PathBuf,
        /// What was found instead.
        what: String,
    },
    /// The operating system refused.
    #[error("could not {what} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer. Shared, because one failed write fails every batch of its group.
        source: Arc<io::Error>,
    },
}

impl EngineError {
    /// An error of the operating system; a full disk becomes [`EngineError::Full`].
    pub fn io(what: &'static str, path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full {
                dir: path.parent().unwrap_or(path).to_owned(),
            },
            _ => Self::Io {
                what,
                path: path.to_owned(),
                source: Arc::new(source),
            },
        }
    }

    /// What a person can do about it; starts with a verb.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Busy { .. } => "close the other pegbox, or choose another folder with --store",
            Self::Conflict { .. } => "load the latest state and try again",
            Self::Full { .. } => "free some space on that disk and open the store again",
            Self::Poisoned { .. } => "close pegbox and open the store again",
            Self::Damaged { .. } => "run `pegbox store verify`, keep a copy of the folder, and restore a backup",
            Self::TooLarge { .. } => "split the content into smaller parts",
            Self::NewerFormat { .. } => "install the newer pegbox that wrote it",
            Self::NotAStore { .. } => "choose an empty folder or a store with --store",
            Self::Io { .. } => "check that the folder exists, is yours and can be written",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audit() -> AuditEntry {
        AuditEntry {
            at_ms: 0,
            actor: "ann".into(),
            action: "test.put".into(),
            subject: "s".into(),
            reason: "because".into(),
        }
    }

    #[test]
    fn the_range_follows_prefix_start_and_direction() {
        use Bound::{Excluded, Included, Unbounded};
        let key = |text: &str| text.as_bytes().to_vec();
        let cases = [
            (Scan::prefix("", 1), Included(key("")), Unbounded),
            (Scan::prefix("a/", 1), Included(key("a/")), Excluded(key("a0"))),
            (
                Scan::prefix("a/", 1).from("a/5"),
                Included(key("a/5")),
                Excluded(key("a0")),
            ),
            (
                Scan::prefix("a/", 1).after("a/"),
                Excluded(key("a/")),
                Excluded(key("a0")),
            ),
            (
                Scan::prefix("a/", 1).from("A"),
                Included(key("a/")),
                Excluded(key("a0")),
            ),
            (
                Scan::prefix("a/", 1).backward(),
                Included(key("a/")),
                Excluded(key("a0")),
            ),
            (
                Scan::prefix("a/", 1).from("a/5").backward(),
                Included(key("a/")),
                Included(key("a/5")),
            ),
            (
                Scan::prefix("a/", 1).after("a/5").backward(),
                Included(key("a/")),
                Excluded(key("a/5")),
            ),
            (
                Scan::prefix("a/", 1).from("z").backward(),
                Included(key("a/")),
                Excluded(key("a0")),
            ),
            (Scan::prefix([255, 255], 1), Included(vec![255, 255]), Unbounded),
            (Scan::prefix([1, 255], 1), Included(vec![1, 255]), Excluded(vec![2])),
        ];
        for (scan, low, high) in cases {
            assert_eq!(scan.range(), Some((low, high)), "{scan:?}");
        }
        let empty = [
            Scan::prefix("a/", 1).from("b"),
            Scan::prefix("a/", 1).after("a0"),
            Scan::prefix("a/", 1).from("A").backward(),
            Scan::prefix("a/", 1).after("a/").backward(),
            Scan::prefix("", 1).after("").backward(),
        ];
        for scan in empty {
            assert_eq!(scan.range(), None, "{scan:?}");
        }
    }

    #[test]
    fn limits_name_what_is_too_large() {
        let long_key = vec![b'k'; KEY_BYTES_MAX + 1];
        let cases = [
            (Batch::new(audit()).put(long_key.clone(), "v"), "a key"),
            (Batch::new(audit()).delete(long_key.clone()), "a key"),
            (Batch::new(audit()).expect_absent(long_key), "a key"),
            (Batch::new(audit()).put("k", vec![0; VALUE_BYTES_MAX + 1]), "a value"),
            (
                Batch::new(AuditEntry {
                    reason: "x".repeat(AUDIT_BYTES_MAX),
                    ..audit()
                }),
                "an audit entry",
            ),
        ];
        for (batch, expected) in cases {
            match batch.check_limits() {
                Err(EngineError::TooLarge { what, .. }) => assert_eq!(what, expected),
                other => panic!("{expected}: {other:?}"),
            }
        }
        assert!(
            Batch::new(audit())
                .put(vec![b'k'; KEY_BYTES_MAX], "v")
                .check_limits()
                .is_ok()
        );
    }

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
