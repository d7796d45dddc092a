use super::super::samples::ended_detail;
use super::super::testing::{drawn, with_context};
use super::*;

fn send(screen: &mut RunComparison, event: ScreenEvent) -> Vec<Effect> {
    with_context(100, 30, |context| screen.update(event, context))
}

fn group(ids: &[&str]) -> Group {
    Group {
        count: ids.len() as u64,
        examples: ids.iter().map(|id| ExampleId::new(*id).unwrap()).collect(),
    }
}

fn comparison(differences: Vec<String>) -> Comparison {
    let rate = |hits| Measure::Rate { hits, total: 240 };
    let number = |value| Measure::Value { value, count: 240 };
    Comparison {
        base: RunId(2),
        base_subject: "support_triage_v11".into(),
        candidate: RunId(3),
        candidate_subject: "support_triage_v12".into(),
        differences,
        fixed: group(&["t-012", "t-044", "t-101"]),
        broken: group(&["t-147"]),
        still_failing: group(&["t-096", "t-131"]),
        both_right: Group {
            count: 234,
            examples: Vec::new(),
        },
        metrics: vec![
            MetricDelta {
                metric: "routing_accuracy".into(),
                base: rate(222),
                candidate: rate(230),
                delta: Some(8.0 / 240.0),
            },
            MetricDelta {
                metric: "latency_p95".into(),
                base: number(2_300.0),
                candidate: number(2_140.0),
                delta: Some(-160.0),
            },
            MetricDelta {
                metric: "json_validity".into(),
                base: rate(240),
                candidate: rate(240),
                delta: Some(0.0),
            },
        ],
        p_value: Some(0.375),
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
