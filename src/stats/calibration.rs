//! From what a judge says to what is true: rates and means corrected by a set that people labelled.

use super::sample::{Limits, check_finite, check_lengths, covariance, defined, is_constant, mean, variance};
use super::special::norm_ppf;
use super::{StatsError, check_confidence, check_counts, rate};

/// A judge's positives, and how it did on examples that people labelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JudgedRate {
    /// Judged positive.
    pub positives: u64,
    /// Judged at all.
    pub judged: u64,
    /// Labelled positive and judged so.
    pub true_positives: u64,
    /// Labelled positive: the denominator of sensitivity.
    pub labelled_positive: u64,
    /// Labelled negative and judged so.
    pub true_negatives: u64,
    /// Labelled negative: the denominator of specificity.
    pub labelled_negative: u64,
}

impl JudgedRate {
    fn check(&self, confidence: f64) -> Result<(), StatsError> {
        check_counts(self.positives, self.judged)?;
        check_counts(self.true_positives, self.labelled_positive)?;
        check_counts(self.true_negatives, self.labelled_negative)?;
        check_confidence(confidence)
    }

    fn is_empty(&self) -> bool {
        self.judged == 0 || self.labelled_positive == 0 || self.labelled_negative == 0
    }

    /// Sensitivity and specificity add up to more than 1, by whole numbers so that no rounding decides; after `add`
    /// right ones of twice as many more are thrown in on each side.
    fn check_better_than_chance(&self, add: u64) -> Result<(), StatsError> {
        let more = |count: u64, add: u64| u128::from(count.saturating_add(add));
        let (se, se_n) = (more(self.true_positives, add), more(self.labelled_positive, 2 * add));
        let (sp, sp_n) = (more(self.true_negatives, add), more(self.labelled_negative, 2 * add));
        // se/se_n + sp/sp_n > 1 is se/se_n > (sp_n - sp)/sp_n.
        if se * sp_n > (sp_n - sp) * se_n {
            Ok(())
        } else {
            Err(StatsError::JudgeNoBetterThanChance)
        }
    }
}

/// A judged rate after correction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CorrectedRate {
    /// `raw` brought into 0 to 1.
    pub estimate: f64,
    /// `(q + sp - 1)/(se + sp - 1)`; outside 0 to 1 when the judge errs more here than on the labelled set.
    pub raw: f64,
    /// Delta-method standard error, with the uncertainty of sensitivity and specificity.
    pub se: f64,
    /// `raw ± z se`, clipped to 0 to 1.
    pub limits: Limits,
}

/// Rogan and Gladen's corrected rate (vector `rogan_gladen`; Rogan and Gladen 1978). `None` where nothing was judged or
/// no positive or no negative was labelled.
///
/// Errors: counts that do not fit; confidence outside (0, 1); a judge no better than chance.
pub fn rogan_gladen(judged: JudgedRate, confidence: f64) -> Result<Option<CorrectedRate>, StatsError> {
    judged.check(confidence)?;
    let rates = (
        rate(judged.positives, judged.judged),
        rate(judged.true_positives, judged.labelled_positive),
        rate(judged.true_negatives, judged.labelled_negative),
    );
    let (Some(q), Some(se), Some(sp)) = rates else {
        return Ok(None);
    };
    judged.check_better_than_chance(0)?;
    let informed = se + sp - 1.0;
    let raw = (q + sp - 1.0) / informed;
    let spread = |p: f64, n: u64| p * (1.0 - p) / n as f64;
    let variance = spread(q, judged.judged)
        + raw * raw * spread(se, judged.labelled_positive)
        + (1.0 - raw) * (1.0 - raw) * spread(sp, judged.labelled_negative);
    let error = variance.sqrt() / informed;
    let half = -norm_ppf((1.0 - confidence) / 2.0) * error;
    Ok(Some(CorrectedRate {
        estimate: raw.clamp(0.0, 1.0),
        raw,
        se: error,
        limits: Limits {
            lo: raw - half,
            hi: raw + half,
        }
        .clipped(),
    }))
}

