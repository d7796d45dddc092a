//! A store whose host listens for SSH, and people with keys.

use std::ffi::OsStr;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::house::{House, until};
use crate::pegbox::{Pegbox, REASON, Said};

/// What `ssh` is told besides whom to reach: nothing of the person's own.
const OPTIONS: [&str; 8] = [
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "GlobalKnownHostsFile=/dev/null",
    "LogLevel=ERROR",
    "BatchMode=yes",
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "ControlMaster=no",
];

/// A host that listens, an admin who keeps it here, and anna, who has a key.
pub struct Site {
    pub house: House,
    pub address: SocketAddr,
}

/// Whether a tool is missing, which is said aloud.
pub fn is_missing() -> bool {
    let has = |program: &&&str| Command::new(program).arg("-?").output().is_err();
    let missing = ["ssh", "ssh-keygen", "ssh-agent", "ssh-add"];
    let missing = missing.iter().find(has);
    if let Some(program) = missing {
        println!("skipped: {program} is not installed");
    }
    missing.is_some()
}

impl Site {
    /// With so many rows in its dataset.
    pub fn with_records(rows: usize) -> Self {
        let site = Self::without_people(Pegbox::with_records(rows));
        let account = std::fs::metadata(site.house.pegbox.home.path())
            .unwrap()
            .uid()
            .to_string();
        site.adds(&["tess", "--role", "admin", "--account", &account]);
        let key = site.key("anna", &["-t", "ed25519"]);
        site.adds(&[
            "anna", "--role", "author", "--role", "reviewer", "--role", "releaser", "--key", &key,
        ]);
        site
    }

    /// Nobody is known there.
    pub fn without_people(pegbox: Pegbox) -> Self {
        let house = House::listening(pegbox);
        let status = house.pegbox.json(&["host", "status"]);
        let address = status["host"]["ssh"]["addresses"][0].as_str().unwrap().parse().unwrap();
        Self { house, address }
    }

    /// Adds a person.
    pub fn adds(&self, arguments: &[&str]) {
        let words = [&["user", "add"], arguments, &["--reason", REASON]].concat();
        self.house.pegbox.does(&words);
    }

    /// A path in the home folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.house.pegbox.home.path().join(name)
    }

    /// Makes a key, and gives the file of its public half.
    pub fn key(&self, name: &str, kind: &[&str]) -> String {
        let path = self.path(name);
        keygen(kind.iter().map(OsStr::new).chain(["-f".as_ref(), path.as_os_str()]));
        format!("{}.pub", path.display())
    }

    /// `ssh` as `user` with a key.
    pub fn ssh(&self, key: &str, user: &str) -> Command {
        self.ssh_at(self.address, key, user)
    }

    /// The same by another way to the host.
    pub fn ssh_at(&self, address: SocketAddr, key: &str, user: &str) -> Command {
        Self::ssh_of(self.house.pegbox.home.path(), address, key, user)
    }

    /// The same for a home folder with keys.
    pub fn ssh_of(home: &Path, address: SocketAddr, key: &str, user: &str) -> Command {
        let mut command = Command::new("ssh");
        command.args(["-F", "none"]).arg("-i").arg(home.join(key));
        for option in OPTIONS {
            command.args(["-o", option]);
        }
        command.args(["-l", user, "-p", &address.port().to_string()]);
        command.env_clear().env("HOME", home).env("LC_ALL", "C.UTF-8");
        command
    }

    /// What `ssh` says to a command line of anna's.
    pub fn says(&self, line: &str, stdin: &str) -> Said {
        let mut command = self.ssh("anna", "pegbox");
        command.args(["127.0.0.1", line]);
        Said::of(&given(command, stdin.as_bytes()))
    }

    /// The exit code of a harmless command with a key; 255 is that of `ssh` itself.
    pub fn try_key(&self, key: &str, user: &str) -> i32 {
        let mut command = self.ssh(key, user);
        command.args(["127.0.0.1", "status"]);
        given(command, b"").status.code().unwrap()
    }

    /// The last line of the log with a text in it. A client is gone before the host says so.
    pub fn logged(&self, text: &str) -> String {
        self.logged_after(0, text)
    }

    /// Such a line that came after so many bytes of the log.
    pub fn logged_after(&self, bytes: usize, text: &str) -> String {
        let mut found = String::new();
        until(text, || {
            // A look takes as long as a command, so that the host has time to write.
            self.house.pegbox.does(&["host", "status"]);
            let log = self.house.log();
            let later = log.get(bytes..).unwrap_or_default();
            let line = later.lines().rev().find(|line| line.contains(text));
            line.inspect(|line| found = (*line).to_owned()).is_some()
        });
        found
    }
}

/// Runs a process with bytes on its standard input.
pub fn given(mut command: Command, stdin: &[u8]) -> Output {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let stdin = stdin.to_owned();
    // Whoever is refused does not read it.
    let writing = std::thread::spawn(move || input.write_all(&stdin));
    let output = child.wait_with_output().unwrap();
    let _ = writing.join().unwrap();
    output
}

/// `ssh-keygen`, without a question.
pub fn keygen(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) {
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-N", ""]).args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
