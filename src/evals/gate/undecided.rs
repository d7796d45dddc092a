//! Outcomes of which a grader gave no verdict, such as those whose judge lies on both sides of its threshold. Nothing
//! is known of them, so they prove and refute nothing: a rule takes them as failed and as passed, and says only what
//! holds both ways.

use super::{Facts, NO_FACTS, facts, is_single, rate_facts, relative};
use crate::domain::metric::{Measure, MetricKind, MetricResult};
use crate::domain::suite::Threshold;
use crate::evals::against::{Against, Compared};
use crate::evals::metrics::Tally;

/// How many outcomes of a rule have no verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Undecided {
    pub(super) count: u64,
    /// Those of the base run, where the rule compares with it.
    base: u64,
}

impl Undecided {
    pub(super) fn of(threshold: &Threshold, own: Option<&Tally>, against: &Against<'_>) -> Self {
        let of = |tally: &Tally| tally.undecided(&threshold.metric, threshold.slice.as_ref());
        let base = match against {
            Against::Base { base, .. } if threshold.comparison.is_relative() => of(base),
            Against::Base { .. } | Against::Nothing { .. } => 0,
        };
        Self {
            count: own.map_or(0, of),
            base,
        }
    }

    pub(super) fn is_any(self) -> bool {
        self.count + self.base > 0
    }

    /// What the rule's facts would be at the other ends: with all of them passed, and with those of the base passed.
    /// Of a metric that does not follow them in one direction nothing is known.
    pub(super) fn other_facts(
        self,
        threshold: &Threshold,
        kind: Option<&MetricKind>,
        measure: Measure,
        result: Option<&MetricResult>,
        compared: Option<&Result<Compared, String>>,
    ) -> Vec<Facts> {
        let follows = kind.is_some_and(|kind| {
            let is_mean = matches!(
                kind,
                MetricKind::ScoreMean { .. } | MetricKind::PassAtK { .. } | MetricKind::PassHatK { .. }
            );
            kind.is_rate() || is_mean
        });
        if !follows {
            return vec![NO_FACTS];
        }
        if let Some(compared) = compared {
            let Ok(found) = compared else { return Vec::new() };
            let share = |count: u64| (count as f64 / found.relative.pairs.max(1) as f64).min(1.0);
            return [share(self.count), -share(self.base)]
                .map(|by| relative::facts(threshold, &Ok(found.moved(by))))
                .to_vec();
        }
        vec![match (measure, result) {
            (Measure::Rate { hits, total }, result) if result.is_none_or(is_single) => {
                rate_facts(threshold, (hits + self.count).min(total), total).unwrap_or(NO_FACTS)
            }
            (measure, Some(result)) => {
                let count = match measure {
                    Measure::Rate { total, .. } => total,
                    Measure::Value { count, .. } => count,
                    Measure::Undefined => 1,
                };
                moved_facts(
                    threshold,
                    measure,
                    result,
                    (self.count as f64 / count.max(1) as f64).min(1.0),
                )
            }
            (_, None) => NO_FACTS,
        }]
    }

    /// How many there are, in words; `None` where there are none.
    pub(super) fn counts(self) -> Option<String> {
        let counts = match (self.count, self.base) {
            (0, 0) => return None,
            (count, 0) => format!("{count} without a verdict"),
            (0, base) => format!("{base} of the base without a verdict"),
            (count, base) => format!("{count} and {base} of the base without a verdict"),
        };
        Some(format!("{counts} (judgements unstable or missing)"))
    }

    /// The same with what becomes of them.
    pub(super) fn note(self) -> Option<String> {
        Some(format!("{}, taken as failed and as passed", self.counts()?))
    }
}

/// The facts of a share whose value and bounds all lie higher by this much: each outcome moves the mean by no more than
/// its part of it.
fn moved_facts(threshold: &Threshold, measure: Measure, result: &MetricResult, by: f64) -> Facts {
    let up = |value: f64| (value + by).min(1.0);
    let Some(value) = measure.value() else { return NO_FACTS };
    let count = match measure {
        Measure::Rate { total, .. } => total,
        Measure::Value { count, .. } => count,
        Measure::Undefined => 0,
    };
    let moved = MetricResult {
        bounds: (result.bounds.0.map(up), result.bounds.1.map(up)),
        ..result.clone()
    };
    let measure = Measure::Value {
        value: up(value),
        count,
    };
    facts(threshold, measure, Some(&moved))
}
