//! Whether the journal still has what somebody was told is durable.
//!
//! The index's mark is made only after the journal's sync, so a commit that it names was acknowledged, or was about to
//! be. A tail that does not read is what a crash left only where no mark reaches into it; anything else is damage, and
//! nothing may be cut off or written then.

use std::path::Path;

use super::journal::{Limit, Walk};
use super::segment::{ChainEnd, HEADER_BYTES};
use super::slots::Mark;
use crate::store::engine::EngineError;

/// How far the journal reads soundly, and what ends it.
struct Held {
    segment: u32,
    /// Where the first commit that does not read begins, or where the fault in it lies.
    offset: u64,
    chain: ChainEnd,
    what: String,
}

/// Only reads.
///
/// # Errors
/// [`EngineError::Lost`] when the journal ends, or stops to read, before the commit that the mark names.
pub(super) fn require(dir: &Path, mark: Mark, last: u32) -> Result<(), EngineError> {
    let limit = Limit {
        segment: last,
        end: None,
    };
    let held = read(Walk::start(dir, limit)?)?;
    if held.chain.sequence >= mark.chain.sequence {
        return Ok(());
    }
    Err(EngineError::Lost {
        segment: held.segment,
        offset: held.offset,
        what: held.what,
        reads: held.chain.sequence,
        acknowledged: mark.chain.sequence,
    })
}

fn read(mut walk: Walk) -> Result<Held, EngineError> {
    loop {
        let fault = match walk.segment().check_header() {
            Ok(()) => commits(&mut walk),
            Err(error) => Err(error),
        };
        let reader = walk.segment();
        let (segment, chain) = (reader.number(), reader.chain());
        match fault {
            Ok(offset) => {
                if !walk.next_segment()? {
                    let what = "the file ends here".into();
                    return Ok(Held {
                        segment,
                        offset,
                        chain,
                        what,
                    });
                }
            }
            Err(EngineError::Damaged { offset, what, .. }) => {
                return Ok(Held {
                    segment,
                    offset,
                    chain,
                    what,
                });
            }
            Err(error) => return Err(error),
        }
    }
}

/// Reads a segment's commits, and returns where the last one ends.
fn commits(walk: &mut Walk) -> Result<u64, EngineError> {
    let mut end = HEADER_BYTES;
    while let Some(commit) = walk.next_commit()? {
        if let Some(fault) = commit.fault {
            return Err(super::segment::damaged(walk.segment().number(), commit.offset, fault));
        }
        end = commit.end;
    }
    Ok(end)
}
