//! The journal: the truth of the store. Appending to it, reading single frames of it, and walking all of it.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::frame::{CommitBody, FRAME_BYTES_MAX, Frame};
use super::layout;
use super::seal::JournalEnd;
use super::segment::{self, ChainEnd, Commit, Format, SegmentReader, damaged};
use super::slots::Pointer;
use crate::store::audit_chain::Kind;
use crate::store::engine::EngineError;

/// Segment files that readers keep open, at most: far below the usual limit of 1,024 descriptors a process.
const OPEN_FILES_MAX: usize = 128;

/// The end of the journal that grows. Owned by the writer.
pub(super) struct Journal {
    dir: PathBuf,
    /// Where a segment is full, in bytes.
    segment_bytes: u64,
    number: u32,
    file: File,
    end: u64,
    /// Of the segments that are begun from here on.
    format: Format,
}

impl Journal {
    /// Continues a segment at `end`, cutting off what stands behind it.
    pub(super) fn resume(dir: &Path, segment_bytes: u64, number: u32, end: u64) -> Result<Self, EngineError> {
        let mut journal = Self::open_at(dir, segment_bytes, number, end)?;
        journal.cut()?;
        Ok(journal)
    }

    /// Cuts off what stands behind its end.
    pub(super) fn cut(&mut self) -> Result<(), EngineError> {
        let cut = self.file.metadata().and_then(|found| {
            if found.len() > self.end {
                self.file.set_len(self.end)?;
                self.file.sync_all()?;
            }
            Ok(())
        });
        cut.map_err(|error| EngineError::io("cut", &segment::path(&self.dir, self.number), error))
    }

    /// Opens a segment to be continued at `end`; what stands behind it is still there.
    pub(super) fn open_at(dir: &Path, segment_bytes: u64, number: u32, end: u64) -> Result<Self, EngineError> {
        let path = segment::path(dir, number);
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .and_then(|mut file| {
                file.seek(SeekFrom::Start(end))?;
                Ok(file)
            });
        let file = opened.map_err(|error| EngineError::io("open", &path, error))?;
        Ok(Self {
            dir: dir.to_owned(),
            segment_bytes,
            number,
            file,
            end,
            format: Format::Plain,
        })
    }

    /// Where it ends, with the chain as it is there.
    pub(super) fn end(&self, chain: ChainEnd) -> JournalEnd {
        JournalEnd {
            segment: self.number,
            offset: self.end,
            chain,
        }
    }

    /// Writes a group and syncs it. Returns the segment and offset where it begins.
    ///
    /// # Errors
    /// After any error the group is cut off again, and the journal must not be written to until the store is reopened:
    /// what the system has kept of a failed sync is not known.
    pub(super) fn append(&mut self, group: &[u8], before: ChainEnd, needs: Format) -> Result<(u32, u64), EngineError> {
        let is_older = needs == Format::Superseded && self.format == Format::Plain;
        if is_older {
            self.format = needs;
        }
        if is_older || (self.end > segment::HEADER_BYTES && self.end + group.len() as u64 > self.segment_bytes) {
            self.rotate(before)?;
        }
        let start = self.end;
        if let Err(error) = self.file.write_all(group).and_then(|()| self.file.sync_data()) {
            // If the cut fails too, the next open sees an unfinished group, or a whole one that nobody was told of.
            let _ = self.file.set_len(start).and_then(|()| self.file.sync_all());
            return Err(EngineError::io("write", &segment::path(&self.dir, self.number), error));
        }
        self.end += group.len() as u64;
        Ok((self.number, start))
    }

    /// Seals the segment, so that what is in it can be compacted, and begins the next. An empty one is begun again.
    pub(super) fn rotate(&mut self, before: ChainEnd) -> Result<(), EngineError> {
        let number = self.number + u32::from(self.end > segment::HEADER_BYTES);
        self.file = segment::create(&self.dir, number, before, self.format)?;
        self.number = number;
        self.end = segment::HEADER_BYTES;
        Ok(())
    }
}

/// Reads single frames, from any thread.
pub(super) struct Frames {
    dir: PathBuf,
    files: RwLock<BTreeMap<u32, Arc<File>>>,
    /// The file that a compaction has replaced, for pointers that do not point into the new one yet.
    replaced: RwLock<Option<(u32, Arc<File>)>>,
    /// Replacements that are complete.
    replacements: AtomicU64,
}

