//! A run that dies loses nothing and sends nothing twice: the real binary, killed with SIGKILL at several moments,
//! against a server that counts.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::documents;
use crate::support::server::{Answer, Server};
use pegbox::domain::ids::{ExampleId, RunId};
use pegbox::domain::time::Timestamp;
use pegbox::workbench::Workbench;

/// Examples in the dataset.
pub(crate) const EXAMPLES: usize = 120;
/// Requests after which the process is killed, one round each.
pub(crate) const KILL_AFTER: [usize; 4] = [5, 13, 40, 90];

pub(crate) fn pegbox(store: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pegbox"));
    command
        .arg("--store")
        .arg(store)
        .args(["--user", "anna"])
        .env_remove("OPENAI_API_KEY")
        .env_remove("OPENAI_BASE_URL");
    command
}

pub(crate) fn succeed(command: &mut Command) -> Output {
    let output = command.output().expect("the binary starts");
    assert!(
        output.status.success(),
        "{command:?}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// A store with a prompt, a dataset and a suite, made by the command line.
pub(crate) fn fill(folder: &Path, store: &Path) {
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("a file in the temporary folder");
        path
    };
    let rows: String = (0..EXAMPLES)
        .map(|number| json!({ "id": format!("n-{number:03}"), "input": text_of(number), "expected": text_of(number) }))
        .map(|row| row.to_string() + "\n")
        .collect();
    let prompt = documents::prompt("counting-model", "{{ input }}");
    let question = "Does the answer repeat the number?";
    let suite = documents::suite("echo", question, "kind = \"exact_match\"", "accuracy", 1.0);
    succeed(
        pegbox(store)
            .args(["prompt", "import", "echo"])
            .arg(file("echo.prompt.md", &prompt)),
    );
    let why = "a first version to count requests with";
    succeed(pegbox(store).args(["prompt", "commit", "echo", "--kind", "experiment", "--reason", why]));
    succeed(
        pegbox(store)
            .args(["dataset", "import"])
            .arg(file("numbers.jsonl", &rows))
            .args(["--name", "numbers", "--reason", "numbers to count requests by"]),
    );
    succeed(
        pegbox(store)
            .args(["suite", "import"])
            .arg(file("echo.toml", &suite))
            .args(["--reason", "equal or not, no more"]),
    );
}

/// A server that repeats the last message, counts requests by it, and can say when it has seen so many.
pub(crate) struct CountingServer {
    pub(crate) server: Server,
    counts: Arc<Mutex<HashMap<String, usize>>>,
    pub(crate) alarm: Arc<(AtomicUsize, Mutex<Option<SyncSender<()>>>)>,
}

impl CountingServer {
    pub(crate) fn start() -> Self {
        let counts: Arc<Mutex<HashMap<String, usize>>> = Arc::default();
        let alarm: Arc<(AtomicUsize, Mutex<Option<SyncSender<()>>>)> = Arc::default();
        let (of_script, alarm_of_script) = (Arc::clone(&counts), Arc::clone(&alarm));
        let server = Server::start(move |request| {
            let Some(text) = request.body["messages"][0]["content"].as_str() else {
                // A process that dies while it writes leaves half a request: nobody can have answered that.
                return Answer::Close;
            };
            let text = text.to_owned();
            *of_script.lock().expect("counts").entry(text.clone()).or_default() += 1;
            let seen = alarm_of_script.0.fetch_add(1, Ordering::SeqCst) + 1;
            let mut waiting = alarm_of_script.1.lock().expect("alarm");
            if KILL_AFTER.contains(&seen)
                && let Some(waiting) = waiting.take()
            {
                let _ = waiting.send(());
            }
            Answer::chat(&text)
        });
        Self { server, counts, alarm }
    }

    pub(crate) fn counts(&self) -> HashMap<String, usize> {
        self.counts.lock().expect("counts").clone()
    }
}

pub(crate) fn text_of(number: usize) -> String {
    format!("number {number}")
}

/// The texts whose outcome is on disk.
pub(crate) fn finished(store: &Path) -> Vec<String> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let clock = Arc::new(|| Timestamp(0));
    let workbench = Workbench::open(store, clock, runtime.handle().clone()).expect("the store opens after a kill");
    let has_outcome = |number: &usize| {
        let example = ExampleId::new(format!("n-{number:03}")).expect("an id");
        workbench.outcome(RunId(1), &example).is_ok()
    };
    (0..EXAMPLES)
        .filter(has_outcome)
        .map(|number| format!("number {number}"))
        .collect()
}

#[test]
fn no_finished_example_is_sent_again_after_kill_9() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = folder.path().join("store");
    fill(folder.path(), &store);
    let counting = CountingServer::start();
    let base_url = counting.server.base_url();

    let mut done: Vec<String> = Vec::new();
    let mut counts_when_done = HashMap::new();
    let assert_none_again = |done: &[String], before: &HashMap<String, usize>, after: &HashMap<String, usize>| {
        for text in done {
            assert_eq!(before[text], after[text], "{text} had its outcome and was sent again");
        }
    };
    for round in 0..KILL_AFTER.len() {
        let (sender, killed_at) = sync_channel(1);
        *counting.alarm.1.lock().expect("alarm") = Some(sender);
        let mut command = pegbox(&store);
        if round == 0 {
            command.args([
                "run",
                "start",
                "echo_v1",
                "--dataset",
                "numbers",
                "--suite",
                "echo",
                "--concurrency",
                "4",
            ]);
            command.args(["--base-url", &base_url]);
        } else {
            command.args(["run", "resume", "run_1"]);
        }
        let mut process = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        killed_at.recv().expect("the server sees enough requests");
        process.kill().expect("SIGKILL");
        process.wait().expect("the process is gone");

        let counts = counting.counts();
        assert_none_again(&done, &counts_when_done, &counts);
        done = finished(&store);
        counts_when_done = counts;
        assert!(
            done.len() < EXAMPLES,
            "round {round} was killed too late to say anything"
        );
    }

    succeed(pegbox(&store).args(["run", "resume", "run_1"]));
    let counts = counting.counts();
    assert_none_again(&done, &counts_when_done, &counts);
    assert_eq!(counts.len(), EXAMPLES);
    assert_eq!(finished(&store).len(), EXAMPLES);
    // An example is sent again only where the process died between the answer and the disk: at most the four in flight.
    let again: usize = counts.values().map(|count| count - 1).sum();
    assert!(again <= 4 * KILL_AFTER.len(), "{again} requests were sent again");
    succeed(pegbox(&store).args(["store", "verify"]));
}
