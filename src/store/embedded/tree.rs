//! The sled tree behind the index: blocks of slots, and the mark that says how much of the journal is in them.
//!
//! The rules of use come from measuring sled 0.34.7: values stay small (leaves over 128 KB go to files it never syncs),
//! batches stay short (they block every reader), its own flush is never waited for (it is not durable on Linux), and
//! its periodic flusher stays on (space is reclaimed nowhere else). Every call into it is contained.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::ops::{Bound, RangeBounds as _};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::thread;
use std::time::Duration;

use super::block::{self, Changes, Slots};
use super::contain::contain;
use super::layout::Layout;
use super::slots::{self, MARK_KEY, Mark, Pointer};
use crate::store::engine::{Direction, KeyRange};

/// Changes applied in one batch, at most. While it is applied, nobody reads.
const CHANGES_PER_BATCH_MAX: usize = 1_000;

/// sled's page cache, in bytes.
const CACHE_BYTES: u64 = 16 * 1024 * 1024;

/// How often sled flushes and reclaims space, in milliseconds.
const FLUSH_EVERY_MS: u64 = 500;

/// sled's own lock, unlike the store's, is not released by closing while a process that was forked at that moment has
/// not started its program yet. Nobody else can hold it, so it is worth waiting for: for two seconds at most.
const OPEN_TRIES_MAX: u32 = 100;
const OPEN_AGAIN_AFTER: Duration = Duration::from_millis(20);

/// What sled did not do.
#[derive(Debug)]
pub(super) enum Failure {
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

/// Only one thread merges; any number read.
pub(super) struct Tree {
    /// `None` only while it is being dropped.
    db: Option<sled::Db>,
    /// Keeps readers out while a batch is applied: sled's iterators are no snapshots.
    gate: RwLock<()>,
}

impl Tree {
    pub(super) fn open(layout: &Layout) -> Result<Self, Failure> {
        let config = sled::Config::new()
            .path(layout.index())
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(Some(FLUSH_EVERY_MS));
        let mut tries = 1;
        let db = loop {
            match call(|| config.open()) {
                Err(Failure::Io(error)) if is_held(&error) && tries < OPEN_TRIES_MAX => tries += 1,
                opened => break opened?,
            }
            thread::sleep(OPEN_AGAIN_AFTER);
        };
        Ok(Self {
            db: Some(db),
            gate: RwLock::default(),
        })
    }

    fn db(&self) -> Result<&sled::Db, Failure> {
        self.db
            .as_ref()
            .ok_or_else(|| Failure::Broken("it is being closed".into()))
    }

    /// The mark with the generation of the journal's files that it is about; `None` where there is none.
    pub(super) fn mark(&self) -> Result<Option<(Mark, u64)>, Failure> {
        let db = self.db()?;
        let decode = |bytes: sled::IVec| {
            Mark::decode(&bytes).ok_or_else(|| Failure::Broken("its mark is damaged, or of another pegbox".into()))
        };
        call(|| db.get(MARK_KEY))?.map(decode).transpose()
    }

    pub(super) fn is_empty(&self) -> Result<bool, Failure> {
        let db = self.db()?;
        contain(|| db.is_empty()).map_err(Failure::Broken)
    }

    /// Its size on disk.
    pub(super) fn bytes(&self) -> Result<u64, Failure> {
        let db = self.db()?;
        call(|| db.size_on_disk())
    }

    /// Reads every slot, so that a hole shows.
    pub(super) fn read_all(&self) -> Result<(), Failure> {
        self.slots(slots::full_range(), Direction::Forward)?
            .try_for_each(|slot| slot.map(drop))
    }

    pub(super) fn get(&self, slot: &[u8]) -> Result<Option<Pointer>, Failure> {
        match self.block_of(slot)? {
            Some((first, bytes)) => block::find(&bytes, slot).map_err(|_damaged| unreadable(&first)),
            None => Ok(None),
        }
    }

    /// The slots of a range in order.
    pub(super) fn slots(&self, range: KeyRange, direction: Direction) -> Result<TreeSlots, Failure> {
        let db = self.db()?;
        let (low, high) = &range;
        let first = match low {
            Bound::Included(slot) | Bound::Excluded(slot) => self.block_of(slot)?.map(|(first, _)| first),
            Bound::Unbounded => None,
        };
        let first = first.map_or(Bound::Excluded(sled::IVec::from(MARK_KEY)), Bound::Included);
        let high = match high {
            Bound::Included(slot) => Bound::Included(sled::IVec::from(slot.as_slice())),
            Bound::Excluded(slot) => Bound::Excluded(sled::IVec::from(slot.as_slice())),
            Bound::Unbounded => Bound::Unbounded,
        };
        Ok(TreeSlots {
            blocks: call(|| Ok(db.range((first, high))))?,
            block: VecDeque::new(),
            range,
            direction,
        })
    }

