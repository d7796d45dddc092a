//! A proportion against a fixed rate, and two proportions from independent samples. For runs over the same examples
//! there is the paired comparison, which sees smaller differences.

use super::interval::wilson;
use super::sample::Limits;
use super::special::{beta_reg, binom_cdf, binom_pmf, binom_sf_from, hypergeometric_pmf, ln_beta, ln_front, norm_cdf};
use super::{StatsError, check_confidence, check_counts, first_true};

/// Outcomes this much more probable than the observed one still count as equally probable (R's `binom.test`).
const EQUAL_SLACK: f64 = 1e-7;
/// Most things in the two samples of an exact table, and terms of a tail that reach far enough for those.
const EXACT_TOTAL_MAX: u64 = 100_000_000_000;
const TAIL_TERMS_MAX: u32 = 2_000_000;
/// From here on for both shapes a density is measured from its peak, since its large terms would cost the digits.
const LARGE_SHAPE: f64 = 10.0;
/// Steps a standard deviation of the sharper of two posteriors is cut into.
const STEPS_A_DEVIATION: f64 = 8.0;
/// Widest step of the integral in log odds; its poles at ±πi make the error `exp(-2π²/step)`.
const STEP_MAX: f64 = 0.2;
/// Smallest parameter of a prior, and steps to each side of the peak, which reach far enough for that one.
const PRIOR_MIN: f64 = 1e-3;
const STEPS_MAX: u32 = 300_000;

/// Which outcomes count as evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alternative {
    /// Smaller than under the null hypothesis.
    Less,
    /// Larger.
    Greater,
    /// Either.
    TwoSided,
}

/// Exact test of `k` of `n` against the rate `p0` (vector `binom_test`). Two-sided it sums all outcomes that are no
/// more probable than the observed one, as R's `binom.test` does. `None` without trials.
///
/// Errors: `k > n`; `p0` outside 0 to 1.
pub fn binom_test(k: u64, n: u64, p0: f64, alternative: Alternative) -> Result<Option<f64>, StatsError> {
    check_counts(k, n)?;
    if !(0.0..=1.0).contains(&p0) {
        return Err(StatsError::BadNull(p0));
    }
    if n == 0 {
        return Ok(None);
    }
    Ok(Some(match alternative {
        Alternative::Less => binom_cdf(k, n, p0),
        Alternative::Greater => binom_sf_from(k, n, p0),
        Alternative::TwoSided => binom_two_sided(k, n, p0),
    }))
}

/// The chances fall on both sides of the mode, so the outcomes on the far side that count start at one place.
fn binom_two_sided(k: u64, n: u64, p0: f64) -> f64 {
    let limit = binom_pmf(k, n, p0) * (1.0 + EQUAL_SLACK);
    let mean = n as f64 * p0;
    let counts = |outcome: u64| binom_pmf(outcome, n, p0) <= limit;
    let p = if (k as f64) < mean {
        let is_far = |outcome: u64| outcome as f64 >= mean && counts(outcome);
        let far = if is_far(n) {
            binom_sf_from(first_true(k, n, is_far), n, p0)
        } else {
            0.0
        };
        binom_cdf(k, n, p0) + far
    } else {
        let is_far = |outcome: u64| outcome as f64 <= mean && counts(outcome);
        let far = if k > 0 && is_far(0) {
            binom_cdf(first_true(0, k, |o| !is_far(o)) - 1, n, p0)
        } else {
            0.0
        };
        binom_sf_from(k, n, p0) + far
    };
    p.min(1.0)
}

/// Difference of two independent rates with its interval, as shares of 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateDifference {
    /// Second less first; `None` where one has no trials.
    pub diff: Option<f64>,
    /// Lower end, -1 without an estimate.
    pub lo: f64,
    /// Upper end, 1 without an estimate.
    pub hi: f64,
}

