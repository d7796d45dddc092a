//! Candidate against base on the same examples, with results that pass or fail.

use super::interval::wilson;
use super::proportions::hybrid;
use super::sample::Limits;
use super::special::{binom_cdf, binom_pmf, binom_sf_from, chi2_sf, norm_ppf};
use super::{StatsError, check_confidence, check_margin, check_one_sided};

/// Halvings after which no `f64` between -1 and 1 is left to try.
const BISECTION_STEPS: u32 = 100;

/// How the same examples came out in two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PairedCounts {
    /// Passed in both.
    pub both_pass: u64,
    /// Passed in the base, fails in the candidate.
    pub regressions: u64,
    /// Failed in the base, passes in the candidate.
    pub fixes: u64,
    /// Failed in both.
    pub both_fail: u64,
}

impl PairedCounts {
    /// All pairs.
    pub fn total(&self) -> u64 {
        [self.both_pass, self.regressions, self.fixes, self.both_fail]
            .into_iter()
            .fold(0, u64::saturating_add)
    }

    /// `(fixes - regressions) / n`; `None` without pairs.
    fn difference(&self) -> Option<f64> {
        let n = self.total();
        (n > 0).then(|| (self.fixes as f64 - self.regressions as f64) / n as f64)
    }
}

/// Chances of results at least as one-sided as these if neither run were better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct McNemar {
    /// Pairs that differ: all that this test looks at.
    pub discordant: u64,
    /// Two-sided, exact: conservative.
    pub p_exact: f64,
    /// Two-sided, mid-p: the default.
    pub p_midp: f64,
    /// `(b - c)²/(b + c)`, and its two-sided chance: for comparison with other tools. `None` without discordant pairs.
    pub chi2: Option<f64>,
    /// Chance of `chi2` or more with one degree of freedom.
    pub p_chi2: Option<f64>,
    /// One-sided, "the candidate is worse", exact.
    pub p_worse_exact: f64,
    /// One-sided, "the candidate is worse", mid-p.
    pub p_worse_midp: f64,
}

/// `McNemar`'s test (vector `mcnemar`), with `b` regressions and `c` fixes.
///
/// `p_exact = min(1, 2 P(X <= min(b, c)))`, `p_midp = 2 P(X <= min) - P(X = min)` for X binomial with `b + c` trials of
/// chance 1/2; one-sided `P(X >= b)`, its mid-p less half of `P(X = b)` (Fagerland, Lydersen, Laake 2013).
/// Without discordant pairs the two-sided values are 1.
pub fn mcnemar(regressions: u64, fixes: u64) -> McNemar {
    let discordant = regressions.saturating_add(fixes);
    if discordant == 0 {
        return McNemar {
            discordant,
            p_exact: 1.0,
            p_midp: 1.0,
            chi2: None,
            p_chi2: None,
            p_worse_exact: 1.0,
            p_worse_midp: 0.5,
        };
    }
    let fewer = regressions.min(fixes);
    let at_most = binom_cdf(fewer, discordant, 0.5);
    let worse = binom_sf_from(regressions, discordant, 0.5);
    let chi2 = (regressions as f64 - fixes as f64).powi(2) / discordant as f64;
    McNemar {
        discordant,
        p_exact: (2.0 * at_most).min(1.0),
        p_midp: (2.0 * at_most - binom_pmf(fewer, discordant, 0.5)).clamp(0.0, 1.0),
        chi2: Some(chi2),
        p_chi2: Some(chi2_sf(chi2, 1.0)),
        p_worse_exact: worse,
        p_worse_midp: (worse - 0.5 * binom_pmf(regressions, discordant, 0.5)).max(0.0),
    }
}

/// Difference of two pass rates, candidate less base, with its interval; all as shares of 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedDifference {
    /// The difference as measured; `None` without pairs.
    pub diff: Option<f64>,
    /// Lower end, -1 without pairs.
    pub lo: f64,
    /// Upper end, 1 without pairs.
    pub hi: f64,
}

/// Tango's score interval for the paired difference (vector `paired_prop_diff`, method `tango`; Tango 1998).
///
/// The ends are the roots θ of `(c - b - nθ) / √(n(2q + θ(1-θ))) = ±z`, where `q`, the likeliest regression rate given
/// θ, is the positive root of `2n q² + (-c - b + (2n - c + b)θ) q - bθ(1-θ) = 0`.
///
/// Errors: confidence outside (0, 1).
pub fn paired_difference(counts: PairedCounts, confidence: f64) -> Result<PairedDifference, StatsError> {
    check_confidence(confidence)?;
    Ok(tango(counts, -norm_ppf((1.0 - confidence) / 2.0)))
}

