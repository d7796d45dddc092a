//! The values that examples have of their own in both runs, and the mean change over them.

use std::collections::HashSet;

use super::effect::{Change, Effect, PairedMethod};
use crate::domain::metric::GROUPS_MIN;
use crate::domain::unit::Unit;
use crate::evals::metrics::{BOTH_BOUNDS, CONFIDENCE};
use crate::stats::special::t_cdf;
use crate::stats::{PairedCounts, clustered_mean, mcnemar, non_inferiority, paired_difference, paired_t};

/// One example in both runs.
#[derive(Debug, Clone)]
pub(in crate::evals) struct Pair {
    /// Its value in the base; `None` where it has none.
    pub(in crate::evals) base: Option<f64>,
    /// Its value in the candidate.
    pub(in crate::evals) candidate: Option<f64>,
    /// Whether each of them is one outcome that passed or failed.
    pub(in crate::evals) is_binary: bool,
    /// What it belongs to, where examples come in clusters.
    pub(in crate::evals) group: Option<String>,
}

/// The values of the examples that have one in both runs.
pub(in crate::evals) struct Values {
    base: Vec<f64>,
    candidate: Vec<f64>,
    left_out: u64,
    /// The cluster of each, where examples come in clusters.
    groups: Option<Vec<Option<String>>>,
    is_binary: bool,
}

impl Values {
    pub(in crate::evals) fn new(pairs: impl Iterator<Item = Pair>, is_clustered: bool) -> Self {
        let mut values = Self {
            base: Vec::new(),
            candidate: Vec::new(),
            left_out: 0,
            groups: None,
            is_binary: !is_clustered,
        };
        let mut groups = Vec::new();
        for pair in pairs {
            let Some((base, candidate)) = pair.base.zip(pair.candidate) else {
                continue;
            };
            values.base.push(base);
            values.candidate.push(candidate);
            values.is_binary &= pair.is_binary;
            groups.push(pair.group);
        }
        values.groups = is_clustered.then_some(groups);
        values
    }

    /// Candidate less base: of single outcomes that pass or fail by Tango's interval, of other values by Student's t.
    /// `None` without an example.
    pub(in crate::evals) fn difference(&self, unit: Unit) -> Option<Effect> {
        if self.is_binary {
            return self.flips();
        }
        let test = Test::of(&self.base, &self.candidate, self.groups.as_deref())?;
        let has_moved = self.has_moved();
        let at = |limits, confidence| if has_moved { limits } else { self.unmoved(confidence) };
        Some(Effect {
            unit,
            interval: at(test.interval, CONFIDENCE),
            bounds: at(test.bounds, BOTH_BOUNDS),
            ..self.moved(Change::Difference(test.effect), test)?
        })
    }

    /// Candidate over base, of the examples of which both values are above 0: the difference of logarithms. `None`
    /// without such an example.
    pub(in crate::evals) fn ratio(&self, unit: Unit) -> Option<Effect> {
        let positive = self.positive();
        let logarithms = |values: &[f64]| values.iter().map(|value| value.ln()).collect::<Vec<_>>();
        let (base, candidate) = (logarithms(&positive.base), logarithms(&positive.candidate));
        let test = Test::of(&base, &candidate, positive.groups.as_deref())?;
        let ratios = |(low, high): (f64, f64)| (low.exp(), high.exp().min(f64::MAX));
        let moved = positive.moved(Change::Ratio(test.effect.exp()), test)?;
        Some(Effect {
            unit,
            interval: moved.interval.map(ratios),
            bounds: moved.bounds.map(ratios),
            p_worse: moved.p_worse.map(|p_below| 1.0 - p_below),
            ..moved
        })
    }

    fn positive(&self) -> Self {
        let places = (0..self.base.len()).filter(|at| {
            let is_positive = |values: &[f64]| values.get(*at).is_some_and(|value| *value > 0.0);
            is_positive(&self.base) && is_positive(&self.candidate)
        });
        let places: Vec<usize> = places.collect();
        Self {
            base: kept(&places, &self.base),
            candidate: kept(&places, &self.candidate),
            left_out: self.left_out + (self.base.len() - places.len()) as u64,
            groups: self.groups.as_ref().map(|groups| kept(&places, groups)),
            is_binary: false,
        }
    }

    /// Whether any example has another value now.
    pub(in crate::evals) fn has_moved(&self) -> bool {
        let mut pairs = self.base.iter().zip(&self.candidate);
        pairs.any(|(before, now)| (now - before).abs() > f64::EPSILON)
    }

    /// The limits where no pair differs. The spread of the differences, which is none, would say that no other pair
    /// could: each example, or cluster, counts as a pair of outcomes that are alike.
    fn unmoved(&self, confidence: f64) -> Option<(f64, f64)> {
        let alike = PairedCounts {
            both_pass: match self.clusters() {
                Some(count) => count,
                None => self.base.len() as u64,
            },
            regressions: 0,
            fixes: 0,
            both_fail: 0,
        };
        let limits = paired_difference(alike, confidence).ok()?;
        Some((limits.lo, limits.hi))
    }

