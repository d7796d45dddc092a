//! A rate as it was written down: compared exactly, because 0.98 is no binary fraction.

use std::str::FromStr;

use super::StatsError;

/// Digits that always fit.
const DIGITS_MAX: usize = 18;
/// Most pairs of counts that are listed, and most trials that are tried.
const PAIRS_MAX: u64 = 1_000_000;
const TRIALS_MAX: u64 = 10_000_000;

/// A number from 0 in decimal notation: `digits / 10^places`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    digits: u64,
    places: u32,
}

impl FromStr for Decimal {
    type Err = StatsError;

    /// Reads `0.98`, `.5`, `1`; no sign, no exponent, at most 18 digits.
    fn from_str(text: &str) -> Result<Self, StatsError> {
        let bad = || StatsError::BadDecimal(text.to_owned());
        let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
        let digits: String = whole.chars().chain(fraction.chars()).collect();
        let is_plain = !digits.is_empty() && digits.len() <= DIGITS_MAX && digits.bytes().all(|b| b.is_ascii_digit());
        if !is_plain {
            return Err(bad());
        }
        let parsed = digits.parse().ok().zip(u32::try_from(fraction.len()).ok());
        parsed.map(|(digits, places)| Self { digits, places }).ok_or_else(bad)
    }
}

impl Decimal {
    /// `10^places`
    fn unit(self) -> u128 {
        10_u128.pow(self.places)
    }

    /// The nearest binary number.
    pub fn value(self) -> f64 {
        self.digits as f64 / self.unit() as f64
    }

    /// The fewest hits among `n` with `hits / n >= self`, exactly; more than `n` for a decimal above 1.
    pub fn hits_needed(self, n: u64) -> u128 {
        (u128::from(n) * u128::from(self.digits)).div_ceil(self.unit())
    }

    /// The most misses among `n` with `(n - misses) / n >= self`, exactly (vector `misses_allowed`); `None` for
    /// `n = 0`.
    ///
    /// Errors: a threshold above 1.
    pub fn misses_allowed(self, n: u64) -> Result<Option<u64>, StatsError> {
        let misses = u128::from(n)
            .checked_sub(self.hits_needed(n))
            .filter(|_| u128::from(self.digits) <= self.unit())
            .ok_or(StatsError::BadThreshold(self.value()))?;
        Ok(u64::try_from(misses).ok().filter(|_| n > 0))
    }
}

/// All `(k, n)` with `n <= n_max` whose rate `k / n` prints as `value` with so many decimals, rounded half up on the
/// exact fraction (vector `consistent_counts`): which counts a published rate could have come from. In order of `n`.
///
/// Errors: more than 18 decimals; more than a million pairs or ten million trials.
pub fn consistent_counts(value: Decimal, decimals: u32, n_max: u64) -> Result<Vec<(u64, u64)>, StatsError> {
    let too_large = |n, max| Err(StatsError::TooLargeForExact { n, max });
    if decimals as usize > DIGITS_MAX {
        return too_large(u64::from(decimals), DIGITS_MAX as u64);
    }
    if n_max > TRIALS_MAX {
        return too_large(n_max, TRIALS_MAX);
    }
    let scale = 10_u128.pow(decimals);
    let scaled = u128::from(value.digits) * scale;
    if !scaled.is_multiple_of(value.unit()) {
        return Ok(Vec::new());
    }
    let rounded = scaled / value.unit();
    let mut pairs = Vec::new();
    for n in 1..=n_max {
        // floor((2k scale + n) / 2n) = rounded, solved for k.
        let trials = u128::from(n);
        let first = (2 * trials * rounded).saturating_sub(trials).div_ceil(2 * scale);
        let past = (2 * trials * (rounded + 1) - trials).div_ceil(2 * scale);
        for k in first..past.min(trials + 1) {
            if pairs.len() as u64 >= PAIRS_MAX {
                return too_large(n_max, n);
            }
            pairs.extend(u64::try_from(k).ok().map(|k| (k, n)));
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn only_plain_decimals_are_read() {
        assert_eq!(decimal(".5"), Decimal { digits: 5, places: 1 });
        for text in ["", ".", "-0.5", "1e-3", "0.5.5", "nan", "0.1234567890123456789", "½"] {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_threshold_is_met_exactly() {
        assert_eq!(decimal("0.98").misses_allowed(50), Ok(Some(1)));
        assert_eq!(decimal("0.98").misses_allowed(49), Ok(Some(0)));
        assert_eq!(decimal("0").misses_allowed(7), Ok(Some(7)));
        assert_eq!(decimal("1.0").misses_allowed(u64::MAX), Ok(Some(0)));
        assert_eq!(decimal("0.5").misses_allowed(0), Ok(None));
        assert!(decimal("1.1").misses_allowed(10).is_err());
    }

    #[test]
    fn counts_behind_a_rate_round_half_up() {
        assert_eq!(consistent_counts(decimal("0.5"), 1, 4), Ok(vec![(1, 2), (2, 4)]));
        assert!(consistent_counts(decimal("0.13"), 2, 8).unwrap().contains(&(1, 8)));
        assert!(!consistent_counts(decimal("0.12"), 2, 8).unwrap().contains(&(1, 8)));
        assert_eq!(consistent_counts(decimal("0.55"), 1, 40), Ok(Vec::new()));
        assert_eq!(consistent_counts(decimal("2"), 0, 40), Ok(Vec::new()));
        assert!(consistent_counts(decimal("1"), 0, 1_000_000).is_err());
    }
}
