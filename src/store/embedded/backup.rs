//! Backups: the journal in another folder, with the number and the hash of its last commit.
//!
//! A backup is made from the files alone, whether or not a process has the store open: sealed segments do not change,
//! and of the growing one everything up to the last whole commit is taken. What was acknowledged before it began is in
//! it. The writer does not notice. Files are copied and never linked, since damage to a linked one would be damage to
//! both. What was copied is then read back, every checksum and the whole chain: a backup that was reported is good.
//!
//! The file `BACKUP` is written last. A folder without it is no backup; a folder with it is no store, so nobody works
//! in a backup by mistake.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use super::layout::{self, BACKUP_FILE, Layout};
use super::seal::{self, Claim, JournalEnd, Seal, State};
use super::segment::{self, ChainEnd, SegmentReader, damaged};
use crate::store::advance::{Meter, Watch};
use crate::store::engine::EngineError;

const FIRST_LINE: &str = "pegbox backup 1";

/// What a backup holds, or what was restored from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backup {
    /// Segments of the journal.
    pub segments: u32,
    /// Their bytes.
    pub bytes: u64,
    /// The sequence number of the last commit.
    pub commits: u64,
    /// The chain hash of the last commit.
    pub hash: [u8; 32],
}

/// Backs up the store in a folder into another one, which must be empty or absent.
///
/// # Errors
/// [`EngineError::NotAStore`], [`EngineError::NotEmpty`], [`EngineError::Full`]; [`EngineError::Damaged`],
/// [`EngineError::Lost`] and [`EngineError::Unsealed`] when the store is damaged. What was written until then is
/// removed.
pub fn back_up(store: &Path, to: &Path, watch: Watch<'_>) -> Result<Backup, EngineError> {
    let from = Layout { dir: store.to_owned() };
    from.require_store()?;
    let copy = NewFolder::make(to.to_owned())?;
    let journal = copy.layout.journal();
    layout::create_dir(&journal)?;
    // Before anything is copied: what was acknowledged until now must be in the copy.
    let found = from.inspect()?;
    let claim = seal::read(&from, found)?;
    let last = segment::last_number(&from.journal())?;
    copy_segments(&from.journal(), &journal, last, "copying the journal", watch)?;
    let copied = segment::total_bytes(&journal, last, last)?;
    let (end, backup) = read_through(&journal, Tail::MayBeUnfinished, claim.as_ref(), watch)?;
    if let Some(claim) = &claim
        && seal::read(&from, found)?.as_ref() == Some(claim)
    {
        // Nobody has written meanwhile, so that a clean close says to the byte what there is to copy.
        seal::check_copy(claim, &end, copied)?;
    }
    let text = format!(
        "{FIRST_LINE}\ncommits {}\nhash {}\n",
        backup.commits,
        blake3::Hash::from_bytes(backup.hash).to_hex()
    );
    layout::sync_dir(&journal)?;
    layout::write_durably(&to.join(BACKUP_FILE), text.as_bytes())?;
    copy.keep();
    Ok(backup)
}

/// Makes a store from a backup, in a folder that must be empty or absent.
///
/// # Errors
/// [`EngineError::NotABackup`], [`EngineError::DamagedBackup`], [`EngineError::NotEmpty`], [`EngineError::Full`]. Until
/// everything is in place the folder stays as it was.
pub fn restore(backup: &Path, to: &Path, watch: Watch<'_>) -> Result<Backup, EngineError> {
    let (commits, hash) = read_label(backup)?;
    let journal = backup.join("journal");
    let damaged_backup = |error| match error {
        error @ EngineError::Damaged { .. } => EngineError::DamagedBackup {
            dir: backup.to_owned(),
            what: error.to_string(),
        },
        error => error,
    };
    let (end, found) = read_through(&journal, Tail::IsWhole, None, watch).map_err(damaged_backup)?;
    if (found.commits, found.hash) != (commits, hash) {
        return Err(EngineError::DamagedBackup {
            dir: backup.to_owned(),
            what: format!(
                "it ends with commit {} where commit {commits} was written",
                found.commits
            ),
        });
    }
    check_empty(to)?;
    let copy = NewFolder::make_beside(to)?;
    layout::create_dir(&copy.layout.journal())?;
    copy_segments(
        &journal,
        &copy.layout.journal(),
        found.segments,
        "restoring the journal",
        watch,
    )?;
    layout::sync_dir(&copy.layout.journal())?;
    Seal::new(&copy.layout, None).write(State::Closed, end)?;
    copy.layout.write_format()?;
    copy.keep_as(to)?;
    Ok(found)
}

