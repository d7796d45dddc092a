use super::*;
use crate::domain::actor::Actor;
use crate::domain::metric::MetricResult;
use crate::domain::money::UsdNanos;
use crate::domain::promotion::Environment;
use crate::domain::run::AnswerSource;
use crate::domain::run::{EndState, RunSettings, RunTotals, RuntimeContext, Subject};
use crate::domain::time::Timestamp;
use crate::evals::samples::{failed_outcome, outcome};

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
        }],
        gate: None,
        outcomes_hash: hash("outcomes"),
        resolved_models: vec![model.into()],
        ended_at: Timestamp(0),
        paths: Vec::new(),
    }
}

fn graded(index: u64, passed: bool) -> Outcome {
    outcome(index, "{}", &[("route", passed)])
}

fn compare(before: &[Outcome], now: &[Outcome], change: fn(&mut Run, &mut ModelConfig)) -> RunComparison {
    let (base, mut candidate) = (run(), run());
    let model = ModelConfig::new("openai", "gpt-4.1");
    let mut other = model.clone();
    change(&mut candidate, &mut other);
    let base = Side {
        run: &base,
        model: &model,
        end: None,
    };
    let candidate = Side {
        run: &candidate,
        model: &other,
        end: None,
    };
    let mut comparer = Comparer::new(base, candidate);
    for outcome in before {
        comparer.push_base(outcome);
    }
    for outcome in now {
        comparer.push_candidate(outcome);
    }
    comparer.finish()
}

#[test]
fn examples_are_compared_one_by_one() {
    let before = [graded(0, true), graded(1, false), graded(2, true), failed_outcome(3)];
    let now = [graded(3, false), graded(2, false), graded(1, true), graded(0, true)];
    let comparison = compare(&before, &now, |_, _| {});
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
    assert!((comparison.p_value.unwrap() - 1.0).abs() < 1e-12);
}

#[test]
fn one_fixed_example_proves_little() {
    let before: Vec<Outcome> = (0..35).map(|index| graded(index, index != 17)).collect();
    let now: Vec<Outcome> = (0..35).map(|index| graded(index, true)).collect();
    let comparison = compare(&before, &now, |_, _| {});
    assert!((comparison.p_value.unwrap() - 0.5).abs() < 1e-12);
    let backward = compare(&now, &before, |_, _| {});
    assert_eq!(backward.broken, comparison.fixed);
    assert_eq!(backward.p_value, comparison.p_value);
}

#[test]
fn only_equal_content_is_compared_and_that_is_said_first() {
    let edited = Outcome {
        example_hash: hash("edited"),
        ..graded(1, true)
    };
    let comparison = compare(
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
    let comparison = compare(&[graded(0, true)], &[graded(1, true)], |_, _| {});
    assert_eq!((comparison.compared(), comparison.p_value), (0, None));
    assert_eq!(compare(&[], &[], |_, _| {}).p_value, None);
}

#[test]
fn what_else_differs_is_named() {
    let comparison = compare(&[graded(0, true)], &[graded(0, false)], |run, model| {
        run.suite_hash = hash("another suite");
        run.answers = AnswerSource::Simulated;
        model.name = "gpt-4.1-mini".into();
        model.temperature = Some(0.2);
    });
    assert_eq!(comparison.p_value, None, "passing means another thing");
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
    let model = ModelConfig::new("openai", "gpt-4.1");
    let (before, now) = (end("gpt-4.1-2025", 2), end("gpt-4.1-2026", 3));
    let side = |end| Side {
        run: &run,
        model: &model,
        end: Some(end),
    };
    let comparison = Comparer::new(side(&before), side(&now)).finish();
    assert_eq!(comparison.metrics[0].delta, Some(0.25));
    assert_eq!(
        comparison.differences,
        ["resolved model: gpt-4.1-2025 before, gpt-4.1-2026 now"]
    );
}
