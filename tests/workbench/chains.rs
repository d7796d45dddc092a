//! A chain of five steps is paused, capped, killed, recorded, ended early and reproduced as a prompt is, example by
//! example, and its providers are each asked at their own endpoint.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Mutex};

use pegbox::domain::gate::Verdict;
use pegbox::domain::ids::{PromptName, RunId};
use pegbox::domain::money::UsdNanos;
use pegbox::domain::outcome::{Outcome, OutcomePlace};
use pegbox::domain::run::{AnswerSource, Caps, EndState, RunState};
use pegbox::store::memory::MemoryEngine;
use pegbox::workbench::{Extent, FaultKind, StartRun, Tape};
use serde_json::{Value as Json, json};

use super::bench::*;
use super::support::server::{Answer, Received, Server};

/// The steps; `refund` runs for the examples with an even number.
const STEPS: [&str; 5] = ["read", "check", "refund", "draft", "reply"];
/// Tokens of a step's answer, sent and generated.
const STEP_TOKENS: [u64; 2] = [90, 10];
/// Examples.
const COUNT: u64 = 6;
/// Requests of all examples: four steps each, and the fifth of every second.
const REQUESTS: usize = 27;

fn document(provider: &str) -> String {
    format!(
        "+++\n[model]\nprovider = \"{provider}\"\nname = \"gpt-4.1-mini\"\nmax_output_tokens = 100\n[[variables]]\n\
         name = \"step\"\ndescription = \"who asks\"\n[[variables]]\nname = \"text\"\ndescription = \"what it \
         reads\"\n+++\n-- user --\n{{{{ step }}}}: {{{{ text }}}}\n"
    )
}

/// Five steps, of which `draft` is asked of another provider where one is named.
fn chain(second: Option<&str>) -> String {
    let step = |name: &&str| {
        let version = if *name == "draft" && second.is_some() {
            "second_v1"
        } else {
            "first_v1"
        };
        let when = match *name {
            "refund" => "when = [{ path = \"check.match\", one_of = [\"0\", \"2\", \"4\"] }]\n",
            _ => "",
        };
        format!(
            "[[steps]]\nname = \"{name}\"\nversion = \"{version}\"\n{when}inputs = {{ step = {{ value = \"{name}\" }}, \
             text = \"input\" }}\nparser = {{ kind = \"regex\", pattern = '(\\d)' }}\n"
        )
    };
    format!("name = \"flow\"\n{}", STEPS.iter().map(step).collect::<String>())
}

/// The step and the example of a request: `draft: number 3`.
fn asked(request: &Received) -> String {
    let last = request.body["messages"].as_array().and_then(|messages| messages.last());
    match last.map(|message| &message["content"]) {
        Some(Json::String(text)) => text.clone(),
        Some(parts) => parts[0]["text"].as_str().unwrap_or_default().to_owned(),
        None => String::new(),
    }
}

/// Repeats the example's text, in the words of whoever is asked.
fn echo(request: &Received) -> Answer {
    let text = asked(request);
    let [sent, generated] = STEP_TOKENS;
    let body = if request.target.ends_with("/messages") {
        json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "second-model",
            "content": [{"type": "text", "text": text}], "stop_reason": "end_turn",
            "usage": {"input_tokens": sent, "output_tokens": generated},
        })
    } else {
        json!({
            "model": "first-model",
            "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": sent, "completion_tokens": generated},
        })
    };
    Answer::new(200, body.to_string())
}

/// A store with the chain, examples and a suite, and a run of it at that endpoint.
fn prepared(second: Option<&str>, base_url: &str) -> (Bench, StartRun) {
    let bench = Bench::over(Arc::new(MemoryEngine::new()));
    for (name, provider) in [("first", Some("openai")), ("second", second)] {
        let Some(provider) = provider else { continue };
        let name = PromptName::new(name).unwrap();
        bench
            .workbench
            .import_prompt(&anna(), &name, "", &document(provider))
            .unwrap();
        bench.workbench.commit(&anna(), &name, &why()).unwrap();
    }
    let row = |n| format!("{{\"id\":\"q-{n}\",\"input\":\"number {n}\",\"expected\":\"number {n}\"}}\n");
    let dataset = bench.dataset(&(0..COUNT).map(row).collect::<String>());
    let suite = bench.suite(&suite("echoes", "kind = \"contains\"", "point"));
    let chain = bench.workbench.import_chain(&anna(), &chain(second), REASON).unwrap();
    let start = StartRun {
        subject: chain.id.into(),
        dataset,
        suite,
        base: None,
        environment: None,
        context: pegbox::domain::run::RuntimeContext::default(),
        settings: one_at_a_time(base_url),
    };
    (bench, start)
}

