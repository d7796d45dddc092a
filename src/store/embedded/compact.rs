//! Compaction: the journal without the values that nobody can ask for any more.
//!
//! A value is superseded when a later commit has put or removed its key: a draft has one for each pause in typing, a
//! trace one for each span. Its frame gives way to a superseded frame, which keeps the key, the length and the digest.
//! The audit chain is made of digests, so every commit stays where it is, with its audit entry and its hash, and the
//! chain over all of them verifies as before. No segment is ever dropped whole, since each holds a part of the chain;
//! one that held nothing but old drafts shrinks to what the chain needs of it.
//!
//! Only sealed segments are written anew; the last one is sealed first if there is something to gain. For each:
//!
//! 1. Write `NUMBER.seg.new`, sync it, and read it back: its chain must end as that of the old one.
//! 2. Raise the generation, durably. From here on an index of before counts as stale, and an open rebuilds it.
//! 3. Rename it over the segment, and sync the folder. Both files are good; a cut leaves one of them.
//! 4. Let the index follow the frames that moved, then the mark say that it has. Readers go on meanwhile: a pointer that
//!    has not followed yet is good for the old file, which stays open until the end.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::ballast;
use super::frame::{self, CommitBody, SUPERSEDED_VALUE_BYTES};
use super::index::{Index, SegmentEnd};
use super::journal::{Frames, read_exact_at};
use super::layout::{Layout, NEW_SUFFIX};
use super::segment::{self, Commit, ReadKind, ReadOp, SegmentReader, damaged};
use super::slots::{self, Moved, Pointer};
use crate::store::advance::{Meter, Watch};
use crate::store::audit_chain::Kind;
use crate::store::engine::{Compaction, EngineError, Room, Superseded};

/// What compaction works on.
pub(super) struct Compactor<'a> {
    pub(super) layout: &'a Layout,
    pub(super) index: &'a Index,
    pub(super) frames: &'a Frames,
    /// Seals the segment that the writer is at.
    pub(super) seal: &'a dyn Fn() -> Result<(), EngineError>,
    pub(super) ballast_bytes: u64,
}

/// A segment that was written anew.
struct Rewritten {
    path: PathBuf,
    moved: Vec<Moved>,
    end: SegmentEnd,
    values: u64,
    freed_bytes: u64,
}

