//! A run keeps everything about every example, ends whatever the provider does, and never sends a finished one again.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

use pegbox::domain::gate::Verdict;
use pegbox::domain::ids::RunId;
use pegbox::domain::outcome::{ErrorKind, FailureCategory, Outcome, OutcomePlace};
use pegbox::domain::prompt::Role;
use pegbox::domain::run::{AnswerSource, Caps, EndState, RunSettings, RunState};
use pegbox::store::memory::MemoryEngine;
use pegbox::workbench::{FaultKind, StartRun};
use serde_json::{Value as Json, json};

use super::bench::*;
use super::support::server::{Answer, Received, Server};

const DOCUMENT: &str = r#"+++
[model]
provider = "openai"
name = "house-model"
temperature = 0.2
max_output_tokens = 50
[model.response_format]
type = "json_object"
[[variables]]
name = "input"
description = "the question"
+++
-- system --
Answer with JSON only.
-- user --
Question: {{ input }}
"#;

const ROUTE: &str = "kind = \"field_match\"\nfield = \"route\"";

/// Rows `q-0`, `q-1`, … that all expect route `a`.
pub fn questions(count: usize) -> String {
    let row =
        |place| format!("{{\"id\":\"q-{place}\",\"input\":\"number {place}\",\"expected\":{{\"route\":\"a\"}}}}\n");
    (0..count).map(row).collect()
}

/// The example that a request is about.
pub fn example_of(request: &Received) -> String {
    let messages = request.body["messages"].as_array().cloned().unwrap_or_default();
    let text = messages.last().and_then(|m| m["content"].as_str()).unwrap_or_default();
    text.replace("Question: number ", "q-")
}

/// How often each example was asked for.
pub fn requests_by_example(server: &Server) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for request in server.requests() {
        *counts.entry(example_of(&request)).or_default() += 1;
    }
    counts
}

/// Prompt, questions and suite in a fresh store, and a run over them at a server.
pub fn prepared(server: &Server, count: usize) -> (Bench, StartRun) {
    let bench = Bench::over(Arc::new(MemoryEngine::new()));
    let version = bench.version(DOCUMENT);
    let dataset = bench.dataset(&questions(count));
    let suite = bench.suite(&suite("routes", ROUTE, "point"));
    let settings = RunSettings {
        concurrency: 1,
        attempts_max: 2,
        timeout_ms: 30_000,
        base_url: Some(server.base_url()),
        ..RunSettings::default()
    };
    let start = StartRun {
        settings,
        ..start(&version, &dataset, &suite)
    };
    (bench, start)
}

pub fn outcomes(bench: &Bench, run: RunId, count: u64) -> Vec<Outcome> {
    (0..count)
        .map(|place| bench.workbench.case(run, OutcomePlace::first(place)).unwrap().outcome)
        .collect()
}

/// A server that answers everything right but `q-1`, with all that a reply can carry.
fn telling_server() -> Server {
    Server::start(|request| {
        let route = if example_of(request) == "q-1" { "b" } else { "a" };
        let body = json!({
            "id": format!("chatcmpl-{}", example_of(request)), "model": "house-model-2026-05",
            "system_fingerprint": "fp_7",
            "choices": [{
                "message": {"role": "assistant", "content": json!({"route": route}).to_string()},
                "finish_reason": "stop",
            }],
            "usage": {
                "prompt_tokens": 20, "completion_tokens": 4,
                "prompt_tokens_details": {"cached_tokens": 8},
            },
        });
        Answer::new(200, body.to_string())
    })
}

