//! A power cut while a compaction replaces segments: at each of its steps, with an index of any age, the store opens by
//! itself, and nothing is lost.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use pegbox::store::embedded::{EmbeddedEngine, Recovery, Sizes};
use pegbox::store::engine::{Engine, Entry, PastCommit, Scan};

use crate::power_cut::{Dice, after_a_restart, copy_files, ruin, set_len};
use crate::store::{batch, compact, put, text};

const CUTS: u64 = 110;
/// Compactions while the store is written.
const ROUNDS: u64 = 5;
const COMMITS_PER_ROUND: u64 = 40;
const SEED: u64 = 20_261_125;
const SIZES: Sizes = Sizes {
    segment_bytes: 8 * 1024,
    ballast_bytes: 4_096,
    index_changes: 50,
};

type Files = BTreeMap<String, Vec<u8>>;

/// One compaction: the journal's files before and after it, what is stored, and the indexes that there were before.
struct Round {
    before: Files,
    after: Files,
    entries: Vec<Entry>,
    history: Vec<PastCommit>,
    /// How many of the indexes are older than this compaction.
    indexes: usize,
}

fn is_segment(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "seg")
}

fn files(journal: &Path) -> Files {
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, fs::read(&path).expect("read"))
    };
    fs::read_dir(journal).expect("listed").map(read).collect()
}

fn record(dir: &Path, dice: &mut Dice) -> (Vec<Round>, Vec<PathBuf>) {
    let live = dir.join("live");
    let engine = EmbeddedEngine::open_with(&live, SIZES).expect("the store opens");
    let (mut rounds, mut indexes) = (Vec::new(), Vec::new());
    let keep_index = |name: String, indexes: &mut Vec<PathBuf>| {
        let copy = dir.join(name);
        copy_files(&live.join("index"), &copy);
        indexes.push(copy);
    };
    for round in 0..ROUNDS {
        for n in 0..COMMITS_PER_ROUND {
            let draft = format!("{round}.{n} ").repeat(20 + dice.pick(150));
            let name = format!("commit {round}.{n}");
            let kept = batch(&name).put(format!("record/{round}/{n}"), format!("stays {n}"));
            let key = format!("draft/{}", dice.roll(8));
            let changed = if dice.roll(5) == 0 {
                kept.delete(key)
            } else {
                kept.put(key, draft)
            };
            engine.commit(changed).expect("taken");
        }
        keep_index(format!("before.{round}"), &mut indexes);
        let before = files(&live.join("journal"));
        let count = indexes.len();
        assert!(compact(&engine).segments > 2);
        keep_index(format!("after.{round}"), &mut indexes);
        rounds.push(Round {
            before,
            after: files(&live.join("journal")),
            entries: engine.scan(&Scan::prefix("", 10_000)).expect("scan"),
            history: engine.history(1, 10_000).expect("history"),
            indexes: count,
        });
    }
    (rounds, indexes)
}

impl Round {
    fn generation(files: &Files) -> u64 {
        let text = files
            .get("generation")
            .map_or("0", |bytes| str::from_utf8(bytes).expect("text"));
        text.trim().parse().expect("a number")
    }

    /// The journal as a cut leaves it.
    fn cut(&self, journal: &Path, dice: &mut Dice) -> String {
        let write = |name: &str, bytes: &[u8]| fs::write(journal.join(name), bytes).expect("written");
        let changed: Vec<_> = self.before.keys().filter(|name| is_segment(name)).collect();
        let changed: Vec<_> = changed
            .into_iter()
            .filter(|name| self.before[*name] != self.after[*name])
            .collect();
        let swapped = dice.pick(changed.len() + 1);
        let mut files = self.before.clone();
        // The last segment was sealed before anything else, and the new one begun.
        let begun: Vec<_> = self
            .after
            .keys()
            .filter(|name| !self.before.contains_key(*name))
            .collect();
        for name in begun.iter().filter(|name| is_segment(name)) {
            files.insert((*name).clone(), self.after[*name].clone());
        }
        for name in &changed[..swapped] {
            files.insert((*name).clone(), self.after[*name].clone());
        }
        let mut generation = Self::generation(&self.before) + swapped as u64;
        let step = dice.roll(5);
        if let Some(next) = changed.get(swapped) {
            let new = &self.after[*next];
            match step {
                0 => {}
                1 => write(&format!("{next}.new"), &new[..dice.pick(new.len())]),
                _ => write(&format!("{next}.new"), new),
            }
            match step {
                3 => generation += 1,
                4 => {
                    generation += 1;
                    fs::remove_file(journal.join(format!("{next}.new"))).expect("renamed");
                    files.insert((*next).clone(), new.clone());
                }
                _ => {}
            }
        }
        files.insert("generation".into(), format!("{generation}\n").into_bytes());
        for (name, bytes) in &files {
            write(name, bytes);
        }
        if swapped == 0 && dice.roll(3) == 0 {
            // Cut while the new segment was being begun.
            for name in begun.iter().filter(|name| is_segment(name)) {
                set_len(&journal.join(name), dice.roll(73));
            }
        }
        format!("{swapped} of {} segments swapped, step {step}", changed.len())
    }
}

#[test]
fn a_compaction_that_is_cut_anywhere_loses_nothing() {
    let mut dice = Dice(SEED);
    let dir = tempfile::tempdir().expect("a folder");
    let (rounds, indexes) = record(dir.path(), &mut dice);
    let mut rebuilt = 0;
    for number in 0..CUTS {
        let disk = tempfile::tempdir_in(dir.path()).expect("a folder");
        let round = &rounds[dice.pick(rounds.len())];
        let (journal, index) = (disk.path().join("journal"), disk.path().join("index"));
        fs::create_dir_all(&journal).expect("made");
        fs::write(disk.path().join("FORMAT"), "1\n").expect("written");
        let mut cut = format!("cut {number}: {}", round.cut(&journal, &mut dice));
        let ages = &indexes[..round.indexes];
        let (mine, other) = (dice.pick(ages.len()), dice.pick(ages.len()));
        if dice.roll(8) > 0 {
            copy_files(&ages[mine], &index);
            after_a_restart(disk.path());
            cut = format!("{cut}, index {mine} {}", ruin(&index, &ages[other], &mut dice));
        }

        let engine = EmbeddedEngine::open_with(disk.path(), SIZES).unwrap_or_else(|error| panic!("{cut}: {error}"));
        rebuilt += usize::from(engine.recovery().index_rebuilt.is_some());
        assert!(
            engine.scan(&Scan::prefix("", 10_000)).expect(&cut) == round.entries,
            "{cut}"
        );
        assert!(engine.history(1, 10_000).expect(&cut) == round.history, "{cut}");
        put(&engine, "after", &cut);
        assert_eq!(engine.verify().expect(&cut).findings, [], "{cut}");
        compact(&engine);
        assert_eq!(engine.verify().expect(&cut).findings, [], "{cut}");
        drop(engine);
        let engine = EmbeddedEngine::open_with(disk.path(), SIZES).unwrap_or_else(|error| panic!("{cut}: {error}"));
        assert_eq!(engine.recovery(), &Recovery::default(), "{cut}");
        assert_eq!(text(&engine, "after"), Some(cut));
    }
    println!("{CUTS} cuts, {rebuilt} indexes rebuilt");
    assert!(rebuilt > 10, "some indexes point into files that are gone");
}
