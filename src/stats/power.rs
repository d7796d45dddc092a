//! How many examples a comparison takes, and how often a gate errs.

use super::planning::hits_for_lower_bound;
use super::sequential::Sidedness;
use super::special::{binom_pmf, binom_sf_from, norm_ppf};
use super::{Decimal, StatsError, check_alpha, check_level, check_margin, check_positive_parameter, first_true};

/// Most pairs for which exact power is summed.
const EXACT_PAIRS_MAX: u64 = 1_000_000;
/// A chance this close to alpha meets it: powers of one half such as 0.0625 are chosen for alpha on purpose.
const EQUAL_SLACK: f64 = 1e-12;
/// Standard deviations to each side beyond which a binomial count does not occur.
const DEVIATIONS: f64 = 10.0;

/// A number of examples as the formula gives it, and rounded up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleSize {
    /// As the formula gives it.
    pub real: f64,
    /// The next whole number.
    pub n: u64,
}

impl SampleSize {
    fn of(real: f64) -> Self {
        Self { real, n: ceil(real) }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative, and saturating where nobody could run so many"
)]
fn ceil(real: f64) -> u64 {
    real.ceil() as u64
}

/// Normal critical values of an error rate and a power.
fn critical(alpha: f64, power: f64, sidedness: Sidedness) -> Result<(f64, f64), StatsError> {
    check_alpha(alpha)?;
    if !(power > 0.0 && power < 1.0) {
        return Err(StatsError::BadPower(power));
    }
    let tail = match sidedness {
        Sidedness::One => alpha,
        Sidedness::Two => alpha / 2.0,
    };
    Ok((-norm_ppf(tail), norm_ppf(power)))
}

/// A share of pairs that differ can make up a difference of this size.
fn check_discordance(discordance: f64, difference: f64) -> Result<(), StatsError> {
    check_level(discordance)?;
    if difference.abs() <= discordance {
        Ok(())
    } else {
        let difference = difference.abs();
        Err(StatsError::DiscordanceBelowDifference {
            difference,
            discordance,
        })
    }
}

/// Pairs to detect a difference `delta` of two pass rates when the share `discordance` of pairs differ (vector
/// `n_paired_binary`; Connor 1987): `(z_α √ψ + z_β √(ψ - δ²))²/δ²`.
///
/// Errors: a difference of 0 or larger than the discordance; alpha or power outside (0, 1).
pub fn n_paired_binary(
    delta: f64,
    discordance: f64,
    alpha: f64,
    power: f64,
    sidedness: Sidedness,
) -> Result<SampleSize, StatsError> {
    let (z_alpha, z_power) = critical(alpha, power, sidedness)?;
    check_effect(delta)?;
    check_discordance(discordance, delta)?;
    let root = z_alpha * discordance.sqrt() + z_power * (discordance - delta * delta).max(0.0).sqrt();
    Ok(SampleSize::of((root / delta).powi(2)))
}

fn check_effect(effect: f64) -> Result<(), StatsError> {
    if effect.is_nan() {
        let (name, domain, value) = ("delta", "a number", effect);
        return Err(StatsError::BadParameter { name, domain, value });
    }
    if effect.abs() > 0.0 {
        Ok(())
    } else {
        Err(StatsError::ZeroEffect)
    }
}

/// Pairs to show "no worse than `margin`" when the share `discordance` of pairs differ and the truth is `true_diff`,
/// candidate less base (vector `n_ni_paired_binary`): `(z_α + z_β)² (ψ - d²)/(margin + d)²`, one-sided.
///
/// Errors: a margin that is negative, or not above the loss that is true; a difference larger than the discordance;
/// alpha or power outside (0, 1).
pub fn n_non_inferiority(
    margin: f64,
    discordance: f64,
    alpha: f64,
    power: f64,
    true_diff: f64,
) -> Result<SampleSize, StatsError> {
    let (z_alpha, z_power) = critical(alpha, power, Sidedness::One)?;
    check_margin(margin)?;
    check_discordance(discordance, true_diff)?;
    let room = margin + true_diff;
    if room <= 0.0 {
        return Err(StatsError::ZeroEffect);
    }
    let deviation = (discordance - true_diff * true_diff).max(0.0).sqrt();
    Ok(SampleSize::of(((z_alpha + z_power) * deviation / room).powi(2)))
}

