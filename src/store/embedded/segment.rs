//! Segments: the numbered files of the journal, and reading their commits in order.
//!
//! | field | bytes | |
//! | --- | --- | --- |
//! | magic | 8 | `PGBXSEG` and a zero |
//! | format | 4 | 1; 2 where superseded frames may be in it, as compaction and import write them |
//! | number | 4 | the number in the file's name |
//! | commits before | 8 | the sequence number of the last commit before this segment |
//! | hash before | 32 | the chain hash of that commit |
//! | checksum | 16 | first half of BLAKE3 over the fields above |
//!
//! Numbers are little-endian; frames follow until the end of the file.

use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::frame::{self, CommitBody, Fault, Frame, Header};
use super::layout;
use super::slots::{Change, Pointer};
use crate::store::audit_chain::{self, Kind};
use crate::store::engine::{AuditEntry, EngineError};
use crate::store::fields::Fields;

const MAGIC: [u8; 8] = *b"PGBXSEG\0";
/// Which frames a segment may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Puts, deletes and commits.
    Plain = 1,
    /// Superseded frames too.
    Superseded = 2,
}

/// The newest format of a segment that this program knows.
const FORMAT_MAX: u32 = Format::Superseded as u32;
const CHECKSUM_BYTES: usize = 16;

/// Bytes of a segment before its first frame.
pub(super) const HEADER_BYTES: u64 = 8 + 4 + 4 + 8 + 32 + 16;

/// Read ahead while walking, in bytes: large enough that the disk, not the calls, sets the pace.
const READ_AHEAD_BYTES: usize = 256 * 1024;

/// A place in the audit chain: the last commit so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ChainEnd {
    pub(super) sequence: u64,
    pub(super) hash: [u8; 32],
}

impl ChainEnd {
    pub(super) const GENESIS: Self = Self {
        sequence: 0,
        hash: audit_chain::GENESIS,
    };
}

pub(super) fn damaged(segment: u32, offset: u64, what: impl Into<String>) -> EngineError {
    EngineError::Damaged {
        segment,
        offset,
        what: what.into(),
    }
}

pub(super) fn path(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("{number:08}.seg"))
}

/// The number of the last segment; 0 when there is none.
///
/// # Errors
/// [`EngineError::Damaged`] when one before it is missing.
pub(super) fn last_number(dir: &Path) -> Result<u32, EngineError> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(dir).map_err(|error| EngineError::io("list", dir, error))? {
        let name = entry.map_err(|error| EngineError::io("list", dir, error))?.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_suffix(".seg"))
            .and_then(|stem| stem.parse::<u32>().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    let gap = (1..).zip(&numbers).find(|(expected, number)| expected != *number);
    match gap {
        Some((missing, _)) => Err(damaged(missing, 0, "the segment's file is missing")),
        None => Ok(numbers.last().copied().unwrap_or(0)),
    }
}

fn encode_header(format: u32, number: u32, before: ChainEnd) -> Vec<u8> {
    let mut header = MAGIC.to_vec();
    header.extend(format.to_le_bytes());
    header.extend(number.to_le_bytes());
    header.extend(before.sequence.to_le_bytes());
    header.extend(before.hash);
    let checksum = blake3::hash(&header);
    header.extend(checksum.as_bytes().iter().take(CHECKSUM_BYTES));
    header
}

/// Starts a segment, durably: header and directory entry are on disk before anything is written into it. What an
/// interrupted start has left under the same number is overwritten.
pub(super) fn create(dir: &Path, number: u32, before: ChainEnd, format: Format) -> Result<File, EngineError> {
    let path = path(dir, number);
    let written = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(&path)
        .and_then(|mut file| {
            file.write_all(&encode_header(format as u32, number, before))?;
            file.sync_all()?;
            Ok(file)
        });
    let file = written.map_err(|error| EngineError::io("create", &path, error))?;
    layout::sync_dir(dir)?;
    Ok(file)
}

/// The header of a segment that a compaction writes anew.
pub(super) fn compacted_header(number: u32, before: ChainEnd) -> Vec<u8> {
    encode_header(Format::Superseded as u32, number, before)
}

/// Makes durable what a killed process had written and not yet synced: it is about to be read, and so believed.
pub(super) fn sync(dir: &Path, number: u32) -> Result<(), EngineError> {
    let path = path(dir, number);
    let opened = OpenOptions::new().read(true).write(true).open(&path);
    opened
        .and_then(|file| file.sync_all())
        .map_err(|error| EngineError::io("sync", &path, error))?;
    layout::sync_dir(dir)
}

