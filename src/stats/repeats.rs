//! Several attempts at each example: how often at least one succeeds, how often all do, how much they differ.

use std::collections::HashMap;

use super::sample::{check_finite, check_lengths, defined, mean, variance};
use super::special::ln_beta;
use super::{StatsError, check_counts};

/// Factors that are multiplied one by one; beyond, logarithms of binomial coefficients take over.
const FACTORS_MAX: u64 = 100_000;

/// Chances over `k` attempts of one example.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PassAtK {
    /// That at least one succeeds: for retries behind a verifier.
    pub pass_at_k: f64,
    /// That all succeed: for what must always work.
    pub pass_hat_k: f64,
}

/// Unbiased chances from `c` successes among `n` attempts (vector `pass_at_k`; Chen et al. 2021):
/// `pass@k = 1 - C(n-c, k)/C(n, k)` and `pass^k = C(c, k)/C(n, k)`.
///
/// Errors: `c > n`; `k > n`.
pub fn pass_at_k(n: u64, c: u64, k: u64) -> Result<PassAtK, StatsError> {
    check_counts(c, n)?;
    if k > n {
        return Err(StatsError::FewerThanK { n, k });
    }
    // Taken from 0, so that a chance of exactly 0 is no negative zero.
    Ok(PassAtK {
        pass_at_k: 0.0 - ln_share(n - c, n, k).exp_m1(),
        pass_hat_k: ln_share(c, n, k).exp(),
    })
}

/// `ln(C(part, k) / C(whole, k))`, the chance that k drawn from the whole all lie in the part.
fn ln_share(part: u64, whole: u64, k: u64) -> f64 {
    if k > part {
        return f64::NEG_INFINITY;
    }
    // C(part, k)/C(whole, k) = C(whole - k, rest)/C(whole, rest): take the shorter product.
    let rest = whole - part;
    let (drawn, left_out) = if k <= rest { (k, rest) } else { (rest, k) };
    if drawn <= FACTORS_MAX {
        return (0..drawn)
            .map(|i| (-(left_out as f64) / (whole - i) as f64).ln_1p())
            .sum();
    }
    let ln_choose = |n: u64| -(n as f64 + 1.0).ln() - ln_beta(k as f64 + 1.0, (n - k) as f64 + 1.0);
    (ln_choose(part) - ln_choose(whole)).min(0.0)
}

/// Means of [`pass_at_k`] over examples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DatasetPassAtK {
    /// Examples with at least `k` attempts.
    pub items: usize,
    /// Examples left out for having fewer.
    pub skipped: usize,
    /// `None` where no example is left, as is the next.
    pub pass_at_k: Option<f64>,
    /// Mean of pass^k.
    pub pass_hat_k: Option<f64>,
    /// Standard error over examples, not attempts; `None` for fewer than two examples.
    pub se_pass_at_k: Option<f64>,
}

/// Means over examples given as `(attempts, successes)` (vector `pass_at_k_dataset`).
///
/// Errors: more successes than attempts.
pub fn pass_at_k_dataset(items: &[(u64, u64)], k: u64) -> Result<DatasetPassAtK, StatsError> {
    let (mut at, mut hat) = (Vec::new(), Vec::new());
    for (n, c) in items {
        check_counts(*c, *n)?;
        if *n >= k {
            let item = pass_at_k(*n, *c, k)?;
            at.push(item.pass_at_k);
            hat.push(item.pass_hat_k);
        }
    }
    Ok(DatasetPassAtK {
        items: at.len(),
        skipped: items.len() - at.len(),
        pass_at_k: mean(&at),
        pass_hat_k: mean(&hat),
        se_pass_at_k: variance(&at).map(|variance| (variance / at.len() as f64).sqrt()),
    })
}

/// How far repeats of the same example agree, in shares of 1; `None` without examples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Consistency {
    /// Mean share of pairs of repeats that agree.
    pub agreement: Option<f64>,
    /// Share of examples whose repeats all agree.
    pub unanimous_rate: Option<f64>,
}

/// Agreement among the labels that repeats of each example gave (vector `consistency`).
///
/// Errors: an example with fewer than two repeats.
pub fn consistency<S: AsRef<str>>(outcomes: &[Vec<S>]) -> Result<Consistency, StatsError> {
    let mut agreements = Vec::with_capacity(outcomes.len());
    let mut unanimous = Vec::with_capacity(outcomes.len());
    for (index, repeats) in outcomes.iter().enumerate() {
        if repeats.len() < 2 {
            return Err(StatsError::NeedsTwoRepeats { index });
        }
        let mut counts: HashMap<&str, f64> = HashMap::new();
        for label in repeats {
            *counts.entry(label.as_ref()).or_default() += 1.0;
        }
        let pairs = |count: f64| count * (count - 1.0) / 2.0;
        // Whole numbers below 2^53 add up exactly, so the order of the map does not matter.
        let agreeing: f64 = counts.values().map(|count| pairs(*count)).sum();
        agreements.push(agreeing / pairs(repeats.len() as f64));
        unanimous.push(if counts.len() == 1 { 1.0 } else { 0.0 });
    }
    Ok(Consistency {
        agreement: mean(&agreements),
        unanimous_rate: mean(&unanimous),
    })
}

