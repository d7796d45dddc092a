//! A run that pauses says why on disk and goes on when it may; picked examples are asked again; what a run would take
//! is said before.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pegbox::domain::gate::Verdict;
use pegbox::domain::ids::ExampleId;
use pegbox::domain::money::UsdNanos;
use pegbox::domain::outcome::OutcomePlace;
use pegbox::domain::promotion::Environment;
use pegbox::domain::run::{Caps, EndState, InFlight, NO_CAP, Picked, RunSettings, RunState, RunStepKind};
use pegbox::workbench::{FaultKind, Pick, Rerun, StartRun};
use serde_json::json;

use super::bench::*;
use super::runs::{example_of, held_from_example, prepared, requests_by_example};
use super::support::server::{Answer, Server};

/// A server whose answers take 100 tokens each.
fn hundred_tokens() -> Server {
    Server::start(|_| {
        let body = json!({
            "choices": [{"message": {"role": "assistant", "content": "{\"route\":\"a\"}"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 90, "completion_tokens": 10},
        });
        Answer::new(200, body.to_string())
    })
}

fn tokens(count: u64) -> Caps {
    Caps {
        tokens: Some(count),
        ..Caps::default()
    }
}

#[test]
fn a_cap_pauses_a_run_with_its_reason_on_disk_and_a_resume_raises_it() {
    let server = hundred_tokens();
    let (bench, mut start) = prepared(&server, 20);
    start.settings.caps = tokens(500);
    start.settings.concurrency = 4;
    let run = bench.workbench.start_run(&anna(), &start).unwrap();
    assert_refused(bench.workbench.wait_run(run), "was interrupted");

    let second = Bench::over(Arc::clone(&bench.engine));
    let detail = second.workbench.run_detail(run).unwrap();
    assert_eq!(
        (detail.progress.state, detail.progress.totals.saved),
        (RunState::Paused, 5)
    );
    let reason = "the cap of 500 tokens is reached: 500 are used";
    assert_eq!(detail.progress.notice.as_deref(), Some(reason));
    assert!(
        matches!(&detail.steps[..], [step] if step.number == 1
            && matches!(&step.kind, RunStepKind::Paused { reason: kept } if kept == reason)),
        "{:?}",
        detail.steps
    );
    assert_refused(second.workbench.pause_run(&anna(), run), "is paused");

    let raised = Caps {
        errors: Some(3),
        ..tokens(5_000)
    };
    second.workbench.resume_run(&ben(), run, raised).unwrap();
    let end = second.workbench.wait_run(run).unwrap();
    assert_eq!((end.state, end.totals.saved), (EndState::Finished, 20));
    assert!(requests_by_example(&server).values().all(|count| *count == 1));
    let detail = second.workbench.run_detail(run).unwrap();
    assert_eq!((detail.steps.len(), detail.caps()), (2, raised));
    assert_eq!(
        detail.run.settings.caps,
        tokens(500),
        "the run as it was started never changes"
    );
    assert!(second.workbench.verify().unwrap().is_sound());
}

#[test]
fn a_cap_that_no_answer_can_be_counted_against_pauses_the_run_and_can_be_taken_off() {
    let server = Server::start(|_| {
        let body = json!({"choices": [{"message": {"role": "assistant", "content": "{\"route\":\"a\"}"}}]});
        Answer::new(200, body.to_string())
    });
    let (bench, mut start) = prepared(&server, 6);
    start.settings.caps = tokens(1_000_000);
    let run = bench.workbench.start_run(&anna(), &start).unwrap();
    assert_refused(bench.workbench.wait_run(run), "was interrupted");
    let detail = bench.workbench.run_detail(run).unwrap();
    assert_eq!(
        (detail.progress.state, server.requests().len()),
        (RunState::Paused, 1),
        "the first answer shows it"
    );
    let reason = detail.progress.notice.unwrap();
    assert!(reason.starts_with("the cap of 1000000 tokens cannot hold"), "{reason}");
    assert!(detail.progress.totals.tokens_text().starts_with("unknown"));

    bench.workbench.resume_run(&anna(), run, tokens(NO_CAP)).unwrap();
    let end = bench.workbench.wait_run(run).unwrap();
    assert_eq!((end.state, end.totals.saved), (EndState::Finished, 6));
    assert_eq!(bench.workbench.run_detail(run).unwrap().caps(), Caps::default());
}

#[test]
fn a_provider_that_wants_an_hour_pauses_the_run_and_no_example_pays_for_it() {
    let is_closed = Arc::new(AtomicBool::new(true));
    let closed = Arc::clone(&is_closed);
    let server = Server::start(move |request| {
        let is_late = !["q-1", "q-2", "q-3"].contains(&example_of(request).as_str());
        if is_late && closed.load(Ordering::SeqCst) {
            Answer::new(429, "{\"error\":{\"message\":\"come back later\"}}").with_header("retry-after", "3600")
        } else {
            Answer::chat("{\"route\":\"a\"}")
        }
    });
    let (bench, mut start) = prepared(&server, 20);
    let paused = [InFlight::Auto, InFlight::Fixed(4)].map(|in_flight| {
        start.settings = start.settings.clone().with_in_flight(in_flight);
        let run = bench.workbench.start_run(&anna(), &start).unwrap();
        assert_refused(bench.workbench.wait_run(run), "was interrupted");
        let progress = bench.workbench.progress(run).unwrap();
        let reason = "the provider asks to wait 60 min, longer than a run waits by itself";
        assert_eq!(progress.state, RunState::Paused);
        assert_eq!(progress.notice.as_deref(), Some(reason));
        assert_eq!((progress.totals.saved, progress.totals.errored), (3, 0));
        run
    });
    is_closed.store(false, Ordering::SeqCst);
    for run in paused {
        bench.workbench.resume_run(&ben(), run, Caps::default()).unwrap();
        let end = bench.workbench.wait_run(run).unwrap();
        let came_to = (end.state, end.totals.saved, end.totals.errored);
        assert_eq!(came_to, (EndState::Finished, 20, 0));
    }
}

#[test]
fn somebody_pauses_a_run_and_somebody_else_goes_on_with_it() {
    let (server, arrival, go) = held_from_example("q-2");
    let (bench, start) = prepared(&server, 10);
    let run = bench.workbench.start_run(&anna(), &start).unwrap();
    arrival.recv().unwrap();
    bench.workbench.pause_run(&ben(), run).unwrap();
    go.send(()).unwrap();
    assert_refused(bench.workbench.wait_run(run), "was interrupted");
    let progress = bench.workbench.progress(run).unwrap();
    assert_eq!((progress.state, progress.totals.saved), (RunState::Paused, 3));
    assert_eq!(progress.notice.as_deref(), Some("paused by ben"));
    let listed = bench.workbench.runs(None, 1).unwrap().remove(0);
    assert_eq!(listed.state, RunState::Paused);

    drop(go);
    bench.workbench.resume_run(&anna(), run, Caps::default()).unwrap();
    let end = bench.workbench.wait_run(run).unwrap();
    assert_eq!((end.state, end.totals.saved), (EndState::Finished, 10));
    assert_eq!(server.requests().len(), 10);
    assert_refused(bench.workbench.pause_run(&anna(), run), "is finished");
    let actions: Vec<_> = bench.workbench.audit_page(1, 1_000).unwrap();
    let of = |action: &str| actions.iter().filter(|(_, _, entry)| entry.action == action).count();
    assert_eq!((of("run.pause"), of("run.resume")), (1, 1));
}

/// A server that routes two of the questions wrongly.
fn two_wrong() -> Server {
    Server::start(|request| {
        let wrong = ["q-3", "q-17"].contains(&example_of(request).as_str());
        Answer::chat(if wrong {
            "{\"route\":\"b\"}"
        } else {
            "{\"route\":\"a\"}"
        })
    })
}

#[test]
fn what_failed_is_asked_again_as_a_run_that_is_no_evidence() {
    let server = two_wrong();
    let (bench, start) = prepared(&server, 20);
    let (first, _) = bench.run(&start);
    let rerun = |pick, repeats| Rerun {
        of: first,
        pick,
        settings: RunSettings {
            repeats,
            ..start.settings.clone()
        },
    };
    let id = bench.workbench.rerun(&ben(), &rerun(Pick::Failed, 3)).unwrap();
    let end = bench.workbench.wait_run(id).unwrap();
    assert_eq!((end.state, end.totals.saved, end.gate), (EndState::Finished, 6, None));
    let run = bench.workbench.run_detail(id).unwrap().run;
    let selection = run.selection.unwrap();
    assert_eq!((selection.of, selection.picked), (first, Picked::Failed));
    assert_eq!(selection.places, [3, 17]);
    let counts = requests_by_example(&server);
    assert_eq!((counts["q-3"], counts["q-17"], counts["q-4"]), (4, 4, 1));

    let failures = bench.workbench.failures(id, None, 10).unwrap();
    let labels: Vec<String> = failures.iter().map(pegbox::workbench::CaseRow::label).collect();
    assert_eq!(labels, ["q-3", "q-3 #2", "q-3 #3", "q-17", "q-17 #2", "q-17 #3"]);
    assert_eq!(
        bench.workbench.failures(id, Some(failures[3].place), 10).unwrap().len(),
        2
    );
    let third = bench.workbench.case(id, OutcomePlace { index: 3, repeat: 2 }).unwrap();
    assert_eq!(third.outcome.repeat, 2);

    let version = start.subject.version().unwrap().clone();
    let review = |run| {
        bench
            .workbench
            .request_review(&anna(), &version, Environment::Staging, Some(run), REASON)
    };
    assert_fault(
        review(id).map(drop),
        FaultKind::Refused,
        "it asked only 2 examples that were picked in run_1",
    );
    assert!(bench.workbench.verify().unwrap().is_sound());

    let marked = vec![ExampleId::new("q-5").unwrap(), ExampleId::new("q-0").unwrap()];
    let id = bench.workbench.rerun(&ben(), &rerun(Pick::Marked(marked), 1)).unwrap();
    assert_eq!(bench.workbench.wait_run(id).unwrap().totals.passed, 2);
    assert_refused(
        bench.workbench.rerun(
            &ben(),
            &Rerun {
                of: id,
                ..rerun(Pick::Failed, 1)
            },
        ),
        "no example of run_3 failed",
    );
}

#[test]
fn a_selection_that_was_killed_goes_on_at_its_places() {
    let server = two_wrong();
    let (bench, start) = prepared(&server, 300);
    let (first, _) = bench.run(&start);
    let marked = (0..300).step_by(7).map(|n| ExampleId::new(format!("q-{n}")).unwrap());
    let rerun = Rerun {
        of: first,
        pick: Pick::Marked(marked.collect()),
        settings: RunSettings {
            repeats: 2,
            ..start.settings.clone()
        },
    };
    let id = bench.workbench.rerun(&anna(), &rerun).unwrap();
    bench.workbench.park_runs();
    let second = Bench::over(Arc::clone(&bench.engine));
    // Parked before or after its end: either way each is asked as often as it should be.
    if second.workbench.progress(id).unwrap().state.can_resume() {
        second.workbench.resume_run(&anna(), id, Caps::default()).unwrap();
        second.workbench.wait_run(id).unwrap();
    }
    let counts = requests_by_example(&server);
    let wrong: Vec<_> = (0..300)
        .map(|n| (n, counts[&format!("q-{n}")]))
        .filter(|(n, count)| *count != if n % 7 == 0 { 3 } else { 1 })
        .collect();
    assert_eq!(wrong, []);
    assert!(second.workbench.verify().unwrap().is_sound());
}

#[test]
fn repeats_are_part_of_the_run_and_of_its_evidence() {
    let server = two_wrong();
    let (bench, mut start) = prepared(&server, 20);
    start.settings.repeats = 2;
    start.settings.concurrency = 8;
    let (run, end) = bench.run(&start);
    assert_eq!((end.totals.saved, end.totals.failed), (40, 4));
    assert_eq!(end.gate.unwrap().verdict, Verdict::Pass);
    assert_eq!(bench.workbench.failures(run, None, 10).unwrap().len(), 4);
    let none = StartRun {
        settings: RunSettings {
            repeats: 0,
            ..start.settings.clone()
        },
        ..start
    };
    let refused = bench.workbench.start_run(&anna(), &none);
    assert_fault(refused, FaultKind::Invalid, "0 repeats: it must be 1 to 1000");
    assert!(bench.workbench.verify().unwrap().is_sound());
}

#[test]
fn an_estimate_says_what_it_rests_on() {
    let server = hundred_tokens();
    let (bench, start) = prepared(&server, 20);
    let guess = bench.workbench.estimate_run(&start).unwrap();
    assert_eq!((guess.outcomes, guess.cost, guess.elapsed_ms), (20, None, None));
    assert!(guess.input_tokens > 100, "{guess:?}");
    assert!(
        guess.basis.starts_with("a guess from 20 rendered examples"),
        "{}",
        guess.basis
    );

    bench.run(&start);
    let mut twice = start.clone();
    twice.settings.repeats = 2;
    let told = bench.workbench.estimate_run(&twice).unwrap();
    assert_eq!((told.outcomes, told.input_tokens, told.output_tokens), (40, 3_600, 400));
    assert_eq!(told.cost, None, "an unknown price stays unknown");
    assert!(told.elapsed_ms.is_some());
    assert_eq!(
        told.basis,
        format!("what 20 outcomes of {} took in run_1", start.subject)
    );

    let simulated = bench.version(&document("no price is no unknown price"));
    let free = StartRun {
        subject: simulated.into(),
        ..start
    };
    assert_eq!(bench.workbench.estimate_run(&free).unwrap().cost, Some(UsdNanos(0)));
}

#[test]
fn what_a_start_refuses_is_refused_by_its_estimate() {
    let server = hundred_tokens();
    let (bench, start) = prepared(&server, 1);
    let refused = |change: fn(&mut RunSettings), words: &str| {
        let mut start = start.clone();
        change(&mut start.settings);
        assert_fault(bench.workbench.estimate_run(&start), FaultKind::Invalid, words);
        assert_fault(bench.workbench.start_run(&anna(), &start), FaultKind::Invalid, words);
    };
    refused(|settings| settings.repeats = 0, "0 repeats");
    refused(|settings| settings.attempts_max = 0, "0 tries");
    refused(|settings| settings.deadline_ms = Some(0), "a deadline of 0 s");
    assert!(server.requests().is_empty());
}

#[test]
fn a_cap_on_an_unknown_price_is_said_before_the_run() {
    let server = hundred_tokens();
    let (bench, mut start) = prepared(&server, 1);
    start.settings.caps.cost = Some(UsdNanos(5_000_000_000));
    let notes = bench.workbench.run_notes(&start).unwrap().join("\n");
    let expected = "the cap of $5.00 pauses the run at its first answer: the price of 'house-model' is unknown";
    assert!(notes.contains(expected), "{notes}");
}

#[test]
fn a_provider_that_limits_requests_is_followed_and_loses_nothing() {
    let refused = std::sync::atomic::AtomicU32::new(0);
    let server = Server::start(move |_| {
        // Every fourth request comes too early.
        if refused.fetch_add(1, std::sync::atomic::Ordering::SeqCst) % 4 == 3 {
            return Answer::new(429, "{\"error\":{\"message\":\"slow down\"}}").with_header("retry-after", "0");
        }
        Answer::chat("{\"route\":\"a\"}")
    });
    let (bench, mut start) = prepared(&server, 60);
    start.settings = RunSettings {
        attempts_max: 20,
        ..start.settings
    }
    .with_in_flight(InFlight::Auto);
    let (_, end) = bench.run(&start);
    assert_eq!((end.state, end.totals.passed), (EndState::Finished, 60));
    let again = server.requests().len() - 60;
    assert!(again > 0);
    assert_eq!(
        end.totals.retried, again as u64,
        "a refused request is sent again and nothing else is"
    );
}
