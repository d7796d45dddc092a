//! Backups: complete and consistent whatever goes on meanwhile, and refused when they are not what was written.

use std::fs::{self, OpenOptions};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use pegbox::store::embedded::EmbeddedEngine;
use pegbox::store::embedded::backup::{Backup, back_up, restore};
use pegbox::store::engine::{Engine, EngineError, Scan};

use crate::store::{batch, compact, flip, len, open, put, segment, text};

fn backed_up(store: &Path, to: &Path) -> Backup {
    back_up(store, to, &mut |_| {}).expect("it is backed up")
}

fn refused(backup: &Path, to: &Path) -> EngineError {
    restore(backup, to, &mut |_| {}).expect_err("it is refused")
}

#[test]
fn a_backup_becomes_the_same_store_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let (store, backup, restored) = (dir.path().join("a"), dir.path().join("b"), dir.path().join("deep/c"));
    let engine = open(&store);
    (0..40).for_each(|n| put(&engine, &format!("k/{}", n % 30), &format!("{n} ").repeat(40)));
    compact(&engine);
    put(&engine, "last", "1");
    let made = backed_up(&store, &backup);
    assert_eq!(
        (made.commits, u64::from(made.segments)),
        (41, engine.stats().expect("stats").segments)
    );
    put(&engine, "later", "not in it");
    assert!(!backup.join("index").exists());

    fs::create_dir(dir.path().join("deep")).expect("made");
    assert_eq!(restore(&backup, &restored, &mut |_| {}).expect("restored"), made);
    let copy = open(&restored);
    assert_eq!(
        copy.history(1, 100).expect("history"),
        engine.history(1, 41).expect("history")
    );
    assert_eq!(text(&copy, "last"), Some("1".into()));
    assert_eq!(text(&copy, "later"), None);
    assert_eq!(copy.verify().expect("verify").findings, []);
    put(&copy, "later", "it goes on");
    let listed = fs::read_dir(dir.path().join("deep")).expect("listed").count();
    assert_eq!(listed, 1, "nothing unfinished is left");
}

#[test]
fn a_backup_of_a_store_in_use_holds_all_that_was_acknowledged() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(&dir.path().join("store"));
    put(&engine, "n", "0");
    let (acknowledged, done) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 1_u64.. {
                let draft = format!("{n} ").repeat(60);
                let changed = batch("n")
                    .put("n", n.to_string())
                    .put("draft", draft)
                    .put(format!("k/{n}"), "v");
                engine.commit(changed).expect("taken");
                acknowledged.store(n, Ordering::Release);
                if done.load(Ordering::Acquire) {
                    return;
                }
            }
        });
        for round in 0..8 {
            let backup = dir.path().join(format!("backup.{round}"));
            let restored = dir.path().join(format!("restored.{round}"));
            let before = acknowledged.load(Ordering::Acquire);
            let compacting = scope.spawn(|| compact(&engine));
            backed_up(&dir.path().join("store"), &backup);
            compacting.join().expect("compacted");
            restore(&backup, &restored, &mut |_| {}).expect("restored");
            let copy = open(&restored);
            let newest: u64 = text(&copy, "n").expect("there").parse().expect("a number");
            assert!(newest >= before, "round {round}: {newest} of {before}");
            assert_eq!(copy.count(b"k/").expect("count"), newest, "round {round}");
            assert_eq!(copy.verify().expect("verify").findings, [], "round {round}");
        }
        done.store(true, Ordering::Release);
    });
    assert_eq!(engine.verify().expect("verify").findings, []);
}