/// How an interval for a paired difference is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairedMethod {
    /// Tango 1998, the score interval: the default, see [`paired_difference`].
    Tango,
    /// Newcombe 1998, method 10: Wilson's intervals of the two rates, put together with their correlation, which is
    /// corrected for continuity.
    Newcombe,
    /// Bonett and Price 2012: Wald after one more regression and one more fix, clipped to -1 to 1.
    BonettPrice,
    /// `(c - b)/n ± z √(b + c - (b - c)²/n)/n`, unclipped: only to show why not.
    Wald,
}

/// Interval for the paired difference by a named method (vector `paired_prop_diff`). Without pairs it is -1 to 1.
///
/// Errors: confidence outside (0, 1).
pub fn paired_difference_by(
    counts: PairedCounts,
    confidence: f64,
    method: PairedMethod,
) -> Result<PairedDifference, StatsError> {
    check_confidence(confidence)?;
    let z = -norm_ppf((1.0 - confidence) / 2.0);
    let (b, c, n) = (counts.regressions as f64, counts.fixes as f64, counts.total() as f64);
    let limits = match (method, counts.difference()) {
        (PairedMethod::Tango, _) | (_, None) => return Ok(tango(counts, z)),
        (PairedMethod::Newcombe, Some(diff)) => newcombe(counts, diff, confidence),
        (PairedMethod::BonettPrice, _) => {
            let (worse, better) = ((b + 1.0) / (n + 2.0), (c + 1.0) / (n + 2.0));
            let half = z * ((worse + better - (better - worse).powi(2)) / (n + 2.0)).sqrt();
            Limits {
                lo: (better - worse - half).max(-1.0),
                hi: (better - worse + half).min(1.0),
            }
        }
        (PairedMethod::Wald, Some(diff)) => {
            let half = z * (b + c - (b - c) * ((b - c) / n)).max(0.0).sqrt() / n;
            Limits {
                lo: diff - half,
                hi: diff + half,
            }
        }
    };
    Ok(PairedDifference {
        diff: counts.difference(),
        lo: limits.lo,
        hi: limits.hi,
    })
}

fn newcombe(counts: PairedCounts, diff: f64, confidence: f64) -> Limits {
    let total = counts.total();
    let base = counts.both_pass.saturating_add(counts.regressions);
    let candidate = counts.both_pass.saturating_add(counts.fixes);
    let (Some(first), Some(second)) = (wilson(base, total, confidence), wilson(candidate, total, confidence)) else {
        return Limits { lo: -1.0, hi: 1.0 };
    };
    let [a, b, c, d] = [counts.both_pass, counts.regressions, counts.fixes, counts.both_fail].map(|count| count as f64);
    let margins = ((a + b) * (c + d)).sqrt() * ((a + c) * (b + d)).sqrt();
    let product = a * d - b * c;
    let corrected = if product > 0.0 {
        (product - total as f64 / 2.0).max(0.0)
    } else {
        product
    };
    let phi = if margins > 0.0 { corrected / margins } else { 0.0 };
    hybrid(diff, first, second, phi)
}

fn tango(counts: PairedCounts, z: f64) -> PairedDifference {
    let Some(diff) = counts.difference() else {
        return PairedDifference {
            diff: None,
            lo: -1.0,
            hi: 1.0,
        };
    };
    let lo = if diff <= -1.0 {
        -1.0
    } else {
        tango_end(counts, diff, -1.0, z)
    };
    let hi = if diff >= 1.0 {
        1.0
    } else {
        tango_end(counts, diff, 1.0, z)
    };
    PairedDifference {
        diff: Some(diff),
        lo,
        hi,
    }
}

