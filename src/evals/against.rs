//! A run against its base run: the same examples, pair by pair.

use std::collections::HashSet;

use crate::domain::gate::Relative;
use crate::domain::ids::RunId;
use crate::domain::metric::{Metric, MetricKind, Slice};
use crate::domain::run::{AgainstBase, Regression};
use crate::stats::special::t_cdf;
use crate::stats::{Correction, PairedCounts, PairedT, adjust_p, clustered_mean, mcnemar, non_inferiority, paired_t};

use super::metrics::{BOTH_BOUNDS, CONFIDENCE, Entry, Tally};

/// A latency of 0 ms took less than 1 ms: the middle of what it may have been, since a ratio needs a number above 0.
const LATENCY_BELOW_1_MS: f64 = 0.5;
/// Fewest pairs of a test: fewer say nothing, and each test makes it harder for the others.
const PAIRS_MIN: u64 = 5;
/// Most regressions that a run lists.
const REGRESSIONS_MAX: usize = 100;
/// Chance of a false alarm over all tests, and share of false leads among those listed.
const ALPHA: f64 = 0.05;

/// What a run is compared with.
pub enum Against<'a> {
    /// The base run's outcomes.
    Base {
        /// The base run.
        run: RunId,
        /// Its sums.
        base: &'a Tally,
        /// The run's own.
        candidate: &'a Tally,
    },
    /// Nothing, and why: with what to do about it.
    Nothing {
        /// The sentence.
        why: String,
    },
}

/// A metric of both runs over the same examples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Compared {
    pub(super) relative: Relative,
    /// Chance of as bad a result or a worse one, were nothing worse.
    pub(super) p_worse: Option<f64>,
}

/// The values of the pairs, of which a mean difference is made.
struct Pairs {
    base: Vec<f64>,
    candidate: Vec<f64>,
    /// The cluster of each, where the suite declares them.
    groups: Option<Vec<Option<String>>>,
    /// Whether each value is one outcome that passed or failed.
    is_binary: bool,
}

impl Against<'_> {
    /// A metric over the whole run or a slice, against the base.
    ///
    /// # Errors
    ///
    /// Why they cannot be compared, as a sentence.
    pub(super) fn compare(&self, metric: &str, slice: Option<&Slice>) -> Result<Compared, String> {
        let (base, candidate) = match self {
            Self::Base { base, candidate, .. } => (base, candidate),
            Self::Nothing { why } => return Err(why.clone()),
        };
        let at = candidate.metrics().iter().position(|known| known.name == metric);
        let at = at.ok_or_else(|| format!("no metric is named '{metric}'"))?;
        let number = candidate.parts().find(|(known, _)| *known == slice);
        let number = number.map(|(_, number)| number);
        let number = number.ok_or_else(|| "no example is in the slice".to_owned())?;
        let members = candidate.members(number);
        compare_members(candidate, base, at, &members)
    }

    /// Every metric of which examples have a value of their own, over the whole run and each slice; `None` without a
    /// base.
    pub fn summary(&self) -> Option<AgainstBase> {
        let Self::Base { run, base, candidate } = self else {
            return None;
        };
        let metrics: Vec<(usize, &Metric)> = candidate
            .metrics()
            .iter()
            .enumerate()
            .filter(|(_, metric)| metric.kind.is_paired())
            .collect();
        let members = candidate.members_by_part();
        let mut tests: Vec<(&Metric, Option<&Slice>, Compared)> = Vec::new();
        for (slice, number) in candidate.parts() {
            let Some(entries) = members.get(&number) else { continue };
            for (at, metric) in &metrics {
                let compared = compare_members(candidate, base, *at, entries);
                let compared = compared.ok().filter(|compared| compared.relative.pairs >= PAIRS_MIN);
                tests.extend(compared.map(|compared| (*metric, slice, compared)));
            }
        }
        Some(AgainstBase {
            run: *run,
            tests: tests
                .iter()
                .filter(|(_, _, compared)| compared.p_worse.is_some())
                .count() as u64,
            regressions: regressions(&tests),
        })
    }
}