/// Newcombe's hybrid score interval for `k2/n2 - k1/n1` (vector `two_prop_newcombe`; Newcombe 1998, method 10): with
/// Wilson's `l, u` of each rate, `d - √((p2-l2)² + (u1-p1)²)` to `d + √((u2-p2)² + (p1-l1)²)`.
///
/// Errors: more successes than trials; confidence outside (0, 1).
pub fn rate_difference(k1: u64, n1: u64, k2: u64, n2: u64, confidence: f64) -> Result<RateDifference, StatsError> {
    check_counts(k1, n1)?;
    check_counts(k2, n2)?;
    check_confidence(confidence)?;
    let (Some((p1, limits1)), Some((p2, limits2))) = (wilson(k1, n1, confidence), wilson(k2, n2, confidence)) else {
        return Ok(RateDifference {
            diff: None,
            lo: -1.0,
            hi: 1.0,
        });
    };
    let diff = p2 - p1;
    let Limits { lo, hi } = hybrid(diff, (p1, limits1), (p2, limits2), 0.0);
    Ok(RateDifference {
        diff: Some(diff),
        lo,
        hi,
    })
}

/// Newcombe's way to put the intervals of two rates with correlation `phi` together.
pub(super) fn hybrid(diff: f64, first: (f64, Limits), second: (f64, Limits), phi: f64) -> Limits {
    let ((p1, limits1), (p2, limits2)) = (first, second);
    let part = |x: f64, y: f64| (x * x - 2.0 * phi * x * y + y * y).max(0.0).sqrt();
    Limits {
        lo: diff - part(p2 - limits2.lo, limits1.hi - p1),
        hi: diff + part(limits2.hi - p2, p1 - limits1.lo),
    }
}

/// Result of [`two_rates_z`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ZTest {
    /// Standard normal score of second less first; `None` where the pooled rate is 0 or 1, or a sample is empty.
    pub z: Option<f64>,
    /// Two-sided p-value: 1 where both rates are 0 or both 1; `None` where a sample is empty.
    pub p: Option<f64>,
}

/// The z-test with pooled variance for `k2/n2 - k1/n1` (vector `two_prop_z`), for large samples that are looked at
/// once.
///
/// Errors: more successes than trials.
pub fn two_rates_z(k1: u64, n1: u64, k2: u64, n2: u64) -> Result<ZTest, StatsError> {
    check_counts(k1, n1)?;
    check_counts(k2, n2)?;
    if n1 == 0 || n2 == 0 {
        return Ok(ZTest { z: None, p: None });
    }
    let (k1, n1, k2, n2) = (k1 as f64, n1 as f64, k2 as f64, n2 as f64);
    let pooled = (k1 + k2) / (n1 + n2);
    let se = (pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n2)).sqrt();
    if se <= 0.0 {
        return Ok(ZTest { z: None, p: Some(1.0) });
    }
    let z = (k2 / n2 - k1 / n1) / se;
    Ok(ZTest {
        z: Some(z),
        p: Some((2.0 * norm_cdf(-z.abs())).min(1.0)),
    })
}

/// Result of [`fisher_exact`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FisherTest {
    /// Two-sided: all tables with these margins that are no more probable.
    pub p_two_sided: f64,
    /// One-sided, "the second rate is greater".
    pub p_second_greater: f64,
}

