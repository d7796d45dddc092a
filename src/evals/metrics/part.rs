//! One part of a run: the whole, or a slice. What is counted as outcomes come, and what the metrics make of it.

use std::collections::BTreeMap;

use super::classes::Classes;
use super::entry::whole;
use super::estimate::{BOTH_BOUNDS, CONFIDENCE, Members, Sureness, of_ranks, single_rate};
use super::mark::Mark;
use crate::domain::ids::ExampleId;
use crate::domain::metric::{MISSED_MAX, Measure, Metric, MetricKind, MetricResult, Slice};
use crate::domain::outcome::Outcome;
use crate::evals::latency::Latencies;
use crate::stats::{quantile_nearest_rank, quantile_ranks};

/// Examples that count against a metric: the first [`MISSED_MAX`] by place, whatever order they come in.
#[derive(Debug, Clone, Default)]
struct Missed(BTreeMap<u64, ExampleId>);

impl Missed {
    fn push(&mut self, outcome: &Outcome) {
        self.0.insert(outcome.index, outcome.example.clone());
        if self.0.len() > MISSED_MAX {
            self.0.pop_last();
        }
    }
}

/// What one metric counts over one part of the run.
#[derive(Debug, Clone, Default)]
struct Count {
    /// Hits, or true positives twice; or a sum of numbers.
    sum: f64,
    /// Trials of a share: all examples, those that should have the class, or those that got it.
    total: u64,
    excluded: u64,
    undecided: u64,
    missed: Missed,
}

/// One part of a run.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// By which examples know that they are in it.
    pub(super) number: u32,
    counts: Vec<Count>,
    errored: u64,
    pub(super) latencies: Latencies,
    /// Answers of which the price is unknown.
    pub(super) unpriced: u64,
    is_repeated: bool,
}

impl Part {
    pub(super) fn new(number: u32, metrics: usize) -> Self {
        Self {
            number,
            counts: vec![Count::default(); metrics],
            errored: 0,
            latencies: Latencies::default(),
            unpriced: 0,
            is_repeated: false,
        }
    }

    pub(super) fn push(&mut self, marks: &[Mark], outcome: &Outcome) {
        for (count, mark) in self.counts.iter_mut().zip(marks) {
            count.sum += mark.sum;
            count.total += u64::from(mark.count);
            count.excluded += u64::from(mark.is_excluded);
            count.undecided += u64::from(mark.is_undecided);
            if mark.is_missed {
                count.missed.push(outcome);
            }
        }
        self.latencies.push_answered(outcome);
        if outcome.error.is_some() {
            self.errored += 1;
        } else {
            self.unpriced += u64::from(outcome.cost_of_asking().is_none());
        }
        self.is_repeated |= outcome.repeat > 0;
    }

    /// Hits and trials of a metric.
    pub(super) fn share(&self, metric: usize) -> Option<(u64, u64)> {
        self.counts.get(metric).map(|count| (whole(count.sum), count.total))
    }

    /// Outcomes of which the metric's grader gave no verdict.
    pub(super) fn undecided(&self, metric: usize) -> u64 {
        self.counts.get(metric).map_or(0, |count| count.undecided)
    }

    /// Whether its outcomes are single ones, so that two counts say how sure a share is.
    pub(super) fn is_single(&self) -> bool {
        !self.is_repeated
    }

    /// What is known while the run goes on, as far as counts say it; how sure it is stays open.
    pub(super) fn standing(&self, at: usize, metric: &Metric, is_clustered: bool) -> Option<MetricResult> {
        let count = self.counts.get(at)?;
        let mean = |scale: f64| match count.total {
            0 => Measure::Undefined,
            total => Measure::Value {
                value: count.sum / total as f64 / scale,
                count: total,
            },
        };
        let measure = match &metric.kind {
            kind if kind.is_rate() => rate(count),
            MetricKind::F1(_) => f1(count),
            MetricKind::LatencyPercentile { percentile } => self.latency(*percentile).0,
            MetricKind::ScoreMean { .. } | MetricKind::LatencyMean => mean(1.0),
            MetricKind::CostPerExample if self.unpriced == 0 => mean(super::entry::NANOS_PER_USD),
            MetricKind::CostPerExample => Measure::Undefined,
            _ => return None,
        };
        let sureness = match measure {
            Measure::Rate { hits, total } if self.is_single() && !is_clustered => single_rate(hits, total),
            _ => Sureness::default(),
        };
        Some(self.result(metric, count, None, measure, sureness))
    }