    fn clusters(&self) -> Option<u64> {
        let groups = self.groups.as_ref()?;
        Some(groups.iter().collect::<HashSet<_>>().len() as u64)
    }

    fn flips(&self) -> Option<Effect> {
        let count = |base: bool, candidate: bool| {
            let pairs = self.base.iter().zip(&self.candidate);
            let are = pairs.filter(|(before, now)| (**before > 0.5, **now > 0.5) == (base, candidate));
            are.count() as u64
        };
        let counts = PairedCounts {
            both_pass: count(true, true),
            regressions: count(true, false),
            fixes: count(false, true),
            both_fail: count(false, false),
        };
        let interval = paired_difference(counts, CONFIDENCE).ok()?;
        // The margin is a rule's matter: here only the bounds are wanted.
        let shown = non_inferiority(counts, 0.0, CONFIDENCE).ok()?;
        let flipped = mcnemar(counts.regressions, counts.fixes);
        let test = Test {
            effect: shown.diff?,
            interval: Some((interval.lo, interval.hi)),
            bounds: shown.lower.zip(shown.upper),
            p: Some(flipped.p_midp),
            p_below: Some(flipped.p_worse_midp),
        };
        Some(Effect {
            flips: Some((counts.regressions, counts.fixes)),
            method: PairedMethod::PassOrFail,
            ..self.moved(Change::Difference(test.effect), test)?
        })
    }

    fn moved(&self, change: Change, test: Test) -> Option<Effect> {
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        (!self.base.is_empty()).then(|| Effect {
            unit: Unit::Share,
            examples: self.base.len() as u64,
            left_out: self.left_out,
            base: mean(&self.base),
            candidate: mean(&self.candidate),
            change,
            interval: test.interval,
            bounds: test.bounds,
            p: test.p,
            p_worse: test.p_below,
            flips: None,
            method: match self.clusters() {
                Some(count) => PairedMethod::Clusters { count },
                None => PairedMethod::ExampleMeans,
            },
        })
    }
}

fn kept<T: Clone>(places: &[usize], values: &[T]) -> Vec<T> {
    places.iter().filter_map(|at| values.get(*at).cloned()).collect()
}

/// A mean difference.
#[derive(Clone, Copy)]
struct Test {
    effect: f64,
    interval: Option<(f64, f64)>,
    bounds: Option<(f64, f64)>,
    /// Two-sided.
    p: Option<f64>,
    /// Chance of so low a difference or a lower one, were there none.
    p_below: Option<f64>,
}

impl Test {
    fn of(base: &[f64], candidate: &[f64], groups: Option<&[Option<String>]>) -> Option<Self> {
        match groups {
            None => Self::paired(base, candidate),
            Some(groups) => Self::clustered(base, candidate, groups),
        }
    }

    fn paired(base: &[f64], candidate: &[f64]) -> Option<Self> {
        let test = paired_t(base, candidate, CONFIDENCE).ok()?;
        let bounds = paired_t(base, candidate, BOTH_BOUNDS).ok()?.limits;
        let effect = test.diff?;
        let below = |p: f64| if effect < 0.0 { p / 2.0 } else { 1.0 - p / 2.0 };
        Some(Self {
            effect,
            interval: test.limits.map(|limits| (limits.lo, limits.hi)),
            bounds: bounds.map(|limits| (limits.lo, limits.hi)),
            p: test.p,
            p_below: test.p.map(below),
        })
    }

    fn clustered(base: &[f64], candidate: &[f64], groups: &[Option<String>]) -> Option<Self> {
        let differences: Vec<f64> = base.iter().zip(candidate).map(|(before, now)| now - before).collect();
        let mean = clustered_mean(&differences, groups, CONFIDENCE).ok()?;
        let bounds = clustered_mean(&differences, groups, BOTH_BOUNDS).ok()?.limits;
        let effect = mean.mean?;
        let p_below = mean.se_cr1.zip(mean.df).map(|(se, df)| match se {
            se if se > 0.0 => t_cdf(effect / se, df as f64),
            _ if effect < 0.0 => 0.0,
            _ => 1.0,
        });
        if (mean.n_clusters as u64) < GROUPS_MIN {
            return Some(Self {
                effect,
                interval: None,
                bounds: None,
                p: None,
                p_below: None,
            });
        }
        let no_spread = mean.se_cr1.is_some_and(|se| se <= 0.0) && effect.abs() <= f64::EPSILON;
        let two_sided = |below: f64| if no_spread { 1.0 } else { 2.0 * below.min(1.0 - below) };
        Some(Self {
            effect,
            interval: mean.limits.map(|limits| (limits.lo, limits.hi)),
            bounds: bounds.map(|limits| (limits.lo, limits.hi)),
            p: p_below.map(two_sided),
            p_below,
        })
    }
}
