//! Keeping a store: backups, plain exports, and what may be dropped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::pegbox::{Pegbox, REASON, Said};

type Files = BTreeMap<String, Vec<u8>>;

fn files(dir: &Path) -> Files {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read(path).unwrap())
    };
    entries.map(read).collect()
}

/// The sample store, with a prompt, versions, datasets, runs, reviews, promotions and releases.
fn demo() -> Pegbox {
    let pegbox = Pegbox::new();
    pegbox.does(&["demo", "--headless"]);
    pegbox
}

impl Pegbox {
    fn in_store(&self, store: &str, arguments: &[&str]) -> Said {
        let store = self.home.path().join(store);
        let mut command = self.bare(arguments);
        command.arg("--store").arg(store);
        Said::of(&command.output().unwrap())
    }
}

fn done(said: &Said) {
    assert_eq!(said.code, 0, "{said:?}");
}

#[test]
fn what_is_exported_and_imported_again_is_the_same_store() {
    let pegbox = demo();
    let said = pegbox.does(&["store", "export", "one"]);
    assert!(said.contains("README.md says what is where"), "{said}");
    let said = pegbox.in_store("again", &["store", "import", "one"]);
    done(&said);
    assert!(said.stdout.contains("hash for hash"), "{said:?}");
    done(&pegbox.in_store("again", &["store", "export", "two"]));
    let (one, two) = (
        files(&pegbox.home.path().join("one")),
        files(&pegbox.home.path().join("two")),
    );
    assert!(one == two, "byte for byte");
    for name in [
        "README.md",
        "export.json",
        "audit.jsonl",
        "outcome.jsonl",
        "release.jsonl",
        "version.jsonl",
    ] {
        assert!(one.contains_key(name), "{name}: {:?}", one.keys());
    }

    let verified = pegbox.in_store("again", &["store", "verify"]);
    done(&verified);
    assert!(verified.stdout.contains("the store is sound"));
    let lineage = |said: Said| said.json();
    assert_eq!(
        lineage(pegbox.in_store("again", &["lineage", "support_triage_prod_v9", "--json"])),
        pegbox.json(&["lineage", "support_triage_prod_v9"]),
    );

    // The text of older drafts is gone from the export, and so from a store that is made of it.
    let freed = pegbox.in_store("again", &["store", "compact", "--json"]).json();
    assert_eq!(freed["values"], 0);
    let hash = |commit: &[u8]| serde_json::from_slice::<Value>(commit).unwrap()["hash"].clone();
    let last = one["audit.jsonl"]
        .split(|byte| *byte == b'\n')
        .rfind(|line| !line.is_empty());
    assert_eq!(hash(last.unwrap()), hash(&one["export.json"]));
}

#[test]
fn a_changed_export_is_refused_with_its_line_and_taken_when_asked() {
    let pegbox = demo();
    pegbox.does(&["store", "export", "plain"]);
    let path = pegbox.home.path().join("plain/release.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let changed = text.replacen("tess", "mallory", 1);
    let changed = if changed == text {
        text.replacen("\"reason\":\"", "\"reason\":\"not ", 1)
    } else {
        changed
    };
    assert_ne!(changed, text);
    std::fs::write(&path, &changed).unwrap();
    let said = pegbox.in_store("again", &["store", "import", "plain"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(
        said.stderr.contains("release.jsonl, line 1: the record is not the one"),
        "{said:?}"
    );
    assert!(!pegbox.home.path().join("again").exists(), "nothing was imported");
    let said = pegbox.in_store("again", &["store", "import", "plain", "--new-chain"]);
    done(&said);
    assert!(said.stdout.contains("hashes of its own"), "{said:?}");
    std::fs::write(&path, &text).unwrap();

    let audit = pegbox.home.path().join("plain/audit.jsonl");
    let lines = std::fs::read_to_string(&audit).unwrap();
    let cases = [
        (
            lines.replacen("\"actor\":\"", "\"actor\":\"not-", 1),
            "line 1: the commit is not the one",
        ),
        (
            lines.split_once('\n').unwrap().1.to_owned(),
            "line 1: a commit is missing",
        ),
        (lines.split_inclusive('\n').take(9).collect(), "it counts other"),
    ];
    for (text, why) in cases {
        std::fs::write(&audit, text).unwrap();
        let said = pegbox.in_store("other", &["store", "import", "plain"]);
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.stderr.contains(why), "{why}: {said:?}");
    }
    std::fs::write(&audit, &lines).unwrap();
    std::fs::remove_file(pegbox.home.path().join("plain/export.json")).unwrap();
    let said = pegbox.in_store("other", &["store", "import", "plain"]);
    assert!(said.stderr.contains("this is no complete export"), "{said:?}");
    let said = pegbox.in_store("again", &["store", "import", "plain"]);
    assert!(said.stderr.contains("is not empty"), "{said:?}");
    assert_eq!(said.code, 5, "{said:?}");
}

#[test]
fn a_backup_is_restored_and_a_damaged_one_is_not() {
    let pegbox = demo();
    let said = pegbox.does(&["store", "backup", "kept"]);
    assert!(said.contains("restore it with pegbox store restore kept"), "{said}");
    done(&pegbox.in_store("again", &["store", "restore", "kept"]));
    let audit = |store: &str| pegbox.in_store(store, &["store", "stats", "--json"]).json()["commits"].clone();
    assert_eq!(audit("again"), audit("store"));
    assert!(
        pegbox
            .in_store("again", &["store", "verify"])
            .stdout
            .contains("the store is sound")
    );

    let path = pegbox.home.path().join("kept/journal/00000001.seg");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let said = pegbox.in_store("third", &["store", "restore", "kept"]);
    assert_eq!(said.code, 5, "{said:?}");
    assert!(said.stderr.contains("the backup kept is damaged"), "{said:?}");
    assert!(!pegbox.home.path().join("third").exists());
    let said = pegbox.in_store("none", &["store", "backup", "more"]);
    assert_eq!(said.code, 3, "{said:?}");
}

#[test]
fn stats_count_by_kind_and_compaction_says_what_it_freed() {
    let pegbox = Pegbox::with_records(3);
    let kinds = pegbox.json(&["store", "stats"])["kinds"].clone();
    for (kind, records) in [("example", 3), ("dataset", 1), ("version", 1), ("suite", 1)] {
        assert_eq!(kinds[kind]["records"], records, "{kinds}");
    }
    let export = pegbox.does(&["prompt", "export", "support_triage_v1"]);
    for n in 0..3 {
        let file = pegbox.write("next.md", export.replace("Larkspur", &format!("Larkspur {n}")));
        pegbox.does(&["prompt", "import", "support_triage", &file]);
        pegbox.does(&[
            "prompt",
            "commit",
            "support_triage",
            "--kind",
            "bug",
            "--reason",
            REASON,
        ]);
    }
    let before = pegbox.json(&["store", "stats"])["journal_bytes"].as_u64().unwrap();
    let freed = pegbox.json(&["store", "compact"]);
    assert!(freed["values"].as_u64().unwrap() >= 2, "{freed}");
    let after = pegbox.json(&["store", "stats"])["journal_bytes"].as_u64().unwrap();
    assert!(after < before, "{before} {after}");
    assert!(pegbox.does(&["store", "verify"]).contains("the store is sound"));
    assert_eq!(pegbox.does(&["store", "compact"]).trim(), "nothing to drop");
}
