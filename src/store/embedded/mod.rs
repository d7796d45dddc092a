//! The embedded engine: a journal that is the truth, and an index over it that can be thrown away.
//!
//! ```text
//! submit ─▶ writer: check preconditions ─▶ journal: write, fdatasync ─▶ index: one batch with the mark ─▶ answer
//! get    ─▶ index: where ─▶ journal: read the frame, check it
//! open   ─▶ index: mark ─▶ journal: replay from there, cut what a crash left unfinished
//! compact ─▶ journal: sealed segments without superseded values ─▶ index: follow what moved
//! ```
//!
//! Why not sled alone: its flush is not durable on Linux, and after a power cut it may open empty without an error.

mod acknowledged;
pub mod backup;
mod ballast;
mod block;
mod compact;
mod contain;
mod frame;
mod history;
mod in_use;
mod index;
mod journal;
mod layout;
mod lock;
mod loss;
mod reader;
mod rebuild;
mod seal;
mod segment;
mod slots;
mod tree;
mod verify;
mod view;
mod writer;

use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::watch;

use self::compact::Compactor;
pub use self::contain::panic_is_contained;
use self::index::Index;
use self::journal::Frames;
use self::layout::{Found, Layout};
use self::lock::StoreLock;
pub use self::loss::Loss;
use self::rebuild::Recovered;
pub use self::rebuild::Recovery;
use self::seal::State;
pub use self::verify::Inspection;
use self::writer::{Request, Writer};
use super::engine::{
    AuditRow, Batch, Compaction, Engine, EngineError, EngineReport, EngineStats, Entry, PastCommit, Pending, Room,
    Scan, Space, Watch,
};

/// Sizes that are no part of the format: a store opens with others than it was made with. Small ones show in a test
/// what takes gigabytes otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Where a new segment of the journal is full. A rebuild reads all of them, a backup copies the full ones.
    pub segment_bytes: u64,
    /// What is held back on the disk for closing, opening and reading when it is full. The index takes half a megabyte
    /// at a time, and a few of those at each open.
    pub ballast_bytes: u64,
    /// Changes that wait in memory for the index on disk, at most; twice as many while some are on their way into it.
    /// An open after a crash applies as many again.
    pub index_changes: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            segment_bytes: 64 * 1024 * 1024,
            ballast_bytes: 8 * 1024 * 1024,
            // Some 10 MB.
            index_changes: 50_000,
        }
    }
}

/// Batches that may wait for the writer; who submits more waits for room.
const WAITING_MAX: usize = 256;

/// A store in a folder. One process has it open at a time; share the engine between threads.
///
/// Reads touch the disk: in async code they go through `spawn_blocking`. Dropping it closes the store, once everything
/// that was submitted is settled.
pub struct EmbeddedEngine {
    /// `None` only while it is being dropped.
    requests: Option<SyncSender<Request>>,
    writer: Option<JoinHandle<()>>,
    index: Arc<Index>,
    frames: Arc<Frames>,
    changes: watch::Receiver<u64>,
    recovery: Recovery,
    layout: Layout,
    ballast_bytes: u64,
    /// Held by what must not see segments replaced, and by what replaces them.
    segments: Mutex<()>,
    /// Last, so that the folder is free only when everything above is closed.
    _lock: StoreLock,
}

impl EmbeddedEngine {
    /// Opens the store in a folder, or makes one when the folder is empty or absent. Repairs what a crash has left. On
    /// a full disk a store opens for reading.
    ///
    /// # Errors
    /// [`EngineError::Busy`], [`EngineError::NotAStore`], [`EngineError::NewerFormat`], [`EngineError::ReadOnly`];
    /// [`EngineError::Full`] when even reading takes more room than there is; [`EngineError::Damaged`] when something
    /// that was acknowledged can no longer be read, and [`EngineError::Lost`] when that is so of the last commits: then
    /// nothing is repaired or cut off.
    pub fn open(dir: &Path) -> Result<Self, EngineError> {
        Self::open_with(dir, Sizes::default())
    }

