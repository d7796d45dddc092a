//! A disk that is full or read-only: a clear error, nothing lost, reading goes on, and so does the store when there is
//! room again.

use std::fs;
use std::path::{Path, PathBuf};

use pegbox::store::embedded::backup::back_up;
use pegbox::store::embedded::{EmbeddedEngine, Sizes};
use pegbox::store::engine::{Engine, EngineError, Room};

use crate::small_disk::SmallDisk;
use crate::store::{batch, len, put, text};

/// Enough for what sled makes of an empty index, a ballast and some values.
const DISK_MEGABYTES: u32 = 24;

/// Commits values of so many bytes until the disk is full; returns how many were acknowledged.
fn fill(engine: &dyn Engine, value_bytes: usize) -> usize {
    for n in 0.. {
        let value = vec![b'v'; value_bytes];
        match engine.commit(batch("fill").put(format!("fill/{n:06}"), value)) {
            Ok(_) => {}
            Err(error @ EngineError::Full { .. }) => {
                assert!(
                    error.to_string().contains("everything acknowledged before is kept"),
                    "{error}"
                );
                return n;
            }
            // The index met the full disk first: then the last answer was still a receipt.
            Err(error) => {
                assert!(error.to_string().contains("full"), "{error}");
                return n;
            }
        }
    }
    unreachable!("a small disk gets full")
}

fn ballast(store: &Path) -> PathBuf {
    store.join("ballast")
}

#[test]
fn a_full_disk_loses_nothing_and_can_be_read() {
    for value_bytes in [300_000, 900] {
        let Some(disk) = SmallDisk::mount("a_full_disk_loses_nothing_and_can_be_read", DISK_MEGABYTES) else {
            return;
        };
        let dir = disk.store();
        let engine = EmbeddedEngine::open(&dir).expect("the store opens");
        assert_eq!(len(&ballast(&dir)), Sizes::default().ballast_bytes);
        put(&engine, "first", "1");
        let acknowledged = fill(&engine, value_bytes);
        assert!(acknowledged > 5, "{acknowledged}");
        assert!(!ballast(&dir).exists(), "the ballast is given up");
        let refused = engine.commit(batch("more").put("more", "v")).expect_err("poisoned");
        assert!(matches!(refused, EngineError::Poisoned { .. }), "{refused}");
        drop(engine);

        for _ in 0..3 {
            let engine = EmbeddedEngine::open(&dir).expect("a full disk can be read");
            assert_eq!(engine.recovery().index_rebuilt, None);
            assert_eq!(engine.count(b"fill/").expect("count"), acknowledged as u64);
            assert_eq!(text(&engine, "first"), Some("1".into()));
            let refused = engine.commit(batch("more").put("more", "v")).expect_err("no room");
            assert!(matches!(refused, EngineError::Full { .. }), "{refused}");
        }
        let engine = EmbeddedEngine::open(&dir).expect("a full disk can be read");
        disk.remount("size=64m");
        put(&engine, "more", "2");
        assert_eq!(engine.verify().expect("verify").findings, []);
        drop(engine);

        let engine = EmbeddedEngine::open(&dir).expect("the store opens");
        assert_eq!(len(&ballast(&dir)), Sizes::default().ballast_bytes);
        assert_eq!(text(&engine, "more"), Some("2".into()));
        assert_eq!(engine.count(b"fill/").expect("count"), acknowledged as u64);
    }
}

#[test]
fn a_disk_that_others_fill_gives_the_ballast_up_for_reading() {
    let Some(disk) = SmallDisk::mount(
        "a_disk_that_others_fill_gives_the_ballast_up_for_reading",
        DISK_MEGABYTES,
    ) else {
        return;
    };
    let dir = disk.store();
    let engine = EmbeddedEngine::open(&dir).expect("the store opens");
    (0..100).for_each(|n| put(&engine, &format!("k/{n}"), "v"));
    drop(engine);
    disk.stuff();
    let engine = EmbeddedEngine::open(&dir).expect("a full disk can be read");
    assert_eq!(engine.count(b"k/").expect("count"), 100);
    drop(engine);

    // With the ballast gone and its place taken, the index cannot be opened; it is not blamed for that.
    let _ = fs::remove_file(ballast(&dir));
    disk.stuff();
    match EmbeddedEngine::open(&dir) {
        Ok(engine) => assert_eq!(engine.count(b"k/").expect("count"), 100),
        Err(error) => {
            assert!(matches!(error, EngineError::Full { .. }), "{error}");
            assert!(error.hint().starts_with("free some space"), "{}", error.hint());
        }
    }
    disk.remount("size=64m");
    let engine = EmbeddedEngine::open(&dir).expect("the store opens when there is room");
    assert_eq!(engine.recovery().index_rebuilt, None);
    assert_eq!(engine.verify().expect("verify").findings, []);
    assert_eq!(engine.count(b"k/").expect("count"), 100);
}

