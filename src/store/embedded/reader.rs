//! Reading a segment: its commits in order, and going on behind damage.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::frame::{self, CommitBody, Fault, Frame, Header};
use super::segment::{self, CHECKSUM_BYTES, ChainEnd, FORMAT_MAX, HEADER_BYTES, MAGIC, damaged, encode_header};
use super::slots::{Change, Pointer};
use crate::store::audit_chain::{self, Kind};
use crate::store::engine::{AuditEntry, EngineError};
use crate::store::fields::Fields;

/// Read ahead while walking, in bytes: large enough that the disk, not the calls, sets the pace.
const READ_AHEAD_BYTES: usize = 256 * 1024;

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
        Self::open_path(&segment::path(dir, number), number, offset, chain)
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

    /// Where the next frame begins.
    pub(super) fn offset(&self) -> u64 {
        self.offset
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
        let named = |what| damaged(number, offset, format!("{what}{}", header.named(&self.body)));
        let frame = header.open(&self.body).map_err(named)?;
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
