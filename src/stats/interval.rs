//! Intervals and one-sided bounds for one proportion.

use super::special::{beta_reg_inv, norm_ppf};
use super::{StatsError, check_confidence, rate};

/// How an interval for a proportion is made. The Wald interval is missing on purpose: at 34 of 35 its real coverage
/// is one half instead of 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Wilson 1927, the score interval: right on average, the default for display.
    Wilson,
    /// Clopper and Pearson 1934, exact: never covers less than it says, for safety bounds.
    ClopperPearson,
}

/// The end of an interval that a one-sided bound takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The rate is at least the bound.
    Lower,
    /// The rate is at most the bound.
    Upper,
}

/// Two-sided interval for a proportion, all as shares of 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProportionInterval {
    /// `k / n`; `None` without trials.
    pub estimate: Option<f64>,
    /// Lower end, 0 without trials.
    pub lo: f64,
    /// Upper end, 1 without trials.
    pub hi: f64,
}

/// One-sided bound for a proportion, as a share of 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProportionBound {
    /// `k / n`; `None` without trials.
    pub estimate: Option<f64>,
    /// The bound: 0 (lower) or 1 (upper) without trials.
    pub bound: f64,
}

/// Two-sided interval for `k` successes in `n` trials (vector `prop_ci`).
///
/// Wilson: centre `(p + z²/2n)/(1 + z²/n)`, half width `z/(1 + z²/n) √(p(1-p)/n + z²/4n²)`.
/// Clopper-Pearson: `B⁻¹(α/2; k, n-k+1)` to `B⁻¹(1-α/2; k+1, n-k)`. Both end exactly at 0 for `k = 0` and at 1 for
/// `k = n`. Without trials the interval is 0 to 1.
///
/// Errors: `k > n`; confidence outside (0, 1).
pub fn proportion_interval(k: u64, n: u64, confidence: f64, method: Method) -> Result<ProportionInterval, StatsError> {
    check(k, n, confidence)?;
    let tail = (1.0 - confidence) / 2.0;
    let lo = end(k, n, tail, Side::Lower, method);
    let hi = end(k, n, tail, Side::Upper, method);
    Ok(ProportionInterval {
        estimate: rate(k, n),
        lo,
        hi,
    })
}

/// One-sided bound for `k` successes in `n` trials (vector `prop_bound`): that end of the two-sided interval at
/// confidence `2 confidence - 1`. Errors as [`proportion_interval`].
pub fn proportion_bound(
    k: u64,
    n: u64,
    confidence: f64,
    side: Side,
    method: Method,
) -> Result<ProportionBound, StatsError> {
    check(k, n, confidence)?;
    Ok(ProportionBound {
        estimate: rate(k, n),
        bound: end(k, n, 1.0 - confidence, side, method),
    })
}

fn check(k: u64, n: u64, confidence: f64) -> Result<(), StatsError> {
    check_confidence(confidence)?;
    if k > n {
        Err(StatsError::BadCounts { k, n })
    } else {
        Ok(())
    }
}

/// One end, with the chance `tail` left outside of it.
fn end(k: u64, n: u64, tail: f64, side: Side, method: Method) -> f64 {
    match side {
        Side::Lower if k == 0 => 0.0,
        Side::Upper if k == n => 1.0,
        _ => match method {
            Method::Wilson => wilson_end(k as f64, n as f64, tail, side),
            Method::ClopperPearson => clopper_pearson_end(k as f64, n as f64, tail, side),
        },
    }
}

fn wilson_end(k: f64, n: f64, tail: f64, side: Side) -> f64 {
    let z = -norm_ppf(tail);
    let p = k / n;
    let scale = 1.0 + z * z / n;
    let centre = (p + z * z / (2.0 * n)) / scale;
    let half_width = z / scale * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    match side {
        Side::Lower => (centre - half_width).max(0.0),
        Side::Upper => (centre + half_width).min(1.0),
    }
}

fn clopper_pearson_end(k: f64, n: f64, tail: f64, side: Side) -> f64 {
    match side {
        Side::Lower => beta_reg_inv(k, n - k + 1.0, tail),
        Side::Upper => beta_reg_inv(k + 1.0, n - k, 1.0 - tail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METHODS: [Method; 2] = [Method::Wilson, Method::ClopperPearson];

    #[test]
    fn more_confidence_never_narrows_an_interval() {
        for method in METHODS {
            for (k, n) in [(0, 1), (1, 1), (34, 35), (230, 240), (0, 17), (5_000, 1_000_000)] {
                let mut last = proportion_interval(k, n, 0.5, method).unwrap();
                for confidence in [0.8, 0.9, 0.95, 0.99, 0.999] {
                    let interval = proportion_interval(k, n, confidence, method).unwrap();
                    assert!(interval.lo <= last.lo && interval.hi >= last.hi, "{k}/{n} {confidence}");
                    last = interval;
                }
            }
        }
    }

    #[test]
    fn successes_and_failures_mirror_each_other() {
        for method in METHODS {
            let successes = proportion_interval(34, 35, 0.95, method).unwrap();
            let failures = proportion_interval(1, 35, 0.95, method).unwrap();
            assert!((successes.lo - (1.0 - failures.hi)).abs() < 1e-12);
            assert!((successes.hi - (1.0 - failures.lo)).abs() < 1e-12);
        }
    }

    #[test]
    fn no_trials_say_nothing() {
        let interval = proportion_interval(0, 0, 0.95, Method::Wilson).unwrap();
        assert_eq!(
            interval,
            ProportionInterval {
                estimate: None,
                lo: 0.0,
                hi: 1.0
            }
        );
    }

    #[test]
    fn confidence_that_is_not_a_number_is_refused() {
        assert!(proportion_interval(1, 2, f64::NAN, Method::Wilson).is_err());
        assert!(proportion_bound(3, 2, 0.9, Side::Upper, Method::Wilson).is_err());
    }
}
