//! Means and their intervals: plain, with missing scores, with examples that come in groups, of two samples, as a
//! ratio.

use std::collections::HashMap;

use super::sample::{Limits, check_finite, check_lengths, covariance, defined, is_rounding, mean, variance};
use super::special::{norm_ppf, t_critical, t_sf};
use super::{StatsError, check_confidence};

/// A mean with its Student t interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanInterval {
    /// Values.
    pub n: usize,
    /// `None` without values.
    pub mean: Option<f64>,
    /// Standard deviation with `n - 1`; `None` for fewer than two values, as are the next two.
    pub sd: Option<f64>,
    /// `sd / √n`
    pub se: Option<f64>,
    /// `mean ± t(n-1) se`
    pub limits: Option<Limits>,
}

/// Mean with Student's t interval (vector `mean_ci`), in two passes so that a large offset costs no digits.
///
/// Errors: a value that is NaN or infinite; confidence outside (0, 1).
pub fn mean_interval(values: &[f64], confidence: f64) -> Result<MeanInterval, StatsError> {
    check_finite(values)?;
    check_confidence(confidence)?;
    let n = values.len();
    let sd = variance(values).map(f64::sqrt);
    let se = sd.map(|sd| sd / (n as f64).sqrt());
    let mean = mean(values);
    let limits = mean.zip(se).and_then(|(mean, se)| {
        let half = t_critical(confidence, (n - 1) as f64) * se;
        Limits::around(mean, half)
    });
    Ok(MeanInterval {
        n,
        mean,
        sd,
        se,
        limits,
    })
}

/// What an example without a score counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingPolicy {
    /// Score 0: the default, since a candidate that times out on hard examples must not look better for it.
    Fail,
    /// Left out and reported.
    Exclude,
    /// Refused.
    Error,
}

/// A mean over scores of which some are missing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanWithMissing {
    /// Scores in the mean.
    pub n: u64,
    /// Scores that were missing.
    pub missing: u64,
    /// `None` where no score is left.
    pub mean: Option<f64>,
}

/// Mean of scores of which some are missing (vector `mean_with_missing`).
///
/// Errors: a score that is NaN or infinite; a missing score where the policy takes none.
pub fn mean_with_missing(scores: &[Option<f64>], policy: MissingPolicy) -> Result<MeanWithMissing, StatsError> {
    let present: Vec<f64> = scores.iter().flatten().copied().collect();
    check_finite(&present)?;
    let missing = (scores.len() - present.len()) as u64;
    let n = match policy {
        MissingPolicy::Error if missing > 0 => return Err(StatsError::MissingScores { count: missing }),
        MissingPolicy::Fail => scores.len(),
        MissingPolicy::Exclude | MissingPolicy::Error => present.len(),
    };
    let sum: f64 = present.iter().sum();
    Ok(MeanWithMissing {
        n: n as u64,
        missing,
        mean: if n == 0 { None } else { defined(sum / n as f64) },
    })
}

/// A mean over examples that come in clusters, with the standard errors in use for that.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusteredMean {
    /// Values.
    pub n: usize,
    /// Clusters.
    pub n_clusters: usize,
    /// `None` without values.
    pub mean: Option<f64>,
    /// As if the values were independent: too small when clusters agree. `None` for fewer than two values.
    pub se_naive: Option<f64>,
    /// `√Σ_c (Σ_i d_ic)² / n`, uncorrected; this and what follows is `None` for fewer than two clusters.
    pub se_cr0: Option<f64>,
    /// `√(s²/n + cross products within clusters / n²)`, as Miller 2024 writes it.
    pub se_miller: Option<f64>,
    /// `se_cr0 √(C/(C-1))`: the one to use, with t(C-1). Warn under about 30 clusters.
    pub se_cr1: Option<f64>,
    /// `C - 1`
    pub df: Option<usize>,
    /// Design effect `(se_cr1 / se_naive)²`: how many times more examples this takes than independent ones.
    pub deff: Option<f64>,
    /// `mean ± t(C-1) se_cr1`
    pub limits: Option<Limits>,
}

