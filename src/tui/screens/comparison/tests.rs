use super::super::case_samples::case;
use super::super::release_samples::{content, effect};
use super::super::samples::{ended_detail, units};
use super::super::testing::{drawn, with_context};
use super::*;
use crate::domain::diff::diff;
use crate::domain::metric::{Measure, Slice};
use crate::domain::unit::Unit;
use crate::workbench::{Change, Effect as Moved, MetricDelta, RunComparison as Compared, SliceFlips};

fn send(screen: &mut RunComparison, event: ScreenEvent) -> Vec<Effect> {
    with_context(100, 30, |context| screen.update(event, context))
}

fn group(ids: &[&str]) -> Group {
    Group {
        count: ids.len() as u64,
        examples: ids.iter().map(|id| ExampleId::new(*id).unwrap()).collect(),
    }
}

fn metrics() -> Vec<MetricDelta> {
    let rate = |hits| Measure::Rate { hits, total: 240 };
    let number = |value| Measure::Value { value, count: 240 };
    let delta = |metric: &str, base, candidate, delta, effect| MetricDelta {
        metric: metric.into(),
        base,
        candidate,
        delta: Some(delta),
        effect,
    };
    vec![
        delta(
            "routing_accuracy",
            rate(222),
            rate(230),
            8.0 / 240.0,
            Ok(effect(222, 230, 240, 0.021)),
        ),
        delta(
            "latency_p95",
            number(2_300.0),
            number(2_140.0),
            -160.0,
            Err("a percentile is no mean".into()),
        ),
        delta(
            "json_validity",
            rate(240),
            rate(240),
            0.0,
            Ok(effect(240, 240, 240, 1.0)),
        ),
    ]
}

fn comparison(differences: Vec<String>) -> Comparison {
    let slice = |value: &str, fixed, broken, p| SliceFlips {
        slice: Slice::of("topic", value),
        fixed,
        broken,
        still_failing: 1,
        both_right: 76,
        effect: Some(effect(77 + broken, 77 + fixed, 80, p)),
        p_holm: Some(p),
        p_bh: Some(p),
    };
    Comparison {
        base: RunId(2),
        base_subject: "support_triage_v11".into(),
        candidate: RunId(3),
        candidate_subject: "support_triage_v12".into(),
        result: Compared {
            differences,
            fixed: group(&["t-012", "t-044", "t-101"]),
            broken: group(&["t-147"]),
            still_failing: group(&["t-096", "t-131"]),
            both_right: Group {
                count: 234,
                examples: Vec::new(),
            },
            answered_otherwise: group(&["t-003"]),
            metrics: metrics(),
            passes: Some(effect(235, 237, 240, 0.375)),
            slices: vec![slice("billing", 3, 0, 0.031), slice("refunds", 0, 1, 1.0)],
            latency: Some(Moved {
                unit: Unit::Milliseconds,
                change: Change::Ratio(0.93),
                interval: Some((0.91, 0.95)),
                ..effect(240, 223, 240, 0.0001)
            }),
            ..Compared::default()
        },
        units: units(),
        diff: Some(diff(&content(13), &content(14))),
    }
}

fn loaded(differences: Vec<String>) -> RunComparison {
    let mut screen = RunComparison::new(RunId(2), RunId(3));
    for (request, answer) in [
        (
            screen.requests().swap_remove(0),
            Answer::Comparison(Box::new(comparison(differences))),
        ),
        (
            Request::RunDetail(RunId(3)),
            Answer::RunDetail(Box::new(ended_detail(3))),
        ),
    ] {
        let event = ScreenEvent::Answered {
            request,
            result: Ok(answer),
        };
        send(&mut screen, event);
    }
    screen
}

#[test]
fn what_broke_stands_first_and_leads_to_its_lineage() {
    let mut screen = loaded(Vec::new());
    assert_eq!(
        send(&mut screen, ScreenEvent::Command(CommandId::Lineage)),
        [Effect::Open(Place::Lineage("run_3/t-147".into()))]
    );
    assert_eq!(screen.status(), "3 fixed, 1 broken, 2 still failing, 234 right in both");
}

#[test]
fn enter_shows_what_both_runs_made_of_the_example() {
    let mut screen = loaded(Vec::new());
    let request = Request::CompareCase {
        base: RunId(2),
        candidate: RunId(3),
        example: ExampleId::new("t-147").unwrap(),
    };
    assert_eq!(
        send(&mut screen, ScreenEvent::Command(CommandId::Open)),
        [Effect::Ask(request.clone())]
    );
    let result = Ok(Answer::ComparedCase(Box::new((case(147, "t-147"), case(147, "t-147")))));
    send(&mut screen, ScreenEvent::Answered { request, result });
    insta::assert_snapshot!("comparison_case_80x24", drawn(&screen, 80, 21));
    insta::assert_snapshot!("comparison_case_160x50", drawn(&screen, 160, 47));
    let moved = send(&mut screen, ScreenEvent::Command(CommandId::MoveDown));
    assert!(matches!(&moved[..], [Effect::Ask(Request::CompareCase { example, .. })] if example.as_str() == "t-012"));
}

#[test]
fn slices_and_the_prompts_change_stand_beside_the_examples() {
    let mut screen = loaded(Vec::new());
    send(&mut screen, ScreenEvent::Command(CommandId::MoveRight));
    insta::assert_snapshot!("comparison_slices_100x30", drawn(&screen, 100, 27));
    send(&mut screen, ScreenEvent::Command(CommandId::MoveRight));
    assert!(drawn(&screen, 100, 27).contains("[Prompt]"));
}

#[test]
fn a_refused_comparison_says_why() {
    let mut screen = RunComparison::new(RunId(2), RunId(3));
    let event = ScreenEvent::Answered {
        request: screen.requests().swap_remove(0),
        result: Err(Fault {
            what: "run_2 and run_3 share no example".into(),
            hint: "run both on the same dataset".into(),
        }),
    };
    send(&mut screen, event);
    assert!(drawn(&screen, 100, 27).contains("run_2 and run_3 share no example"));
}

#[test]
fn differences_are_read_first() {
    let differences = vec![
        "datasets differ: support_triage_regression@2026-05-15 and @2026-06-01".to_owned(),
        "temperature 0.7 and 0.2".to_owned(),
    ];
    let screen = loaded(differences);
    insta::assert_snapshot!("comparison_80x24", drawn(&screen, 80, 21));
    insta::assert_snapshot!("comparison_100x30", drawn(&screen, 100, 27));
    insta::assert_snapshot!("comparison_160x50", drawn(&loaded(Vec::new()), 160, 47));
    for (width, height) in [(0, 0), (1, 1), (2, 2), (60, 13)] {
        drawn(&screen, width, height);
    }
}
