//! A store, the server that its runs ask, and all that has to be in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::chance::Chance;
use crate::documents;
use crate::ledger::{Ack, Finished, Look, Requests};
use crate::process::{self, Cut, Said};
use crate::support::server::{Answer, Server};

/// Examples of the dataset that runs go over.
const EXAMPLES: usize = 40;
/// The slowest answer, in milliseconds.
const ANSWER_MS_MAX: u64 = 20;

/// What the acts of a test have to do with.
pub struct World {
    /// Files beside the store: what is imported, backups, exports.
    folder: TempDir,
    store: PathBuf,
    server: Server,
    requests: Arc<Mutex<Requests>>,
    pub chance: Chance,
    /// For names that nothing else has.
    next: u32,
    acks: Vec<Ack>,
    /// The texts of which one is the draft: the last that was acknowledged, and those of which nobody knows.
    pub drafts: Vec<String>,
    /// Reviews whose runs are stale: a later suite or dataset has come.
    pub stale: Vec<String>,
    pub seen: Look,
    finished: Finished,
}

impl World {
    /// A world whose store is in this folder, or beside its other files.
    pub fn new(store: Option<PathBuf>, seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let requests: Arc<Mutex<Requests>> = Arc::default();
        let of_script = Arc::clone(&requests);
        let server = Server::start(move |request| {
            let Some(message) = request.body["messages"][0]["content"].as_str() else {
                // A process that dies while it writes leaves half a request: nobody can have answered that.
                return Answer::Close;
            };
            let path = request.target.split('/').nth(1).unwrap_or_default().to_owned();
            let mut requests = of_script.lock().unwrap();
            let count = requests.entry((path, message.to_owned())).or_default();
            *count += 1;
            // Another answer each time, and answers that overtake each other.
            let answer = json!({ "answer": message, "times": *count }).to_string();
            let slowness: u64 = message.bytes().map(u64::from).sum();
            drop(requests);
            thread::park_timeout(Duration::from_millis(slowness % ANSWER_MS_MAX));
            Answer::chat(&answer)
        });
        let world = Self {
            store: store.unwrap_or_else(|| folder.path().join("store")),
            folder,
            server,
            requests,
            chance: Chance::new(seed),
            next: 0,
            acks: Vec::new(),
            drafts: Vec::new(),
            stale: Vec::new(),
            seen: Look::default(),
            finished: Finished::default(),
        };
        let rows = world.rows("rows.jsonl", EXAMPLES, 0);
        let rows = rows.to_str().unwrap();
        let reason = "numbers to count requests by";
        world.does(
            "anna",
            &["dataset", "import", rows, "--name", "numbers", "--reason", reason],
        );
        world
    }

    /// A number that no other call gives.
    pub fn new_number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.beside(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// A prompt that no other one equals.
    pub fn prompt(&self, number: u32) -> PathBuf {
        let message = format!("Attempt {number}: {{{{ input }}}}");
        self.file("prompt.md", &documents::prompt("counting-model", &message))
    }

    pub fn suite(&self, number: u32) -> PathBuf {
        let description = format!("{number}: is each answer JSON?");
        let suite = documents::suite("shape", &description, "kind = \"json_valid\"", "validity_rate", 0.9);
        self.file("suite.toml", &suite)
    }

    pub fn rows(&self, name: &str, count: usize, first: usize) -> PathBuf {
        let rows: String = (first..first + count)
            .map(|n| json!({ "id": format!("n-{n}"), "input": format!("number {n}") }).to_string() + "\n")
            .collect();
        self.file(name, &rows)
    }

    /// Where a run sends its requests, and no other one.
    pub fn base_url(&self, number: u32) -> String {
        self.server.base_url().replace("/v1", &format!("/run-{number}/v1"))
    }

    /// The binary on a store, without anything of the person's environment.
    pub fn on(&self, store: &Path, user: &str, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pegbox"));
        command
            .args(words)
            .arg("--store")
            .arg(store)
            .args(["--user", user])
            .env_clear()
            .env("HOME", self.folder.path())
            .env("TMPDIR", self.folder.path())
            .current_dir(self.folder.path());
        command
    }

    pub fn command(&self, user: &str, words: &[&str]) -> Command {
        self.on(&self.store, user, words)
    }

    /// Runs a command to its end, which must be a good one.
    pub fn does(&self, user: &str, words: &[&str]) -> Said {
        let said = process::run(self.command(user, words), &Cut::Nothing);
        assert!(said.is_done(), "{words:?} said {said:#?}");
        said
    }

    pub fn acknowledged(&mut self, ack: Ack) {
        self.acks.push(ack);
    }

    /// Everything in a store, which must be sound.
    pub fn look_at(&self, store: &Path) -> Look {
        let verified = process::run(self.on(store, "anna", &["store", "verify"]), &Cut::Nothing);
        assert!(verified.is_done(), "{verified:#?}");
        let export = self.beside("look");
        let words = ["store", "export", export.to_str().unwrap()];
        let exported = process::run(self.on(store, "anna", &words), &Cut::Nothing);
        assert!(exported.is_done(), "{exported:#?}");
        let look = Look::at(&export);
        fs::remove_dir_all(&export).unwrap();
        look
    }

    /// Looks at the store: all that was ever seen or acknowledged is there, and no finished example was sent again.
    pub fn check(&mut self) {
        let look = self.look_at(&self.store);
        look.assert_holds(&self.seen);
        look.assert_acknowledged(&self.acks);
        // They are there now, so what is seen holds them from here on.
        self.acks.clear();
        if let Some(draft) = look.record("draft/notes") {
            let source = draft["source"].as_str().unwrap().to_owned();
            assert!(
                self.drafts.contains(&source),
                "the draft is none that was saved: {source}"
            );
            self.drafts = vec![source];
        } else {
            assert!(self.seen.record("draft/notes").is_none(), "the draft is gone");
        }
        let requests = self.requests.lock().unwrap().clone();
        self.finished.assert_none_again(&look, &requests);
        self.seen = look;
    }

    /// Every run goes on to its end, and each example of each run is answered.
    pub fn finish(&mut self) {
        for run in self.seen.runs().iter().filter(|run| !run.is_ended) {
            let id = format!("run_{}", run.number);
            self.does("anna", &["run", "resume", &id]);
        }
        self.check();
        for run in self.seen.runs() {
            assert!(run.is_ended, "{run:?}");
            assert_eq!(run.saved, run.example_count * run.repeats, "{run:?}");
        }
    }

    /// Requests beyond those that there had to be: a process died between the answer and the disk.
    pub fn sent_again(&self) -> usize {
        let outcomes: usize = self.seen.runs().iter().map(|run| run.saved).sum();
        let requests = self.requests.lock().unwrap();
        requests.values().sum::<usize>() - outcomes
    }

    /// Leaves the files for whoever looks into a failure.
    #[expect(clippy::print_stdout, reason = "it is printed beside the failure")]
    fn keep(&mut self) {
        self.folder.disable_cleanup(true);
        println!("the files are kept in {}", self.folder.path().display());
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if thread::panicking() {
            self.keep();
        }
    }
}

/// The id and the content hash of a document.
pub fn record(kind: &'static str, document: &Value) -> Ack {
    Ack::Record {
        kind,
        id: document["id"].as_str().unwrap().to_owned(),
        hash: document["content_hash"].as_str().map(str::to_owned),
    }
}
