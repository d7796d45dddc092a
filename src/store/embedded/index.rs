//! The index: where the journal holds the live value of each key. Disposable, and rebuilt from the journal.
//!
//! One sled tree of slots and pointers, with the mark that says how much of the journal is in it.
//!
//! The rules of use come from measuring sled 0.34.7: values stay small (leaves over 128 KB go to files it never syncs),
//! batches stay short (they block every reader), its own flush is never waited for (it is not durable on Linux), and
//! its periodic flusher stays on (space is reclaimed nowhere else). Every call into it is contained.

use std::fs::{self, File};
use std::io;
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::thread;
use std::time::Duration;

use super::ballast;
use super::contain::contain;
use super::layout::Layout;
use super::slots::{self, Change, MARK_KEY, Mark, Moved, Pointer};
use crate::store::engine::{Direction, EngineError, KeyRange, Scan};

/// Changes applied in one call, at most: a batch of 100,000 blocked every reader for seconds.
pub(super) const CHANGES_PER_BATCH_MAX: usize = 2_000;

/// sled's page cache, in bytes.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// How often sled flushes and reclaims space, in milliseconds.
const FLUSH_EVERY_MS: u64 = 500;

/// sled's own lock, unlike the store's, is not released by closing while a process that was forked at that moment has
/// not started its program yet. Nobody else can hold it, so it is worth waiting for: for two seconds at most.
const OPEN_TRIES_MAX: u32 = 100;
const OPEN_AGAIN_AFTER: Duration = Duration::from_millis(20);

/// What sled did not do.
enum Failure {
    /// The disk or the system; the index itself may be sound.
    Io(io::Error),
    /// The index is not usable, and is to be rebuilt.
    Broken(String),
}

fn call<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, Failure> {
    match contain(call) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Io(error))) => Err(Failure::Io(error)),
        Ok(Err(error)) => Err(Failure::Broken(error.to_string())),
        Err(panic) => Err(Failure::Broken(panic)),
    }
}

/// Where the last commit of a segment lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct SegmentEnd {
    pub(super) segment: u32,
    /// Where its frame begins.
    pub(super) commit_offset: u64,
    /// Where it ends.
    pub(super) end: u64,
}

/// The open index. Readers go through [`view`](Self::view); only the writer applies changes.
pub(super) struct Index {
    /// `None` only while it is being dropped.
    db: Option<sled::Db>,
    layout: Layout,
    /// The mark, and the gate that keeps readers out while a group is applied: sled's iterators are no snapshots.
    gate: RwLock<Option<Mark>>,
    /// Which of the journal's files it points into.
    generation: AtomicU64,
    /// Why the index failed while in use. It answers nothing any more, since it could answer wrongly.
    failed: OnceLock<String>,
}

/// How opening went: the index, and why it is empty although it should not be.
pub(super) struct Opened {
    pub(super) index: Index,
    pub(super) rebuilt: Option<String>,
}

impl Index {
    /// Opens the index, or starts an empty one where the old one is not usable.
    pub(super) fn open(layout: &Layout) -> Result<Opened, EngineError> {
        let path = layout.index();
        let generation = layout.generation()?;
        if layout.index_suspect().exists() {
            return Self::start_over(layout, "it failed while in use".into());
        }
        remove_unfinished_snapshots(layout);
        match Self::open_sled(layout) {
            Ok(index) => {
                let (mark, empty) = match index.load_mark() {
                    Ok((Some((_, found)), _)) if Some(found) != generation => {
                        drop(index);
                        return Self::start_over(layout, "it points into files that were compacted since".into());
                    }
                    Ok((mark, empty)) => (mark.map(|(mark, _)| mark), empty),
                    Err(Failure::Io(error)) => return Err(EngineError::io("read", &path, error)),
                    Err(Failure::Broken(why)) => {
                        drop(index);
                        return Self::replace(layout, why);
                    }
                };
                if mark.is_none() && !empty {
                    drop(index);
                    return Self::start_over(layout, "it has lost its mark".into());
                }
                *index.gate.write().unwrap_or_else(PoisonError::into_inner) = mark;
                Ok(Opened { index, rebuilt: None })
            }
            // A full disk, or missing rights, is no reason to throw an index away.
            Err(Failure::Io(error)) if is_environment(&error) => Err(EngineError::io("open", &path, error)),
            Err(Failure::Io(error)) => Self::replace(layout, error.to_string()),
            Err(Failure::Broken(why)) => Self::replace(layout, why),
        }
    }

