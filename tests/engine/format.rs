//! Stores of other versions: an older format opens with all that is in it, a newer one is refused in words.

use std::fs;
use std::path::{Path, PathBuf};

use pegbox::domain::origin::Origin;
use pegbox::store::embedded::{EmbeddedEngine, Recovery, Sizes};
use pegbox::store::engine::{AuditEntry, Batch, Engine, EngineError, Scan};

use crate::store::{audit, batch, copy_journal, copy_store, put, segment, text};

/// Stores as they were written, in a folder for each format.
fn golden(format: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/store/format_{format}"))
}

/// What each of them holds: four commits over two segments, with an overwritten and a deleted key.
fn write_story(engine: &dyn Engine) {
    let large = "prompt ".repeat(80);
    engine
        .commit(batch("one").insert("prompt/a", "first").insert("prompt/b", large))
        .expect("taken");
    engine
        .commit(
            batch("two")
                .expect_equals("prompt/a", "first")
                .put("prompt/a", "second"),
        )
        .expect("taken");
    engine.commit(batch("three").delete("prompt/b")).expect("taken");
    engine
        .commit(batch("four").put("empty", "").put("bytes", vec![0, 255, 10]))
        .expect("taken");
}

/// What the newest of them holds besides: a commit that changes nothing, by somebody of whom is known from where.
fn write_newest_story(engine: &dyn Engine) {
    write_story(engine);
    engine.commit(Batch::new(from_afar())).expect("taken");
}

fn from_afar() -> AuditEntry {
    AuditEntry {
        origin: Origin {
            place: "ssh 192.0.2.7".into(),
            key: "SHA256:uNiVztksCsDhcc0u9e8BrrQXVUpKZIDTMczCvj3tD2s".into(),
        },
        ..audit("five")
    }
}

/// The hash of the fourth commit: it covers every byte of every commit.
const FOURTH_HASH: &str = "36bbb380baa8909208b27209efc22aeafef6ea82312e65b03183e7eabde9f676";

const SIZES: Sizes = Sizes {
    segment_bytes: 1_024,
    ballast_bytes: 4_096,
    index_changes: 50,
};

fn journal_bytes(dir: &Path) -> Vec<Vec<u8>> {
    (1..=2)
        .map(|number| fs::read(segment(dir, number)).expect("a segment"))
        .collect()
}

#[test]
fn every_format_so_far_opens_with_all_that_is_in_it() {
    for format in 1..=3 {
        let commits = if format == 1 { 4 } else { 5 };
        let dir = tempfile::tempdir().expect("a folder");
        copy_store(&golden(format), dir.path());
        let engine = EmbeddedEngine::open_with(dir.path(), SIZES).expect("an older store opens");
        assert_eq!(engine.recovery().replayed_commits, commits);
        assert_eq!(engine.recovery().cut_bytes, 0);
        let entries = engine.scan(&Scan::prefix("", 10)).expect("scan");
        let expected: [(&[u8], &[u8]); 3] = [(b"bytes", &[0, 255, 10]), (b"empty", b""), (b"prompt/a", b"second")];
        assert!(
            entries
                .iter()
                .map(|(key, value)| (key.as_slice(), value.as_slice()))
                .eq(expected),
            "{entries:?}"
        );
        let rows = engine.audit_page(1, 10).expect("audit");
        let subjects: Vec<_> = rows.iter().map(|(_, _, entry)| entry.subject.as_str()).collect();
        assert!(["one", "two", "three", "four"].iter().eq(&subjects[..4]));
        assert_eq!(rows[0].2, audit("one"));
        assert!(
            rows.get(4).is_none_or(|(_, _, entry)| *entry == from_afar()),
            "{rows:?}"
        );
        assert_eq!(blake3::Hash::from_bytes(rows[3].1).to_hex().as_str(), FOURTH_HASH);
        assert_eq!(engine.verify().expect("verify").findings, []);
        put(&engine, "new", "5");
        drop(engine);
        let now = fs::read_to_string(dir.path().join("FORMAT")).expect("format");
        assert_eq!(now, "3\n", "an older program must not meet what this one writes");
        let engine = EmbeddedEngine::open_with(dir.path(), SIZES).expect("it opens again");
        assert_eq!(engine.recovery(), &Recovery::default());
        assert_eq!(text(&engine, "new"), Some("5".into()));
    }
}