/// Fisher's exact test on `k1` of `n1` against `k2` of `n2` (vector `fisher_exact`), for small counts. Given the
/// margins the first count is hypergeometric. An empty sample leaves one table only, so both values are 1.
///
/// Errors: more successes than trials; more than 10^11 trials.
pub fn fisher_exact(k1: u64, n1: u64, k2: u64, n2: u64) -> Result<FisherTest, StatsError> {
    check_counts(k1, n1)?;
    check_counts(k2, n2)?;
    let total = n1.saturating_add(n2);
    if total > EXACT_TOTAL_MAX {
        let max = EXACT_TOTAL_MAX;
        return Err(StatsError::TooLargeForExact { n: total, max });
    }
    let marked = k1.saturating_add(k2);
    let (lowest, highest) = (marked.saturating_sub(n2), marked.min(n1));
    let chance = |k: u64| hypergeometric_pmf(k, n1, n2, marked);
    // Sums from an outcome outward, each chance from the one before.
    let up = |k: u64| (n1 - k) as f64 / (k + 1) as f64 * ((marked - k) as f64 / (n2 + k + 1 - marked) as f64);
    let at_most = |k: u64| sum_until_small(chance(k), (lowest..k).rev().map(|k| 1.0 / up(k)));
    let at_least = |k: u64| sum_until_small(chance(k), (k..highest).map(up));
    let limit = chance(k1) * (1.0 + EQUAL_SLACK);
    let counts = |k: u64| chance(k) <= limit;
    let mode = ((n1 as f64 / (n1 as f64 + n2 as f64).max(1.0)) * marked as f64).floor();
    let is_below = k1 as f64 <= mode;
    let one_side = if is_below { at_most(k1) } else { at_least(k1) };
    let is_beyond = |k: u64| if is_below { k as f64 > mode } else { (k as f64) <= mode };
    let other_side = if is_below && counts(highest) && is_beyond(highest) {
        at_least(first_true(k1, highest, |k| is_beyond(k) && counts(k)))
    } else if !is_below && counts(lowest) && is_beyond(lowest) {
        at_most(first_true(lowest, k1, |k| !(is_beyond(k) && counts(k))) - 1)
    } else {
        0.0
    };
    let below = if is_below {
        one_side
    } else {
        1.0 - one_side + chance(k1)
    };
    Ok(FisherTest {
        p_two_sided: (one_side + other_side).min(1.0),
        p_second_greater: below.min(1.0),
    })
}

/// Sum of a first term and those that come of it by these ratios, until they no longer count.
fn sum_until_small(first: f64, ratios: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut term) = (first, first);
    for (_, ratio) in (0..TAIL_TERMS_MAX).zip(ratios) {
        term *= ratio;
        sum += term;
        if ratio < 1.0 && term < sum * f64::EPSILON / 64.0 {
            break;
        }
    }
    sum
}

/// Chance that the second of two rates is the greater, for Beta posteriors over one `Beta(prior_a, prior_b)` prior
/// (vector `beta_prob_greater`): `∫ f₂(x) F₁(x) dx`, by the trapezoidal rule in log odds, where it converges
/// exponentially.
///
/// Errors: more successes than trials; a prior that is not positive, or below 0.001.
pub fn prob_second_greater(k1: u64, n1: u64, k2: u64, n2: u64, prior_a: f64, prior_b: f64) -> Result<f64, StatsError> {
    check_counts(k1, n1)?;
    check_counts(k2, n2)?;
    for (name, value) in [("prior_a", prior_a), ("prior_b", prior_b)] {
        if !(value >= PRIOR_MIN && value.is_finite()) {
            let domain = "a number from 0.001";
            return Err(StatsError::BadParameter { name, domain, value });
        }
    }
    let posterior = |k: u64, n: u64| (k as f64 + prior_a, (n - k) as f64 + prior_b);
    let (first, second) = (posterior(k1, n1), posterior(k2, n2));
    // The sharper density is the one to step through.
    let spread = |(a, b): (f64, f64)| (1.0 / a + 1.0 / b).sqrt();
    let chance = if spread(second) <= spread(first) {
        expected_below(second, first)
    } else {
        1.0 - expected_below(first, second)
    };
    Ok(chance.clamp(0.0, 1.0))
}

