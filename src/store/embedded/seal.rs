//! The seal: how far the journal has come, said outside of it, so that a tail that was changed or cut off is told from
//! one that a crash left unfinished, index or not.
//!
//! The file `seal` is text:
//!
//! ```text
//! pegbox seal 1
//! closed
//! segment 3
//! end 12345
//! commits 412
//! hash 7c1d90aa...
//! checksum 5f0a3b71...
//! ```
//!
//! | state | what it says of the journal |
//! | --- | --- |
//! | `closed` | it ends there: that segment is the last, and has so many bytes |
//! | `open` | it has that commit, and more may follow |
//! | `recovering` | it had that commit; somebody accepts that it is lost, and has not come to the end of that |
//!
//! The checksum is the first half of BLAKE3 over the lines above it. The state changes by a new file that is renamed
//! over the old one: at the first write of a process, and at a clean close. Between them, [`SLOT_AT`] bytes into the
//! file, the same lines are written again after each sync of the journal, and are not synced themselves: they cost a
//! commit some microseconds, and a power cut may leave them as they were at any earlier moment, or torn. Since they are
//! written after the journal's sync, they never say more than the disk has.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use super::acknowledged;
use super::index::Index;
use super::journal::{Frames, write_all_at};
use super::layout::{self, Found, Layout};
use super::segment::{self, ChainEnd, damaged};
use crate::store::engine::EngineError;

const FIRST_LINE: &str = "pegbox seal 1";
/// Where the lines lie that are written again and again: a sector of their own, so that none of them tears the first.
const SLOT_AT: usize = 512;
/// Bytes of a line that a seal can have, together; what is shorter is filled up with line ends.
const SLOT_BYTES: usize = 512;
const CHECKSUM_DIGITS: usize = 32;

/// Where a journal ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct JournalEnd {
    pub(super) segment: u32,
    /// Bytes of that segment.
    pub(super) offset: u64,
    pub(super) chain: ChainEnd,
}

/// In which state a seal says that the store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Everything was written and synced, and nothing since.
    Closed,
    /// A process writes, or did until it was killed.
    Open,
    /// A loss is being accepted.
    Recovering,
}

impl State {
    const ALL: [Self; 3] = [Self::Closed, Self::Open, Self::Recovering];

    fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::Recovering => "recovering",
        }
    }
}

/// What a seal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) state: State,
    pub(super) at: JournalEnd,
}

impl Claim {
    fn text(&self) -> String {
        let JournalEnd { segment, offset, chain } = self.at;
        let hash = blake3::Hash::from_bytes(chain.hash).to_hex();
        let lines = format!(
            "{FIRST_LINE}\n{}\nsegment {segment}\nend {offset}\ncommits {}\nhash {hash}\n",
            self.state.word(),
            chain.sequence
        );
        let checksum = blake3::hash(lines.as_bytes()).to_hex();
        format!(
            "{lines}checksum {}\n",
            checksum.get(..CHECKSUM_DIGITS).unwrap_or_default()
        )
    }

    /// Reads the lines at the front of some bytes, and gives what follows them.
    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let text = bytes.utf8_chunks().next()?.valid();
        let mut lines = text.lines().skip(1);
        let state = lines.next()?;
        let state = State::ALL.into_iter().find(|known| known.word() == state)?;
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let (segment, offset) = (field("segment")?.parse().ok()?, field("end")?.parse().ok()?);
        let (sequence, hash) = (field("commits")?.parse().ok()?, field("hash")?);
        let hash = *blake3::Hash::from_hex(hash).ok()?.as_bytes();
        let chain = ChainEnd { sequence, hash };
        let claim = Self {
            state,
            at: JournalEnd { segment, offset, chain },
        };
        // Written again and compared: there is one way to write it.
        let rest = bytes.strip_prefix(claim.text().as_bytes())?;
        Some((claim, rest))
    }
}

fn changed(what: impl Into<String>) -> EngineError {
    EngineError::Unsealed { what: what.into() }
}