fn counts(server: &Server) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for request in server.requests() {
        *counts.entry(asked(&request)).or_default() += 1;
    }
    counts
}

fn is_each_asked_once(server: &Server) -> bool {
    let counts = counts(server);
    counts.len() == REQUESTS && counts.values().all(|count| *count == 1)
}

fn outcomes(bench: &Bench, run: RunId) -> Vec<Outcome> {
    let case = |at| bench.workbench.case(run, OutcomePlace::first(at)).unwrap().outcome;
    (0..COUNT).map(case).collect()
}

fn texts(outcomes: &[Outcome]) -> Vec<Vec<Option<String>>> {
    let of_steps = |outcome: &Outcome| outcome.steps.iter().map(|step| step.text.clone()).collect();
    outcomes.iter().map(of_steps).collect()
}

/// Starts a run that a cap pauses, and gives the reason; resumed without caps it ends with every step asked once.
fn paused_and_resumed(caps: Caps) -> (String, u64) {
    let server = Server::start(echo);
    let (bench, mut start) = prepared(None, &server.base_url());
    start.settings.caps = caps;
    let run = bench.workbench.start_run(&anna(), &start).unwrap();
    assert_refused(bench.workbench.wait_run(run), "was interrupted");
    let progress = bench.workbench.progress(run).unwrap();
    assert_eq!(progress.state, RunState::Paused);
    let raised = Caps {
        cost: Some(UsdNanos(i64::MAX as u64)),
        tokens: Some(u64::MAX),
        ..Caps::default()
    };
    bench.workbench.resume_run(&ben(), run, raised).unwrap();
    let end = bench.workbench.wait_run(run).unwrap();
    assert_eq!((end.state, end.totals.passed), (EndState::Finished, COUNT));
    assert!(is_each_asked_once(&server), "{:?}", counts(&server));
    assert!(bench.workbench.verify().unwrap().is_sound());
    (progress.notice.unwrap(), progress.totals.saved)
}

#[test]
fn caps_of_tokens_and_money_count_all_steps() {
    let tokens = Caps {
        tokens: Some(1_000),
        ..Caps::default()
    };
    // An example takes 500 tokens at most, so the third might go beyond.
    let (reason, saved) = paused_and_resumed(tokens);
    assert!(
        reason.contains("1,000 tokens") || reason.contains("1000 tokens"),
        "{reason}"
    );
    assert_eq!(saved, 2, "{reason}");
    // $0.40 and $1.60 for a million: 52 millionths a step, 260 an example of five.
    let money = Caps {
        cost: Some("0.0006".parse().unwrap()),
        ..Caps::default()
    };
    let (reason, saved) = paused_and_resumed(money);
    assert!(reason.contains("$0.0006"), "{reason}");
    assert_eq!(saved, 2, "{reason}");
}

#[test]
fn a_cap_of_errors_counts_examples_and_names_the_step() {
    let server = Server::start(|request| match asked(request).as_str() {
        text if text.starts_with("draft") => Answer::new(400, "{\"error\":{\"message\":\"not today\"}}"),
        _ => echo(request),
    });
    let (bench, mut start) = prepared(None, &server.base_url());
    start.settings.caps.errors = Some(2);
    let run = bench.workbench.start_run(&anna(), &start).unwrap();
    assert_refused(bench.workbench.wait_run(run), "was interrupted");
    let progress = bench.workbench.progress(run).unwrap();
    assert_eq!((progress.totals.saved, progress.totals.errored), (2, 2));
    let outcome = bench.workbench.case(run, OutcomePlace::first(0)).unwrap().outcome;
    assert!(outcome.why().unwrap().contains("step draft: "), "{:?}", outcome.why());
    let ran: Vec<&str> = outcome.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(
        ran,
        ["read", "check", "refund", "draft"],
        "what failed ends the example"
    );
}

/// Echoes, but holds what comes from the request with this text on.
fn held_from_text(text: &'static str) -> (Server, Receiver<()>, SyncSender<()>) {
    held_from(move |request| asked(request) == text, echo)
}

