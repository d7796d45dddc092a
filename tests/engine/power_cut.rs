//! A power cut: of what was not synced, the disk has kept anything. What was acknowledged is there all the same.
//!
//! A store is written once, and what each moment has synced is noted. From that, disks are made as a cut may leave
//! them: the synced part of the journal; of the group that was being written nothing, a part, holes or zeros; and an
//! index, which is never synced, in any state at all.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use pegbox::store::embedded::{EmbeddedEngine, Recovery, Sizes};
use pegbox::store::engine::{Engine, Pending, Scan};

use crate::store::{batch, len, put, segment, text};

const CUTS: u64 = 120;
/// Rounds that the store is written in; the batches of one round share syncs.
const ROUNDS: usize = 40;
/// The index is copied after each of so many rounds.
const ROUNDS_PER_COPY: usize = 4;
/// The journal's layout, as its documentation gives it.
const SEGMENT_HEADER_BYTES: usize = 72;
const FRAME_HEADER_BYTES: usize = 28;
const COMMIT_KIND: u8 = 3;
/// What a disk writes or loses at once, at most.
const SECTOR_BYTES: u64 = 512;
const SEED: u64 = 20_261_124;
/// Some groups fit into a segment, so that cuts hit rotations too.
const SIZES: Sizes = Sizes {
    segment_bytes: 12 * 1024,
    ballast_bytes: 4_096,
    index_changes: 50,
};

/// A generator of numbers that are the same in every run.
pub struct Dice(pub u64);

impl Dice {
    /// A number below `sides`, which is not 0.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    pub fn pick(&mut self, sides: usize) -> usize {
        usize::try_from(self.roll(sides as u64)).expect("small")
    }
}

pub type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// What one sync made durable.
#[derive(Debug)]
struct Group {
    segment: u32,
    start: u64,
    end: u64,
    /// Commits before it: acknowledged, once it is being written.
    before: usize,
    /// Commits with it.
    after: usize,
}

/// A store, and how it became what it is.
struct Recording {
    dir: tempfile::TempDir,
    groups: Vec<Group>,
    /// What is stored after so many commits.
    states: Vec<Entries>,
    /// Copies of the index, each with the number of commits that it had at most.
    indexes: Vec<(usize, PathBuf)>,
    /// Copies of the seal, each with the number of commits that it names.
    seals: Vec<(usize, Vec<u8>)>,
}

impl Recording {
    fn make(dice: &mut Dice) -> Self {
        let mut recording = Self {
            dir: tempfile::tempdir().expect("a folder"),
            groups: Vec::new(),
            states: vec![Entries::new()],
            indexes: Vec::new(),
            seals: Vec::new(),
        };
        let live = recording.live();
        let engine = EmbeddedEngine::open_with(&live, SIZES).expect("the store opens");
        recording.copy_seal();
        for round in 1..=ROUNDS {
            recording.write_round(&engine, dice);
            recording.copy_seal();
            if round % ROUNDS_PER_COPY == 0 {
                let copy = recording.dir.path().join(format!("index.{round}"));
                copy_files(&live.join("index"), &copy);
                recording.indexes.push((recording.states.len() - 1, copy));
            }
        }
        let segments = u32::try_from(engine.stats().expect("stats").segments).expect("few");
        for number in 1..=segments {
            recording.read_groups(number);
        }
        recording
    }

    fn copy_seal(&mut self) {
        let seal = fs::read(self.live().join("seal")).expect("read");
        self.seals.push((self.states.len() - 1, seal));
    }

