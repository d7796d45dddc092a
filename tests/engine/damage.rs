//! Files that a crash cut short, or that changed by themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::path::Path;

use pegbox::store::embedded::EmbeddedEngine;
use pegbox::store::engine::{Engine, EngineError, Scan};

use crate::store::{SMALL, batch, copy_journal, flip, len, open, put, segment, text};

/// A store of one segment: two commits, then a last one of two keys. Returns where the last one begins.
fn three_commits(dir: &Path) -> u64 {
    let engine = open(dir);
    put(&engine, "a", "1");
    put(&engine, "b", "2");
    let before = len(&segment(dir, 1));
    engine.commit(batch("last").put("c", "3").put("a", "4")).expect("taken");
    before
}

fn state(engine: &dyn Engine) -> String {
    let entries = engine.scan(&Scan::prefix("", 100)).expect("scan");
    let show = |(key, value): (Vec<u8>, Vec<u8>)| [key, b"=".to_vec(), value, b" ".to_vec()].concat();
    String::from_utf8(entries.into_iter().flat_map(show).collect()).expect("text")
}

#[test]
fn a_tail_cut_at_any_byte_loses_only_the_unfinished_group() {
    let dir = tempfile::tempdir().expect("a folder");
    let before = three_commits(dir.path());
    let whole = len(&segment(dir.path(), 1));
    for cut in before..whole {
        let torn = tempfile::tempdir().expect("a folder");
        copy_journal(dir.path(), torn.path());
        let file = OpenOptions::new()
            .write(true)
            .open(segment(torn.path(), 1))
            .expect("opened");
        file.set_len(cut).expect("cut");
        let engine = open(torn.path());
        assert_eq!(state(&engine), "a=1 b=2 ", "cut at {cut}");
        assert_eq!(engine.recovery().cut_bytes, cut - before);
        let receipt = engine.commit(batch("next").put("d", "5")).expect("the store goes on");
        assert_eq!(receipt.sequence, 3);
        assert_eq!(engine.verify().expect("verify").findings, [], "cut at {cut}");
    }
}

#[test]
fn batches_that_share_a_group_stay_whole_when_it_is_cut() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path());
    let pair = |n| batch("pair").put(format!("{n}/a"), "1").put(format!("{n}/b"), "2");
    let pending: Vec<_> = (0..8).map(|n| engine.submit(pair(n))).collect();
    assert!(pending.into_iter().all(|pending| pending.wait().is_ok()));
    drop(engine);
    let whole = len(&segment(dir.path(), 1));
    let mut seen = BTreeSet::new();
    for cut in (72..=whole).rev().step_by(29) {
        let torn = tempfile::tempdir().expect("a folder");
        copy_journal(dir.path(), torn.path());
        let file = OpenOptions::new()
            .write(true)
            .open(segment(torn.path(), 1))
            .expect("opened");
        file.set_len(cut).expect("cut");
        let engine = open(torn.path());
        let commits = engine.stats().expect("stats").commits;
        let expected: String = (0..commits)
            .flat_map(|n| [format!("{n}/a=1 "), format!("{n}/b=2 ")])
            .collect();
        assert_eq!(state(&engine), expected, "cut at {cut}");
        seen.insert(commits);
    }
    assert!(seen.into_iter().eq(0..=8), "every number of batches has been cut to");
}

#[test]
fn a_tail_of_zeros_or_noise_is_cut() {
    let dir = tempfile::tempdir().expect("a folder");
    three_commits(dir.path());
    for tail in [
        vec![0; 5_000],
        vec![0xa5; 300],
        b"PGBF\x01\x00\x01\x00\xff\xff\xff\x00".to_vec(),
    ] {
        let torn = tempfile::tempdir().expect("a folder");
        copy_journal(dir.path(), torn.path());
        let path = segment(torn.path(), 1);
        fs::write(&path, [fs::read(&path).expect("read"), tail.clone()].concat()).expect("written");
        let engine = open(torn.path());
        assert_eq!(state(&engine), "a=4 b=2 c=3 ");
        assert_eq!(engine.recovery().cut_bytes, tail.len() as u64);
    }
}

/// The bytes of the journal's files.
fn journal_bytes(dir: &Path) -> BTreeMap<std::path::PathBuf, Vec<u8>> {
    let files = fs::read_dir(dir.join("journal")).expect("listed");
    let paths = files.map(|entry| entry.expect("an entry").path());
    paths
        .map(|path| (path.clone(), fs::read(&path).expect("read")))
        .collect()
}

/// Opens a store whose last commit was acknowledged and does not read: refused each time, and nothing is written.
fn assert_lost(dir: &Path, last_that_reads: u64, about: &str) {
    let before = journal_bytes(dir);
    for _ in 0..2 {
        let error = EmbeddedEngine::open(dir).expect_err(about);
        let EngineError::Lost {
            segment,
            reads,
            acknowledged,
            ..
        } = &error
        else {
            panic!("{about}: {error}");
        };
        assert_eq!((*segment, *reads, *acknowledged), (1, last_that_reads, 3), "{about}");
        assert!(error.to_string().contains("journal/00000001.seg, byte "), "{error}");
        assert!(journal_bytes(dir) == before, "{about}: the journal was written to");
    }
}

#[test]
fn an_acknowledged_tail_that_was_cut_is_refused_at_every_byte() {
    let dir = tempfile::tempdir().expect("a folder");
    let before = three_commits(dir.path());
    let path = segment(dir.path(), 1);
    let whole = fs::read(&path).expect("read");
    for cut in [72, before - 1].into_iter().chain(before..len(&path)) {
        let reads = if cut >= before { 2 } else { u64::from(cut > 72) };
        fs::write(&path, &whole[..usize::try_from(cut).expect("small")]).expect("cut");
        assert_lost(dir.path(), reads, &format!("cut at {cut}"));
    }
    fs::write(&path, &whole).expect("put back");
    assert_eq!(state(&open(dir.path())), "a=4 b=2 c=3 ");
}

