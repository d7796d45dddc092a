//! Whoever joins the host signs with their own agent and files, which the host never sees.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::deeds::{APPROVE, checked, with, with_review};
use crate::house::{House, until};
use crate::pegbox::{PROMOTE, Pegbox, Said};
use crate::ssh_tools as ssh;

/// A command under an agent that has a key.
fn under_agent(pegbox: &Pegbox, key: &Path, arguments: &[&str]) -> Said {
    let command = pegbox.command(arguments);
    let words: Vec<String> = command
        .get_args()
        .map(|word| format!("'{}'", word.to_str().unwrap()))
        .collect();
    let line = format!(
        "ssh-add -q '{}' && exec '{}' {}",
        key.display(),
        env!("CARGO_BIN_EXE_pegbox"),
        words.join(" ")
    );
    let mut agent = Command::new("ssh-agent");
    agent.args(["sh", "-c", &line]).current_dir(pegbox.home.path());
    agent.env("HOME", pegbox.home.path()).env("USER", "tess");
    Said::of(&agent.output().unwrap())
}

#[test]
fn a_guest_signs_with_its_own_agent_and_its_own_file() {
    if !ssh::is_here() {
        return;
    }
    let (pegbox, key) = with_review("ed25519");
    let house = House::of(pegbox, &[]);
    let pegbox = &house.pegbox;
    let before = house.guests();
    let none = pegbox.says(&with(&APPROVE, &["--sign"]));
    assert!(
        none.code != 0 && none.stderr.contains("there is no SSH agent"),
        "{none:?}"
    );
    let signed = under_agent(pegbox, &key, &with(&APPROVE, &["--sign"]));
    assert!(
        signed.code == 0 && signed.stdout.contains("approved by tess, signed"),
        "{signed:?}"
    );
    assert!(
        signed.stderr.contains("signing as decision@pegbox"),
        "the guest shows it: {signed:?}"
    );
    let folder = pegbox.home.path().join("deep");
    fs::create_dir(&folder).unwrap();
    let mut promote = pegbox.command(&with(&PROMOTE, &["--sign-key", "../tess"]));
    let promoted = Said::of(&promote.current_dir(&folder).output().unwrap());
    assert!(promoted.code == 0 && promoted.stdout.contains("signed"), "{promoted:?}");
    // The log has it once the guest is gone.
    until("that the host did it", || house.guests() - before == 3);
    let export = pegbox.home.path().join("audit");
    pegbox.does(&["audit", "export", export.to_str().unwrap()]);
    assert_eq!(checked(&export), 2);
}
