//! The index at one moment: what the tree has, with the changes over it that it does not have yet.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::iter::Peekable;
use std::ops::Bound;
use std::sync::RwLockReadGuard;

use super::block::Changes;
use super::index::{Shared, Upper};
use super::slots::{self, Mark, Pointer};
use super::tree::Failure;
use crate::store::engine::{Direction, EngineError, KeyRange, Scan};

/// Changes wait until it is dropped.
pub(super) struct View<'a> {
    upper: RwLockReadGuard<'a, Upper>,
    /// Keeps the tree as it is.
    _tree: RwLockReadGuard<'a, ()>,
    index: &'a Shared,
}

impl<'a> View<'a> {
    pub(super) fn new(index: &'a Shared) -> Result<Self, EngineError> {
        // In this order, as everywhere.
        let (upper, tree) = (index.upper(), index.tree.hold());
        index.check()?;
        Ok(Self {
            upper,
            _tree: tree,
            index,
        })
    }

    /// How much of the journal this view has; `None` for an empty store.
    pub(super) fn mark(&self) -> Option<Mark> {
        self.upper.mark
    }

    pub(super) fn entry(&self, key: &[u8]) -> Result<Option<Pointer>, EngineError> {
        let slot = slots::entry_slot(key);
        let found = self.index.find(&self.upper, &slot);
        found.map_err(|failure| self.index.fail(failure))
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

    /// How many keys have a prefix.
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
        for layered in self.layers(range, direction)? {
            let (slot, pointer) = layered.map_err(|failure| self.index.fail(failure))?;
            let Some(pointer) = pointer else { continue };
            if !visit(&slot, pointer) {
                break;
            }
        }
        Ok(())
    }

    /// What each slot of a range comes to, removed ones included.
    fn layers(&self, range: KeyRange, direction: Direction) -> Result<impl Iterator<Item = Layered<'_>>, EngineError> {
        let waiting = changes_in(&self.upper.waiting, &range, direction);
        let merging = changes_in(&self.upper.merging, &range, direction);
        let tree = self.index.tree.slots(range, direction);
        let tree = tree
            .map_err(|failure| self.index.fail(failure))?
            .map(|slot| slot.map(|(slot, pointer)| (Cow::Owned(slot), Some(pointer))));
        let older = Over::new(merging, tree, direction);
        Ok(Over::new(waiting, older, direction))
    }
}

/// A slot and what it points at; nothing where it was removed.
type Layered<'a> = Result<(Cow<'a, [u8]>, Option<Pointer>), Failure>;

fn changes_in<'a>(
    changes: &'a Changes,
    range: &KeyRange,
    direction: Direction,
) -> Box<dyn Iterator<Item = Layered<'a>> + 'a> {
    let slots = changes.range::<Vec<u8>, _>((range.0.as_ref(), range.1.as_ref()));
    let slots = slots.map(|(slot, pointer)| Ok((Cow::Borrowed(slot.as_slice()), *pointer)));
    match direction {
        Direction::Forward => Box::new(slots),
        Direction::Backward => Box::new(slots.rev()),
    }
}

/// Two orders of slots as one: where both have a slot, the newer one counts.
struct Over<N: Iterator, O: Iterator> {
    newer: Peekable<N>,
    older: Peekable<O>,
    direction: Direction,
}

impl<N: Iterator, O: Iterator> Over<N, O> {
    fn new(newer: N, older: O, direction: Direction) -> Self {
        Self {
            newer: newer.peekable(),
            older: older.peekable(),
            direction,
        }
    }
}

impl<'a, N: Iterator<Item = Layered<'a>>, O: Iterator<Item = Layered<'a>>> Iterator for Over<N, O> {
    type Item = Layered<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let order = match (self.newer.peek(), self.older.peek()) {
            (Some(Ok((newer, _))), Some(Ok((older, _)))) => match self.direction {
                Direction::Forward => newer.cmp(older),
                Direction::Backward => older.cmp(newer),
            },
            (Some(_), None) => Ordering::Less,
            _ => Ordering::Greater,
        };
        match order {
            Ordering::Less => self.newer.next(),
            Ordering::Equal => {
                self.older.next();
                self.newer.next()
            }
            Ordering::Greater => self.older.next(),
        }
    }
}
