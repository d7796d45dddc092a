//! How much a run differs from its base over the same examples, and how sure that is.

use serde::Serialize;

use crate::stats::{PairedCounts, log_ratio_paired, mcnemar, paired_difference, paired_t};

/// Confidence of the intervals.
pub const CONFIDENCE: f64 = 0.95;

/// Where an interval and a p-value come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectMethod {
    /// Each example asked once, passed or not: Tango's score interval and `McNemar`'s exact test, mid-p.
    PassOrFail,
    /// Means over repeats: paired t on the means of the examples.
    ExampleMeans,
}

impl EffectMethod {
    /// The words beside the numbers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PassOrFail => "Tango interval, McNemar mid-p",
            Self::ExampleMeans => "paired t on the examples' means",
        }
    }
}

/// How a share moved over the examples that both runs have.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Effect {
    /// How many examples.
    pub examples: u64,
    /// The base's share over these, 0 to 1.
    pub base: f64,
    /// The candidate's.
    pub candidate: f64,
    /// Candidate less base.
    pub difference: f64,
    /// 95 % interval of the difference; `None` where too few examples leave none.
    pub interval: Option<(f64, f64)>,
    /// Chance of so large a difference, either way, if there were none; two-sided.
    pub p: Option<f64>,
    /// Where interval and p come from.
    pub method: EffectMethod,
}

impl Effect {
    /// The difference in points of a percentage: `+3.3`.
    pub fn points_text(&self) -> String {
        points(self.difference)
    }

    /// The interval in points of a percentage: `+1.2 to +5.4`; `-` where there is none.
    pub fn interval_text(&self) -> String {
        self.interval.map_or_else(
            || "-".to_owned(),
            |(low, high)| format!("{} to {}", points(low), points(high)),
        )
    }

    /// The chance: `0.012`; `-` where there is none.
    pub fn p_text(&self) -> String {
        p_text(self.p)
    }

    /// Whether the interval lies wholly on one side of 0.
    pub fn is_sure(&self) -> bool {
        self.interval.is_some_and(|(low, high)| low > 0.0 || high < 0.0)
    }
}

/// How latency or cost moved over the examples that both runs have.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RatioEffect {
    /// How many examples.
    pub examples: u64,
    /// Examples left out, since one of the runs has no value of them that is above 0.
    pub left_out: u64,
    /// Geometric mean of candidate over base.
    pub ratio: f64,
    /// 95 % interval, by paired t on the logarithms; `None` for fewer than two examples.
    pub interval: Option<(f64, f64)>,
    /// Chance of so large a ratio, either way, if it were 1; two-sided.
    pub p: Option<f64>,
}

impl RatioEffect {
    /// The ratio as a change: `-7.0 %`.
    pub fn change_text(&self) -> String {
        change(self.ratio)
    }

    /// The interval as changes: `-9.1 % to -4.8 %`; `-` where there is none.
    pub fn interval_text(&self) -> String {
        self.interval.map_or_else(
            || "-".to_owned(),
            |(low, high)| format!("{} to {}", change(low), change(high)),
        )
    }

    /// The chance: `0.012`; `-` where there is none.
    pub fn p_text(&self) -> String {
        p_text(self.p)
    }
}

/// A share as signed points; what rounds to nothing has no sign.
pub fn points(share: f64) -> String {
    signed(share * 100.0)
}

fn change(ratio: f64) -> String {
    format!("{} %", signed((ratio - 1.0) * 100.0))
}

fn signed(value: f64) -> String {
    let text = format!("{value:+.1}");
    if text == "-0.0" || text == "+0.0" {
        "0.0".into()
    } else {
        text
    }
}

/// A chance with three digits; `-` where there is none.
pub fn p_text(p: Option<f64>) -> String {
    match p {
        None => "-".into(),
        Some(p) if p < 0.001 => "<0.001".into(),
        Some(p) => format!("{p:.3}"),
    }
}

/// A share of one example: in the base, and in the candidate.
pub(super) type Pair = (f64, f64);

/// How the share of pairs moved. `None` without pairs.
pub(super) fn effect(pairs: &[Pair], asked_once: bool) -> Option<Effect> {
    if pairs.is_empty() {
        return None;
    }
    let n = pairs.len() as f64;
    let base = pairs.iter().map(|(base, _)| base).sum::<f64>() / n;
    let candidate = pairs.iter().map(|(_, candidate)| candidate).sum::<f64>() / n;
    let (interval, p, method) = if asked_once {
        let counts = counts(pairs);
        let difference = paired_difference(counts, CONFIDENCE).ok()?;
        let p = mcnemar(counts.regressions, counts.fixes).p_midp;
        (Some((difference.lo, difference.hi)), Some(p), EffectMethod::PassOrFail)
    } else {
        let (bases, candidates): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
        let test = paired_t(&bases, &candidates, CONFIDENCE).ok()?;
        let interval = test.limits.map(|limits| (limits.lo, limits.hi));
        (interval, test.p, EffectMethod::ExampleMeans)
    };
    Some(Effect {
        examples: pairs.len() as u64,
        base,
        candidate,
        difference: candidate - base,
        interval,
        p,
        method,
    })
}

/// What became of each example: it passes where more than half of its answers do.
pub(super) fn counts(pairs: &[Pair]) -> PairedCounts {
    let count = |base: bool, candidate: bool| {
        let are = |pair: &&Pair| (pair.0 > 0.5, pair.1 > 0.5) == (base, candidate);
        pairs.iter().filter(are).count() as u64
    };
    PairedCounts {
        both_pass: count(true, true),
        regressions: count(true, false),
        fixes: count(false, true),
        both_fail: count(false, false),
    }
}

/// How a quantity above 0 moved. `None` where no example has it in both.
pub(super) fn ratio(pairs: &[(Option<f64>, Option<f64>)]) -> Option<RatioEffect> {
    let known = pairs.iter().filter_map(|pair| match *pair {
        (Some(base), Some(candidate)) if base > 0.0 && candidate > 0.0 => Some((base, candidate)),
        _ => None,
    });
    let (bases, candidates): (Vec<f64>, Vec<f64>) = known.unzip();
    let ratio = log_ratio_paired(&bases, &candidates, CONFIDENCE).ok()?;
    Some(RatioEffect {
        examples: bases.len() as u64,
        left_out: (pairs.len() - bases.len()) as u64,
        ratio: ratio.ratio?,
        interval: ratio.limits.map(|limits| (limits.lo, limits.hi)),
        p: ratio.p,
    })
}