#[test]
fn a_lost_index_is_rebuilt_in_the_room_of_the_ballast() {
    let Some(disk) = SmallDisk::mount("a_lost_index_is_rebuilt_in_the_room_of_the_ballast", DISK_MEGABYTES) else {
        return;
    };
    let dir = disk.store();
    let engine = EmbeddedEngine::open(&dir).expect("the store opens");
    (0..500).for_each(|n| put(&engine, &format!("k/{n}"), "v"));
    drop(engine);
    fs::remove_dir_all(dir.join("index")).expect("removed");
    disk.stuff();
    let engine = EmbeddedEngine::open(&dir).expect("a full disk can be read");
    assert_eq!(engine.recovery().replayed_commits, 500);
    assert_eq!(engine.count(b"k/").expect("count"), 500);
    assert_eq!(engine.verify().expect("verify").findings, []);
}

#[test]
fn a_disk_without_room_for_a_ballast_still_takes_a_store() {
    let Some(disk) = SmallDisk::mount("a_disk_without_room_for_a_ballast_still_takes_a_store", DISK_MEGABYTES) else {
        return;
    };
    disk.remount("size=14m");
    let dir = disk.store();
    let engine = EmbeddedEngine::open(&dir).expect("the store opens");
    assert!(!ballast(&dir).exists());
    put(&engine, "k", "v");
    assert_eq!(text(&engine, "k"), Some("v".into()));
    match engine.room().expect("room") {
        Room::Bytes(free) => assert!((1..14 * 1024 * 1024).contains(&free), "{free}"),
        Room::NoLimitKnown => panic!("a small disk has a limit"),
    }
}

#[test]
fn a_read_only_disk_is_named_with_the_way_out() {
    let Some(disk) = SmallDisk::mount("a_read_only_disk_is_named_with_the_way_out", DISK_MEGABYTES) else {
        return;
    };
    let dir = disk.store();
    put(&EmbeddedEngine::open(&dir).expect("the store opens"), "k", "v");
    disk.remount("ro");
    for dir in [dir.clone(), disk.path().join("new")] {
        let error = EmbeddedEngine::open(&dir).expect_err("read-only");
        assert!(matches!(error, EngineError::ReadOnly { .. }), "{error}");
        assert!(error.to_string().contains("read-only"), "{error}");
        assert!(error.hint().starts_with("copy the folder"), "{}", error.hint());
    }
    disk.remount("rw");
    assert_eq!(
        text(&EmbeddedEngine::open(&dir).expect("the store opens"), "k"),
        Some("v".into())
    );
}

#[test]
fn a_compaction_and_a_backup_without_room_say_so_and_lose_nothing() {
    let Some(disk) = SmallDisk::mount(
        "a_compaction_and_a_backup_without_room_say_so_and_lose_nothing",
        DISK_MEGABYTES,
    ) else {
        return;
    };
    disk.remount("size=40m");
    let dir = disk.store();
    let engine = EmbeddedEngine::open(&dir).expect("the store opens");
    let draft = |n: u32| format!("{n} ").repeat(200_000);
    for n in 0..20 {
        put(&engine, "draft", &draft(n));
        put(&engine, &format!("k/{n}"), "stays");
    }
    disk.stuff();
    for _ in 0..2 {
        let error = engine.compact(&mut |_| {}).expect_err("no room");
        assert!(matches!(error, EngineError::Full { .. }), "{error}");
    }
    let backup = disk.path().join("backup");
    let error = back_up(&dir, &backup, &mut |_| {}).expect_err("no room");
    assert!(matches!(error, EngineError::Full { .. }), "{error}");
    assert!(!backup.exists(), "half a backup is none");
    assert_eq!(text(&engine, "draft"), Some(draft(19)));

    disk.unstuff();
    put(&engine, "more", "the store goes on");
    let bytes = engine.stats().expect("stats").journal_bytes;
    disk.remount("size=64m");
    let done = engine.compact(&mut |_| {}).expect("there is room");
    assert_eq!(done.values, 19);
    assert!(engine.stats().expect("stats").journal_bytes < bytes / 5);
    back_up(&dir, &backup, &mut |_| {}).expect("there is room");
    assert_eq!(engine.count(b"k/").expect("count"), 20);
    assert_eq!(text(&engine, "draft"), Some(draft(19)));
    assert_eq!(engine.verify().expect("verify").findings, []);
    drop(engine);
    let engine = EmbeddedEngine::open(&dir).expect("the store opens");
    assert_eq!(engine.recovery().index_rebuilt, None);
    assert_eq!(engine.count(b"k/").expect("count"), 20);
}
