//! The writer: the one thread that changes journal and index. What waits at the same time shares one sync.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

use tokio::sync::{oneshot, watch};

use super::ballast;
use super::frame::{self, CommitBody};
use super::index::Index;
use super::journal::{Frames, Journal};
use super::layout::Layout;
use super::loss::Remainder;
use super::seal::Seal;
use super::segment::{ChainEnd, Format};
use super::slots::{Change, Mark, Pointer};
use crate::store::audit_chain::{self, Kind};
use crate::store::engine::{Batch, CommitReceipt, EngineError, Op, Precondition};

/// A group is closed above this size, in bytes: larger ones gain nothing from sharing a sync.
const GROUP_BYTES: usize = 1024 * 1024;

/// A group is closed above this many ops, so that applying it does not keep readers out for long.
const GROUP_OPS: usize = 2_000;

/// Where a receipt, or the reason why there is none, is sent to.
type Reply = oneshot::Sender<Result<CommitReceipt, EngineError>>;

/// What the writer is asked for.
pub(super) enum Request {
    /// A batch, and who waits for it.
    Commit { batch: Batch, reply: Reply },
    /// To begin a new segment, so that the one before never changes again.
    Seal(SyncSender<Result<(), EngineError>>),
}

pub(super) struct Writer {
    pub(super) journal: Journal,
    pub(super) index: Arc<Index>,
    pub(super) frames: Arc<Frames>,
    pub(super) chain: ChainEnd,
    pub(super) changes: watch::Sender<u64>,
    /// Why nothing is written any more.
    pub(super) poisoned: Option<String>,
    pub(super) layout: Layout,
    pub(super) ballast_bytes: u64,
    pub(super) seal: Seal,
    /// What is set aside before anything is written.
    pub(super) remainder: Option<Remainder>,
}

impl Writer {
    /// Works until every sender of requests is gone.
    pub(super) fn run(mut self, requests: &Receiver<Request>) {
        while let Ok(first) = requests.recv() {
            let mut group = Group::new(self.chain);
            let mut next = Some(first);
            while let Some(request) = next.take() {
                match request {
                    Request::Commit { batch, reply } => self.stage(&mut group, batch, reply),
                    Request::Seal(reply) => {
                        self.finish(group);
                        drop(reply.send(self.rotate()));
                        group = Group::new(self.chain);
                    }
                }
                // A lone batch never waits; while it is being synced, the next ones gather.
                if group.has_room() {
                    next = requests.try_recv().ok();
                }
            }
            self.finish(group);
        }
        // While something is to be set aside, the loss was not accepted, and the store is as it was.
        if self.poisoned.is_none() && self.remainder.is_none() {
            self.seal.close(self.journal.end(self.chain));
        }
    }

    /// What comes before anything is written.
    fn begin(&mut self) -> Result<(), EngineError> {
        if let Some(remainder) = &self.remainder {
            remainder.set_aside(&mut self.journal)?;
            self.remainder = None;
        }
        self.seal.begin(self.journal.end(self.chain))
    }

    /// Begins a new segment.
    fn rotate(&mut self) -> Result<(), EngineError> {
        if let Some(why) = &self.poisoned {
            return Err(EngineError::Poisoned { why: why.clone() });
        }
        let rotated = self.begin().and_then(|()| self.journal.rotate(self.chain));
        rotated.inspect_err(|error| self.poison(error))
    }

    fn poison(&mut self, error: &EngineError) {
        if matches!(error, EngineError::Full { .. }) {
            ballast::release(&self.layout);
        }
        self.poisoned = Some(format!("an earlier write failed: {error}"));
    }

    /// Adds a batch to the group, or answers why not.
    fn stage(&self, group: &mut Group, batch: Batch, reply: Reply) {
        let checked = match &self.poisoned {
            Some(why) => Err(EngineError::Poisoned { why: why.clone() }),
            None => batch
                .check_limits()
                .and_then(|()| self.check_preconditions(group, &batch.preconditions)),
        };
        match checked {
            Ok(()) => group.stage(batch, reply),
            // Who submitted it may have stopped waiting.
            Err(error) => drop(reply.send(Err(error))),
        }
    }

    fn check_preconditions(&self, group: &Group, preconditions: &[Precondition]) -> Result<(), EngineError> {
        for precondition in preconditions {
            let (key, holds) = match precondition {
                Precondition::Absent(key) => (key, !self.exists(group, key)?),
                Precondition::Equals(key, expected) => (key, self.holds(group, key, expected)?),
            };
            if !holds {
                return Err(EngineError::Conflict { key: key.clone() });
            }
        }
        Ok(())
    }

    fn exists(&self, group: &Group, key: &[u8]) -> Result<bool, EngineError> {
        match group.staged(key) {
            Staged::Value(_) => Ok(true),
            Staged::Gone => Ok(false),
            Staged::Untouched => Ok(self.index.view()?.entry(key)?.is_some()),
        }
    }

    fn holds(&self, group: &Group, key: &[u8], expected: &[u8]) -> Result<bool, EngineError> {
        match group.staged(key) {
            Staged::Value(value) => Ok(value == expected),
            Staged::Gone => Ok(false),
            Staged::Untouched => self.frames.steady(|| {
                let pointer = self.index.view()?.entry(key)?;
                pointer.map_or(Ok(false), |pointer| Ok(self.frames.value(key, pointer)? == expected))
            }),
        }
    }

