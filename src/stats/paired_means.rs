//! Candidate against base on the same examples, with numeric results: scores, cost, latency.

use super::paired::NonInferiorityVerdict;
use super::proportions::Alternative;
use super::sample::{
    Limits, check_finite, check_lengths, check_positive, covariance, defined, is_constant, is_rounding, mean, variance,
};
use super::special::{t_critical, t_sf};
use super::{StatsError, check_confidence, check_margin, check_one_sided};

/// Most differences whose signs are all tried: 2^20 ways.
const SIGN_FLIPS_MAX: usize = 20;
/// Sums this close, in shares of the sum of sizes, are ties.
const TIE_SLACK: f64 = 1e-12;

/// Result of [`paired_t`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedT {
    /// Pairs.
    pub n: usize,
    /// Mean of candidate less base; `None` without pairs.
    pub diff: Option<f64>,
    /// `None` for fewer than two pairs, as is what follows.
    pub se: Option<f64>,
    /// `diff ± t(n-1) se`
    pub limits: Option<Limits>,
    /// Correlation of the two sides, the reason to pair; `None` where either does not vary.
    pub corr: Option<f64>,
    /// `None` where the differences do not vary.
    pub t: Option<f64>,
    /// Two-sided; where the differences do not vary 1 for no difference, otherwise 0.
    pub p: Option<f64>,
}

/// Student's t on the differences, candidate less base (vector `paired_t`). Differences that vary by no more than
/// rounding count as not varying at all.
///
/// Errors: lists of different length; a value that is NaN or infinite; confidence outside (0, 1).
pub fn paired_t(base: &[f64], candidate: &[f64], confidence: f64) -> Result<PairedT, StatsError> {
    check_lengths(base.len(), candidate.len())?;
    check_finite(base)?;
    check_finite(candidate)?;
    check_confidence(confidence)?;
    let differences: Vec<f64> = base
        .iter()
        .zip(candidate)
        .map(|(base, candidate)| candidate - base)
        .collect();
    let n = differences.len();
    let diff = mean(&differences);
    let se = variance(&differences).map(|variance| (variance / n as f64).sqrt());
    let mut result = PairedT {
        n,
        diff,
        se,
        limits: None,
        corr: correlation(base, candidate),
        t: None,
        p: None,
    };
    let (Some(diff), Some(se)) = (diff, se) else {
        return Ok(result);
    };
    if is_rounding(se, base) && is_rounding(se, candidate) {
        let is_same = is_rounding(diff.abs(), base) && is_rounding(diff.abs(), candidate);
        result.limits = Limits::around(diff, se);
        result.p = Some(if is_same { 1.0 } else { 0.0 });
        return Ok(result);
    }
    let df = (n - 1) as f64;
    let t = diff / se;
    result.limits = Limits::around(diff, t_critical(confidence, df) * se);
    result.t = defined(t);
    result.p = Some((2.0 * t_sf(t.abs(), df)).clamp(0.0, 1.0));
    Ok(result)
}

/// `None` for fewer than two pairs and where either side does not vary.
fn correlation(left: &[f64], right: &[f64]) -> Option<f64> {
    if is_constant(left) || is_constant(right) {
        return None;
    }
    let scale = variance(left)?.sqrt() * variance(right)?.sqrt();
    defined(covariance(left, right)? / scale).map(|corr| corr.clamp(-1.0, 1.0))
}

/// Result of [`non_inferiority_mean`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanNonInferiority {
    /// Mean of candidate less base; `None` without pairs.
    pub diff: Option<f64>,
    /// One-sided lower bound; `None` for fewer than two pairs.
    pub lower: Option<f64>,
    /// One-sided upper bound; `None` for fewer than two pairs.
    pub upper: Option<f64>,
    /// What the bounds show; [`NonInferiorityVerdict::NoData`] where there are none.
    pub verdict: NonInferiorityVerdict,
}

/// "No worse than `margin`" for means over the same examples (vector `non_inferiority_mean`): paired t at
/// `2 confidence - 1`; non-inferior if the limit on the bad side is better than `-margin`, inferior if even the one on
/// the good side is worse. The margin is in the unit of the values.
///
/// Errors: a negative or infinite margin; confidence outside (1/2, 1); as [`paired_t`].
pub fn non_inferiority_mean(
    base: &[f64],
    candidate: &[f64],
    margin: f64,
    confidence: f64,
    higher_is_better: bool,
) -> Result<MeanNonInferiority, StatsError> {
    check_margin(margin)?;
    check_one_sided(confidence)?;
    let test = paired_t(base, candidate, 2.0 * confidence - 1.0)?;
    let Some(Limits { lo, hi }) = test.limits else {
        return Ok(MeanNonInferiority {
            diff: test.diff,
            lower: None,
            upper: None,
            verdict: NonInferiorityVerdict::NoData,
        });
    };
    let (bad_side, good_side) = if higher_is_better { (lo, hi) } else { (-hi, -lo) };
    Ok(MeanNonInferiority {
        diff: test.diff,
        lower: Some(lo),
        upper: Some(hi),
        verdict: NonInferiorityVerdict::of(bad_side, good_side, margin),
    })
}

/// Result of [`log_ratio_paired`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedRatio {
    /// Geometric mean of candidate over base; `None` without pairs.
    pub ratio: Option<f64>,
    /// `None` for fewer than two pairs.
    pub limits: Option<Limits>,
    /// Two-sided p-value against a ratio of 1; `None` for fewer than two pairs.
    pub p: Option<f64>,
}