/// The interval of [`lang_reiczigel`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShiftedRate {
    /// Middle of the interval before clipping.
    pub centre: f64,
    /// Clipped to 0 to 1.
    pub limits: Limits,
}

/// Lang and Reiczigel's interval for a corrected rate (vector `lang_reiczigel`; Lang and Reiczigel 2014), the better
/// choice for small labelled sets.
///
/// With `n' = n + z²`, `q' = (k + z²/2)/n'`, sensitivity and specificity from one more right and one more wrong each,
/// `p' = (q' + sp' - 1)/(se' + sp' - 1)`: centre `p' + 2z² (p' se'(1-se')/n_se' - (1-p') sp'(1-sp')/n_sp')`, half width
/// `z √(q'(1-q')/n' + p'² se'(1-se')/n_se' + (1-p')² sp'(1-sp')/n_sp') / (se' + sp' - 1)`. `None` as [`rogan_gladen`].
///
/// Errors: as [`rogan_gladen`].
pub fn lang_reiczigel(judged: JudgedRate, confidence: f64) -> Result<Option<ShiftedRate>, StatsError> {
    judged.check(confidence)?;
    if judged.is_empty() {
        return Ok(None);
    }
    judged.check_better_than_chance(1)?;
    let z = -norm_ppf((1.0 - confidence) / 2.0);
    let n = judged.judged as f64 + z * z;
    let q = (judged.positives as f64 + z * z / 2.0) / n;
    let (se_n, sp_n) = (
        judged.labelled_positive as f64 + 2.0,
        judged.labelled_negative as f64 + 2.0,
    );
    let (se, sp) = (
        (judged.true_positives as f64 + 1.0) / se_n,
        (judged.true_negatives as f64 + 1.0) / sp_n,
    );
    let informed = se + sp - 1.0;
    let p = (q + sp - 1.0) / informed;
    let (se_spread, sp_spread) = (se * (1.0 - se) / se_n, sp * (1.0 - sp) / sp_n);
    let centre = p + 2.0 * z * z * (p * se_spread - (1.0 - p) * sp_spread);
    let variance = q * (1.0 - q) / n + p * p * se_spread + (1.0 - p) * (1.0 - p) * sp_spread;
    let half = z * variance.sqrt() / informed;
    Ok(Some(ShiftedRate {
        centre,
        limits: Limits {
            lo: centre - half,
            hi: centre + half,
        }
        .clipped(),
    }))
}

/// How far the judge is trusted in [`ppi_mean`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum JudgeWeight {
    /// This far: 0 ignores the judge, 1 is plain prediction-powered inference.
    Fixed(f64),
    /// As far as makes the standard error least: `cov(y, f)/((1 + n/N) var(f))`, clipped to 0 to 1; 0 for a judge that
    /// always says the same. `var(f)` is over labelled and unlabelled judgements together.
    Tuned,
}

/// Result of [`ppi_mean`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PredictionPowered {
    /// The corrected mean.
    pub estimate: f64,
    /// The weight that the judge got.
    pub lambda: f64,
    /// Standard error.
    pub se: f64,
    /// `estimate ± z se`
    pub limits: Limits,
}

