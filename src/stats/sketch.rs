//! Quantiles of a stream in little memory, mergeable across shards and stages. Never average percentiles instead.

use std::collections::BTreeMap;

use super::sample::{check_positive, defined};
use super::{StatsError, check_alpha, check_level};

/// `DDSketch` (vector `ddsketch`; Masson, Rim, Lee 2019): values by the whole power of `γ = (1+α)/(1-α)` above them,
/// so that a quantile is off by at most the share α of its value. By hand, because the keys of crates are their own.
#[derive(Debug, Clone, PartialEq)]
pub struct DdSketch {
    alpha: f64,
    counts: BTreeMap<i64, u64>,
}

impl DdSketch {
    /// An empty sketch with this relative error.
    ///
    /// Errors: alpha outside (0, 1).
    pub fn new(alpha: f64) -> Result<Self, StatsError> {
        check_alpha(alpha)?;
        Ok(Self {
            alpha,
            counts: BTreeMap::new(),
        })
    }

    /// `γ`: the ratio of one bucket's end to the next's.
    pub fn gamma(&self) -> f64 {
        (1.0 + self.alpha) / (1.0 - self.alpha)
    }

    fn ln_gamma(&self) -> f64 {
        self.alpha.ln_1p() - (-self.alpha).ln_1p()
    }

    /// Takes values in, in their unit.
    ///
    /// Errors: a value that is not a positive number; then none is taken.
    pub fn add(&mut self, values: &[f64]) -> Result<(), StatsError> {
        check_positive(values)?;
        for value in values {
            *self.counts.entry(self.key(*value)).or_default() += 1;
        }
        Ok(())
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole, and saturating for an alpha next to 0"
    )]
    fn key(&self, value: f64) -> i64 {
        (value.ln() / self.ln_gamma()).ceil() as i64
    }

    /// Takes in all that another sketch with the same error has.
    ///
    /// Errors: another relative error.
    pub fn merge(&mut self, other: &Self) -> Result<(), StatsError> {
        if (self.alpha - other.alpha).abs() > 0.0 {
            let (name, domain, value) = ("alpha", "that of the other sketch", other.alpha);
            return Err(StatsError::BadParameter { name, domain, value });
        }
        for (key, count) in &other.counts {
            let mine = self.counts.entry(*key).or_default();
            *mine = mine.saturating_add(*count);
        }
        Ok(())
    }

    /// Buckets in use, by key, with how many values each holds.
    pub fn buckets(&self) -> impl Iterator<Item = (i64, u64)> {
        self.counts.iter().map(|(key, count)| (*key, *count))
    }

    /// The middle of the first bucket whose cumulative count is above `⌊q (n-1)⌋`; `None` without values.
    ///
    /// Errors: a level outside 0 to 1.
    pub fn quantile(&self, level: f64) -> Result<Option<f64>, StatsError> {
        check_level(level)?;
        let total: u64 = self.counts.values().fold(0, |sum, count| sum.saturating_add(*count));
        let rank = (level * total.saturating_sub(1) as f64).floor();
        let mut below = 0_u64;
        for (key, count) in &self.counts {
            below = below.saturating_add(*count);
            if below as f64 > rank {
                return Ok(Some(self.middle(*key)));
            }
        }
        Ok(self.counts.keys().next_back().map(|key| self.middle(*key)))
    }

    /// `2 γ^key / (γ + 1)`, as far as a number reaches.
    fn middle(&self, key: i64) -> f64 {
        let value = (key as f64 * self.ln_gamma()).exp() * (1.0 - self.alpha);
        defined(value).unwrap_or(f64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_the_promised_error() {
        let values: Vec<f64> = (1..=2_000_u32).map(|i| f64::from(i).powi(3) * 1e-5).collect();
        for alpha in [0.001, 0.01, 0.1] {
            let mut sketch = DdSketch::new(alpha).unwrap();
            sketch.add(&values).unwrap();
            for (place, level) in [(0, 0.0), (999, 0.5), (1899, 0.95), (1999, 1.0)] {
                let got = sketch.quantile(level).unwrap().unwrap();
                assert!(
                    (got / values[place] - 1.0).abs() <= alpha * (1.0 + 1e-9),
                    "{alpha} {level}: {got}"
                );
            }
        }
    }

    #[test]
    fn merged_shards_are_one_sketch() {
        let sketch = |values: &[f64]| {
            let mut sketch = DdSketch::new(0.01).unwrap();
            sketch.add(values).unwrap();
            sketch
        };
        let mut merged = sketch(&[1.0, 7.5, 1e-300]);
        merged.merge(&sketch(&[7.5, 1e300])).unwrap();
        assert_eq!(merged, sketch(&[1.0, 7.5, 1e-300, 7.5, 1e300]));
        assert!(merged.merge(&DdSketch::new(0.02).unwrap()).is_err());
    }

    #[test]
    fn what_has_no_logarithm_is_refused() {
        let mut sketch = DdSketch::new(0.01).unwrap();
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(sketch.add(&[1.0, value]).is_err());
        }
        assert_eq!(sketch.quantile(0.5), Ok(None));
        assert!(DdSketch::new(1.0).is_err() && sketch.quantile(1.5).is_err());
    }
}