    /// Several batches at once, of several keys each, some overwriting and deleting what is there.
    fn write_round(&mut self, engine: &EmbeddedEngine, dice: &mut Dice) {
        let mut pending: Vec<Pending> = Vec::new();
        for _ in 0..=dice.roll(6) {
            let number = self.states.len();
            let mut state = self.states.last().expect("the empty state").clone();
            let mut changes = batch(&format!("commit {number}"));
            for op in 0..=dice.roll(3) {
                let key = format!("k/{}", dice.roll(60)).into_bytes();
                if dice.roll(4) == 0 {
                    state.remove(&key);
                    changes = changes.delete(key);
                } else {
                    let value = format!("{number}.{op} ").repeat(1 + dice.pick(200)).into_bytes();
                    state.insert(key.clone(), value.clone());
                    changes = changes.put(key, value);
                }
            }
            self.states.push(state);
            pending.push(engine.submit(changes));
        }
        assert!(pending.into_iter().all(|pending| pending.wait().is_ok()));
    }

    /// Reads from the journal which batches had shared a sync: each commit frame says how far before it that began.
    fn read_groups(&mut self, number: u32) {
        let bytes = fs::read(segment(&self.live(), number)).expect("read");
        let field = |at: usize, len: usize| {
            bytes[at..at + len]
                .iter()
                .rev()
                .fold(0, |n, byte| n << 8 | u64::from(*byte))
        };
        let mut at = SEGMENT_HEADER_BYTES;
        while at < bytes.len() {
            let (kind, key_bytes, value_bytes) = (bytes[at + 4], field(at + 6, 2), field(at + 8, 4));
            let body = at + FRAME_HEADER_BYTES;
            let end = body + usize::try_from(key_bytes + value_bytes).expect("small");
            if kind == COMMIT_KIND {
                let commits = usize::try_from(field(body, 8)).expect("few");
                let start = at as u64 - field(body + 8, 8);
                match self.groups.last_mut() {
                    Some(group) if (group.segment, group.start) == (number, start) => {
                        (group.end, group.after) = (end as u64, commits);
                    }
                    _ => self.groups.push(Group {
                        segment: number,
                        start,
                        end: end as u64,
                        before: commits - 1,
                        after: commits,
                    }),
                }
            }
            at = end;
        }
    }

    fn live(&self) -> PathBuf {
        self.dir.path().join("live")
    }

    /// Makes the disk as a cut left it while a group was being written.
    fn cut(&self, group: &Group, to: &Path, dice: &mut Dice) -> String {
        fs::create_dir_all(to.join("journal")).expect("folders are made");
        fs::copy(self.live().join("FORMAT"), to.join("FORMAT")).expect("the format is copied");
        for number in 1..=group.segment {
            fs::copy(segment(&self.live(), number), segment(to, number)).expect("a segment is copied");
        }
        let tail = keep_some_of_the_tail(group, &segment(to, group.segment), dice);
        let index = self.keep_some_index(group, to, dice);
        let seal = self.keep_some_seal(group, &to.join("seal"), dice);
        format!("{group:?}: {tail}, {index}, {seal}")
    }

    /// A seal of any age that the synced journal covers, whole or torn where it is written in place.
    fn keep_some_seal(&self, group: &Group, to: &Path, dice: &mut Dice) -> String {
        let ages: Vec<_> = self
            .seals
            .iter()
            .filter(|(commits, _)| *commits <= group.before)
            .collect();
        let newest = dice.roll(2) == 0;
        let (commits, seal) = ages[if newest { ages.len() - 1 } else { dice.pick(ages.len()) }];
        let mut seal = seal.clone();
        let sector = usize::try_from(SECTOR_BYTES).expect("small");
        let what = match dice.roll(4) {
            0 => {
                seal.truncate(sector);
                "without its slot"
            }
            1 if seal.len() > sector => {
                let torn = sector + dice.pick(seal.len() - sector);
                seal[torn..].fill(0);
                "with a torn slot"
            }
            _ => "whole",
        };
        fs::write(to, seal).expect("written");
        format!("seal of commit {commits} {what}")
    }

