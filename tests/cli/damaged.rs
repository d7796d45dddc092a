//! A store that was damaged: what verify says of it, and going on without what it has lost.

use std::fs;
use std::path::PathBuf;

use crate::pegbox::{Pegbox, REASON};

const REASON_TO_ACCEPT: &str = "the disk failed, and the last backup is older than this";

/// A closed store whose last commit was changed, and its index removed.
fn damaged() -> (Pegbox, PathBuf, u64) {
    let pegbox = Pegbox::with_records(2);
    let commits = pegbox.json(&["store", "stats"])["commits"].as_u64().unwrap();
    fs::remove_dir_all(pegbox.store().join("index")).unwrap();
    let segment = pegbox.store().join("journal/00000001.seg");
    let mut bytes = fs::read(&segment).unwrap();
    let at = bytes.len() - 5;
    bytes[at] ^= 1;
    fs::write(&segment, bytes).unwrap();
    (pegbox, segment, commits)
}

#[test]
fn verify_names_what_is_damaged_and_the_way_on() {
    let (pegbox, segment, commits) = damaged();
    let before = fs::read(&segment).unwrap();
    for command in ["store", "audit"] {
        let said = pegbox.says(&[command, "verify"]);
        assert_eq!(said.code, 5, "{said:?}");
        let place = "journal/00000001.seg, byte ";
        assert!(said.stdout.contains(place), "{said:?}");
        assert!(
            said.stdout
                .contains(&format!("commit {commits} was stored and is lost")),
            "{said:?}"
        );
        assert!(
            said.stdout.contains(&format!("commits 1 to {} are sound", commits - 1)),
            "{said:?}"
        );
        assert!(said.stderr.contains("pegbox store recover --accept-loss"), "{said:?}");
    }
    let said = pegbox.says(&["audit", "verify", "--json"]);
    let document = said.json();
    assert_eq!(document["sound"], false);
    assert_eq!(document["sound_commits"], commits - 1);
    assert!(
        document["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|finding| finding["file"] == "journal/00000001.seg" && finding["commit"] == commits),
        "{document}"
    );
    assert!(fs::read(&segment).unwrap() == before, "looking changes nothing");
    let status = pegbox.says(&["status"]);
    assert_eq!(status.code, 5, "{status:?}");
    let backup = pegbox.home.path().join("backup");
    let said = pegbox.says(&["store", "backup", backup.to_str().unwrap()]);
    assert!(said.code == 5 && said.stderr.contains("is lost"), "{said:?}");
    assert!(!backup.exists());
}

#[test]
fn a_loss_is_accepted_by_somebody_for_a_reason() {
    let (pegbox, segment, commits) = damaged();
    let before = fs::read(&segment).unwrap();
    let recover = |words: &[&str]| pegbox.says(&[&["store", "recover"], words].concat());
    let unasked = recover(&["--reason", REASON_TO_ACCEPT]);
    assert!(
        unasked.code == 2 && unasked.stderr.contains("--accept-loss"),
        "{unasked:?}"
    );
    let unreasoned = recover(&["--accept-loss", "--reason", " "]);
    assert_eq!(unreasoned.code, 2, "{unreasoned:?}");
    assert!(
        fs::read(&segment).unwrap() == before,
        "nothing is cut off without a reason"
    );
    assert_eq!(pegbox.says(&["status"]).code, 5);

    let done = recover(&["--accept-loss", "--reason", REASON_TO_ACCEPT]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(
        done.stdout
            .contains(&format!("commit {commits} was stored and is lost")),
        "{done:?}"
    );
    let aside = pegbox.store().join("set-aside/1");
    let kept: Vec<_> = fs::read_dir(&aside)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let cut = kept
        .iter()
        .find(|path| path.to_string_lossy().contains(".from-"))
        .unwrap();
    assert!(before.ends_with(&fs::read(cut).unwrap()), "every byte is set aside");

    assert!(pegbox.does(&["audit", "verify"]).contains("the store is sound"));
    let log = pegbox.json(&["audit", "log", "--action", "store.recover"]);
    let entry = &log["entries"][0];
    assert_eq!(
        (&entry["actor"], &entry["reason"]),
        (&"tess".into(), &REASON_TO_ACCEPT.into())
    );
    assert_eq!(entry["subject"], format!("commit {commits}, set aside in set-aside/1"));
    let again = recover(&["--accept-loss", "--reason", REASON]);
    assert!(
        again.code == 5 && again.stderr.contains("nothing of the store is lost"),
        "{again:?}"
    );
}

#[test]
fn an_export_of_the_log_is_a_tar_on_standard_output() {
    let pegbox = Pegbox::with_records(1);
    let bytes = || pegbox.command(&["audit", "export", "-"]).output().unwrap();
    let output = bytes();
    assert!(output.status.success());
    assert!(output.stdout == bytes().stdout, "the same log is the same bytes");
    let mut archive = tar::Archive::new(output.stdout.as_slice());
    let mut names: Vec<String> = archive
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().display().to_string())
        .collect();
    names.sort();
    let expected = [
        "audit/",
        "audit/README.md",
        "audit/allowed_signers",
        "audit/audit.jsonl",
        "audit/signatures/",
    ];
    let trimmed = |name: &str| name.trim_end_matches('/').to_owned();
    assert!(
        names
            .iter()
            .map(|name| trimmed(name))
            .eq(expected.iter().map(|name| trimmed(name))),
        "{names:?}"
    );
    let said = pegbox.says(&["audit", "export", "-", "--json"]);
    assert!(said.code == 2 && said.stderr.contains("a tar is no JSON"), "{said:?}");
}
