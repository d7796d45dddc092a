//! The binary in a folder of its own, with nothing of the person's environment.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A prompt for the simulated model that reads tickets.
pub const PROMPT: &str = include_str!("../../assets/demo/support_triage_v13.prompt.md");
/// Tickets for it.
pub const TICKETS: &str = include_str!("../../assets/demo/support_triage_regression.jsonl");
/// A suite that its answers pass.
pub const SUITE: &str = r#"
name = "shape"
description = "answers are JSON"

[[graders]]
name = "json"
kind = "json_valid"

[[metrics]]
name = "json_validity"
kind = "validity_rate"
grader = "json"

[[thresholds]]
metric = "json_validity"
at_least = 0.9

[pass_rule]
policy = "point"
"#;
/// A concrete reason.
pub const REASON: &str = "every answer is JSON in the newest run";
/// Commits the draft of `support_triage`.
pub const COMMIT: [&str; 7] = [
    "prompt",
    "commit",
    "support_triage",
    "--kind",
    "requirement",
    "--reason",
    REASON,
];
/// Runs its first version on `tickets` with `shape`.
pub const RUN: [&str; 7] = [
    "run",
    "start",
    "support_triage_v1",
    "--dataset",
    "tickets",
    "--suite",
    "shape",
];
/// Asks for a review of that version, for production.
pub const REQUEST: [&str; 7] = [
    "review",
    "request",
    "support_triage_v1",
    "--to",
    "production",
    "--reason",
    REASON,
];
/// Releases what such a review approved.
pub const PROMOTE: [&str; 7] = [
    "release",
    "promote",
    "support_triage",
    "--to",
    "production",
    "--reason",
    REASON,
];

/// A home folder, and a store in it.
pub struct Pegbox {
    /// Home, and the current folder.
    pub home: TempDir,
}

/// How a command ended, and what it said.
#[derive(Debug)]
pub struct Said {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Said {
    /// Reads what a process left.
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

impl Pegbox {
    /// A home without a store.
    pub fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
        }
    }

    /// A store with `support_triage_v1`, `tickets@v1` of so many rows, and `shape@v1`.
    pub fn with_records(rows: usize) -> Self {
        let pegbox = Self::new();
        let tickets: String = TICKETS.split_inclusive('\n').take(rows).collect();
        let (prompt, suite) = (pegbox.write("prompt.md", PROMPT), pegbox.write("suite.toml", SUITE));
        let dataset = pegbox.write("tickets.jsonl", &tickets);
        pegbox.does(&["prompt", "import", "support_triage", &prompt]);
        pegbox.does(&COMMIT);
        pegbox.does(&[
            "dataset", "import", &dataset, "--name", "tickets", "--label", "v1", "--reason", REASON,
        ]);
        pegbox.does(&["suite", "import", &suite, "--reason", REASON]);
        pegbox
    }

    /// The store's folder.
    pub fn store(&self) -> PathBuf {
        self.home.path().join("store")
    }

    /// Writes a file into the home folder, and gives its path.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.home.path().join(name);
        std::fs::File::create(&path).unwrap().write_all(text.as_ref()).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The command without `--store`.
    pub fn bare(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pegbox"));
        command
            .args(arguments)
            .current_dir(self.home.path())
            .env_clear()
            .env("HOME", self.home.path())
            .env("USER", "tess")
            .stdin(Stdio::null());
        command
    }

    /// The command on the store.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare(arguments);
        command.arg("--store").arg(self.store());
        command
    }

    /// Runs a command.
    pub fn says(&self, arguments: &[&str]) -> Said {
        Said::of(&self.command(arguments).output().unwrap())
    }

    /// Runs a command that must succeed, and gives what it printed.
    pub fn does(&self, arguments: &[&str]) -> String {
        let said = self.says(arguments);
        assert_eq!(said.code, 0, "{arguments:?} said {said:?}");
        said.stdout
    }

    /// Runs a command that must succeed with `--json`.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        serde_json::from_str(&self.does(&arguments)).unwrap()
    }
}

/// Runs a bare command with one variable more.
pub fn with_variable(command: &mut Command, name: &str, value: &Path) -> Said {
    Said::of(&command.env(name, value).output().unwrap())
}
