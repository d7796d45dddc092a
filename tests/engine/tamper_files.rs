//! Whatever file of a closed store somebody changes, cuts, removes or swaps: it is found and named, or it is one that
//! says nothing of what is stored.
//!
//! | file | what a change of it does |
//! | --- | --- |
//! | `journal/*.seg`, `seal`, `FORMAT` | refused or found, and named |
//! | `index/*` | found, or without effect: it is built anew, and says what it said |
//! | `journal/generation` | the index is built anew |
//! | `ballast`, `lock` | none: nothing reads them |
//!
//! A sample of the bytes is changed; `PEGBOX_TAMPER_STEP=1` changes every one of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use pegbox::store::embedded::EmbeddedEngine;
use pegbox::store::engine::{Engine, EngineError, Scan};

use crate::store::{SMALL, batch, compact, copy_store, open, put};

/// Every so many bytes of the journal are changed; a prime, so that no field is always missed.
const STEP: usize = 5;
/// Bytes of each file of the index that are changed, at most: half a megabyte of it is empty.
const INDEX_SAMPLES: usize = 30;

type Contents = BTreeMap<Vec<u8>, Vec<u8>>;

/// What came of opening and verifying a store that somebody changed.
#[derive(Debug)]
enum Outcome {
    /// It did not open, and said so.
    Refused(String),
    /// It opened, and verification found something.
    Found(String),
    /// It opened, and all that is stored is as it was.
    AsItWas,
}

/// A closed store, and what it holds.
struct Victim {
    dir: tempfile::TempDir,
    contents: Contents,
    commits: u64,
    whole: BTreeMap<PathBuf, Vec<u8>>,
}

impl Victim {
    fn new(value: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let engine = open(dir.path());
        (0..14).for_each(|n| put(&engine, &format!("k/{:02}", n % 11), &value.repeat(20)));
        compact(&engine);
        engine
            .commit(batch("last").put("a", "1").delete("k/03"))
            .expect("taken");
        let (contents, commits) = (contents(&engine), engine.stats().expect("stats").commits);
        drop(engine);
        let whole = files(dir.path());
        Self {
            dir,
            contents,
            commits,
            whole,
        }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Opens and verifies it as it is now, then puts every file back.
    fn outcome(&self) -> Outcome {
        let outcome = match EmbeddedEngine::open_with(self.path(), SMALL) {
            Err(error) => Outcome::Refused(refusal(&error)),
            Ok(engine) => {
                let report = engine.verify().expect("it can look");
                let is_same = engine.stats().expect("stats").commits == self.commits;
                match (report.is_sound(), is_same && contents(&engine) == self.contents) {
                    (true, true) => Outcome::AsItWas,
                    (true, false) => panic!("something is gone, and nothing is found"),
                    (false, _) => Outcome::Found(format!("{report:?}")),
                }
            }
        };
        self.put_back();
        outcome
    }

    fn put_back(&self) {
        let _ = fs::remove_dir_all(self.path().join("index"));
        let _ = fs::remove_file(self.path().join("index.suspect"));
        for (path, bytes) in &self.whole {
            let path = self.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, bytes).expect("put back");
        }
        fs::create_dir_all(self.path().join("index/blobs")).expect("made");
    }
}

fn refusal(error: &EngineError) -> String {
    let is_named =
        error.is_damage() || matches!(error, EngineError::NotAStore { .. } | EngineError::NewerFormat { .. });
    assert!(is_named, "{error}");
    error.to_string()
}

fn contents(engine: &dyn Engine) -> Contents {
    match engine.scan(&Scan::prefix("", 1_000)) {
        Ok(entries) => entries.into_iter().collect(),
        // Then nothing false is said.
        Err(_) => Contents::new(),
    }
}

/// The files of a store, by their path in it.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("listed") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(dir).expect("in it").to_owned();
                found.insert(name, fs::read(&path).expect("read"));
            }
        }
    }
    found
}

/// Whether a change of this file may be without effect.
fn says_nothing(file: &Path) -> bool {
    let names = ["ballast", "lock", "journal/generation"];
    file.starts_with("index") || names.iter().any(|name| file == Path::new(name))
}

/// Which bytes of a file are changed.
fn samples(file: &Path, bytes: &[u8]) -> Vec<usize> {
    let asked: Option<usize> = std::env::var("PEGBOX_TAMPER_STEP")
        .ok()
        .and_then(|step| step.parse().ok());
    let step = match (asked, file.starts_with("index")) {
        (Some(step), false) => step.max(1),
        (None, false) if file.starts_with("journal") => STEP,
        (None, false) if file == Path::new("ballast") => bytes.len() / 10,
        (None, false) => 1,
        (_, true) => {
            // Zeros that were never written are most of it.
            let written: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
            return written
                .iter()
                .step_by((written.len() / INDEX_SAMPLES).max(1))
                .copied()
                .collect();
        }
    };
    (0..bytes.len()).step_by(step.max(1)).collect()
}

