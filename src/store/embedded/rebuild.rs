//! Opening a store: find the end of the journal, cut off what a crash left unfinished, and bring the index up to it,
//! from its mark or from nothing.

use std::path::Path;

use super::Sizes;
use super::acknowledged;
use super::index::{CHANGES_PER_CALL_MAX, Index, Opened};
use super::journal::{Frames, Journal, Limit, Walk};
use super::layout::{self, Found, Layout};
use super::loss::Remainder;
use super::seal::{self, Claim, JournalEnd, Seal, State};
use super::segment::{self, ChainEnd, damaged};
use super::slots::{Change, Mark};
use crate::store::advance::{Meter, Watch};
use crate::store::engine::EngineError;

/// What opening a store had to repair. All zero and `None` after a clean close.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recovery {
    /// Commits that were applied to the index again.
    pub replayed_commits: u64,
    /// Bytes of an unfinished, never acknowledged group that were cut off.
    pub cut_bytes: u64,
    /// Why the index was built anew.
    pub index_rebuilt: Option<String>,
}

/// A store that is ready to be written to.
pub(super) struct Recovered {
    pub(super) journal: Journal,
    pub(super) index: Index,
    pub(super) chain: ChainEnd,
    pub(super) recovery: Recovery,
    pub(super) seal: Seal,
    /// What is set aside before anything is written.
    pub(super) remainder: Option<Remainder>,
}

pub(super) fn recover(layout: &Layout, found: Found, sizes: Sizes, watch: Watch<'_>) -> Result<Recovered, EngineError> {
    let dir = layout.journal();
    let claim = seal::read(layout, found)?;
    let last = last_segment(layout, found, claim.as_ref())?;
    let mut recovery = Recovery::default();
    let (index, mark) = fitting_index(layout, last, sizes, &mut recovery)?;
    let limit = Limit {
        segment: last,
        end: None,
    };
    let to_do = bytes_behind(&dir, mark, last)?;
    let walk = match mark {
        Some(mark) => Walk::start_at(&dir, mark.segment, mark.end, mark.chain, limit)?,
        None => Walk::start(&dir, limit)?,
    };
    let mut replay = Replay {
        layout,
        index: &index,
        last,
        was_closed: claim.is_some_and(|claim| claim.state == State::Closed),
        pending: Vec::new(),
        mark,
        recovery: &mut recovery,
        meter: Meter::new("rebuilding the index", to_do, watch),
    };
    let (offset, chain) = replay.run(walk)?;
    let end = JournalEnd {
        segment: last,
        offset,
        chain,
    };
    if let Some(claim) = &claim {
        seal::check(layout, claim, &end, &index, &Frames::new(&dir))?;
    }
    Ok(Recovered {
        journal: Journal::resume(&dir, sizes.segment_bytes, last, offset)?,
        index,
        chain,
        recovery,
        seal: Seal::new(layout, claim.as_ref()),
        remainder: None,
    })
}

/// The number of the segment that grows, ready to be read. A new store gets its first one.
fn last_segment(layout: &Layout, found: Found, claim: Option<&Claim>) -> Result<u32, EngineError> {
    let dir = layout.journal();
    layout::create_dir(&dir)?;
    let mut last = segment::last_number(&dir)?;
    if last == 0 {
        if found != Found::Nothing {
            return Err(damaged(1, 0, "the segment's file is missing"));
        }
        segment::create(&dir, 1, ChainEnd::GENESIS, segment::Format::Plain)?;
        last = 1;
    }
    if let Some(claim) = claim {
        seal::check_sizes(layout, claim, last)?;
    }
    segment::remove_unfinished(&dir)?;
    segment::sync(&dir, last)?;
    Ok(last)
}

/// The index with its mark, if it has one; an empty one where the journal is not the one that it was built from.
fn fitting_index(
    layout: &Layout,
    last: u32,
    sizes: Sizes,
    recovery: &mut Recovery,
) -> Result<(Index, Option<Mark>), EngineError> {
    let dir = layout.journal();
    let Opened { index, rebuilt } = Index::open(layout, sizes.index_changes)?;
    recovery.index_rebuilt = rebuilt;
    let mark = index.view()?.mark();
    match mark {
        Some(mark) if mark.segment > last => Err(damaged(mark.segment, 0, "the segment's file is missing")),
        Some(mark) if !journal_has(&Frames::new(&dir), &index, mark)? => {
            acknowledged::require(&dir, mark.chain, last)?;
            drop(index);
            let why = "the journal does not have the commit that it was built from";
            let Opened { index, rebuilt } = Index::start_over(layout, sizes.index_changes, why.into())?;
            recovery.index_rebuilt = rebuilt;
            Ok((index, None))
        }
        mark => Ok((index, mark)),
    }
}