/// One commit as it was read: what it does to the index, and whether it stands in the chain.
pub(super) struct Commit {
    /// Where its commit frame begins.
    pub(super) offset: u64,
    /// Where it ends: the next commit begins here.
    pub(super) end: u64,
    pub(super) chain: ChainEnd,
    /// Where its commit frame lies.
    pub(super) pointer: Pointer,
    /// Bytes from the start of its group to its commit frame.
    pub(super) group_distance: u64,
    /// What it changes, in order.
    pub(super) ops: Vec<ReadOp>,
    pub(super) audit: AuditEntry,
    /// Why its place in the chain is wrong, if it is.
    pub(super) fault: Option<Fault>,
}

impl Commit {
    /// What it means for the index; its own place is among it.
    pub(super) fn changes(&self) -> impl Iterator<Item = Change> + '_ {
        let of_op = |op: &ReadOp| match op.kind {
            ReadKind::Put => Some(Change::entry(&op.key, Some(op.pointer))),
            ReadKind::Delete => Some(Change::entry(&op.key, None)),
            ReadKind::Superseded => None,
        };
        let own = Change::commit(self.chain.sequence, self.pointer);
        self.ops.iter().filter_map(of_op).chain([own])
    }
}

/// One change as it was read.
pub(super) struct ReadOp {
    pub(super) kind: ReadKind,
    pub(super) key: Vec<u8>,
    /// The length of the value that was put.
    pub(super) value_bytes: u32,
    /// By which it stands in the chain.
    pub(super) digest: [u8; 32],
    pub(super) pointer: Pointer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadKind {
    Put,
    Delete,
    /// A put whose value is not here any more.
    Superseded,
}

/// Reads one segment's commits in order.
pub(super) struct SegmentReader {
    number: u32,
    path: PathBuf,
    file: BufReader<File>,
    /// Where the next frame begins.
    offset: u64,
    /// Where to stop.
    end: u64,
    /// The last commit that was read.
    chain: ChainEnd,
    body: Vec<u8>,
}

impl SegmentReader {
    /// Opens a segment at an offset where a commit begins, with the chain as it is there.
    pub(super) fn open_at(dir: &Path, number: u32, offset: u64, chain: ChainEnd) -> Result<Self, EngineError> {
        Self::open_path(&path(dir, number), number, offset, chain)
    }

    /// Opens a segment's file under another name, at its start.
    pub(super) fn open_file(path: &Path, number: u32, chain: ChainEnd) -> Result<Self, EngineError> {
        Self::open_path(path, number, HEADER_BYTES, chain)
    }

    fn open_path(path: &Path, number: u32, offset: u64, chain: ChainEnd) -> Result<Self, EngineError> {
        let path = path.to_owned();
        let opened = File::open(&path).and_then(|mut file| {
            let end = file.metadata()?.len();
            file.seek(SeekFrom::Start(offset))?;
            Ok((file, end))
        });
        let (file, end) = match opened {
            Ok(opened) => opened,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(damaged(number, 0, "the segment's file is missing"));
            }
            Err(error) => return Err(EngineError::io("read", &path, error)),
        };
        let file = BufReader::with_capacity(READ_AHEAD_BYTES, file);
        Ok(Self {
            number,
            path,
            file,
            offset,
            end,
            chain,
            body: Vec::new(),
        })
    }

    /// Opens a segment by itself, with the chain that its header says it continues.
    pub(super) fn open_alone(dir: &Path, number: u32) -> Result<Self, EngineError> {
        let mut reader = Self::open(dir, number, ChainEnd::GENESIS)?;
        let header = reader.read_at_most(0, HEADER_BYTES)?;
        let mut fields = Fields::new(&header);
        let mut before = || {
            fields.bytes(MAGIC.len() + 4 + 4)?;
            Some((fields.u64()?, fields.array()?))
        };
        let (sequence, hash) = before().ok_or_else(|| damaged(number, 0, "the segment's header is not valid"))?;
        reader.chain = ChainEnd { sequence, hash };
        reader.check_header()?;
        Ok(reader)
    }

    /// Opens a segment at its start, without looking at its header: [`check_header`](Self::check_header) does.
    pub(super) fn open(dir: &Path, number: u32, chain: ChainEnd) -> Result<Self, EngineError> {
        Self::open_at(dir, number, HEADER_BYTES, chain)
    }

