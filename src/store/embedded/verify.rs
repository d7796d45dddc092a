//! Checking everything: every frame's checksum, every commit's place in the chain, and that the index says what the
//! journal says. Runs beside the writer, and keeps it waiting only for the comparison.

use std::collections::HashMap;
use std::ops::Range;

use super::acknowledged;
use super::index::Index;
use super::journal::{Limit, Walk};
use super::layout::{Found, Layout};
use super::seal::{self, Claim, State};
use super::segment::{self, ChainEnd, Commit, ReadKind, SegmentReader};
use super::slots::{self, Pointer};
use super::view::View;
use crate::store::engine::{EngineError, EngineReport, Finding};
use crate::store::error::lost_commits;

/// Findings in one report, at most: a store that has more is not read one finding at a time.
const FINDINGS_MAX: usize = 1_000;

pub(super) fn verify(layout: &Layout, index: &Index) -> Result<EngineReport, EngineError> {
    let limit = |view: &View<'_>| match view.mark() {
        Some(mark) => Limit {
            segment: mark.segment,
            end: Some(mark.end),
        },
        None => Limit {
            segment: 1,
            end: Some(segment::HEADER_BYTES),
        },
    };
    let first_limit = limit(&index.view()?);
    let mut check = Check::default();
    let mut walk = match Walk::start(&layout.journal(), first_limit) {
        Ok(walk) => walk,
        Err(error) => return check.missing(error),
    };
    check.header(walk.segment())?;
    if let Err(error) = check.segments(&mut walk) {
        return check.missing(error);
    }
    // What was committed meanwhile is little, and is read while nothing more can be.
    let view = index.view()?;
    walk.extend(limit(&view))?;
    if let Err(error) = check.segments(&mut walk) {
        return check.missing(error);
    }
    check.nothing_dropped_was_live();
    check.compare(&view)?;
    check.seal(layout, &view)?;
    Ok(check.report)
}

/// What a store that does not open is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// What was read of the journal, and what is wrong with it.
    pub report: EngineReport,
    /// The last commit up to which everything is sound.
    pub sound: u64,
}

/// Checks a store without opening it: its journal, and what the seal says of it.
pub(super) fn inspect(layout: &Layout, found: Found, why: &EngineError) -> Result<Inspection, EngineError> {
    let dir = layout.journal();
    let mut check = Check::default();
    let last = segment::numbers(&dir)?.last().copied().unwrap_or(0);
    let limit = Limit {
        segment: last,
        end: None,
    };
    let walked = Walk::start(&dir, limit).and_then(|mut walk| {
        check.header(walk.segment())?;
        check.segments(&mut walk)
    });
    let claim = seal::read(layout, found);
    let by_sizes = match &claim {
        Ok(Some(claim)) => seal::check_sizes(layout, claim, last),
        _ => Ok(()),
    };
    for error in [walked.err(), claim.err(), by_sizes.err(), Some(why.clone())]
        .into_iter()
        .flatten()
    {
        check.note_once(error)?;
    }
    Ok(Inspection {
        report: check.report,
        sound: acknowledged::read(&dir, last)?.commits(),
    })
}

/// Bytes behind damage, up to where a sound commit ends.
struct Gap {
    segment: u32,
    bytes: Range<u64>,
    /// The first commit that lies there.
    commit: u64,
}

#[derive(Default)]
struct Check {
    report: EngineReport,
    /// What could not be read.
    gaps: Vec<Gap>,
    /// What the index should say of keys. Held in memory: some 150 bytes a key.
    expected: HashMap<Vec<u8>, Pointer>,
    /// What it should say of commits, in the order in which they were read: 32 bytes a commit.
    commits: Vec<(u64, Pointer)>,
    /// Keys whose value was dropped, and that nothing has replaced or removed so far.
    superseded: HashMap<Vec<u8>, Pointer>,
}

impl Check {
    fn finding(&mut self, segment: u32, offset: u64, commit: Option<u64>, what: impl Into<String>) {
        if self.report.findings.len() < FINDINGS_MAX {
            self.report.findings.push(Finding {
                segment,
                offset,
                commit,
                what: what.into(),
            });
        }
    }

    /// A finding about what the index points at.
    fn pointed(&mut self, pointer: Pointer, what: String) {
        let is_here = |gap: &&Gap| gap.segment == pointer.segment && gap.bytes.contains(&pointer.offset);
        let commit = self.gaps.iter().find(is_here).map(|gap| gap.commit);
        self.finding(pointer.segment, pointer.offset, commit, what);
    }

    /// Damage becomes a finding; anything else prevents looking.
    fn note(&mut self, error: EngineError, commit: Option<u64>) -> Result<u64, EngineError> {
        match error {
            EngineError::Damaged { segment, offset, what } => {
                self.finding(segment, offset, commit, what);
                Ok(offset)
            }
            EngineError::Lost {
                segment,
                offset,
                what,
                reads,
                acknowledged,
            } => {
                let is_here = |known: &Finding| (known.segment, known.offset) == (segment, offset);
                let lost_text = lost_commits(reads, acknowledged);
                let what = if self.report.findings.iter().any(is_here) {
                    lost_text
                } else {
                    format!("{what}; {lost_text}")
                };
                self.finding(segment, offset, Some(reads + 1), what);
                Ok(offset)
            }
            EngineError::Unsealed { what } => {
                self.report.seal.get_or_insert(what);
                Ok(0)
            }
            error => Err(error),
        }
    }

    /// Several ways of looking find the same damage.
    fn note_once(&mut self, error: EngineError) -> Result<(), EngineError> {
        self.note(error, None)?;
        if let Some((new, known)) = self.report.findings.split_last()
            && known
                .iter()
                .any(|known| (known.segment, known.offset, &known.what) == (new.segment, new.offset, &new.what))
        {
            self.report.findings.pop();
        }
        Ok(())
    }