/// Commits and hash that a backup was made with.
fn read_label(backup: &Path) -> Result<(u64, [u8; 32]), EngineError> {
    let not_complete = |what| EngineError::NotABackup {
        dir: backup.to_owned(),
        what,
    };
    let text = fs::read_to_string(backup.join(BACKUP_FILE)).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => not_complete("it has no BACKUP file"),
        std::io::ErrorKind::InvalidData => not_complete("its BACKUP file cannot be read"),
        _ => EngineError::io("read", &backup.join(BACKUP_FILE), error),
    })?;
    let mut lines = text.lines();
    let label = (lines.next() == Some(FIRST_LINE)).then_some(()).and_then(|()| {
        let commits = lines.next()?.strip_prefix("commits ")?.parse().ok()?;
        let hash = blake3::Hash::from_hex(lines.next()?.strip_prefix("hash ")?).ok()?;
        Some((commits, *hash.as_bytes()))
    });
    label.ok_or_else(|| not_complete("its BACKUP file cannot be read"))
}

fn copy_segments(from: &Path, to: &Path, last: u32, what: &'static str, watch: Watch<'_>) -> Result<(), EngineError> {
    let mut meter = Meter::new(what, segment::total_bytes(from, 1, last)?, watch);
    for number in 1..=last {
        let path = segment::path(to, number);
        let copied = fs::copy(segment::path(from, number), &path).and_then(|bytes| {
            OpenOptions::new().write(true).open(&path)?.sync_all()?;
            Ok(bytes)
        });
        meter.add(copied.map_err(|error| EngineError::io("write", &path, error))?);
    }
    Ok(())
}

/// What may stand behind the last whole commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tail {
    /// Nothing.
    IsWhole,
    /// What was being written at that moment; it is cut off.
    MayBeUnfinished,
}

/// Reads a journal from its first byte to its last, and checks everything, and that it has what a seal claims. Returns
/// where it ends, too.
fn read_through(
    journal: &Path,
    tail: Tail,
    claim: Option<&Claim>,
    watch: Watch<'_>,
) -> Result<(JournalEnd, Backup), EngineError> {
    let mut last = segment::last_number(journal)?;
    if last == 0 {
        return Err(damaged(1, 0, "the segment's file is missing"));
    }
    let mut meter = Meter::new(
        "checking what was copied",
        segment::total_bytes(journal, 1, last)?,
        watch,
    );
    let (mut chain, mut bytes, mut offset) = (ChainEnd::GENESIS, 0, segment::HEADER_BYTES);
    let mut check = seal::ClaimCheck::new(claim);
    for number in 1..=last {
        let mut reader = SegmentReader::open(journal, number, chain)?;
        let may_be_unfinished = tail == Tail::MayBeUnfinished && number == last;
        if may_be_unfinished && number > 1 && reader.end() < segment::HEADER_BYTES {
            let path = segment::path(journal, number);
            fs::remove_file(&path).map_err(|error| EngineError::io("remove", &path, error))?;
            last = number - 1;
            break;
        }
        reader.check_header()?;
        let end = read_segment(&mut reader, may_be_unfinished, &mut check)?;
        if end < reader.end() {
            cut(&segment::path(journal, number), end)?;
        }
        meter.add(end);
        bytes += end;
        (chain, offset) = (reader.chain(), end);
    }
    let end = JournalEnd {
        segment: last,
        offset,
        chain,
    };
    check.settle(&end)?;
    let backup = Backup {
        segments: last,
        bytes,
        commits: chain.sequence,
        hash: chain.hash,
    };
    Ok((end, backup))
}

