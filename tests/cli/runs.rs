//! Runs from the command line: their exit codes, their record, Ctrl-C and providers that fail.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::sync_channel;

use crate::pegbox::{PROMPT, Pegbox, REASON, RUN, Said};
use crate::support::server::{Answer, Server};

/// A store whose version asks an endpoint.
fn asking(rows: usize) -> Pegbox {
    let pegbox = Pegbox::with_records(rows);
    let document = PROMPT
        .replace("provider = \"simulated\"", "provider = \"openai\"")
        .replace("triage-sim-1", "test-model");
    let file = pegbox.write("asking.md", document);
    pegbox.does(&["prompt", "import", "asking", &file]);
    pegbox.does(&[
        "prompt",
        "commit",
        "asking",
        "--kind",
        "requirement",
        "--reason",
        REASON,
    ]);
    pegbox
}

fn start_asking<'a>(url: &'a str, further: &[&'a str]) -> Vec<&'a str> {
    let start = [
        "run",
        "start",
        "asking_v1",
        "--dataset",
        "tickets",
        "--suite",
        "shape",
        "--base-url",
        url,
    ];
    [&start[..], further].concat()
}

#[test]
fn the_gate_decides_the_exit_code() {
    let pegbox = Pegbox::with_records(6);
    let said = pegbox.says(&RUN);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.stderr.contains("run_1  6/6  100 %"),
        "progress goes to standard error: {said:?}"
    );
    assert!(said.stdout.contains("from the simulated model"), "{said:?}");

    let strict = crate::pegbox::SUITE.replace("at_least = 0.9", "equals = 0.0");
    let file = pegbox.write("strict.toml", strict);
    pegbox.does(&["suite", "import", &file, "--reason", REASON]);
    let said = pegbox.says(&RUN);
    assert_eq!((said.code, said.stderr.contains("error:")), (1, false), "{said:?}");
    assert_eq!(pegbox.says(&["run", "watch", "run_2"]).code, 1);
    assert_eq!(pegbox.says(&["run", "show", "run_2"]).code, 0, "to look is no gate");
    assert_eq!(
        pegbox.says(&["run", "resume", "run_2"]).code,
        4,
        "an ended run never changes"
    );
}

#[test]
fn the_record_of_a_run_has_its_fields() {
    let pegbox = Pegbox::with_records(4);
    let flags = ["--flag", "new_router=on", "--code-revision", "abc123", "--json"];
    let started = pegbox.says(&[&RUN[..], &flags].concat());
    let record = started.json();
    assert_eq!(record, pegbox.json(&["run", "show", "run_1"]));
    let fields = [
        "run_id",
        "workflow",
        "prompt_version",
        "base_prompt_version",
        "environment",
        "model",
        "dataset",
        "eval",
        "results",
        "decision",
        "reason",
        "rollback_target",
    ];
    let found: Vec<&String> = record.as_object().unwrap().keys().take(fields.len()).collect();
    assert_eq!(found, fields);
    assert_eq!(record["dataset"]["example_count"], 4);
    assert_eq!(record["eval"]["thresholds"]["json_validity"], 0.9);
    assert_eq!(record["decision"], "promote");
    assert_eq!(record["answers"], "simulated");
    assert_eq!(record["runtime_context"]["feature_flags"][0], "new_router=on");
}

#[test]
fn a_provider_that_never_answers_is_told_from_a_gate_that_fails() {
    let pegbox = asking(2);
    // A port that was free a moment ago: whoever connects is refused.
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{closed}/v1");
    let said = pegbox.says(&start_asking(&url, &["--attempts", "1"]));
    assert_eq!(said.code, 6, "{said:?}");
    assert!(
        said.stderr
            .contains("error: the provider answered none of 2 examples of run_1: connect: "),
        "{said:?}"
    );

    let prose = Server::start(|_| Answer::chat("I would rather not."));
    let said = pegbox.says(&start_asking(&prose.base_url(), &[]));
    assert_eq!((said.code, said.stderr.contains("error:")), (1, false), "{said:?}");

    let refused = pegbox.says(&["run", "start", "asking_v1", "--dataset", "tickets", "--suite", "shape"]);
    assert_eq!(refused.code, 6, "{refused:?}");
    assert!(refused.stderr.contains("set OPENAI_API_KEY"), "{refused:?}");
}

#[test]
fn a_refusal_is_shown_as_one() {
    let pegbox = asking(1);
    let body = r#"{"choices":[{"message":{"role":"assistant","content":null,"refusal":"not \u001b[31mthis"}}]}"#;
    let server = Server::start(move |_| Answer::new(200, body));
    assert_eq!(pegbox.says(&start_asking(&server.base_url(), &[])).code, 1);
    let shown = pegbox.does(&["run", "case", "run_1", "t-001"]);
    assert!(shown.contains("the model refused:\nnot <1B>[31mthis\n"), "{shown}");
}

