//! What lies in the index: slots, each with a pointer into the journal, and the mark.
//!
//! A slot's first byte is its space: 0 for the mark, 1 for entries (the key follows), 2 for commits (the sequence
//! number follows, for the audit log).

use std::ops::Bound;

use super::segment::ChainEnd;
use crate::store::engine::{KeyRange, Scan};
use crate::store::fields::Fields;

pub(super) const MARK_KEY: &[u8] = &[0];
const ENTRY_SPACE: u8 = 1;
const COMMIT_SPACE: u8 = 2;

/// How slots lie in the tree. An index in another layout is rebuilt.
const LAYOUT: u8 = 2;

/// Where a frame lies, with the start of its checksum, so that a stale pointer is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pointer {
    pub(super) segment: u32,
    pub(super) offset: u64,
    pub(super) len: u32,
    pub(super) check: [u8; 4],
}

impl Pointer {
    pub(super) const BYTES: usize = 20;

    pub(super) fn new(segment: u32, offset: u64, len: usize, digest: &[u8; 32]) -> Self {
        let check = digest.first_chunk().copied().unwrap_or_default();
        // Frames are limited far below 4 GiB; a saturated length would fail its check on reading.
        Self {
            segment,
            offset,
            len: u32::try_from(len).unwrap_or(u32::MAX),
            check,
        }
    }

    pub(super) fn encode(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::BYTES);
        bytes.extend(self.segment.to_le_bytes());
        bytes.extend(self.offset.to_le_bytes());
        bytes.extend(self.len.to_le_bytes());
        bytes.extend(self.check);
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(bytes);
        let pointer = Self {
            segment: fields.u32()?,
            offset: fields.u64()?,
            len: fields.u32()?,
            check: fields.array()?,
        };
        fields.rest().is_empty().then_some(pointer)
    }
}

/// How much of the journal the index has: everything up to the end of one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) segment: u32,
    /// Where the commit's frame begins.
    pub(super) commit_offset: u64,
    /// Where the next commit will begin.
    pub(super) end: u64,
    pub(super) chain: ChainEnd,
}

impl Mark {
    /// With the generation of the journal's files that the index points into.
    pub(super) fn encode(self, generation: u64) -> Vec<u8> {
        let mut bytes = vec![LAYOUT];
        bytes.extend(self.segment.to_le_bytes());
        bytes.extend(self.commit_offset.to_le_bytes());
        bytes.extend(self.end.to_le_bytes());
        bytes.extend(self.chain.sequence.to_le_bytes());
        bytes.extend(self.chain.hash);
        bytes.extend(generation.to_le_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<(Self, u64)> {
        let mut fields = Fields::new(bytes);
        (fields.u8()? == LAYOUT).then_some(())?;
        let mark = Self {
            segment: fields.u32()?,
            commit_offset: fields.u64()?,
            end: fields.u64()?,
            chain: ChainEnd {
                sequence: fields.u64()?,
                hash: fields.array()?,
            },
        };
        let generation = fields.u64()?;
        fields.rest().is_empty().then_some((mark, generation))
    }
}

/// One change of the index; without a pointer, the key goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) slot: Vec<u8>,
    pub(super) pointer: Option<Pointer>,
}

impl Change {
    pub(super) fn entry(key: &[u8], pointer: Option<Pointer>) -> Self {
        Self {
            slot: entry_slot(key),
            pointer,
        }
    }

    pub(super) fn commit(sequence: u64, pointer: Pointer) -> Self {
        Self {
            slot: commit_slot(sequence),
            pointer: Some(pointer),
        }
    }
}

/// A frame that lies elsewhere now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) slot: Vec<u8>,
    pub(super) from: Pointer,
    pub(super) to: Pointer,
}

pub(super) fn entry_slot(key: &[u8]) -> Vec<u8> {
    let mut slot = Vec::with_capacity(1 + key.len());
    slot.push(ENTRY_SPACE);
    slot.extend(key);
    slot
}

/// Big-endian, so that commits lie in their order.
pub(super) fn commit_slot(sequence: u64) -> Vec<u8> {
    let mut slot = vec![COMMIT_SPACE];
    slot.extend(sequence.to_be_bytes());
    slot
}

/// The key that a slot is for; `None` for commits.
pub(super) fn key_of(slot: &[u8]) -> Option<&[u8]> {
    slot.split_first()
        .filter(|(space, _)| **space == ENTRY_SPACE)
        .map(|(_, key)| key)
}

/// The number of the commit that a slot is for; `None` for keys.
pub(super) fn sequence_of(slot: &[u8]) -> Option<u64> {
    let (space, sequence) = slot.split_first()?;
    let sequence = sequence.try_into().ok().filter(|_| *space == COMMIT_SPACE)?;
    Some(u64::from_be_bytes(sequence))
}

/// A slot in words, for findings.
pub(super) fn describe(slot: &[u8]) -> String {
    match slot.split_first() {
        Some((&ENTRY_SPACE, key)) => format!("key {}", key.escape_ascii()),
        Some((&COMMIT_SPACE, sequence)) => {
            let sequence = sequence.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
            format!("commit {sequence}")
        }
        _ => "an unknown slot".into(),
    }
}

/// The range of slots that a scan may yield; `None` when there can be none.
pub(super) fn entry_range(scan: &Scan) -> Option<KeyRange> {
    let (low, high) = scan.range()?;
    let low = match low {
        Bound::Unbounded => Bound::Included(vec![ENTRY_SPACE]),
        low => low.map(|key| entry_slot(&key)),
    };
    let high = match high {
        Bound::Unbounded => Bound::Excluded(vec![ENTRY_SPACE + 1]),
        high => high.map(|key| entry_slot(&key)),
    };
    Some((low, high))
}

/// The range of the commits from a sequence number on.
pub(super) fn commit_range(from_sequence: u64) -> KeyRange {
    (
        Bound::Included(commit_slot(from_sequence)),
        Bound::Excluded(vec![COMMIT_SPACE + 1]),
    )
}

/// The range of everything but the mark.
pub(super) fn full_range() -> KeyRange {
    (Bound::Excluded(MARK_KEY.to_vec()), Bound::Unbounded)
}
