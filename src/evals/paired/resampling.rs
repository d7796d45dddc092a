//! The change of a metric that only all examples together have: both runs' examples are drawn together again and again
//! for the interval, and their answers exchanged at random for the p-values.

use super::effect::{Change, Effect, PairedMethod};
use crate::domain::unit::Unit;
use crate::evals::metrics::aggregate::{Added, Aggregate};
use crate::evals::metrics::estimate::{BOTH_BOUNDS, CONFIDENCE, SEED, WORK_MAX, resamples};
use crate::stats::{SplitMix64, bca_from_replicates, quantile_linear};

/// Values this close are ties.
const TIE: f64 = 1e-12;

/// What is drawn: an example, or a cluster of them, by what it adds in the base and in the candidate.
pub(super) struct Resampling<'a> {
    pub(super) base: &'a Aggregate<'a>,
    pub(super) candidate: &'a Aggregate<'a>,
    pub(super) groups: &'a [(Added, Added)],
    /// How many examples these are.
    pub(super) examples: u64,
}

impl Resampling<'_> {
    /// `None` where the metric is undefined in one of the runs.
    pub(super) fn effect(&self, unit: Unit) -> Option<Effect> {
        let base = self.base.value(self.groups.iter().map(|(before, _)| before))?;
        let candidate = self.candidate.value(self.groups.iter().map(|(_, now)| now))?;
        let difference = candidate - base;
        let within_groups = self.examples.saturating_sub(self.groups.len() as u64);
        let work = self.base.work() + self.candidate.work() + within_groups;
        let resamples = resamples(self.groups.len(), work);
        let limits = resamples.map(|resamples| self.limits(difference, resamples));
        let [interval, bounds] = limits.unwrap_or_default();
        let (p, p_worse) = resamples.map(|resamples| self.chances(difference, resamples)).unzip();
        Some(Effect {
            unit,
            examples: self.examples,
            left_out: 0,
            base,
            candidate,
            change: Change::Difference(difference),
            interval,
            bounds,
            p,
            p_worse,
            flips: None,
            method: PairedMethod::Resampling {
                resamples: resamples.unwrap_or(0),
                seed: SEED,
                drawn_from: self.groups.len() as u64,
            },
        })
    }

    fn difference<'g>(&self, groups: impl Iterator<Item = &'g (Added, Added)> + Clone) -> Option<f64> {
        let base = self.base.value(groups.clone().map(|(before, _)| before))?;
        Some(self.candidate.value(groups.map(|(_, now)| now))? - base)
    }

    /// The interval and the bounds; none where the difference is undefined in a sample, or the same in all.
    fn limits(&self, difference: f64, resamples: u64) -> [Option<(f64, f64)>; 2] {
        let count = self.groups.len();
        let mut random = SplitMix64::new(SEED);
        let mut replicates = Vec::new();
        for _ in 0..resamples {
            let draws: Vec<usize> = (0..count).map(|_| random.place(count)).collect();
            let Some(replicate) = self.difference(draws.iter().filter_map(|at| self.groups.get(*at))) else {
                return [None; 2];
            };
            replicates.push(replicate);
        }
        let jackknife = self.jackknife();
        let limits = |confidence: f64| {
            let corrected = bca_from_replicates(difference, &replicates, &jackknife, confidence)
                .ok()
                .flatten();
            let tail = (1.0 - confidence) / 2.0;
            let at = |level| quantile_linear(&replicates, level).ok().flatten();
            let (low, high) = match corrected {
                Some(corrected) => (corrected.limits.lo, corrected.limits.hi),
                None => (at(tail)?, at(1.0 - tail)?),
            };
            (low < high).then_some((low, high))
        };
        [limits(CONFIDENCE), limits(BOTH_BOUNDS)]
    }

    /// The difference without each group in turn. Empty where that is too much work, or undefined somewhere: then the
    /// limits are plain percentiles, from which those of so many groups hardly differ.
    fn jackknife(&self) -> Vec<f64> {
        let count = self.groups.len();
        let each = self.examples + self.base.work() + self.candidate.work();
        if each.saturating_mul(count as u64) > WORK_MAX {
            return Vec::new();
        }
        let without = |gone: usize| {
            let others = self.groups.iter().enumerate();
            self.difference(others.filter(move |(at, _)| *at != gone).map(|(_, group)| group))
        };
        (0..count)
            .map(without)
            .collect::<Option<Vec<f64>>>()
            .unwrap_or_default()
    }

    /// The two-sided and the one-sided chance of such a difference, were it all one which run gave which answers: the
    /// share of random exchanges, the data themselves among them, that make as large a difference, or as low a one. One
    /// that leaves the difference undefined counts as both.
    fn chances(&self, difference: f64, exchanges: u64) -> (f64, f64) {
        let mut random = SplitMix64::new(SEED);
        let (mut as_large, mut as_low) = (1_u64, 1_u64);
        for _ in 0..exchanges {
            let is_swapped: Vec<bool> = self.groups.iter().map(|_| random.below(2) == 1).collect();
            let groups = self.groups.iter().zip(&is_swapped);
            let before = groups
                .clone()
                .map(|((before, now), swap)| if *swap { now } else { before });
            let now = groups.map(|((before, now), swap)| if *swap { before } else { now });
            let found = self.base.value(before).zip(self.candidate.value(now));
            let found = found.map(|(before, now)| now - before);
            as_large += u64::from(found.is_none_or(|found| found.abs() >= difference.abs() - TIE));
            as_low += u64::from(found.is_none_or(|found| found <= difference + TIE));
        }
        let share = |count: u64| count as f64 / (exchanges + 1) as f64;
        (share(as_large), share(as_low))
    }
}
