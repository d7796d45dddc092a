//! Bootstrap intervals, the same bytes for the same seed on any machine.

use super::means::cluster_places;
use super::quantile::quantile_linear;
use super::random::SplitMix64;
use super::sample::{Limits, check_finite, mean, variance};
use super::special::{norm_cdf, norm_ppf};
use super::{StatsError, check_confidence};

/// Most draws in all, about ten seconds of work.
const DRAWS_MAX: u64 = 1_000_000_000;
/// Replicates this close to the estimate, in shares of its size but at least of 1, equal it: on pass and fail data the
/// ties are many and rounding must not break them.
const TIE_SLACK: f64 = 1e-12;

/// What `BCa` found: the two corrections, the levels they lead to, and the interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bca {
    /// Correction for a biased median, in standard normal units.
    pub z0: f64,
    /// Correction for a standard error that changes with the value.
    pub accel: f64,
    /// Level of the replicates that is the lower end.
    pub alpha_lo: f64,
    /// Level of the replicates that is the upper end.
    pub alpha_hi: f64,
    /// The interval.
    pub limits: Limits,
}

/// Bootstrap of a mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BootstrapMean {
    /// `None` without values, as is all else.
    pub mean: Option<f64>,
    /// Standard deviation of the replicates; `None` for fewer than two.
    pub se_boot: Option<f64>,
    /// Percentile interval.
    pub percentile: Option<Limits>,
    /// Bias-corrected and accelerated interval; `None` where undefined, such as on constant data.
    pub bca: Option<Bca>,
}

/// Bootstrap of the mean of values, or of paired differences (vector `bootstrap_mean`). Replicate after replicate draws
/// `n` places from one [`SplitMix64`] stream; percentile limits are type-7 quantiles. Prefer the paired t interval for
/// small numeric samples.
///
/// Errors: a value that is NaN or infinite; confidence outside (0, 1); more than a thousand million draws.
pub fn bootstrap_mean(
    values: &[f64],
    replicates: u64,
    seed: u64,
    confidence: f64,
) -> Result<BootstrapMean, StatsError> {
    check_finite(values)?;
    check_confidence(confidence)?;
    check_draws(replicates, values.len())?;
    let Some(estimate) = mean(values) else {
        return Ok(BootstrapMean {
            mean: None,
            se_boot: None,
            percentile: None,
            bca: None,
        });
    };
    let n = values.len();
    let mut random = SplitMix64::new(seed);
    let replicates: Vec<f64> = (0..replicates)
        .map(|_| (0..n).map(|_| values[random.place(n)]).sum::<f64>() / n as f64)
        .collect();
    let sum: f64 = values.iter().sum();
    let jackknife: Vec<f64> = if n < 2 {
        Vec::new()
    } else {
        values.iter().map(|value| (sum - value) / (n - 1) as f64).collect()
    };
    Ok(BootstrapMean {
        mean: Some(estimate),
        se_boot: variance(&replicates).map(f64::sqrt),
        percentile: percentile(&replicates, confidence)?,
        bca: bca_from_replicates(estimate, &replicates, &jackknife, confidence)?,
    })
}

fn check_draws(replicates: u64, values: usize) -> Result<(), StatsError> {
    let n = replicates.saturating_mul(values.max(1) as u64);
    if n > DRAWS_MAX {
        return Err(StatsError::TooLargeForExact { n, max: DRAWS_MAX });
    }
    Ok(())
}

fn percentile(replicates: &[f64], confidence: f64) -> Result<Option<Limits>, StatsError> {
    let tail = (1.0 - confidence) / 2.0;
    let lo = quantile_linear(replicates, tail)?;
    let hi = quantile_linear(replicates, 1.0 - tail)?;
    Ok(lo.zip(hi).map(|(lo, hi)| Limits { lo, hi }))
}

