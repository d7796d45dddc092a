use super::*;
use crate::domain::actor::Actor;
use crate::domain::gate::GatePolicy;
use crate::domain::hash::ContentHash;
use crate::domain::metric::{Metric, MetricKind, MetricResult};
use crate::domain::model::ModelConfig;
use crate::domain::money::UsdNanos;
use crate::domain::outcome::Outcome;
use crate::domain::promotion::Environment;
use crate::domain::run::AnswerSource;
use crate::domain::run::{EndState, RunSettings, RunTotals, RuntimeContext, Subject};
use crate::domain::time::Timestamp;
use crate::evals::paired::PairedMethod;
use crate::evals::samples::{example, failed_outcome, outcome};

fn hash(text: &str) -> ContentHash {
    ContentHash::of_bytes(text.as_bytes())
}

fn run() -> Run {
    Run {
        id: "run_421".parse().unwrap(),
        subject: Subject::Prompt {
            version: "support_triage_v12".parse().unwrap(),
            content_hash: hash("v12"),
        },
        base: None,
        environment: Environment::Staging,
        dataset: "support_triage_regression@2026-06-01".parse().unwrap(),
        dataset_hash: hash("dataset"),
        example_count: 4,
        suite: "triage_quality@v8".parse().unwrap(),
        suite_hash: hash("suite"),
        context: RuntimeContext::default(),
        settings: RunSettings::default(),
        answers: AnswerSource::Model,
        prices: Vec::new(),
        started_by: Actor::new("ada").unwrap(),
        started_at: Timestamp(0),
        selection: None,
    }
}

fn end(model: &str, hits: u64) -> RunEnd {
    RunEnd {
        run: "run_421".parse().unwrap(),
        state: EndState::Finished,
        totals: RunTotals {
            cost: UsdNanos(0),
            ..RunTotals::default()
        },
        results: vec![MetricResult {
            metric: "accuracy".into(),
            slice: None,
            measure: Measure::Rate { hits, total: 4 },
            interval: None,
            missed: Vec::new(),
            errored: 0,
            excluded: 0,
            bounds: (None, None),
            method: None,
        }],
        gate: None,
        outcomes_hash: hash("outcomes"),
        resolved_models: vec![model.into()],
        ended_at: Timestamp(0),
        confusions: Vec::new(),
        against_base: None,
        paths: Vec::new(),
        latencies: None,
    }
}

fn graded(index: u64, passed: bool) -> Outcome {
    outcome(index, "{}", &[("route", passed)])
}

fn compare_runs(before: &[Outcome], now: &[Outcome], change: fn(&mut Run, &mut ModelConfig)) -> RunComparison {
    let (base, mut candidate) = (run(), run());
    let content = content();
    let mut other = content.clone();
    change(&mut candidate, &mut other.model);
    let suite = suite();
    let (before, now) = (scores(&suite, before), scores(&suite, now));
    let base = Side {
        run: &base,
        content: Some(&content),
        suite: &suite,
        end: None,
        scores: &before,
    };
    let candidate = Side {
        run: &candidate,
        content: Some(&other),
        scores: &now,
        ..base
    };
    compare(base, candidate)
}

fn content() -> PromptContent {
    PromptContent {
        messages: Vec::new(),
        variables: Vec::new(),
        model: ModelConfig::new("openai", "gpt-4.1"),
    }
}

fn suite() -> SuiteContent {
    SuiteContent {
        description: String::new(),
        graders: Vec::new(),
        metrics: vec![Metric::new("accuracy", MetricKind::Accuracy { grader: "route".into() })],
        thresholds: Vec::new(),
        slices: vec!["topic".into()],
        policy: GatePolicy::Point,
        crossings: Vec::new(),
        bins: Vec::new(),
        cluster: None,
    }
}

/// Examples at even places are about billing, the others about refunds.
fn scores(suite: &SuiteContent, outcomes: &[Outcome]) -> RunScores {
    let mut scores = RunScores::new(suite);
    for outcome in outcomes {
        let topic = if outcome.index.is_multiple_of(2) {
            "billing"
        } else {
            "refunds"
        };
        scores.push(outcome, &example(outcome.index, "{}", topic));
    }
    scores
}

#[test]
fn examples_are_compared_one_by_one() {
    let before = [graded(0, true), graded(1, false), graded(2, true), failed_outcome(3)];
    let now = [graded(3, false), graded(2, false), graded(1, true), graded(0, true)];
    let comparison = compare_runs(&before, &now, |_, _| {});
    let names = |group: &Group| {
        group
            .examples
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(",")
    };
    assert_eq!(names(&comparison.fixed), "t-001");
    assert_eq!(names(&comparison.broken), "t-002");
    assert_eq!(names(&comparison.still_failing), "t-003");
    assert_eq!(names(&comparison.both_right), "t-000");
    assert_eq!((comparison.not_compared, comparison.differences.len()), (0, 0));
    assert!((comparison.p_value().unwrap() - 1.0).abs() < 1e-12);
}

#[test]
fn one_fixed_example_proves_little() {
    let before: Vec<Outcome> = (0..35).map(|index| graded(index, index != 17)).collect();
    let now: Vec<Outcome> = (0..35).map(|index| graded(index, true)).collect();
    let comparison = compare_runs(&before, &now, |_, _| {});
    assert!((comparison.p_value().unwrap() - 0.5).abs() < 1e-12);
    let backward = compare_runs(&now, &before, |_, _| {});
    assert_eq!(backward.broken, comparison.fixed);
    assert_eq!(backward.p_value(), comparison.p_value());
}