    /// An index of any age that the synced journal covers, whole or ruined.
    fn keep_some_index(&self, group: &Group, to: &Path, dice: &mut Dice) -> String {
        let ages: Vec<_> = self
            .indexes
            .iter()
            .filter(|(commits, _)| *commits <= group.before)
            .collect();
        if ages.is_empty() || dice.roll(8) == 0 {
            return "no index".into();
        }
        let (commits, copy) = ages[dice.pick(ages.len())];
        let index = to.join("index");
        copy_files(copy, &index);
        let (_, other) = ages[dice.pick(ages.len())];
        after_a_restart(to);
        let what = ruin(&index, other, dice);
        format!("index of commit {commits} {what}")
    }
}

/// Says in a store's folder that it was in use when the machine stopped.
pub fn after_a_restart(store: &Path) {
    fs::write(store.join("index.in-use"), "an earlier start").expect("written");
}

/// Does to an index what a cut may do to files that are never synced; `other` is an index of another age.
pub fn ruin(index: &Path, other: &Path, dice: &mut Dice) -> String {
    let mut files: Vec<_> = files_of(index);
    files.sort();
    let victim = &files[dice.pick(files.len())];
    let name = victim.file_name().expect("a name").display();
    match dice.roll(7) {
        0 => {
            for file in &files {
                set_len(file, 0);
            }
            "with all files empty".into()
        }
        1 => {
            set_len(victim, dice.roll(len(victim) + 1));
            format!("with {name} cut short")
        }
        2 => {
            fs::remove_file(victim).expect("removed");
            format!("without {name}")
        }
        3 => {
            fs::copy(other.join("db"), index.join("db")).expect("copied");
            "with the data of another age".into()
        }
        4 => {
            let db = index.join("db");
            let from = dice.roll(len(&db));
            let bytes = (SECTOR_BYTES * (1 + dice.roll(200))).min(len(&db) - from);
            zero(&db, from, bytes);
            format!("with {bytes} zeros at {from} of its data")
        }
        _ => "whole".into(),
    }
}

/// What the disk has kept of a group that nobody was told of.
fn keep_some_of_the_tail(group: &Group, path: &Path, dice: &mut Dice) -> String {
    set_len(path, group.end);
    let bytes = group.end - group.start;
    match dice.roll(7) {
        // The segment may have been begun for this group.
        0 if group.start == SEGMENT_HEADER_BYTES as u64 && group.segment > 1 => {
            match dice.roll(3) {
                0 => fs::remove_file(path).expect("removed"),
                1 => set_len(path, dice.roll(group.start)),
                _ => set_len(path, group.start),
            }
            "segment hardly begun".into()
        }
        0 | 1 => {
            set_len(path, group.start);
            "tail lost".into()
        }
        2 => {
            let kept = dice.roll(bytes);
            set_len(path, group.start + kept);
            format!("{kept} of {bytes} bytes kept")
        }
        3 => {
            let kept = dice.roll(bytes);
            zero(path, group.start + kept, bytes - kept);
            format!("{kept} of {bytes} bytes, then zeros")
        }
        4 | 5 => {
            let holes = 1 + dice.roll(3);
            for _ in 0..holes {
                let sector = (group.start + dice.roll(bytes)) / SECTOR_BYTES * SECTOR_BYTES;
                let (from, until) = (sector.max(group.start), (sector + SECTOR_BYTES).min(group.end));
                zero(path, from, until - from);
            }
            format!("{holes} holes in {bytes} bytes")
        }
        _ => "tail kept".into(),
    }
}

fn files_of(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir)
        .expect("listed")
        .map(|entry| entry.expect("entry").path());
    entries.filter(|path| path.is_file()).collect()
}

pub fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to.join("blobs")).expect("folders are made");
    for path in files_of(from) {
        // sled removes its own snapshots meanwhile.
        let _ = fs::copy(&path, to.join(path.file_name().expect("a name")));
    }
}

pub fn set_len(path: &Path, bytes: u64) {
    let file = OpenOptions::new().write(true).open(path).expect("opened");
    file.set_len(bytes).expect("cut");
}

