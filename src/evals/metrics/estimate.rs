//! How sure a metric is: its interval, and the bounds that prove or refute a threshold. Examples are what is
//! independent, or clusters of them where the suite declares any; never the repeats of one example.

use std::collections::HashSet;

use super::entry::{Cell, Entry};
use crate::domain::metric::{GROUPS_MIN, IntervalMethod, MetricKind};
use crate::stats::{
    Limits, Method, Side, SplitMix64, clustered_mean, mean_interval, proportion_bound, proportion_interval,
    quantile_interval, quantile_linear,
};

/// Confidence of the shown intervals, and of each of the one-sided bounds.
pub(in crate::evals) const CONFIDENCE: f64 = 0.95;
/// The two ends of an interval of this confidence are one-sided bounds at [`CONFIDENCE`].
pub(in crate::evals) const BOTH_BOUNDS: f64 = 2.0 * CONFIDENCE - 1.0;
/// Where the random numbers of every bootstrap begin, so that the same outcomes give the same interval.
pub(in crate::evals) const SEED: u64 = 20_260_601;
/// Resamples of a bootstrap, where that is not too much work.
const RESAMPLES: u64 = 1_000;
/// Fewest resamples that make an interval.
const RESAMPLES_MIN: u64 = 200;
/// Most draws and table entries of one bootstrap.
pub(in crate::evals) const WORK_MAX: u64 = 30_000_000;

/// How sure a number is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sureness {
    pub(super) interval: Option<(f64, f64)>,
    pub(super) bounds: (Option<f64>, Option<f64>),
    pub(super) method: Option<IntervalMethod>,
}

impl Sureness {
    fn new(interval: Option<Limits>, bounds: Option<Limits>, method: IntervalMethod) -> Self {
        if interval.is_none() && bounds.is_none() {
            return Self {
                method: method.is_too_few().then_some(method),
                ..Self::default()
            };
        }
        Self {
            interval: interval.map(|limits| (limits.lo, limits.hi)),
            bounds: (bounds.map(|limits| limits.lo), bounds.map(|limits| limits.hi)),
            method: Some(method),
        }
    }

    /// Nothing where the ends are one: examples whose repeats come out alike, two of three each, show no spread, yet
    /// say little of others.
    fn with_spread(self) -> Self {
        match self.interval {
            Some((low, high)) if high - low <= f64::EPSILON => Self::default(),
            _ => self,
        }
    }

    /// With both ends where a share can be.
    pub(super) fn of_share(self) -> Self {
        let clip = |value: f64| value.clamp(0.0, 1.0);
        let (lower, upper) = self.bounds;
        Self {
            interval: self.interval.map(|(low, high)| (clip(low), clip(high))),
            bounds: (lower.map(clip), upper.map(clip)),
            ..self
        }
    }
}

/// The examples of a part of a run.
pub(super) struct Members<'a> {
    /// In the order of their places.
    pub(super) entries: Vec<Entry<'a>>,
    /// Whether examples come in clusters.
    pub(super) is_clustered: bool,
}