impl Frames {
    pub(super) fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            files: RwLock::default(),
            replaced: RwLock::default(),
            replacements: AtomicU64::new(0),
        }
    }

    /// Reads pointers and what they point at. Where a compaction was completed in between, it reads again.
    pub(super) fn steady<T>(&self, read: impl Fn() -> Result<T, EngineError>) -> Result<T, EngineError> {
        loop {
            let before = self.replacements.load(Ordering::Acquire);
            match read() {
                Err(EngineError::Damaged { .. }) if self.replacements.load(Ordering::Acquire) != before => {}
                result => return result,
            }
        }
    }

    /// Puts a new file in the place of a segment's. Pointers into the old one are good until [`forget`](Self::forget).
    ///
    /// # Errors
    /// Then the segment's name stands for its old or its new file; what was read before can still be read.
    pub(super) fn replace(&self, number: u32, new: &Path) -> Result<(), EngineError> {
        let (path, old) = (segment::path(&self.dir, number), self.file(number)?);
        *self.replaced.write().unwrap_or_else(PoisonError::into_inner) = Some((number, old));
        {
            let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
            fs::rename(new, &path).map_err(|error| EngineError::io("replace", &path, error))?;
            files.remove(&number);
        }
        layout::sync_dir(&self.dir)
    }

    /// Whether a replacement was begun and not completed.
    pub(super) fn is_replacing(&self) -> bool {
        let replaced = self.replaced.read().unwrap_or_else(PoisonError::into_inner);
        replaced.is_some()
    }

    /// Lets go of the replaced file: no pointer points into it any more.
    pub(super) fn forget(&self) {
        // In this order, so that whoever then fails with a pointer of before sees that it is worth another try.
        self.replacements.fetch_add(1, Ordering::AcqRel);
        *self.replaced.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The value of a key.
    ///
    /// # Errors
    /// [`EngineError::Damaged`] when the pointer's frame is not, byte for byte, the one that was written for this key.
    pub(super) fn value(&self, key: &[u8], pointer: Pointer) -> Result<Vec<u8>, EngineError> {
        self.read(pointer, |mut bytes| {
            let frame = check(&bytes, pointer)?;
            if frame.kind != Kind::Put || frame.key != key {
                let what = "the frame belongs to another key";
                return Err(damaged(pointer.segment, pointer.offset, what));
            }
            let value_start = frame.len() - frame.value.len();
            bytes.drain(..value_start);
            Ok(bytes)
        })
    }

    /// What a commit frame says.
    pub(super) fn commit(&self, pointer: Pointer) -> Result<CommitBody, EngineError> {
        self.read(pointer, |bytes| {
            let frame = check(&bytes, pointer)?;
            CommitBody::decode(&frame).map_err(|fault| damaged(pointer.segment, pointer.offset, fault))
        })
    }

    /// Takes apart what a pointer points at, in the segment's file or in the one that it has replaced.
    fn read<T>(
        &self,
        pointer: Pointer,
        take_apart: impl Fn(Vec<u8>) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let read = |file: &File| self.read_from(file, pointer).and_then(&take_apart);
        match read(&*self.file(pointer.segment)?) {
            Err(error @ EngineError::Damaged { .. }) => {
                let replaced = self.replaced.read().unwrap_or_else(PoisonError::into_inner);
                match &*replaced {
                    Some((number, file)) if *number == pointer.segment => read(file),
                    _ => Err(error),
                }
            }
            read => read,
        }
    }

    fn read_from(&self, file: &File, pointer: Pointer) -> Result<Vec<u8>, EngineError> {
        let fault = |what: &str| damaged(pointer.segment, pointer.offset, what);
        let len = pointer.len as usize;
        if len > FRAME_BYTES_MAX {
            return Err(fault("a frame's length is over the limit"));
        }
        let mut bytes = vec![0; len];
        match read_exact_at(file, &mut bytes, pointer.offset) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(fault("the file ends before this frame")),
            Err(error) => Err(EngineError::io(
                "read",
                &segment::path(&self.dir, pointer.segment),
                error,
            )),
        }
    }

    fn file(&self, number: u32) -> Result<Arc<File>, EngineError> {
        if let Some(file) = self.files.read().unwrap_or_else(PoisonError::into_inner).get(&number) {
            return Ok(Arc::clone(file));
        }
        let path = segment::path(&self.dir, number);
        // Opened under the lock, so that no file is kept that was replaced meanwhile.
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        let file = Arc::new(File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => damaged(number, 0, "the segment's file is missing"),
            _ => EngineError::io("read", &path, error),
        })?);
        if files.len() >= OPEN_FILES_MAX {
            // The oldest segment is the least likely to be asked for again.
            files.pop_first();
        }
        files.insert(number, Arc::clone(&file));
        Ok(file)
    }
}

