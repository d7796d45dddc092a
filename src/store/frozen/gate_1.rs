//! Layout 1 of what stands in suites and ends of runs: before slices of several fields, rules for errors, rules with a
//! policy of their own or against the base, and bounds beside the interval.

use serde::{Deserialize, Serialize};

use crate::domain::gate::{BreakingSlice, Evidence, Gate, GatePolicy, RuleResult, Verdict};
use crate::domain::ids::ExampleId;
use crate::domain::metric::{IntervalMethod, Measure, Metric, MetricKind, MetricResult, Slice};
use crate::domain::suite::{Comparison, Threshold};

#[derive(Serialize, Deserialize)]
struct Slice1 {
    field: String,
    value: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Metric1 {
    name: String,
    kind: MetricKind,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Threshold1 {
    metric: String,
    slice: Option<Slice1>,
    comparison: Comparison,
    value: f64,
    min_samples: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct MetricResult1 {
    metric: String,
    slice: Option<Slice1>,
    measure: Measure,
    interval: Option<(f64, f64)>,
    missed: Vec<ExampleId>,
    errored: u64,
}

#[derive(Serialize, Deserialize)]
struct BreakingSlice1 {
    slice: Slice1,
    count: u64,
}

#[derive(Serialize, Deserialize)]
struct RuleResult1 {
    threshold: Threshold1,
    measure: Measure,
    interval: Option<(f64, f64)>,
    point: Option<bool>,
    evidence: Evidence,
    verdict: Verdict,
    gating: bool,
    breaking: Vec<ExampleId>,
    breaking_slices: Vec<BreakingSlice1>,
    note: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Gate1 {
    policy: GatePolicy,
    rules: Vec<RuleResult1>,
    verdict: Verdict,
    reason: String,
}

impl From<Slice1> for Slice {
    fn from(old: Slice1) -> Self {
        Self::of(old.field, old.value)
    }
}

impl From<Metric1> for Metric {
    fn from(old: Metric1) -> Self {
        Self::new(old.name, old.kind)
    }
}

impl From<Threshold1> for Threshold {
    fn from(old: Threshold1) -> Self {
        Self {
            metric: old.metric,
            slice: old.slice.map(Slice::from),
            comparison: old.comparison,
            value: old.value,
            min_samples: old.min_samples,
            policy: None,
        }
    }
}

impl From<MetricResult1> for MetricResult {
    fn from(old: MetricResult1) -> Self {
        Self {
            metric: old.metric,
            slice: old.slice.map(Slice::from),
            measure: old.measure,
            method: old.interval.map(|_| IntervalMethod::Wilson),
            interval: old.interval,
            missed: old.missed,
            errored: old.errored,
            excluded: 0,
            bounds: (None, None),
        }
    }
}

impl From<RuleResult1> for RuleResult {
    fn from(old: RuleResult1) -> Self {
        let breaking_slice = |old: BreakingSlice1| BreakingSlice {
            slice: old.slice.into(),
            count: old.count,
        };
        Self {
            threshold: old.threshold.into(),
            measure: old.measure,
            interval: old.interval,
            point: old.point,
            evidence: old.evidence,
            verdict: old.verdict,
            gating: old.gating,
            breaking: old.breaking,
            breaking_slices: old.breaking_slices.into_iter().map(breaking_slice).collect(),
            note: old.note,
            relative: None,
        }
    }
}

impl From<Gate1> for Gate {
    fn from(old: Gate1) -> Self {
        Self {
            policy: old.policy,
            rules: old.rules.into_iter().map(RuleResult::from).collect(),
            verdict: old.verdict,
            reason: old.reason,
            left_out: Vec::new(),
        }
    }
}
