//! Which change of many did it: what each does alone, what the whole lacks without it, and where two act together.

use std::collections::BTreeMap;

use serde::Serialize;

use super::compare::{Pairs, RunScores};
use super::paired::{Change, Effect, Pair, Values};
use crate::domain::hash::ContentHash;
use crate::domain::ids::ExampleId;
use crate::domain::unit::Unit;
use crate::stats::{Correction, adjust_p};

/// Chance of a false alarm among all hunks together.
const ALPHA: f64 = 0.05;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    /// The metric at this place of the suite.
    Metric(usize),
    /// Whether every grader passed.
    EveryGrader,
}

impl Measured {
    /// How it moves from one run to another. `None` where it cannot be paired.
    pub fn effect(self, base: &RunScores, candidate: &RunScores) -> Option<Effect> {
        let pairs = Pairs::new(base, candidate);
        match self {
            Self::Metric(at) => pairs.metric(at).ok(),
            Self::EveryGrader => pairs.passes(),
        }
    }

    /// The examples that have a value of it by themselves, in order, each with what it belongs to.
    fn values(self, run: &RunScores) -> BTreeMap<(ExampleId, ContentHash), (f64, String)> {
        let values = run.placed().filter_map(|(place, scores)| {
            let entry = run.tally().entries().get(place)?;
            let value = match self {
                Self::Metric(at) => {
                    let metric = run.tally().metrics().get(at)?;
                    let cell = entry
                        .cell(at)
                        .filter(|_| metric.kind.is_paired() && !metric.kind.is_expense())?;
                    cell.value(&metric.kind)?
                }
                Self::EveryGrader => scores.pass_share(),
            };
            Some(((scores.example.clone(), scores.hash), (value, entry.group())))
        });
        values.collect()
    }
}

/// What one hunk does.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct HunkEffect {
    /// The base with only this hunk, against the base; `None` while that is not run.
    pub alone: Option<Effect>,
    /// The p of `alone`, adjusted for all hunks by Holm.
    pub p_holm: Option<f64>,
    /// The candidate against the candidate without this hunk; `None` where that is not run.
    pub left_out: Option<Effect>,
    /// The p of `left_out`, adjusted for all hunks by Holm.
    pub left_out_p_holm: Option<f64>,
}

impl HunkEffect {
    /// Whether it does something, alone or within the whole, beyond what chance explains over all hunks.
    pub fn is_flagged(&self) -> bool {
        [self.p_holm, self.left_out_p_holm].iter().flatten().any(|p| *p < ALPHA)
    }
}

/// P-values adjusted for all of them by Holm.
pub fn holm(p_values: &[Option<f64>]) -> Vec<Option<f64>> {
    let adjusted = adjust_p(p_values, Correction::Holm, ALPHA).map(|adjusted| adjusted.adjusted);
    adjusted.unwrap_or_else(|_| vec![None; p_values.len()])
}

/// Adjusts the p-values of all hunks.
pub fn adjust(effects: &mut [HunkEffect]) {
    let p = |effect: Option<Effect>| effect.and_then(|effect| effect.p);
    let alone = holm(&effects.iter().map(|effect| p(effect.alone)).collect::<Vec<_>>());
    let left_out = holm(&effects.iter().map(|effect| p(effect.left_out)).collect::<Vec<_>>());
    for ((effect, alone), left_out) in effects.iter_mut().zip(alone).zip(left_out) {
        (effect.p_holm, effect.left_out_p_holm) = (alone, left_out);
    }
}

/// How much two hunks do together beyond the sum of what each does alone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interaction {
    /// The base with both, less the sum: as a share, 0 where they do not touch each other.
    pub beyond: f64,
    /// 95 % interval, by paired t over the examples; `None` for fewer than two, and where none differs.
    pub interval: Option<(f64, f64)>,
    /// Why there is no interval.
    pub no_interval: Option<&'static str>,
    /// Two-sided.
    pub p: Option<f64>,
}

/// `both - one - other + base` example by example. `None` where they share no example, or where no example has a value
/// of the metric by itself.
pub fn interaction(
    measured: Measured,
    base: &RunScores,
    one: &RunScores,
    other: &RunScores,
    both: &RunScores,
) -> Option<Interaction> {
    let (base, one, other) = (measured.values(base), measured.values(one), measured.values(other));
    let is_clustered = both.tally().is_clustered();
    let together = measured.values(both).into_iter();
    let pairs = together.filter_map(|(key, (both, group))| {
        let ((base, _), (one, _), (other, _)) = (base.get(&key)?, one.get(&key)?, other.get(&key)?);
        Some(Pair {
            base: Some(one + other - base),
            candidate: Some(both),
            is_binary: false,
            group: is_clustered.then_some(group),
        })
    });
    let values = Values::new(pairs, is_clustered);
    let effect = values.difference(Unit::Share)?;
    let Change::Difference(beyond) = effect.change else {
        return None;
    };
    // Without any spread the interval would be a point, as if nothing could be otherwise.
    let interval = effect.interval.filter(|_| values.has_moved());
    Some(Interaction {
        beyond,
        interval,
        no_interval: match interval {
            Some(_) => None,
            None if values.has_moved() => Some("too few examples, or clusters of them"),
            None => Some("no example differs from the sum"),
        },
        p: effect.p,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evals::samples::{example, outcome, triage_suite};

    /// A run in which the first `passing` examples pass.
    fn run(passing: u64) -> RunScores {
        let mut scores = RunScores::new(&triage_suite());
        for index in 0..40 {
            scores.push(
                &outcome(index, "{}", &[("route", index < passing)]),
                &example(index, "{}", "billing"),
            );
        }
        scores
    }

    #[test]
    fn only_what_moves_much_is_flagged_among_many() {
        let base = run(20);
        let alone = |passing| HunkEffect {
            alone: Measured::EveryGrader.effect(&base, &run(passing)),
            ..HunkEffect::default()
        };
        let mut effects: Vec<HunkEffect> = [32, 20, 21, 22, 20, 19, 25].map(alone).to_vec();
        adjust(&mut effects);
        let flagged: Vec<bool> = effects.iter().map(HunkEffect::is_flagged).collect();
        // Five of five flips have p = 0.031 by themselves, which says little among seven.
        assert_eq!(flagged, [true, false, false, false, false, false, false]);
        assert!(effects[6].alone.unwrap().p.unwrap() < 0.05 && effects[6].p_holm.unwrap() > 0.05);
    }

    #[test]
    fn two_that_only_help_together_interact() {
        let both = interaction(Measured::EveryGrader, &run(20), &run(20), &run(20), &run(30)).unwrap();
        assert!((both.beyond - 0.25).abs() < 1e-12 && both.interval.unwrap().0 > 0.0);
        let apart = interaction(Measured::EveryGrader, &run(20), &run(20), &run(30), &run(30)).unwrap();
        assert!(apart.beyond.abs() < 1e-12);
        assert_eq!(apart.p, Some(1.0));
    }
}
