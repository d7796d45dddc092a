//! A block: neighbouring slots in one item of the tree.
//!
//! sled keeps some hundred bytes in memory for each of its pages, whatever lies in them, and splits a page at 16 items.
//! With a slot an item, a million outcomes took more than 100 MB before one of them was read. A block holds some
//! dozens of them, and stays at the size that sled is good at.
//!
//! A block is stored under its first slot. Each slot says how many bytes it shares with the one before it:
//!
//! | field | bytes | |
//! | --- | --- | --- |
//! | shared | 2 | bytes taken from the slot before |
//! | own length | 2 | bytes that follow them |
//! | own | | the rest of the slot |
//! | pointer | 20 | [`Pointer`] |

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::slots::Pointer;
use crate::store::fields::Fields;

/// A block is split above this size, in bytes.
const BLOCK_BYTES_MAX: usize = 1024;

/// Slots in order, each with its pointer.
pub(super) type Slots = Vec<(Vec<u8>, Pointer)>;

/// What becomes of slots: a pointer, or nothing where they go.
pub(super) type Changes = BTreeMap<Vec<u8>, Option<Pointer>>;

pub(super) fn encode(slots: &[(Vec<u8>, Pointer)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(BLOCK_BYTES_MAX);
    let mut before: &[u8] = &[];
    for (slot, pointer) in slots {
        let shared = shared_bytes(before, slot);
        let own = slot.get(shared..).unwrap_or_default();
        for length in [shared, own.len()] {
            // Keys are limited far below 64 KiB.
            bytes.extend(u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes());
        }
        bytes.extend(own);
        bytes.extend(pointer.encode());
        before = slot;
    }
    bytes
}

/// Says that some bytes are no block, or have their slots out of order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotABlock;

pub(super) fn decode(bytes: &[u8]) -> Result<Slots, NotABlock> {
    let mut reader = Reader::new(bytes);
    let mut slots: Slots = Vec::new();
    while !reader.is_done() {
        let pointer = reader.advance().ok_or(NotABlock)?;
        slots.push((reader.slot.clone(), pointer));
    }
    if slots.is_empty() { Err(NotABlock) } else { Ok(slots) }
}

/// What a slot of the block points at, if it is there.
pub(super) fn find(bytes: &[u8], slot: &[u8]) -> Result<Option<Pointer>, NotABlock> {
    let mut reader = Reader::new(bytes);
    while !reader.is_done() {
        let pointer = reader.advance().ok_or(NotABlock)?;
        match reader.slot.as_slice().cmp(slot) {
            Ordering::Less => {}
            Ordering::Equal => return Ok(Some(pointer)),
            Ordering::Greater => break,
        }
    }
    Ok(None)
}

/// Reads the slots of a block one after the other.
struct Reader<'a> {
    rest: Fields<'a>,
    /// The slot that was read last.
    slot: Vec<u8>,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: Fields::new(bytes),
            slot: Vec::new(),
        }
    }

    fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// Goes to the next slot; `None` where there is none behind the last one.
    fn advance(&mut self) -> Option<Pointer> {
        let (shared, own) = (self.rest.u16()?, self.rest.u16()?);
        let own = self.rest.bytes(usize::from(own))?;
        let is_behind = own > self.slot.get(usize::from(shared)..)?;
        self.slot.truncate(usize::from(shared));
        self.slot.extend(own);
        is_behind.then_some(())?;
        Pointer::decode(self.rest.bytes(Pointer::BYTES)?)
    }
}

/// The slots of a block after changes that all belong into it.
pub(super) fn merge<'a>(base: Slots, changes: impl Iterator<Item = (&'a Vec<u8>, &'a Option<Pointer>)>) -> Slots {
    let mut merged = Vec::with_capacity(base.len());
    let mut base = base.into_iter().peekable();
    for (slot, pointer) in changes {
        while let Some(before) = base.next_if(|(other, _)| other < slot) {
            merged.push(before);
        }
        base.next_if(|(other, _)| other == slot);
        merged.extend(pointer.map(|pointer| (slot.clone(), pointer)));
    }
    merged.extend(base);
    merged
}

