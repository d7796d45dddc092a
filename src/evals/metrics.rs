//! Sums outcomes up: counts, metrics over the whole run and over each slice. One code for the live progress and for
//! the final results, and the order in which outcomes come makes no difference.
//!
//! An example without an answer counts as failed in every rate: not passed, not valid, a positive that was missed. It
//! has no latency, and no cost unless one is known; each result says how many there were.

use std::collections::{BTreeMap, BTreeSet};

use super::classes;
use super::latency::Latencies;
use super::paths::Paths;
use crate::domain::example::ExampleContent;
use crate::domain::ids::ExampleId;
use crate::domain::metric::{MISSED_MAX, Measure, Metric, MetricKind, MetricResult, Slice};
use crate::domain::money::UsdNanos;
use crate::domain::outcome::Outcome;
use crate::domain::path_result::PathResult;
use crate::domain::run::RunTotals;
use crate::domain::suite::SuiteContent;
use crate::stats::{Method, proportion_interval};

/// Most values of one metadata field that make slices. A field with more is an id, not a slice, and gets none, except
/// for the values that a threshold names.
const SLICE_VALUES_MAX: usize = 200;
/// Most models that a run lists as having answered; more mean that the provider puts an id into the name.
const RESOLVED_MODELS_MAX: usize = 50;
/// Confidence of the shown intervals.
const CONFIDENCE: f64 = 0.95;

/// Examples that count against a metric: the first [`MISSED_MAX`] by place, whatever order they come in.
#[derive(Debug, Clone, Default)]
struct Missed(BTreeMap<u64, ExampleId>);

impl Missed {
    fn push(&mut self, outcome: &Outcome) {
        self.0.insert(outcome.index, outcome.example.clone());
        if self.0.len() > MISSED_MAX {
            self.0.pop_last();
        }
    }
}

/// What one metric counts over one part of the run.
#[derive(Debug, Clone, Default)]
struct Count {
    /// Passed, or true positives.
    hits: u64,
    /// Trials of a share: all examples, those that should have the class, or those that got it.
    total: u64,
    missed: Missed,
}

/// One part of a run: the whole, or a slice.
#[derive(Debug, Clone)]
struct Part {
    counts: Vec<Count>,
    errored: u64,
    latencies: Latencies,
    cost: UsdNanos,
    priced: u64,
    unpriced: u64,
}

impl Part {
    fn new(metrics: &[Metric]) -> Self {
        Self {
            counts: vec![Count::default(); metrics.len()],
            errored: 0,
            latencies: Latencies::default(),
            cost: UsdNanos::default(),
            priced: 0,
            unpriced: 0,
        }
    }

    fn push(&mut self, marks: &[Mark], outcome: &Outcome) {
        for (count, mark) in self.counts.iter_mut().zip(marks) {
            count.hits += mark.hits;
            count.total += mark.total;
            if mark.is_missed {
                count.missed.push(outcome);
            }
        }
        if outcome.error.is_some() {
            self.errored += 1;
        } else {
            self.latencies.push(outcome.latency_ms);
        }
        match outcome.known_cost() {
            Some(cost) => {
                self.cost = self.cost + cost;
                self.priced += 1;
            }
            None if outcome.error.is_none() => self.unpriced += 1,
            None => {}
        }
    }

    fn result(&self, metric: &Metric, count: &Count, slice: Option<&Slice>) -> MetricResult {
        let measure = self.measure(&metric.kind, count);
        let interval = match measure {
            Measure::Rate { hits, total } => proportion_interval(hits, total, CONFIDENCE, Method::Wilson).ok(),
            _ => None,
        };
        MetricResult {
            metric: metric.name.clone(),
            slice: slice.cloned(),
            measure,
            interval: interval.map(|interval| (interval.lo, interval.hi)),
            missed: count.missed.0.values().cloned().collect(),
            errored: self.errored,
        }
    }

    fn measure(&self, kind: &MetricKind, count: &Count) -> Measure {
        let (hits, total) = (count.hits, count.total);
        match kind {
            MetricKind::F1(_) if total > 0 => Measure::Value {
                value: hits as f64 / total as f64,
                // Examples that have the class or should: TP + FP + FN.
                count: total - hits / 2,
            },
            MetricKind::LatencyPercentile { percentile } => match self.latencies.percentile_ms(*percentile) {
                Some(latency_ms) => Measure::Value {
                    value: latency_ms as f64,
                    count: self.latencies.count(),
                },
                None => Measure::Undefined,
            },
            MetricKind::CostPerExample if self.unpriced == 0 && self.priced > 0 => Measure::Value {
                value: self.cost.as_usd() / self.priced as f64,
                count: self.priced,
            },
            MetricKind::F1(_) | MetricKind::CostPerExample => Measure::Undefined,
            _ if total == 0 => Measure::Undefined,
            _ => Measure::Rate { hits, total },
        }
    }
}

/// What one outcome adds to one metric.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    hits: u64,
    total: u64,
    is_missed: bool,
}