impl Compactor<'_> {
    pub(super) fn run(&self, watch: Watch<'_>) -> Result<Compaction, EngineError> {
        if self.frames.is_replacing() {
            let why = "an earlier compaction was not completed".into();
            return Err(EngineError::Poisoned { why });
        }
        let dir = self.layout.journal();
        segment::remove_unfinished(&dir)?;
        let growing = segment::last_number(&dir)?;
        if self.has_superseded(growing)? {
            (self.seal)()?;
        }
        let mut sealed = Vec::new();
        for number in 1..segment::last_number(&dir)? {
            sealed.push((number, self.segment_bytes(number)?));
        }
        let mut meter = Meter::new(
            "compacting the journal",
            sealed.iter().map(|(_, bytes)| bytes).sum(),
            watch,
        );
        let mut compaction = Compaction::default();
        for (number, bytes) in sealed {
            if self.has_superseded(number)? {
                self.check_room(bytes)?;
                let rewritten = self.rewrite(number)?;
                compaction.segments += 1;
                compaction.values += rewritten.values;
                compaction.freed_bytes += rewritten.freed_bytes;
                self.swap(number, &rewritten)?;
            }
            meter.add(bytes);
        }
        Ok(compaction)
    }

    fn segment_bytes(&self, number: u32) -> Result<u64, EngineError> {
        let path = segment::path(&self.layout.journal(), number);
        let metadata = fs::metadata(&path).map_err(|error| EngineError::io("read", &path, error))?;
        Ok(metadata.len())
    }

    /// Both files of a segment are there for a moment.
    fn check_room(&self, bytes: u64) -> Result<(), EngineError> {
        match ballast::room(&self.layout.dir)? {
            Room::Bytes(free) if free < bytes.saturating_add(self.ballast_bytes) => Err(EngineError::Full {
                dir: self.layout.dir.clone(),
            }),
            Room::Bytes(_) | Room::NoLimitKnown => Ok(()),
        }
    }

    /// Whether a segment holds a value that is superseded and worth dropping.
    fn has_superseded(&self, number: u32) -> Result<bool, EngineError> {
        let Some(mark) = self.index.view()?.mark() else {
            return Ok(false);
        };
        // What the index does not have yet is nothing that it could be asked about.
        if number > mark.segment {
            return Ok(false);
        }
        let mut reader = SegmentReader::open_alone(&self.layout.journal(), number)?;
        reader.stop_at(Some(mark.end).filter(|_| number == mark.segment))?;
        while let Some(commit) = reader.next_commit()? {
            if self.superseded(&commit)?.contains(&true) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Which ops of a commit put a value that is worth dropping.
    fn superseded(&self, commit: &Commit) -> Result<Vec<bool>, EngineError> {
        let view = self.index.view()?;
        let is_superseded = |op: &ReadOp| {
            let is_worth_it = op.kind == ReadKind::Put && op.value_bytes > SUPERSEDED_VALUE_BYTES;
            Ok(is_worth_it && view.entry(&op.key)? != Some(op.pointer))
        };
        commit.ops.iter().map(is_superseded).collect()
    }

    /// Writes a segment anew, beside the old one.
    fn rewrite(&self, number: u32) -> Result<Rewritten, EngineError> {
        let dir = self.layout.journal();
        let old_path = segment::path(&dir, number);
        let mut path = old_path.clone().into_os_string();
        path.push(NEW_SUFFIX);
        let path = PathBuf::from(path);
        let written = self.write_anew(number, &path);
        if written.is_err() {
            let _ = fs::remove_file(&path);
        }
        written
    }

    fn write_anew(&self, number: u32, path: &Path) -> Result<Rewritten, EngineError> {
        let dir = self.layout.journal();
        let mut reader = SegmentReader::open_alone(&dir, number)?;
        let old_path = segment::path(&dir, number);
        let old = File::open(&old_path).map_err(|error| EngineError::io("read", &old_path, error))?;
        let file = File::create(path).map_err(|error| EngineError::io("create", path, error))?;
        let mut copy = Copy {
            number,
            old,
            old_path,
            new: BufWriter::new(file),
            new_path: path.to_owned(),
            end: 0,
            group: (0, 0),
            frame: Vec::new(),
            moved: Vec::new(),
            values: 0,
        };
        let before = reader.chain();
        copy.write(&segment::compacted_header(number, before))?;
        let mut commit_offset = 0;
        while let Some(commit) = reader.next_commit()? {
            if let Some(fault) = commit.fault {
                return Err(damaged(number, commit.offset, fault));
            }
            let superseded = self.superseded(&commit)?;
            commit_offset = copy.commit(&commit, &superseded)?;
        }
        let rewritten = copy.finish(reader.end(), commit_offset)?;
        let mut check = SegmentReader::open_file(path, number, before)?;
        while let Some(commit) = check.next_commit()? {
            if let Some(fault) = commit.fault {
                return Err(damaged(number, commit.offset, fault));
            }
        }
        if check.chain() != reader.chain() {
            return Err(damaged(number, 0, "the compacted segment does not end as the old one"));
        }
        Ok(rewritten)
    }

    fn swap(&self, number: u32, rewritten: &Rewritten) -> Result<(), EngineError> {
        let generation = self.layout.generation()?.unwrap_or(self.index.generation()) + 1;
        self.layout.write_generation(generation)?;
        self.frames.replace(number, &rewritten.path)?;
        self.index.follow(&rewritten.moved)?;
        self.index.finish_generation(generation, rewritten.end)?;
        self.frames.forget();
        Ok(())
    }
}

/// A segment on its way into a new file.
struct Copy {
    number: u32,
    old: File,
    old_path: PathBuf,
    new: BufWriter<File>,
    new_path: PathBuf,
    /// Bytes written.
    end: u64,
    /// Where the group that is being copied began, in the old file and in the new one.
    group: (u64, u64),
    frame: Vec<u8>,
    moved: Vec<Moved>,
    values: u64,
}

impl Copy {
    fn write(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        self.new
            .write_all(bytes)
            .map_err(|error| EngineError::io("write", &self.new_path, error))?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Copies a commit, and returns where its commit frame begins.
    fn commit(&mut self, commit: &Commit, superseded: &[bool]) -> Result<u64, EngineError> {
        let group_start = commit.offset - commit.group_distance.min(commit.offset);
        if group_start != self.group.0 {
            self.group = (group_start, self.end);
        }
        for (op, is_superseded) in commit.ops.iter().zip(superseded) {
            if *is_superseded {
                self.supersede(op)?;
            } else {
                self.copy(op)?;
            }
        }
        let commit_offset = self.end;
        let body = CommitBody {
            sequence: commit.chain.sequence,
            group_distance: commit_offset - self.group.1,
            ops: u32::try_from(commit.ops.len()).unwrap_or(u32::MAX),
            hash: commit.chain.hash,
            audit: commit.audit.clone(),
        };
        self.frame.clear();
        let digest = frame::append(&mut self.frame, Kind::Commit, &[], &body.encode());
        let to = Pointer::new(self.number, commit_offset, self.frame.len(), &digest);
        self.moved.push(Moved {
            slot: slots::commit_slot(commit.chain.sequence),
            from: commit.pointer,
            to,
        });
        let frame = std::mem::take(&mut self.frame);
        self.write(&frame)?;
        self.frame = frame;
        Ok(commit_offset)
    }

    fn supersede(&mut self, op: &ReadOp) -> Result<(), EngineError> {
        let past = Superseded {
            key: op.key.clone(),
            value_bytes: op.value_bytes,
            digest: op.digest,
        };
        let mut frame = Vec::new();
        frame::append_superseded(&mut frame, &past);
        self.values += 1;
        self.write(&frame)
    }

    fn copy(&mut self, op: &ReadOp) -> Result<(), EngineError> {
        let mut frame = vec![0; op.pointer.len as usize];
        read_exact_at(&self.old, &mut frame, op.pointer.offset)
            .map_err(|error| EngineError::io("read", &self.old_path, error))?;
        if op.kind == ReadKind::Put {
            self.moved.push(Moved {
                slot: slots::entry_slot(&op.key),
                from: op.pointer,
                to: Pointer {
                    offset: self.end,
                    ..op.pointer
                },
            });
        }
        self.write(&frame)
    }

    /// Makes the new file durable.
    fn finish(self, old_bytes: u64, commit_offset: u64) -> Result<Rewritten, EngineError> {
        let Self { new, new_path, .. } = self;
        let synced = new
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)
            .and_then(|file| file.sync_all());
        synced.map_err(|error| EngineError::io("write", &new_path, error))?;
        Ok(Rewritten {
            path: new_path,
            moved: self.moved,
            end: SegmentEnd {
                segment: self.number,
                commit_offset,
                end: self.end,
            },
            values: self.values,
            freed_bytes: old_bytes.saturating_sub(self.end),
        })
    }
}
