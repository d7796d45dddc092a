//! Intervals and one-sided bounds for one proportion.

use super::sample::Limits;
use super::special::{beta_reg_inv, norm_ppf};
use super::{StatsError, check_confidence, check_one_sided, rate};

/// How an interval for a proportion is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Wilson 1927, the score interval: right on average, the default for display.
    Wilson,
    /// Clopper and Pearson 1934, exact: never covers less than it says, for safety bounds.
    ClopperPearson,
    /// Jeffreys: the middle of the Beta(k + 1/2, n - k + 1/2) posterior, ending at 0 for `k = 0` and at 1 for `k = n`.
    Jeffreys,
    /// The middle of the Beta(k + 1, n - k + 1) posterior (Bowyer, Aitchison, Ivanova 2025); ends are left as they are.
    BayesUniform,
    /// Agresti and Coull 1998: Wald with `z²/2` successes and failures added, clipped to 0 to 1.
    AgrestiCoull,
    /// `p ± z √(p(1-p)/n)`, unclipped. Only to show why not: at 34 of 35 its real coverage is one half instead of 95 %.
    Wald,
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
/// `k = n`. The others are described at [`Method`]. Without trials the interval is 0 to 1.
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
/// confidence `2 confidence - 1`.
///
/// Errors: `k > n`; confidence outside (1/2, 1), since below there is no such interval.
pub fn proportion_bound(
    k: u64,
    n: u64,
    confidence: f64,
    side: Side,
    method: Method,
) -> Result<ProportionBound, StatsError> {
    check_one_sided(confidence)?;
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
    let is_open = matches!(method, Method::BayesUniform | Method::Wald);
    match side {
        Side::Lower if n == 0 || (k == 0 && !is_open) => return 0.0,
        Side::Upper if n == 0 || (k == n && !is_open) => return 1.0,
        Side::Lower | Side::Upper => {}
    }
    let (k, n) = (k as f64, n as f64);
    match method {
        Method::Wilson => wilson_end(k, n, tail, side),
        Method::ClopperPearson => clopper_pearson_end(k, n, tail, side),
        Method::Jeffreys => posterior_end(k, n, 0.5, tail, side),
        Method::BayesUniform => posterior_end(k, n, 1.0, tail, side),
        Method::AgrestiCoull => {
            let z = -norm_ppf(tail);
            wald_end(k + z * z / 2.0, n + z * z, tail, side).clamp(0.0, 1.0)
        }
        Method::Wald => wald_end(k, n, tail, side),
    }
}

fn posterior_end(k: f64, n: f64, prior: f64, tail: f64, side: Side) -> f64 {
    let level = match side {
        Side::Lower => tail,
        Side::Upper => 1.0 - tail,
    };
    beta_reg_inv(k + prior, n - k + prior, level)
}

fn wald_end(k: f64, n: f64, tail: f64, side: Side) -> f64 {
    let p = k / n;
    let half_width = -norm_ppf(tail) * (p * (1.0 - p) / n).max(0.0).sqrt();
    match side {
        Side::Lower => p - half_width,
        Side::Upper => p + half_width,
    }
}

/// One end of the score interval for `k` of `n`, `n > 0`.
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

/// Wilson's interval at the two-sided critical value of `confidence`, for methods that are built from two of them.
/// `None` without trials.
pub(super) fn wilson(k: u64, n: u64, confidence: f64) -> Option<(f64, Limits)> {
    let tail = (1.0 - confidence) / 2.0;
    rate(k, n).map(|estimate| {
        let lo = end(k, n, tail, Side::Lower, Method::Wilson);
        let hi = end(k, n, tail, Side::Upper, Method::Wilson);
        (estimate, Limits { lo, hi })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const METHODS: [Method; 6] = [
        Method::Wilson,
        Method::ClopperPearson,
        Method::Jeffreys,
        Method::BayesUniform,
        Method::AgrestiCoull,
        Method::Wald,
    ];

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
        let nothing = ProportionInterval {
            estimate: None,
            lo: 0.0,
            hi: 1.0,
        };
        for method in METHODS {
            assert_eq!(proportion_interval(0, 0, 0.95, method).unwrap(), nothing);
        }
    }

    #[test]
    fn confidence_that_is_not_a_number_is_refused() {
        assert!(proportion_interval(1, 2, f64::NAN, Method::Wilson).is_err());
        assert!(proportion_bound(3, 2, 0.9, Side::Upper, Method::Wilson).is_err());
        assert!(proportion_bound(1, 2, 0.5, Side::Upper, Method::Wilson).is_err());
    }
}
