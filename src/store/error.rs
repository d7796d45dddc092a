//! Why an engine refuses, and what a person can do about it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EngineError {
    /// Another process holds the store.
    #[error("the store {} is in use: another pegbox process holds its lock", dir.display())]
    Busy {
        /// The store's folder.
        dir: PathBuf,
    },
    /// A precondition failed; nothing of the batch was applied.
    #[error("the change was not applied: {} is not as expected", key.escape_ascii())]
    Conflict {
        /// The key whose state differs.
        key: Vec<u8>,
    },
    /// The disk is full. Everything acknowledged is kept.
    #[error("the disk of {} is full: nothing more was stored, everything acknowledged before is kept", dir.display())]
    Full {
        /// The folder that could not grow.
        dir: PathBuf,
    },
    /// The folder lies on a disk that cannot be written.
    #[error("cannot open the store {}: its disk is read-only, and an open store holds a lock in it", dir.display())]
    ReadOnly {
        /// The folder that could not be written.
        dir: PathBuf,
    },
    /// An earlier write failed; the store takes no more until it is opened again.
    #[error("the store takes no more requests: {why}")]
    Poisoned {
        /// What failed earlier.
        why: String,
    },
    /// Stored bytes are not what was written.
    #[error("the store is damaged in segment {segment} at byte {offset}: {what}")]
    Damaged {
        /// The number of the journal's segment.
        segment: u32,
        /// Bytes from the start of that segment.
        offset: u64,
        /// What is wrong there.
        what: String,
    },
    /// The journal's tail does not read, and it held commits that were acknowledged. Nothing was changed.
    #[error(
        "{}: journal/{segment:08}.seg, byte {offset}: {what}; the last commit that reads is {reads}, and nothing was \
         changed",
        lost_commits(*reads, *acknowledged)
    )]
    Lost {
        /// The number of the journal's segment.
        segment: u32,
        /// Bytes from the start of that segment.
        offset: u64,
        /// What is wrong there.
        what: String,
        /// The last commit that reads.
        reads: u64,
        /// The last commit that is known to have been there.
        acknowledged: u64,
    },
    /// The journal is not the one that the store's seal was written for, or the seal itself was changed. Nothing was
    /// changed.
    #[error("the store is not as it was left, by its file seal: {what}; nothing was changed")]
    Unsealed {
        /// What differs.
        what: String,
    },
    /// Nothing is lost that could be accepted as lost.
    #[error("nothing of the store is lost, by all that it says of itself: nothing was changed")]
    NothingLost,
    /// Not one commit of the store reads, so there is nothing to go on with.
    #[error("not one commit of the store reads, so there is nothing to keep: {why}")]
    NothingReads {
        /// Why it does not open.
        why: String,
    },
    /// The batch exceeds a limit of [`engine`](super::engine); nothing of it was applied.
    #[error("the change was not applied: {what} of {bytes} bytes is over the limit of {limit}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size in bytes.
        bytes: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A newer pegbox wrote this store.
    #[error("the store has format {found}: this version reads up to {supported}")]
    NewerFormat {
        /// The store's format number.
        found: u32,
        /// The newest format that this program knows.
        supported: u32,
    },
    /// The folder holds something else.
    #[error("{} is not a pegbox store: {what}", dir.display())]
    NotAStore {
        /// The folder that was to be opened.
        dir: PathBuf,
        /// What was found instead.
        what: String,
    },
    /// A folder that something was to be written into holds something.
    #[error("{} is not empty: nothing was written", dir.display())]
    NotEmpty {
        /// The folder.
        dir: PathBuf,
    },
    /// A folder is no backup, or one that was not completed.
    #[error("{} is not a complete backup: {what}", dir.display())]
    NotABackup {
        /// The folder.
        dir: PathBuf,
        /// What is missing.
        what: &'static str,
    },
    /// A backup does not hold what was written into it.
    #[error("the backup {} is damaged: {what}; nothing was restored", dir.display())]
    DamagedBackup {
        /// Its folder.
        dir: PathBuf,
        /// What is wrong, and where.
        what: String,
    },
    /// The operating system refused.
    #[error("could not {what} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer. Shared, because one failed write fails every batch of its group.
        source: Arc<io::Error>,
    },
}

/// Which commits are lost, where the first of two was the last to read, and the other the last to be stored.
pub fn lost_commits(reads: u64, acknowledged: u64) -> String {
    if acknowledged == reads.saturating_add(1) {
        format!("commit {acknowledged} was stored and is lost")
    } else {
        format!("commits {} to {acknowledged} were stored and are lost", reads + 1)
    }
}

impl EngineError {
    /// An error of the operating system; a full disk becomes [`EngineError::Full`], one that cannot be written
    /// [`EngineError::ReadOnly`].
    pub fn io(what: &'static str, path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full {
                dir: path.parent().unwrap_or(path).to_owned(),
            },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly {
                dir: path.parent().unwrap_or(path).to_owned(),
            },
            _ => Self::Io {
                what,
                path: path.to_owned(),
                source: Arc::new(source),
            },
        }
    }

    /// Whether stored bytes are not what was written, or are not there any more.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::Lost { .. } | Self::Unsealed { .. })
    }

    /// What a person can do about it; starts with a verb.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Busy { .. } => "close the other pegbox, or choose another folder with --store",
            Self::Conflict { .. } => "load the latest state and try again",
            Self::Full { .. } => "free some space on that disk and open the store again",
            Self::ReadOnly { .. } => "copy the folder to a disk that can be written, and open the copy with --store",
            Self::Poisoned { .. } => {
                "close pegbox, mend what the message names, such as a full disk, and open the store again"
            }
            Self::Damaged { .. } | Self::Lost { .. } | Self::Unsealed { .. } => {
                "see what is damaged with `pegbox store verify`, and restore a backup; without one, \
                 `pegbox store recover` keeps what reads"
            }
            Self::NothingReads { .. } => "restore a backup with `pegbox store restore`",
            Self::NothingLost => "open it; where that fails, the message says why",
            Self::TooLarge { .. } => "split the content into smaller parts",
            Self::NewerFormat { .. } => "install the newer pegbox that wrote it",
            Self::NotAStore { .. } => "choose an empty folder or a store with --store",
            Self::NotEmpty { .. } => "name a folder that is empty or does not exist yet",
            Self::NotABackup { .. } => "name the folder that `pegbox store backup` wrote",
            Self::DamagedBackup { .. } => "restore another backup, and check the disk that this one lies on",
            Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                "take the folder and all in it into your ownership, or copy it and open the copy with --store"
            }
            Self::Io { .. } => "check that the folder exists, is yours and can be written",
        }
    }
}
