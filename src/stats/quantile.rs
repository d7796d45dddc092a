//! Quantiles by name of their definition, since definitions differ.

use super::StatsError;

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

fn sorted(values: &[f64], level: f64) -> Result<Vec<f64>, StatsError> {
    if !(0.0..=1.0).contains(&level) {
        return Err(StatsError::BadLevel(level));
    }
    if let Some(index) = values.iter().position(|value| !value.is_finite()) {
        return Err(StatsError::NotFinite { index });
    }
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