#[test]
fn only_equal_content_is_compared_and_that_is_said_first() {
    let edited = Outcome {
        example_hash: hash("edited"),
        ..graded(1, true)
    };
    let comparison = compare_runs(
        &[graded(0, true), graded(1, false), graded(2, true)],
        &[graded(0, true), edited, graded(9, true)],
        |run, _| run.dataset_hash = hash("another dataset"),
    );
    assert_eq!((comparison.compared(), comparison.not_compared), (1, 3));
    assert_eq!(
        comparison.differences[0],
        "only examples with the same content in both runs are compared: 1, and 3 are not"
    );
    assert!(comparison.differences[1].starts_with("dataset: support_triage_regression@2026-06-01 ("));
}

#[test]
fn nothing_in_common_has_no_p_value() {
    let comparison = compare_runs(&[graded(0, true)], &[graded(1, true)], |_, _| {});
    assert_eq!((comparison.compared(), comparison.p_value()), (0, None));
    assert_eq!(compare_runs(&[], &[], |_, _| {}).p_value(), None);
}

#[test]
fn what_else_differs_is_named() {
    let comparison = compare_runs(&[graded(0, true)], &[graded(0, false)], |run, model| {
        run.suite_hash = hash("another suite");
        run.answers = AnswerSource::Simulated;
        model.name = "gpt-4.1-mini".into();
        model.temperature = Some(0.2);
    });
    assert_eq!(comparison.p_value(), None, "passing means another thing");
    let text = comparison.differences.join("\n");
    for part in [
        "suite: triage_quality@v8 (",
        "answers: a model before, the simulated model now",
        "model: openai gpt-4.1 before, openai gpt-4.1-mini now",
        "temperature: not set before, 0.2 now",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("dataset"), "{text}");
}

#[test]
fn metrics_move_by_their_difference() {
    let run = run();
    let (content, suite) = (content(), suite());
    let none = scores(&suite, &[]);
    let (before, now) = (end("gpt-4.1-2025", 2), end("gpt-4.1-2026", 3));
    let side = |end| Side {
        run: &run,
        content: Some(&content),
        suite: &suite,
        end: Some(end),
        scores: &none,
    };
    let comparison = compare(side(&before), side(&now));
    assert_eq!(comparison.metrics[0].delta, Some(0.25));
    assert_eq!(
        comparison.differences,
        ["resolved model: gpt-4.1-2025 before, gpt-4.1-2026 now"]
    );
}

#[test]
fn two_right_answers_that_differ_are_told_apart() {
    let other = Outcome {
        parsed: None,
        text: Some("otherwise".into()),
        ..graded(1, true)
    };
    let comparison = compare_runs(
        &[graded(0, true), graded(1, true)],
        &[graded(0, true), other],
        |_, _| {},
    );
    assert_eq!(
        (comparison.both_right.count, comparison.answered_otherwise.count),
        (2, 1)
    );
    assert_eq!(comparison.answered_otherwise.examples[0].as_str(), "t-001");
}

#[test]
fn a_slice_that_broke_is_flagged_and_one_flip_is_not() {
    let before: Vec<Outcome> = (0..40).map(|index| graded(index, true)).collect();
    // Of the 20 about billing 12 broke, of the 20 about refunds one.
    let now: Vec<Outcome> = (0..40)
        .map(|index| graded(index, !(index % 2 == 0 && index < 24 || index == 1)))
        .collect();
    let comparison = compare_runs(&before, &now, |_, _| {});
    let facts: Vec<_> = comparison
        .slices
        .iter()
        .map(|slice| {
            (
                slice.slice.to_string(),
                slice.broken,
                slice.examples(),
                slice.is_flagged(),
            )
        })
        .collect();
    assert_eq!(
        facts,
        [
            ("topic=billing".to_owned(), 12, 20, true),
            ("topic=refunds".to_owned(), 1, 20, false)
        ]
    );
    // Two slices: the smaller p counts twice. Mid-p of 12 to 0 is 2^-12.
    let p = comparison.slices[0].p_holm.unwrap();
    assert!((p - 2.0 * 0.5_f64.powi(12)).abs() < 1e-12, "{p}");
}

#[test]
fn repeats_are_compared_by_the_means_of_their_examples() {
    let asked = |index: u64, repeat: u32, passed: bool| Outcome {
        repeat,
        ..graded(index, passed)
    };
    let before: Vec<Outcome> = (0..6)
        .flat_map(|index| (0..3).map(move |repeat| asked(index, repeat, repeat == 0)))
        .collect();
    let now: Vec<Outcome> = (0..6)
        .flat_map(|index| (0..3).map(move |repeat| asked(index, repeat, repeat < 2 || index == 5)))
        .collect();
    let comparison = compare_runs(&before, &now, |_, _| {});
    let passes = comparison.passes.unwrap();
    assert_eq!((passes.examples, passes.method), (6, PairedMethod::ExampleMeans));
    assert!((passes.base - 1.0 / 3.0).abs() < 1e-12 && passes.gain() > 0.3 && passes.is_sure());
    assert_eq!((comparison.fixed.count, comparison.still_failing.count), (6, 0));
}

#[test]
fn latency_is_compared_as_a_ratio_of_answered_examples() {
    let before: Vec<Outcome> = (0..4).map(|index| graded(index, true)).collect();
    let now: Vec<Outcome> = (0..4)
        .map(|index| Outcome {
            latency_ms: 2 * (100 + index),
            ..graded(index, true)
        })
        .chain([failed_outcome(4)])
        .collect();
    let latency = compare_runs(&before, &now, |_, _| {}).latency.unwrap();
    assert_eq!((latency.examples, latency.left_out), (4, 0));
    assert!((latency.gain() + 2.0_f64.ln()).abs() < 1e-12);
    assert_eq!(latency.change_text(), "+100.0 %");
}