#[test]
fn an_outcome_keeps_all_that_went_out_and_came_back() {
    let server = telling_server();
    let (bench, start) = prepared(&server, 2);
    let (run, _) = bench.run(&start);
    let kept = outcomes(&bench, run, 2);
    let (right, wrong) = (&kept[0], &kept[1]);

    let rendered: Vec<_> = right.rendered.iter().map(|m| (m.role, m.text.as_str())).collect();
    assert_eq!(
        rendered,
        [
            (Role::System, "Answer with JSON only."),
            (Role::User, "Question: number 0")
        ]
    );
    let raw: Json = serde_json::from_str(&right.raw_response).unwrap();
    assert_eq!(raw["choices"][0]["message"]["content"], "{\"route\":\"a\"}");
    assert_eq!(right.text.as_deref(), Some("{\"route\":\"a\"}"));
    assert_eq!(right.parsed.as_ref().unwrap().value(), json!({"route": "a"}));
    assert_eq!(right.resolved_model.as_deref(), Some("house-model-2026-05"));
    assert_eq!(right.system_fingerprint.as_deref(), Some("fp_7"));
    assert_eq!(right.response_id.as_deref(), Some("chatcmpl-q-0"));
    assert_eq!(right.finish_reason.as_deref(), Some("stop"));
    let usage = right.usage;
    assert_eq!(
        (
            usage.input_tokens,
            usage.cached_tokens,
            usage.output_tokens,
            usage.reasoning_tokens
        ),
        (Some(20), Some(8), Some(4), None)
    );
    assert_eq!(
        (right.cost, right.error.as_ref(), right.parse_error.as_ref()),
        (None, None, None)
    );
    assert_eq!((right.attempts.len(), right.attempts[0].status), (1, Some(200)));
    assert!(right.passed() && right.failure_category.is_none());
    assert!(!wrong.passed());
    assert_eq!(wrong.failure_category, Some(FailureCategory::Prompt));
    let explanation = &wrong.scores[0].explanation;
    assert!(explanation.contains('a') && explanation.contains('b'), "{explanation}");
}

#[test]
fn the_end_of_a_run_sums_up_its_outcomes() {
    let server = telling_server();
    let (bench, start) = prepared(&server, 2);
    let (run, end) = bench.run(&start);
    assert_eq!(
        (end.state, end.totals.passed, end.totals.failed),
        (EndState::Finished, 1, 1)
    );
    assert_eq!((end.totals.input_tokens, end.totals.cost_unknown), (40, 2));
    assert_eq!(end.resolved_models, ["house-model-2026-05"]);
    assert_eq!(end.gate.unwrap().verdict, Verdict::Fail);
    assert_eq!(
        bench.workbench.run_detail(run).unwrap().run.answers,
        AnswerSource::Model
    );
    let sent = server.requests().remove(0);
    assert_eq!(sent.target, "POST /v1/chat/completions");
    assert_eq!(sent.header("content-type"), Some("application/json"));
    assert_eq!(
        (
            &sent.body["model"],
            &sent.body["temperature"],
            &sent.body["response_format"]["type"]
        ),
        (&json!("house-model"), &json!(0.2), &json!("json_object"))
    );
    let failures = bench.workbench.failures(run, None, 10).unwrap();
    assert_eq!((failures.len(), failures[0].line.example.as_str()), (1, "q-1"));
    assert!(bench.workbench.verify().unwrap().is_sound());
}

#[test]
fn a_provider_that_is_busy_is_asked_again_as_it_says() {
    let busy = Answer::new(429, "{\"error\":{\"message\":\"slow down\"}}").with_header("retry-after", "0");
    let server = Server::queue([busy, Answer::chat("{\"route\":\"a\"}")]);
    let (bench, start) = prepared(&server, 1);
    let (run, end) = bench.run(&start);
    let outcome = outcomes(&bench, run, 1).remove(0);
    assert!(outcome.passed());
    let statuses: Vec<_> = outcome.attempts.iter().map(|attempt| attempt.status).collect();
    assert_eq!(statuses, [Some(429), Some(200)]);
    let first = outcome.attempts[0].error.as_ref().unwrap();
    assert_eq!(first.kind, ErrorKind::RateLimited);
    assert!(first.message.contains("slow down"), "{}", first.message);
    assert_eq!((end.totals.retried, end.totals.errored), (1, 0));
}

/// What comes, the error that it is (none where it counts as an answer), and where the failure lies.
type Sent = (Answer, Option<ErrorKind>, FailureCategory);

