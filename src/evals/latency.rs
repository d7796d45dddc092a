//! Latencies of a run, counted by millisecond: exact percentiles in memory that grows with the number of different
//! values, not with the run.

use std::collections::BTreeMap;

use crate::domain::outcome::Outcome;
use crate::domain::progress::{LATENCY_BAR_ENDS_MS, LatencySummary};

/// Below this a product of share and count that should be whole, such as 0.95 x 60, may miss it by rounding.
const ROUNDING_SLACK: f64 = 1e-9;

/// Latencies in milliseconds, each with how many answers took that long.
#[derive(Debug, Clone, Default)]
pub struct Latencies {
    counts: BTreeMap<u64, u64>,
    total: u64,
}

impl Latencies {
    /// Takes in an outcome's latency; one without an answer has none.
    pub fn push_answered(&mut self, outcome: &Outcome) {
        if outcome.error.is_none() {
            self.push(outcome.latency_ms);
        }
    }

    /// What a run shows of them; `None` where nothing was answered.
    pub fn summary(&self) -> Option<LatencySummary> {
        let percentile = |percentile| self.percentile_ms(percentile);
        Some(LatencySummary {
            percentiles_ms: [percentile(50.0)?, percentile(95.0)?, percentile(99.0)?],
            bars: self.bars(LATENCY_BAR_ENDS_MS),
        })
    }

    pub(super) fn push(&mut self, latency_ms: u64) {
        *self.counts.entry(latency_ms).or_default() += 1;
        self.total += 1;
    }

    /// Takes in all of others.
    pub(super) fn add(&mut self, others: &Self) {
        for (latency_ms, count) in &others.counts {
            *self.counts.entry(*latency_ms).or_default() += count;
        }
        self.total += others.total;
    }

    pub(super) fn count(&self) -> u64 {
        self.total
    }

    /// The value at rank `ceil(p n)`, at least 1: one that happened. `percentile` is 0 to 100.
    pub fn percentile_ms(&self, percentile: f64) -> Option<u64> {
        let rank = (percentile / 100.0 * self.total as f64 - ROUNDING_SLACK)
            .ceil()
            .max(1.0);
        self.first_with(|below| below as f64 >= rank)
    }

    /// The value at a rank, from 1; the largest for a rank beyond it.
    pub(super) fn at_rank(&self, rank: u64) -> Option<u64> {
        self.first_with(|below| below >= rank)
    }

    /// The first value of which the count of all up to it is enough, or else the largest.
    fn first_with(&self, is_enough: impl Fn(u64) -> bool) -> Option<u64> {
        let mut below = 0;
        let reaches = self.counts.iter().find(|(_, count)| {
            below += **count;
            is_enough(below)
        });
        reaches
            .or(self.counts.iter().next_back())
            .map(|(latency_ms, _)| *latency_ms)
    }

    /// How many are at most each end, and how many above the last.
    fn bars<const ENDS: usize, const BARS: usize>(&self, ends_ms: [u64; ENDS]) -> [u64; BARS] {
        let mut bars = [0; BARS];
        for (latency_ms, count) in &self.counts {
            let place = ends_ms.iter().position(|end| latency_ms <= end).unwrap_or(ENDS);
            if let Some(bar) = bars.get_mut(place) {
                *bar += count;
            }
        }
        bars
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::quantile_nearest_rank;

    #[test]
    fn percentiles_are_nearest_rank() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentile_ms(95.0), None);
        let mut values = Vec::new();
        for n in 0..257_u64 {
            let value = (n * 7919) % 101;
            latencies.push(value);
            values.push(value as f64);
            for percentile in [0.0, 1.0, 50.0, 90.0, 95.0, 99.0, 100.0] {
                let reference = quantile_nearest_rank(&values, percentile / 100.0).unwrap();
                assert_eq!(
                    latencies.percentile_ms(percentile).map(|ms| ms as f64),
                    reference,
                    "{n} {percentile}"
                );
            }
        }
    }

    #[test]
    fn bars_count_every_value_once() {
        let mut latencies = Latencies::default();
        for ms in [0, 250, 251, 4_000, 4_001, u64::MAX] {
            latencies.push(ms);
        }
        let bars: [u64; 6] = latencies.bars([250, 500, 1_000, 2_000, 4_000]);
        assert_eq!(bars, [2, 1, 0, 0, 1, 2]);
    }
}