/// Returns where the segment's last whole commit ends.
fn read_segment(
    reader: &mut SegmentReader,
    may_be_unfinished: bool,
    check: &mut seal::ClaimCheck<'_>,
) -> Result<u64, EngineError> {
    let mut end = segment::HEADER_BYTES;
    loop {
        match reader.next_commit() {
            Ok(None) => return Ok(end),
            Ok(Some(commit)) => {
                if let Some(fault) = commit.fault {
                    return Err(damaged(reader.number(), commit.offset, fault));
                }
                end = commit.end;
                check.passes(commit.chain)?;
            }
            Err(EngineError::Damaged { offset, what, .. }) => {
                if !may_be_unfinished || reader.later_group_follows(offset)? {
                    return Err(damaged(reader.number(), offset, what));
                }
                check.ends(offset, &what);
                return Ok(end);
            }
            Err(error) => return Err(error),
        }
    }
}

fn cut(path: &Path, end: u64) -> Result<(), EngineError> {
    let cut = OpenOptions::new().write(true).open(path).and_then(|file: File| {
        file.set_len(end)?;
        file.sync_all()
    });
    cut.map_err(|error| EngineError::io("write", path, error))
}

/// An error unless a folder is empty or absent.
fn check_empty(dir: &Path) -> Result<(), EngineError> {
    match fs::read_dir(dir) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(EngineError::NotEmpty { dir: dir.to_owned() }),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(EngineError::io("list", dir, error)),
    }
}

/// A folder that is removed again unless it is kept.
struct NewFolder {
    layout: Layout,
    is_kept: bool,
}

impl NewFolder {
    fn make(dir: PathBuf) -> Result<Self, EngineError> {
        check_empty(&dir)?;
        layout::create_dir(&dir)?;
        Ok(Self {
            layout: Layout { dir },
            is_kept: false,
        })
    }

    /// Makes a folder of another name where one is to be: on the same disk, so that it can be renamed to it.
    fn make_beside(dir: &Path) -> Result<Self, EngineError> {
        let Some(name) = dir.file_name() else {
            return Err(EngineError::NotEmpty { dir: dir.to_owned() });
        };
        let mut unfinished = std::ffi::OsString::from(".");
        unfinished.push(name);
        unfinished.push(".unfinished");
        let unfinished = dir.with_file_name(unfinished);
        // What an interrupted attempt has left.
        let _ = fs::remove_dir_all(&unfinished);
        Self::make(unfinished)
    }

    fn keep(mut self) {
        self.is_kept = true;
    }

    /// Gives it its final name, which no folder has or an empty one.
    fn keep_as(mut self, dir: &Path) -> Result<(), EngineError> {
        // An empty folder may be in the way; one that is not empty stays, and then the rename fails.
        let _ = fs::remove_dir(dir);
        fs::rename(&self.layout.dir, dir).map_err(|error| EngineError::io("create", dir, error))?;
        self.is_kept = true;
        dir.parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .map_or(Ok(()), layout::sync_dir)
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        if !self.is_kept {
            // What stays is named as unfinished, or has no BACKUP file.
            let _ = fs::remove_dir_all(&self.layout.dir);
        }
    }
}

/// Fills a folder that must be empty or absent; where that fails, what was written is removed.
///
/// # Errors
/// [`EngineError::NotEmpty`], and what `fill` says.
pub fn fill_folder<T, E: From<EngineError>>(to: &Path, fill: impl FnOnce(&Path) -> Result<T, E>) -> Result<T, E> {
    let folder = NewFolder::make(to.to_owned())?;
    let filled = fill(to)?;
    layout::sync_dir(to)?;
    folder.keep();
    Ok(filled)
}

/// Builds a store in a folder that must be empty or absent, with whatever `fill` does to one that is open. Until that
/// is done, the folder stays as it was.
///
/// # Errors
/// Why it cannot be made, and what `fill` says.
pub fn build<T, E: From<EngineError>>(
    to: &Path,
    fill: impl FnOnce(super::EmbeddedEngine) -> Result<T, E>,
) -> Result<T, E> {
    check_empty(to)?;
    let folder = NewFolder::make_beside(to)?;
    let built = fill(super::EmbeddedEngine::open(&folder.layout.dir)?)?;
    folder.keep_as(to)?;
    Ok(built)
}
