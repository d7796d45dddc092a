//! Which change of many did it: what each does alone, what the whole lacks without it, and where two act together.

use serde::Serialize;

use super::compare::{CONFIDENCE, Effect, Pairs, RunScores};
use crate::stats::{Correction, adjust_p, paired_t};

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
            Self::Metric(at) => pairs.metric(at),
            Self::EveryGrader => pairs.passes(),
        }
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
    /// Two-sided.
    pub p: Option<f64>,
}

/// `both - one - other + base` example by example. `None` where they share no example.
pub fn interaction(
    measured: Measured,
    base: &RunScores,
    one: &RunScores,
    other: &RunScores,
    both: &RunScores,
) -> Option<Interaction> {
    let value = |scores: &super::compare::ExampleScores| match measured {
        Measured::Metric(at) => scores.metric(at),
        Measured::EveryGrader => Some(scores.pass_share()),
    };
    let by_id = |run: &RunScores| -> std::collections::HashMap<_, f64> {
        let values = run.examples();
        values
            .filter_map(|scores| Some(((scores.example.clone(), scores.hash), value(scores)?)))
            .collect()
    };
    let (base, one, other) = (by_id(base), by_id(one), by_id(other));
    let (mut sums, mut together) = (Vec::new(), Vec::new());
    for (key, both) in by_id(both) {
        if let (Some(base), Some(one), Some(other)) = (base.get(&key), one.get(&key), other.get(&key)) {
            sums.push(one + other - base);
            together.push(both);
        }
    }
    let test = paired_t(&sums, &together, CONFIDENCE).ok()?;
    let differs = sums
        .iter()
        .zip(&together)
        .any(|(sum, both)| (both - sum).abs() > f64::EPSILON);
    Some(Interaction {
        beyond: test.diff?,
        // Without any spread the interval would be a point, as if nothing could be otherwise.
        interval: test.limits.filter(|_| differs).map(|limits| (limits.lo, limits.hi)),
        p: test.p,
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
