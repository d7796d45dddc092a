//! What people sign: a store with a review that waits, and the commands that decide it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::pegbox::{Pegbox, REASON, REQUEST, RUN};
use crate::ssh_tools as ssh;

/// A store with a review that waits for somebody, and people: tess, an admin who may do everything here, has this key.
pub fn with_review(kind: &str) -> (Pegbox, PathBuf) {
    let pegbox = Pegbox::with_records(4);
    let key = ssh::key(pegbox.home.path(), kind, "tess");
    let public = key.with_extension("pub");
    let mut add = vec![
        "user",
        "add",
        "tess",
        "--reason",
        REASON,
        "--key",
        public.to_str().unwrap(),
    ];
    for role in ["admin", "author", "reviewer", "releaser"] {
        add.extend(["--role", role]);
    }
    pegbox.does(&add);
    pegbox.does(&RUN);
    pegbox.does(&[
        "store",
        "policy",
        "--simulated",
        "accept",
        "--reason",
        "nothing here is real",
    ]);
    pegbox.does(&REQUEST);
    (pegbox, key)
}

pub const APPROVE: [&str; 5] = ["review", "approve", "review_1", "--reason", REASON];

pub fn with<'a>(command: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [command, more].concat()
}

/// Runs the commands of an export's README, and gives how many were good.
pub fn checked(export: &Path) -> usize {
    let readme = fs::read_to_string(export.join("README.md")).unwrap();
    let commands = readme.lines().filter(|line| line.starts_with("ssh-keygen "));
    let said: Vec<(bool, String)> = commands.map(|command| ssh::shell(export, command)).collect();
    assert!(
        said.iter().all(|(is_good, said)| *is_good && said.starts_with("Good ")),
        "{said:?}"
    );
    said.len()
}