    /// Checks that the header is sound and continues the segment before.
    pub(super) fn check_header(&mut self) -> Result<(), EngineError> {
        let header = self.read_at_most(0, HEADER_BYTES)?;
        self.seek(self.offset)?;
        let mut fields = Fields::new(&header);
        let (magic, format) = (fields.array(), fields.u32());
        let sound = header
            .split_last_chunk::<CHECKSUM_BYTES>()
            .is_some_and(|(covered, checksum)| blake3::hash(covered).as_bytes().starts_with(checksum));
        let format = match format {
            Some(found) if sound && found > FORMAT_MAX => {
                return Err(EngineError::NewerFormat {
                    found,
                    supported: FORMAT_MAX,
                });
            }
            Some(found @ 1..) if sound && magic == Some(MAGIC) => found,
            _ => return Err(damaged(self.number, 0, "the segment's header is not valid")),
        };
        if header != encode_header(format, self.number, self.chain) {
            return Err(damaged(
                self.number,
                0,
                "the segment does not continue the one before it",
            ));
        }
        Ok(())
    }

    pub(super) fn number(&self) -> u32 {
        self.number
    }

    pub(super) fn chain(&self) -> ChainEnd {
        self.chain
    }

    /// The bytes up to where this reader goes.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Stops at `end`, or at the file's end as it is now. What was read ahead is forgotten, since the writer may have
    /// been in the middle of it.
    pub(super) fn stop_at(&mut self, end: Option<u64>) -> Result<(), EngineError> {
        self.end = match end {
            Some(end) => end,
            None => self
                .file
                .get_ref()
                .metadata()
                .map_err(|error| EngineError::io("read", &self.path, error))?
                .len(),
        };
        self.seek(self.offset)
    }

    /// Reads the next commit; `None` at the end.
    ///
    /// # Errors
    /// [`EngineError::Damaged`] at the first frame that is not sound, or where frames lack their commit.
    pub(super) fn next_commit(&mut self) -> Result<Option<Commit>, EngineError> {
        let start = self.offset;
        let mut open = Vec::new();
        while self.offset < self.end {
            if let Some(body) = self.next_frame(&mut open)? {
                return Ok(Some(self.close(body, open, true)));
            }
        }
        if open.is_empty() {
            Ok(None)
        } else {
            Err(damaged(self.number, start, "frames lack their commit"))
        }
    }