fn check(bytes: &[u8], pointer: Pointer) -> Result<Frame<'_>, EngineError> {
    let frame = Frame::first_of(bytes).map_err(|fault| damaged(pointer.segment, pointer.offset, fault))?;
    if frame.len() != bytes.len() || !frame.digest.starts_with(&pointer.check) {
        return Err(damaged(
            pointer.segment,
            pointer.offset,
            "the frame is not the one that was written here",
        ));
    }
    Ok(frame)
}

#[cfg(unix)]
pub(super) fn read_exact_at(file: &File, into: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, offset)
}

#[cfg(windows)]
pub(super) fn read_exact_at(file: &File, mut into: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !into.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, into, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                into = into.get_mut(read..).unwrap_or_default();
                offset += read as u64;
            }
        }
    }
    Ok(())
}

#[cfg(unix)]
pub(super) fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(windows)]
pub(super) fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_write(file, bytes, offset)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => {
                bytes = bytes.get(written..).unwrap_or_default();
                offset += written as u64;
            }
        }
    }
    Ok(())
}

/// How far a walk goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    /// The last segment to read.
    pub(super) segment: u32,
    /// Where to stop in it; `None` at the end of its file.
    pub(super) end: Option<u64>,
}

/// Walks the commits of all segments in order.
pub(super) struct Walk {
    dir: PathBuf,
    limit: Limit,
    segment: SegmentReader,
}

impl Walk {
    /// Starts in a segment at an offset where a commit begins, with the chain as it is there.
    pub(super) fn start_at(
        dir: &Path,
        segment: u32,
        offset: u64,
        chain: ChainEnd,
        limit: Limit,
    ) -> Result<Self, EngineError> {
        let segment = SegmentReader::open_at(dir, segment, offset, chain)?;
        let mut walk = Self {
            dir: dir.to_owned(),
            limit,
            segment,
        };
        walk.extend(limit)?;
        Ok(walk)
    }

    /// Starts behind a commit of this number.
    pub(super) fn start_behind(dir: &Path, commit: Pointer, sequence: u64, limit: Limit) -> Result<Self, EngineError> {
        let CommitBody {
            sequence: found, hash, ..
        } = Frames::new(dir).commit(commit)?;
        if found != sequence {
            return Err(damaged(
                commit.segment,
                commit.offset,
                "another commit was expected here",
            ));
        }
        let end = commit.offset + u64::from(commit.len);
        Self::start_at(dir, commit.segment, end, ChainEnd { sequence, hash }, limit)
    }

    /// Starts at the first segment's first commit. Checking the header of that segment is the caller's, by
    /// [`SegmentReader::check_header`].
    pub(super) fn start(dir: &Path, limit: Limit) -> Result<Self, EngineError> {
        Self::start_at(dir, 1, segment::HEADER_BYTES, ChainEnd::GENESIS, limit)
    }

    /// Goes on to a later limit.
    pub(super) fn extend(&mut self, limit: Limit) -> Result<(), EngineError> {
        self.limit = limit;
        self.segment
            .stop_at(limit.end.filter(|_| limit.segment == self.segment.number()))
    }

    pub(super) fn segment(&mut self) -> &mut SegmentReader {
        &mut self.segment
    }

    /// The next commit of this segment; `None` at its end.
    pub(super) fn next_commit(&mut self) -> Result<Option<Commit>, EngineError> {
        self.segment.next_commit()
    }

    /// Goes to the next segment; `false` at the limit. Its header is for the caller to check.
    pub(super) fn next_segment(&mut self) -> Result<bool, EngineError> {
        let number = self.segment.number();
        if number >= self.limit.segment {
            return Ok(false);
        }
        self.segment = SegmentReader::open(&self.dir, number + 1, self.segment.chain())?;
        self.extend(self.limit)?;
        Ok(true)
    }
}