#[test]
fn an_acknowledged_last_commit_with_a_flipped_bit_is_refused_or_found() {
    let dir = tempfile::tempdir().expect("a folder");
    let before = three_commits(dir.path());
    let path = segment(dir.path(), 1);
    let mut refused = 0;
    for offset in before..len(&path) {
        flip(&path, offset);
        let bytes = journal_bytes(dir.path());
        if let Ok(engine) = EmbeddedEngine::open(dir.path()) {
            // Its commit frame reads, one of its changes does not.
            let findings = engine.verify().expect("verify").findings;
            assert!(findings.iter().any(|finding| finding.segment == 1), "byte {offset}");
        } else {
            refused += 1;
            assert_lost(dir.path(), 2, &format!("byte {offset}"));
        }
        assert!(
            journal_bytes(dir.path()) == bytes,
            "byte {offset}: the journal was written to"
        );
        flip(&path, offset);
    }
    assert!(refused > 0);
    assert_eq!(state(&open(dir.path())), "a=4 b=2 c=3 ");
}

#[test]
fn damage_before_the_last_group_is_not_taken_for_an_unfinished_one() {
    let dir = tempfile::tempdir().expect("a folder");
    let before = three_commits(dir.path());
    for offset in 72..before {
        let bad = tempfile::tempdir().expect("a folder");
        copy_journal(dir.path(), bad.path());
        flip(&segment(bad.path(), 1), offset);
        let error = EmbeddedEngine::open(bad.path()).expect_err("damaged");
        assert!(
            matches!(error, EngineError::Damaged { segment: 1, .. }),
            "byte {offset}: {error}"
        );
    }
    let old = tempfile::tempdir().expect("a folder");
    copy_journal(dir.path(), old.path());
    flip(&segment(old.path(), 1), before + 4);
    assert_eq!(
        state(&open(old.path())),
        "a=1 b=2 ",
        "nothing shows that the last group was ever acknowledged"
    );
}

#[test]
fn every_flipped_byte_of_a_sealed_segment_is_found_and_never_read() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path());
    let mut expected = BTreeMap::new();
    for n in 0..30 {
        let (key, value) = (format!("k/{n:02}"), format!("{n}").repeat(60));
        put(&engine, &key, &value);
        expected.insert(key, value);
    }
    assert!(engine.stats().expect("stats").segments > 3);
    let path = segment(dir.path(), 2);
    assert!(len(&path) <= SMALL.segment_bytes);
    let mut refused_reads = 0;
    for offset in 0..len(&path) {
        flip(&path, offset);
        let report = engine.verify().expect("verify");
        assert!(
            report
                .findings
                .iter()
                .any(|finding| finding.segment == 2 && finding.offset <= offset),
            "byte {offset}: {:?}",
            report.findings
        );
        for (key, value) in &expected {
            match engine.get(key.as_bytes()) {
                Ok(found) => assert!(found.as_deref() == Some(value.as_bytes()), "byte {offset}: {key}"),
                Err(EngineError::Damaged {
                    segment: 2, offset: at, ..
                }) => {
                    assert!(at <= offset);
                    refused_reads += 1;
                }
                Err(error) => panic!("byte {offset}: {error}"),
            }
        }
        flip(&path, offset);
    }
    assert!(refused_reads > 500, "{refused_reads}");
    assert_eq!(engine.verify().expect("verify").findings, []);
}

#[test]
fn one_finding_names_the_place_and_the_rest_is_still_compared() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path());
    for n in 0..30 {
        put(&engine, &format!("k/{n:02}"), &"v".repeat(100));
    }
    // The first frame of segment 2 begins behind the 72 bytes of its header; this is inside its value.
    flip(&segment(dir.path(), 2), 72 + 28 + 10);
    let report = engine.verify().expect("verify");
    let first = &report.findings[0];
    assert_eq!((first.segment, first.offset), (2, 72));
    assert!(first.what.contains("checksum"), "{first:?}");
    assert_eq!(report.commits, 30);
    assert_eq!(
        report.findings.len(),
        2,
        "the bad frame, and its key: {:?}",
        report.findings
    );
    drop(engine);
    fs::remove_dir_all(dir.path().join("index")).expect("removed");
    let error = EmbeddedEngine::open(dir.path()).expect_err("cannot be rebuilt");
    assert!(
        matches!(
            error,
            EngineError::Damaged {
                segment: 2,
                offset: 72,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_sealed_segment_cut_between_two_commits_is_found() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path());
    for n in 0..30 {
        put(&engine, &format!("k/{n:02}"), &"v".repeat(100));
    }
    // Every commit has the same size here, so that the last one can be cut off exactly.
    let path = segment(dir.path(), 2);
    let commits = engine.verify().expect("verify").commits;
    let frame_bytes = 28 + 4 + 100;
    let commit_bytes = 28 + 52 + 24 + "anntest.putk/00to see it".len() as u64;
    let file = OpenOptions::new().write(true).open(&path).expect("opened");
    file.set_len(len(&path) - frame_bytes - commit_bytes).expect("cut");
    let report = engine.verify().expect("verify");
    assert_eq!(report.commits, commits - 1);
    let continues = |finding: &&pegbox::store::engine::Finding| finding.segment == 3 && finding.offset == 0;
    assert!(
        report.findings.iter().any(|finding| continues(&finding)),
        "{:?}",
        report.findings
    );
    assert!(text(&engine, "k/00").is_some());
}
