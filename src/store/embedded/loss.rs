//! Accepting a loss: the journal up to where it reads soundly is kept, and what follows is set aside.
//!
//! A store that lacks what was acknowledged does not open, and a backup is the way back. Where there is none, somebody
//! may decide to go on without: then all that follows the last sound commit goes into a folder of its own under
//! `set-aside/`, byte for byte, and the store goes on with a commit that says who decided that and why.
//!
//! 1. The seal says `recovering`, durably: until all is done, no other open takes the store for a whole one.
//! 2. The index is built anew from what is kept. Nothing of the journal has changed so far, and who may not accept the
//!    loss can still be refused.
//! 3. With the first commit, what follows is copied aside, durably, and only then cut off.
//! 4. A clean close seals the store. Interrupted at any moment, it can be begun again.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::Sizes;
use super::acknowledged;
use super::journal::Journal;
use super::layout::{self, Found, Layout};
use super::rebuild::{self, Recovered};
use super::seal::{self, Claim, JournalEnd, Seal, State};
use super::segment;
use crate::store::advance::Watch;
use crate::store::engine::EngineError;
use crate::store::error::lost_commits;

/// What a store has lost, and what is kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// Why the store does not open.
    pub why: String,
    /// The last commit that is kept.
    pub kept: u64,
    /// The last commit that is known to have been stored; `kept` where no later one is known.
    pub known: u64,
    /// Bytes that are set aside.
    pub bytes: u64,
    /// Where they are set aside, under the store's folder.
    pub folder: PathBuf,
}

impl Loss {
    /// Which commits are lost, in words.
    pub fn lost_commits(&self) -> String {
        lost_commits(self.kept, self.known)
    }
}

/// What is to be set aside before the journal goes on.
pub(super) struct Remainder {
    layout: Layout,
    kept: JournalEnd,
    /// The seal as it was found; empty where there was none.
    seal: Vec<u8>,
    folder: PathBuf,
}

/// Opens a store without what it has lost. The journal is as it was until the first commit.
///
/// # Errors
/// [`EngineError::NothingLost`] when it opens as it is, [`EngineError::NothingReads`] when nothing could be kept.
pub(super) fn open(
    layout: &Layout,
    found: Found,
    sizes: Sizes,
    watch: Watch<'_>,
) -> Result<(Recovered, Loss), EngineError> {
    let why = match rebuild::recover(layout, found, sizes, watch) {
        Ok(_) => return Err(EngineError::NothingLost),
        Err(error) if error.is_damage() => error,
        Err(error) => return Err(error),
    };
    let dir = layout.journal();
    let numbers = segment::numbers(&dir)?;
    let held = acknowledged::read(&dir, numbers.last().copied().unwrap_or(0))?;
    let Some(kept) = held.end.filter(|end| end.chain.sequence > 0) else {
        return Err(EngineError::NothingReads { why: why.to_string() });
    };
    let claimed = seal::read(layout, found).ok().flatten();
    let known = [
        claimed.map_or(0, |claim| claim.at.chain.sequence),
        acknowledged_by(&why),
    ];
    let known = known.into_iter().fold(kept.chain.sequence, u64::max);
    let remainder = Remainder {
        layout: layout.clone(),
        kept,
        seal: fs::read(layout.seal()).unwrap_or_default(),
        folder: free_folder(layout),
    };
    let loss = Loss {
        kept: kept.chain.sequence,
        known,
        bytes: remainder.bytes(&numbers)?,
        folder: relative(layout, &remainder.folder),
        why: why.to_string(),
    };
    let mut claim = Claim {
        state: State::Recovering,
        at: kept,
    };
    claim.at.chain.sequence = known;
    Seal::new(layout, None).write(claim.state, claim.at)?;
    if found == Found::OlderStore {
        layout.write_format()?;
    }
    let recovered = rebuild::keep(layout, &claim, kept, sizes, watch)?;
    let recovered = Recovered {
        remainder: Some(remainder),
        ..recovered
    };
    Ok((recovered, loss))
}

/// What the index knew of, which is about to be built anew.
fn acknowledged_by(why: &EngineError) -> u64 {
    match why {
        EngineError::Lost { acknowledged, .. } => *acknowledged,
        _ => 0,
    }
}

/// A name under `set-aside/` that nothing has.
fn free_folder(layout: &Layout) -> PathBuf {
    let folders = (1_u64..).map(|number| layout.set_aside().join(number.to_string()));
    let mut free = folders.filter(|folder| !folder.exists());
    free.next().unwrap_or_else(|| layout.set_aside())
}

fn relative(layout: &Layout, folder: &Path) -> PathBuf {
    folder.strip_prefix(&layout.dir).unwrap_or(folder).to_owned()
}

impl Remainder {
    /// Bytes of the journal behind what is kept.
    fn bytes(&self, numbers: &[u32]) -> Result<u64, EngineError> {
        let mut bytes = 0;
        for number in numbers.iter().filter(|number| **number >= self.kept.segment) {
            bytes += segment::total_bytes(&self.layout.journal(), *number, *number)?;
        }
        Ok(bytes.saturating_sub(self.kept.offset))
    }

    /// Copies everything behind what is kept, durably, then cuts it off.
    pub(super) fn set_aside(&self, journal: &mut Journal) -> Result<(), EngineError> {
        layout::create_dir(&self.folder)?;
        if !self.seal.is_empty() {
            layout::write_durably(&self.folder.join("seal"), &self.seal)?;
        }
        let (dir, kept) = (self.layout.journal(), self.kept);
        let path = segment::path(&dir, kept.segment);
        let name = format!("{:08}.seg.from-{}", kept.segment, kept.offset);
        copy_from(&path, kept.offset, &self.folder.join(name))?;
        layout::sync_dir(&self.folder)?;
        layout::sync_dir(&self.layout.set_aside())?;
        layout::sync_dir(&self.layout.dir)?;
        for number in segment::numbers(&dir)?
            .into_iter()
            .filter(|number| *number > kept.segment)
        {
            let from = segment::path(&dir, number);
            let to = segment::path(&self.folder, number);
            fs::rename(&from, &to).map_err(|error| EngineError::io("set aside", &from, error))?;
        }
        layout::sync_dir(&self.folder)?;
        layout::sync_dir(&dir)?;
        journal.cut()
    }
}

/// Copies the bytes of a file from an offset on, durably; nothing where there are none.
fn copy_from(from: &Path, offset: u64, to: &Path) -> Result<(), EngineError> {
    let copied = File::open(from).and_then(|mut source| {
        let bytes = source.metadata()?.len().saturating_sub(offset);
        if bytes == 0 {
            return Ok(());
        }
        source.seek(SeekFrom::Start(offset))?;
        let mut target = File::create(to)?;
        io::copy(&mut source.take(bytes), &mut target)?;
        target.sync_all()
    });
    copied.map_err(|error| EngineError::io("set aside", from, error))
}