    /// The seal of a store that is open. A writer that has written nothing yet has not touched it.
    fn seal(&mut self, layout: &Layout, view: &View<'_>) -> Result<(), EngineError> {
        let claim = match seal::read(layout, Found::Store) {
            Ok(claim) => claim,
            Err(error) => return self.note(error, None).map(drop),
        };
        let is_closed = |claim: &Claim| claim.state == State::Closed;
        let known = view.mark().map_or(ChainEnd::GENESIS, |mark| mark.chain);
        if claim.filter(is_closed).is_some_and(|claim| claim.at.chain != known) {
            let what = format!(
                "it says that the store was closed with another commit {}",
                known.sequence
            );
            self.report.seal.get_or_insert(what);
        }
        Ok(())
    }

    /// A segment that is not there ends the walk: nothing behind it could be put into its place.
    fn missing(mut self, error: EngineError) -> Result<EngineReport, EngineError> {
        self.note(error, None)?;
        Ok(self.report)
    }

    fn header(&mut self, segment: &mut SegmentReader) -> Result<(), EngineError> {
        self.report.segments += 1;
        if let Err(error) = segment.check_header() {
            self.note(error, None)?;
        }
        Ok(())
    }

    fn segments(&mut self, walk: &mut Walk) -> Result<(), EngineError> {
        loop {
            self.commits(walk.segment())?;
            if !walk.next_segment()? {
                return Ok(());
            }
            self.header(walk.segment())?;
        }
    }

    fn commits(&mut self, segment: &mut SegmentReader) -> Result<(), EngineError> {
        loop {
            let (start, next) = (segment.offset(), segment.chain().sequence.saturating_add(1));
            let commit = match segment.next_commit() {
                Ok(commit) => commit,
                Err(error) => {
                    let offset = self.note(error, Some(next))?;
                    let found = segment.resync(offset)?;
                    self.gaps.push(Gap {
                        segment: segment.number(),
                        bytes: start..found.as_ref().map_or(segment.end(), |commit| commit.end),
                        commit: next,
                    });
                    found
                }
            };
            let Some(commit) = commit else { return Ok(()) };
            self.commit(segment.number(), &commit);
        }
    }

    fn commit(&mut self, segment: u32, commit: &Commit) {
        self.report.commits += 1;
        self.report.frames += commit.ops.len() as u64 + 1;
        if let Some(fault) = commit.fault {
            self.finding(segment, commit.offset, Some(commit.chain.sequence), fault);
        }
        for op in &commit.ops {
            match op.kind {
                ReadKind::Superseded => drop(self.superseded.insert(op.key.clone(), op.pointer)),
                ReadKind::Put | ReadKind::Delete => drop(self.superseded.remove(&op.key)),
            }
        }
        for change in commit.changes() {
            match (change.pointer, slots::sequence_of(&change.slot)) {
                (Some(pointer), Some(sequence)) => self.commits.push((sequence, pointer)),
                (Some(pointer), None) => drop(self.expected.insert(change.slot, pointer)),
                (None, _) => drop(self.expected.remove(&change.slot)),
            }
        }
    }

    fn nothing_dropped_was_live(&mut self) {
        let mut lost: Vec<_> = self.superseded.drain().collect();
        lost.sort_by_key(|(_, pointer)| (pointer.segment, pointer.offset));
        for (key, pointer) in lost {
            let what = format!(
                "the value of key {} was dropped, and nothing has replaced it",
                key.escape_ascii()
            );
            self.pointed(pointer, what);
        }
    }

    fn compare(&mut self, view: &View<'_>) -> Result<(), EngineError> {
        let mut wrong = Vec::new();
        let mut missing: Vec<(Vec<u8>, Pointer)> = Vec::new();
        let mut commits = self.commits_in_order().into_iter().peekable();
        let (expected, keys) = (&mut self.expected, &mut self.report.keys);
        view.all(|slot, pointer| {
            *keys += 1;
            let right = match slots::sequence_of(slot) {
                // The index has its commits in order, after all keys.
                Some(sequence) => {
                    while let Some((lost, pointer)) = commits.next_if(|(known, _)| *known < sequence) {
                        missing.push((slots::commit_slot(lost), pointer));
                    }
                    commits.next_if(|(known, _)| *known == sequence).map(|(_, right)| right)
                }
                None => expected.remove(slot),
            };
            let what = match right {
                Some(right) if right == pointer => return,
                Some(_) => "the index points here for an older value of",
                None => "the index points here for what the journal does not have:",
            };
            if wrong.len() < FINDINGS_MAX {
                wrong.push((pointer, format!("{what} {}", slots::describe(slot))));
            }
        })?;
        for (pointer, what) in wrong {
            self.pointed(pointer, what);
        }
        missing.extend(commits.map(|(lost, pointer)| (slots::commit_slot(lost), pointer)));
        missing.extend(self.expected.drain());
        missing.sort_by_key(|(_, pointer)| (pointer.segment, pointer.offset));
        for (slot, pointer) in missing {
            let what = format!("the index has lost {}", slots::describe(&slot));
            self.pointed(pointer, what);
        }
        Ok(())
    }

    /// The commits that were read, by their numbers. Where a number was read twice, as in a segment that was put in for
    /// another, the later one counts.
    fn commits_in_order(&mut self) -> Vec<(u64, Pointer)> {
        let mut commits = std::mem::take(&mut self.commits);
        commits.reverse();
        commits.sort_by_key(|(sequence, _)| *sequence);
        commits.dedup_by_key(|(sequence, _)| *sequence);
        commits
    }
}