    /// Opens a store with other sizes.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(dir: &Path, sizes: Sizes) -> Result<Self, EngineError> {
        Self::open_watched(dir, sizes, &mut |_| {})
    }

    /// Opens a store, and tells how far that has come where the index must be rebuilt.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_watched(dir: &Path, sizes: Sizes, watch: Watch<'_>) -> Result<Self, EngineError> {
        let layout = Layout { dir: dir.to_owned() };
        layout.inspect()?;
        let lock = StoreLock::acquire(&layout)?;
        // Again, since another process may have completed the store in between.
        let found = layout.inspect()?;
        let mut recover = || {
            let mut recovered = rebuild::recover(&layout, found, sizes, watch)?;
            if found != Found::Store {
                let end = recovered.journal.end(recovered.chain);
                recovered.seal.write(State::Open, end)?;
            }
            if found == Found::OlderStore {
                // Before anything is written that an older program would take for damage.
                layout.write_format()?;
            }
            Ok(recovered)
        };
        let has_ballast = layout.ballast().exists();
        let recovered = match recover() {
            Err(EngineError::Full { .. }) if has_ballast => {
                ballast::release(&layout);
                recover()
            }
            recovered => recovered,
        }?;
        Self::start(layout, lock, recovered, found, sizes)
    }

    /// Opens a store that has lost something, without that: what follows the last sound commit is set aside with the
    /// first commit that is made, which is to say who accepts the loss and why. Until then the journal is as it was.
    ///
    /// # Errors
    /// [`EngineError::NothingLost`], [`EngineError::NothingReads`], and as [`open`](Self::open).
    pub fn open_accepting_loss(dir: &Path, sizes: Sizes, watch: Watch<'_>) -> Result<(Self, Loss), EngineError> {
        let layout = Layout { dir: dir.to_owned() };
        layout.require_store()?;
        let lock = StoreLock::acquire(&layout)?;
        let found = layout.inspect()?;
        let (recovered, loss) = loss::open(&layout, found, sizes, watch)?;
        Ok((Self::start(layout, lock, recovered, found, sizes)?, loss))
    }

    /// Checks a store that does not open, and says why, by its journal and its seal alone. Nothing is changed.
    ///
    /// # Errors
    /// Only for what prevents looking.
    pub fn inspect(dir: &Path, why: &EngineError) -> Result<Inspection, EngineError> {
        let layout = Layout { dir: dir.to_owned() };
        layout.require_store()?;
        let _lock = StoreLock::acquire(&layout)?;
        verify::inspect(&layout, layout.inspect()?, why)
    }

    fn start(
        layout: Layout,
        lock: StoreLock,
        recovered: Recovered,
        found: Found,
        sizes: Sizes,
    ) -> Result<Self, EngineError> {
        ballast::lay(&layout, sizes.ballast_bytes);
        if found == Found::Nothing {
            layout.write_format()?;
        }
        let index = Arc::new(recovered.index);
        let frames = Arc::new(Frames::new(&layout.journal()));
        let (sequence, changes) = watch::channel(recovered.chain.sequence);
        let writer = Writer {
            journal: recovered.journal,
            index: Arc::clone(&index),
            frames: Arc::clone(&frames),
            chain: recovered.chain,
            changes: sequence,
            poisoned: None,
            layout: layout.clone(),
            ballast_bytes: sizes.ballast_bytes,
            seal: recovered.seal,
            remainder: recovered.remainder,
        };
        let (requests, waiting) = sync_channel(WAITING_MAX);
        let writer = thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || writer.run(&waiting))
            .map_err(|error| EngineError::io("start the writer of", &layout.dir, error))?;
        Ok(Self {
            requests: Some(requests),
            writer: Some(writer),
            index,
            frames,
            changes,
            recovery: recovered.recovery,
            layout,
            ballast_bytes: sizes.ballast_bytes,
            segments: Mutex::new(()),
            _lock: lock,
        })
    }

    fn hold_segments(&self) -> MutexGuard<'_, ()> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the writer begin a new segment.
    fn seal(&self) -> Result<(), EngineError> {
        let (reply, sealed) = sync_channel(1);
        if let Some(requests) = &self.requests {
            // When the writer is gone, the request is dropped, which the answer tells.
            drop(requests.send(Request::Seal(reply)));
        }
        let stopped = |_gone| EngineError::Poisoned {
            why: "its writer has stopped".into(),
        };
        sealed.recv().map_err(stopped)?
    }

    /// What opening had to repair.
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }
}