/// Examples for two independent samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwoSampleSize {
    /// Of the first, as the formula gives it.
    pub n1_real: f64,
    /// Of the first.
    pub n1: u64,
    /// Of the second: `ratio n1_real`, rounded up.
    pub n2: u64,
}

/// Units to tell two rates apart, the second arm `ratio` times the first (vector `n_two_prop`; R's `power.prop.test`):
/// with `p̄ = (p1 + r p2)/(1 + r)`, `(z_α √(p̄ q̄ (1 + 1/r)) + z_β √(p1 q1 + p2 q2/r))²/(p1 - p2)²`.
///
/// Errors: rates outside 0 to 1 or equal; a ratio that is not positive; alpha or power outside (0, 1).
pub fn n_two_rates(
    p1: f64,
    p2: f64,
    alpha: f64,
    power: f64,
    sidedness: Sidedness,
    ratio: f64,
) -> Result<TwoSampleSize, StatsError> {
    let (z_alpha, z_power) = critical(alpha, power, sidedness)?;
    check_level(p1)?;
    check_level(p2)?;
    // Of the ratio and its inverse neither may overflow.
    check_positive_parameter("ratio", ratio.max(1.0 / ratio))?;
    check_effect(p1 - p2)?;
    let spread = |p: f64| p * (1.0 - p);
    let pooled = spread((p1 + ratio * p2) / (1.0 + ratio)) * (1.0 + 1.0 / ratio);
    let apart = spread(p1) + spread(p2) / ratio;
    let n1_real = ((z_alpha * pooled.sqrt() + z_power * apart.sqrt()) / (p1 - p2)).powi(2);
    Ok(TwoSampleSize {
        n1_real,
        n1: ceil(n1_real),
        n2: ceil(ratio * n1_real),
    })
}

/// Where the variance of a paired difference of scores comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreVariance {
    /// Variance over examples of the true difference.
    pub omega2: f64,
    /// Variance over repeats of one example, first side.
    pub sigma2_a: f64,
    /// The same, second side.
    pub sigma2_b: f64,
    /// Repeats of each example, first side.
    pub k_a: f64,
    /// The same, second side.
    pub k_b: f64,
}

impl ScoreVariance {
    /// `ω² + σ²_A/K_A + σ²_B/K_B`
    fn total(&self) -> Result<f64, StatsError> {
        check_positive_parameter("k_a", self.k_a)?;
        check_positive_parameter("k_b", self.k_b)?;
        for value in [self.omega2, self.sigma2_a, self.sigma2_b] {
            if !(value >= 0.0 && value.is_finite()) {
                let (name, domain) = ("variance", "a finite number from 0");
                return Err(StatsError::BadParameter { name, domain, value });
            }
        }
        Ok(self.omega2 + self.sigma2_a / self.k_a + self.sigma2_b / self.k_b)
    }
}

/// Examples to detect a difference `delta` of mean scores, two-sided (vector `n_mean_miller`; Miller 2024):
/// `(z_{α/2} + z_β)² (ω² + σ²_A/K_A + σ²_B/K_B)/δ²`.
///
/// Errors: a difference of 0; a variance that is negative; repeats that are not positive; alpha or power outside
/// (0, 1).
pub fn n_mean(delta: f64, variance: &ScoreVariance, alpha: f64, power: f64) -> Result<SampleSize, StatsError> {
    let (z_alpha, z_power) = critical(alpha, power, Sidedness::Two)?;
    let total = variance.total()?;
    check_effect(delta)?;
    Ok(SampleSize::of(((z_alpha + z_power) * total.sqrt() / delta).powi(2)))
}