/// Mean of values that come in clusters such as conversations or source documents (vector `clustered_mean`;
/// Miller 2024, "Adding Error Bars to Evals").
///
/// Errors: lists of different length; a value without a cluster; a value that is NaN or infinite; confidence outside
/// (0, 1).
pub fn clustered_mean<S: AsRef<str>>(
    values: &[f64],
    clusters: &[Option<S>],
    confidence: f64,
) -> Result<ClusteredMean, StatsError> {
    let (places, n_clusters) = cluster_places(values, clusters)?;
    check_confidence(confidence)?;
    let n = values.len();
    let se_naive = variance(values).map(|variance| (variance / n as f64).sqrt());
    let mut result = ClusteredMean {
        n,
        n_clusters,
        mean: mean(values),
        se_naive,
        se_cr0: None,
        se_miller: None,
        se_cr1: None,
        df: None,
        deff: None,
        limits: None,
    };
    let (Some(mean), Some(naive)) = (result.mean, se_naive) else {
        return Ok(result);
    };
    if n_clusters < 2 {
        return Ok(result);
    }
    let mut sums = vec![0.0; n_clusters];
    for (value, place) in values.iter().zip(&places) {
        sums[*place] += value - mean;
    }
    let count = n as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let between: f64 = sums.iter().map(|sum| sum * sum).sum();
    let df = n_clusters - 1;
    let cr0 = between.sqrt() / count;
    let cr1 = cr0 * (n_clusters as f64 / df as f64).sqrt();
    result.se_cr0 = defined(cr0);
    result.se_miller = defined((naive * naive + (between - squares) / (count * count)).max(0.0).sqrt());
    result.se_cr1 = defined(cr1);
    result.df = Some(df);
    result.deff = defined((cr1 / naive).powi(2));
    result.limits = Limits::around(mean, t_critical(confidence, df as f64) * cr1);
    Ok(result)
}

/// For each value the place of its cluster in the order of first appearance, and how many clusters there are.
pub(super) fn cluster_places<S: AsRef<str>>(
    values: &[f64],
    clusters: &[Option<S>],
) -> Result<(Vec<usize>, usize), StatsError> {
    check_lengths(values.len(), clusters.len())?;
    check_finite(values)?;
    let mut known: HashMap<&str, usize> = HashMap::new();
    let mut places = Vec::with_capacity(clusters.len());
    for (index, cluster) in clusters.iter().enumerate() {
        let Some(cluster) = cluster else {
            return Err(StatsError::MissingCluster { index });
        };
        let next = known.len();
        places.push(*known.entry(cluster.as_ref()).or_insert(next));
    }
    Ok((places, known.len()))
}

/// Result of [`welch_t`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WelchTest {
    /// Second mean less first.
    pub diff: f64,
    /// `None` where neither sample varies.
    pub t: Option<f64>,
    /// Welch-Satterthwaite degrees of freedom; `None` where neither sample varies.
    pub df: Option<f64>,
    /// Two-sided; where neither sample varies 1 for a difference of 0, otherwise 0.
    pub p: f64,
    /// `diff ± t(df) se`
    pub limits: Option<Limits>,
}

/// Welch's t-test for the difference of two independent means, second less first (vector `welch_t`; Welch 1947).
/// `None` for fewer than two values in either.
///
/// Errors: a value that is NaN or infinite; confidence outside (0, 1).
pub fn welch_t(first: &[f64], second: &[f64], confidence: f64) -> Result<Option<WelchTest>, StatsError> {
    check_finite(first)?;
    check_finite(second)?;
    check_confidence(confidence)?;
    let part = |values: &[f64]| {
        Some((
            mean(values)?,
            variance(values)? / values.len() as f64,
            values.len() as f64 - 1.0,
        ))
    };
    let (Some((mean1, square1, df1)), Some((mean2, square2, df2))) = (part(first), part(second)) else {
        return Ok(None);
    };
    let diff = mean2 - mean1;
    let square = square1 + square2;
    let se = square.sqrt();
    if is_rounding(se, first) && is_rounding(se, second) {
        return Ok(Some(WelchTest {
            diff,
            t: None,
            df: None,
            p: if is_rounding(diff.abs(), &[mean1, mean2]) {
                1.0
            } else {
                0.0
            },
            limits: Limits::around(diff, 0.0),
        }));
    }
    let (share1, share2) = (square1 / square, square2 / square);
    let df = 1.0 / (share1 * share1 / df1 + share2 * share2 / df2);
    let t = diff / se;
    Ok(Some(WelchTest {
        diff,
        t: defined(t),
        df: defined(df),
        p: (2.0 * t_sf(t.abs(), df)).clamp(0.0, 1.0),
        limits: Limits::around(diff, t_critical(confidence, df) * se),
    }))
}