    /// Makes the group durable, then visible, and only then answers.
    fn finish(&mut self, group: Group) {
        if group.replies.is_empty() {
            return;
        }
        if !ballast::leaves_room(&self.layout, self.ballast_bytes, group.bytes.len() as u64) {
            let dir = self.layout.dir.clone();
            return group.refuse(&EngineError::Full { dir });
        }
        let placed = self
            .begin()
            .and_then(|()| self.journal.append(&group.bytes, self.chain, group.needs));
        let (segment, start) = match placed {
            Ok(placed) => placed,
            Err(error) => {
                self.poison(&error);
                return group.refuse(&error);
            }
        };
        self.chain = group.chain;
        self.seal.reach(self.journal.end(self.chain));
        let mark = Mark {
            segment,
            commit_offset: start + group.commit_offset as u64,
            end: start + group.bytes.len() as u64,
            chain: group.chain,
        };
        // The group is on disk, so it counts as committed even when the index fails: then nothing is answered any more,
        // rather than something old, and the next open replays it.
        if let Err(error) = self.index.apply(group.changes(segment, start), mark) {
            self.poisoned = Some(error.to_string());
        }
        self.changes.send_replace(self.chain.sequence);
        group
            .replies
            .into_iter()
            .for_each(|(receipt, reply)| drop(reply.send(Ok(receipt))));
    }
}

/// Batches on their way to the journal together.
struct Group {
    /// Their frames.
    bytes: Vec<u8>,
    /// What the frames change, with offsets from the start of the group.
    placed: Vec<Placed>,
    /// The state of each key after the staged batches: where its value lies in `bytes`, or that it is gone.
    overlay: HashMap<Vec<u8>, Option<Range<usize>>>,
    replies: Vec<(CommitReceipt, Reply)>,
    /// Which segments can take it.
    needs: Format,
    chain: ChainEnd,
    /// Where the last commit frame begins.
    commit_offset: usize,
}

/// What the batches staged so far make of a key.
enum Staged<'a> {
    Value(&'a [u8]),
    Gone,
    Untouched,
}

/// A frame of the group.
struct Placed {
    what: What,
    offset: usize,
    len: usize,
    digest: [u8; 32],
}

enum What {
    Put(Vec<u8>),
    Delete(Vec<u8>),
    Commit(u64),
}

impl Group {
    fn new(chain: ChainEnd) -> Self {
        Self {
            bytes: Vec::new(),
            placed: Vec::new(),
            overlay: HashMap::new(),
            replies: Vec::new(),
            needs: Format::Plain,
            chain,
            commit_offset: 0,
        }
    }

    fn has_room(&self) -> bool {
        self.bytes.len() < GROUP_BYTES && self.placed.len() < GROUP_OPS
    }

    fn staged(&self, key: &[u8]) -> Staged<'_> {
        match self.overlay.get(key) {
            Some(Some(range)) => self.bytes.get(range.clone()).map_or(Staged::Gone, Staged::Value),
            Some(None) => Staged::Gone,
            None => Staged::Untouched,
        }
    }

    fn stage(&mut self, batch: Batch, reply: Reply) {
        let mut digests = Vec::with_capacity(batch.ops.len());
        for op in batch.ops {
            let (kind, key, value, state) = match op {
                Op::Put(key, value) => (Kind::Put, key, value, true),
                Op::Delete(key) => (Kind::Delete, key, Vec::new(), false),
                Op::Superseded(past) => {
                    frame::append_superseded(&mut self.bytes, &past);
                    self.needs = Format::Superseded;
                    digests.push(past.digest);
                    continue;
                }
            };
            let (offset, digest) = self.append(kind, &key, &value);
            let end = self.bytes.len();
            self.overlay
                .insert(key.clone(), state.then_some(end - value.len()..end));
            let what = if state { What::Put(key) } else { What::Delete(key) };
            self.placed.push(Placed {
                what,
                offset,
                len: end - offset,
                digest,
            });
            digests.push(digest);
        }
        let sequence = self.chain.sequence + 1;
        let hash = audit_chain::commit_hash(&self.chain.hash, sequence, &digests, &batch.audit);
        let body = CommitBody {
            sequence,
            group_distance: self.bytes.len() as u64,
            ops: u32::try_from(digests.len()).unwrap_or(u32::MAX),
            hash,
            audit: batch.audit,
        };
        let (offset, digest) = self.append(Kind::Commit, &[], &body.encode());
        self.placed.push(Placed {
            what: What::Commit(sequence),
            offset,
            len: self.bytes.len() - offset,
            digest,
        });
        self.commit_offset = offset;
        self.chain = ChainEnd { sequence, hash };
        self.replies.push((CommitReceipt { sequence, hash }, reply));
    }

    /// Answers every batch of the group with the same error.
    fn refuse(self, error: &EngineError) {
        self.replies
            .into_iter()
            .for_each(|(_, reply)| drop(reply.send(Err(error.clone()))));
    }

    fn append(&mut self, kind: Kind, key: &[u8], value: &[u8]) -> (usize, [u8; 32]) {
        let offset = self.bytes.len();
        (offset, frame::append(&mut self.bytes, kind, key, value))
    }

    /// What the index learns, now that the place of the group is known.
    fn changes(&self, segment: u32, start: u64) -> Vec<Change> {
        let change = |placed: &Placed| {
            let pointer = Pointer::new(segment, start + placed.offset as u64, placed.len, &placed.digest);
            match &placed.what {
                What::Put(key) => Change::entry(key, Some(pointer)),
                What::Delete(key) => Change::entry(key, None),
                What::Commit(sequence) => Change::commit(*sequence, pointer),
            }
        };
        self.placed.iter().map(change).collect()
    }
}
