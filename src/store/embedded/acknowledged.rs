//! Whether the journal still has what somebody was told is durable.
//!
//! The index's mark and the seal are made only after the journal's sync, so a commit that they name was acknowledged,
//! or was about to be. A tail that does not read is what a crash left only where neither reaches into it; anything else
//! is damage, and nothing may be cut off or written then.

use std::path::Path;

use super::journal::{Limit, Walk};
use super::seal::JournalEnd;
use super::segment::{ChainEnd, HEADER_BYTES, damaged};
use crate::store::engine::EngineError;

/// How far the journal reads soundly, and what ends it.
pub(super) struct Held {
    /// Where the last sound commit ends; `None` where there is not even a segment that begins soundly.
    pub(super) end: Option<JournalEnd>,
    /// Where the fault lies that ends it, or where the journal ends.
    pub(super) segment: u32,
    pub(super) offset: u64,
    pub(super) what: String,
}

impl Held {
    pub(super) fn commits(&self) -> u64 {
        self.end.map_or(0, |end| end.chain.sequence)
    }
}

/// Only reads.
///
/// # Errors
/// [`EngineError::Lost`] when the journal ends, or stops to read, before that commit.
pub(super) fn require(dir: &Path, acknowledged: ChainEnd, last: u32) -> Result<(), EngineError> {
    let held = read(dir, last)?;
    if held.commits() >= acknowledged.sequence {
        return Ok(());
    }
    Err(EngineError::Lost {
        segment: held.segment,
        offset: held.offset,
        reads: held.commits(),
        what: held.what,
        acknowledged: acknowledged.sequence,
    })
}

/// Reads the journal from its first commit to its last segment, or to the first fault.
pub(super) fn read(dir: &Path, last: u32) -> Result<Held, EngineError> {
    let mut end = None;
    let limit = Limit {
        segment: last,
        end: None,
    };
    let fault = match Walk::start(dir, limit) {
        Ok(mut walk) => segments(&mut walk, &mut end),
        Err(error) => Err(error),
    };
    let (segment, offset, what) = match fault {
        Ok((segment, offset)) => (segment, offset, "the file ends here".into()),
        Err(EngineError::Damaged { segment, offset, what }) => (segment, offset, what),
        Err(error) => return Err(error),
    };
    Ok(Held {
        end,
        segment,
        offset,
        what,
    })
}

/// Reads segment after segment, keeps in `end` how far all is sound, and returns where the last one ends.
fn segments(walk: &mut Walk, end: &mut Option<JournalEnd>) -> Result<(u32, u64), EngineError> {
    loop {
        walk.segment().check_header()?;
        let reader = walk.segment();
        let mut sound = JournalEnd {
            segment: reader.number(),
            offset: HEADER_BYTES,
            chain: reader.chain(),
        };
        *end = Some(sound);
        while let Some(commit) = walk.next_commit()? {
            if let Some(fault) = commit.fault {
                return Err(damaged(sound.segment, commit.offset, fault));
            }
            (sound.offset, sound.chain) = (commit.end, commit.chain);
            *end = Some(sound);
        }
        if !walk.next_segment()? {
            return Ok((sound.segment, sound.offset));
        }
    }
}