/// Where the variation of scores comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VarianceComponents {
    /// `None` without scores.
    pub mean: Option<f64>,
    /// Standard error over examples; `None` for fewer than two.
    pub se: Option<f64>,
    /// Variance among repeats of one example; `None` for fewer than two repeats.
    pub within: Option<f64>,
    /// Variance among examples, at least 0; `None` for fewer than two repeats or examples.
    pub between: Option<f64>,
    /// Share of the mean's variance that more repeats would remove: buy repeats if it is large, examples if not.
    /// `None` where nothing varies.
    pub share_within_at_k: Option<f64>,
}

/// Splits the variance of scores, the same number K of repeats for each example (vector `variance_components`):
/// `Var(mean) = between/n + within/(nK)`, with `between = var(example means) - within/K`.
///
/// Errors: examples with different numbers of repeats; a score that is NaN or infinite.
pub fn variance_components(scores: &[Vec<f64>]) -> Result<VarianceComponents, StatsError> {
    let repeats = scores.first().map_or(0, Vec::len);
    for item in scores {
        check_lengths(repeats, item.len())?;
        check_finite(item)?;
    }
    let means: Vec<f64> = scores.iter().filter_map(|item| mean(item)).collect();
    let variances: Vec<f64> = scores.iter().filter_map(|item| variance(item)).collect();
    let of_means = variance(&means);
    let within = mean(&variances);
    let share = within.map(|within| within / repeats as f64);
    let between = of_means.zip(share).map(|(of_means, share)| (of_means - share).max(0.0));
    Ok(VarianceComponents {
        mean: mean(&means),
        se: of_means.map(|of_means| (of_means / means.len() as f64).sqrt()),
        within,
        between,
        share_within_at_k: between
            .zip(share)
            .and_then(|(between, share)| defined(share / (between + share))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_attempt_is_the_plain_rate_and_ends_are_exact() {
        let one = pass_at_k(10, 3, 1).unwrap();
        assert!((one.pass_at_k - 0.3).abs() < 1e-15 && (one.pass_hat_k - 0.3).abs() < 1e-15);
        for (n, c, k, want) in [(5, 0, 3, (0.0, 0.0)), (5, 5, 5, (1.0, 1.0)), (0, 0, 0, (0.0, 1.0))] {
            let got = pass_at_k(n, c, k).unwrap();
            assert_eq!((got.pass_at_k, got.pass_hat_k), want);
            assert!(got.pass_at_k.is_sign_positive());
        }
    }

    #[test]
    fn more_attempts_help_one_and_hurt_all() {
        let mut last = pass_at_k(200, 60, 1).unwrap();
        for k in 2..=200 {
            let next = pass_at_k(200, 60, k).unwrap();
            assert!(next.pass_at_k >= last.pass_at_k && next.pass_hat_k <= last.pass_hat_k);
            last = next;
        }
    }

    #[test]
    fn huge_counts_neither_hang_nor_leave_the_unit_interval() {
        for (n, c, k) in [
            (u64::MAX, u64::MAX / 2, u64::MAX / 3),
            (u64::MAX, 1, u64::MAX),
            (1 << 40, 1 << 30, 1 << 20),
        ] {
            let got = pass_at_k(n, c, k).unwrap();
            assert!(
                (0.0..=1.0).contains(&got.pass_at_k) && (0.0..=1.0).contains(&got.pass_hat_k),
                "{got:?}"
            );
        }
    }

    #[test]
    fn long_products_and_coefficients_agree() {
        let product: f64 = (0..150_000_u64)
            .map(|i| (-300_000.0 / (1_000_000 - i) as f64).ln_1p())
            .sum();
        assert!((ln_share(700_000, 1_000_000, 150_000) / product - 1.0).abs() < 1e-9);
    }

    #[test]
    fn scores_that_do_not_vary_have_no_share() {
        let result = variance_components(&[vec![1.0, 1.0], vec![1.0, 1.0]]).unwrap();
        assert_eq!((result.between, result.share_within_at_k), (Some(0.0), None));
        assert!(variance_components(&[vec![1.0], vec![1.0, 0.0]]).is_err());
    }
}