/// Prediction-powered mean (vector `ppi_mean`; Angelopoulos et al. 2023): people's scores `labels` and the judge's
/// `judged` for a few examples, the judge's alone, `unlabelled`, for many.
///
/// `λ mean(unlabelled) + mean(y - λ f)`, `SE² = λ² var(unlabelled)/N + var(y - λ f)/n`, variances with `n - 1`. `None`
/// for fewer than two in either part.
///
/// Errors: lists of different length; a value that is NaN or infinite; confidence outside (0, 1).
pub fn ppi_mean(
    labels: &[f64],
    judged: &[f64],
    unlabelled: &[f64],
    weight: JudgeWeight,
    confidence: f64,
) -> Result<Option<PredictionPowered>, StatsError> {
    check_lengths(labels.len(), judged.len())?;
    for values in [labels, judged, unlabelled] {
        check_finite(values)?;
    }
    check_confidence(confidence)?;
    if labels.len() < 2 || unlabelled.len() < 2 {
        return Ok(None);
    }
    let lambda = match weight {
        JudgeWeight::Fixed(lambda) => {
            check_finite(&[lambda])?;
            lambda
        }
        JudgeWeight::Tuned => tuned_weight(labels, judged, unlabelled),
    };
    let rest: Vec<f64> = labels.iter().zip(judged).map(|(y, f)| y - lambda * f).collect();
    let part = |values: &[f64]| Some((mean(values)?, variance(values)? / values.len() as f64));
    let Some(((far, far_square), (near, near_square))) = part(unlabelled).zip(part(&rest)) else {
        return Ok(None);
    };
    let estimate = lambda * far + near;
    let se = (lambda * lambda * far_square + near_square).sqrt();
    let z = -norm_ppf((1.0 - confidence) / 2.0);
    Ok(Limits::around(estimate, z * se).map(|limits| PredictionPowered {
        estimate,
        lambda,
        se,
        limits,
    }))
}

fn tuned_weight(labels: &[f64], judged: &[f64], unlabelled: &[f64]) -> f64 {
    let all = [judged, unlabelled].concat();
    if is_constant(&all) {
        return 0.0;
    }
    let ratio = labels.len() as f64 / unlabelled.len() as f64;
    let tuned = covariance(labels, judged)
        .zip(variance(&all))
        .and_then(|(both, judge)| defined(both / ((1.0 + ratio) * judge)));
    tuned.map_or(0.0, |tuned| tuned.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(counts: [u64; 6]) -> JudgedRate {
        let [
            positives,
            judged,
            true_positives,
            labelled_positive,
            true_negatives,
            labelled_negative,
        ] = counts;
        JudgedRate {
            positives,
            judged,
            true_positives,
            labelled_positive,
            true_negatives,
            labelled_negative,
        }
    }

    #[test]
    fn a_perfect_judge_needs_no_correction() {
        let result = rogan_gladen(judged([30, 100, 50, 50, 50, 50]), 0.95).unwrap().unwrap();
        assert!((result.estimate - 0.3).abs() < 1e-12);
        assert!((result.se - (0.21_f64 / 100.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn chance_is_told_by_counts_not_by_rounding() {
        for (se, sp) in [
            ([1, 10], [9, 10]),
            ([3, 10], [7, 10]),
            ([5, 10], [5, 10]),
            ([2, 10], [1, 10]),
        ] {
            let counts = judged([5, 10, se[0], se[1], sp[0], sp[1]]);
            assert_eq!(rogan_gladen(counts, 0.95), Err(StatsError::JudgeNoBetterThanChance));
            assert_eq!(lang_reiczigel(counts, 0.95), Err(StatsError::JudgeNoBetterThanChance));
        }
    }

    #[test]
    fn nothing_judged_or_labelled_is_no_rate() {
        for counts in [[0, 0, 5, 5, 5, 5], [1, 2, 0, 0, 5, 5], [1, 2, 5, 5, 0, 0]] {
            assert_eq!(rogan_gladen(judged(counts), 0.95), Ok(None));
            assert_eq!(lang_reiczigel(judged(counts), 0.95), Ok(None));
        }
        assert!(rogan_gladen(judged([3, 2, 5, 5, 5, 5]), 0.95).is_err());
    }

    #[test]
    fn a_judge_that_always_says_the_same_gets_no_weight() {
        let result = ppi_mean(&[0.1, 0.9, 0.4], &[0.7; 3], &[0.7; 9], JudgeWeight::Tuned, 0.95)
            .unwrap()
            .unwrap();
        assert!(result.lambda.abs() < 1e-12);
    }
}
