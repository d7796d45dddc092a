//! Simulated runs: outcomes whose true rates are known.

use pegbox::domain::example::{ExampleContent, ExampleContext};
use pegbox::domain::gate::GatePolicy;
use pegbox::domain::grader::{CaseRule, Grader, GraderKind, Score};
use pegbox::domain::hash::ContentHash;
use pegbox::domain::ids::{ExampleId, RunId};
use pegbox::domain::json::JsonText;
use pegbox::domain::metric::{Metric, MetricKind, MetricResult};
use pegbox::domain::money::UsdNanos;
use pegbox::domain::outcome::{Outcome, Usage};
use pegbox::domain::suite::{Comparison, SuiteContent, Threshold};
use pegbox::domain::time::Timestamp;
use pegbox::evals::metrics::Tally;
use pegbox::stats::SplitMix64;

/// Uniform in 0 to 1.
pub(crate) fn uniform(random: &mut SplitMix64) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

pub(crate) fn chance(random: &mut SplitMix64, rate: f64) -> bool {
    uniform(random) < rate
}

/// Normal with mean 0 and deviation 1, as the sum of twelve uniform numbers less 6.
pub(crate) fn normal(random: &mut SplitMix64) -> f64 {
    (0..12).map(|_| uniform(random)).sum::<f64>() - 6.0
}

pub(crate) fn suite(metric: MetricKind, thresholds: Vec<Threshold>, policy: GatePolicy) -> SuiteContent {
    SuiteContent {
        description: String::new(),
        graders: vec![Grader::new(
            "right",
            GraderKind::ExactMatch {
                case: CaseRule::Sensitive,
            },
        )],
        metrics: vec![Metric::new("measured", metric)],
        thresholds,
        slices: Vec::new(),
        policy,
        crossings: Vec::new(),
        bins: Vec::new(),
        cluster: None,
    }
}

pub(crate) fn accuracy() -> MetricKind {
    MetricKind::Accuracy { grader: "right".into() }
}

pub(crate) fn rule(comparison: Comparison, value: f64) -> Threshold {
    Threshold {
        metric: "measured".into(),
        slice: None,
        comparison,
        value,
        min_samples: 1,
        policy: None,
    }
}

/// An example with these metadata.
pub(crate) fn example(metadata: &[(&str, String)]) -> ExampleContent {
    ExampleContent {
        id: ExampleId::new("e").unwrap(),
        input: JsonText::string("a question"),
        expected: Some(JsonText::string("yes")),
        labels: Vec::new(),
        metadata: metadata
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
        context: ExampleContext::default(),
    }
}

/// An outcome that passed or not.
pub(crate) fn outcome(index: u64, repeat: u32, passed: bool) -> Outcome {
    Outcome {
        run: RunId(1),
        index,
        repeat,
        example: ExampleId::new(format!("e-{index}")).unwrap(),
        example_hash: ContentHash::of_bytes(&index.to_be_bytes()),
        rendered: Vec::new(),
        documents: Vec::new(),
        tool_calls: Vec::new(),
        raw_response: String::new(),
        earlier_responses: Vec::new(),
        text: None,
        parsed: None,
        parse_error: None,
        refusal: None,
        finish_reason: None,
        resolved_model: None,
        system_fingerprint: None,
        response_id: None,
        usage: Usage::default(),
        latency_ms: 100,
        time_to_first_token_ms: None,
        attempts: Vec::new(),
        reused_from: None,
        cost: Some(UsdNanos(1_000)),
        error: None,
        scores: vec![Score {
            grader: "right".into(),
            passed,
            explanation: String::new(),
            value: None,
            part_of: Vec::new(),
        }],
        judgements: Vec::new(),
        steps: Vec::new(),
        failure_category: None,
        finished_at: Timestamp(0),
    }
}

/// A run whose examples pass or not.
pub(crate) fn run_of(suite: &SuiteContent, passed: &[bool]) -> Tally {
    let mut tally = Tally::new(suite);
    let blank = example(&[]);
    for (index, passed) in (0..).zip(passed) {
        tally.push(&outcome(index, 0, *passed), &blank);
    }
    tally
}

/// The only metric over the whole run.
pub(crate) fn measured(tally: &Tally) -> MetricResult {
    tally.results().swap_remove(0)
}

/// How far a share of this many repetitions may be from the true one: three deviations.
pub(crate) fn slack(rate: f64, repetitions: u32) -> f64 {
    3.0 * (rate * (1.0 - rate) / f64::from(repetitions)).sqrt()
}