fn bad_replies() -> Vec<Sent> {
    let html = Answer::new(200, "<html><body>Welcome to the hotel network</body></html>");
    let cut = Answer::Broken {
        body: b"{\"choices\": [{\"message\": {\"content\": \"{}\"}}]}".to_vec(),
        sent: 10,
    };
    let (answered, errored) = (None, Some);
    vec![
        (html, errored(ErrorKind::BadResponse), FailureCategory::Provider),
        (
            Answer::new(200, ""),
            errored(ErrorKind::BadResponse),
            FailureCategory::Provider,
        ),
        (
            Answer::new(200, "{\"choices\": []}"),
            errored(ErrorKind::BadResponse),
            FailureCategory::Provider,
        ),
        (
            Answer::new(500, "oh no"),
            errored(ErrorKind::Server),
            FailureCategory::Provider,
        ),
        (
            Answer::new(401, "{}"),
            errored(ErrorKind::Auth),
            FailureCategory::Provider,
        ),
        (
            Answer::new(400, "{}"),
            errored(ErrorKind::BadRequest),
            FailureCategory::Provider,
        ),
        (cut, errored(ErrorKind::Connect), FailureCategory::Provider),
        (Answer::Close, errored(ErrorKind::Connect), FailureCategory::Provider),
        (Answer::Hang, errored(ErrorKind::Timeout), FailureCategory::Provider),
        (
            Answer::chat("I would say {\"route\": \"a\"}, my friend."),
            answered,
            FailureCategory::Parser,
        ),
        (Answer::chat(""), answered, FailureCategory::Prompt),
        (
            Answer::chat("\u{1b}[2J\u{1b}]0;owned\u{7}"),
            answered,
            FailureCategory::Prompt,
        ),
        (Answer::chat("{\"route\": \"b\"}"), answered, FailureCategory::Prompt),
    ]
}

#[test]
fn whatever_a_provider_sends_the_run_ends_and_says_what_came() {
    let cases = bad_replies();
    let count = cases.len();
    let server = Server::queue(cases.iter().map(|(answer, ..)| answer.clone()));
    let (bench, mut start) = prepared(&server, count);
    start.settings.attempts_max = 1;
    start.settings.timeout_ms = 2_000;
    let (run, end) = bench.run(&start);
    assert_eq!((end.state, end.totals.saved), (EndState::Finished, count as u64));
    assert_eq!((end.totals.errored, end.totals.failed), (9, 4));
    for (outcome, (answer, kind, category)) in outcomes(&bench, run, count as u64).iter().zip(&cases) {
        assert_eq!(
            outcome.error.as_ref().map(|error| error.kind),
            *kind,
            "{answer:?}: {:?}",
            outcome.error
        );
        assert_eq!(outcome.failure_category, Some(*category), "{answer:?}");
        assert!(!outcome.passed() && outcome.why().is_some(), "{answer:?}");
        if *category == FailureCategory::Parser {
            assert!(outcome.parse_error.is_some() && outcome.parsed.is_none(), "{answer:?}");
        }
        if let (Answer::Reply { status: 200, body, .. }, true) = (answer, kind.is_some()) {
            assert_eq!(outcome.raw_response.as_bytes(), body, "what came is kept as it came");
        }
    }
    let failures = bench.workbench.failures(run, None, 100).unwrap();
    assert_eq!(failures.len(), count);
    assert_eq!(
        bench.workbench.failures(run, Some(OutcomePlace::first(9)), 2).unwrap(),
        failures[10..12]
    );
    assert!(bench.workbench.verify().unwrap().is_sound());
}

/// A server that holds what comes from the request for this example on.
pub fn held_from_example(example: &'static str) -> (Server, Receiver<()>, SyncSender<()>) {
    held_from(
        move |request| example_of(request) == example,
        |_| Answer::chat("{\"route\":\"a\"}"),
    )
}

#[test]
fn a_cancelled_run_keeps_what_is_saved_and_never_goes_on() {
    let (server, arrival, go) = held_from_example("q-2");
    let (bench, start) = prepared(&server, 10);
    let run = bench.workbench.start_run(&anna(), &start).unwrap();
    arrival.recv().unwrap();
    bench.workbench.cancel_run(&ben(), run).unwrap();
    go.send(()).unwrap();
    let end = bench.workbench.wait_run(run).unwrap();
    assert_eq!((end.state, end.totals.saved), (EndState::Cancelled, 3));
    assert_eq!(end.gate, None);
    assert_eq!(server.requests().len(), 3);
    let audit = bench.workbench.audit_page(1, 1_000).unwrap();
    assert!(
        audit
            .iter()
            .any(|(_, _, entry)| entry.action == "run.cancel" && entry.actor == "ben")
    );

    assert_refused(
        bench.workbench.resume_run(&anna(), run, Caps::default()),
        "is cancelled",
    );
    assert_refused(bench.workbench.cancel_run(&anna(), run), "has ended already");
    assert_eq!(outcomes(&bench, run, 3).len(), 3);
    assert_fault(
        bench.workbench.case(run, OutcomePlace::first(3)),
        FaultKind::NotFound,
        "run_1 at place 3",
    );
    assert!(bench.workbench.verify().unwrap().is_sound());
}

