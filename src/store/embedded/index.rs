//! The index: where the journal holds the live value of each key. Disposable, and rebuilt from the journal.
//!
//! Two parts. The tree lies on disk and has everything up to its mark. What came after it waits in memory, visible to
//! every reader, until one thread merges it into the tree: sorted, many changes to a block at once, and without anybody
//! who waits for a commit. What a crash takes from memory is replayed from the journal.

use std::fs::{self, File};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::ballast;
use super::block::Changes;
use super::contain::contain;
use super::in_use;
use super::layout::Layout;
use super::slots::{Change, Mark, Moved, Pointer};
use super::tree::{self, Failure, Tree};
use super::view::View;
use crate::store::engine::EngineError;

/// Changes handed over in one call, at most, while the index is rebuilt.
pub(super) const CHANGES_PER_CALL_MAX: usize = 2_000;

/// How long changes wait for others to be merged with, so that most that is written meets its neighbours.
const MERGE_AFTER: Duration = Duration::from_secs(1);

/// With more changes than this, the tree is opened once more when it is closed: sled sums up what it has written only
/// when it opens, and an open without such a sum reads all that was written since the last one.
const SETTLED_ABOVE: usize = 20_000;

/// Slots that are looked up before the writer and the merging thread get their turn.
const FOLLOWED_PER_TURN: usize = 2_000;

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
    shared: Arc<Shared>,
    /// Merges what waits; `None` only while it is being dropped.
    merger: Option<JoinHandle<()>>,
}

/// What the owner of the index and its merging thread share.
///
/// Locks are taken in the order of the fields.
pub(super) struct Shared {
    work: Mutex<Work>,
    /// Something in `work` has changed.
    worked: Condvar,
    upper: RwLock<Upper>,
    pub(super) tree: Tree,
    layout: Layout,
    /// Changes that wait, at most.
    waiting_max: usize,
    /// Which of the journal's files the index points into.
    generation: AtomicU64,
    /// Why the index failed while in use. It answers nothing any more, since it could answer wrongly.
    failed: OnceLock<String>,
}

/// What lies over the tree.
#[derive(Default)]
pub(super) struct Upper {
    /// The newest changes.
    pub(super) waiting: Changes,
    /// Older ones, on their way into the tree.
    pub(super) merging: Arc<Changes>,
    /// How much of the journal all parts together have.
    pub(super) mark: Option<Mark>,
}

/// What there is to do for the merging thread.
#[derive(Default)]
struct Work {
    /// Changes that wait.
    waiting: usize,
    /// Somebody waits for the next merge.
    is_asked: bool,
    is_closing: bool,
    /// Merges that were begun, and done.
    begun: u64,
    done: u64,
    /// Changes that were merged.
    merged: usize,
}

/// How opening went: the index, and why it is empty although it should not be.
pub(super) struct Opened {
    pub(super) index: Index,
    pub(super) rebuilt: Option<String>,
}

impl Index {
    /// Opens the index, or starts an empty one where the old one is not usable.
    pub(super) fn open(layout: &Layout, waiting_max: usize) -> Result<Opened, EngineError> {
        let path = layout.index();
        let generation = layout.generation()?;
        let was_cut = in_use::was_cut(layout);
        in_use::begin(layout);
        if layout.index_suspect().exists() {
            return Self::start_over(layout, waiting_max, "it failed while in use".into());
        }
        remove_unfinished_snapshots(layout);
        let (tree, mark) = match Tree::open(layout).and_then(|tree| inspect(tree, was_cut)) {
            Ok(opened) => opened,
            // A full disk, or missing rights, is no reason to throw an index away.
            Err(Failure::Io(error)) if is_environment(&error) => return Err(EngineError::io("open", &path, error)),
            Err(Failure::Io(error)) => return Self::replace(layout, waiting_max, error.to_string()),
            Err(Failure::Broken(why)) => return Self::replace(layout, waiting_max, why),
        };
        if let Some((_, found)) = mark
            && Some(found) != generation
        {
            drop(tree);
            return Self::start_over(
                layout,
                waiting_max,
                "it points into files that were compacted since".into(),
            );
        }
        let index = Self::start(layout, waiting_max, tree, mark.map(|(mark, _)| mark))?;
        Ok(Opened { index, rebuilt: None })
    }

    /// Starts over, unless the disk is so full that the index may be sound: a library that ran out of space does not
    /// always say so.
    fn replace(layout: &Layout, waiting_max: usize, why: String) -> Result<Opened, EngineError> {
        if ballast::disk_is_full(layout) {
            return Err(full(layout));
        }
        Self::start_over(layout, waiting_max, why)
    }