/// The smallest difference of mean scores that `n` examples detect (vector `mde_miller`): [`n_mean`] turned round.
/// `None` without examples.
///
/// Errors: as [`n_mean`].
pub fn detectable_difference(
    n: u64,
    variance: &ScoreVariance,
    alpha: f64,
    power: f64,
) -> Result<Option<f64>, StatsError> {
    let (z_alpha, z_power) = critical(alpha, power, Sidedness::Two)?;
    let total = variance.total()?;
    Ok((n > 0).then(|| (z_alpha + z_power) * (total / n as f64).sqrt()))
}

/// How a gate treats a candidate with a known rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OperatingCharacteristic {
    /// The fewest hits that pass; `None` where none do.
    pub k_min: Option<u64>,
    /// Chance to pass.
    pub p_pass: f64,
}

impl OperatingCharacteristic {
    fn of(k_min: Option<u64>, n: u64, true_rate: f64) -> Self {
        Self {
            k_min,
            p_pass: k_min.map_or(0.0, |k_min| binom_sf_from(k_min, n, true_rate)),
        }
    }
}

/// Chance that a candidate with this true rate passes the point gate `k/n >= threshold` (vector `gate_oc`). Without
/// examples nothing passes.
///
/// Errors: a threshold above 1; a rate outside 0 to 1.
pub fn gate_characteristic(n: u64, threshold: Decimal, true_rate: f64) -> Result<OperatingCharacteristic, StatsError> {
    check_level(true_rate)?;
    let misses = threshold.misses_allowed(n)?;
    Ok(OperatingCharacteristic::of(
        misses.map(|misses| n - misses),
        n,
        true_rate,
    ))
}

/// The same for the gate "one-sided Clopper-Pearson lower bound >= threshold" (vector `gate_oc_bound`).
///
/// Errors: as [`gate_characteristic`]; confidence outside (0, 1).
pub fn proof_characteristic(
    n: u64,
    threshold: f64,
    confidence: f64,
    true_rate: f64,
) -> Result<OperatingCharacteristic, StatsError> {
    check_level(true_rate)?;
    let k_min = hits_for_lower_bound(n, threshold, confidence)?;
    Ok(OperatingCharacteristic::of(k_min, n, true_rate))
}