impl Mark {
    fn of(kind: &MetricKind, outcome: &Outcome, example: &ExampleContent) -> Self {
        let trial = |is_trial: bool, is_hit: bool| Self {
            hits: u64::from(is_trial && is_hit),
            total: u64::from(is_trial),
            is_missed: is_trial && !is_hit,
        };
        match kind {
            MetricKind::Accuracy { grader } | MetricKind::ValidityRate { grader } => {
                let score = outcome.scores.iter().find(|score| &score.grader == grader);
                // A grader of a step that no route led to has nothing to say.
                let is_trial = score.is_some() || outcome.error.is_some() || outcome.steps.is_empty();
                let passed = score.is_some_and(|score| score.passed);
                trial(is_trial, passed && outcome.error.is_none())
            }
            MetricKind::Recall(class) => trial(classes::should_have(class, example), classes::has(class, outcome)),
            MetricKind::Precision(class) => trial(classes::has(class, outcome), classes::should_have(class, example)),
            MetricKind::F1(class) => {
                let (should, has) = (classes::should_have(class, example), classes::has(class, outcome));
                // 2 TP / (2 TP + FP + FN), which is 2 TP over all that should have the class and all that have it.
                Self {
                    hits: 2 * u64::from(should && has),
                    total: u64::from(should) + u64::from(has),
                    is_missed: should != has,
                }
            }
            MetricKind::LatencyPercentile { .. } | MetricKind::CostPerExample => Self::default(),
        }
    }
}

/// The sums over a run's saved outcomes so far.
#[derive(Debug, Clone)]
pub struct Tally {
    metrics: Vec<Metric>,
    slice_fields: Vec<String>,
    named_slices: BTreeSet<Slice>,
    whole: Part,
    slices: BTreeMap<Slice, Part>,
    values_seen: BTreeMap<String, BTreeSet<String>>,
    totals: RunTotals,
    resolved_models: BTreeSet<String>,
    paths: Paths,
}

impl Tally {
    /// Nothing counted yet.
    pub fn new(suite: &SuiteContent) -> Self {
        Self {
            metrics: suite.metrics.clone(),
            slice_fields: suite.slices.clone(),
            named_slices: suite
                .thresholds
                .iter()
                .filter_map(|threshold| threshold.slice.clone())
                .collect(),
            whole: Part::new(&suite.metrics),
            slices: BTreeMap::new(),
            values_seen: BTreeMap::new(),
            totals: RunTotals::default(),
            resolved_models: BTreeSet::new(),
            paths: Paths::default(),
        }
    }

    /// Counts one outcome; each must come once.
    pub fn push(&mut self, outcome: &Outcome, example: &ExampleContent) {
        self.count(outcome);
        let metrics = self.metrics.iter();
        let marks: Vec<Mark> = metrics.map(|metric| Mark::of(&metric.kind, outcome, example)).collect();
        self.whole.push(&marks, outcome);
        for at in 0..self.slice_fields.len() {
            let Some(field) = self.slice_fields.get(at) else { break };
            let Some(value) = example.metadata.get(field).cloned() else {
                continue;
            };
            let slice = Slice {
                field: field.clone(),
                value,
            };
            if self.makes_slice(&slice) {
                let part = self.slices.entry(slice).or_insert_with(|| Part::new(&self.metrics));
                part.push(&marks, outcome);
            }
        }
    }

    /// Whether a value makes a slice. The answer for a field may turn to no, and then the parts that it had are gone:
    /// so what a run reports never depends on which outcomes came first.
    fn makes_slice(&mut self, slice: &Slice) -> bool {
        let seen = self.values_seen.entry(slice.field.clone()).or_default();
        if seen.len() <= SLICE_VALUES_MAX && seen.insert(slice.value.clone()) && seen.len() > SLICE_VALUES_MAX {
            let named = &self.named_slices;
            self.slices
                .retain(|kept, _| kept.field != slice.field || named.contains(kept));
        }
        seen.len() <= SLICE_VALUES_MAX || self.named_slices.contains(slice)
    }

    fn count(&mut self, outcome: &Outcome) {
        self.totals.add(outcome);
        self.paths.push(outcome);
        let of_steps = outcome.steps.iter().filter_map(|step| step.resolved_model.as_ref());
        for model in outcome.resolved_model.iter().chain(of_steps) {
            if self.resolved_models.insert(model.clone()) && self.resolved_models.len() > RESOLVED_MODELS_MAX {
                self.resolved_models.pop_last();
            }
        }
    }

    /// Counts and sums over all outcomes.
    pub fn totals(&self) -> RunTotals {
        self.totals
    }

    /// The models that answered, by name.
    pub fn resolved_models(&self) -> Vec<String> {
        self.resolved_models.iter().cloned().collect()
    }

    /// The paths that examples took through a chain.
    pub(super) fn paths(&self) -> Vec<PathResult> {
        self.paths.results()
    }

    /// Hits and trials of a metric over the whole run or a slice; `None` where there is no such metric or slice yet.
    pub fn share(&self, metric: &str, slice: Option<&Slice>) -> Option<(u64, u64)> {
        let part = match slice {
            Some(slice) => self.slices.get(slice)?,
            None => &self.whole,
        };
        let at = self.metrics.iter().position(|known| known.name == metric)?;
        part.counts.get(at).map(|count| (count.hits, count.total))
    }

    pub(super) fn latencies(&self) -> &Latencies {
        &self.whole.latencies
    }

    /// Every metric over the whole run, in the suite's order.
    pub fn whole_results(&self) -> Vec<MetricResult> {
        self.results_of(&self.whole, None)
    }

    /// Every metric over the whole run, then over each slice.
    pub fn results(&self) -> Vec<MetricResult> {
        let slices = self
            .slices
            .iter()
            .flat_map(|(slice, part)| self.results_of(part, Some(slice)));
        self.whole_results().into_iter().chain(slices).collect()
    }

    fn results_of(&self, part: &Part, slice: Option<&Slice>) -> Vec<MetricResult> {
        let metrics = self.metrics.iter().zip(&part.counts);
        metrics
            .map(|(metric, count)| part.result(metric, count, slice))
            .collect()
    }
}

#[cfg(test)]
#[path = "metrics_tests.rs"]
mod tests;
