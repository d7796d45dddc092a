//! Counts the paths that examples take through a chain.

use std::collections::BTreeMap;

use super::latency::Latencies;
use crate::domain::money::UsdNanos;
use crate::domain::outcome::Outcome;
use crate::domain::path_result::PathResult;

/// Most paths that are told apart: with many conditions there may be as many as examples.
const PATHS_MAX: usize = 100;

#[derive(Debug, Clone, Default)]
struct Count {
    outcomes: u64,
    passed: u64,
    errored: u64,
    cost: UsdNanos,
    cost_unknown: u64,
    latencies: Latencies,
}

impl Count {
    fn push(&mut self, outcome: &Outcome) {
        self.outcomes += 1;
        self.passed += u64::from(outcome.passed());
        if outcome.error.is_some() {
            self.errored += 1;
        } else {
            self.latencies.push(outcome.latency_ms);
        }
        self.cost = self.cost + outcome.known_cost().unwrap_or_default();
        self.cost_unknown += u64::from(outcome.cost.is_none());
    }

    fn add(&mut self, other: &Self) {
        self.outcomes += other.outcomes;
        self.passed += other.passed;
        self.errored += other.errored;
        self.cost = self.cost + other.cost;
        self.cost_unknown += other.cost_unknown;
        self.latencies.add(&other.latencies);
    }

    fn result(&self, steps: Vec<String>) -> PathResult {
        let latency = |percentile| self.latencies.percentile_ms(percentile);
        PathResult {
            steps,
            outcomes: self.outcomes,
            passed: self.passed,
            errored: self.errored,
            cost: self.cost,
            cost_unknown: self.cost_unknown,
            latency_ms: latency(50.0).zip(latency(95.0)).map(|(p50, p95)| [p50, p95]),
        }
    }
}

/// The paths of a run so far. Which are told apart depends on all outcomes, not on their order, as long as there are no
/// more than ten times as many as are reported.
#[derive(Debug, Clone, Default)]
pub(super) struct Paths {
    counts: BTreeMap<Vec<String>, Count>,
    others: Count,
}

impl Paths {
    /// Takes in an outcome; that of a prompt takes no path.
    pub(super) fn push(&mut self, outcome: &Outcome) {
        if outcome.steps.is_empty() {
            return;
        }
        let steps: Vec<String> = outcome.steps.iter().map(|step| step.name.clone()).collect();
        if self.counts.len() >= 10 * PATHS_MAX && !self.counts.contains_key(&steps) {
            return self.others.push(outcome);
        }
        self.counts.entry(steps).or_default().push(outcome);
    }

    /// The most frequent ones first, those that are too rare together at the end.
    pub(super) fn results(&self) -> Vec<PathResult> {
        let mut counts: Vec<_> = self.counts.iter().collect();
        counts
            .sort_by(|(steps, one), (others, other)| other.outcomes.cmp(&one.outcomes).then_with(|| steps.cmp(others)));
        let mut rest = self.others.clone();
        counts.iter().skip(PATHS_MAX).for_each(|(_, count)| rest.add(count));
        let told_apart = counts.into_iter().take(PATHS_MAX);
        let mut results: Vec<PathResult> = told_apart.map(|(steps, count)| count.result(steps.clone())).collect();
        results.extend((rest.outcomes > 0).then(|| rest.result(Vec::new())));
        results
    }
}
