//! Compaction: values that nobody can ask for any more go, and everything else stays, the audit chain above all.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use pegbox::store::embedded::{EmbeddedEngine, Recovery};
use pegbox::store::engine::{Engine, Entry, Op, PastCommit, Scan, Superseded};

use crate::store::{audit, batch, compact, copy_journal, flip, len, open, put, segment, text};

/// Everything that may not change.
fn contents(engine: &dyn Engine) -> (Vec<Entry>, Vec<PastCommit>) {
    (
        engine.scan(&Scan::prefix("", 10_000)).expect("scan"),
        engine.history(1, 10_000).expect("history"),
    )
}

/// Drafts that are written over, one that is dropped, and records that stay, over several segments.
fn write_drafts(engine: &dyn Engine) {
    for n in 0..40 {
        let draft = format!("version {n} of the text ").repeat(20);
        put(engine, &format!("draft/{}", n % 3), &draft);
        put(engine, &format!("record/{n}"), "stays");
    }
    engine.commit(batch("drop").delete("draft/1")).expect("taken");
}

fn journal_bytes(dir: &Path) -> u64 {
    let files = fs::read_dir(dir.join("journal")).expect("listed");
    files.map(|file| len(&file.expect("an entry").path())).sum()
}

#[test]
fn superseded_values_go_and_everything_else_stays() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path());
    write_drafts(&engine);
    let (before, bytes) = (contents(&engine), journal_bytes(dir.path()));
    let done = compact(&engine);
    assert_eq!(done.values, 38, "all but two of 40 drafts");
    assert!(done.segments > 5, "{done:?}");
    assert!(done.freed_bytes > 38 * 400, "{done:?}");
    // The new segment that was begun, and the number of the generation.
    assert!(journal_bytes(dir.path()) + done.freed_bytes <= bytes + 72 + 4);
    assert!(contents(&engine) == before);
    assert_eq!(engine.verify().expect("verify").findings, []);
    let old = fs::read(segment(dir.path(), 1)).expect("read");
    assert!(
        !String::from_utf8_lossy(&old).contains("version 0 of"),
        "the text is really gone"
    );

    let again = compact(&engine);
    assert_eq!((again.segments, again.values), (0, 0), "there is nothing more to drop");
    put(&engine, "draft/0", &"newer ".repeat(50));
    assert_eq!(compact(&engine).values, 1);
    assert_eq!(engine.verify().expect("verify").findings, []);
    let after = contents(&engine);
    drop(engine);

    let engine = open(dir.path());
    assert_eq!(engine.recovery(), &Recovery::default());
    assert!(contents(&engine) == after);
    drop(engine);
    fs::remove_dir_all(dir.path().join("index")).expect("removed");
    let engine = open(dir.path());
    assert!(
        contents(&engine) == after,
        "what is left is enough to rebuild the index"
    );
    assert_eq!(engine.verify().expect("verify").findings, []);
}

#[test]
fn an_older_store_keeps_its_chain_when_it_is_compacted() {
    let dir = tempfile::tempdir().expect("a folder");
    copy_journal(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/store/format_1"),
        dir.path(),
    );
    let engine = open(dir.path());
    let before = contents(&engine);
    assert_eq!(
        compact(&engine).values,
        1,
        "the deleted prompt; the other one is too short to be worth it"
    );
    assert!(contents(&engine) == before);
    drop(engine);
    let bytes = fs::read(segment(dir.path(), 1)).expect("read");
    assert_eq!(bytes[8], 2, "an older program says that it is newer");
    assert!(contents(&open(dir.path())) == before);
}

#[test]
fn readers_and_writers_go_on_meanwhile() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path());
    write_drafts(&engine);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Acquire) {
                    let entries = engine.scan(&Scan::prefix("record/", 100)).expect("scan");
                    assert_eq!(entries.len(), 40);
                    assert_eq!(text(&engine, "record/7"), Some("stays".into()));
                    assert_eq!(engine.audit_page(1, 20).expect("audit").len(), 20);
                }
            });
        }
        scope.spawn(|| {
            for n in 0..200 {
                let draft = format!("draft {n} ").repeat(20);
                let changed = batch("draft")
                    .put("draft/5", draft.clone())
                    .expect_equals("record/1", "stays");
                engine.commit(changed).expect("taken");
                assert_eq!(text(&engine, "draft/5"), Some(draft));
            }
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            compact(&engine);
        }
    });
    assert_eq!(engine.verify().expect("verify").findings, []);
    assert_eq!(engine.stats().expect("stats").commits, 281);
}

#[test]
fn a_value_that_was_dropped_and_is_missing_is_found() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path());
    put(&engine, "k", "v");
    let mut bad = batch("forged");
    bad.ops.push(Op::Superseded(Superseded {
        key: b"lost".to_vec(),
        value_bytes: 100,
        digest: [7; 32],
    }));
    let receipt = engine.commit(bad).expect("taken");
    assert_eq!(receipt.sequence, 2);
    let findings = engine.verify().expect("verify").findings;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].what.contains("key lost was dropped"), "{findings:?}");
    put(&engine, "lost", "replaced");
    assert_eq!(engine.verify().expect("verify").findings, []);
}

#[test]
fn the_chain_covers_what_is_left_of_a_dropped_value() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path());
    write_drafts(&engine);
    compact(&engine);
    let path = segment(dir.path(), 1);
    // The first frame behind the header is the first draft: its kind, and every byte behind it, is covered.
    assert_eq!(fs::read(&path).expect("read")[72 + 4], 4);
    for offset in 72..72 + 28 + 7 + 36 {
        flip(&path, offset);
        let findings = engine.verify().expect("verify").findings;
        assert!(findings.iter().any(|finding| finding.segment == 1), "byte {offset}");
        flip(&path, offset);
    }
    assert_eq!(engine.verify().expect("verify").findings, []);
}

#[test]
fn damage_stops_a_compaction_and_loses_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path());
    write_drafts(&engine);
    let before = contents(&engine);
    let path = segment(dir.path(), 3);
    flip(&path, 300);
    let error = engine.compact(&mut |_| {}).expect_err("damaged");
    assert!(error.to_string().contains("damaged in segment 3"), "{error}");
    flip(&path, 300);
    assert!(contents(&engine) == before);
    assert_eq!(engine.verify().expect("verify").findings, []);
    assert!(compact(&engine).values > 0);
    assert!(contents(&engine) == before);
}

#[test]
fn an_empty_store_has_nothing_to_compact() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path());
    assert_eq!(compact(&engine).segments, 0);
    assert_eq!(engine.history(1, 10).expect("history"), []);
    engine.commit(batch("nothing but the entry")).expect("taken");
    assert_eq!(compact(&engine).segments, 0);
    let history = engine.history(0, 10).expect("history");
    assert_eq!(history[0].audit, audit("nothing but the entry"));
    assert!(EmbeddedEngine::open(dir.path()).is_err(), "it is still open");
}