/// Whoever changes a byte of the journal makes a new format, with a golden store beside the old ones.
#[test]
fn the_newest_format_is_written_byte_for_byte() {
    let dir = tempfile::tempdir().expect("a folder");
    write_newest_story(&EmbeddedEngine::open_with(dir.path(), SIZES).expect("a store"));
    fs::remove_dir_all(dir.path().join("index")).expect("removed");
    fs::remove_file(dir.path().join("ballast")).expect("removed");
    fs::remove_file(dir.path().join("lock")).expect("removed");
    let golden = golden(3);
    if !golden.exists() && std::env::var_os("PEGBOX_BLESS").is_some() {
        copy_store(dir.path(), &golden);
    }
    for name in ["FORMAT", "seal"] {
        let text = |store: &Path| fs::read_to_string(store.join(name)).expect("text");
        assert_eq!(text(dir.path()), text(&golden));
    }
    assert!(
        journal_bytes(dir.path()) == journal_bytes(&golden),
        "the journal is not written as before"
    );
}

/// A segment that compaction has written is of another format, so that an older program refuses it in words.
#[test]
fn a_compacted_store_is_written_byte_for_byte() {
    let golden = golden(1).with_file_name("format_1_compacted");
    let dir = tempfile::tempdir().expect("a folder");
    let engine = EmbeddedEngine::open_with(dir.path(), SIZES).expect("a store");
    write_story(&engine);
    engine.compact(&mut |_| {}).expect("compacted");
    drop(engine);
    if !golden.exists() && std::env::var_os("PEGBOX_BLESS").is_some() {
        copy_journal(dir.path(), &golden);
    }
    assert!(
        journal_bytes(dir.path()) == journal_bytes(&golden),
        "a compacted segment is not written as before"
    );
    let dir = tempfile::tempdir().expect("a folder");
    copy_journal(&golden, dir.path());
    let engine = EmbeddedEngine::open_with(dir.path(), SIZES).expect("it opens");
    let rows = engine.audit_page(1, 10).expect("audit");
    assert_eq!(blake3::Hash::from_bytes(rows[3].1).to_hex().as_str(), FOURTH_HASH);
    assert_eq!(text(&engine, "prompt/a"), Some("second".into()));
    assert_eq!(engine.verify().expect("verify").findings, []);
}

#[test]
fn a_newer_format_is_refused_in_words_and_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    copy_journal(&golden(1), dir.path());
    fs::write(dir.path().join("FORMAT"), "4\n").expect("written");
    let error = EmbeddedEngine::open(dir.path()).expect_err("newer");
    assert_eq!(error.to_string(), "the store has format 4: this version reads up to 3");
    assert_eq!(error.hint(), "install the newer pegbox that wrote it");
    assert!(journal_bytes(dir.path()) == journal_bytes(&golden(1)));
    assert_eq!(
        fs::read_dir(dir.path()).expect("listed").count(),
        2,
        "nothing was made in it"
    );

    // A newer journal under an old folder: a segment says so by itself.
    fs::write(dir.path().join("FORMAT"), "1\n").expect("written");
    let path = segment(dir.path(), 1);
    let mut bytes = fs::read(&path).expect("read");
    bytes[8] = 3;
    let checksum = blake3::hash(&bytes[..56]);
    bytes[56..72].copy_from_slice(&checksum.as_bytes()[..16]);
    fs::write(&path, &bytes).expect("written");
    let error = EmbeddedEngine::open(dir.path()).expect_err("newer");
    assert!(
        matches!(error, EngineError::NewerFormat { found: 3, supported: 2 }),
        "{error}"
    );
    assert!(fs::read(&path).expect("read") == bytes, "it was not cut");
}