/// Exact power of the one-sided exact test of `McNemar`, "the candidate is worse", over `n` pairs of which the shares
/// `p_regression` and `p_fix` are regressions and fixes (vector `mcnemar_power_exact`): over all numbers of pairs that
/// differ, the chance of that many times the chance of enough regressions among them.
///
/// Errors: shares outside 0 to 1, alone or together; alpha outside (0, 1); more than a million pairs.
pub fn mcnemar_power(n: u64, p_regression: f64, p_fix: f64, alpha: f64) -> Result<f64, StatsError> {
    check_alpha(alpha)?;
    check_level(p_regression)?;
    check_level(p_fix)?;
    let discordance = p_regression + p_fix;
    // Shares such as 0.7 and 0.3 may add up to a rounding more than 1.
    if discordance > 1.0 + f64::EPSILON {
        return Err(StatsError::BadLevel(discordance));
    }
    let discordance = discordance.min(1.0);
    if n > EXACT_PAIRS_MAX {
        let max = EXACT_PAIRS_MAX;
        return Err(StatsError::TooLargeForExact { n, max });
    }
    if discordance <= 0.0 {
        return Ok(0.0);
    }
    let share = (p_regression / discordance).min(1.0);
    let centre = n as f64 * discordance;
    let reach = DEVIATIONS * (centre * (1.0 - discordance)).sqrt() + DEVIATIONS;
    let (first, last) = (ceil((centre - reach).max(0.0)), ceil(centre + reach).min(n));
    let rejects =
        |regressions: u64, differing: u64| binom_sf_from(regressions, differing, 0.5) <= alpha * (1.0 + EQUAL_SLACK);
    // The fewest regressions that reject; one more pair asks for none or one more.
    let mut needed = first_true(0, first + 1, |regressions| {
        regressions > first || rejects(regressions, first)
    });
    let mut power = 0.0;
    for differing in first..=last {
        while needed <= differing && !rejects(needed, differing) {
            needed += 1;
        }
        if needed <= differing {
            power += binom_pmf(differing, n, discordance) * binom_sf_from(needed, differing, share);
        }
    }
    Ok(power.min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn table_of_pairs_to_detect_a_drop() {
        for (drop, discordance, two, one) in [
            (0.01, 0.03, 2_353, 1_853),
            (0.02, 0.06, 1_175, 926),
            (0.05, 0.15, 469, 369),
        ] {
            let n = |sidedness| n_paired_binary(drop, discordance, 0.05, 0.8, sidedness).unwrap().n;
            assert_eq!((n(Sidedness::Two), n(Sidedness::One)), (two, one));
        }
        assert_eq!(n_non_inferiority(0.01, 0.01, 0.05, 0.8, 0.0).unwrap().n, 619);
    }

    #[test]
    fn the_detectable_difference_undoes_the_plan() {
        let variance = ScoreVariance {
            omega2: 1.0 / 9.0,
            sigma2_a: 0.0,
            sigma2_b: 0.0,
            k_a: 1.0,
            k_b: 1.0,
        };
        assert_eq!(n_mean(0.03, &variance, 0.05, 0.8).unwrap().n, 969);
        let found = detectable_difference(969, &variance, 0.05, 0.8).unwrap().unwrap();
        assert!((found - 0.03).abs() < 1e-6);
        assert_eq!(detectable_difference(0, &variance, 0.05, 0.8), Ok(None));
    }

    #[test]
    fn a_better_candidate_passes_more_often() {
        let passes = |rate| gate_characteristic(35, decimal("0.98"), rate).unwrap().p_pass;
        assert!((1.0 - passes(0.99) - 0.297).abs() < 1e-3);
        let chances: Vec<f64> = (0..=100_u32)
            .map(|percent| passes(f64::from(percent) / 100.0))
            .collect();
        assert!(chances.is_sorted());
        assert_eq!(gate_characteristic(0, decimal("0"), 1.0).unwrap().k_min, None);
    }

    #[test]
    fn power_is_summed_over_every_table() {
        let (n, p_regression, p_fix, alpha) = (30, 0.3, 0.1, 0.05);
        let mut want = 0.0;
        for differing in 0..=n {
            for regressions in 0..=differing {
                if binom_sf_from(regressions, differing, 0.5) <= alpha {
                    want += binom_pmf(differing, n, 0.4) * binom_pmf(regressions, differing, 0.75);
                }
            }
        }
        let got = mcnemar_power(n, p_regression, p_fix, alpha).unwrap();
        assert!((got - want).abs() < 1e-12, "{got} {want}");
        assert!(mcnemar_power(0, 0.3, 0.1, 0.05).unwrap().abs() <= 0.0);
        assert!(mcnemar_power(1_000_000, 0.7, 0.3, 0.05).unwrap() > 0.999);
    }

    #[test]
    fn plans_for_nothing_are_refused() {
        assert_eq!(
            n_paired_binary(0.0, 0.1, 0.05, 0.8, Sidedness::Two),
            Err(StatsError::ZeroEffect)
        );
        assert_eq!(
            n_two_rates(0.1, 0.1, 0.05, 0.8, Sidedness::Two, 1.0),
            Err(StatsError::ZeroEffect)
        );
        assert_eq!(
            n_non_inferiority(0.01, 0.1, 0.05, 0.8, -0.02),
            Err(StatsError::ZeroEffect)
        );
        assert!(n_paired_binary(f64::NAN, 0.1, 0.05, 0.8, Sidedness::Two).is_err());
    }
}
