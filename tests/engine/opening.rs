//! Opening: what is a store, who may have it, and what happens to its index.

use std::fs::{self, OpenOptions};
use std::path::Path;

use pegbox::store::embedded::{EmbeddedEngine, Recovery};
use pegbox::store::engine::{Engine, EngineError};

use crate::store::{len, open, put, segment, text};

fn refused(dir: &Path) -> EngineError {
    EmbeddedEngine::open(dir).expect_err("the store must not open")
}

#[test]
fn a_folder_is_made_private_and_opens_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path().join("deep").join("er");
    let engine = open(&dir);
    assert_eq!(engine.recovery(), &Recovery::default());
    put(&engine, "k", "v");
    drop(engine);
    assert_eq!(fs::read_to_string(dir.join("FORMAT")).expect("format"), "3\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for folder in [dir.clone(), dir.join("journal")] {
            assert_eq!(
                fs::metadata(&folder).expect("folder").permissions().mode() & 0o777,
                0o700,
                "{folder:?}"
            );
        }
    }
    let engine = open(&dir);
    assert_eq!(engine.recovery(), &Recovery::default());
    assert_eq!(text(&engine, "k"), Some("v".into()));
}

#[test]
fn a_clean_close_says_that_the_index_is_whole() {
    let dir = tempfile::tempdir().expect("a folder");
    let in_use = dir.path().join("index.in-use");
    let engine = open(dir.path());
    put(&engine, "k", "v");
    assert!(in_use.exists());
    drop(engine);
    assert!(!in_use.exists());
    fs::write(&in_use, "an earlier start").expect("written");
    let engine = open(dir.path());
    assert_eq!(
        engine.recovery(),
        &Recovery::default(),
        "an index without holes is kept"
    );
    assert_eq!(text(&engine, "k"), Some("v".into()));
}

#[test]
fn a_store_in_use_is_busy_until_it_is_closed() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path());
    let error = refused(dir.path());
    assert!(
        matches!(&error, EngineError::Busy { dir: busy } if busy == dir.path()),
        "{error}"
    );
    assert!(
        error.to_string().contains("another pegbox process holds its lock"),
        "{error}"
    );
    put(&engine, "k", "v");
    drop(engine);
    assert_eq!(text(&open(dir.path()), "k"), Some("v".into()));
}

#[test]
fn what_was_submitted_is_settled_by_closing() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path());
    let pending: Vec<_> = (0..50)
        .map(|n| engine.submit(crate::store::batch("x").put(format!("k/{n}"), "v")))
        .collect();
    drop(engine);
    assert!(pending.into_iter().all(|pending| pending.wait().is_ok()));
    assert_eq!(open(dir.path()).count(b"k/").expect("count"), 50);
}

#[test]
fn foreign_newer_and_unreadable_folders_are_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("letter.txt"), "dear").expect("written");
    let error = refused(dir.path());
    assert!(matches!(error, EngineError::NotAStore { .. }), "{error}");
    assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 1);

    fs::write(dir.path().join("FORMAT"), "4\n").expect("written");
    let error = refused(dir.path());
    assert!(
        matches!(error, EngineError::NewerFormat { found: 4, supported: 3 }),
        "{error}"
    );

    for text in [b"".as_slice(), b"one", b"0", b"\xff\xfe"] {
        fs::write(dir.path().join("FORMAT"), text).expect("written");
        let error = refused(dir.path());
        assert!(matches!(error, EngineError::NotAStore { .. }), "{error}");
    }
    let file = dir.path().join("letter.txt");
    assert!(matches!(refused(&file), EngineError::Io { .. }));
}

#[test]
fn an_interrupted_creation_is_completed() {
    let dir = tempfile::tempdir().expect("a folder");
    drop(open(dir.path()));
    for header_bytes in [0, 1, 40, 71, 72] {
        fs::remove_file(dir.path().join("FORMAT")).expect("removed");
        fs::remove_file(dir.path().join("seal")).expect("removed");
        let _ = fs::remove_dir_all(dir.path().join("index"));
        let file = OpenOptions::new()
            .write(true)
            .open(segment(dir.path(), 1))
            .expect("opened");
        file.set_len(header_bytes).expect("cut");
        let engine = open(dir.path());
        assert_eq!(engine.stats().expect("stats").commits, 0);
        drop(engine);
        assert_eq!(len(&segment(dir.path(), 1)), 72);
    }
}

