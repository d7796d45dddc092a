//! A metric sums up a run's outcomes. Counts are kept, never only rates.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::ExampleId;

/// A named summary of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Its name within the suite, as thresholds and results say it.
    pub name: String,
    /// What it computes.
    pub kind: MetricKind,
}

/// What a metric computes. An errored example counts as failed in every rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricKind {
    /// Share of examples that a grader passed.
    Accuracy {
        /// The grader.
        grader: String,
    },
    /// Share of answers that a validity grader passed.
    ValidityRate {
        /// The grader.
        grader: String,
    },
    /// Of the answers with this class, the share that should have it.
    Precision(ClassOf),
    /// Of the examples that should have this class, the share that got it.
    Recall(ClassOf),
    /// Harmonic mean of precision and recall.
    F1(ClassOf),
    /// A percentile of the latency in milliseconds, by nearest rank.
    LatencyPercentile {
        /// 0 to 100.
        percentile: f64,
    },
    /// Mean cost of an example in US dollars; undefined while any price is unknown.
    CostPerExample,
}

/// A class of a classification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassOf {
    /// Path in the parsed answer.
    pub field: String,
    /// Path in the expected value; the same as `field` where not given.
    pub expected_field: Option<String>,
    /// The value that makes the class, as JSON or plain text: `true`, `billing`.
    pub class: String,
}

/// A part of a run: the examples whose metadata says so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slice {
    /// The metadata field.
    pub field: String,
    /// Its value.
    pub value: String,
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.field, self.value)
    }
}

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// A rate, as its two counts.
    Rate {
        /// Hits.
        hits: u64,
        /// Trials.
        total: u64,
    },
    /// A number over `count` examples.
    Value {
        /// The number, in the metric's unit.
        value: f64,
        /// How many examples it sums up.
        count: u64,
    },
    /// No data, or a denominator of zero.
    Undefined,
}

impl Measure {
    /// The number that thresholds compare, `None` where undefined.
    pub fn value(self) -> Option<f64> {
        match self {
            Self::Rate { total: 0, .. } | Self::Undefined => None,
            Self::Rate { hits, total } => Some(hits as f64 / total as f64),
            Self::Value { value, .. } => Some(value),
        }
    }

    /// `230/240` for a rate, the count for a number, `no data`.
    pub fn counts_text(self) -> String {
        match self {
            Self::Rate { hits, total } => format!("{hits}/{total}"),
            Self::Value { count, .. } => format!("n={count}"),
            Self::Undefined => "no data".into(),
        }
    }
}

/// Most ids of breaking examples that a result keeps; the rest are found through the run's failures.
pub const MISSED_MAX: usize = 200;

/// A metric's result over a run or a slice of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricResult {
    /// The metric's name.
    pub metric: String,
    /// The slice; the whole run where not given.
    pub slice: Option<Slice>,
    /// What was measured.
    pub measure: Measure,
    /// 95 % interval of a rate (Wilson).
    pub interval: Option<(f64, f64)>,
    /// Examples that count against it, at most [`MISSED_MAX`].
    pub missed: Vec<ExampleId>,
    /// How many examples had no answer because of an error.
    pub errored: u64,
}