    /// Goes on behind damage: reads to the next commit after `offset`, whose hash then cannot be checked. `None` when
    /// no sound commit follows.
    pub(super) fn resync(&mut self, offset: u64) -> Result<Option<Commit>, EngineError> {
        let mut after = offset + 1;
        loop {
            let Some(found) = self.find_frame(after)? else {
                self.seek(self.end)?;
                return Ok(None);
            };
            self.seek(found)?;
            let mut open = Vec::new();
            loop {
                match self.next_frame(&mut open) {
                    Ok(Some(body)) => return Ok(Some(self.close(body, open, false))),
                    Ok(None) => {}
                    Err(EngineError::Damaged { offset, .. }) => {
                        after = offset + 1;
                        break;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// Whether a commit follows whose whole group was written after `offset`: then what stands at `offset` was on disk
    /// and acknowledged before, and is damaged rather than unfinished.
    pub(super) fn later_group_follows(&mut self, offset: u64) -> Result<bool, EngineError> {
        let rest = self.read_at_most(offset, self.end.saturating_sub(offset))?;
        let mut at = 1;
        while let Some((found, frame)) = find_frame_in(&rest, at) {
            let group = CommitBody::decode(&frame)
                .ok()
                .map(|body| (found as u64).checked_sub(body.group_distance));
            if let Some(Some(group_start)) = group
                && group_start > 0
            {
                return Ok(true);
            }
            at = found + frame.len();
        }
        Ok(false)
    }

    fn find_frame(&mut self, offset: u64) -> Result<Option<u64>, EngineError> {
        let rest = self.read_at_most(offset, self.end.saturating_sub(offset))?;
        Ok(find_frame_in(&rest, 0).map(|(found, _)| offset + found as u64))
    }

    /// Reads a frame into `open`; a commit frame is returned instead.
    fn next_frame(&mut self, open: &mut Vec<ReadOp>) -> Result<Option<(CommitBody, Pointer)>, EngineError> {
        let (number, offset) = (self.number, self.offset);
        let fault = |what: Fault| damaged(number, offset, what);
        let left = self.end.saturating_sub(offset);
        let mut head = [0; frame::HEADER_BYTES];
        if left < head.len() as u64 {
            return Err(fault("a frame is cut off"));
        }
        read_exact(&mut self.file, &mut head, &self.path)?.map_err(fault)?;
        let header = Header::parse(&head).map_err(fault)?;
        let frame_bytes = (head.len() + header.body_bytes()) as u64;
        if left < frame_bytes {
            return Err(fault("a frame is cut off"));
        }
        self.body.resize(header.body_bytes(), 0);
        read_exact(&mut self.file, &mut self.body, &self.path)?.map_err(fault)?;
        let frame = header.open(&self.body).map_err(fault)?;
        self.offset += frame_bytes;
        let pointer = Pointer::new(number, offset, frame.len(), &frame.digest);
        let value_bytes = u32::try_from(frame.value.len()).unwrap_or(u32::MAX);
        let (kind, value_bytes, digest) = match frame.kind {
            Kind::Commit => {
                return CommitBody::decode(&frame)
                    .map(|body| Some((body, pointer)))
                    .map_err(fault);
            }
            Kind::Put => (ReadKind::Put, value_bytes, frame.digest),
            Kind::Delete => (ReadKind::Delete, 0, frame.digest),
            Kind::Superseded => {
                let past = frame.superseded().map_err(fault)?;
                (ReadKind::Superseded, past.value_bytes, past.digest)
            }
        };
        open.push(ReadOp {
            kind,
            key: frame.key.to_vec(),
            value_bytes,
            digest,
            pointer,
        });
        Ok(None)
    }

    fn close(&mut self, (body, pointer): (CommitBody, Pointer), ops: Vec<ReadOp>, check: bool) -> Commit {
        let digests: Vec<_> = ops.iter().map(|op| op.digest).collect();
        let expected = audit_chain::commit_hash(&self.chain.hash, body.sequence, &digests, &body.audit);
        let fault = if !check {
            None
        } else if body.sequence != self.chain.sequence + 1 {
            Some("a commit is missing before this one")
        } else if body.ops as usize != digests.len() || expected != body.hash {
            Some("the commit's hash does not continue the chain")
        } else {
            None
        };
        self.chain = ChainEnd {
            sequence: body.sequence,
            hash: body.hash,
        };
        Commit {
            offset: pointer.offset,
            end: self.offset,
            chain: self.chain,
            pointer,
            group_distance: body.group_distance,
            ops,
            audit: body.audit,
            fault,
        }
    }

    fn seek(&mut self, offset: u64) -> Result<(), EngineError> {
        self.offset = offset;
        self.file
            .seek(SeekFrom::Start(offset))
            .map_err(|error| EngineError::io("read", &self.path, error))?;
        Ok(())
    }

    /// Leaves the file's position behind what was read.
    fn read_at_most(&mut self, offset: u64, bytes: u64) -> Result<Vec<u8>, EngineError> {
        let mut read = Vec::new();
        let result = self
            .file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| self.file.by_ref().take(bytes).read_to_end(&mut read));
        result.map_err(|error| EngineError::io("read", &self.path, error))?;
        Ok(read)
    }
}

/// Removes segments that were being written anew when the process ended.
pub(super) fn remove_unfinished(dir: &Path) -> Result<(), EngineError> {
    for entry in fs::read_dir(dir).map_err(|error| EngineError::io("list", dir, error))? {
        let path = entry.map_err(|error| EngineError::io("list", dir, error))?.path();
        if path.to_string_lossy().ends_with(layout::NEW_SUFFIX) {
            fs::remove_file(&path).map_err(|error| EngineError::io("remove", &path, error))?;
        }
    }
    Ok(())
}

fn read_exact(file: &mut impl Read, into: &mut [u8], path: &Path) -> Result<Result<(), Fault>, EngineError> {
    match file.read_exact(into) {
        Ok(()) => Ok(Ok(())),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(Err("the file ends inside a frame")),
        Err(error) => Err(EngineError::io("read", path, error)),
    }
}

/// The first sound frame that begins at or after `start`.
fn find_frame_in(bytes: &[u8], start: usize) -> Option<(usize, Frame<'_>)> {
    (start..bytes.len()).find_map(|at| Some((at, Frame::first_of(bytes.get(at..)?).ok()?)))
}