/// `∫ f(x) G(x) dx` for Beta densities f and distribution functions G of these shapes.
fn expected_below(density: (f64, f64), below: (f64, f64)) -> f64 {
    let (a, b) = density;
    let ln_scale = ln_beta(a, b);
    let step = STEP_MAX.min((1.0 / a + 1.0 / b).sqrt() / STEPS_A_DEVIATION);
    let peak = (a / b).ln();
    let term = |s: f64| {
        // ln x and ln(1 - x) at log odds s, and dx = x (1 - x) ds.
        let (ln_x, ln_rest) = (-(-s).exp().ln_1p(), -s.exp().ln_1p());
        let ln_weight = if a.min(b) < LARGE_SHAPE {
            a * ln_x + b * ln_rest - ln_scale
        } else {
            ln_front(a, b, ln_x.exp())
        };
        let weight = ln_weight.exp();
        (weight, weight * beta_reg(below.0, below.1, ln_x.exp()))
    };
    let (mut mass, mut sum) = term(peak);
    for side in [-1.0, 1.0] {
        for index in 1..=STEPS_MAX {
            let (weight, value) = term(peak + side * step * f64::from(index));
            mass += weight;
            sum += value;
            if weight < mass * f64::EPSILON / 64.0 {
                break;
            }
        }
    }
    // The mass is 1 but for rounding, which cancels in the quotient.
    sum / mass
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sided_sums_what_is_no_more_probable() {
        for n in [1, 2, 7, 30] {
            for p0 in [0.0, 0.1, 0.4, 0.5, 0.9, 1.0] {
                for k in 0..=n {
                    let limit = binom_pmf(k, n, p0) * (1.0 + EQUAL_SLACK);
                    let sum: f64 = (0..=n).map(|i| binom_pmf(i, n, p0)).filter(|p| *p <= limit).sum();
                    let got = binom_test(k, n, p0, Alternative::TwoSided).unwrap().unwrap();
                    assert!((got - sum.min(1.0)).abs() < 1e-12, "{k}/{n} {p0}: {got} {sum}");
                }
            }
        }
    }

    #[test]
    fn fisher_sums_over_all_tables() {
        for (n1, n2) in [(0, 5), (1, 1), (3, 9), (12, 7)] {
            for (k1, k2) in (0..=n1).flat_map(|k1| (0..=n2).map(move |k2| (k1, k2))) {
                let chance = |k: u64| hypergeometric_pmf(k, n1, n2, k1 + k2);
                let all: Vec<u64> = (0..=n1).collect();
                let limit = chance(k1) * (1.0 + EQUAL_SLACK);
                let two: f64 = all.iter().map(|k| chance(*k)).filter(|p| *p <= limit).sum();
                let greater: f64 = all.iter().filter(|k| **k <= k1).map(|k| chance(*k)).sum();
                let got = fisher_exact(k1, n1, k2, n2).unwrap();
                assert!(
                    (got.p_two_sided - two).abs() < 1e-12,
                    "{k1}/{n1} {k2}/{n2}: {got:?} {two}"
                );
                assert!(
                    (got.p_second_greater - greater).abs() < 1e-12,
                    "{k1}/{n1} {k2}/{n2}: {got:?} {greater}"
                );
            }
        }
    }

    #[test]
    fn either_rate_is_the_greater() {
        for (k1, n1, k2, n2) in [
            (0, 0, 0, 0),
            (3, 9, 40, 1_000),
            (0, 50, 50, 50),
            (1, 2, 1_000_000, 2_000_000),
        ] {
            for prior in [0.5, 1.0, 20.0] {
                let there = prob_second_greater(k1, n1, k2, n2, prior, prior).unwrap();
                let back = prob_second_greater(k2, n2, k1, n1, prior, prior).unwrap();
                assert!((there + back - 1.0).abs() < 1e-9, "{k1}/{n1} {k2}/{n2}: {there} {back}");
            }
        }
        assert!(prob_second_greater(0, 1, 0, 1, 0.0, 1.0).is_err());
    }

    #[test]
    fn an_empty_sample_gives_no_difference() {
        assert_eq!(rate_difference(0, 0, 1, 2, 0.95).unwrap().diff, None);
        assert_eq!(two_rates_z(1, 2, 0, 0), Ok(ZTest { z: None, p: None }));
        assert!(two_rates_z(3, 2, 0, 0).is_err());
    }
}