    /// Moves the index aside, so that a half-removed one is never opened, and starts an empty one.
    pub(super) fn start_over(layout: &Layout, waiting_max: usize, why: String) -> Result<Opened, EngineError> {
        let (path, aside) = (layout.index(), layout.index_aside());
        remove_if_there(&aside)?;
        match fs::rename(&path, &aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(EngineError::io("move aside", &path, error));
            }
            _ => remove_if_there(&aside)?,
        }
        let tree = Tree::open(layout).map_err(|failure| match failure {
            Failure::Io(error) => EngineError::io("open", &path, error),
            Failure::Broken(why) => EngineError::Poisoned {
                why: format!("its index cannot be created: {why}"),
            },
        })?;
        remove_if_there(&layout.index_suspect())?;
        // Closing the one that was given up has said that it is not in use.
        in_use::begin(layout);
        Ok(Opened {
            index: Self::start(layout, waiting_max, tree, None)?,
            rebuilt: Some(why),
        })
    }

    fn start(layout: &Layout, waiting_max: usize, tree: Tree, mark: Option<Mark>) -> Result<Self, EngineError> {
        let shared = Arc::new(Shared {
            work: Mutex::default(),
            worked: Condvar::new(),
            upper: RwLock::new(Upper {
                mark,
                ..Upper::default()
            }),
            tree,
            layout: layout.clone(),
            waiting_max: waiting_max.max(1),
            // An unreadable number gets a readable one with the next compaction; until then every open rebuilds.
            generation: AtomicU64::new(layout.generation().ok().flatten().unwrap_or(0)),
            failed: OnceLock::new(),
        });
        let merged = Arc::clone(&shared);
        let merger = thread::Builder::new()
            .name("store-index".into())
            .spawn(move || merged.merge_until_closed())
            .map_err(|error| EngineError::io("start the index of", &layout.dir, error))?;
        Ok(Self {
            shared,
            merger: Some(merger),
        })
    }

    /// Applies changes in order. Readers see all of it or nothing.
    pub(super) fn apply(&self, changes: Vec<Change>, mark: Mark) -> Result<(), EngineError> {
        let work = self.shared.wait_for_room()?;
        let mut upper = self.shared.upper_mut();
        upper
            .waiting
            .extend(changes.into_iter().map(|change| (change.slot, change.pointer)));
        upper.mark = Some(mark);
        self.shared.have_waiting(work, upper.waiting.len());
        Ok(())
    }

    /// Which of the journal's files it points into.
    pub(super) fn generation(&self) -> u64 {
        self.shared.generation.load(Ordering::Acquire)
    }

    /// Follows frames to where a compaction has put them. Those that were superseded meanwhile are left alone. Readers
    /// and the writer wait for one turn at a time.
    pub(super) fn follow(&self, moved: &[Moved]) -> Result<(), EngineError> {
        for turn in moved.chunks(FOLLOWED_PER_TURN) {
            let work = self.shared.wait_for_room()?;
            let mut upper = self.shared.upper_mut();
            let _steady = self.shared.tree.hold();
            for Moved { slot, from, to } in turn {
                let found = self.shared.find(&upper, slot);
                if found.map_err(|failure| self.shared.fail(failure))? == Some(*from) {
                    upper.waiting.insert(slot.clone(), Some(*to));
                }
            }
            self.shared.have_waiting(work, upper.waiting.len());
        }
        Ok(())
    }

    /// Says that everything points into the files of this generation now, once the tree has it. `end` is that of the
    /// replaced segment.
    pub(super) fn finish_generation(&self, generation: u64, end: SegmentEnd) -> Result<(), EngineError> {
        if let Some(mark) = &mut self.shared.upper_mut().mark
            && mark.segment == end.segment
        {
            (mark.commit_offset, mark.end) = (end.commit_offset, end.end);
        }
        self.shared.generation.store(generation, Ordering::Release);
        self.shared.merge_now()
    }

    /// Keeps changes out until dropped.
    pub(super) fn view(&self) -> Result<View<'_>, EngineError> {
        View::new(&self.shared)
    }

    /// The size of the tree on disk, in bytes.
    pub(super) fn bytes(&self) -> Result<u64, EngineError> {
        let bytes = self.shared.tree.bytes();
        bytes.map_err(|failure| self.shared.fail(failure))
    }
}

impl Shared {
    pub(super) fn upper(&self) -> RwLockReadGuard<'_, Upper> {
        self.upper.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn upper_mut(&self) -> RwLockWriteGuard<'_, Upper> {
        self.upper.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An error once the index has failed.
    pub(super) fn check(&self) -> Result<(), EngineError> {
        match self.failed.get() {
            Some(why) => Err(EngineError::Poisoned { why: why.clone() }),
            None => Ok(()),
        }
    }

    /// What a slot points at. The tree is held meanwhile.
    pub(super) fn find(&self, upper: &Upper, slot: &[u8]) -> Result<Option<Pointer>, Failure> {
        match upper.waiting.get(slot).or_else(|| upper.merging.get(slot)) {
            Some(found) => Ok(*found),
            None => self.tree.get(slot),
        }
    }

