//! What the journal and the index tell of a store besides its values: its commits in order, and its size by kind.

use super::index::Index;
use super::journal::{Limit, Walk};
use super::layout::Layout;
use super::segment::{ChainEnd, ReadKind, ReadOp, damaged};
use super::slots;
use crate::store::engine::{CommitReceipt, EngineError, PastCommit, PastOp, Space};
use crate::store::scan::space_of;

/// Slots looked at before readers and the writer get their turn.
const SLOTS_PER_TURN: usize = 10_000;

/// Commits from a sequence number on. Every frame on the way is read, and checked.
pub(super) fn read(
    layout: &Layout,
    index: &Index,
    from_sequence: u64,
    limit: usize,
) -> Result<Vec<PastCommit>, EngineError> {
    let from_sequence = from_sequence.max(1);
    let (mark, pointers) = {
        let view = index.view()?;
        (view.mark(), view.commits(from_sequence.saturating_sub(1).max(1), 2)?)
    };
    let Some(mark) = mark.filter(|mark| mark.chain.sequence >= from_sequence) else {
        return Ok(Vec::new());
    };
    let to_mark = Limit {
        segment: mark.segment,
        end: Some(mark.end),
    };
    let dir = layout.journal();
    // The commit before the first one is the last whose end is known without reading.
    let mut walk = match pointers.as_slice() {
        [before, _] if from_sequence > 1 => Walk::start_behind(&dir, *before, from_sequence - 1, to_mark)?,
        _ => Walk::start(&dir, to_mark)?,
    };
    let mut commits = Vec::new();
    while commits.len() < limit {
        let Some(commit) = walk.next_commit()? else {
            if walk.next_segment()? {
                continue;
            }
            break;
        };
        if let Some(fault) = commit.fault {
            return Err(damaged(commit.pointer.segment, commit.offset, fault));
        }
        let ChainEnd { sequence, hash } = commit.chain;
        commits.push(PastCommit {
            receipt: CommitReceipt { sequence, hash },
            audit: commit.audit,
            ops: commit.ops.into_iter().map(past_op).collect(),
        });
    }
    Ok(commits)
}

fn past_op(op: ReadOp) -> PastOp {
    PastOp {
        value_bytes: (op.kind != ReadKind::Delete).then_some(op.value_bytes),
        key: op.key,
        digest: op.digest,
    }
}

/// What lies under each first part of the keys.
pub(super) fn spaces(index: &Index) -> Result<Vec<Space>, EngineError> {
    let mut spaces: Vec<Space> = Vec::new();
    let mut after = None;
    loop {
        let last = index.view()?.some(after, SLOTS_PER_TURN, |slot, pointer| {
            let Some(key) = slots::key_of(slot) else { return };
            let (name, bytes) = (space_of(key), u64::from(pointer.len));
            match spaces.last_mut() {
                Some(space) if space.name == name => {
                    space.keys += 1;
                    space.bytes += bytes;
                }
                _ => spaces.push(Space {
                    name: name.to_vec(),
                    keys: 1,
                    bytes,
                }),
            }
        })?;
        if last.is_none() {
            return Ok(spaces);
        }
        after = last;
    }
}
