//! A run keeps every outcome once, whatever order answers come in and wherever it is stopped.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::unnecessary_wraps,
    reason = "a test stops at the first surprise, and the fakes answer in the shape of the real thing"
)]

#[cfg(test)]
mod chains;
mod fakes;
mod judges;
mod limits;
mod real_data;
mod repeats;
mod story;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use pegbox::domain::gate::Verdict;
use pegbox::domain::grader::GraderKind;
use pegbox::domain::metric::Measure;
use pegbox::domain::money::UsdNanos;
use pegbox::domain::outcome::{FailureCategory, OutcomePlace};
use pegbox::domain::progress::RunProgress;
use pegbox::domain::run::{EndState, RunEnd, RunState};
use pegbox::domain::time::Timestamp;
use pegbox::evals::EvalError;
use pegbox::evals::pipeline::{Execution, Job, Order, execute};
use pegbox::evals::progress::beginning;
use tokio::sync::watch;

use fakes::*;

async fn carry_out(
    job: Job,
    kept: &Arc<Kept>,
    orders: watch::Receiver<Order>,
) -> (Result<Execution, EvalError>, RunProgress) {
    let (sender, mut progress) = watch::channel(beginning(&job.run));
    let sink = Arc::clone(kept);
    let watching = {
        let kept = Arc::clone(kept);
        tokio::spawn(async move {
            let mut last = 0;
            while progress.changed().await.is_ok() {
                let saved = progress.borrow_and_update().totals.saved;
                assert!(saved >= last, "counts never go back");
                assert!(saved <= kept.count() as u64, "what is not on disk does not count");
                last = saved;
            }
        })
    };
    let result = execute(job, sink, &sender, orders).await;
    let last = sender.borrow().clone();
    drop(sender);
    watching.await.unwrap();
    assert_eq!(last.totals.saved, kept.count() as u64);
    (result, last)
}

/// The end of a run that nobody stops.
async fn finished(job: Job, kept: &Arc<Kept>) -> RunEnd {
    let (_owner, orders) = watch::channel(Order::GoOn);
    match carry_out(job, kept, orders).await.0.unwrap() {
        Execution::Ended(end) => *end,
        Execution::Paused { saved, reason } => panic!("paused at {saved}: {reason:?}"),
    }
}

async fn to_the_end(count: u64, model: &Arc<Model>, kept: &Arc<Kept>) -> RunEnd {
    finished(job(count, model, kept), kept).await
}

#[tokio::test(start_paused = true)]
async fn every_example_is_asked_and_kept_once() {
    let (model, kept) = (Arc::new(Model::new(nine_of_ten)), Arc::new(Kept::default()));
    let end = to_the_end(10_000, &model, &kept).await;
    assert_eq!((kept.count(), model.asked.load(Ordering::SeqCst)), (10_000, 10_000));
    assert_eq!(model.most_in_flight.load(Ordering::SeqCst), 8, "as the settings say");
    assert_eq!(end.state, EndState::Finished);
    assert_eq!(
        (end.totals.passed, end.totals.failed, end.totals.errored),
        (9_000, 1_000, 0)
    );
    assert_eq!((end.totals.input_tokens, end.totals.cost), (100_000, UsdNanos(100_000)));
    assert_eq!(
        end.results[0].measure,
        Measure::Rate {
            hits: 9_000,
            total: 10_000
        }
    );
    assert_eq!(end.gate.unwrap().verdict, Verdict::Pass);
    assert_eq!(end.resolved_models, ["model-2026"]);
}

#[tokio::test(start_paused = true)]
async fn the_order_of_answers_makes_no_difference() {
    let mut ends = Vec::new();
    for answers in [Turn::AsAsked, Turn::Mixed] {
        let kept = Arc::new(Kept::default());
        let model = Arc::new(Model {
            answers,
            ..Model::new(nine_of_ten)
        });
        let end = to_the_end(250, &model, &kept).await;
        ends.push(RunEnd {
            ended_at: Timestamp(0),
            paths: Vec::new(),
            latencies: None,
            ..end
        });
    }
    assert_eq!(ends[0], ends[1]);
}

