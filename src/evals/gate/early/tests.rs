use proptest::prelude::*;

use super::*;
use crate::domain::example::ExampleContent;
use crate::domain::metric::{ClassOf, FieldOf, Metric, MetricKind, Slice};
use crate::domain::outcome::Outcome;
use crate::evals::against::Against;
use crate::evals::gate::settle;
use crate::evals::samples::{example, outcome, threshold, triage_suite};

/// An answer that may be routed rightly, may be JSON, may have to be escalated and may be.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Case {
    routed: bool,
    json: bool,
    should: bool,
    does: bool,
    is_billing: bool,
}

fn case() -> impl Strategy<Value = Case> {
    any::<[bool; 5]>().prop_map(|[routed, json, should, does, is_billing]| Case {
        routed,
        json,
        should,
        does,
        is_billing,
    })
}

fn pair(index: u64, case: Case) -> (Outcome, ExampleContent) {
    let topic = if case.is_billing { "billing" } else { "other" };
    let answer = format!("{{\"escalate\":{}}}", case.does);
    (
        outcome(index, &answer, &[("route", case.routed), ("json", case.json)]),
        example(index, &format!("{{\"escalate\":{}}}", case.should), topic),
    )
}

fn tally(suite: &SuiteContent, cases: &[Case]) -> Tally {
    let mut tally = Tally::new(suite);
    for (index, case) in (0..).zip(cases) {
        let (outcome, example) = pair(index, *case);
        tally.push(&outcome, &example);
    }
    tally
}

fn suite(rule: Threshold, policy: GatePolicy) -> SuiteContent {
    let mut suite = SuiteContent {
        policy,
        slices: vec!["topic".into()],
        ..triage_suite()
    };
    let further = further_metrics().into_iter();
    suite
        .metrics
        .extend(further.filter(|metric| metric.name == rule.metric));
    suite.thresholds = vec![rule];
    suite
}

/// Metrics besides those of the sample suite: rates, and what no share of hits is.
fn further_metrics() -> Vec<Metric> {
    let grader = || "route".to_owned();
    let class = || ClassOf {
        field: "escalate".into(),
        expected_field: None,
        class: "true".into(),
    };
    let field = || FieldOf {
        field: "escalate".into(),
        expected_field: None,
        labels: Vec::new(),
    };
    let kinds = [
        ("precision", MetricKind::Precision(class())),
        ("micro", MetricKind::MicroF1(field())),
        ("f1", MetricKind::F1(class())),
        ("macro", MetricKind::MacroF1(field())),
        ("kappa", MetricKind::Kappa(field())),
        ("score", MetricKind::ScoreMean { grader: grader() }),
        ("pass_1", MetricKind::PassAtK { grader: grader(), k: 1 }),
        ("pass_hat_1", MetricKind::PassHatK { grader: grader(), k: 1 }),
        ("agreement", MetricKind::Consistency { grader: grader() }),
        ("latency", MetricKind::LatencyMean),
    ];
    kinds.map(|(name, kind)| Metric::new(name, kind)).to_vec()
}

fn alone() -> Against<'static> {
    let why = "there is no base run".into();
    Against::Nothing { why }
}

fn rules() -> impl Strategy<Value = (Threshold, GatePolicy)> {
    let shares = [
        "routing_accuracy",
        "json_validity",
        "escalation_recall",
        "precision",
        "micro",
    ];
    // Rates come up as often as all else together: only they decide.
    let metric = prop_oneof![
        prop::sample::select(shares.to_vec()).prop_map(String::from),
        prop::sample::select(further_metrics()).prop_map(|metric| metric.name),
    ];
    let comparison = prop_oneof![
        3 => prop::sample::select(vec![Comparison::AtLeast, Comparison::AtMost, Comparison::Equals]),
        1 => prop::sample::select(vec![Comparison::NoWorseBy, Comparison::AtMostRatio]),
    ];
    let value = prop::sample::select(vec![0.0, 0.3, 0.5, 0.9, 1.0]);
    let policy = prop::sample::select(vec![GatePolicy::Point, GatePolicy::Proven, GatePolicy::NotRefuted]);
    (metric, comparison, value, policy, any::<bool>(), 0..6_u64).prop_map(
        |(metric, comparison, value, policy, of_slice, min_samples)| {
            let slice = Slice::of("topic", "billing");
            let rule = Threshold {
                slice: of_slice.then_some(slice),
                min_samples,
                ..threshold(&metric, comparison, value)
            };
            (rule, policy)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_decided_no_rest_can_change(
        (rule, policy) in rules(),
        mut cases in prop::collection::vec(case(), 0..25),
        rest in prop::collection::vec(case(), 0..12),
    ) {
        let suite = suite(rule, policy);
        let decided = decided(&suite, &tally(&suite, &cases), rest.len() as u64);
        let rule = &suite.thresholds[0];
        let metric = suite.metrics.iter().find(|metric| metric.name == rule.metric).unwrap();
        if rule.comparison.is_relative() || !metric.kind.is_rate() {
            prop_assert_eq!(decided, None, "the rest can be anything, or moves against the base");
        }
        if let Some(verdict) = decided {
            let settled = settle(&suite, &tally(&suite, &cases).results(), &alone());
            prop_assert_eq!(settled.verdict, verdict, "as it stands");
            for case in rest {
                cases.push(case);
                prop_assert_eq!(settle(&suite, &tally(&suite, &cases).results(), &alone()).verdict, verdict);
            }
        }
    }
}

const RIGHT: Case = Case {
    routed: true,
    json: true,
    should: true,
    does: true,
    is_billing: true,
};

fn accuracy(routed: usize, missed: usize, left: u64) -> Option<Verdict> {
    let suite = suite(
        threshold("routing_accuracy", Comparison::AtLeast, 0.9),
        GatePolicy::Point,
    );
    let wrong = Case { routed: false, ..RIGHT };
    let cases = [vec![RIGHT; routed], vec![wrong; missed]].concat();
    decided(&suite, &tally(&suite, &cases), left)
}

#[test]
fn it_is_decided_with_the_first_miss_too_many_and_the_last_hit_needed() {
    assert_eq!(accuracy(0, 10, 90), None, "ninety hits would still do");
    assert_eq!(accuracy(0, 11, 89), Some(Verdict::Fail));
    assert_eq!(accuracy(89, 0, 11), None);
    assert_eq!(accuracy(90, 0, 10), Some(Verdict::Pass));
}

#[test]
fn a_latency_never_decides() {
    let mut suite = suite(
        threshold("routing_accuracy", Comparison::AtLeast, 0.9),
        GatePolicy::Point,
    );
    suite
        .metrics
        .push(Metric::new("p95", MetricKind::LatencyPercentile { percentile: 95.0 }));
    suite.thresholds.push(threshold("p95", Comparison::AtMost, 1_000.0));
    let all_right = [RIGHT; 95];
    assert_eq!(decided(&suite, &tally(&suite, &all_right), 5), None);
    let all_wrong = [Case { routed: false, ..RIGHT }; 95];
    assert_eq!(
        decided(&suite, &tally(&suite, &all_wrong), 5),
        Some(Verdict::Fail),
        "one rule is enough to fail"
    );
}
