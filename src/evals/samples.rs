//! Outcomes and examples that tests build on.

use std::collections::BTreeMap;

use crate::domain::example::{ExampleContent, ExampleContext};
use crate::domain::gate::GatePolicy;
use crate::domain::grader::{Grader, GraderKind, Score};
use crate::domain::hash::ContentHash;
use crate::domain::ids::{ExampleId, RunId};
use crate::domain::json::JsonText;
use crate::domain::metric::{ClassOf, Metric, MetricKind};
use crate::domain::money::UsdNanos;
use crate::domain::outcome::{ErrorKind, Outcome, OutcomeError, Usage};
use crate::domain::step::StepOutcome;
use crate::domain::suite::{Comparison, SuiteContent, Threshold};
use crate::domain::time::Timestamp;

pub(super) fn example(index: u64, expected: &str, topic: &str) -> ExampleContent {
    ExampleContent {
        id: ExampleId::new(format!("t-{index:03}")).unwrap(),
        input: JsonText::string("a ticket"),
        expected: Some(JsonText::parse(expected).unwrap()),
        labels: Vec::new(),
        metadata: BTreeMap::from([("topic".into(), topic.into())]),
        context: ExampleContext::default(),
    }
}

/// A step that said something, and perhaps what its parser has against it.
pub(super) fn step(name: &str, text: &str, parse_error: Option<&str>) -> StepOutcome {
    StepOutcome {
        name: name.into(),
        version: "triage_v1".parse().unwrap(),
        content_hash: ContentHash::of_bytes(b"the prompt"),
        rendered: Vec::new(),
        tool_calls: Vec::new(),
        raw_response: text.into(),
        earlier_responses: Vec::new(),
        text: Some(text.into()),
        parsed: None,
        parse_error: parse_error.map(Into::into),
        refusal: None,
        finish_reason: Some("stop".into()),
        resolved_model: Some("sim-1".into()),
        system_fingerprint: None,
        response_id: None,
        usage: Usage::default(),
        latency_ms: 100,
        attempts: Vec::new(),
        reused_from: None,
        cost: Some(UsdNanos(1_000)),
        error: None,
    }
}

pub(super) fn outcome(index: u64, answer: &str, scores: &[(&str, bool)]) -> Outcome {
    let parsed = JsonText::parse(answer).ok();
    Outcome {
        run: RunId(421),
        index,
        example: ExampleId::new(format!("t-{index:03}")).unwrap(),
        example_hash: ContentHash::of_bytes(&index.to_be_bytes()),
        rendered: Vec::new(),
        documents: Vec::new(),
        tool_calls: Vec::new(),
        raw_response: answer.into(),
        text: Some(answer.into()),
        parse_error: parsed.is_none().then(|| "not JSON: plain text".into()),
        parsed,
        refusal: None,
        finish_reason: Some("stop".into()),
        resolved_model: Some("sim-1".into()),
        system_fingerprint: None,
        response_id: None,
        usage: Usage::default(),
        latency_ms: 100 + index,
        attempts: Vec::new(),
        cost: Some(UsdNanos(1_000)),
        error: None,
        scores: scores
            .iter()
            .map(|(grader, passed)| Score {
                grader: (*grader).into(),
                passed: *passed,
                explanation: String::new(),
                value: None,
                part_of: Vec::new(),
            })
            .collect(),
        judgements: Vec::new(),
        steps: Vec::new(),
        failure_category: None,
        finished_at: Timestamp(0),
        repeat: 0,
        earlier_responses: Vec::new(),
        time_to_first_token_ms: None,
        reused_from: None,
    }
}

pub(super) fn failed_outcome(index: u64) -> Outcome {
    Outcome {
        text: None,
        parsed: None,
        scores: Vec::new(),
        cost: None,
        resolved_model: None,
        error: Some(OutcomeError {
            kind: ErrorKind::Timeout,
            message: "no answer in 60 s".into(),
        }),
        ..outcome(index, "", &[])
    }
}

pub(super) fn threshold(metric: &str, comparison: Comparison, value: f64) -> Threshold {
    Threshold {
        metric: metric.into(),
        slice: None,
        comparison,
        value,
        min_samples: 0,
        policy: None,
    }
}

/// The suite of the story: routing, JSON, and recall of tickets that must be escalated.
pub(super) fn triage_suite() -> SuiteContent {
    let grader = |name: &str, kind| Grader {
        name: name.into(),
        kind,
        step: None,
    };
    let metric = |name: &str, kind| Metric::new(name, kind);
    SuiteContent {
        description: "support triage".into(),
        graders: vec![
            grader(
                "route",
                GraderKind::FieldMatch {
                    field: "route".into(),
                    expected_field: None,
                },
            ),
            grader("json", GraderKind::JsonValid),
        ],
        metrics: vec![
            metric("routing_accuracy", MetricKind::Accuracy { grader: "route".into() }),
            metric("json_validity", MetricKind::ValidityRate { grader: "json".into() }),
            metric(
                "escalation_recall",
                MetricKind::Recall(ClassOf {
                    field: "escalate".into(),
                    expected_field: None,
                    class: "true".into(),
                }),
            ),
        ],
        thresholds: vec![
            threshold("routing_accuracy", Comparison::AtLeast, 0.94),
            threshold("json_validity", Comparison::Equals, 1.0),
            threshold("escalation_recall", Comparison::AtLeast, 0.98),
        ],
        slices: vec!["topic".into()],
        policy: GatePolicy::Point,
        crossings: Vec::new(),
        bins: Vec::new(),
        cluster: None,
    }
}

/// The story's run of 240: ten tickets routed wrongly, all JSON, one of 35 escalations missed, on a billing dispute.
pub(super) fn triage_run() -> Vec<(Outcome, ExampleContent)> {
    let row = |index: u64| {
        let is_positive = index % 7 == 5 && index < 245;
        let is_positive = is_positive || index == 0;
        let topic = if index % 20 == 17 { "billing dispute" } else { "other" };
        let expected = format!(r#"{{"route":"a","escalate":{is_positive}}}"#);
        let (is_routed, is_escalated) = (index % 24 != 3, is_positive && index != 117);
        let route = if is_routed { "a" } else { "b" };
        let answer = format!(r#"{{"route":"{route}","escalate":{is_escalated}}}"#);
        (
            outcome(index, &answer, &[("route", is_routed), ("json", true)]),
            example(index, &expected, topic),
        )
    };
    (0..240).map(row).collect()
}