/// Ratio of latency or cost over the same examples: paired t on logarithms (vector `log_ratio_paired`). "No increase
/// above 5 %" is an upper limit of at most 1.05.
///
/// Errors: a value that is not positive; as [`paired_t`].
pub fn log_ratio_paired(base: &[f64], candidate: &[f64], confidence: f64) -> Result<PairedRatio, StatsError> {
    check_lengths(base.len(), candidate.len())?;
    check_positive(base)?;
    check_positive(candidate)?;
    let ln = |values: &[f64]| -> Vec<f64> { values.iter().map(|value| value.ln()).collect() };
    let test = paired_t(&ln(base), &ln(candidate), confidence)?;
    let limits = test.limits.map(|limits| Limits {
        lo: limits.lo.exp(),
        hi: limits.hi.exp().min(f64::MAX),
    });
    Ok(PairedRatio {
        ratio: test.diff.and_then(|diff| defined(diff.exp())),
        limits,
        p: test.p,
    })
}

/// Exact permutation test of paired differences (vector `sign_flip`): among all ways to give them signs, the share
/// whose sum is at least as extreme; sums within `1e-12 Σ|d|` are ties. On differences of -1, 0 and 1 this is the
/// exact test of `McNemar`. `None` without differences.
///
/// Errors: a difference that is NaN or infinite; more than 20.
pub fn sign_flip(differences: &[f64], alternative: Alternative) -> Result<Option<f64>, StatsError> {
    check_finite(differences)?;
    let n = differences.len();
    if n > SIGN_FLIPS_MAX {
        let (n, max) = (n as u64, SIGN_FLIPS_MAX as u64);
        return Err(StatsError::TooLargeForExact { n, max });
    }
    if n == 0 {
        return Ok(None);
    }
    // In shares of the largest, so that no sum overflows.
    let largest = differences
        .iter()
        .fold(0.0_f64, |largest, value| largest.max(value.abs()));
    if largest <= 0.0 {
        return Ok(Some(1.0));
    }
    let scaled: Vec<f64> = differences.iter().map(|value| value / largest).collect();
    let observed: f64 = scaled.iter().sum();
    let slack = TIE_SLACK * scaled.iter().map(|value| value.abs()).sum::<f64>();
    // Every sum is one of the first half plus one of the second: no sum is the result of a long walk.
    let (first, second) = scaled.split_at(n / 2);
    let (first, second) = (signed_sums(first), signed_sums(second));
    let sums = first.iter().flat_map(|a| second.iter().map(move |b| a + b));
    let extreme = sums.filter(|sum| match alternative {
        Alternative::Less => *sum <= observed + slack,
        Alternative::Greater => *sum >= observed - slack,
        Alternative::TwoSided => sum.abs() >= observed.abs() - slack,
    });
    Ok(Some(extreme.count() as f64 / (first.len() * second.len()) as f64))
}

/// The sums of the values over all ways to give them signs.
fn signed_sums(values: &[f64]) -> Vec<f64> {
    values.iter().fold(vec![0.0], |sums, value| {
        sums.iter().flat_map(|sum| [sum - value, sum + value]).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::mcnemar;

    #[test]
    fn swapping_the_runs_negates_the_difference_and_swaps_the_limits() {
        let (base, candidate) = ([0.2, 0.5, 0.9, 0.4], [0.3, 0.4, 0.8, 0.9]);
        let there = paired_t(&base, &candidate, 0.95).unwrap();
        let back = paired_t(&candidate, &base, 0.95).unwrap();
        assert_eq!(there.diff.map(|d| -d), back.diff);
        assert_eq!(there.limits.map(|l| -l.lo), back.limits.map(|l| l.hi));
    }

    #[test]
    fn a_shift_that_only_rounding_blurs_is_certain() {
        let test = paired_t(&[0.1, 0.2, 0.3], &[0.3, 0.4, 0.5], 0.95).unwrap();
        assert_eq!((test.t, test.p), (None, Some(0.0)));
    }

    #[test]
    fn sign_flips_of_pass_and_fail_are_the_exact_mcnemar_test() {
        for (regressions, fixes) in [(0, 0), (8, 3), (3, 3), (1, 12)] {
            let mut differences = vec![-1.0; regressions];
            differences.extend(vec![1.0; fixes]);
            differences.push(0.0);
            let flip = sign_flip(&differences, Alternative::TwoSided).unwrap().unwrap();
            let exact = mcnemar(regressions as u64, fixes as u64).p_exact;
            assert!((flip - exact).abs() < 1e-12, "{regressions} {fixes}");
        }
    }

    #[test]
    fn one_pair_settles_nothing() {
        let result = non_inferiority_mean(&[0.5], &[0.6], 0.1, 0.95, true).unwrap();
        assert_eq!(result.verdict, NonInferiorityVerdict::NoData);
        assert_eq!(log_ratio_paired(&[2.0], &[4.0], 0.95).unwrap().limits, None);
    }

    #[test]
    fn the_bad_side_depends_on_what_is_better() {
        let (base, candidate) = ([1.0, 2.0, 3.0, 4.0], [2.1, 2.9, 4.0, 5.0]);
        let verdict = |higher| {
            non_inferiority_mean(&base, &candidate, 0.2, 0.95, higher)
                .unwrap()
                .verdict
        };
        assert_eq!(verdict(true), NonInferiorityVerdict::NonInferior);
        assert_eq!(verdict(false), NonInferiorityVerdict::Inferior);
    }
}
