//! A cassette answers as the provider did, sends nothing, and proves nothing about the model of today.

use std::path::{Path, PathBuf};

use pegbox::domain::outcome::OutcomePlace;
use pegbox::domain::promotion::Environment;
use pegbox::domain::run::{AnswerSource, Caps, NO_CAP};
use pegbox::workbench::{StartRun, Tape};

use super::bench::*;
use super::lab::Lab;

/// A real exchange with a mock of another party; see `tests/fixtures/cassettes/README.md`.
fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cassettes/llmock.jsonl")
}

fn played(lab: &Lab, start: &StartRun, tape: &Tape) -> pegbox::domain::ids::RunId {
    let id = lab.bench.workbench.start_run_with(&anna(), start, None, tape).unwrap();
    lab.bench.workbench.wait_run(id).unwrap();
    id
}

#[test]
fn a_recorded_run_is_played_back_the_same_and_nothing_is_sent() {
    let lab = Lab::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tape.jsonl");
    let recording = Tape::record(&path).unwrap();
    let first = played(&lab, &lab.start, &recording);
    assert!(recording.fault().is_none());
    assert_eq!(lab.sent(), 4);

    lab.becomes("house-2", "b");
    // The cassette says where its requests went.
    let mut start = lab.start.clone();
    start.settings.base_url = None;
    let second = played(&lab, &start, &Tape::replay(&path).unwrap());
    assert_eq!(lab.sent(), 4, "nothing is sent");
    let answers = |run| -> Vec<_> {
        let outcomes = lab.outcomes(run).into_iter();
        outcomes
            .map(|outcome| {
                (
                    outcome.text,
                    outcome.raw_response,
                    outcome.resolved_model,
                    outcome.latency_ms,
                )
            })
            .collect()
    };
    assert_eq!(answers(first), answers(second));
    let detail = lab.bench.workbench.run_detail(second).unwrap();
    assert_eq!(detail.run.answers, AnswerSource::Replayed);
    assert_refused(
        lab.bench
            .workbench
            .request_review(&anna(), &lab.version, Environment::Staging, Some(second), REASON),
        "a cassette answered",
    );
    // What a cassette says is no news of the model, and no answer to use again.
    assert_eq!(lab.bench.workbench.model_ledgers().unwrap()[0].lines.len(), 1);
    let (third, _) = lab.reusing();
    let caveats = lab.bench.workbench.run_detail(third).unwrap().caveats;
    assert_eq!(caveats.reused_text().as_deref(), Some("4 reused from run_1"));
}

#[test]
fn a_request_that_is_not_on_the_tape_is_an_error_that_says_so() {
    let lab = Lab::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tape.jsonl");
    played(&lab, &lab.start, &Tape::record(&path).unwrap());
    let mut start = lab.start.clone();
    start.dataset = lab.bench.dataset(
        "{\"id\":\"q-0\",\"input\":\"number 0\",\"expected\":{\"route\":\"a\"}}\n\
         {\"id\":\"new\",\"input\":\"another\",\"expected\":{\"route\":\"a\"}}\n",
    );
    let run = played(&lab, &start, &Tape::replay(&path).unwrap());
    let outcomes = lab.outcomes(run);
    assert!(outcomes[0].passed());
    let why = outcomes[1].why().unwrap();
    assert!(
        why.contains("has no reply to this request") && why.contains("nothing was sent"),
        "{why}"
    );
    assert_eq!(lab.sent(), 4);
}

#[test]
fn a_run_that_was_recorded_up_to_its_pause_goes_on_in_the_same_file() {
    let lab = Lab::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tape.jsonl");
    let workbench = &lab.bench.workbench;
    let paused = |tape: &Tape| {
        let mut start = lab.start.clone();
        start.settings.caps.tokens = Some(1);
        let run = workbench.start_run_with(&anna(), &start, None, tape).unwrap();
        assert_refused(workbench.wait_run(run), "was interrupted");
        run
    };
    let no_cap = Caps {
        tokens: Some(NO_CAP),
        ..Caps::default()
    };
    let goes_on = |run, tape: &Tape| {
        workbench.resume_run_with(&anna(), run, no_cap, tape).unwrap();
        assert_eq!(workbench.wait_run(run).unwrap().totals.saved, 4);
    };
    let recorded = paused(&Tape::record(&path).unwrap());
    assert_refused(
        workbench.resume_run_with(&anna(), recorded, no_cap, &Tape::replay(&path).unwrap()),
        "not by a cassette",
    );
    // What a process that was killed leaves at the end.
    let torn = std::fs::read_to_string(&path).unwrap() + "{\"request\":";
    std::fs::write(&path, torn).unwrap();
    goes_on(recorded, &Tape::record_on(&path).unwrap());
    assert_eq!(lab.sent(), 4);

    let played = paused(&Tape::replay(&path).unwrap());
    assert_refused(workbench.resume_run(&anna(), played, no_cap), "which is not at hand");
    goes_on(played, &Tape::replay(&path).unwrap());
    let texts = |run| {
        lab.outcomes(run)
            .into_iter()
            .map(|outcome| outcome.text)
            .collect::<Vec<_>>()
    };
    assert_eq!((texts(recorded), lab.sent()), (texts(played), 4), "nothing is sent");

    let unused = Tape::record(&folder.path().join("unused.jsonl")).unwrap();
    let mut reusing = lab.start.clone();
    reusing.settings.reuses_answers = true;
    let run = workbench.start_run_with(&anna(), &reusing, None, &unused).unwrap();
    workbench.wait_run(run).unwrap();
    assert!(unused.is_empty_recording() && lab.sent() == 4);
}

#[test]
fn a_played_run_goes_on_only_with_its_cassette() {
    let lab = Lab::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tape.jsonl");
    played(&lab, &lab.start, &Tape::record(&path).unwrap());
    let run = played(&lab, &lab.start, &Tape::replay(&path).unwrap());
    assert_refused(
        lab.bench.workbench.resume_run(&anna(), run, Caps::default()),
        "an ended run never changes",
    );
    assert!(Tape::record(&path).is_err(), "none is written over");
}

#[test]
fn a_cassette_of_another_partys_server_is_played() {
    let bench = Bench::new();
    let version = bench.version(&document("cassette").replace("provider = \"simulated\"", "provider = \"openai\""));
    let dataset = bench.dataset(&tickets());
    let suite = bench.suite(&suite("words", "kind = \"contains\"\ntext = \"a\"", "point"));
    let tape = Tape::replay(&fixture()).unwrap();
    let run = bench
        .workbench
        .start_run_with(&anna(), &start(&version, &dataset, &suite), None, &tape)
        .unwrap();
    let end = bench.workbench.wait_run(run).unwrap();
    assert_eq!((end.totals.saved, end.totals.errored), (4, 0));
    assert_eq!(end.resolved_models, ["triage-sim-1"]);
    let outcome = bench.workbench.case(run, OutcomePlace::first(0)).unwrap().outcome;
    assert_eq!(outcome.attempts.last().and_then(|attempt| attempt.status), Some(200));
}
