//! A store with its host.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::pegbox::Pegbox;

/// How often something is looked at that must come, and how long to wait between two looks.
const LOOKS_MAX: usize = 2_000;
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A running host; it is killed when this is dropped.
pub struct House {
    pub pegbox: Pegbox,
    pub host: Child,
}

impl House {
    /// The host of a store with records.
    pub fn with_records(rows: usize) -> Self {
        Self::of(Pegbox::with_records(rows), &[])
    }

    /// The host of a store, with variables more in its environment.
    pub fn of(pegbox: Pegbox, variables: &[(&str, &str)]) -> Self {
        let host = open(host_command(&pegbox).envs(variables.iter().copied()));
        Self { pegbox, host }
    }

    /// The host of a store that listens for SSH at a free port.
    pub fn listening(pegbox: Pegbox) -> Self {
        let host = open(host_command(&pegbox).args(["--ssh", "127.0.0.1:0"]));
        Self { pegbox, host }
    }

    /// Starts it anew, once the one before is gone.
    pub fn reopen(&mut self) {
        self.kill();
        self.host = open(&mut host_command(&self.pegbox));
    }

    /// Kills the host with no chance to do anything.
    pub fn kill(&mut self) {
        self.host.kill().unwrap();
        self.host.wait().unwrap();
    }

    /// Sends the host a signal by its name.
    pub fn signal(&self, name: &str) {
        signal(&self.host, name);
    }

    /// What the host has written into its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.pegbox.store().join("host/log")).unwrap()
    }

    /// Where the host listens.
    pub fn socket(&self) -> PathBuf {
        let status = self.pegbox.json(&["host", "status"]);
        status["host"]["socket"].as_str().unwrap().into()
    }

    /// How many commands the host has carried out.
    pub fn guests(&self) -> usize {
        self.log().matches("ended with").count()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.host.kill();
        let _ = self.host.wait();
    }
}

/// The command that hosts a store.
pub fn host_command(pegbox: &Pegbox) -> Command {
    let mut command = pegbox.command(&["host"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    // What could not be saved lies in the temporary folder, and is said to whoever opens screens there.
    command.env("TMPDIR", pegbox.home.path());
    command
}

/// Starts a host, and waits until it says that it is ready.
pub fn open(command: &mut Command) -> Child {
    let mut host = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(host.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.starts_with("ready: process "), "{line}");
    host
}

/// Sends a process a signal by its name.
pub fn signal(process: &Child, name: &str) {
    let id = process.id().to_string();
    assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
}

/// Looks again and again until something is so.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let looks = (0..LOOKS_MAX).any(|_| {
        let found = is_so();
        if !found {
            std::thread::park_timeout(LOOK_AGAIN);
        }
        found
    });
    assert!(looks, "{what} never came");
}
