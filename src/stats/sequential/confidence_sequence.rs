//! Confidence sequences: intervals that hold at all times at once.

use super::super::sample::{Limits, check_finite, defined};
use super::super::special::ln_beta;
use super::super::{StatsError, check_alpha, check_counts, check_positive_parameter};

/// Halvings from 1 down to the smallest number.
const BISECTION_STEPS: u32 = 1_200;
/// `0.85 √((ln ln(et) + 0.8 ln(1612/α))/t)`
const BAND: (f64, f64, f64) = (0.85, 0.8, 1612.0);

/// How many sides of an interval are to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sidedness {
    /// Each bound by itself holds.
    One,
    /// Both bounds hold together.
    Two,
}

/// Half width of the asymptotic confidence sequence of a mean of `n` values with standard deviation `sd` (vector
/// `asymp_cs`; Waudby-Smith et al. 2021). Two-sided
/// `sd √(2(nρ²+1)/(nρ)² ln(√(nρ²+1)/α))`; one-sided with `ln(1 + √(nρ²+1)/(2α))`. Approximate: show it from 100 units.
/// `None` without values.
///
/// Errors: `sd` negative or not finite; `rho` not positive; alpha outside (0, 1).
pub fn asymptotic_half_width(
    n: u64,
    sd: f64,
    rho: f64,
    alpha: f64,
    sidedness: Sidedness,
) -> Result<Option<f64>, StatsError> {
    if !(sd >= 0.0 && sd.is_finite()) {
        let (name, domain, value) = ("sd", "a finite number from 0", sd);
        return Err(StatsError::BadParameter { name, domain, value });
    }
    check_positive_parameter("rho", rho)?;
    check_alpha(alpha)?;
    if n == 0 {
        return Ok(None);
    }
    let scaled = n as f64 * rho;
    let inner = scaled * rho + 1.0;
    let ln = match sidedness {
        Sidedness::Two => (inner.sqrt() / alpha).ln(),
        Sidedness::One => (inner.sqrt() / (2.0 * alpha)).ln_1p(),
    };
    Ok(defined(sd * (2.0 * inner * ln).sqrt() / scaled))
}

/// The `rho` that makes an asymptotic sequence narrowest after `n_opt` values (vector `rho_opt`):
/// `√((-2 ln a + ln(1 - 2 ln a))/n_opt)` with `a = α`, one-sided `2α`.
///
/// Errors: alpha outside (0, 1), one-sided outside (0, 1/2); `n_opt` of 0.
pub fn optimal_rho(alpha: f64, n_opt: u64, sidedness: Sidedness) -> Result<f64, StatsError> {
    check_alpha(alpha)?;
    let a = match sidedness {
        Sidedness::Two => alpha,
        Sidedness::One => 2.0 * alpha,
    };
    if a >= 1.0 {
        return Err(StatsError::BadAlpha(alpha));
    }
    check_positive_parameter("n_opt", n_opt as f64)?;
    let twice = -2.0 * a.ln();
    Ok(((twice + twice.ln_1p()) / n_opt as f64).sqrt())
}

/// Bounds of canary less control.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateDifferenceSequence {
    /// Difference of the rates as measured.
    pub diff: f64,
    /// Standard error, with one more event and one more miss in each arm so that no arm is certain.
    pub se: f64,
    /// Holds by itself at all times.
    pub lower: f64,
    /// Holds by itself at all times.
    pub upper: f64,
}

/// One-sided asymptotic sequences for canary less control (vector `rate_diff_cs`), narrowest after `n_opt` units of
/// both arms. `None` where an arm is empty.
///
/// Errors: more events than units; as [`optimal_rho`].
pub fn rate_difference_sequence(
    control: (u64, u64),
    canary: (u64, u64),
    alpha: f64,
    n_opt: u64,
) -> Result<Option<RateDifferenceSequence>, StatsError> {
    check_counts(control.0, control.1)?;
    check_counts(canary.0, canary.1)?;
    let rho = optimal_rho(alpha, n_opt, Sidedness::One)?;
    if control.1 == 0 || canary.1 == 0 {
        return Ok(None);
    }
    let spread = |(k, n): (u64, u64)| {
        let p = (k as f64 + 1.0) / (n as f64 + 2.0);
        p * (1.0 - p) / n as f64
    };
    let diff = canary.0 as f64 / canary.1 as f64 - control.0 as f64 / control.1 as f64;
    let se = (spread(control) + spread(canary)).sqrt();
    let n = control.1.saturating_add(canary.1);
    let sd = se * (n as f64).sqrt();
    let half = asymptotic_half_width(n, sd, rho, alpha, Sidedness::One)?;
    Ok(half.map(|half| RateDifferenceSequence {
        diff,
        se,
        lower: diff - half,
        upper: diff + half,
    }))
}

/// Result of [`msprt`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Msprt {
    /// Logarithm of the mixture likelihood ratio: stop when it reaches `ln(1/α)`.
    pub ln_lambda: f64,
    /// `min(1, 1/Λ)`, valid at all times.
    pub p: f64,
    /// Where the test does not stop.
    pub limits: Limits,
}

