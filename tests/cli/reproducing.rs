//! Reproduced, recorded and played runs from the command line.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::pegbox::{PROMPT, Pegbox, REASON, RUN};
use crate::support::server::{Answer, Server};

/// A server that answers as one model so many times, and as another from then on.
fn changing(after: usize) -> Server {
    let count = AtomicUsize::new(0);
    Server::start(move |_| {
        let is_first = count.fetch_add(1, Ordering::SeqCst) < after;
        let (model, text) = if is_first {
            ("house-1", "{}")
        } else {
            ("house-2", "no JSON")
        };
        let body = json!({
            "model": model,
            "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        });
        Answer::new(200, body.to_string())
    })
}

/// A store whose `asking_v1` asks `house`.
fn asking(rows: usize) -> Pegbox {
    let pegbox = Pegbox::with_records(rows);
    let document = PROMPT
        .replace("provider = \"simulated\"", "provider = \"openai\"")
        .replace("triage-sim-1", "house");
    let file = pegbox.write("asking.md", document);
    pegbox.does(&["prompt", "import", "asking", &file]);
    pegbox.does(&["prompt", "commit", "asking", "--kind", "bug", "--reason", REASON]);
    pegbox
}

fn start<'a>(further: &[&'a str]) -> Vec<&'a str> {
    let start = ["run", "start", "asking_v1", "--dataset", "tickets", "--suite", "shape"];
    [&start[..], further].concat()
}

#[test]
fn a_simulated_run_comes_out_the_same() {
    let pegbox = Pegbox::with_records(6);
    pegbox.does(&RUN);
    let document = pegbox.json(&["run", "reproduce", "run_1", "--sample", "4"]);
    assert_eq!(
        (&document["reproduced"], &document["again"]),
        (&json!(true), &json!("run_2"))
    );
    let drift = &document["drift"];
    assert_eq!((&drift["compared"], &drift["same_answer"]), (&json!(4), &json!(4)));
    let verified = document["verified"].as_array().unwrap();
    assert_eq!(verified.len(), 5);
    let text = pegbox.does(&["run", "reproduce", "run_1", "--all"]);
    assert!(text.contains("same verdict  6 of 6"), "{text}");
}

#[test]
fn drift_of_verdicts_is_exit_code_1_and_the_model_says_why() {
    let server = changing(3);
    let pegbox = asking(3);
    pegbox.does(&start(&["--base-url", &server.base_url()]));
    let said = pegbox.says(&["run", "reproduce", "run_1", "--all"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stdout.contains("house-1 before, house-2 now"), "{}", said.stdout);
    assert!(said.stdout.contains("0 fixed, 3 broken"), "{}", said.stdout);
    let models = pegbox.json(&["model", "show", "house"]);
    assert_eq!(models["models"][0]["stands_for"], "house-2");
    assert_eq!(models["stale_runs"], json!(["run_1"]));
    assert!(pegbox.does(&["model", "list"]).contains("house-2"));
    assert!(pegbox.does(&["run", "list"]).contains("pass, stale"));
    assert!(
        pegbox
            .does(&["run", "show", "run_1"])
            .contains("careful: stale: answered by house-1")
    );
}

#[test]
fn a_cassette_needs_neither_server_nor_key() {
    let server = changing(9);
    let pegbox = asking(3);
    let tape = pegbox.home.path().join("tape.jsonl");
    let tape = tape.to_str().unwrap();
    pegbox.does(&start(&["--base-url", &server.base_url(), "--record", tape]));
    drop(server);
    let text = pegbox.does(&start(&["--replay", tape]));
    assert!(text.contains("from a cassette"), "{text}");
    let said = pegbox.says(&start(&["--record", tape]));
    assert_eq!(
        (said.code, said.stderr.contains("is there already")),
        (2, true),
        "{said:?}"
    );
    let said = pegbox.says(&start(&["--replay", tape, "--reuse"]));
    assert_eq!(said.code, 2, "{said:?}");
    let text = pegbox.does(&start(&[
        "--base-url",
        "http://127.0.0.1:1/v1",
        "--replay",
        tape,
        "--concurrency",
        "2",
    ]));
    assert!(text.contains("3 of 3 saved"), "{text}");
}

#[test]
fn what_keeps_no_answers_says_so_and_leaves_no_cassette() {
    let pegbox = asking(2);
    let note = "no answer is reused: those of the simulated model are not kept";
    let said = pegbox.says(&[&RUN[..], &["--reuse"]].concat());
    assert!(said.code == 0 && said.stderr.contains(note), "{said:?}");
    let said = pegbox.says(&start(&["--base-url", "http://127.0.0.1:1/v1", "--reuse", "--dry-run"]));
    assert!(said.code == 0 && !said.stderr.contains(note), "{said:?}");

    let tape = pegbox.home.path().join("tape.jsonl");
    let record = ["--record", tape.to_str().unwrap()];
    let refused = pegbox.says(&[&RUN[..], &record].concat());
    assert!(
        refused.stderr.contains("speaks no HTTP that a cassette could hold"),
        "{refused:?}"
    );
    assert!(!tape.exists(), "of a run that is refused");
    let url = ["--base-url", "http://127.0.0.1:1/v1", "--dry-run"];
    assert_eq!(pegbox.says(&start(&[&record[..], &url].concat())).code, 0);
    assert!(!tape.exists(), "of a run that is only reckoned");
}
