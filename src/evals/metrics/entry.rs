//! What a run keeps of each example: a few numbers, whatever the size of its answers. Intervals, comparisons with a
//! base run and metrics over repeats are made of them, since outcomes of one example are not independent.

use std::collections::BTreeMap;

use super::mark::Mark;
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

/// One example with all its repeats.
#[derive(Debug, Clone)]
pub(in crate::evals) struct Entry {
    /// The number of its cluster; `None` where the suite has none, or its metadata do not say.
    pub(in crate::evals) cluster: Option<u32>,
    /// The numbers of its slices.
    pub(in crate::evals) slices: Box<[u32]>,
    /// One for each metric of the suite.
    pub(in crate::evals) cells: Box<[Cell]>,
    /// For each repeat and each classification field the numbers of the true class and of the answer.
    pub(in crate::evals) answers: Vec<Answer>,
}

/// One answer to one classification field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::evals) struct Answer {
    pub(in crate::evals) field: u32,
    /// `None` where the example expects no class.
    pub(in crate::evals) truth: Option<u32>,
    /// `None` where there is no answer.
    pub(in crate::evals) given: Option<u32>,
    /// Whether that is because of an error.
    pub(in crate::evals) is_errored: bool,
}

impl Entry {
    pub(super) fn new(cluster: Option<u32>, slices: Vec<u32>, metrics: usize) -> Self {
        Self {
            cluster,
            slices: slices.into_boxed_slice(),
            cells: vec![Cell::default(); metrics].into_boxed_slice(),
            answers: Vec::new(),
        }
    }

    /// What is independent of all else: its cluster, or the example itself where it has none.
    pub(in crate::evals) fn group(&self, place: u64) -> String {
        match self.cluster {
            Some(cluster) => format!("cluster {cluster}"),
            None => format!("example {place}"),
        }
    }

    pub(super) fn push(&mut self, marks: &[Mark]) {
        for (cell, mark) in self.cells.iter_mut().zip(marks) {
            cell.push(mark.sum, mark.count);
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