#[test]
fn a_pause_in_the_middle_of_a_chain_lets_the_example_end() {
    let (server, arrival, go) = held_from_text("check: number 2");
    let (bench, start) = prepared(None, &server.base_url());
    let run = bench.workbench.start_run(&anna(), &start).unwrap();
    arrival.recv().unwrap();
    bench.workbench.pause_run(&ben(), run).unwrap();
    drop(go);
    assert_refused(bench.workbench.wait_run(run), "was interrupted");
    let progress = bench.workbench.progress(run).unwrap();
    assert_eq!((progress.state, progress.totals.saved), (RunState::Paused, 3));
    bench.workbench.resume_run(&anna(), run, Caps::default()).unwrap();
    assert_eq!(bench.workbench.wait_run(run).unwrap().totals.passed, COUNT);
    assert!(is_each_asked_once(&server), "{:?}", counts(&server));
}

#[test]
fn a_killed_chain_asks_the_steps_of_no_finished_example_again() {
    let (server, arrival, go) = held_from_text("draft: number 3");
    let (bench, start) = prepared(None, &server.base_url());
    let run = bench.workbench.start_run(&anna(), &start).unwrap();
    arrival.recv().unwrap();
    let engine = Arc::clone(&bench.engine);
    bench.kill();
    drop(go);
    let second = Bench::over(engine);
    assert_eq!(second.workbench.progress(run).unwrap().totals.saved, 3);
    second.workbench.resume_run(&anna(), run, Caps::default()).unwrap();
    assert_eq!(second.workbench.wait_run(run).unwrap().totals.passed, COUNT);
    let again: Vec<String> = counts(&server)
        .into_iter()
        .filter(|(_, count)| *count > 1)
        .map(|(text, _)| text)
        .collect();
    let in_flight = ["check: number 3", "draft: number 3", "read: number 3"];
    assert_eq!(again, in_flight, "only the example that was in flight");
}

#[test]
fn a_chain_ends_as_soon_as_its_gate_is_decided() {
    let server = Server::start(|request| match asked(request).as_str() {
        text if text.starts_with("reply") => Answer::chat("no 1 says what is expected"),
        _ => echo(request),
    });
    let (bench, mut start) = prepared(None, &server.base_url());
    start.settings.stops_early = true;
    let (run, end) = bench.run(&start);
    assert!(
        end.totals.saved < COUNT,
        "one failure of six is below nine tenths: {:?}",
        end.totals
    );
    assert_eq!(end.gate.unwrap().verdict, Verdict::Fail);
    let paths: u64 = bench
        .workbench
        .run_detail(run)
        .unwrap()
        .end
        .unwrap()
        .paths
        .iter()
        .map(|path| path.outcomes)
        .sum();
    assert_eq!(paths, end.totals.saved);
}

#[test]
fn a_chain_is_reproduced_and_its_drift_is_found() {
    let is_other = Arc::new(Mutex::new(false));
    let other = Arc::clone(&is_other);
    let server = Server::start(move |request| match asked(request).as_str() {
        "reply: number 1" if *other.lock().unwrap() => Answer::chat("nothing, 1 time"),
        _ => echo(request),
    });
    let (bench, start) = prepared(None, &server.base_url());
    let (run, _) = bench.run(&start);
    let verified = bench.workbench.verify_run(run).unwrap();
    let kinds: Vec<_> = verified.iter().map(|checked| checked.what).collect();
    assert_eq!(kinds.first(), Some(&"chain"));
    assert_eq!(kinds.iter().filter(|kind| **kind == "version").count(), STEPS.len());
    assert!(verified.iter().all(|checked| checked.fault.is_none()), "{verified:?}");
    let drift = |extent| {
        let again = bench.workbench.reproduce_run(&anna(), run, extent).unwrap();
        bench.workbench.wait_run(again).unwrap();
        bench.workbench.drift(run, again).unwrap()
    };
    let same = drift(Extent::All);
    assert_eq!((same.compared, same.same_answer), (COUNT, COUNT));
    assert!(same.reproduced());
    *is_other.lock().unwrap() = true;
    let other = drift(Extent::All);
    assert_eq!((other.same_answer, other.broken), (COUNT - 1, 1));
    assert!(!other.reproduced());
}

