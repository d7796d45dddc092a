//! A run against its base run: the same examples, pair by pair.

use crate::domain::gate::Relative;
use crate::domain::ids::RunId;
use crate::domain::metric::{Metric, Slice};
use crate::domain::run::{AgainstBase, Regression};
use crate::stats::{Correction, adjust_p};

use super::metrics::{Entry, Tally};
use super::paired::{Change, Common, Effect, Shared};

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
    /// Why there are no bounds; `None` where there are.
    pub(super) no_bounds: Option<&'static str>,
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

/// A metric over the examples of a part of the candidate, which the base has at the same places.
fn compare_members(candidate: &Tally, base: &Tally, at: usize, members: &[Entry<'_>]) -> Result<Compared, String> {
    let shared = members.iter().filter_map(|entry| {
        Some(Shared {
            base: base.entries().get(entry.place())?,
            candidate: *entry,
        })
    });
    let examples = shared.collect();
    let effect = Common {
        base,
        candidate,
        examples,
    }
    .effect(at)?;
    if effect.left_out > 0 {
        return Err("an example cost nothing, of which there is no ratio".into());
    }
    Ok(effect.into())
}

impl Compared {
    /// The same with the difference and its bounds higher by this much.
    pub(super) fn moved(self, by: f64) -> Self {
        let relative = Relative {
            effect: self.relative.effect + by,
            bounds: self.relative.bounds.map(|(lower, upper)| (lower + by, upper + by)),
            ..self.relative
        };
        Self { relative, ..self }
    }
}

impl From<Effect> for Compared {
    fn from(effect: Effect) -> Self {
        let (value, is_regression_detected) = match effect.change {
            Change::Difference(difference) => (difference, effect.bounds.is_some_and(|(_, upper)| upper < 0.0)),
            Change::Ratio(ratio) => (ratio, effect.bounds.is_some_and(|(lower, _)| lower > 1.0)),
        };
        Self {
            relative: Relative {
                effect: value,
                bounds: effect.bounds,
                pairs: effect.examples,
                flips: effect.flips,
                is_regression_detected,
            },
            p_worse: effect.p_worse,
            no_bounds: effect.no_interval(),
        }
    }
}

#[cfg(test)]
mod tests;