#[test]
fn a_parked_run_goes_on_where_it_stopped() {
    const COUNT: usize = 200;
    let (server, arrival, go) = held_from_example("q-2");
    let (bench, start) = prepared(&server, COUNT);
    let run = bench.workbench.start_run(&anna(), &start).unwrap();
    arrival.recv().unwrap();
    assert_refused(bench.workbench.resume_run(&anna(), run, Caps::default()), "is running");
    std::thread::scope(|scope| {
        scope.spawn(|| (0..COUNT).for_each(|_| go.send(()).unwrap()));
        bench.workbench.park_runs();
    });
    let parked = bench.workbench.progress(run).unwrap();
    assert_eq!(parked.state, RunState::Interrupted);
    assert!((3..COUNT as u64).contains(&parked.totals.saved));
    assert_refused(bench.workbench.wait_run(run), "was interrupted");
    let asked = server.requests().len();
    assert_eq!(asked as u64, parked.totals.saved, "what was in flight is saved");

    let second = Bench::over(Arc::clone(&bench.engine));
    assert_eq!(second.workbench.progress(run).unwrap().state, RunState::Interrupted);
    second.workbench.resume_run(&ben(), run, Caps::default()).unwrap();
    drop(go);
    let end = second.workbench.wait_run(run).unwrap();
    assert_eq!((end.state, end.totals.passed), (EndState::Finished, COUNT as u64));
    let counts = requests_by_example(&server);
    assert_eq!(counts.len(), COUNT);
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
    assert!(second.workbench.verify().unwrap().is_sound());
}

#[test]
fn a_run_whose_process_was_killed_sends_no_finished_example_again() {
    let (server, arrival, go) = held_from_example("q-7");
    let (bench, start) = prepared(&server, 12);
    let run = bench.workbench.start_run(&anna(), &start).unwrap();
    arrival.recv().unwrap();
    let engine = Arc::clone(&bench.engine);
    bench.kill();
    drop(go);

    let second = Bench::over(engine);
    let progress = second.workbench.progress(run).unwrap();
    assert_eq!((progress.state, progress.totals.saved), (RunState::Interrupted, 7));
    second.workbench.resume_run(&anna(), run, Caps::default()).unwrap();
    let end = second.workbench.wait_run(run).unwrap();
    assert_eq!((end.state, end.totals.saved), (EndState::Finished, 12));
    let again: Vec<_> = requests_by_example(&server)
        .into_iter()
        .filter(|(_, count)| *count > 1)
        .collect();
    assert_eq!(again, [("q-7".to_owned(), 2)], "only what was in flight");
    assert_refused(
        second.workbench.resume_run(&anna(), run, Caps::default()),
        "is finished",
    );
}

#[test]
fn a_run_is_taken_up_once_and_not_while_it_is_cancelled() {
    let (server, arrival, go) = held_from_example("q-1");
    let (bench, start) = prepared(&server, 40);
    let run = bench.workbench.start_run(&anna(), &start).unwrap();
    arrival.recv().unwrap();
    let engine = Arc::clone(&bench.engine);
    bench.kill();
    drop(go);
    let second = Bench::over(engine);
    let results = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| second.workbench.resume_run(&anna(), run, Caps::default())))
            .collect();
        let results: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        results
    });
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(second.workbench.wait_run(run).unwrap().totals.saved, 40);
    let counts = requests_by_example(&server);
    assert!(
        counts
            .iter()
            .all(|(id, count)| *count == if id == "q-1" { 2 } else { 1 }),
        "{counts:?}"
    );
}