    /// A metric over the part with how sure it is. `members` are its examples.
    pub(super) fn settled(
        &self,
        at: usize,
        metric: &Metric,
        slice: Option<&Slice>,
        members: &Members<'_>,
        classes: Option<&Classes>,
    ) -> Option<MetricResult> {
        let count = self.counts.get(at)?;
        let (measure, sureness) = self.measure(at, metric, count, members, classes);
        let sureness = if measure == Measure::Undefined {
            Sureness::default()
        } else if metric.kind.is_share() {
            sureness.of_share()
        } else {
            sureness
        };
        Some(self.result(metric, count, slice, measure, sureness))
    }

    fn measure(
        &self,
        at: usize,
        metric: &Metric,
        count: &Count,
        members: &Members<'_>,
        classes: Option<&Classes>,
    ) -> (Measure, Sureness) {
        let kind = &metric.kind;
        let is_single = self.is_single() && !members.is_clustered;
        let unpriced = self.unpriced > 0;
        match kind {
            kind if kind.is_rate() => {
                let measure = rate(count);
                let sureness = match measure {
                    Measure::Rate { hits, total } if is_single => single_rate(hits, total),
                    _ => members.rate(at),
                };
                (measure, sureness)
            }
            MetricKind::F1(_) => (f1(count), members.ratio(at)),
            MetricKind::LatencyPercentile { percentile } => {
                let (measure, sureness) = self.latency(*percentile);
                (measure, if is_single { sureness } else { Sureness::default() })
            }
            MetricKind::CostPerExample | MetricKind::CostPercentile { .. } if unpriced => {
                (Measure::Undefined, Sureness::default())
            }
            kind if kind.field().is_some() => {
                let Some(classes) = classes else {
                    return (Measure::Undefined, Sureness::default());
                };
                let (value, count, sureness) = classes.measure(metric, members);
                (number(value, count), sureness)
            }
            kind => {
                let values = members.values(at, kind);
                let count = values.len() as u64;
                if let Some(percentile) = kind.percentile() {
                    let value = quantile_nearest_rank(&values, percentile / 100.0);
                    let sureness = members.percentile(at, kind, percentile);
                    (number(value.ok().flatten(), count), sureness)
                } else {
                    let mean = (count > 0).then(|| values.iter().sum::<f64>() / count as f64);
                    (number(mean, count), members.mean(at, kind))
                }
            }
        }
    }

    /// A percentile of the latencies, between those at the ranks that bound it.
    fn latency(&self, percentile: f64) -> (Measure, Sureness) {
        let count = self.latencies.count();
        let value = self
            .latencies
            .percentile_ms(percentile)
            .map(|latency_ms| latency_ms as f64);
        let ends = |confidence| {
            let at = |rank: Option<u64>| Some(self.latencies.at_rank(rank?)? as f64);
            let ranks = quantile_ranks(count, percentile / 100.0, confidence).ok();
            ranks.map_or((None, None), |ranks| (at(ranks.lower), at(ranks.upper)))
        };
        (number(value, count), of_ranks(ends(CONFIDENCE), ends(BOTH_BOUNDS)))
    }

    fn result(
        &self,
        metric: &Metric,
        count: &Count,
        slice: Option<&Slice>,
        measure: Measure,
        sureness: Sureness,
    ) -> MetricResult {
        MetricResult {
            metric: metric.name.clone(),
            slice: slice.cloned(),
            measure,
            interval: sureness.interval,
            missed: count.missed.0.values().cloned().collect(),
            errored: self.errored,
            excluded: count.excluded,
            bounds: sureness.bounds,
            method: sureness.method,
        }
    }
}

fn rate(count: &Count) -> Measure {
    match count.total {
        0 => Measure::Undefined,
        total => Measure::Rate {
            hits: whole(count.sum),
            total,
        },
    }
}

fn f1(count: &Count) -> Measure {
    let value = (count.total > 0).then(|| count.sum / count.total as f64);
    // Examples that have the class or should: TP + FP + FN.
    number(value, count.total - whole(count.sum) / 2)
}

fn number(value: Option<f64>, count: u64) -> Measure {
    match value {
        Some(value) if value.is_finite() => Measure::Value { value, count },
        _ => Measure::Undefined,
    }
}