/// Cuts slots into blocks. Slots that came at the end of a block fill it up, since more of their kind will follow;
/// where they came in between, the parts are left with room.
pub(super) fn split(slots: &[(Vec<u8>, Pointer)], came_at_end: bool) -> Vec<&[(Vec<u8>, Pointer)]> {
    let sizes: Vec<usize> = sizes(slots).collect();
    let total: usize = sizes.iter().sum();
    let bytes_max = if came_at_end {
        BLOCK_BYTES_MAX
    } else {
        total.div_ceil(total.div_ceil(BLOCK_BYTES_MAX).max(1))
    };
    let mut blocks = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (at, size) in sizes.into_iter().enumerate() {
        if bytes > 0 && bytes + size > bytes_max {
            blocks.push(slots.get(start..at).unwrap_or_default());
            (start, bytes) = (at, 0);
        }
        bytes += size;
    }
    blocks.push(slots.get(start..).unwrap_or_default());
    blocks.retain(|block| !block.is_empty());
    blocks
}

/// Bytes that each slot takes behind the one before it.
fn sizes(slots: &[(Vec<u8>, Pointer)]) -> impl Iterator<Item = usize> {
    let mut before: &[u8] = &[];
    slots.iter().map(move |(slot, _)| {
        let own = slot.len() - shared_bytes(before, slot);
        before = slot;
        2 + 2 + own + Pointer::BYTES
    })
}

fn shared_bytes(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointer(offset: u64) -> Pointer {
        Pointer {
            segment: 1,
            offset,
            len: 300,
            check: [1, 2, 3, 4],
        }
    }

    fn slots(numbers: impl Iterator<Item = u64>) -> Slots {
        numbers
            .map(|number| {
                (
                    format!("\u{1}outcome/0000000001/{number:010}").into_bytes(),
                    pointer(number),
                )
            })
            .collect()
    }

    #[test]
    fn what_was_encoded_is_decoded() {
        let slots = slots(0..30);
        assert_eq!(decode(&encode(&slots)), Ok(slots.clone()));
        assert!(encode(&slots).len() < 30 * 30, "neighbours share most of their bytes");
        for (slot, pointer) in slots {
            assert_eq!(find(&encode(&self::slots(0..30)), &slot), Ok(Some(pointer)));
        }
        let gaps = encode(&self::slots([1, 3].into_iter()));
        for (slot, _) in self::slots([0, 2, 4].into_iter()) {
            assert_eq!(find(&gaps, &slot), Ok(None));
        }
    }

    #[test]
    fn what_is_no_block_is_refused() {
        let slots = slots(0..3);
        let bytes = encode(&slots);
        for end in 0..bytes.len() {
            let decoded = decode(&bytes[..end]).unwrap_or_default();
            assert!(slots.starts_with(&decoded) && decoded.len() < 3, "{end}");
        }
        let mut twice = slots;
        twice.swap(0, 2);
        assert_eq!(decode(&encode(&twice)), Err(NotABlock));
        assert_eq!(decode(b""), Err(NotABlock));
    }

    #[test]
    fn changes_replace_insert_and_remove() {
        let changes: Changes = [
            (slots(1..2)[0].0.clone(), Some(pointer(100))),
            (slots(2..3)[0].0.clone(), Some(pointer(2))),
            (slots(4..5)[0].0.clone(), None),
            (slots(7..8)[0].0.clone(), None),
            (slots(9..10)[0].0.clone(), Some(pointer(9))),
        ]
        .into();
        let base = slots([1, 3, 4, 5].into_iter());
        let mut expected = slots([1, 2, 3, 5, 9].into_iter());
        expected[0].1 = pointer(100);
        assert_eq!(merge(base, changes.iter()), expected);
    }

    #[test]
    fn blocks_hold_all_slots_and_keep_their_size() {
        for (count, came_at_end) in [
            (1, true),
            (1, false),
            (40, true),
            (41, false),
            (500, true),
            (500, false),
        ] {
            let slots = slots(0..count);
            let blocks = split(&slots, came_at_end);
            assert_eq!(blocks.concat(), slots);
            for block in &blocks {
                // The first slot of a block shares nothing.
                assert!(encode(block).len() <= BLOCK_BYTES_MAX + 40, "{count} {came_at_end}");
            }
        }
        assert_eq!(split(&[], true), Vec::<&[(Vec<u8>, Pointer)]>::new());
        let (even, full) = (slots(0..60), slots(0..60));
        assert!(split(&even, false)[0].len() < split(&full, true)[0].len());
    }
}
