//! The README's unit for systemd is one that systemd takes.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

const README: &str = include_str!("../../README.md");

/// The unit that the README shows.
fn unit() -> &'static str {
    let (_, rest) = README.split_once("`~/.config/systemd/user/pegbox.service`:").unwrap();
    let (_, rest) = rest.split_once("```ini\n").unwrap();
    rest.split_once("```").unwrap().0
}

/// What systemd says to a unit in somebody's home folder. It ends well where it only warns.
fn verified(home: &Path, name: &str, unit: &str) -> (bool, String) {
    let file = home.join(name);
    fs::write(&file, unit).unwrap();
    let mut command = Command::new("systemd-analyze");
    command.args(["--user", "verify"]).arg(&file);
    command.env("HOME", home).env("XDG_RUNTIME_DIR", home.join("run"));
    let output = command.output().unwrap();
    (
        output.status.success(),
        String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap(),
    )
}

#[test]
fn systemd_takes_the_unit() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        eprintln!("SKIPPED: systemd-analyze is not here, and nothing was tested");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let programs = home.path().join(".cargo/bin");
    fs::create_dir_all(&programs).unwrap();
    symlink(env!("CARGO_BIN_EXE_pegbox"), programs.join("pegbox")).unwrap();
    fs::create_dir(home.path().join("run")).unwrap();
    fs::set_permissions(home.path().join("run"), PermissionsExt::from_mode(0o700)).unwrap();
    assert_eq!(verified(home.path(), "pegbox.service", unit()), (true, String::new()));
    // What it says where something is wrong.
    let unknown = unit().replace("Restart=on-failure", "Restart=sometimes");
    let (_, said) = verified(home.path(), "unknown.service", &unknown);
    assert!(said.contains("sometimes"), "{said}");
}