/// What was changed must be refused or found, and named.
fn check(file: &Path, what: &str, outcome: &Outcome) {
    let name = file.file_name().expect("a name").to_string_lossy().into_owned();
    let number = name
        .strip_suffix(".seg")
        .map(|digits| digits.trim_start_matches('0').to_owned());
    match outcome {
        Outcome::AsItWas => assert!(says_nothing(file), "{what} of {} is not found", file.display()),
        Outcome::Refused(said) | Outcome::Found(said) => {
            let is_named = match &number {
                Some(number) => [
                    format!("segment {number} "),
                    format!("segment: {number},"),
                    name.clone(),
                ]
                .iter()
                .any(|way| said.contains(way)),
                None => says_nothing(file) || said.contains(&name) || said.contains("format"),
            };
            assert!(is_named, "{what} of {}: {said}", file.display());
        }
    }
}

#[test]
fn every_changed_byte_of_every_file_is_found_and_named() {
    let victim = Victim::new("value ");
    let names: Vec<_> = victim.whole.keys().map(|path| path.display().to_string()).collect();
    for name in [
        "FORMAT",
        "ballast",
        "index/db",
        "journal/00000003.seg",
        "journal/generation",
        "lock",
        "seal",
    ] {
        assert!(names.iter().any(|known| known == name), "{name} in {names:?}");
    }
    let mut changed = 0;
    for (file, bytes) in &victim.whole {
        for at in samples(file, bytes) {
            let mut other = bytes.clone();
            // Every bit of a byte has its turn.
            other[at] ^= 1 << (at % 8);
            fs::write(victim.path().join(file), &other).expect("written");
            check(file, &format!("byte {at}"), &victim.outcome());
            changed += 1;
        }
    }
    for bit in 0..8 {
        let mut other = victim.whole[Path::new("FORMAT")].clone();
        other[0] ^= 1 << bit;
        fs::write(victim.path().join("FORMAT"), &other).expect("written");
        check(Path::new("FORMAT"), &format!("bit {bit}"), &victim.outcome());
    }
    assert!(changed > 1_000, "{changed} bytes were changed");
    assert!(matches!(victim.outcome(), Outcome::AsItWas));
}

#[test]
fn every_file_that_is_cut_lengthened_or_removed_is_found_and_named() {
    let victim = Victim::new("value ");
    for (file, bytes) in &victim.whole {
        let path = victim.path().join(file);
        let cuts = [0, 1, bytes.len() / 3, bytes.len() / 2, bytes.len().saturating_sub(1)];
        for cut in cuts.into_iter().filter(|cut| *cut < bytes.len()) {
            fs::write(&path, &bytes[..cut]).expect("written");
            check(file, &format!("a cut at {cut}"), &victim.outcome());
        }
        for added in [vec![0_u8], vec![b'x'; 700]] {
            fs::write(&path, [bytes.clone(), added].concat()).expect("written");
            check(file, "an addition to the end", &victim.outcome());
        }
        fs::remove_file(&path).expect("removed");
        let outcome = victim.outcome();
        check(file, "the removal", &outcome);
    }
    fs::remove_dir_all(victim.path().join("journal")).expect("removed");
    assert!(matches!(victim.outcome(), Outcome::Refused(_)));
    fs::remove_dir_all(victim.path().join("index")).expect("removed");
    assert!(matches!(victim.outcome(), Outcome::AsItWas));
}

#[test]
fn files_that_are_swapped_or_of_another_store_or_of_another_day_are_found() {
    let (victim, other) = (Victim::new("value "), Victim::new("other "));
    let segments: Vec<_> = victim
        .whole
        .keys()
        .filter(|file| file.extension().is_some_and(|end| end == "seg"))
        .collect();
    assert!(segments.len() > 2);
    for (one, two) in segments.iter().zip(&segments[1..]) {
        fs::write(victim.path().join(one), &victim.whole[*two]).expect("written");
        fs::write(victim.path().join(two), &victim.whole[*one]).expect("written");
        assert!(
            !matches!(victim.outcome(), Outcome::AsItWas),
            "{} swapped",
            one.display()
        );
    }
    for file in segments.iter().copied().chain([&PathBuf::from("seal")]) {
        fs::write(victim.path().join(file), &other.whole[file]).expect("written");
        let outcome = victim.outcome();
        assert!(
            !matches!(outcome, Outcome::AsItWas),
            "{} of another store",
            file.display()
        );
    }
    // Some days later, single files of before are put back.
    let today = tempfile::tempdir().expect("a folder");
    copy_store(victim.path(), today.path());
    let engine = open(today.path());
    put(&engine, "k/04", "changed since");
    drop(engine);
    let last = segments.last().expect("there are some");
    for file in [(*last).clone(), "seal".into()] {
        let kept = fs::read(today.path().join(&file)).expect("read");
        for index in ["with", "without"] {
            fs::write(today.path().join(&file), &victim.whole[&file]).expect("written");
            if index == "without" {
                let _ = fs::remove_dir_all(today.path().join("index"));
            }
            let is_found = match EmbeddedEngine::open_with(today.path(), SMALL) {
                Err(error) => !refusal(&error).is_empty(),
                Ok(engine) => !engine.verify().expect("it can look").is_sound(),
            };
            assert!(is_found, "an old {}, {index} the index", file.display());
            fs::write(today.path().join(&file), &kept).expect("put back");
        }
    }
    assert!(open(today.path()).verify().expect("verify").is_sound());
}
