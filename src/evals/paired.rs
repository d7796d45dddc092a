//! Two runs over the same examples, pair by pair: how far each metric moved and how sure that is. One piece for the
//! gates' rules against a base run and for every comparison that is shown.
//!
//! Values that examples have of their own are compared by `McNemar`'s test and Tango's interval where they are single
//! outcomes that pass or fail, otherwise by paired t: over the examples, or over clusters of them where the suite
//! declares any; latency and cost by the same on logarithms. What only all examples together have, such as F1, is
//! compared by drawing the examples of both runs together. A percentile is no mean and is not compared: a jackknife, of
//! which the limits would be made, fails on it.

pub(crate) mod effect;
mod resampling;
mod values;

use std::collections::BTreeMap;

pub use self::effect::{Change, Effect, PairedMethod, p_text, points};
use self::resampling::Resampling;
pub(super) use self::values::{Pair, Values};
use super::metrics::aggregate::{Added, Aggregate};
use super::metrics::{Entry, Tally};
use crate::domain::metric::{Metric, MetricKind};

/// A latency of 0 ms took less than 1 ms: the middle of what it may have been, since a ratio needs a number above 0.
const LATENCY_BELOW_1_MS: f64 = 0.5;

/// An example that two runs have.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    /// What it came to in the base.
    pub(super) base: Entry<'a>,
    /// What it came to in the candidate.
    pub(super) candidate: Entry<'a>,
}

impl Shared<'_> {
    /// What is independent of all else.
    pub(super) fn group(&self) -> String {
        self.candidate.group()
    }
}

/// The examples that two runs of one suite share, all or those of a slice.
pub(super) struct Common<'a> {
    pub(super) base: &'a Tally,
    pub(super) candidate: &'a Tally,
    pub(super) examples: Vec<Shared<'a>>,
}

impl Common<'_> {
    /// How a metric moved, by its place in the suite.
    ///
    /// # Errors
    ///
    /// Why it cannot be compared, as a clause.
    pub(super) fn effect(&self, at: usize) -> Result<Effect, String> {
        let metric = self.candidate.metrics().get(at).ok_or("there is no such metric")?;
        let kind = &metric.kind;
        if kind.percentile().is_some() {
            return Err("a percentile is no mean over the examples, and no paired method fits it".into());
        }
        if *kind == MetricKind::CostPerExample && (self.candidate.has_unpriced() || self.base.has_unpriced()) {
            return Err("a price is unknown".into());
        }
        if !kind.is_paired() {
            return self.resampled(at, metric);
        }
        let values = self.values(|entry| {
            let cell = entry.cell(at)?;
            let least = if *kind == MetricKind::LatencyMean {
                LATENCY_BELOW_1_MS
            } else {
                f64::MIN
            };
            Some((cell.value(kind)?.max(least), kind.is_rate() && cell.count == 1))
        });
        let effect = if kind.is_expense() {
            values.ratio(kind.unit())
        } else {
            values.difference(kind.unit())
        };
        let above_0 = if kind.is_expense() { " above 0" } else { "" };
        effect.ok_or_else(|| format!("no example has a value{above_0} in both runs"))
    }

    /// The value of each example in both runs, with whether it is one outcome that passed or failed.
    fn values(&self, value: impl Fn(Entry<'_>) -> Option<(f64, bool)>) -> Values {
        let is_clustered = self.candidate.is_clustered();
        let pairs = self.examples.iter().map(|shared| {
            let (base, candidate) = (value(shared.base), value(shared.candidate));
            Pair {
                base: base.map(|(value, _)| value),
                candidate: candidate.map(|(value, _)| value),
                is_binary: [base, candidate].iter().flatten().all(|(_, is_binary)| *is_binary),
                group: is_clustered.then(|| shared.group()),
            }
        });
        Values::new(pairs, is_clustered)
    }

    fn resampled(&self, at: usize, metric: &Metric) -> Result<Effect, String> {
        let [base, candidate] = Aggregate::of_both(at, self.base, self.candidate)?;
        let mut groups: BTreeMap<String, Vec<Shared>> = BTreeMap::new();
        for shared in &self.examples {
            groups.entry(shared.group()).or_default().push(*shared);
        }
        let added = groups.values().map(|group| {
            (
                base.added(group.iter().map(|shared| shared.base)),
                candidate.added(group.iter().map(|shared| shared.candidate)),
            )
        });
        let groups: Vec<(Added, Added)> = added.collect();
        let resampling = Resampling {
            base: &base,
            candidate: &candidate,
            groups: &groups,
            examples: self.examples.len() as u64,
        };
        let effect = resampling.effect(metric.kind.unit());
        effect.ok_or_else(|| "it is undefined in one of the runs".into())
    }
}

#[cfg(test)]
mod tests;