/// What the seal of a store says; `None` for a store that is older than seals, or that was never completed.
///
/// # Errors
/// [`EngineError::Unsealed`] when it is missing or not what was written.
pub(super) fn read(layout: &Layout, found: Found) -> Result<Option<Claim>, EngineError> {
    let path = layout.seal();
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound && found != Found::Store => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(changed("the file is missing")),
        Err(error) => return Err(EngineError::io("read", &path, error)),
    };
    let claim = read_bytes(&bytes)?;
    if found == Found::Nothing {
        let was_completed = claim.state != State::Open || claim.at.chain.sequence > 0;
        return if was_completed {
            Err(changed("the file FORMAT is missing"))
        } else {
            Ok(None)
        };
    }
    if found == Found::OlderStore && claim.state == State::Closed {
        return Err(changed("FORMAT names a format that had no seals, and there is one"));
    }
    Ok(Some(claim))
}

fn read_bytes(bytes: &[u8]) -> Result<Claim, EngineError> {
    let (claim, rest) = Claim::read(bytes).ok_or_else(|| changed("the file is not what was written"))?;
    if claim.state != State::Open {
        let is_whole = rest.is_empty();
        return is_whole
            .then_some(claim)
            .ok_or_else(|| changed("something was added to the file"));
    }
    let slot = bytes.get(SLOT_AT..).and_then(Claim::read);
    let newer = slot.filter(|(newer, _)| newer.at.chain.sequence > claim.at.chain.sequence);
    Ok(newer.map_or(claim, |(newer, _)| newer))
}

/// Looks at the sizes of the files, before anything is read or written: what a clean close left is still that long.
///
/// # Errors
/// [`EngineError::Lost`], [`EngineError::Damaged`] and [`EngineError::Unsealed`].
pub(super) fn check_sizes(layout: &Layout, claim: &Claim, last: u32) -> Result<(), EngineError> {
    let (dir, at) = (layout.journal(), claim.at);
    if claim.state == State::Recovering {
        return Err(unfinished_recovery());
    }
    if at.segment > last {
        return Err(damaged(at.segment, 0, "the segment's file is missing"));
    }
    if claim.state != State::Closed {
        return Ok(());
    }
    if at.segment < last {
        let added = segment::path(Path::new("journal"), at.segment + 1);
        return Err(changed(format!(
            "the store was closed with segment {} as its last, and {} was added since",
            at.segment,
            added.display()
        )));
    }
    let bytes = segment::total_bytes(&dir, last, last)?;
    if bytes < at.offset {
        acknowledged::require(&dir, at.chain, last)?;
    }
    if bytes != at.offset {
        return Err(changed(format!(
            "the store was closed with {} bytes in journal/{last:08}.seg, which has {bytes} now",
            at.offset
        )));
    }
    Ok(())
}

/// Compares the journal, as it was read, with what the seal says of it.
///
/// # Errors
/// [`EngineError::Lost`] when it ends before that, [`EngineError::Unsealed`] when it is another one.
pub(super) fn check(
    layout: &Layout,
    claim: &Claim,
    found: &JournalEnd,
    index: &Index,
    frames: &Frames,
) -> Result<(), EngineError> {
    let claimed = claim.at.chain;
    if found.chain.sequence < claimed.sequence {
        acknowledged::require(&layout.journal(), claimed, found.segment)?;
    }
    let is_it = match claim.state {
        State::Closed => found == &claim.at,
        State::Open | State::Recovering => {
            claimed.sequence == 0 || hash_of(claimed.sequence, index, frames)? == Some(claimed.hash)
        }
    };
    if is_it {
        return Ok(());
    }
    Err(other_journal(claimed.sequence))
}

fn hash_of(sequence: u64, index: &Index, frames: &Frames) -> Result<Option<[u8; 32]>, EngineError> {
    let pointer = index.view()?.commits(sequence, 1)?.first().copied();
    pointer.map(|pointer| Ok(frames.commit(pointer)?.hash)).transpose()
}