#[tokio::test(start_paused = true)]
async fn a_paused_run_goes_on_with_the_rest_only() {
    let whole = {
        let (model, kept) = (Arc::new(Model::new(nine_of_ten)), Arc::new(Kept::default()));
        to_the_end(250, &model, &kept).await
    };
    for pause_at in [1, 8, 99, 100, 101, 200] {
        let kept = Arc::new(Kept::default());
        let (owner, orders) = watch::channel(Order::GoOn);
        let first = Arc::new(Model {
            pause_at: Some((pause_at, owner)),
            ..Model::new(nine_of_ten)
        });
        let (result, last) = carry_out(job(250, &first, &kept), &kept, orders).await;
        let asked = first.asked.load(Ordering::SeqCst);
        assert_eq!(
            result.unwrap(),
            Execution::Paused {
                saved: asked,
                reason: None
            }
        );
        assert_eq!((last.state, last.in_flight), (RunState::Interrupted, 0));
        assert!(asked >= pause_at && asked < 250, "nothing new after the order");

        let second = Arc::new(Model::new(nine_of_ten));
        let end = to_the_end(250, &second, &kept).await;
        assert_eq!(
            second.asked.load(Ordering::SeqCst),
            250 - asked,
            "only the rest is sent"
        );
        assert_eq!(
            (&end.results, end.totals, end.outcomes_hash),
            (&whole.results, whole.totals, whole.outcomes_hash)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_ends_without_a_gate() {
    let (model, kept) = (Arc::new(Model::new(yes_to_all)), Arc::new(Kept::default()));
    let (_owner, orders) = watch::channel(Order::Cancel);
    let (result, _) = carry_out(job(50, &model, &kept), &kept, orders).await;
    let Execution::Ended(end) = result.unwrap() else {
        panic!("it is over")
    };
    assert_eq!((end.state, end.gate, end.totals.saved), (EndState::Cancelled, None, 0));
    assert_eq!(model.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_owner_is_gone_goes_on() {
    let (model, kept) = (Arc::new(Model::new(yes_to_all)), Arc::new(Kept::default()));
    let (owner, orders) = watch::channel(Order::GoOn);
    drop(owner);
    let (result, _) = carry_out(job(50, &model, &kept), &kept, orders).await;
    assert!(matches!(result, Ok(Execution::Ended(_))));
}

#[tokio::test(start_paused = true)]
async fn a_host_that_refuses_is_an_outcome_of_each_example() {
    let (model, kept) = (Arc::new(Model::new(unreachable_host)), Arc::new(Kept::default()));
    let end = to_the_end(20, &model, &kept).await;
    assert_eq!((end.totals.errored, end.totals.passed), (20, 0));
    let gate = end.gate.unwrap();
    assert_eq!(
        gate.verdict,
        Verdict::Fail,
        "an example without an answer counts as failed"
    );
    assert!(
        gate.rules[0].note.ends_with("20 without an answer count as failed"),
        "{}",
        gate.rules[0].note
    );
    assert!(
        gate.reason
            .ends_with("; none of 20 has an answer: they count as failed, yet nothing was measured"),
        "{}",
        gate.reason
    );
    let outcomes = kept.outcomes.lock().unwrap();
    let outcome = &outcomes[&OutcomePlace::first(0)];
    assert_eq!(outcome.why().unwrap(), "connect: connection refused");
    assert_eq!(outcome.failure_category, Some(FailureCategory::Provider));
    assert_eq!(
        (outcome.rendered.len(), outcome.attempts.len(), outcome.scores.len()),
        (1, 1, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_outcome_not_a_hang() {
    let (model, kept) = (Arc::new(Model::new(panics_on_seven)), Arc::new(Kept::default()));
    let end = to_the_end(20, &model, &kept).await;
    assert_eq!((end.totals.passed, end.totals.errored), (19, 1));
    let why = kept.outcomes.lock().unwrap()[&OutcomePlace::first(7)].why().unwrap();
    assert!(why.ends_with("please report it: seven"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_stops_the_run_and_says_what_is_kept() {
    let model = Arc::new(Model::new(yes_to_all));
    let kept = Arc::new(Kept {
        fails_after: Some(30),
        ..Kept::default()
    });
    let (_owner, orders) = watch::channel(Order::GoOn);
    let (result, last) = carry_out(job(1_000, &model, &kept), &kept, orders).await;
    assert_eq!(
        result.unwrap_err().to_string(),
        "the run stopped, 30 outcomes are kept: no space left on device"
    );
    assert_eq!(last.state, RunState::Interrupted);
    assert!(model.asked.load(Ordering::SeqCst) < 60, "nothing more is sent");
}

#[tokio::test(start_paused = true)]
async fn a_template_that_lacks_a_variable_is_not_sent() {
    let (model, kept) = (Arc::new(Model::new(yes_to_all)), Arc::new(Kept::default()));
    let (_owner, orders) = watch::channel(Order::GoOn);
    let mut job = job(3, &model, &kept);
    prompt_of(&mut job).prompt.messages[0].text = "{{ input }}\n{{ tone }}".into();
    carry_out(job, &kept, orders).await.0.unwrap();
    assert_eq!(model.asked.load(Ordering::SeqCst), 0);
    let outcomes = kept.outcomes.lock().unwrap();
    assert_eq!(
        outcomes[&OutcomePlace::first(0)].why().unwrap(),
        "render: message 1 (user), line 2: variable 'tone' is not defined"
    );
    assert_eq!(
        outcomes[&OutcomePlace::first(0)].failure_category,
        Some(FailureCategory::Prompt)
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_compiled_is_found_before_anything_is_sent() {
    let (model, kept) = (Arc::new(Model::new(yes_to_all)), Arc::new(Kept::default()));
    let mut broken_prompt = job(3, &model, &kept);
    prompt_of(&mut broken_prompt).prompt.messages[0].text = "{% if %}".into();
    let mut broken_suite = job(3, &model, &kept);
    broken_suite.suite.graders[0].kind = GraderKind::Regex {
        pattern: "(".into(),
        field: None,
    };
    for (job, start) in [
        (broken_prompt, "the prompt cannot be rendered: message 1"),
        (broken_suite, "the suite cannot be used: grader exact"),
    ] {
        let (_owner, orders) = watch::channel(Order::GoOn);
        let error = carry_out(job, &kept, orders).await.0.unwrap_err().to_string();
        assert!(error.starts_with(start), "{error}");
    }
    assert_eq!(model.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_dataset_of_another_size_is_no_result() {
    let (model, kept) = (Arc::new(Model::new(yes_to_all)), Arc::new(Kept::default()));
    for recorded in [9, 11] {
        let (_owner, orders) = watch::channel(Order::GoOn);
        let mut job = job(10, &model, &kept);
        job.run.example_count = recorded;
        assert!(
            matches!(carry_out(job, &kept, orders).await.0, Err(EvalError::Store { .. })),
            "{recorded}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn slices_add_up_to_the_whole() {
    let (model, kept) = (Arc::new(Model::new(nine_of_ten)), Arc::new(Kept::default()));
    let end = to_the_end(20, &model, &kept).await;
    let rates: BTreeSet<String> = end
        .results
        .iter()
        .map(|result| {
            let part = result.slice.as_ref().map_or("all".into(), ToString::to_string);
            format!("{part} {}", result.measure.counts_text())
        })
        .collect();
    let expected = ["all 18/20", "half=first 4/5", "half=second 14/15"].map(str::to_owned);
    assert_eq!(rates, BTreeSet::from(expected));
}
