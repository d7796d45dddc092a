//! A run of a chain that is killed goes on with whole examples: no step of a finished one is sent again.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc::sync_channel;

use crate::kill::{CountingServer, EXAMPLES, fill, finished, pegbox, succeed};

/// The steps of the chain; each asks the same prompt, with its own name.
const STEPS: [&str; 5] = ["read", "check", "draft", "judge", "reply"];

const PROMPT: &str = r#"+++
[model]
provider = "openai"
name = "counting-model"

[[variables]]
name = "step"
description = "which step asks"

[[variables]]
name = "text"
description = "what it reads"
+++
-- user --
{{ step }} {{ text }}
"#;

/// Five steps, of which the two in the middle run for the examples whose number ends in 0 to 4.
fn chain() -> String {
    let step = |name: &&str| {
        let when = match *name {
            "draft" | "judge" => "when = [{ path = \"check.match\", below_ten = true }]\n".to_owned(),
            _ => String::new(),
        };
        format!(
            "[[steps]]\nname = \"{name}\"\nversion = \"steps_v1\"\n{when}inputs = {{ step = {{ value = \"{name}\" }}, \
             text = \"input\" }}\nparser = {{ kind = \"regex\", pattern = '(\\d)$' }}\n"
        )
    };
    let low = "one_of = [\"0\", \"1\", \"2\", \"3\", \"4\"]";
    let steps: Vec<String> = STEPS.iter().map(step).collect();
    format!("name = \"flow\"\n{}", steps.join("\n").replace("below_ten = true", low))
}

/// How often each step of each example was sent, by the example's text.
fn sent_of(counts: &HashMap<String, usize>, text: &str) -> Vec<usize> {
    let of_step = |step: &&str| counts.get(&format!("{step} {text}")).copied().unwrap_or(0);
    STEPS.iter().map(of_step).collect()
}

/// A store with the chain, beside what [`fill`] puts there.
fn with_chain(folder: &Path) -> PathBuf {
    let store = folder.join("store");
    fill(folder, &store);
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("a file in the temporary folder");
        path
    };
    let why = "a chain to count requests with";
    succeed(
        pegbox(&store)
            .args(["prompt", "import", "steps"])
            .arg(file("steps.md", PROMPT)),
    );
    succeed(pegbox(&store).args(["prompt", "commit", "steps", "--kind", "experiment", "--reason", why]));
    let chain = file("flow.toml", &chain());
    succeed(
        pegbox(&store)
            .args(["chain", "import"])
            .arg(chain)
            .args(["--reason", why]),
    );
    store
}

#[test]
fn no_step_of_a_finished_example_is_sent_again_after_kill_9() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = with_chain(folder.path());
    let counting = CountingServer::start();
    let (sender, killed_at) = sync_channel(1);
    *counting.alarm.1.lock().expect("alarm") = Some(sender);
    // The server calls at the fifth request; the later ones it would call at are passed by for want of a sender.
    let start = [
        "run",
        "start",
        "flow",
        "--dataset",
        "numbers",
        "--suite",
        "echo",
        "--concurrency",
        "4",
    ];
    let mut process = pegbox(&store)
        .args(start)
        .args(["--base-url", &counting.server.base_url()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    killed_at.recv().expect("the server sees enough requests");
    let (sender, killed_at) = sync_channel(1);
    *counting.alarm.1.lock().expect("alarm") = Some(sender);
    killed_at.recv().expect("the server sees more requests");
    process.kill().expect("SIGKILL");
    process.wait().expect("the process is gone");

    let (before, done) = (counting.counts(), finished(&store));
    assert!(done.len() < EXAMPLES, "it was killed too late to say anything");
    // The gate does not pass, since a step does not repeat the number alone: only the end counts here.
    let resumed = pegbox(&store)
        .args(["run", "resume", "run_1"])
        .output()
        .expect("it starts");
    assert!(resumed.status.code().is_some_and(|code| code <= 1), "{resumed:?}");
    let after = counting.counts();
    for text in &done {
        assert_eq!(
            sent_of(&before, text),
            sent_of(&after, text),
            "{text} had its outcome and was sent again"
        );
    }
    assert_eq!(finished(&store).len(), EXAMPLES);
    for number in 0..EXAMPLES {
        let sent = sent_of(&after, &format!("number {number}"));
        let is_low = number % 10 < 5;
        let ran: Vec<bool> = sent.iter().map(|count| *count > 0).collect();
        assert_eq!(ran, [true, true, is_low, is_low, true], "number {number}: {sent:?}");
    }
    succeed(pegbox(&store).args(["store", "verify"]));
}