/// The seal of a store that is open. Owned by the writer.
pub(super) struct Seal {
    layout: Layout,
    state: State,
    /// Where the file can be written in place, once it says that the store is open.
    slot: Option<File>,
}

impl Seal {
    /// `claim` is what the file says, if it says anything.
    pub(super) fn new(layout: &Layout, claim: Option<&Claim>) -> Self {
        Self {
            layout: layout.clone(),
            state: claim.map_or(State::Open, |claim| claim.state),
            slot: None,
        }
    }

    /// Writes a state, durably.
    pub(super) fn write(&mut self, state: State, at: JournalEnd) -> Result<(), EngineError> {
        let mut bytes = Claim { state, at }.text().into_bytes();
        if state == State::Open {
            bytes.resize(SLOT_AT + SLOT_BYTES, b'\n');
        }
        // Windows replaces no file that is open.
        self.slot = None;
        layout::write_durably(&self.layout.seal(), &bytes)?;
        self.state = state;
        Ok(())
    }

    /// Says that the journal is about to grow from here. Once for each process that writes.
    pub(super) fn begin(&mut self, at: JournalEnd) -> Result<(), EngineError> {
        if self.slot.is_some() || self.state == State::Recovering {
            return Ok(());
        }
        self.write(State::Open, at)?;
        let path = self.layout.seal();
        let opened = OpenOptions::new().write(true).open(&path);
        self.slot = Some(opened.map_err(|error| EngineError::io("open", &path, error))?);
        Ok(())
    }

    /// Says how far the journal has come. What cannot be written is made up for by the next time.
    pub(super) fn reach(&self, at: JournalEnd) {
        let Some(file) = &self.slot else { return };
        let mut bytes = Claim { state: State::Open, at }.text().into_bytes();
        bytes.resize(SLOT_BYTES, b'\n');
        let _ = write_all_at(file, &bytes, SLOT_AT as u64);
    }

    /// Says that the journal ends here. Where that cannot be written, the store counts as not closed.
    pub(super) fn close(&mut self, at: JournalEnd) {
        if self.state != State::Closed {
            let _ = self.write(State::Closed, at);
        }
    }
}

/// Compares a journal that is being read, commit after commit, with what a seal says of it.
pub(super) struct ClaimCheck<'a> {
    claim: Option<&'a Claim>,
    /// Where the journal stops to read, and why.
    fault: Option<(u64, String)>,
}

impl<'a> ClaimCheck<'a> {
    pub(super) fn new(claim: Option<&'a Claim>) -> Self {
        Self { claim, fault: None }
    }

    /// # Errors
    /// [`EngineError::Unsealed`] at the commit that is another one.
    pub(super) fn passes(&self, commit: ChainEnd) -> Result<(), EngineError> {
        let is_other = |claim: &&Claim| claim.at.chain.sequence == commit.sequence && claim.at.chain != commit;
        self.claim
            .filter(is_other)
            .map_or(Ok(()), |_| Err(other_journal(commit.sequence)))
    }

    /// Notes why nothing more is read.
    pub(super) fn ends(&mut self, offset: u64, what: &str) {
        self.fault = Some((offset, what.to_owned()));
    }

    /// # Errors
    /// [`EngineError::Lost`] when the journal ends before the commit that the seal names.
    pub(super) fn settle(&self, end: &JournalEnd) -> Result<(), EngineError> {
        let acknowledged = self.claim.map_or(0, |claim| claim.at.chain.sequence);
        if end.chain.sequence >= acknowledged {
            return Ok(());
        }
        let fault = self.fault.clone();
        let (offset, what) = fault.unwrap_or_else(|| (end.offset, "the file ends here".into()));
        Err(EngineError::Lost {
            segment: end.segment,
            offset,
            what,
            reads: end.chain.sequence,
            acknowledged,
        })
    }
}