impl Members<'_> {
    /// The places of the entries of each group.
    pub(super) fn groups(&self) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for (at, entry) in self.entries.iter().enumerate() {
            let number = *places.entry(entry.group()).or_insert(groups.len());
            match groups.get_mut(number) {
                Some(group) => group.push(at),
                None => groups.push(vec![at]),
            }
        }
        groups
    }

    fn cells(&self, metric: usize) -> impl Iterator<Item = (Entry<'_>, Cell)> {
        let entries = self.entries.iter();
        entries.filter_map(move |entry| Some((*entry, entry.cell(metric)?)))
    }

    /// The examples' own values of a metric.
    pub(super) fn values(&self, metric: usize, kind: &MetricKind) -> Vec<f64> {
        self.cells(metric).filter_map(|(_, cell)| cell.value(kind)).collect()
    }

    /// The groups of these values.
    fn groups_of_values(&self, metric: usize, kind: &MetricKind) -> Vec<Option<String>> {
        let valued = self.cells(metric).filter(|(_, cell)| cell.value(kind).is_some());
        valued.map(|(entry, _)| Some(entry.group())).collect()
    }

    /// How sure a mean over the examples is.
    pub(super) fn mean(&self, metric: usize, kind: &MetricKind) -> Sureness {
        let values = self.values(metric, kind);
        if self.is_clustered {
            let groups = self.groups_of_values(metric, kind);
            let alike = self.alike(&values, || different(&groups)).filter(|_| kind.is_share());
            return alike.unwrap_or_else(|| clustered(&values, &groups, true));
        }
        // Each example is a group of its own.
        if let Some(alike) = self.alike(&values, || values.len() as u64).filter(|_| kind.is_share()) {
            return alike;
        }
        let limits = |confidence| mean_interval(&values, confidence).ok().and_then(|mean| mean.limits);
        let count = values.len() as u64;
        Sureness::new(
            limits(CONFIDENCE),
            limits(BOTH_BOUNDS),
            IntervalMethod::Examples { count },
        )
    }

    /// How sure a rate is of which examples have several trials, or belong together.
    pub(super) fn rate(&self, metric: usize) -> Sureness {
        let (mut values, mut groups) = (Vec::new(), Vec::new());
        for (entry, cell) in self.cells(metric) {
            let hits = super::entry::whole(cell.sum);
            let trials = u64::from(cell.count);
            values.extend((0..trials).map(|trial| if trial < hits { 1.0 } else { 0.0 }));
            let group = Some(entry.group());
            groups.extend((0..trials).map(|_| group.clone()));
        }
        match self.alike(&values, || different(&groups)) {
            Some(alike) => alike,
            None => clustered(&values, &groups, self.is_clustered).of_share().with_spread(),
        }
    }

    /// How sure a share is where all values are the same; `None` where they differ. Their spread, which is none, would
    /// say that it cannot be another: so each group, which is an example or a cluster, counts as one trial. Nothing is
    /// known where the value is neither 0 nor 1.
    fn alike(&self, values: &[f64], groups: impl FnOnce() -> u64) -> Option<Sureness> {
        let (first, others) = values.split_first()?;
        if others.iter().any(|other| (other - first).abs() > f64::EPSILON) {
            return None;
        }
        let count = groups();
        let method = if self.is_clustered {
            IntervalMethod::Clusters { count }
        } else {
            IntervalMethod::Examples { count }
        };
        let of_hits = |hits| Sureness {
            method: Some(method),
            ..single_rate(hits, count)
        };
        Some(if *first <= 0.0 {
            of_hits(0)
        } else if *first >= 1.0 {
            of_hits(count)
        } else {
            Sureness::default()
        })
    }

    /// How sure a percentile over the examples' own values is. Of clustered ones nothing is known.
    pub(super) fn percentile(&self, metric: usize, kind: &MetricKind, percentile: f64) -> Sureness {
        if self.is_clustered {
            return Sureness::default();
        }
        let values = self.values(metric, kind);
        let ends = |confidence| {
            let interval = quantile_interval(&values, percentile / 100.0, confidence).ok();
            interval.map_or((None, None), |interval| (interval.lo, interval.hi))
        };
        of_ranks(ends(CONFIDENCE), ends(BOTH_BOUNDS))
    }

    /// How sure a ratio of two sums over the examples is, such as F1.
    pub(super) fn ratio(&self, metric: usize) -> Sureness {
        let groups: Vec<Cell> = self.groups().iter().map(|group| self.sum(metric, group)).collect();
        let draw = |draws: &[usize]| {
            let drawn = draws.iter().filter_map(|at| groups.get(*at));
            let (sum, count) = drawn.fold((0.0, 0_u64), |(sum, count), cell| {
                (sum + cell.sum, count + u64::from(cell.count))
            });
            (count > 0).then(|| sum / count as f64)
        };
        self.resampled(groups.len(), 0, draw)
    }

    /// How sure a statistic over the groups is, by drawing them anew; over too few of them nothing is known, which it
    /// says.
    pub(super) fn resampled(
        &self,
        groups: usize,
        work_each: u64,
        statistic: impl FnMut(&[usize]) -> Option<f64>,
    ) -> Sureness {
        let count = groups as u64;
        if count == 0 || count >= GROUPS_MIN {
            return bootstrap(groups, work_each, statistic);
        }
        let method = if self.is_clustered {
            IntervalMethod::Clusters { count }
        } else {
            IntervalMethod::Examples { count }
        };
        Sureness::new(None, None, method)
    }

    fn sum(&self, metric: usize, group: &[usize]) -> Cell {
        let cells = group.iter().filter_map(|at| self.entries.get(*at)?.cell(metric));
        cells.fold(Cell::default(), |sum, cell| Cell {
            sum: sum.sum + cell.sum,
            count: sum.count + cell.count,
        })
    }
}