    /// Starts over, unless the disk is so full that the index may be sound: a library that ran out of space does not
    /// always say so.
    fn replace(layout: &Layout, why: String) -> Result<Opened, EngineError> {
        if ballast::disk_is_full(layout) {
            return Err(full(layout));
        }
        Self::start_over(layout, why)
    }

    /// Moves the index aside, so that a half-removed one is never opened, and starts an empty one.
    pub(super) fn start_over(layout: &Layout, why: String) -> Result<Opened, EngineError> {
        let (path, aside) = (layout.index(), layout.index_aside());
        remove_if_there(&aside)?;
        match fs::rename(&path, &aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(EngineError::io("move aside", &path, error));
            }
            _ => remove_if_there(&aside)?,
        }
        let index = Self::open_sled(layout).map_err(|failure| match failure {
            Failure::Io(error) => EngineError::io("open", &path, error),
            Failure::Broken(why) => EngineError::Poisoned {
                why: format!("its index cannot be created: {why}"),
            },
        })?;
        remove_if_there(&layout.index_suspect())?;
        Ok(Opened {
            index,
            rebuilt: Some(why),
        })
    }

    fn open_sled(layout: &Layout) -> Result<Self, Failure> {
        let config = sled::Config::new()
            .path(layout.index())
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(Some(FLUSH_EVERY_MS));
        let mut tries = 1;
        // An unreadable number gets a readable one with the next compaction; until then every open rebuilds.
        let generation = layout.generation().ok().flatten().unwrap_or(0);
        let db = loop {
            match call(|| config.open()) {
                Err(Failure::Io(error)) if is_held(&error) && tries < OPEN_TRIES_MAX => tries += 1,
                opened => break opened?,
            }
            thread::sleep(OPEN_AGAIN_AFTER);
        };
        Ok(Self {
            db: Some(db),
            layout: layout.clone(),
            gate: RwLock::default(),
            generation: AtomicU64::new(generation),
            failed: OnceLock::new(),
        })
    }

    fn load_mark(&self) -> Result<(Option<(Mark, u64)>, bool), Failure> {
        let Some(db) = &self.db else { return Ok((None, true)) };
        let mark = call(|| db.get(MARK_KEY))?;
        let mark = match mark {
            None => None,
            Some(bytes) => Some(Mark::decode(&bytes).ok_or_else(|| Failure::Broken("its mark cannot be read".into()))?),
        };
        Ok((mark, contain(|| db.is_empty()).map_err(Failure::Broken)?))
    }

    /// Applies changes in order and moves the mark with the last of them. Readers see all of it or nothing.
    ///
    /// A crash in between leaves the old mark, and the changes are applied again, which gives the same result.
    pub(super) fn apply(&self, changes: &[Change], mark: Mark) -> Result<(), EngineError> {
        let mut gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        let mut chunks = changes.chunks(CHANGES_PER_BATCH_MAX).peekable();
        while let Some(chunk) = chunks.next() {
            let mut batch = sled::Batch::default();
            for Change { slot, pointer } in chunk {
                match pointer {
                    Some(pointer) => batch.insert(slot.as_slice(), pointer.encode()),
                    None => batch.remove(slot.as_slice()),
                }
            }
            if chunks.peek().is_none() {
                batch.insert(MARK_KEY, mark.encode(self.generation()));
            }
            let Some(db) = &self.db else { continue };
            call(|| db.apply_batch(batch)).map_err(|failure| self.fail(failure))?;
        }
        *gate = Some(mark);
        Ok(())
    }

    /// Which of the journal's files it points into.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Follows frames to where a compaction has put them. Those that were superseded meanwhile are left alone. Readers
    /// and the writer wait for one chunk at a time.
    pub(super) fn follow(&self, moved: &[Moved]) -> Result<(), EngineError> {
        for chunk in moved.chunks(CHANGES_PER_BATCH_MAX) {
            let _gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
            let Some(db) = &self.db else { continue };
            let mut batch = sled::Batch::default();
            for Moved { slot, from, to } in chunk {
                let found = call(|| db.get(slot)).map_err(|failure| self.fail(failure))?;
                if found.is_some_and(|bytes| Pointer::decode(&bytes) == Some(*from)) {
                    batch.insert(slot.as_slice(), to.encode());
                }
            }
            call(|| db.apply_batch(batch)).map_err(|failure| self.fail(failure))?;
        }
        Ok(())
    }

    /// Says that everything points into the files of this generation now. `end` is that of the replaced segment.
    pub(super) fn finish_generation(&self, generation: u64, end: SegmentEnd) -> Result<(), EngineError> {
        let mut gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        let (Some(mark), Some(db)) = (gate.as_mut(), &self.db) else {
            return Ok(());
        };
        if mark.segment == end.segment {
            (mark.commit_offset, mark.end) = (end.commit_offset, end.end);
        }
        call(|| db.insert(MARK_KEY, mark.encode(generation))).map_err(|failure| self.fail(failure))?;
        self.generation.store(generation, Ordering::Release);
        Ok(())
    }

    /// Keeps changes out, and reads, until dropped.
    pub(super) fn view(&self) -> Result<View<'_>, EngineError> {
        let gate = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        match (self.failed.get(), &self.db) {
            (Some(why), _) => Err(EngineError::Poisoned { why: why.clone() }),
            (None, Some(db)) => Ok(View {
                mark: gate,
                db,
                index: self,
            }),
            (None, None) => Err(EngineError::Poisoned {
                why: "it is being closed".into(),
            }),
        }
    }

    /// The index's size on disk, in bytes.
    pub(super) fn bytes(&self) -> Result<u64, EngineError> {
        let Some(db) = &self.db else { return Ok(0) };
        call(|| db.size_on_disk()).map_err(|failure| self.fail(failure))
    }

    /// From here on the index answers nothing. One that is broken is rebuilt at the next open.
    fn fail(&self, failure: Failure) -> EngineError {
        let error = match failure {
            Failure::Io(error) => EngineError::io("use", &self.layout.index(), error),
            Failure::Broken(_) if ballast::disk_is_full(&self.layout) => full(&self.layout),
            Failure::Broken(why) => {
                // If this cannot be written, the next open fails in the same way and tries again.
                let _ = File::create(self.layout.index_suspect());
                let why = self
                    .failed
                    .get_or_init(|| format!("its index failed and will be rebuilt: {why}"));
                return EngineError::Poisoned { why: why.clone() };
            }
        };
        if matches!(error, EngineError::Full { .. }) {
            ballast::release(&self.layout);
        }
        self.failed.get_or_init(|| error.to_string());
        error
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        let db = self.db.take();
        // What sled cannot write any more is replayed from the journal.
        let _ = contain(|| drop(db));
    }
}