#[test]
fn every_flipped_byte_and_every_cut_of_a_backup_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let (store, backup, to) = (dir.path().join("a"), dir.path().join("b"), dir.path().join("c"));
    let engine = open(&store);
    (0..12).for_each(|n| put(&engine, &format!("k/{n}"), &"value ".repeat(60)));
    let made = backed_up(&store, &backup);
    assert!(made.segments > 2);
    for number in [1, made.segments] {
        let path = segment(&backup, number);
        for offset in (0..len(&path)).step_by(7) {
            flip(&path, offset);
            let error = refused(&backup, &to);
            let is_named = matches!(&error, EngineError::DamagedBackup { dir, .. } if *dir == backup);
            assert!(
                is_named || matches!(error, EngineError::NewerFormat { .. }),
                "byte {offset}: {error}"
            );
            flip(&path, offset);
            assert!(!to.exists());
        }
    }
    let path = segment(&backup, made.segments);
    let whole = fs::read(&path).expect("read");
    for cut in (0..whole.len()).step_by(5) {
        OpenOptions::new()
            .write(true)
            .open(&path)
            .expect("opened")
            .set_len(cut as u64)
            .expect("cut");
        let error = refused(&backup, &to);
        assert!(
            error.to_string().contains("nothing was restored"),
            "cut at {cut}: {error}"
        );
        fs::write(&path, &whole).expect("written");
    }
    fs::remove_file(&path).expect("removed");
    let error = refused(&backup, &to);
    assert!(error.to_string().contains("it ends with commit"), "{error}");
    assert!(error.hint().starts_with("restore another backup"));
    fs::write(&path, &whole).expect("written");
    restore(&backup, &to, &mut |_| {}).expect("it is whole again");
}

#[test]
fn folders_that_hold_something_are_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let (store, backup, full) = (dir.path().join("a"), dir.path().join("b"), dir.path().join("full"));
    put(&open(&store), "k", "v");
    fs::create_dir(&full).expect("made");
    fs::write(full.join("letter.txt"), "dear").expect("written");
    let error = back_up(&store, &full, &mut |_| {}).expect_err("not empty");
    assert!(matches!(error, EngineError::NotEmpty { .. }), "{error}");
    backed_up(&store, &backup);
    assert!(matches!(refused(&backup, &full), EngineError::NotEmpty { .. }));
    assert!(matches!(refused(&backup, &store), EngineError::NotEmpty { .. }));
    assert_eq!(fs::read_dir(&full).expect("listed").count(), 1);

    // Neither is a backup without its last file, nor a folder of something else.
    assert!(matches!(
        refused(&full, &dir.path().join("c")),
        EngineError::NotABackup { .. }
    ));
    fs::remove_file(backup.join("BACKUP")).expect("removed");
    assert!(matches!(
        refused(&backup, &dir.path().join("c")),
        EngineError::NotABackup { .. }
    ));
    let error = back_up(&full, &dir.path().join("d"), &mut |_| {}).expect_err("no store");
    assert!(matches!(error, EngineError::NotAStore { .. }), "{error}");
    assert!(!dir.path().join("d").exists());
}

#[test]
fn a_backup_is_not_opened_as_a_store() {
    let dir = tempfile::tempdir().expect("a folder");
    let (store, backup) = (dir.path().join("a"), dir.path().join("b"));
    put(&open(&store), "k", "v");
    backed_up(&store, &backup);
    let error = EmbeddedEngine::open(&backup).expect_err("a backup");
    assert!(error.to_string().contains("pegbox store restore"), "{error}");
}

#[test]
fn damage_of_the_store_is_found_while_it_is_backed_up() {
    let dir = tempfile::tempdir().expect("a folder");
    let (store, backup) = (dir.path().join("a"), dir.path().join("b"));
    let engine = open(&store);
    (0..30).for_each(|n| put(&engine, &format!("k/{n}"), &"v".repeat(200)));
    flip(&segment(&store, 2), 200);
    let error = back_up(&store, &backup, &mut |_| {}).expect_err("damaged");
    assert!(matches!(error, EngineError::Damaged { segment: 2, .. }), "{error}");
    assert!(!backup.exists(), "nothing that looks like a backup is left");
    let entries = engine.scan(&Scan::prefix("k/", 3)).expect("the rest can be read");
    assert_eq!(entries.len(), 3);
}