/// Those that stand out after Holm's correction, or as leads after Benjamini's and Hochberg's.
fn regressions(tests: &[(&Metric, Option<&Slice>, Compared)]) -> Vec<Regression> {
    let p_values: Vec<Option<f64>> = tests.iter().map(|(_, _, compared)| compared.p_worse).collect();
    let adjusted = |correction| adjust_p(&p_values, correction, ALPHA).ok();
    let (Some(holm), Some(leads)) = (adjusted(Correction::Holm), adjusted(Correction::BenjaminiHochberg)) else {
        return Vec::new();
    };
    let flags = holm.reject.iter().zip(&leads.reject);
    let corrected = holm.adjusted.iter().zip(&leads.adjusted).zip(flags);
    let mut regressions: Vec<Regression> = tests
        .iter()
        .zip(corrected)
        .filter_map(|((metric, slice, compared), ((holm, lead), (is_flagged, is_lead)))| {
            (*is_flagged || *is_lead).then_some(())?;
            Some(Regression {
                metric: metric.name.clone(),
                slice: slice.cloned(),
                effect: compared.relative.effect,
                pairs: compared.relative.pairs,
                p_value: compared.p_worse?,
                holm: (*holm)?,
                false_discovery: (*lead)?,
                is_flagged: *is_flagged,
            })
        })
        .collect();
    regressions.sort_by(|one, other| one.p_value.total_cmp(&other.p_value));
    regressions.truncate(REGRESSIONS_MAX);
    regressions
}

fn compare_members(candidate: &Tally, base: &Tally, at: usize, members: &[(u64, &Entry)]) -> Result<Compared, String> {
    let metric = candidate.metrics().get(at).ok_or("there is no such metric")?;
    if metric.kind == MetricKind::CostPerExample && (candidate.has_unpriced() || base.has_unpriced()) {
        return Err("a price is unknown".into());
    }
    let pairs = Pairs::of(candidate, base, at, &metric.kind, members);
    let compared = if metric.kind.is_expense() {
        let (base, candidate) = pairs
            .logarithms()
            .ok_or("an example cost nothing, of which there is no ratio")?;
        pairs.ratio(&base, &candidate)
    } else {
        pairs.difference()
    };
    compared.ok_or_else(|| "no example has a value in both runs".to_owned())
}

impl Pairs {
    fn of(candidate: &Tally, base: &Tally, at: usize, kind: &MetricKind, members: &[(u64, &Entry)]) -> Self {
        let mut pairs = Self {
            base: Vec::new(),
            candidate: Vec::new(),
            groups: None,
            is_binary: kind.is_rate(),
        };
        let mut groups = Vec::new();
        for (place, entry) in members {
            let cells = base.entries().get(place).and_then(|base| base.cells.get(at));
            let Some((before, now)) = cells.zip(entry.cells.get(at)) else {
                continue;
            };
            let Some((before_value, now_value)) = before.value(kind).zip(now.value(kind)) else {
                continue;
            };
            pairs.is_binary &= before.count == 1 && now.count == 1;
            let at_least = if *kind == MetricKind::LatencyMean {
                LATENCY_BELOW_1_MS
            } else {
                f64::MIN
            };
            pairs.base.push(before_value.max(at_least));
            pairs.candidate.push(now_value.max(at_least));
            groups.push(Some(entry.group(*place)));
        }
        if candidate.is_clustered() {
            pairs.groups = Some(groups);
            pairs.is_binary = false;
        }
        pairs
    }

    fn count(&self) -> u64 {
        self.base.len() as u64
    }

    /// Candidate less base: of single outcomes that pass or fail by Tango's interval, of other values by Student's t.
    fn difference(&self) -> Option<Compared> {
        if self.is_binary {
            return self.flips();
        }
        let test = self.test(&self.base, &self.candidate)?;
        let bounds = if self.has_moved() { test.bounds } else { self.unmoved() };
        Some(Compared {
            relative: Relative {
                effect: test.effect,
                bounds,
                pairs: self.count(),
                flips: None,
                is_regression_detected: bounds.is_some_and(|(_, upper)| upper < 0.0),
            },
            p_worse: test.p_below,
        })
    }

    fn has_moved(&self) -> bool {
        let mut pairs = self.base.iter().zip(&self.candidate);
        pairs.any(|(before, now)| (now - before).abs() > f64::EPSILON)
    }