fn zero(path: &Path, from: u64, bytes: u64) {
    let mut file: File = OpenOptions::new().write(true).open(path).expect("opened");
    file.seek(SeekFrom::Start(from)).expect("sought");
    let zeros = vec![0; usize::try_from(bytes).expect("small")];
    file.write_all(&zeros).expect("written");
}

/// An index so large that opening it does not read all of it.
#[test]
fn holes_in_a_large_index_are_found_and_mended_at_once() {
    const KEYS: usize = 40_000;
    let mut dice = Dice(SEED);
    let dir = tempfile::tempdir().expect("a folder");
    let live = dir.path().join("live");
    let engine = EmbeddedEngine::open(&live).expect("the store opens");
    for first in (0..KEYS).step_by(1_000) {
        let name = |n| format!("key/{n:06}/{}", "x".repeat(60));
        let many = (first..first + 1_000).fold(batch("many"), |batch, n| batch.put(name(n), "v"));
        engine.commit(many).expect("taken");
    }
    drop(engine);
    // Opened once more, so that sled has a snapshot and need not read its data again.
    drop(EmbeddedEngine::open(&live).expect("the store opens"));
    let mut rebuilt = 0;
    // sled lays its pages out a little differently each time, so that a hole may be where nothing is used.
    for round in 0..40 {
        if rebuilt > 0 && round >= 6 {
            break;
        }
        let disk = dir.path().join(format!("disk.{round}"));
        copy_files(&live.join("journal"), &disk.join("journal"));
        copy_files(&live.join("index"), &disk.join("index"));
        fs::copy(live.join("FORMAT"), disk.join("FORMAT")).expect("copied");
        fs::copy(live.join("seal"), disk.join("seal")).expect("copied");
        after_a_restart(&disk);
        let db = disk.join("index").join("db");
        let from = dice.roll(len(&db) / 2) / SECTOR_BYTES * SECTOR_BYTES;
        zero(&db, from, SECTOR_BYTES * 64);
        let engine = EmbeddedEngine::open(&disk).expect("the store opens");
        rebuilt += usize::from(engine.recovery().index_rebuilt.is_some());
        assert_eq!(
            engine.count(b"key/").expect("every slot can be read"),
            KEYS as u64,
            "round {round}"
        );
        assert_eq!(engine.verify().expect("verify").findings, [], "round {round}");
    }
    assert!(rebuilt > 0, "some hole is in what is used");
}

#[test]
fn what_was_acknowledged_survives_a_power_cut() {
    let mut dice = Dice(SEED);
    let recording = Recording::make(&mut dice);
    let mut unacknowledged = 0;
    for number in 0..CUTS {
        let disk = tempfile::tempdir_in(recording.dir.path()).expect("a folder");
        let group = &recording.groups[dice.pick(recording.groups.len())];
        let cut = format!("cut {number} in {}", recording.cut(group, disk.path(), &mut dice));

        let engine = EmbeddedEngine::open_with(disk.path(), SIZES).unwrap_or_else(|error| panic!("{cut}: {error}"));
        let commits = usize::try_from(engine.stats().expect(&cut).commits).expect("few");
        assert!(commits >= group.before, "{cut}: only {commits} commits");
        assert!(commits <= group.after, "{cut}: {commits} commits");
        let entries: Entries = engine.scan(&Scan::prefix("", 1_000)).expect(&cut).into_iter().collect();
        assert!(
            entries == recording.states[commits],
            "{cut}: the state is that of no moment"
        );
        put(&engine, "after", &cut);
        assert_eq!(engine.verify().expect(&cut).findings, [], "{cut}");
        drop(engine);
        let engine = EmbeddedEngine::open_with(disk.path(), SIZES).unwrap_or_else(|error| panic!("{cut}: {error}"));
        assert_eq!(engine.recovery(), &Recovery::default(), "{cut}");
        assert_eq!(text(&engine, "after"), Some(cut));
        unacknowledged += commits - group.before;
    }
    println!("{CUTS} cuts, {unacknowledged} commits kept that nobody was told of");
    assert!(unacknowledged > 0, "some cuts keep a part of a group");
}
