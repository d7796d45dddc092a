//! A run of the samples that measured all there is: rules against its base, classes, regressions, examples left out.

use super::super::samples::ended_detail;
use crate::domain::confusion::{Confusion, ConfusionRow};
use crate::domain::gate::{Evidence, GatePolicy, LeftOut, Relative, RuleResult, Verdict};
use crate::domain::ids::{ExampleId, RunId};
use crate::domain::metric::{Measure, Slice};
use crate::domain::run::{AgainstBase, Regression};
use crate::domain::suite::Comparison;
use crate::workbench::RunDetail;

pub fn measured_detail(id: u32) -> RunDetail {
    let mut detail = ended_detail(id);
    let end = detail.end.as_mut().unwrap();
    let gate = end.gate.as_mut().unwrap();
    let [accuracy, validity] = [0, 1].map(|at: usize| gate.rules[at].clone());
    gate.rules[1].threshold.policy = Some(GatePolicy::Proven);
    gate.rules
        .extend([margin(accuracy), ratio(&validity), without_base(validity)]);
    gate.left_out = vec![LeftOut {
        example: ExampleId::new("t-201").unwrap(),
        reason: "two teams may answer it \u{1b}[2J".into(),
    }];
    end.confusions = vec![confusion()];
    end.against_base = Some(AgainstBase {
        run: RunId(2),
        tests: 14,
        regressions: vec![
            regression("routing_accuracy", Some("refund"), (-0.071, 0.031, 0.4), false),
            regression("escalation_recall", None, (-0.0857, 0.0011, 0.0154), true),
        ],
    });
    detail
}

fn margin(rule: RuleResult) -> RuleResult {
    let mut rule = rule;
    rule.threshold.comparison = Comparison::NoWorseBy;
    rule.threshold.value = 0.02;
    rule.verdict = Verdict::CannotTell;
    rule.interval = Some((-0.031, 0.006));
    rule.note = "inconclusive; 6 broken, 3 fixed of 240 pairs".into();
    rule.relative = Some(Relative {
        effect: -0.0125,
        bounds: Some((-0.031, 0.006)),
        pairs: 240,
        flips: Some((6, 3)),
        is_regression_detected: false,
    });
    rule
}

fn ratio(rule: &RuleResult) -> RuleResult {
    let mut rule = rule.clone();
    rule.threshold.metric = "latency_p95".into();
    rule.threshold.comparison = Comparison::AtMostRatio;
    rule.threshold.value = 1.1;
    rule.measure = Measure::Value {
        value: 2_140.0,
        count: 240,
    };
    rule.interval = Some((1.01, 1.08));
    rule.evidence = Evidence::Proven;
    rule.note = "shown to be within it; over 240 pairs".into();
    rule.relative = Some(Relative {
        effect: 1.044,
        bounds: Some((1.01, 1.08)),
        pairs: 240,
        flips: None,
        is_regression_detected: true,
    });
    rule
}

fn without_base(rule: RuleResult) -> RuleResult {
    let mut rule = rule;
    rule.threshold.comparison = Comparison::NoWorseBy;
    rule.threshold.value = 0.01;
    rule.verdict = Verdict::CannotTell;
    rule.evidence = Evidence::NoData;
    rule.point = None;
    rule.interval = None;
    let command = "pegbox run start support_triage_v11";
    rule.note =
        format!("cannot be compared with the base: no finished run of support_triage_v11: make one with {command}");
    rule
}

fn regression(metric: &str, topic: Option<&str>, (effect, p, holm): (f64, f64, f64), is_flagged: bool) -> Regression {
    Regression {
        metric: metric.into(),
        slice: topic.map(|topic| Slice::of("topic", topic)),
        effect,
        pairs: if topic.is_some() { 28 } else { 35 },
        p_value: p,
        holm,
        false_discovery: p * 7.0,
        is_flagged,
    }
}

/// Eight classes, more than a narrow pane has columns for; two are taken for each other.
fn confusion() -> Confusion {
    let names = [
        "accounts and logins",
        "billing",
        "privacy",
        "refunds",
        "returns",
        "safety",
        "shipping",
        "\u{1b}[2J",
    ];
    let row = |at: usize| {
        let mut answers = vec![0; names.len()];
        answers[at] = 30 - at as u64;
        if at == 1 {
            answers[3] = 4;
        }
        if at == 3 {
            answers[1] = 2;
        }
        ConfusionRow {
            answers,
            other: u64::from(at == 5),
            no_answer: u64::from(at == 6) * 3,
        }
    };
    Confusion {
        field: "route".into(),
        expected_field: None,
        labels: names.map(str::to_owned).to_vec(),
        rows: (0..names.len()).map(row).collect(),
        unlabelled: 1,
    }
}