/// The index at one moment.
pub(super) struct View<'a> {
    mark: RwLockReadGuard<'a, Option<Mark>>,
    db: &'a sled::Db,
    index: &'a Index,
}

impl View<'_> {
    /// How much of the journal this view has; `None` for an empty store.
    pub(super) fn mark(&self) -> Option<Mark> {
        *self.mark
    }

    pub(super) fn entry(&self, key: &[u8]) -> Result<Option<Pointer>, EngineError> {
        self.slot(&slots::entry_slot(key))
    }

    pub(super) fn slot(&self, slot: &[u8]) -> Result<Option<Pointer>, EngineError> {
        let bytes = call(|| self.db.get(slot)).map_err(|failure| self.index.fail(failure))?;
        bytes.map(|bytes| self.pointer(&bytes)).transpose()
    }

    /// Keys and pointers that a scan yields.
    pub(super) fn entries(&self, scan: &Scan) -> Result<Vec<(Vec<u8>, Pointer)>, EngineError> {
        let mut found = Vec::new();
        let Some(range) = slots::entry_range(scan) else {
            return Ok(found);
        };
        self.walk(range, scan.direction, |slot, pointer| {
            if found.len() < scan.limit {
                found.push((slot.get(1..).unwrap_or_default().to_vec(), pointer));
            }
            found.len() < scan.limit
        })?;
        Ok(found)
    }

    /// The commits from a sequence number on.
    pub(super) fn commits(&self, from_sequence: u64, limit: usize) -> Result<Vec<Pointer>, EngineError> {
        let mut found = Vec::new();
        self.walk(slots::commit_range(from_sequence), Direction::Forward, |_, pointer| {
            if found.len() < limit {
                found.push(pointer);
            }
            found.len() < limit
        })?;
        Ok(found)
    }

    /// Visits at most `limit` slots after one, the mark apart, and returns the last of them.
    pub(super) fn some(
        &self,
        after: Option<Vec<u8>>,
        limit: usize,
        mut visit: impl FnMut(&[u8], Pointer),
    ) -> Result<Option<Vec<u8>>, EngineError> {
        let range = match after {
            Some(slot) => (Bound::Excluded(slot), Bound::Unbounded),
            None => slots::full_range(),
        };
        let (mut last, mut visited) = (None, 0);
        self.walk(range, Direction::Forward, |slot, pointer| {
            visit(slot, pointer);
            visited += 1;
            last = Some(slot.to_vec());
            visited < limit
        })?;
        Ok(last)
    }

    /// Visits every slot but the mark.
    pub(super) fn all(&self, mut visit: impl FnMut(&[u8], Pointer)) -> Result<(), EngineError> {
        self.walk(slots::full_range(), Direction::Forward, |slot, pointer| {
            visit(slot, pointer);
            true
        })
    }

    pub(super) fn count(&self, prefix: &[u8]) -> Result<u64, EngineError> {
        let Some(range) = slots::entry_range(&Scan::prefix(prefix, 0)) else {
            return Ok(0);
        };
        let mut count = 0;
        self.walk(range, Direction::Forward, |_, _| {
            count += 1;
            true
        })?;
        Ok(count)
    }

    /// Visits slots until told to stop.
    fn walk(
        &self,
        range: KeyRange,
        direction: Direction,
        mut visit: impl FnMut(&[u8], Pointer) -> bool,
    ) -> Result<(), EngineError> {
        let mut slots = self.db.range(range);
        loop {
            let next = call(|| {
                match direction {
                    Direction::Forward => slots.next(),
                    Direction::Backward => slots.next_back(),
                }
                .transpose()
            });
            let Some((slot, bytes)) = next.map_err(|failure| self.index.fail(failure))? else {
                return Ok(());
            };
            if !visit(&slot, self.pointer(&bytes)?) {
                return Ok(());
            }
        }
    }

    fn pointer(&self, bytes: &[u8]) -> Result<Pointer, EngineError> {
        Pointer::decode(bytes).ok_or_else(|| self.index.fail(Failure::Broken("a pointer cannot be read".into())))
    }
}

fn full(layout: &Layout) -> EngineError {
    EngineError::Full {
        dir: layout.dir.clone(),
    }
}

fn is_environment(error: &io::Error) -> bool {
    use io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let kinds = [StorageFull, QuotaExceeded, PermissionDenied, ReadOnlyFilesystem];
    kinds.contains(&error.kind()) || is_held(error)
}

/// sled wraps its failure to lock in an error of no particular kind.
fn is_held(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock || error.to_string().contains("could not acquire lock")
}

/// A snapshot that a crash left unfinished makes sled 0.34.7 refuse every later open; it is needed by nobody.
fn remove_unfinished_snapshots(layout: &Layout) {
    let Ok(entries) = fs::read_dir(layout.index()) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().ends_with(".generating") {
            // If it stays, sled refuses to open and the index is rebuilt.
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn remove_if_there(path: &std::path::Path) -> Result<(), EngineError> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(EngineError::io("remove", path, error)),
        _ => Ok(()),
    }
}