    /// The block that a slot lies in, or would lie in: the last one that does not begin behind it.
    fn block_of(&self, slot: &[u8]) -> Result<Option<(sled::IVec, sled::IVec)>, Failure> {
        let db = self.db()?;
        let range = (Bound::Excluded(MARK_KEY), Bound::Included(slot));
        call(|| db.range::<&[u8], _>(range).next_back().transpose())
    }

    /// Where the next block begins.
    fn block_behind(&self, slot: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        let db = self.db()?;
        let range = (Bound::Excluded(slot), Bound::Unbounded);
        let found = call(|| db.range::<&[u8], _>(range).next().transpose())?;
        Ok(found.map(|(first, _)| first.to_vec()))
    }

    /// Keeps batches out until dropped.
    pub(super) fn hold(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts changes into their blocks, and the mark after the last of them. A reader may see a part of the changes.
    ///
    /// A crash in between leaves the old mark, and the changes are merged again, which gives the same result.
    pub(super) fn merge(&self, changes: &Changes, mark: Mark, generation: u64) -> Result<(), Failure> {
        let mut batch = Batch::default();
        let mut from = Bound::Unbounded;
        while let Some((slot, _)) = changes.range((from.clone(), Bound::Unbounded)).next() {
            let (first, base) = match self.block_of(slot)? {
                Some((first, bytes)) => (Some(first.clone()), open(&first, &bytes)?),
                None => (None, Slots::new()),
            };
            let end = self.block_behind(slot)?.map_or(Bound::Unbounded, Bound::Excluded);
            let room = CHANGES_PER_BATCH_MAX - batch.changes;
            let here: Vec<_> = changes.range((from, end)).take(room).collect();
            batch.replace(first, base, &here);
            from = here
                .last()
                .map_or(Bound::Unbounded, |(last, _)| Bound::Excluded((*last).clone()));
            // What did not fit may belong into one of these blocks.
            if batch.changes >= CHANGES_PER_BATCH_MAX {
                self.apply(mem::take(&mut batch))?;
            }
        }
        batch.sled.insert(MARK_KEY, mark.encode(generation));
        self.apply(batch)
    }

    fn apply(&self, batch: Batch) -> Result<(), Failure> {
        let db = self.db()?;
        let _alone = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        call(|| db.apply_batch(batch.sled))
    }

    /// Closes it; an error where sled may not have written everything.
    pub(super) fn close(&mut self) -> Result<(), String> {
        let db = self.db.take();
        contain(|| drop(db))
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // Whoever needs to know how it went has closed it before.
        let _ = self.close();
    }
}

/// Blocks on their way into the tree together.
#[derive(Default)]
struct Batch {
    sled: sled::Batch,
    /// Changes in it.
    changes: usize,
}

impl Batch {
    /// Puts what changes make of a block into the place of that block; `first` is where it began.
    fn replace(&mut self, first: Option<sled::IVec>, base: Slots, changes: &[(&Vec<u8>, &Option<Pointer>)]) {
        self.changes += changes.len();
        let came_at_end = match (base.last(), changes.first()) {
            (Some((last, _)), Some((slot, _))) => last < *slot,
            _ => true,
        };
        let slots = block::merge(base, changes.iter().copied());
        let begins_at = slots.first().map(|(slot, _)| slot.as_slice());
        if let Some(first) = first.filter(|first| begins_at != Some(first.as_ref())) {
            self.sled.remove(first);
        }
        for block in block::split(&slots, came_at_end) {
            if let Some((first, _)) = block.first() {
                self.sled.insert(first.as_slice(), block::encode(block));
            }
        }
    }
}

/// Slots of a range, read a block at a time.
pub(super) struct TreeSlots {
    blocks: sled::Iter,
    /// What is left of the block that is being read.
    block: VecDeque<(Vec<u8>, Pointer)>,
    range: KeyRange,
    direction: Direction,
}

impl Iterator for TreeSlots {
    type Item = Result<(Vec<u8>, Pointer), Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let next = match self.direction {
                Direction::Forward => self.block.pop_front(),
                Direction::Backward => self.block.pop_back(),
            };
            match next {
                Some(slot) if self.range.contains(&slot.0) => return Some(Ok(slot)),
                // A block reaches over the ends of a range.
                Some(_) => continue,
                None => {}
            }
            let blocks = &mut self.blocks;
            let next = call(|| match self.direction {
                Direction::Forward => blocks.next().transpose(),
                Direction::Backward => blocks.next_back().transpose(),
            });
            match next.and_then(|next| next.map(|(first, bytes)| open(&first, &bytes)).transpose()) {
                Ok(Some(slots)) => self.block = slots.into(),
                Ok(None) => return None,
                Err(failure) => return Some(Err(failure)),
            }
        }
    }
}