/// Mixture sequential probability ratio test of an estimate `delta` with standard error `se` against `theta0`, for a
/// normal mixture of standard deviation `tau` (vector `msprt`; Johari et al. 2017). With `v = se²`,
/// `ln Λ = ½ ln(v/(v+τ²)) + τ²(δ-θ0)²/(2v(v+τ²))`. The interval is that of the parameter.
///
/// Errors: `se` or `tau` not positive; `delta` or `theta0` not finite; alpha outside (0, 1).
pub fn msprt(delta: f64, se: f64, tau: f64, theta0: f64, alpha: f64) -> Result<Msprt, StatsError> {
    check_finite(&[delta, theta0])?;
    check_positive_parameter("se", se)?;
    check_positive_parameter("tau", tau)?;
    check_alpha(alpha)?;
    // In shares of se and in logarithms, so that squares neither vanish nor overflow.
    let (ratio, score) = (tau / se, (delta - theta0) / se);
    let share = 1.0 / (1.0 + (se / tau) * (se / tau));
    let ln_grown = if tau > se {
        2.0 * (tau.ln() - se.ln()) - share.ln()
    } else {
        (ratio * ratio).ln_1p()
    };
    let ln_lambda = 0.5 * (share * score * score - ln_grown);
    let half = se * ((ln_grown - 2.0 * alpha.ln()) / share).sqrt();
    let clamp = |value: f64| value.clamp(-f64::MAX, f64::MAX);
    Ok(Msprt {
        ln_lambda: clamp(ln_lambda),
        p: (-ln_lambda).exp().min(1.0),
        limits: Limits {
            lo: clamp(delta - half),
            hi: clamp(delta + half),
        },
    })
}

/// Exact confidence sequence for one rate with a Beta(a, b) mixture (vector `beta_binomial_cs`): the p with
/// `ln B(k+a, n-k+b) - ln B(a, b) - k ln p - (n-k) ln(1-p) < ln(1/α)`. Without trials 0 to 1. The rate as measured is
/// always among them, since no mixture is likelier than it.
///
/// Errors: `k > n`; a or b not positive; alpha outside (0, 1).
pub fn rate_sequence(k: u64, n: u64, a: f64, b: f64, alpha: f64) -> Result<Limits, StatsError> {
    check_counts(k, n)?;
    check_positive_parameter("a", a)?;
    check_positive_parameter("b", b)?;
    check_alpha(alpha)?;
    if n == 0 {
        return Ok(Limits { lo: 0.0, hi: 1.0 });
    }
    let (hits, misses) = (k as f64, (n - k) as f64);
    let constant = ln_beta(hits + a, misses + b) - ln_beta(a, b) + alpha.ln();
    let part = |count: f64, ln: f64| if count > 0.0 { count * ln } else { 0.0 };
    let is_in = |p: f64, rest: f64| constant - part(hits, p.ln()) - part(misses, rest.ln()) < 0.0;
    let centre = hits / n as f64;
    // Each end in its own small number, p or 1 - p, so that neither loses digits.
    let lo = if k == 0 {
        0.0
    } else {
        last_outside(centre, |p| is_in(p, 1.0 - p))
    };
    let rest = if k == n {
        0.0
    } else {
        last_outside(misses / n as f64, |rest| is_in(1.0 - rest, rest))
    };
    Ok(Limits {
        lo,
        // With so many that both ends are one number, rounding would put them in the wrong order.
        hi: (1.0 - rest).max(lo),
    })
}