#[test]
fn a_missing_segment_is_damage_and_not_an_empty_store() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path());
    (0..40).for_each(|n| put(&engine, &format!("k/{n}"), &"v".repeat(200)));
    let last = u32::try_from(engine.stats().expect("stats").segments).expect("few");
    assert!(last > 3);
    drop(engine);
    for number in [2, last] {
        let path = segment(dir.path(), number);
        let kept = fs::read(&path).expect("read");
        fs::remove_file(&path).expect("removed");
        match refused(dir.path()) {
            EngineError::Damaged { segment, .. } => assert_eq!(segment, number),
            error => panic!("{error}"),
        }
        fs::write(&path, kept).expect("restored");
    }
    fs::rename(dir.path().join("journal"), dir.path().join("elsewhere")).expect("moved");
    assert!(matches!(refused(dir.path()), EngineError::Damaged { segment: 1, .. }));
    fs::remove_dir_all(dir.path().join("journal")).expect("removed");
    fs::rename(dir.path().join("elsewhere"), dir.path().join("journal")).expect("moved");
    assert_eq!(open(dir.path()).count(b"k/").expect("count"), 40);
}

#[test]
fn a_lost_or_ruined_index_is_rebuilt() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path());
    (0..40).for_each(|n| put(&engine, &format!("k/{n}"), &n.to_string()));
    drop(engine);
    let index = dir.path().join("index");
    let ruin_files = |bytes: &dyn Fn(usize) -> Vec<u8>| {
        for entry in fs::read_dir(&index).expect("listed") {
            let path = entry.expect("entry").path();
            if path.is_file() {
                let len = usize::try_from(len(&path)).expect("small");
                fs::write(&path, bytes(len)).expect("ruined");
            }
        }
    };
    let ruins: [(&str, &dyn Fn()); 7] = [
        ("removed", &|| fs::remove_dir_all(&index).expect("removed")),
        ("noise", &|| {
            ruin_files(&|len| (0..len).map(|n| u8::try_from(n * n % 251).expect("small")).collect());
        }),
        ("zeros", &|| ruin_files(&|len| vec![0; len])),
        ("empty files", &|| ruin_files(&|_| Vec::new())),
        ("half", &|| ruin_files(&|len| vec![b'x'; len / 2])),
        ("a file in its place", &|| {
            fs::remove_dir_all(&index).expect("removed");
            fs::write(&index, "no folder").expect("written");
        }),
        ("marked as suspect", &|| {
            fs::write(dir.path().join("index.suspect"), "").expect("written");
        }),
    ];
    for (name, ruin) in ruins {
        ruin();
        let engine = open(dir.path());
        assert_eq!(engine.recovery().replayed_commits, 40, "{name}");
        assert_eq!(engine.count(b"k/").expect("count"), 40, "{name}");
        assert_eq!(text(&engine, "k/7"), Some("7".into()), "{name}");
        assert_eq!(engine.verify().expect("verify").findings, [], "{name}");
        drop(engine);
        assert_eq!(open(dir.path()).recovery(), &Recovery::default(), "{name}");
    }
}

#[test]
fn an_index_of_another_store_is_rebuilt() {
    let (one, two) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    for (dir, value) in [(&one, "1"), (&two, "2")] {
        put(&open(dir.path()), "k", value);
    }
    fs::remove_dir_all(two.path().join("index")).expect("removed");
    fs::rename(one.path().join("index"), two.path().join("index")).expect("moved");
    let engine = open(two.path());
    assert!(engine.recovery().index_rebuilt.is_some());
    assert_eq!(text(&engine, "k"), Some("2".into()));
}

#[test]
fn an_unfinished_snapshot_of_the_index_does_no_harm() {
    let dir = tempfile::tempdir().expect("a folder");
    put(&open(dir.path()), "k", "v");
    fs::write(dir.path().join("index").join("snap.0000000000000ABC.generating"), "cut").expect("written");
    let engine = open(dir.path());
    assert_eq!(engine.recovery(), &Recovery::default());
    assert_eq!(text(&engine, "k"), Some("v".into()));
}