#[test]
fn the_configured_endpoint_is_used_where_none_is_named() {
    let pegbox = asking(2);
    let server = Server::start(|_| Answer::chat("{}"));
    let config = format!("[openai]\nbase_url = \"{}\"\n", server.base_url());
    std::fs::write(pegbox.store().join("config.toml"), config).unwrap();
    let said = pegbox.says(&["run", "start", "asking_v1", "--dataset", "tickets", "--suite", "shape"]);
    assert_eq!((said.code, server.requests().len()), (0, 2), "{said:?}");
    assert_eq!(pegbox.says(&RUN).code, 0, "the simulated model needs no endpoint");
}

#[test]
fn a_cap_pauses_a_run_and_says_how_to_go_on() {
    let pegbox = asking(4);
    let body = r#"{"choices":[{"message":{"role":"assistant","content":"{}"}}],
        "usage":{"prompt_tokens":60,"completion_tokens":40}}"#;
    let server = Server::start(move |_| Answer::new(200, body));
    let url = server.base_url();
    let dry = pegbox.says(&start_asking(&url, &["--dry-run"]));
    assert_eq!((dry.code, server.requests().len()), (0, 0), "{dry:?}");
    assert!(dry.stdout.starts_with("estimate: 4 outcomes, "), "{dry:?}");
    assert!(
        dry.stdout
            .contains("cost unknown, time unknown; it rests on a guess from 4 rendered"),
        "{dry:?}"
    );

    let said = pegbox.says(&start_asking(&url, &["--cap-tokens", "250", "--cap-errors", "1"]));
    assert_eq!((said.code, server.requests().len()), (130, 2), "{said:?}");
    let why = "paused: run_1 has 2 of 4: the cap of 250 tokens is reached: 200 are used";
    assert!(said.stderr.contains(why), "{said:?}");
    assert!(
        said.stderr
            .contains("pegbox run resume run_1 --cap-tokens N --cap-errors N"),
        "{said:?}"
    );
    let shown = pegbox.does(&["run", "show", "run_1"]);
    assert!(shown.contains("caps         250 tokens, 1 errors"), "{shown}");
    assert!(shown.contains("the cap of 250 tokens is reached"), "{shown}");
    assert_eq!(pegbox.says(&["run", "resume", "run_1", "--cap-tokens", "1000"]).code, 0);
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn a_cap_on_a_price_that_nobody_knows_pauses_at_once_and_can_be_taken_off() {
    let pegbox = asking(3);
    let server = Server::start(|_| Answer::chat("{}"));
    let url = server.base_url();
    let said = pegbox.says(&start_asking(&url, &["--cap-cost", "1"]));
    assert_eq!((said.code, server.requests().len()), (130, 1), "{said:?}");
    assert!(
        said.stderr
            .contains("the cap of $1.00 pauses the run at its first answer"),
        "{said:?}"
    );
    assert!(said.stderr.contains("the cap of $1.00 cannot hold"), "{said:?}");
    assert!(
        said.stderr.contains("pegbox run resume run_1 --cap-cost off"),
        "{said:?}"
    );
    assert_eq!(pegbox.says(&["run", "resume", "run_1", "--cap-cost", "off"]).code, 0);
    let totals = pegbox.json(&["run", "show", "run_1"])["totals"].clone();
    assert!(totals["cost"].is_null() && totals["input_tokens"] == 36, "{totals}");
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn an_example_has_its_history_over_all_runs() {
    let pegbox = Pegbox::with_records(3);
    pegbox.does(&RUN);
    pegbox.does(&RUN);
    let listed = pegbox.json(&["run", "list", "--version", "support_triage_v1", "--limit", "1"]);
    assert_eq!(
        (
            listed["runs"][0]["id"].as_str(),
            listed["runs"].as_array().map(Vec::len)
        ),
        (Some("run_2"), Some(1))
    );
    let cases = pegbox.json(&["run", "failures", "run_1", "--list", "all"]);
    let example = cases["failures"][1]["example"].as_str().unwrap().to_owned();
    let history = pegbox.json(&["dataset", "history", "tickets", &example]);
    let runs = history["history"].as_array().unwrap().iter();
    assert_eq!(
        runs.map(|row| row["run"].as_str().unwrap()).collect::<Vec<_>>(),
        ["run_2", "run_1"]
    );
    let case = pegbox.json(&["run", "case", "run_2", &example]);
    assert_eq!((&case["before"]["run"], &case["retries"]), (&"run_1".into(), &0.into()));
    let said = pegbox.does(&["dataset", "history", "tickets", &example, "--limit", "1"]);
    assert!(said.contains("older ones: --before run_2"), "{said}");
}

#[test]
fn failed_and_marked_examples_are_asked_again() {
    let pegbox = Pegbox::with_records(6);
    let strict = crate::pegbox::SUITE.replace("at_least = 0.9", "equals = 0.0");
    let file = pegbox.write("strict.toml", strict);
    pegbox.does(&["suite", "import", &file, "--reason", REASON]);
    pegbox.says(&RUN);
    let said = pegbox.says(&["run", "rerun", "run_1", "--failed"]);
    assert_eq!(said.code, 4, "nothing failed: {said:?}");
    let said = pegbox.says(&["run", "rerun", "run_1", "--marked", "t-002,t-004", "--repeats", "3"]);
    assert!(
        said.stderr
            .contains("run_2 asks examples of run_1 again: no evidence for a release"),
        "{said:?}"
    );
    let shown = pegbox.does(&["run", "show", "run_2"]);
    assert!(shown.contains("2 examples that were marked in run_1"), "{shown}");
    assert!(shown.contains("6 of 6 saved"), "{shown}");
    let wrong = pegbox.says(&["run", "rerun", "run_1"]);
    assert_eq!(wrong.code, 2, "either of the two has to be said: {wrong:?}");
}

#[test]
fn a_list_of_outcomes_counts_itself_and_says_where_it_is_cut() {
    let pegbox = Pegbox::with_records(6);
    pegbox.does(&RUN);
    let list = |which: &'static str| ["run", "failures", "run_1", "--list", which, "--limit", "2"];
    for (which, total, listed) in [("all", 6, 2), ("passed", 6, 2), ("sample", 6, 2), ("failed", 0, 0)] {
        let document = pegbox.json(&list(which));
        let found = document["failures"].as_array().unwrap().len();
        assert_eq!((document["total"].as_u64(), found), (Some(total), listed), "{which}");
    }
    let text = pegbox.does(&list("all"));
    assert!(
        text.ends_with("2 of 6 outcomes of run_1; --limit 6 lists them all\n"),
        "{text}"
    );
    let text = pegbox.does(&["run", "failures", "run_1", "--list", "all"]);
    assert!(text.ends_with("6 of 6 outcomes of run_1\n"), "{text}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_parks_a_run_and_resume_sends_nothing_again() {
    let pegbox = asking(3);
    let (arrived, has_arrived) = sync_channel(1);
    let (may_go, go) = sync_channel::<()>(1);
    let (go, count) = (Mutex::new(go), AtomicU32::new(0));
    let server = Server::start(move |_| {
        if count.fetch_add(1, Ordering::SeqCst) == 1 {
            arrived.send(()).unwrap();
            go.lock().unwrap().recv().unwrap();
        }
        Answer::chat("{}")
    });
    let arguments = start_asking_owned(&server.base_url());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut command = pegbox.command(&arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    has_arrived.recv().unwrap();
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut noted = String::new();
    while !noted.contains("finishing what is in flight") {
        assert_ne!(stderr.read_line(&mut noted).unwrap(), 0, "{noted}");
    }
    may_go.send(()).unwrap();
    std::io::Read::read_to_string(&mut stderr, &mut noted).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{noted}");
    assert!(noted.contains("error: interrupted: run_1 has 2 of 3"), "{noted}");
    assert!(noted.contains("hint: go on with pegbox run resume run_1"), "{noted}");

    let said: Said = pegbox.says(&["run", "resume", "run_1"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(server.requests().len(), 3, "no finished example is sent again");
}

fn start_asking_owned(url: &str) -> Vec<String> {
    start_asking(url, &["--concurrency", "1"])
        .into_iter()
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_price_table_of_ones_own_is_used_and_its_mistakes_are_said() {
    let server = Server::start(|_| Answer::chat("{}"));
    let pegbox = asking(1);
    let url = server.base_url();
    let table =
        "as_of = \"2026-11-24\"\nsource = \"ours\"\n[[models]]\nnames = [\"test-model\"]\ninput = 1\noutput = 2\n";
    let bad = pegbox.write("bad.toml", table.replace("= 2\n", "= -2\n"));
    let said = pegbox.says(&start_asking(&url, &["--prices", &bad]));
    assert_eq!(said.code, 2);
    assert!(
        said.stderr.contains("bad.toml") && said.stderr.contains("-2 is no price"),
        "{said:?}"
    );
    assert!(server.requests().is_empty());

    let unknown = pegbox.says(&start_asking(&url, &[]));
    assert!(
        unknown.stdout.contains("unknown") && !unknown.stdout.contains('$'),
        "{unknown:?}"
    );
    let own = pegbox.write("own.toml", table);
    let known = pegbox.says(&start_asking(&url, &["--prices", &own]));
    // 12 tokens in at 1 and 3 out at 2 dollars a million.
    assert!(known.stdout.contains("$0.0000180"), "{known:?}");
    std::fs::write(
        pegbox.store().join("prices.toml"),
        table.replace("input = 1", "input = 11"),
    )
    .unwrap();
    let of_store = pegbox.says(&start_asking(&url, &[]));
    assert!(of_store.stdout.contains("$0.0001"), "{of_store:?}");
}
