//! How an interval and bounds were found.

use serde::{Deserialize, Serialize};

use super::{Measure, MetricResult};

/// Fewest groups, which are clusters or what a bootstrap draws from, whose spread says how sure a number is. Of fewer
/// neither CR1 nor a bootstrap holds what it promises: there is no interval, no bound and no p.
pub const GROUPS_MIN: u64 = 10;
/// Below as many clusters the standard error CR1 tends to be too small (STATISTICS.md 2.3), which is said.
pub const GROUPS_FEW: u64 = 30;

/// How one-sided bounds were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BoundsMethod {
    /// Clopper-Pearson's, exact for a share of independent trials.
    ClopperPearson,
    /// Student's t, over what the interval is over.
    StudentT,
    /// Order statistics of a percentile.
    OrderStatistics,
    /// Percentiles of the interval's bootstrap.
    Bootstrap,
}

/// How an interval was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalMethod {
    /// Wilson's, of a rate; its one-sided bounds are Clopper-Pearson's.
    Wilson,
    /// Student's t over examples, each with the mean of its repeats.
    Examples {
        /// How many.
        count: u64,
    },
    /// Student's t over clusters of examples, standard error CR1.
    Clusters {
        /// How many.
        count: u64,
    },
    /// Order statistics of a percentile.
    OrderStatistics,
    /// Percentiles of a bootstrap over examples, or over clusters where the suite declares them.
    Bootstrap {
        /// Where the random numbers begin.
        seed: u64,
        /// How many resamples.
        resamples: u64,
    },
}

impl IntervalMethod {
    /// Whether it is over one example alone, or over clusters too few to say how much others differ.
    pub fn is_too_few(self) -> bool {
        matches!(self, Self::Examples { count: 1 }) || matches!(self, Self::Clusters { count } if count < GROUPS_MIN)
    }
}

impl MetricResult {
    /// How the one-sided bounds were found, which for shares is not always how the interval was; `None` where there are
    /// none.
    pub fn bounds_method(&self) -> Option<BoundsMethod> {
        if self.bounds == (None, None) {
            return None;
        }
        Some(match self.method? {
            IntervalMethod::Wilson => BoundsMethod::ClopperPearson,
            _ if self.is_alike() => BoundsMethod::ClopperPearson,
            IntervalMethod::Examples { .. } | IntervalMethod::Clusters { .. } => BoundsMethod::StudentT,
            IntervalMethod::OrderStatistics => BoundsMethod::OrderStatistics,
            IntervalMethod::Bootstrap { .. } => BoundsMethod::Bootstrap,
        })
    }

    /// Whether it is a share of which all trials came out alike: only its bounds lie between there and the other end.
    fn is_alike(&self) -> bool {
        let (lower, upper) = self.bounds;
        let is = |end: Option<f64>, limit: f64| end.is_some_and(|end| end.total_cmp(&limit).is_eq());
        match self.measure.value() {
            Some(value) if value >= 1.0 => is(upper, 1.0) && !is(lower, 1.0),
            Some(value) if value <= 0.0 => is(lower, 0.0) && !is(upper, 0.0),
            _ => false,
        }
    }

    /// Why there is no interval, in two words; `None` where there is one.
    pub fn no_interval_words(&self) -> Option<&'static str> {
        if self.interval.is_some() {
            return None;
        }
        Some(match (self.measure, self.method) {
            (Measure::Undefined, _) => "no data",
            (_, Some(IntervalMethod::Examples { count: 1 })) | (Measure::Value { count: 1, .. }, _) => "one example",
            (_, Some(IntervalMethod::Examples { count })) if count < GROUPS_MIN => "few examples",
            (_, Some(IntervalMethod::Clusters { count: 1 })) => "one cluster",
            (_, Some(method)) if method.is_too_few() => "few clusters",
            (_, Some(IntervalMethod::OrderStatistics)) => "too few values",
            _ => "not known",
        })
    }
}