impl Drop for EmbeddedEngine {
    fn drop(&mut self) {
        drop(self.requests.take());
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has settled its requests by dropping them.
            let _ = writer.join();
        }
    }
}

impl std::fmt::Debug for EmbeddedEngine {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("EmbeddedEngine")
            .field("dir", &self.layout.dir)
            .finish_non_exhaustive()
    }
}

impl Engine for EmbeddedEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        self.frames.steady(|| {
            let pointer = self.index.view()?.entry(key)?;
            pointer.map(|pointer| self.frames.value(key, pointer)).transpose()
        })
    }

    fn scan(&self, scan: &Scan) -> Result<Vec<Entry>, EngineError> {
        // The pointers are one moment's state; what they point at never changes, so the writer can go on.
        let load = |(key, pointer): (Vec<u8>, _)| self.frames.value(&key, pointer).map(|value| (key, value));
        self.frames.steady(|| {
            let entries = self.index.view()?.entries(scan)?;
            entries.into_iter().map(load).collect()
        })
    }

    fn count(&self, prefix: &[u8]) -> Result<u64, EngineError> {
        self.index.view()?.count(prefix)
    }

    fn submit(&self, batch: Batch) -> Pending {
        let (reply, pending) = Pending::channel();
        if let Some(requests) = &self.requests {
            // When the writer is gone, the request is dropped, which settles it.
            drop(requests.send(Request::Commit { batch, reply }));
        }
        pending
    }

    fn audit_page(&self, from_sequence: u64, limit: usize) -> Result<Vec<AuditRow>, EngineError> {
        let load = |pointer| {
            self.frames
                .commit(pointer)
                .map(|body| (body.sequence, body.hash, body.audit))
        };
        self.frames.steady(|| {
            let commits = self.index.view()?.commits(from_sequence, limit)?;
            commits.into_iter().map(load).collect()
        })
    }

    fn history(&self, from_sequence: u64, limit: usize) -> Result<Vec<PastCommit>, EngineError> {
        let _unchanged = self.hold_segments();
        history::read(&self.layout, &self.index, from_sequence, limit)
    }

    fn spaces(&self) -> Result<Vec<Space>, EngineError> {
        history::spaces(&self.index)
    }

    fn compact(&self, watch: Watch<'_>) -> Result<Compaction, EngineError> {
        let _alone = self.hold_segments();
        let compactor = Compactor {
            layout: &self.layout,
            index: &self.index,
            frames: &self.frames,
            seal: &|| self.seal(),
            ballast_bytes: self.ballast_bytes,
        };
        compactor.run(watch)
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }

    fn stats(&self) -> Result<EngineStats, EngineError> {
        let (keys, mark) = {
            let view = self.index.view()?;
            (view.count(&[])?, view.mark())
        };
        let segments = segment::last_number(&self.layout.journal())?;
        Ok(EngineStats {
            journal_bytes: segment::total_bytes(&self.layout.journal(), 1, segments)?,
            segments: segments.into(),
            commits: mark.map_or(0, |mark| mark.chain.sequence),
            keys,
            index_bytes: self.index.bytes()?,
        })
    }

    fn room(&self) -> Result<Room, EngineError> {
        ballast::room(&self.layout.dir)
    }

    fn verify(&self) -> Result<EngineReport, EngineError> {
        let _unchanged = self.hold_segments();
        verify::verify(&self.layout, &self.index)
    }
}