    /// Waits while so much waits for the tree that memory would grow.
    fn wait_for_room(&self) -> Result<MutexGuard<'_, Work>, EngineError> {
        let has_none = |work: &mut Work| work.waiting >= self.waiting_max && self.failed.get().is_none();
        let work = self.worked.wait_while(self.work(), has_none);
        self.check()?;
        Ok(work.unwrap_or_else(PoisonError::into_inner))
    }

    fn have_waiting(&self, mut work: MutexGuard<'_, Work>, waiting: usize) {
        let is_first = work.waiting == 0;
        work.waiting = waiting;
        if is_first || waiting >= self.waiting_max {
            self.worked.notify_all();
        }
    }

    /// Has everything merged that waits now, and the mark written.
    fn merge_now(&self) -> Result<(), EngineError> {
        let mut work = self.work();
        let due = work.begun + 1;
        work.is_asked = true;
        self.worked.notify_all();
        let is_due = |work: &mut Work| work.done < due && self.failed.get().is_none();
        drop(self.worked.wait_while(work, is_due));
        self.check()
    }

    /// Merges what waits, again and again, until the index is closed or has failed.
    fn merge_until_closed(&self) {
        while let Some(work) = self.wait_for_work() {
            let merged = contain(|| self.merge(work)).map_err(Failure::Broken).flatten();
            if let Err(failure) = merged {
                self.fail(failure);
            }
            self.worked.notify_all();
        }
    }

    /// Waits until there is something to merge; `None` when there will be nothing more.
    fn wait_for_work(&self) -> Option<MutexGuard<'_, Work>> {
        let wants_nothing = |work: &mut Work| work.waiting == 0 && !work.is_asked && !work.is_closing;
        let work = self.worked.wait_while(self.work(), wants_nothing);
        let may_wait = |work: &mut Work| work.waiting < self.waiting_max && !work.is_asked && !work.is_closing;
        let work = work.unwrap_or_else(PoisonError::into_inner);
        let work = self.worked.wait_timeout_while(work, MERGE_AFTER, may_wait);
        let (work, _) = work.unwrap_or_else(PoisonError::into_inner);
        let is_over = work.is_closing && work.waiting == 0 && !work.is_asked;
        (!is_over && self.failed.get().is_none()).then_some(work)
    }

    fn merge(&self, mut work: MutexGuard<'_, Work>) -> Result<(), Failure> {
        let mut upper = self.upper_mut();
        upper.merging = Arc::new(std::mem::take(&mut upper.waiting));
        let (changes, mark) = (Arc::clone(&upper.merging), upper.mark);
        let generation = self.generation.load(Ordering::Acquire);
        drop(upper);
        (work.waiting, work.is_asked) = (0, false);
        work.begun += 1;
        drop(work);
        self.worked.notify_all();
        if let Some(mark) = mark {
            self.tree.merge(&changes, mark, generation)?;
        }
        self.upper_mut().merging = Arc::default();
        let mut work = self.work();
        work.done += 1;
        work.merged += changes.len();
        Ok(())
    }

    /// From here on the index answers nothing. One that is broken is rebuilt at the next open.
    pub(super) fn fail(&self, failure: Failure) -> EngineError {
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
        self.shared.work().is_closing = true;
        self.shared.worked.notify_all();
        if let Some(merger) = self.merger.take() {
            // One that panicked has left what waited to the journal.
            let _ = merger.join();
        }
        // What sled cannot write any more is replayed from the journal.
        let closed = Arc::get_mut(&mut self.shared).is_some_and(|shared| shared.tree.close().is_ok());
        if closed && self.shared.failed.get().is_none() {
            if self.shared.work().merged > SETTLED_ABOVE {
                // If that fails, the next open is slow, and says why it is not sound.
                let _ = Tree::open(&self.shared.layout);
            }
            in_use::end(&self.shared.layout);
        }
    }
}

/// A tree with its mark, if all of it is as it should be.
fn inspect(tree: Tree, was_cut: bool) -> Result<(Tree, Option<(Mark, u64)>), Failure> {
    let mark = tree.mark()?;
    if was_cut {
        tree.read_all()?;
    }
    if mark.is_none() && !tree.is_empty()? {
        return Err(Failure::Broken("it has lost its mark".into()));
    }
    Ok((tree, mark))
}

fn full(layout: &Layout) -> EngineError {
    EngineError::Full {
        dir: layout.dir.clone(),
    }
}

fn is_environment(error: &io::Error) -> bool {
    use io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let kinds = [StorageFull, QuotaExceeded, PermissionDenied, ReadOnlyFilesystem];
    kinds.contains(&error.kind()) || tree::is_held(error)
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