#[test]
fn what_cannot_be_run_is_refused_before_it_is_recorded() {
    type Edit = fn(&mut RunSettings);
    let server = Server::queue([]);
    let (bench, start) = prepared(&server, 2);
    let cases: [(Edit, &str); 6] = [
        (|settings| settings.concurrency = 0, "0 requests in flight"),
        (
            |settings| settings.concurrency = 1_000_000,
            "1000000 requests in flight",
        ),
        (|settings| settings.attempts_max = 0, "0 tries for one example"),
        (|settings| settings.attempts_max = 101, "it must be 1 to 100"),
        (|settings| settings.timeout_ms = 0, "0 milliseconds for one try"),
        (|settings| settings.base_url = Some("not a url".into()), "base URL"),
    ];
    for (change, text) in cases {
        let mut bad = start.clone();
        change(&mut bad.settings);
        assert_fault(bench.workbench.start_run(&anna(), &bad), FaultKind::Invalid, text);
    }
    let mut bad = start;
    bad.subject = "triage_v9".parse().unwrap();
    assert_fault(
        bench.workbench.start_run(&anna(), &bad),
        FaultKind::NotFound,
        "triage_v9",
    );
    assert_eq!(bench.workbench.runs(None, 10).unwrap(), []);
    assert!(server.requests().is_empty());
}

/// The names and the order that other tools read.
const FIXED_FIELDS: [&str; 12] = [
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

fn keys(value: &Json) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_simulated_run_gives_the_tuning_run_record() {
    let bench = Bench::new();
    let live = bench.release("one");
    let version = bench.version(&document("two"));
    let run = bench.passing_run(&version);
    let record = |run| serde_json::to_value(bench.workbench.tuning_record(run).unwrap()).unwrap();
    let before = record(run);
    assert_eq!(keys(&before)[..12], FIXED_FIELDS);
    assert_eq!(
        keys(&before["model"]),
        ["provider", "name", "temperature", "max_tokens", "response_format"]
    );
    assert_eq!(keys(&before["dataset"]), ["name", "version", "example_count"]);
    assert_eq!(keys(&before["eval"]), ["suite", "version", "thresholds"]);
    let expected = json!({
        "run_id": run.to_string(), "workflow": "triage", "prompt_version": "triage_v2",
        "base_prompt_version": "triage_v1", "environment": "experiment",
        "model": {"provider": "simulated", "name": "triage-sim-1", "temperature": 0.0, "max_tokens": 200,
            "response_format": "triage_reply v3"},
        "dataset": {"name": "rows", "version": "2026-06-01", "example_count": 4},
        "eval": {"suite": "passing", "version": "v1", "thresholds": {"share": 0.9}},
        "results": {"share": 1.0}, "decision": "promote", "rollback_target": "triage_prod_v1",
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&before[field], value, "{field}");
    }
    assert_eq!(
        (&before["decided_by"], &before["answers"]),
        (&json!("gate"), &json!("simulated"))
    );

    let review = bench.review(&version, pegbox::domain::promotion::Environment::Production);
    bench
        .workbench
        .decide(&ben(), review, pegbox::workbench::Judgement::Reject, REASON)
        .unwrap();
    let after = record(run);
    assert_eq!(
        (&after["decision"], &after["reason"], &after["decided_by"]),
        (&json!("rejected"), &json!(REASON), &json!("ben"))
    );
    let released = record(live.promotion.run);
    assert_eq!(
        (&released["decision"], &released["rollback_target"]),
        (&json!("promoted"), &Json::Null)
    );
}

#[test]
fn a_run_of_its_own_base_is_compared_with_an_earlier_one() {
    let bench = Bench::new();
    let version = bench.version(&document("one"));
    let (dataset, suite) = (
        bench.dataset(&tickets()),
        bench.suite(&suite("failing", FAILING, "point")),
    );
    let again = StartRun {
        base: Some(version.clone()),
        ..start(&version, &dataset, &suite)
    };
    let (first, _) = bench.run(&again);
    let failure = bench.workbench.failures(first, None, 1).unwrap().remove(0);
    assert_eq!(failure.passed_before, None, "it is no base of itself");
    let (second, _) = bench.run(&again);
    let failure = bench.workbench.failures(second, None, 1).unwrap().remove(0);
    assert_eq!(failure.passed_before, Some(false));
    let case = bench.workbench.case(second, failure.place).unwrap();
    assert_eq!(case.before, Some((first, false)));
}