/// Compares a copy of a store that nobody has written to meanwhile, and of which the last segment has so many bytes,
/// with its seal.
///
/// # Errors
/// [`EngineError::Unsealed`].
pub(super) fn check_copy(claim: &Claim, end: &JournalEnd, bytes: u64) -> Result<(), EngineError> {
    match claim.state {
        State::Closed if *end != claim.at || bytes != end.offset => Err(changed(format!(
            "the store was closed with commit {} at byte {} of journal/{:08}.seg as its end, and more follows",
            claim.at.chain.sequence, claim.at.offset, claim.at.segment
        ))),
        State::Recovering => Err(unfinished_recovery()),
        State::Closed | State::Open => Ok(()),
    }
}

fn unfinished_recovery() -> EngineError {
    changed("a recovery of this store was begun, and did not come to its end")
}

fn other_journal(sequence: u64) -> EngineError {
    changed(format!(
        "it was written for a journal with another commit {sequence}: files of two stores, or of two ages of one, were \
         put together"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(state: State, sequence: u64) -> Claim {
        let chain = ChainEnd {
            sequence,
            hash: [7; 32],
        };
        let at = JournalEnd {
            segment: 3,
            offset: 12_345,
            chain,
        };
        Claim { state, at }
    }

    fn store() -> (tempfile::TempDir, Layout) {
        let dir = tempfile::tempdir().expect("a folder");
        let layout = Layout {
            dir: dir.path().to_owned(),
        };
        (dir, layout)
    }

    fn said(layout: &Layout) -> Result<Claim, String> {
        let read = read(layout, Found::Store).map_err(|error| error.to_string());
        read.map(|claim| claim.expect("a store has one"))
    }

    #[test]
    fn what_is_written_is_read() {
        let (_dir, layout) = store();
        assert!(said(&layout).is_err_and(|error| error.contains("missing")));
        assert_eq!(read(&layout, Found::OlderStore).expect("none is asked for"), None);
        for state in State::ALL {
            let wanted = claim(state, 412);
            Seal::new(&layout, None).write(state, wanted.at).expect("written");
            assert_eq!(said(&layout), Ok(wanted));
        }
    }

    #[test]
    fn every_changed_byte_of_a_closed_one_is_noticed() {
        let (_dir, layout) = store();
        let at = claim(State::Closed, 412).at;
        Seal::new(&layout, None).write(State::Closed, at).expect("written");
        let whole = fs::read(layout.seal()).expect("read");
        for (place, bit) in (0..whole.len()).flat_map(|place| (0..8).map(move |bit| (place, bit))) {
            let mut bytes = whole.clone();
            bytes[place] ^= 1 << bit;
            fs::write(layout.seal(), &bytes).expect("written");
            assert!(said(&layout).is_err(), "byte {place} bit {bit}");
            fs::write(layout.seal(), &whole[..place]).expect("written");
            assert!(said(&layout).is_err(), "cut at {place}");
        }
        fs::write(layout.seal(), [whole, b"\n".to_vec()].concat()).expect("written");
        assert!(said(&layout).is_err(), "a byte more");
    }

    #[test]
    fn an_open_one_says_the_newest_that_it_can() {
        let (_dir, layout) = store();
        let mut seal = Seal::new(&layout, None);
        seal.begin(claim(State::Open, 5).at).expect("begun");
        assert_eq!(said(&layout), Ok(claim(State::Open, 5)));
        for sequence in [6, 1_000, 1_001] {
            seal.reach(claim(State::Open, sequence).at);
            assert_eq!(said(&layout), Ok(claim(State::Open, sequence)));
        }
        let whole = fs::read(layout.seal()).expect("read");
        for place in SLOT_AT..SLOT_AT + 100 {
            let mut bytes = whole.clone();
            bytes[place] = 0;
            fs::write(layout.seal(), &bytes).expect("written");
            assert_eq!(said(&layout), Ok(claim(State::Open, 5)), "torn at {place}");
        }
        fs::write(layout.seal(), &whole[..SLOT_AT]).expect("written");
        assert_eq!(said(&layout), Ok(claim(State::Open, 5)));
    }
}