/// How many groups there are.
fn different(groups: &[Option<String>]) -> u64 {
    groups.iter().collect::<HashSet<_>>().len() as u64
}

/// Standard error CR1 with Student's t over the groups, which for examples with equally many trials is Student's t over
/// the examples' means.
fn clustered(values: &[f64], groups: &[Option<String>], by_cluster: bool) -> Sureness {
    let of = |confidence| clustered_mean(values, groups, confidence).ok();
    let count = of(CONFIDENCE).map_or(0, |mean| mean.n_clusters as u64);
    let is_enough = !by_cluster || count >= GROUPS_MIN;
    let limits = |confidence| of(confidence).filter(|_| is_enough).and_then(|mean| mean.limits);
    let method = if by_cluster {
        IntervalMethod::Clusters { count }
    } else {
        IntervalMethod::Examples { count }
    };
    Sureness::new(limits(CONFIDENCE), limits(BOTH_BOUNDS), method)
}

/// How sure a rate of single, unrelated outcomes is.
pub(super) fn single_rate(hits: u64, total: u64) -> Sureness {
    let interval = proportion_interval(hits, total, CONFIDENCE, Method::Wilson).ok();
    let bound = |side| proportion_bound(hits, total, CONFIDENCE, side, Method::ClopperPearson).ok();
    Sureness {
        interval: interval.map(|interval| (interval.lo, interval.hi)),
        bounds: (
            bound(Side::Lower).map(|bound| bound.bound),
            bound(Side::Upper).map(|bound| bound.bound),
        ),
        method: Some(IntervalMethod::Wilson),
    }
}

/// What the ends by rank say: an interval where both are there, and the bounds that are.
pub(super) fn of_ranks(interval: (Option<f64>, Option<f64>), bounds: (Option<f64>, Option<f64>)) -> Sureness {
    let interval = interval.0.zip(interval.1);
    let is_known = interval.is_some() || bounds.0.is_some() || bounds.1.is_some();
    Sureness {
        interval,
        bounds,
        method: is_known.then_some(IntervalMethod::OrderStatistics),
    }
}

/// How many resamples of the groups are made; `None` where there are fewer than [`GROUPS_MIN`], or too many to make
/// enough.
/// `work_each` is what one takes besides the draws.
pub(in crate::evals) fn resamples(groups: usize, work_each: u64) -> Option<u64> {
    let resamples = (WORK_MAX / (groups as u64 + work_each).max(1)).min(RESAMPLES);
    (groups as u64 >= GROUPS_MIN && resamples >= RESAMPLES_MIN).then_some(resamples)
}

/// Percentiles of a statistic over resamples of the groups. Nothing where it is undefined in some of them, or the same
/// in all: then the data do not say how sure it is.
fn bootstrap(groups: usize, work_each: u64, mut statistic: impl FnMut(&[usize]) -> Option<f64>) -> Sureness {
    let Some(resamples) = resamples(groups, work_each) else {
        return Sureness::default();
    };
    let count = groups as u64;
    let mut random = SplitMix64::new(SEED);
    let mut replicates = Vec::new();
    for _ in 0..resamples {
        let draws: Vec<usize> = (0..groups)
            .map(|_| usize::try_from(random.below(count)).unwrap_or(0))
            .collect();
        replicates.extend(statistic(&draws));
    }
    let at = |level| quantile_linear(&replicates, level).ok().flatten();
    let limits = |confidence: f64| {
        let tail = (1.0 - confidence) / 2.0;
        let (lo, hi) = (at(tail)?, at(1.0 - tail)?);
        (lo < hi).then_some(Limits { lo, hi })
    };
    if replicates.len() as u64 != resamples {
        return Sureness::default();
    }
    let seed = SEED;
    Sureness::new(
        limits(CONFIDENCE),
        limits(BOTH_BOUNDS),
        IntervalMethod::Bootstrap { seed, resamples },
    )
}
