//! What every function over a list of values starts with.

use super::StatsError;

/// The two ends of an interval, in the unit of the values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
}

impl Limits {
    /// `centre - half` to `centre + half`; `None` where that is not a number.
    pub(super) fn around(centre: f64, half: f64) -> Option<Self> {
        let limits = Self {
            lo: centre - half,
            hi: centre + half,
        };
        (limits.lo.is_finite() && limits.hi.is_finite()).then_some(limits)
    }

    /// Both ends brought into 0 to 1.
    pub(super) fn clipped(self) -> Self {
        Self {
            lo: self.lo.clamp(0.0, 1.0),
            hi: self.hi.clamp(0.0, 1.0),
        }
    }
}

/// The number, unless it overflowed or is undefined.
pub(super) fn defined(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// Errors: a value that is NaN or infinite.
pub(super) fn check_finite(values: &[f64]) -> Result<(), StatsError> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(StatsError::NotFinite { index }),
        None => Ok(()),
    }
}

/// Errors: a value that is NaN, infinite, 0 or negative.
pub(super) fn check_positive(values: &[f64]) -> Result<(), StatsError> {
    check_finite(values)?;
    match values.iter().position(|value| *value <= 0.0) {
        Some(index) => Err(StatsError::NotPositive { index }),
        None => Ok(()),
    }
}

/// Errors: lists of different length.
pub(super) fn check_lengths(left: usize, right: usize) -> Result<(), StatsError> {
    if left == right {
        Ok(())
    } else {
        Err(StatsError::LengthMismatch { left, right })
    }
}

/// `None` without values, and where the sum overflows.
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    defined(values.iter().sum::<f64>() / values.len() as f64)
}

/// Variance with `n - 1`, in two passes so that a large offset does not cost the digits. `None` for fewer than two.
pub(super) fn variance(values: &[f64]) -> Option<f64> {
    covariance(values, values)
}

/// Covariance with `n - 1` of two lists of one length. `None` for fewer than two pairs.
pub(super) fn covariance(left: &[f64], right: &[f64]) -> Option<f64> {
    let (mean_left, mean_right) = (mean(left)?, mean(right)?);
    if left.len() < 2 || left.len() != right.len() {
        return None;
    }
    let products = left.iter().zip(right).map(|(x, y)| (x - mean_left) * (y - mean_right));
    defined(products.sum::<f64>() / (left.len() - 1) as f64)
}

/// Whether all values are the same.
pub(super) fn is_constant(values: &[f64]) -> bool {
    values.windows(2).all(|pair| (pair[0] - pair[1]) == 0.0)
}

/// A standard error that is no more than the rounding of values of this size counts as none, as R's `t.test` has it.
pub(super) fn is_rounding(se: f64, values: &[f64]) -> bool {
    let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    se <= 10.0 * f64::EPSILON * largest
}
