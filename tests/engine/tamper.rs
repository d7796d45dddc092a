//! Whatever byte of the journal somebody changes, verification finds it and says where.

use std::fs;
use std::path::Path;

use pegbox::store::engine::{Engine, EngineReport, Finding};

use crate::store::{batch, flip, len, open, put, segment};

/// Commits of several segments; the numbers of the commits and the keys that they put are known.
fn story(engine: &dyn Engine) {
    for number in 1..=30 {
        put(engine, &format!("key/{number:02}"), &"value ".repeat(number % 7));
    }
    engine
        .commit(batch("last").put("key/01", "newer").delete("key/02"))
        .expect("taken");
}

/// Where the bytes of each frame lie that a sound store has: file, first byte, length, commit, key of a put.
struct Spot {
    first: u64,
    end: u64,
    commit: u64,
    key: Option<String>,
}

/// The spots of a segment, from its bytes alone: the layout of a frame is known.
fn spots(path: &Path, mut commit: u64) -> Vec<Spot> {
    let bytes = fs::read(path).expect("read");
    let (mut at, mut spots) = (72, Vec::new());
    while at < bytes.len() {
        let number = |from: usize, len: usize| {
            let field = &bytes[at + from..at + from + len];
            field.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
        };
        let (kind, key_bytes, value_bytes) = (number(4, 1), number(6, 2), number(8, 4));
        let key = &bytes[at + 28..at + 28 + key_bytes];
        let end = at + 28 + key_bytes + value_bytes;
        spots.push(Spot {
            first: at as u64,
            end: end as u64,
            commit,
            key: (kind == 1).then(|| String::from_utf8(key.to_vec()).expect("text")),
        });
        commit += u64::from(kind == 3);
        at = end;
    }
    spots
}

fn findings(engine: &dyn Engine) -> Vec<Finding> {
    let EngineReport { findings, .. } = engine.verify().expect("it can look");
    findings
}

#[test]
fn every_flipped_byte_is_found_and_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path());
    story(&engine);
    assert_eq!(findings(&engine), []);
    let (mut number, mut commit, mut flipped) = (1, 1, 0);
    while segment(dir.path(), number).exists() {
        let path = segment(dir.path(), number);
        for offset in 0..72 {
            flip(&path, offset);
            let found = findings(&engine);
            let is_header = |finding: &Finding| finding.segment == number && finding.offset == 0;
            assert!(
                found.iter().any(is_header),
                "segment {number}, byte {offset}: {found:?}"
            );
            flip(&path, offset);
        }
        let spots = spots(&path, commit);
        for spot in &spots {
            for offset in spot.first..spot.end {
                flip(&path, offset);
                let found = findings(&engine);
                let is_spot = |finding: &&Finding| {
                    (finding.segment, finding.offset, finding.commit) == (number, spot.first, Some(spot.commit))
                };
                assert!(
                    found.iter().any(|finding| is_spot(&finding)),
                    "segment {number}, byte {offset} of commit {}: {found:?}",
                    spot.commit
                );
                if let Some(key) = &spot.key {
                    let names_it = |finding: &Finding| finding.what.contains(key.as_str());
                    let is_named = found.iter().filter(is_spot).any(names_it);
                    // A value that was replaced is known by what its frame says, and that is what was changed here.
                    let is_unknown = spot.commit <= 2 && offset < spot.first + 28 + key.len() as u64;
                    assert!(
                        is_named || is_unknown,
                        "segment {number}, byte {offset}: {key} in {found:?}"
                    );
                }
                flip(&path, offset);
                flipped += 1;
            }
        }
        commit = spots.last().map_or(commit, |spot| spot.commit + 1);
        number += 1;
    }
    assert_eq!(commit, 32, "all commits were looked at");
    assert!(number > 2, "there is more than one segment");
    assert!(flipped > 4_000, "{flipped} bytes were flipped");
    assert_eq!(findings(&engine), [], "and all is as it was");
}

/// A change with its checksum corrected breaks the chain where it was made.
#[test]
fn a_change_that_has_a_right_checksum_is_found_by_the_chain() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = open(dir.path());
    put(&engine, "key", "approved");
    put(&engine, "other", "1");
    let path = segment(dir.path(), 1);
    let mut bytes = fs::read(&path).expect("read");
    let frame = 72..72 + 28 + "keyapproved".len();
    bytes[frame.end - 1] = b'D';
    let mut covered = bytes[76..84].to_vec();
    covered.extend(&bytes[100..frame.end]);
    let checksum = blake3::hash(&covered);
    bytes[84..100].copy_from_slice(&checksum.as_bytes()[..16]);
    fs::write(&path, &bytes).expect("written");
    assert!(bytes.len() as u64 == len(&path));
    let found = findings(&engine);
    let breaks = |finding: &Finding| {
        finding.commit == Some(1) && finding.what == "the commit's hash does not continue the chain"
    };
    assert!(found.iter().any(breaks), "{found:?}");
    let names = |finding: &Finding| finding.offset == 72 && finding.what.contains("key");
    assert!(found.iter().any(names), "{found:?}");
}