/// The end below `inside` of an interval that `is_in` describes.
fn last_outside(inside: f64, is_in: impl Fn(f64) -> bool) -> f64 {
    let (mut outside, mut inside) = (0.0_f64, inside);
    for _ in 0..BISECTION_STEPS {
        let middle = outside.midpoint(inside);
        if middle <= outside || middle >= inside {
            break;
        }
        if is_in(middle) {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    outside.midpoint(inside)
}

/// An interval after each value.
#[derive(Debug, Clone, PartialEq)]
pub struct BettingInterval {
    /// After each value.
    pub path: Vec<Limits>,
    /// After the last; 0 to 1 without values.
    pub last: Limits,
}

/// Empirical-Bernstein confidence sequence of a mean of values in 0 to 1, such as scaled cost or latency (vector
/// `empbern_cs`; Waudby-Smith and Ramdas 2024, theorem 2): weights
/// `λ_t = min(trunc, √(2 ln(2/α)/(s²_{t-1} t ln(1+t))))`, centre `Σλx/Σλ`, half width
/// `(ln(2/α) + Σ (x_i - μ_{i-1})² (-ln(1-λ_i) - λ_i))/Σλ`, with running `μ_t = (1/2 + Σx)/(t+1)` and
/// `s²_t = (1/4 + Σ(x_i - μ_i)²)/(t+1)`; clipped to 0 to 1.
///
/// Errors: a value that is not finite or outside 0 to 1; alpha or trunc outside (0, 1).
pub fn bernstein_sequence(values: &[f64], alpha: f64, trunc: f64) -> Result<BettingInterval, StatsError> {
    check_finite(values)?;
    if let Some(index) = values.iter().position(|value| !(0.0..=1.0).contains(value)) {
        return Err(StatsError::OutOfRange { index });
    }
    check_alpha(alpha)?;
    if !(trunc > 0.0 && trunc < 1.0) {
        let (name, domain, value) = ("trunc", "between 0 and 1", trunc);
        return Err(StatsError::BadParameter { name, domain, value });
    }
    let ln = (2.0 / alpha).ln();
    let (mut mean, mut variance) = (0.5, 0.25);
    let (mut sum, mut squares) = (0.0, 0.0);
    let (mut weights, mut weighted, mut penalty) = (0.0, 0.0, 0.0);
    let mut path = Vec::with_capacity(values.len());
    for (t, value) in (1_u32..).map(f64::from).zip(values) {
        let weight = (2.0 * ln / (variance * t * t.ln_1p())).sqrt().min(trunc);
        weights += weight;
        weighted += weight * value;
        penalty += (value - mean) * (value - mean) * (-(-weight).ln_1p() - weight);
        sum += value;
        mean = (0.5 + sum) / (t + 1.0);
        squares += (value - mean) * (value - mean);
        variance = (0.25 + squares) / (t + 1.0);
        let (centre, half) = (weighted / weights, (ln + penalty) / weights);
        path.push(
            Limits {
                lo: centre - half,
                hi: centre + half,
            }
            .clipped(),
        );
    }
    let last = path.last().copied().unwrap_or(Limits { lo: 0.0, hi: 1.0 });
    Ok(BettingInterval { path, last })
}

/// Radius of a band around a whole distribution function after `t` values, at all times at once (vector `lil_band`;
/// Howard and Ramdas 2022): `0.85 √((ln ln(et) + 0.8 ln(1612/α))/t)`. `None` for `t = 0`.
///
/// Errors: alpha outside (0, 1).
pub fn distribution_band(t: u64, alpha: f64) -> Result<Option<f64>, StatsError> {
    check_alpha(alpha)?;
    let count = t as f64;
    let (scale, weight, constant) = BAND;
    let iterated = count.ln().ln_1p() + weight * (constant / alpha).ln();
    Ok((t > 0).then(|| scale * (iterated / count).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growthbooks_own_values_are_met() {
        let rho = optimal_rho(0.05, 5_000, Sidedness::Two).unwrap();
        assert!((rho - 0.039_840_066_771).abs() < 1e-9);
    }

    #[test]
    fn the_mixture_test_is_the_asymptotic_sequence() {
        let (n, se, rho) = (400_u64, 0.01, 0.08);
        let sd = se * (n as f64).sqrt();
        let test = msprt(0.0, se, rho * sd, 0.0, 0.05).unwrap();
        let half = asymptotic_half_width(n, sd, rho, 0.05, Sidedness::Two)
            .unwrap()
            .unwrap();
        assert!((test.limits.hi - half).abs() < 1e-12);
    }

    #[test]
    fn a_rate_sequence_holds_the_rate_and_mirrors() {
        for (k, n) in [(0, 1), (3, 50), (50, 50), (1, 1_000_000)] {
            let there = rate_sequence(k, n, 1.0, 1.0, 0.05).unwrap();
            let back = rate_sequence(n - k, n, 1.0, 1.0, 0.05).unwrap();
            let rate = k as f64 / n as f64;
            assert!(there.lo <= rate && rate <= there.hi, "{k}/{n}");
            assert!((there.lo - (1.0 - back.hi)).abs() < 1e-12, "{k}/{n}");
        }
        assert!(rate_sequence(1_000, 1_000, 1.0, 1e6, 0.05).unwrap().hi >= 1.0);
    }

    #[test]
    fn no_data_say_nothing() {
        assert_eq!(asymptotic_half_width(0, 1.0, 0.1, 0.05, Sidedness::One), Ok(None));
        assert_eq!(rate_difference_sequence((0, 0), (1, 2), 0.05, 100), Ok(None));
        assert_eq!(distribution_band(0, 0.05), Ok(None));
        assert!(distribution_band(1, 0.05).unwrap().unwrap() > 1.0);
        assert_eq!(
            bernstein_sequence(&[], 0.05, 0.5).unwrap().last,
            Limits { lo: 0.0, hi: 1.0 }
        );
    }

    #[test]
    fn what_has_no_sense_is_refused() {
        assert!(optimal_rho(0.5, 100, Sidedness::One).is_err() && optimal_rho(0.5, 0, Sidedness::Two).is_err());
        assert!(msprt(0.0, 0.0, 1.0, 0.0, 0.05).is_err() && msprt(f64::NAN, 1.0, 1.0, 0.0, 0.05).is_err());
        assert!(bernstein_sequence(&[1.2], 0.05, 0.5).is_err() && bernstein_sequence(&[0.2], 0.05, 1.0).is_err());
        let huge = msprt(f64::MAX, 1e-300, 1e300, -f64::MAX, 0.05).unwrap();
        assert!(huge.ln_lambda.is_finite() && huge.limits.lo.is_finite());
    }
}