    /// The bounds where no pair differs. The spread of the differences, which is none, would say that no other pair
    /// could: each example, or cluster, counts as a pair of outcomes that are alike.
    fn unmoved(&self) -> Option<(f64, f64)> {
        let alike = match &self.groups {
            Some(groups) => groups.iter().collect::<HashSet<_>>().len() as u64,
            None => self.count(),
        };
        let counts = PairedCounts {
            both_pass: alike,
            regressions: 0,
            fixes: 0,
            both_fail: 0,
        };
        let shown = non_inferiority(counts, 0.0, CONFIDENCE).ok()?;
        shown.lower.zip(shown.upper)
    }

    fn flips(&self) -> Option<Compared> {
        let mut counts = PairedCounts {
            both_pass: 0,
            regressions: 0,
            fixes: 0,
            both_fail: 0,
        };
        for (before, now) in self.base.iter().zip(&self.candidate) {
            let count = match (*before > 0.5, *now > 0.5) {
                (true, true) => &mut counts.both_pass,
                (true, false) => &mut counts.regressions,
                (false, true) => &mut counts.fixes,
                (false, false) => &mut counts.both_fail,
            };
            *count += 1;
        }
        // The margin is the rule's matter: here only the bounds are wanted.
        let shown = non_inferiority(counts, 0.0, CONFIDENCE).ok()?;
        Some(Compared {
            relative: Relative {
                effect: shown.diff?,
                bounds: shown.lower.zip(shown.upper),
                pairs: counts.total(),
                flips: Some((counts.regressions, counts.fixes)),
                is_regression_detected: shown.is_regression_detected,
            },
            p_worse: Some(mcnemar(counts.regressions, counts.fixes).p_worse_midp),
        })
    }

    /// Of both runs; `None` where a value is 0.
    fn logarithms(&self) -> Option<(Vec<f64>, Vec<f64>)> {
        let of = |values: &[f64]| -> Option<Vec<f64>> {
            let above_0 = |value: &f64| if *value > 0.0 { Some(value.ln()) } else { None };
            values.iter().map(above_0).collect()
        };
        of(&self.base).zip(of(&self.candidate))
    }

    /// Candidate over base: the difference of logarithms.
    fn ratio(&self, base: &[f64], candidate: &[f64]) -> Option<Compared> {
        let test = self.test(base, candidate)?;
        let bounds = test.bounds.map(|(lower, upper)| (lower.exp(), upper.exp()));
        Some(Compared {
            relative: Relative {
                effect: test.effect.exp(),
                bounds,
                pairs: self.count(),
                flips: None,
                is_regression_detected: bounds.is_some_and(|(lower, _)| lower > 1.0),
            },
            p_worse: test.p_below.map(|p_below| 1.0 - p_below),
        })
    }

    fn test(&self, base: &[f64], candidate: &[f64]) -> Option<Test> {
        match &self.groups {
            None => Test::paired(base, candidate),
            Some(groups) => Test::clustered(base, candidate, groups),
        }
    }
}

/// A mean difference.
struct Test {
    effect: f64,
    bounds: Option<(f64, f64)>,
    /// Chance of so low a difference or a lower one, were there none.
    p_below: Option<f64>,
}

impl Test {
    fn paired(base: &[f64], candidate: &[f64]) -> Option<Self> {
        let PairedT { diff, limits, p, .. } = paired_t(base, candidate, BOTH_BOUNDS).ok()?;
        let effect = diff?;
        Some(Self {
            effect,
            bounds: limits.map(|limits| (limits.lo, limits.hi)),
            p_below: p.map(|p| if effect < 0.0 { p / 2.0 } else { 1.0 - p / 2.0 }),
        })
    }

    fn clustered(base: &[f64], candidate: &[f64], groups: &[Option<String>]) -> Option<Self> {
        let differences: Vec<f64> = base.iter().zip(candidate).map(|(before, now)| now - before).collect();
        let mean = clustered_mean(&differences, groups, BOTH_BOUNDS).ok()?;
        let effect = mean.mean?;
        let p_below = mean.se_cr1.zip(mean.df).map(|(se, df)| match se {
            se if se > 0.0 => t_cdf(effect / se, df as f64),
            _ if effect < 0.0 => 0.0,
            _ => 1.0,
        });
        Some(Self {
            effect,
            bounds: mean.limits.map(|limits| (limits.lo, limits.hi)),
            p_below,
        })
    }
}

#[cfg(test)]
mod tests;