#[test]
fn a_cassette_plays_a_chain_of_two_providers() {
    let server = Server::start(echo);
    let both = format!("openai={} anthropic={}", server.base_url(), server.base_url());
    let (bench, mut start) = prepared(Some("anthropic"), &both);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tape.jsonl");
    let play = |start: &StartRun, tape: &Tape| {
        let run = bench.workbench.start_run_with(&anna(), start, None, tape).unwrap();
        (run, bench.workbench.wait_run(run).unwrap())
    };
    let recording = Tape::record(&path).unwrap();
    let (first, _) = play(&start, &recording);
    assert!(recording.fault().is_none() && is_each_asked_once(&server));
    start.settings.base_url = None;
    let (second, end) = play(&start, &Tape::replay(&path).unwrap());
    assert_eq!(server.requests().len(), REQUESTS, "nothing is sent");
    assert_eq!((end.totals.passed, end.totals.errored), (COUNT, 0));
    let [before, now] = [first, second].map(|run| texts(&outcomes(&bench, run)));
    assert_eq!(before, now);
    assert_eq!(
        bench.workbench.run_detail(second).unwrap().run.answers,
        AnswerSource::Replayed
    );
}

#[test]
fn each_provider_is_asked_at_its_own_endpoint_also_after_a_pause() {
    let [first, second] = [Server::start(echo), Server::start(echo)];
    let both = format!("openai={} anthropic={}", first.base_url(), second.base_url());
    let (bench, mut start) = prepared(Some("anthropic"), &both);
    start.settings.caps.tokens = Some(1_000);
    let run = bench.workbench.start_run(&anna(), &start).unwrap();
    assert_refused(bench.workbench.wait_run(run), "was interrupted");
    let raised = Caps {
        tokens: Some(u64::MAX),
        ..Caps::default()
    };
    bench.workbench.resume_run(&anna(), run, raised).unwrap();
    assert_eq!(bench.workbench.wait_run(run).unwrap().totals.passed, COUNT);
    let drafts = counts(&second);
    assert_eq!(drafts.len(), usize::try_from(COUNT).unwrap());
    assert!(drafts.keys().all(|text| text.starts_with("draft")), "{drafts:?}");
    assert!(counts(&first).keys().all(|text| !text.starts_with("draft")));
    let kept = bench.workbench.run_detail(run).unwrap().run.settings;
    for (provider, server) in [("openai", &first), ("anthropic", &second)] {
        assert_eq!(kept.endpoint_of(provider), Some(server.base_url().as_str()));
    }
    let endpoints: Vec<_> = bench
        .workbench
        .model_ledgers()
        .unwrap()
        .into_iter()
        .map(|of| of.alias.endpoint)
        .collect();
    assert!(endpoints.contains(&Some(second.base_url())), "{endpoints:?}");

    for (base_url, why) in [
        (first.base_url(), "cannot be the endpoint of all"),
        (format!("nobody={}", first.base_url()), "no provider is called nobody"),
    ] {
        start.settings.base_url = Some(base_url);
        assert_fault(bench.workbench.start_run(&anna(), &start), FaultKind::Invalid, why);
    }
}

#[test]
fn a_chain_is_estimated_by_what_its_prompts_took() {
    let server = Server::start(echo);
    let (bench, mut start) = prepared(None, &server.base_url());
    let guess = bench.workbench.estimate_run(&start).unwrap();
    assert!(guess.basis.starts_with("a guess from the template"), "{}", guess.basis);
    assert!(guess.basis.ends_with("; as if every step ran"), "{}", guess.basis);
    assert!(guess.input_tokens > 0 && guess.cost.is_some() && guess.elapsed_ms.is_none());
    // The prompt is asked by itself.
    let mut alone = start.clone();
    alone.subject = pegbox::workbench::SubjectId::Prompt("first_v1".parse().unwrap());
    alone.dataset = bench
        .import(
            "inputs",
            "inputs.jsonl",
            "{\"id\":\"q\",\"input\":{\"step\":\"read\",\"text\":\"number 1\"},\"expected\":\"number 1\"}\n",
        )
        .unwrap()
        .dataset
        .unwrap()
        .id;
    bench.run(&alone);
    let told = bench.workbench.estimate_run(&start).unwrap();
    let each = COUNT * STEPS.len() as u64;
    assert_eq!(
        (told.input_tokens, told.output_tokens),
        (each * STEP_TOKENS[0], each * STEP_TOKENS[1])
    );
    assert!(
        told.basis
            .starts_with("what 1 outcomes of first_v1 took in run_1 (read, check"),
        "{}",
        told.basis
    );
    assert!(told.elapsed_ms.is_some());
    // Then the chain itself, with the steps that ran.
    start.settings.concurrency = 2;
    bench.run(&start);
    let own = bench.workbench.estimate_run(&start).unwrap();
    assert_eq!(own.input_tokens, REQUESTS as u64 * STEP_TOKENS[0]);
    assert!(own.basis.contains("took in run_2"), "{}", own.basis);
}