/// The score is 0 at the measured difference and grows in size on the way to `outer`: halve until it is `z`.
fn tango_end(counts: PairedCounts, diff: f64, outer: f64, z: f64) -> f64 {
    let (mut inside, mut outside) = (diff, outer);
    for _ in 0..BISECTION_STEPS {
        let middle = inside.midpoint(outside);
        if tango_score(counts, middle).abs() < z {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    inside.midpoint(outside)
}

fn tango_score(counts: PairedCounts, theta: f64) -> f64 {
    let (b, c, n) = (counts.regressions as f64, counts.fixes as f64, counts.total() as f64);
    let linear = -c - b + (2.0 * n - c + b) * theta;
    let constant = -b * theta * (1.0 - theta);
    let root = (linear * linear - 8.0 * n * constant).max(0.0).sqrt();
    // Of the two forms of the root, the one that does not subtract near-equal numbers.
    let q = if linear > 0.0 {
        -2.0 * constant / (linear + root)
    } else {
        (root - linear) / (4.0 * n)
    };
    let variance = n * (2.0 * q + theta * (1.0 - theta));
    (c - b - n * theta) / variance.max(0.0).sqrt()
}

/// Whether the candidate is shown to be no worse than a margin below the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NonInferiorityVerdict {
    /// Shown: the lower bound lies above minus the margin.
    NonInferior,
    /// Shown to be worse than the margin.
    Inferior,
    /// Neither is shown.
    Inconclusive,
    /// No pairs: not a pass.
    NoData,
}

impl NonInferiorityVerdict {
    /// From the two bounds of a difference whose higher values are better.
    pub(super) fn of(bad_side: f64, good_side: f64, margin: f64) -> Self {
        if bad_side > -margin {
            Self::NonInferior
        } else if good_side < -margin {
            Self::Inferior
        } else {
            Self::Inconclusive
        }
    }
}

/// Result of a non-inferiority test on pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NonInferiority {
    /// Candidate less base; `None` without pairs, as are the bounds.
    pub diff: Option<f64>,
    /// One-sided lower bound of the difference.
    pub lower: Option<f64>,
    /// One-sided upper bound of the difference.
    pub upper: Option<f64>,
    /// What the bounds show.
    pub verdict: NonInferiorityVerdict,
    /// The upper bound lies below 0: a regression is there, even one within the margin.
    pub is_regression_detected: bool,
}

/// "No worse than `margin`" (vector `non_inferiority_paired_binary`): Tango's interval at confidence
/// `2 confidence - 1`; non-inferior if its lower end is above `-margin`, inferior if its upper end is below it.
///
/// Errors: confidence outside (1/2, 1); a negative or infinite margin.
pub fn non_inferiority(counts: PairedCounts, margin: f64, confidence: f64) -> Result<NonInferiority, StatsError> {
    check_one_sided(confidence)?;
    check_margin(margin)?;
    let PairedDifference {
        diff: Some(diff),
        lo,
        hi,
    } = tango(counts, -norm_ppf(1.0 - confidence))
    else {
        let verdict = NonInferiorityVerdict::NoData;
        return Ok(NonInferiority {
            diff: None,
            lower: None,
            upper: None,
            verdict,
            is_regression_detected: false,
        });
    };
    let verdict = NonInferiorityVerdict::of(lo, hi, margin);
    Ok(NonInferiority {
        diff: Some(diff),
        lower: Some(lo),
        upper: Some(hi),
        verdict,
        is_regression_detected: hi < 0.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(both_pass: u64, regressions: u64, fixes: u64, both_fail: u64) -> PairedCounts {
        PairedCounts {
            both_pass,
            regressions,
            fixes,
            both_fail,
        }
    }

    #[test]
    fn swapping_the_runs_negates_the_difference_and_swaps_the_ends() {
        for (b, c) in [(0, 0), (1, 7), (12, 2), (0, 40), (30, 12)] {
            let there = paired_difference(counts(36, b, c, 3), 0.95).unwrap();
            let back = paired_difference(counts(36, c, b, 3), 0.95).unwrap();
            assert!(
                (there.lo + back.hi).abs() < 1e-9 && (there.hi + back.lo).abs() < 1e-9,
                "{b} {c}"
            );
        }
    }

    #[test]
    fn identical_runs_give_the_closed_form() {
        let z = 1.959_963_984_540_054_f64;
        let difference = paired_difference(counts(235, 0, 0, 5), 0.95).unwrap();
        assert!((difference.hi - z * z / (240.0 + z * z)).abs() < 1e-12);
        assert!((difference.lo + difference.hi).abs() < 1e-12);
    }

    #[test]
    fn five_one_way_regressions_are_not_enough_for_the_exact_test() {
        assert!(mcnemar(5, 0).p_exact > 0.05);
        assert!(mcnemar(6, 0).p_exact < 0.05);
    }

    #[test]
    fn identical_runs_cannot_show_one_point_below_268_examples() {
        let verdict = |n| non_inferiority(counts(n, 0, 0, 0), 0.01, 0.95).unwrap().verdict;
        assert_eq!(verdict(267), NonInferiorityVerdict::Inconclusive);
        assert_eq!(verdict(268), NonInferiorityVerdict::NonInferior);
    }

    #[test]
    fn a_small_regression_can_be_detected_and_still_be_within_the_margin() {
        let result = non_inferiority(counts(9_900, 60, 20, 20), 0.02, 0.95).unwrap();
        assert_eq!(result.verdict, NonInferiorityVerdict::NonInferior);
        assert!(result.is_regression_detected);
    }
}