/// `BCa` interval from replicates and jackknife values of any statistic (vector `bca_from_replicates`; Efron 1987).
///
/// `z0 = Φ⁻¹((#less + #equal/2)/B)`, `a = Σ(m - j)³ / (6 (Σ(m - j)²)^1.5)` with the jackknife's mean m, and the ends
/// are type-7 quantiles at `Φ(z0 + (z0 + z)/(1 - a (z0 + z)))` for `z = Φ⁻¹(α/2)` and `Φ⁻¹(1 - α/2)`. `None` where `z0`
/// is infinite, the estimate lying outside all replicates, or the jackknife is constant.
///
/// Errors: a value that is NaN or infinite; confidence outside (0, 1).
pub fn bca_from_replicates(
    estimate: f64,
    replicates: &[f64],
    jackknife: &[f64],
    confidence: f64,
) -> Result<Option<Bca>, StatsError> {
    check_finite(&[estimate])?;
    check_finite(replicates)?;
    check_finite(jackknife)?;
    check_confidence(confidence)?;
    let slack = TIE_SLACK * estimate.abs().max(1.0);
    let equal = replicates
        .iter()
        .filter(|value| (*value - estimate).abs() <= slack)
        .count() as f64;
    let less = replicates.iter().filter(|value| **value < estimate - slack).count() as f64;
    let z0 = norm_ppf((less + equal / 2.0) / replicates.len() as f64);
    let Some(accel) = acceleration(jackknife, slack).filter(|_| z0.is_finite()) else {
        return Ok(None);
    };
    let level = |z: f64| norm_cdf(z0 + (z0 + z) / (1.0 - accel * (z0 + z)));
    let z = norm_ppf((1.0 - confidence) / 2.0);
    let (alpha_lo, alpha_hi) = (level(z), level(-z));
    if alpha_lo.is_nan() || alpha_hi.is_nan() {
        return Ok(None);
    }
    let (lo, hi) = (
        quantile_linear(replicates, alpha_lo)?,
        quantile_linear(replicates, alpha_hi)?,
    );
    Ok(lo.zip(hi).map(|(lo, hi)| Bca {
        z0,
        accel,
        alpha_lo,
        alpha_hi,
        limits: Limits { lo, hi },
    }))
}

/// `None` for a jackknife that is empty or constant.
fn acceleration(jackknife: &[f64], slack: f64) -> Option<f64> {
    let centre = mean(jackknife)?;
    let spread = jackknife
        .iter()
        .fold(0.0_f64, |spread, value| spread.max((value - centre).abs()));
    if spread <= slack {
        return None;
    }
    // In shares of the spread, so that the cubes neither vanish nor overflow.
    let sum = |power| {
        jackknife
            .iter()
            .map(|value| ((centre - value) / spread).powi(power))
            .sum::<f64>()
    };
    Some(sum(3) / (6.0 * sum(2).powf(1.5)))
}

/// Bootstrap of the mean of values that come in clusters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusterBootstrapMean {
    /// `None` without values.
    pub mean: Option<f64>,
    /// Percentile interval; `None` without values or replicates.
    pub percentile: Option<Limits>,
}

/// Bootstrap that draws whole clusters, in the order of their first appearance; the statistic is sum over count of what
/// was drawn (vector `cluster_bootstrap_mean`).
///
/// Errors: lists of different length; a value without a cluster; as [`bootstrap_mean`].
pub fn cluster_bootstrap_mean<S: AsRef<str>>(
    values: &[f64],
    clusters: &[Option<S>],
    replicates: u64,
    seed: u64,
    confidence: f64,
) -> Result<ClusterBootstrapMean, StatsError> {
    let (places, n_clusters) = cluster_places(values, clusters)?;
    check_confidence(confidence)?;
    check_draws(replicates, n_clusters)?;
    let mut totals = vec![(0.0, 0.0); n_clusters];
    for (value, place) in values.iter().zip(places) {
        totals[place].0 += value;
        totals[place].1 += 1.0;
    }
    let mut random = SplitMix64::new(seed);
    let mut replicate = || {
        let mut drawn = (0.0, 0.0);
        for _ in 0..n_clusters {
            let (sum, count) = totals[random.place(n_clusters)];
            drawn = (drawn.0 + sum, drawn.1 + count);
        }
        drawn.0 / drawn.1
    };
    let replicates: Vec<f64> = if values.is_empty() {
        Vec::new()
    } else {
        (0..replicates).map(|_| replicate()).collect()
    };
    Ok(ClusterBootstrapMean {
        mean: mean(values),
        percentile: percentile(&replicates, confidence)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_interval_and_another_does_not() {
        let values: Vec<f64> = (0..40_u32).map(|i| f64::from(i * i % 17)).collect();
        let run = |seed| bootstrap_mean(&values, 500, seed, 0.95).unwrap();
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    #[test]
    fn nothing_to_draw_is_no_interval() {
        assert_eq!(bootstrap_mean(&[], 10, 1, 0.95).unwrap().percentile, None);
        assert_eq!(bootstrap_mean(&[1.0, 2.0], 0, 1, 0.95).unwrap().percentile, None);
        assert_eq!(bca_from_replicates(1.0, &[], &[1.0, 2.0], 0.95), Ok(None));
        assert_eq!(
            cluster_bootstrap_mean::<&str>(&[], &[], 10, 1, 0.95).unwrap().mean,
            None
        );
        assert!(bootstrap_mean(&[1.0], u64::MAX, 1, 0.95).is_err());
    }

    #[test]
    fn constant_data_have_no_bca_interval() {
        for n in [1, 2, 6] {
            let result = bootstrap_mean(&vec![0.7; n], 100, 3, 0.95).unwrap();
            assert_eq!(result.bca, None, "{n}");
        }
    }
}
