//! The binary with a key, a prompt that asks an endpoint, and examples to ask about.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::documents;

/// Ends in characters that JSON, URLs and base64 write otherwise.
pub const KEY: &str = "sk-planted-0123456789/abc+\"def\\ghi&jkl=";

/// How a command ended, and what it said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    pub fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}

/// A home folder with a store.
pub struct Desk {
    pub home: TempDir,
}

impl Desk {
    /// A store with `ask_v1`, so many questions and a suite.
    pub fn new(questions: usize) -> Self {
        let desk = Self {
            home: tempfile::tempdir().unwrap(),
        };
        let rows: String = (0..questions)
            .map(|n| json!({ "id": format!("q-{n}"), "input": format!("question {n}") }).to_string() + "\n")
            .collect();
        let prompt = documents::prompt("house", "{{ input }}");
        let grader = "kind = \"contains\"\ntext = \"yes\"";
        let suite = documents::suite("said", "Is there an answer?", grader, "accuracy", 1.0);
        for (name, text) in [("ask.md", &prompt), ("questions.jsonl", &rows), ("said.toml", &suite)] {
            fs::write(desk.home.path().join(name), text).unwrap();
        }
        let reason = "--reason=somebody has to ask";
        desk.does(&["prompt", "import", "ask", "ask.md"]);
        desk.does(&["prompt", "commit", "ask", "--kind", "experiment", reason]);
        desk.does(&["dataset", "import", "questions.jsonl", "--name", "questions", reason]);
        desk.does(&["suite", "import", "said.toml", reason]);
        desk
    }

    pub fn store(&self) -> PathBuf {
        self.home.path().join("store")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pegbox"));
        command
            .args(words)
            .arg("--store")
            .arg(self.store())
            .current_dir(self.home.path())
            .env_clear()
            .env("HOME", self.home.path())
            .env("TMPDIR", self.home.path())
            .env("USER", "anna")
            .env("OPENAI_API_KEY", KEY)
            .stdin(Stdio::null());
        command
    }

    pub fn says(&self, words: &[&str]) -> Said {
        Said::of(&self.command(words).output().unwrap())
    }

    pub fn does(&self, words: &[&str]) -> Said {
        let said = self.says(words);
        assert_eq!(said.code, Some(0), "{words:?}: {said:#?}");
        said
    }

    /// Makes `ask_v2` of the prompt's document with one part of it replaced, and runs all questions with that at this
    /// endpoint, one try for each.
    pub fn asks_changed(&self, part: &str, by: &str, reason: &str, base_url: &str) -> Said {
        let document = fs::read_to_string(self.path("ask.md")).unwrap();
        fs::write(self.path("ask.md"), document.replace(part, by)).unwrap();
        self.does(&["prompt", "import", "ask", "ask.md"]);
        self.does(&["prompt", "commit", "ask", "--kind", "experiment", "--reason", reason]);
        let run = ["run", "start", "ask_v2", "--dataset", "questions", "--suite", "said"];
        self.says(&[&run[..], &["--attempts", "1", "--base-url", base_url]].concat())
    }

    /// The command that runs all questions at this endpoint, one try of a second for each.
    pub fn asking(&self, base_url: &str, further: &[&str]) -> Command {
        let words = ["run", "start", "ask_v1", "--dataset", "questions", "--suite", "said"];
        let words = [&words[..], &["--base-url", base_url], further].concat();
        let mut command = self.command(&words);
        for (option, value) in [("--timeout-s", "1"), ("--attempts", "1"), ("--concurrency", "4")] {
            if !further.contains(&option) {
                command.args([option, value]);
            }
        }
        command
    }

    pub fn asks(&self, base_url: &str, further: &[&str]) -> Said {
        Said::of(&self.asking(base_url, further).output().unwrap())
    }

    /// What became of a question of a run.
    pub fn outcome(&self, run: u32, question: usize) -> Value {
        let (run, example) = (format!("run_{run}"), format!("q-{question}"));
        let said = self.does(&["run", "case", &run, &example, "--json"]);
        let case: Value = serde_json::from_str(&said.stdout).unwrap();
        case["outcome"].clone()
    }

    /// The kind and the message of the error of the first run's first question, after checks that hold for each:
    /// every try is recorded with it, and the command says what failed and what to do.
    #[track_caller]
    pub fn fails(&self, base_url: &str, further: &[&str]) -> Fault {
        let said = self.asks(base_url, further);
        assert_eq!(said.code, Some(6), "{said:#?}");
        let outcome = self.outcome(1, 0);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (kind, message) = (text(&outcome["error"]["kind"]), text(&outcome["error"]["message"]));
        let last = outcome["attempts"].as_array().unwrap().last().unwrap();
        assert_eq!(text(&last["error"]["kind"]), kind);
        assert!(
            said.stderr.contains("error: the provider answered none of "),
            "{said:#?}"
        );
        assert!(said.stderr.contains("\nhint: check the endpoint, the key"), "{said:#?}");
        assert_eq!(outcome["failure_category"], "provider", "{outcome:#}");
        self.does(&["store", "verify"]);
        Fault {
            kind,
            message,
            attempts: outcome["attempts"].as_array().unwrap().len(),
            outcome,
        }
    }
}

/// How a question failed.
#[derive(Debug)]
pub struct Fault {
    pub kind: String,
    pub message: String,
    pub attempts: usize,
    pub outcome: Value,
}

impl Fault {
    #[track_caller]
    pub fn assert_is(&self, kind: &str, attempts: usize, parts: &[&str]) {
        assert_eq!((self.kind.as_str(), self.attempts), (kind, attempts), "{self:#?}");
        for part in parts {
            assert!(self.message.contains(part), "'{part}' is not in: {}", self.message);
        }
    }
}

/// Every byte of every file below a folder, with the file's name.
pub fn all_files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(all_files(&path));
        } else {
            let bytes = fs::read(&path).unwrap();
            files.push((path, bytes));
        }
    }
    files
}