fn open(first: &[u8], bytes: &[u8]) -> Result<Slots, Failure> {
    match block::decode(bytes) {
        Ok(slots) if slots.first().is_some_and(|(slot, _)| slot == first) => Ok(slots),
        _ => Err(unreadable(first)),
    }
}

fn unreadable(first: &[u8]) -> Failure {
    Failure::Broken(format!("the block of {} cannot be read", slots::describe(first)))
}

/// sled wraps its failure to lock in an error of no particular kind.
pub(super) fn is_held(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock || error.to_string().contains("could not acquire lock")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MARK: Mark = Mark {
        segment: 1,
        commit_offset: 0,
        end: 0,
        chain: super::super::segment::ChainEnd::GENESIS,
    };

    fn slot(number: u16) -> Vec<u8> {
        // Of many lengths, so that blocks split everywhere.
        slots::entry_slot(format!("{number:05}/{}", "x".repeat(usize::from(number % 97))).as_bytes())
    }

    fn pointer(offset: u64) -> Pointer {
        Pointer {
            segment: 3,
            offset,
            len: 9,
            check: [7; 4],
        }
    }

    /// Rounds of changes: a stretch of neighbours, or any slots at all, set or removed.
    fn rounds() -> impl Strategy<Value = Vec<Vec<(u16, bool)>>> {
        let stretch = (any::<u16>(), 1..400_u16, any::<bool>())
            .prop_map(|(from, count, is_set)| (from..from.saturating_add(count)).map(|n| (n, is_set)).collect());
        let spread = prop::collection::vec((any::<u16>(), prop::bool::weighted(0.8)), 0..1_500);
        prop::collection::vec(prop_oneof![stretch, spread], 1..8)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_holds_what_an_ordered_map_holds(rounds in rounds(), from in any::<u16>(), to in any::<u16>()) {
            let dir = tempfile::tempdir().expect("a folder");
            let layout = Layout { dir: dir.path().to_owned() };
            let mut tree = Tree::open(&layout).expect("opened");
            let mut map = Changes::new();
            for (round, changes) in rounds.into_iter().enumerate() {
                let changes: Changes = changes
                    .into_iter()
                    .map(|(number, is_set)| (slot(number), is_set.then(|| pointer(round as u64))))
                    .collect();
                tree.merge(&changes, MARK, 4).expect("merged");
                map.extend(changes);
                map.retain(|_, pointer| pointer.is_some());
            }
            drop(tree);
            tree = Tree::open(&layout).expect("opened again");
            prop_assert_eq!(tree.mark().expect("read"), Some((MARK, 4)));
            tree.read_all().expect("sound");
            for number in (0..=u16::MAX).step_by(1_009).chain([from, to]) {
                let found = tree.get(&slot(number)).expect("read");
                prop_assert_eq!(found, map.get(&slot(number)).copied().flatten());
            }
            let (low, high) = (slot(from.min(to)), slot(from.max(to)));
            for range in [
                slots::full_range(),
                (Bound::Included(low.clone()), Bound::Included(high.clone())),
                (Bound::Excluded(low), Bound::Excluded([high, vec![b'/']].concat())),
            ] {
                let expected: Slots = map
                    .range::<Vec<u8>, _>((range.0.as_ref(), range.1.as_ref()))
                    .filter_map(|(slot, pointer)| Some((slot.clone(), (*pointer)?)))
                    .collect();
                let read = |direction| -> Slots {
                    let slots = tree.slots(range.clone(), direction).expect("read");
                    slots.map(|slot| slot.expect("read")).collect()
                };
                prop_assert_eq!(&read(Direction::Forward), &expected);
                let backward: Slots = expected.into_iter().rev().collect();
                prop_assert_eq!(read(Direction::Backward), backward);
            }
        }
    }
}
