//! Quantiles by name of their definition, since definitions differ.

use super::sample::check_finite;
use super::special::binom_cdf;
use super::{StatsError, check_confidence, check_level, first_true};

/// Below this a product of level and count that should be whole, such as 0.95 x 60, may miss it by rounding.
const ROUNDING_SLACK: f64 = 1e-12;

/// The value at rank `max(1, ceil(p n))` (vector `quantile`, method `nearest_rank`): one that happened, for p95 and
/// p99. `None` without values. Unit: that of the values.
///
/// Errors: a level outside 0 to 1; a value that is NaN or infinite.
pub fn quantile_nearest_rank(values: &[f64], level: f64) -> Result<Option<f64>, StatsError> {
    let sorted = sorted(values, level)?;
    let rank = (level * sorted.len() as f64 - ROUNDING_SLACK).ceil().max(1.0);
    Ok(sorted.get(index(rank - 1.0)).or(sorted.last()).copied())
}

/// The value at `h = (n - 1) p` of the sorted values, between two of them by straight line (vector `quantile`, method
/// `linear7`; type 7 of Hyndman and Fan 1996): for medians in charts. `None` without values.
///
/// Errors: as [`quantile_nearest_rank`].
pub fn quantile_linear(values: &[f64], level: f64) -> Result<Option<f64>, StatsError> {
    let sorted = sorted(values, level)?;
    let h = sorted.len().saturating_sub(1) as f64 * level;
    let Some(&below) = sorted.get(index(h.floor())) else {
        return Ok(None);
    };
    let above = sorted.get(index(h.floor()) + 1).copied().unwrap_or(below);
    Ok(Some(below + (h - h.floor()) * (above - below)))
}

/// Ranks from 1 between which a quantile lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuantileRanks {
    /// Rank of the lower limit; `None` where the values are too few for one.
    pub lower: Option<u64>,
    /// Rank of the upper limit; `None` where the values are too few for one: then a p99 is a maximum in disguise.
    pub upper: Option<u64>,
    /// Chance that the quantile lies between them, an absent limit taken as infinite.
    pub coverage: f64,
}

/// Ranks of the distribution-free interval for a quantile of `n` values (vector `quantile_ci_ranks`): the largest l
/// with `P(Bin(n, p) <= l-1) <= α/2` and the smallest u with `P(Bin(n, p) <= u-1) >= 1-α/2`.
///
/// Errors: a level outside 0 to 1; confidence outside (0, 1).
pub fn quantile_ranks(n: u64, level: f64, confidence: f64) -> Result<QuantileRanks, StatsError> {
    check_level(level)?;
    check_confidence(confidence)?;
    let tail = (1.0 - confidence) / 2.0;
    // P(X < rank), for ranks from 1 to n.
    let below = |rank: u64| binom_cdf(rank - 1, n, level);
    let first = |is_past: &dyn Fn(u64) -> bool| (n > 0 && is_past(n)).then(|| first_true(0, n, is_past));
    let past = first(&|rank| rank > 0 && below(rank) > tail * (1.0 + ROUNDING_SLACK));
    let lower = Some(past.map_or(n, |past| past - 1)).filter(|rank| *rank > 0);
    let upper = first(&|rank| rank > 0 && below(rank) >= (1.0 - tail) * (1.0 - ROUNDING_SLACK));
    Ok(QuantileRanks {
        lower,
        upper,
        coverage: upper.map_or(1.0, below) - lower.map_or(0.0, below),
    })
}

/// A quantile with the values that bound it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuantileInterval {
    /// By nearest rank; `None` without values.
    pub value: Option<f64>,
    /// Lower limit; `None` where the values are too few for one.
    pub lo: Option<f64>,
    /// Upper limit; `None` where the values are too few for one.
    pub hi: Option<f64>,
}

/// Quantile by nearest rank with the interval of [`quantile_ranks`] (vector `quantile_ci`). An upper 95 % limit for p95
/// takes 72 values, for p99 368.
///
/// Errors: as [`quantile_nearest_rank`] and [`quantile_ranks`].
pub fn quantile_interval(values: &[f64], level: f64, confidence: f64) -> Result<QuantileInterval, StatsError> {
    let value = quantile_nearest_rank(values, level)?;
    let sorted = sorted(values, level)?;
    let ranks = quantile_ranks(sorted.len() as u64, level, confidence)?;
    let at = |rank: Option<u64>| {
        let place = usize::try_from(rank?.checked_sub(1)?).ok()?;
        sorted.get(place).copied()
    };
    Ok(QuantileInterval {
        value,
        lo: at(ranks.lower),
        hi: at(ranks.upper),
    })
}

fn sorted(values: &[f64], level: f64) -> Result<Vec<f64>, StatsError> {
    check_level(level)?;
    check_finite(values)?;
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    Ok(sorted)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole, at least 0 and at most the length of a slice"
)]
fn index(whole: f64) -> usize {
    whole as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_rank_is_taken_as_it_is() {
        let values: Vec<f64> = (1..=60).map(f64::from).collect();
        assert_eq!(quantile_nearest_rank(&values, 0.95).unwrap(), Some(57.0));
        assert_eq!(quantile_nearest_rank(&values, 0.0).unwrap(), Some(1.0));
        assert_eq!(quantile_nearest_rank(&values, 1.0).unwrap(), Some(60.0));
    }

    #[test]
    fn order_does_not_matter_and_ends_are_ends() {
        assert_eq!(quantile_linear(&[3.0, 1.0, 2.0], 0.5).unwrap(), Some(2.0));
        assert_eq!(quantile_linear(&[3.0, 1.0, 2.0], 1.0).unwrap(), Some(3.0));
        assert_eq!(quantile_linear(&[5.0, 1.0], 0.25).unwrap(), Some(2.0));
        assert_eq!(quantile_nearest_rank(&[], 0.5).unwrap(), None);
    }

    #[test]
    fn an_upper_limit_takes_enough_values() {
        for (level, needed) in [(0.95, 72), (0.99, 368)] {
            assert_eq!(quantile_ranks(needed - 1, level, 0.95).unwrap().upper, None);
            assert_eq!(quantile_ranks(needed, level, 0.95).unwrap().upper, Some(needed));
        }
        let nothing = quantile_ranks(0, 0.5, 0.95).unwrap();
        assert_eq!((nothing.lower, nothing.upper, nothing.coverage), (None, None, 1.0));
        assert_eq!(quantile_interval(&[], 0.5, 0.95).unwrap().value, None);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        assert_eq!(
            quantile_linear(&[1.0, f64::NAN], 0.5),
            Err(StatsError::NotFinite { index: 1 })
        );
        assert!(matches!(
            quantile_linear(&[1.0], f64::NAN),
            Err(StatsError::BadLevel(_))
        ));
    }
}