/// Builds the index anew from the journal up to an end, and goes on from there. The journal is left as it is.
pub(super) fn keep(
    layout: &Layout,
    claim: &Claim,
    kept: JournalEnd,
    sizes: Sizes,
    watch: Watch<'_>,
) -> Result<Recovered, EngineError> {
    let dir = layout.journal();
    let why = "what it was built from is lost";
    let Opened { index, rebuilt } = Index::start_over(layout, sizes.index_changes, why.into())?;
    let mut recovery = Recovery {
        index_rebuilt: rebuilt,
        ..Recovery::default()
    };
    let limit = Limit {
        segment: kept.segment,
        end: Some(kept.offset),
    };
    let mut replay = Replay {
        layout,
        index: &index,
        last: kept.segment,
        was_closed: true,
        pending: Vec::new(),
        mark: None,
        recovery: &mut recovery,
        meter: Meter::new(
            "rebuilding the index",
            segment::total_bytes(&dir, 1, kept.segment)?,
            watch,
        ),
    };
    let (offset, chain) = replay.run(Walk::start(&dir, limit)?)?;
    Ok(Recovered {
        journal: Journal::open_at(&dir, sizes.segment_bytes, kept.segment, offset)?,
        index,
        chain,
        recovery,
        seal: Seal::new(layout, Some(claim)),
        remainder: None,
    })
}

/// Bytes of the journal that the index does not have.
fn bytes_behind(dir: &Path, mark: Option<Mark>, last: u32) -> Result<u64, EngineError> {
    let first = mark.map_or(1, |mark| mark.segment);
    let done = mark.map_or(0, |mark| mark.end);
    let bytes = segment::total_bytes(dir, first, last)?;
    Ok(bytes.saturating_sub(done))
}

/// Whether the commit that the index's mark names is still in the journal.
fn journal_has(frames: &Frames, index: &Index, mark: Mark) -> Result<bool, EngineError> {
    let commits = index.view()?.commits(mark.chain.sequence, 1)?;
    let Some(pointer) = commits.first() else {
        return Ok(false);
    };
    if (pointer.segment, pointer.offset) != (mark.segment, mark.commit_offset) {
        return Ok(false);
    }
    match frames.commit(*pointer) {
        Ok(body) => Ok((body.sequence, body.hash) == (mark.chain.sequence, mark.chain.hash)),
        Err(EngineError::Damaged { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Applies commits to the index, many in one call.
struct Replay<'a> {
    layout: &'a Layout,
    index: &'a Index,
    /// The last segment: only there can a crash have left something unfinished.
    last: u32,
    /// Whether it was closed cleanly: then a crash has left nothing unfinished there either.
    was_closed: bool,
    pending: Vec<Change>,
    mark: Option<Mark>,
    recovery: &'a mut Recovery,
    meter: Meter<'a>,
}

impl Replay<'_> {
    /// Returns where the journal ends.
    fn run(&mut self, mut walk: Walk) -> Result<(u64, ChainEnd), EngineError> {
        let mut resumed_at = self.mark.map(|mark| mark.end);
        loop {
            if resumed_at.is_none() && !self.header_is_sound(&mut walk)? {
                break;
            }
            let start = resumed_at.take().unwrap_or(segment::HEADER_BYTES);
            let end = self.replay_segment(&mut walk, start)?;
            if !walk.next_segment()? {
                self.flush()?;
                self.recovery.cut_bytes += walk.segment().end().saturating_sub(end);
                return Ok((end, walk.segment().chain()));
            }
        }
        self.flush()?;
        Ok((segment::HEADER_BYTES, walk.segment().chain()))
    }

    /// A segment whose start was interrupted holds no commit, and is started again.
    fn header_is_sound(&mut self, walk: &mut Walk) -> Result<bool, EngineError> {
        let (number, chain, bytes) = (walk.segment().number(), walk.segment().chain(), walk.segment().end());
        match walk.segment().check_header() {
            Ok(()) => Ok(true),
            Err(EngineError::Damaged { .. })
                if number == self.last && bytes <= segment::HEADER_BYTES && !self.was_closed =>
            {
                segment::create(&self.layout.journal(), number, chain, segment::Format::Plain)?;
                self.recovery.cut_bytes += bytes;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Returns where the segment's last commit ends.
    fn replay_segment(&mut self, walk: &mut Walk, start: u64) -> Result<u64, EngineError> {
        let number = walk.segment().number();
        let mut end = start;
        loop {
            match walk.next_commit() {
                Ok(None) => return Ok(end),
                Ok(Some(commit)) => {
                    if let Some(fault) = commit.fault {
                        return Err(damaged(number, commit.offset, fault));
                    }
                    self.meter.add(commit.end - end);
                    end = commit.end;
                    self.pending.extend(commit.changes());
                    self.recovery.replayed_commits += 1;
                    let (commit_offset, chain) = (commit.offset, commit.chain);
                    self.mark = Some(Mark {
                        segment: number,
                        commit_offset,
                        end,
                        chain,
                    });
                    if self.pending.len() >= CHANGES_PER_CALL_MAX {
                        self.flush()?;
                    }
                }
                Err(EngineError::Damaged { offset, what, .. }) => {
                    if number != self.last || walk.segment().later_group_follows(offset)? {
                        return Err(damaged(number, offset, what));
                    }
                    return Ok(end);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn flush(&mut self) -> Result<(), EngineError> {
        if let Some(mark) = self.mark
            && !self.pending.is_empty()
        {
            self.index.apply(std::mem::take(&mut self.pending), mark)?;
        }
        Ok(())
    }
}