/// A ratio of two means, such as cost per resolved ticket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// Mean of the numerators over mean of the denominators; `None` where that mean is 0.
    pub ratio: Option<f64>,
    /// `None` for fewer than two units.
    pub se: Option<f64>,
    /// `ratio ± z se`
    pub limits: Option<Limits>,
}

/// Ratio of means over units by the delta method (vector `ratio_delta`): `SE² = var(x - r y) / (n ȳ²)`, variance with
/// `n - 1`, normal interval.
///
/// Errors: lists of different length; a value that is NaN or infinite; confidence outside (0, 1).
pub fn ratio_of_means(numerators: &[f64], denominators: &[f64], confidence: f64) -> Result<Ratio, StatsError> {
    check_lengths(numerators.len(), denominators.len())?;
    check_finite(numerators)?;
    check_finite(denominators)?;
    check_confidence(confidence)?;
    let below = mean(denominators).filter(|below| below.abs() > 0.0);
    let ratio = mean(numerators)
        .zip(below)
        .and_then(|(above, below)| defined(above / below));
    let se = ratio.zip(below).and_then(|(ratio, below)| {
        let rest: Vec<f64> = numerators
            .iter()
            .zip(denominators)
            .map(|(x, y)| x - ratio * y)
            .collect();
        defined((covariance(&rest, &rest)? / rest.len() as f64).sqrt() / below.abs())
    });
    let z = -norm_ppf((1.0 - confidence) / 2.0);
    let limits = ratio.zip(se).and_then(|(ratio, se)| Limits::around(ratio, z * se));
    Ok(Ratio { ratio, se, limits })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_costs_no_digits() {
        let plain = mean_interval(&[1.0, 2.0, 3.0, 4.0], 0.9).unwrap();
        let offset = mean_interval(&[1.0, 2.0, 3.0, 4.0].map(|x| x + 1e9), 0.9).unwrap();
        assert!((plain.sd.unwrap() - offset.sd.unwrap()).abs() < 1e-12);
    }

    #[test]
    fn too_few_values_have_no_interval() {
        let one = mean_interval(&[4.0], 0.95).unwrap();
        assert_eq!((one.mean, one.sd, one.limits), (Some(4.0), None, None));
        assert_eq!(welch_t(&[1.0], &[1.0, 2.0], 0.95), Ok(None));
        assert_eq!(ratio_of_means(&[1.0], &[2.0], 0.95).unwrap().se, None);
        assert_eq!(clustered_mean::<&str>(&[], &[], 0.95).unwrap().mean, None);
    }

    #[test]
    fn what_does_not_vary_is_certain() {
        let same = welch_t(&[0.7; 6], &[0.7; 4], 0.95).unwrap().unwrap();
        assert_eq!((same.t, same.p), (None, 1.0));
        let apart = welch_t(&[0.1; 6], &[0.7; 4], 0.95).unwrap().unwrap();
        assert_eq!((apart.t, apart.p), (None, 0.0));
    }

    #[test]
    fn an_overflow_is_no_number_and_no_panic() {
        let huge = mean_interval(&[f64::MAX, f64::MAX], 0.95).unwrap();
        assert_eq!((huge.mean, huge.limits), (None, None));
        assert_eq!(welch_t(&[f64::MAX, f64::MAX], &[1.0, 2.0], 0.95), Ok(None));
    }

    #[test]
    fn an_errored_example_never_raises_the_mean_by_default() {
        let scores = [Some(1.0), Some(0.5), None];
        let fail = mean_with_missing(&scores, MissingPolicy::Fail).unwrap();
        assert!(fail.mean < mean_with_missing(&scores[..2], MissingPolicy::Fail).unwrap().mean);
        assert_eq!(
            mean_with_missing(&scores, MissingPolicy::Exclude).unwrap().mean,
            Some(0.75)
        );
        assert!(mean_with_missing(&[Some(f64::NAN)], MissingPolicy::Fail).is_err());
    }
}
