//! How far a run moved from its base over the same examples, how sure that is, and the words for it.

use serde::Serialize;

use crate::domain::metric::{GROUPS_FEW, GROUPS_MIN};
use crate::domain::unit::Unit;

/// Where an interval and a p-value come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PairedMethod {
    /// Each example asked once, passed or not: Tango's score interval and `McNemar`'s exact test, mid-p.
    PassOrFail,
    /// Means over repeats, or numbers: paired t on the examples' own means; of ratios on their logarithms.
    ExampleMeans,
    /// The same over clusters of examples that belong together, with the standard error CR1.
    Clusters {
        /// How many.
        count: u64,
    },
    /// What only all examples together have, such as F1: both runs' examples, or clusters, drawn together again and
    /// again, with `BCa` limits; p by exchanging the runs' answers at random.
    Resampling {
        /// How often.
        resamples: u64,
        /// Where the random numbers begin.
        seed: u64,
        /// How many examples, or clusters, are drawn from.
        drawn_from: u64,
    },
}

impl PairedMethod {
    /// The words beside the numbers.
    pub fn text(self) -> String {
        match self {
            Self::PassOrFail => "Tango interval, McNemar mid-p".into(),
            Self::ExampleMeans => "paired t on the examples' means".into(),
            Self::Clusters { count } if (GROUPS_MIN..GROUPS_FEW).contains(&count) => {
                format!("paired t of {count} clusters, whose interval may be too narrow below {GROUPS_FEW}")
            }
            Self::Clusters { count } => format!("paired t of {count} clusters"),
            Self::Resampling { resamples, .. } => {
                format!("paired bootstrap (BCa) and permutation, {resamples} resamples")
            }
        }
    }
}

/// From base to candidate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Candidate less base, of what more is better of.
    Difference(f64),
    /// Geometric mean of candidate over base, of what less is better of: latency and cost.
    Ratio(f64),
}

/// How a metric moved over the examples that both runs have.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Effect {
    /// What its numbers are of.
    pub unit: Unit,
    /// How many examples.
    pub examples: u64,
    /// Examples left out of a ratio, since their value in one of the runs is 0.
    pub left_out: u64,
    /// The base's value over these.
    pub base: f64,
    /// The candidate's.
    pub candidate: f64,
    /// How far it moved.
    #[serde(flatten)]
    pub change: Change,
    /// 95 % interval of the change; [`Effect::no_interval`] says why there is none.
    pub interval: Option<(f64, f64)>,
    /// One-sided 95 % bounds of the change, lower and upper.
    pub bounds: Option<(f64, f64)>,
    /// Chance of so large a change, either way, if there were none; two-sided.
    pub p: Option<f64>,
    /// Chance of as bad a change or a worse one, were nothing worse; one-sided.
    pub p_worse: Option<f64>,
    /// Of examples that pass or fail: passed in the base and fail now, then failed and pass now.
    pub flips: Option<(u64, u64)>,
    /// Where interval and p come from.
    pub method: PairedMethod,
}

impl Effect {
    /// How much better it became, above 0, or worse, below: a difference, or the logarithm of a ratio turned round.
    pub fn gain(&self) -> f64 {
        match self.change {
            Change::Difference(difference) => difference,
            Change::Ratio(ratio) => -ratio.ln(),
        }
    }

    /// The change and the ends of its interval as distances from no change: low, change, high. Without an interval both
    /// ends are the change.
    pub fn distances(&self) -> (f64, f64, f64) {
        let (change, unchanged) = match self.change {
            Change::Difference(difference) => (difference, 0.0),
            Change::Ratio(ratio) => (ratio, 1.0),
        };
        let (low, high) = self.interval.unwrap_or((change, change));
        (low - unchanged, change - unchanged, high - unchanged)
    }

    /// Whether the interval lies wholly on one side of no change.
    pub fn is_sure(&self) -> bool {
        let (low, _, high) = self.distances();
        self.interval.is_some() && (low > 0.0 || high < 0.0)
    }

    /// The change in points of a percentage (`+3.3`), as a coefficient (`+0.033`), or of a ratio (`-7.0 %`).
    pub fn change_text(&self) -> String {
        match self.change {
            Change::Difference(number) | Change::Ratio(number) => self.text_of(number),
        }
    }

    /// The change with the word for its unit: `+3.3 points`.
    pub fn moved_text(&self) -> String {
        match (self.change, self.unit) {
            (Change::Difference(_), Unit::Share) => format!("{} points", self.change_text()),
            _ => self.change_text(),
        }
    }

    /// The interval in the unit of the change: `+1.2 to +5.4`; `-` where there is none.
    pub fn interval_text(&self) -> String {
        self.interval.map_or_else(
            || "-".to_owned(),
            |(low, high)| format!("{} to {}", self.text_of(low), self.text_of(high)),
        )
    }

    /// The chance: `0.012`; `-` where there is none.
    pub fn p_text(&self) -> String {
        p_text(self.p)
    }

    /// Why there is no interval; `None` where there is one.
    pub fn no_interval(&self) -> Option<&'static str> {
        if self.interval.is_some() {
            return None;
        }
        Some(match self.method {
            PairedMethod::Resampling { drawn_from: 0 | 1, .. } | PairedMethod::Clusters { count: 0 | 1 } => {
                "there are fewer than two clusters"
            }
            PairedMethod::Clusters { count } if count < GROUPS_MIN => "there are fewer than ten clusters",
            PairedMethod::Resampling {
                resamples: 0,
                drawn_from,
                ..
            } if drawn_from < GROUPS_MIN => "there are fewer than ten examples, or clusters, to draw from",
            PairedMethod::Clusters { .. } | PairedMethod::PassOrFail | PairedMethod::ExampleMeans => {
                "there are fewer than two examples"
            }
            PairedMethod::Resampling { resamples: 0, .. } => "there are too many examples to draw them often enough",
            PairedMethod::Resampling { .. } => "it is undefined, or the same, in samples of these examples",
        })
    }

    fn text_of(&self, number: f64) -> String {
        match (self.change, self.unit) {
            (Change::Ratio(_), _) => format!("{} %", points(number - 1.0)),
            (Change::Difference(_), unit) => unit.difference_text(number),
        }
    }
}

/// A share as signed points; what rounds to nothing has no sign.
pub fn points(share: f64) -> String {
    Unit::Share.difference_text(share)
}

/// A chance with three digits; `-` where there is none.
pub fn p_text(p: Option<f64>) -> String {
    match p {
        None => "-".into(),
        Some(p) if p < 0.001 => "<0.001".into(),
        Some(p) => format!("{p:.3}"),
    }
}

#[cfg(test)]
impl Effect {
    /// A share that moved over 100 examples that were asked once, with an interval of this half width.
    pub(crate) fn sample(base: f64, candidate: f64, half: f64, p: Option<f64>) -> Self {
        let difference = candidate - base;
        let around = Some((difference - half, difference + half));
        Self {
            unit: Unit::Share,
            examples: 100,
            left_out: 0,
            base,
            candidate,
            change: Change::Difference(difference),
            interval: around,
            bounds: around,
            p,
            p_worse: None,
            flips: None,
            method: PairedMethod::PassOrFail,
        }
    }
}
