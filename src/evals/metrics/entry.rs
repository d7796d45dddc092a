//! One example of a run: what it came to in each metric, over all its repeats.

use std::collections::BTreeMap;

use super::entries::Entries;
use crate::domain::metric::MetricKind;
use crate::stats::{consistency, pass_at_k};

/// Costs are summed in whole billionths of a dollar, so that the order of repeats makes no difference.
pub(super) const NANOS_PER_USD: f64 = 1e9;

/// One example in one metric: the sum over its repeats, and how many had a value.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(in crate::evals) struct Cell {
    pub(in crate::evals) sum: f64,
    pub(in crate::evals) count: u32,
}

impl Cell {
    pub(in crate::evals) fn push(&mut self, sum: f64, count: u32) {
        self.sum += sum;
        self.count += count;
    }

    /// The mean; `None` where nothing was counted.
    pub(in crate::evals) fn mean(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / f64::from(self.count))
    }

    /// The example's own value; `None` where it has none.
    pub(in crate::evals) fn value(self, kind: &MetricKind) -> Option<f64> {
        let (hits, count) = (self.sum, u64::from(self.count));
        match kind {
            MetricKind::PassAtK { k, .. } => pass_at_k(count, whole(hits), *k).ok().map(|chance| chance.pass_at_k),
            MetricKind::PassHatK { k, .. } => pass_at_k(count, whole(hits), *k).ok().map(|chance| chance.pass_hat_k),
            MetricKind::Consistency { .. } => {
                let hits = usize::try_from(whole(hits)).ok()?;
                let misses = usize::try_from(self.count).ok()?.checked_sub(hits)?;
                let repeats = [vec!["pass"; hits], vec!["fail"; misses]].concat();
                consistency(&[repeats]).ok()?.agreement
            }
            MetricKind::CostPerExample | MetricKind::CostPercentile { .. } => Some(self.mean()? / NANOS_PER_USD),
            _ => self.mean(),
        }
    }
}

/// A sum of ones as the count that it is.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a sum of 0s, 1s and 2s over the repeats of an example"
)]
pub(super) fn whole(sum: f64) -> u64 {
    sum.round() as u64
}

/// One example with all its repeats, as its run keeps it.
#[derive(Clone, Copy)]
pub(in crate::evals) struct Entry<'a> {
    entries: &'a Entries,
    row: usize,
}

/// One answer to one classification field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::evals) struct Answer {
    pub(in crate::evals) field: u32,
    /// `None` where the example expects no class.
    pub(in crate::evals) truth: Option<u32>,
    /// `None` where there is no answer.
    pub(in crate::evals) given: Option<u32>,
    /// Whether that is because of an error.
    pub(in crate::evals) is_errored: bool,
}

impl<'a> Entry<'a> {
    pub(super) fn new(entries: &'a Entries, row: usize) -> Self {
        Self { entries, row }
    }

    /// Its place in the dataset version.
    pub(in crate::evals) fn place(self) -> u64 {
        let block = self.entries.block(self.row);
        block.map_or(0, |(block, at)| block.first + at as u64)
    }

    /// What it adds to a metric, by the metric's place in the suite.
    pub(in crate::evals) fn cell(self, metric: usize) -> Option<Cell> {
        let (block, at) = self.entries.block(self.row)?;
        block.cells.get(metric).map(|column| column.get(at))
    }

    /// The numbers of its slices.
    pub(in crate::evals) fn slices(self) -> &'a [u32] {
        self.entries.slices_of(self.row)
    }

    /// For each repeat and each classification field the numbers of the true class and of the answer.
    pub(super) fn answers(self) -> impl Iterator<Item = Answer> + 'a {
        self.entries.answers_of(self.row)
    }

    /// What is independent of all else: its cluster, or the example itself where it has none.
    pub(in crate::evals) fn group(self) -> String {
        let block = self.entries.block(self.row);
        let cluster = block.and_then(|(block, at)| block.clusters.get(at).checked_sub(1));
        match cluster {
            Some(cluster) => format!("cluster {cluster}"),
            None => format!("example {}", self.place()),
        }
    }
}

/// Texts by number, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    numbers: BTreeMap<String, u32>,
}

impl Names {
    /// The number of a text, a new one for one that is new.
    pub(super) fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        self.numbers.insert(text.to_owned(), number);
        number
    }

    /// The texts with their numbers, in alphabetical order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, u32)> {
        self.numbers.iter().map(|(text, number)| (text.as_str(), *number))
    }
}
