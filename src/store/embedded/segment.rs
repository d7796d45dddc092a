//! Segments: the numbered files of the journal.
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
use std::io::Write;
use std::path::{Path, PathBuf};

use super::layout;
pub(super) use super::reader::{Commit, ReadKind, ReadOp, SegmentReader};
use crate::store::audit_chain;
use crate::store::engine::EngineError;

pub(super) const MAGIC: [u8; 8] = *b"PGBXSEG\0";
/// Which frames a segment may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Puts, deletes and commits.
    Plain = 1,
    /// Superseded frames too.
    Superseded = 2,
}

/// The newest format of a segment that this program knows.
pub(super) const FORMAT_MAX: u32 = Format::Superseded as u32;
pub(super) const CHECKSUM_BYTES: usize = 16;

/// Bytes of a segment before its first frame.
pub(super) const HEADER_BYTES: u64 = 8 + 4 + 4 + 8 + 32 + 16;

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

/// The numbers of the segments that are there, in order.
pub(super) fn numbers(dir: &Path) -> Result<Vec<u32>, EngineError> {
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
    Ok(numbers)
}

/// The number of the last segment; 0 when there is none.
///
/// # Errors
/// [`EngineError::Damaged`] when one before it is missing.
pub(super) fn last_number(dir: &Path) -> Result<u32, EngineError> {
    let numbers = numbers(dir)?;
    let gap = (1..).zip(&numbers).find(|(expected, number)| expected != *number);
    match gap {
        Some((missing, _)) => Err(damaged(missing, 0, "the segment's file is missing")),
        None => Ok(numbers.last().copied().unwrap_or(0)),
    }
}

/// Bytes of the segments from one number to another together.
pub(super) fn total_bytes(dir: &Path, first: u32, last: u32) -> Result<u64, EngineError> {
    let mut bytes = 0;
    for number in first..=last {
        let path = path(dir, number);
        let metadata = fs::metadata(&path).map_err(|error| EngineError::io("read", &path, error))?;
        bytes += metadata.len();
    }
    Ok(bytes)
}

pub(super) fn encode_header(format: u32, number: u32, before: ChainEnd) -> Vec<u8> {
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
