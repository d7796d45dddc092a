//! A metric sums up a run's outcomes. Counts are kept, never only rates.

mod method;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::ExampleId;
use super::unit::Unit;

pub use self::method::{BoundsMethod, GROUPS_FEW, GROUPS_MIN, IntervalMethod};

/// A named summary of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Its name within the suite, as thresholds and results say it.
    pub name: String,
    /// What it computes.
    pub kind: MetricKind,
    /// What an example without an answer counts as; [`ErrorRule::default`] where not given.
    pub errors: Option<ErrorRule>,
}

impl Metric {
    /// A metric in which examples without an answer count as they do by default.
    pub fn new(name: impl Into<String>, kind: MetricKind) -> Self {
        Self {
            name: name.into(),
            kind,
            errors: None,
        }
    }
}

/// What an example without an answer counts as. It never has a latency or a cost: what its tries cost is in the total
/// of its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorRule {
    /// As failed: a miss of a rate, 0 of a score, no class of a classification.
    #[default]
    Fail,
    /// As not asked: left out, and counted as left out.
    Exclude,
    /// As a fault of the run: a rule on the metric does not pass while there is one.
    Error,
}

impl ErrorRule {
    /// The word in suite files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Exclude => "exclude",
            Self::Error => "error",
        }
    }
}

/// What a metric computes. What an errored example counts as stands in [`Metric::errors`].
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
    /// Mean F1 over the classes of a field that occur, or over those of them that `labels` names.
    MacroF1(FieldOf),
    /// F1 over all classes of a field together, which for one class an example is the share that got theirs.
    MicroF1(FieldOf),
    /// Mean recall over the classes of a field that occur, or over those of them that `labels` names.
    BalancedAccuracy(FieldOf),
    /// Cohen's kappa: agreement beyond what the shares of the classes give by chance.
    Kappa(FieldOf),
    /// Matthews correlation coefficient over all classes of a field.
    Mcc(FieldOf),
    /// Mean of the number that a grader measures.
    ScoreMean {
        /// The grader.
        grader: String,
    },
    /// A percentile of the number that a grader measures, by nearest rank.
    ScorePercentile {
        /// The grader.
        grader: String,
        /// 0 to 100.
        percentile: f64,
    },
    /// Mean latency in milliseconds.
    LatencyMean,
    /// A percentile of an example's cost in US dollars, by nearest rank; undefined while any price is unknown.
    CostPercentile {
        /// 0 to 100.
        percentile: f64,
    },
    /// Chance that at least one of `k` repeats of an example passes a grader.
    PassAtK {
        /// The grader.
        grader: String,
        /// How many repeats.
        k: u64,
    },
    /// Chance that all of `k` repeats of an example pass a grader.
    PassHatK {
        /// The grader.
        grader: String,
        /// How many repeats.
        k: u64,
    },
    /// Of the pairs of repeats of an example, the share that a grader judges alike.
    Consistency {
        /// The grader.
        grader: String,
    },
}

impl MetricKind {
    /// The word in suite files.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Accuracy { .. } => "accuracy",
            Self::ValidityRate { .. } => "validity_rate",
            Self::Precision(_) => "precision",
            Self::Recall(_) => "recall",
            Self::F1(_) => "f1",
            Self::LatencyPercentile { .. } => "latency_percentile",
            Self::CostPerExample => "cost_per_example",
            Self::MacroF1(_) => "macro_f1",
            Self::MicroF1(_) => "micro_f1",
            Self::BalancedAccuracy(_) => "balanced_accuracy",
            Self::Kappa(_) => "kappa",
            Self::Mcc(_) => "mcc",
            Self::ScoreMean { .. } => "score_mean",
            Self::ScorePercentile { .. } => "score_percentile",
            Self::LatencyMean => "latency_mean",
            Self::CostPercentile { .. } => "cost_percentile",
            Self::PassAtK { .. } => "pass_at_k",
            Self::PassHatK { .. } => "pass_hat_k",
            Self::Consistency { .. } => "consistency",
        }
    }

    /// The grader that it sums up, where it does.
    pub fn grader(&self) -> Option<&str> {
        match self {
            Self::Accuracy { grader }
            | Self::ValidityRate { grader }
            | Self::ScoreMean { grader }
            | Self::ScorePercentile { grader, .. }
            | Self::PassAtK { grader, .. }
            | Self::PassHatK { grader, .. }
            | Self::Consistency { grader } => Some(grader),
            _ => None,
        }
    }

    /// The classification field that it sums up, where it is about all classes.
    pub fn field(&self) -> Option<&FieldOf> {
        match self {
            Self::MacroF1(of) | Self::MicroF1(of) | Self::BalancedAccuracy(of) | Self::Kappa(of) | Self::Mcc(of) => {
                Some(of)
            }
            _ => None,
        }
    }

    /// The percentile, of those that are one.
    pub fn percentile(&self) -> Option<f64> {
        match self {
            Self::LatencyPercentile { percentile }
            | Self::ScorePercentile { percentile, .. }
            | Self::CostPercentile { percentile } => Some(*percentile),
            _ => None,
        }
    }

    /// Whether it measures latency or cost: less is better, it has no bounds, and an errored example has none.
    pub fn is_expense(&self) -> bool {
        matches!(
            self,
            Self::LatencyPercentile { .. } | Self::CostPerExample | Self::LatencyMean | Self::CostPercentile { .. }
        )
    }

    /// What its numbers are of.
    pub fn unit(&self) -> Unit {
        match self {
            Self::LatencyPercentile { .. } | Self::LatencyMean => Unit::Milliseconds,
            Self::CostPerExample | Self::CostPercentile { .. } => Unit::UsDollars,
            Self::Kappa(_) | Self::Mcc(_) => Unit::Coefficient,
            _ => Unit::Share,
        }
    }

    /// Whether its values lie between 0 and 1.
    pub fn is_share(&self) -> bool {
        !(self.is_expense() || matches!(self, Self::Kappa(_) | Self::Mcc(_)))
    }

    /// Whether it is a share of hits among trials, so that two counts say all of it.
    pub fn is_rate(&self) -> bool {
        matches!(
            self,
            Self::Accuracy { .. } | Self::ValidityRate { .. } | Self::Precision(_) | Self::Recall(_) | Self::MicroF1(_)
        )
    }

    /// Whether each example has a value of its own by its own truth, so that two runs can be compared pair by pair.
    pub fn is_paired(&self) -> bool {
        matches!(
            self,
            Self::Accuracy { .. }
                | Self::ValidityRate { .. }
                | Self::Recall(_)
                | Self::MicroF1(_)
                | Self::ScoreMean { .. }
                | Self::PassAtK { .. }
                | Self::PassHatK { .. }
                | Self::Consistency { .. }
                | Self::CostPerExample
                | Self::LatencyMean
        )
    }
}

/// A field of the answer that holds one class of several.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FieldOf {
    /// Path in the parsed answer.
    pub field: String,
    /// Path in the expected value; the same as `field` where not given.
    pub expected_field: Option<String>,
    /// The classes that a mean over classes is of; all that occur where none is named. They are in the table of classes
    /// even where they do not occur. Other metrics count every answer and take none.
    pub labels: Vec<String>,
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
    /// Its value, or for a number the bin that it is in: `<10`, `10..100`, `>=100`.
    pub value: String,
    /// What else must hold, where several fields are crossed.
    pub and: Vec<SlicePart>,
}

/// A further field of a slice of several.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SlicePart {
    /// The metadata field.
    pub field: String,
    /// Its value or bin.
    pub value: String,
}

impl Slice {
    /// The examples with this value of one field.
    pub fn of(field: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            value: value.into(),
            and: Vec::new(),
        }
    }

    /// The examples with all of these values; `None` without any.
    pub fn crossed(parts: impl IntoIterator<Item = SlicePart>) -> Option<Self> {
        let mut parts = parts.into_iter();
        let SlicePart { field, value } = parts.next()?;
        let and = parts.collect();
        Some(Self { field, value, and })
    }

    /// Its fields and values, in order.
    pub fn parts(&self) -> impl Iterator<Item = (&str, &str)> {
        let first = (self.field.as_str(), self.value.as_str());
        let more = self.and.iter();
        std::iter::once(first).chain(more.map(|part| (part.field.as_str(), part.value.as_str())))
    }
}

/// `topic=billing`, or `topic=billing & plan=pro`.
impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.field, self.value)?;
        self.and
            .iter()
            .try_for_each(|part| write!(f, " & {}={}", part.field, part.value))
    }
}

/// How a metadata field that holds a number makes slices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bins {
    /// The metadata field.
    pub field: String,
    /// Where one bin ends and the next begins, ascending: each bound belongs to the bin above it.
    pub bounds: Vec<f64>,
}

impl Bins {
    /// The bin of a value, `<10`, `10..100` or `>=100`; `None` for a text that is no number.
    pub fn bin(&self, value: &str) -> Option<String> {
        let number: f64 = value.trim().parse().ok().filter(|number: &f64| number.is_finite())?;
        let above = self.bounds.partition_point(|bound| *bound <= number);
        let low = above.checked_sub(1).and_then(|at| self.bounds.get(at));
        Some(match (low, self.bounds.get(above)) {
            (None, Some(high)) => format!("<{high}"),
            (Some(low), Some(high)) => format!("{low}..{high}"),
            (Some(low), None) => format!(">={low}"),
            (None, None) => return None,
        })
    }

    /// Every bin, from the lowest.
    pub fn all(&self) -> Vec<String> {
        let below = self
            .bounds
            .first()
            .and_then(|first| self.bin(&(first - 1.0).to_string()));
        let others = self.bounds.iter().filter_map(|bound| self.bin(&bound.to_string()));
        below.into_iter().chain(others).collect()
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
    /// 95 % interval, by `method`.
    pub interval: Option<(f64, f64)>,
    /// Examples that count against it, at most [`MISSED_MAX`].
    pub missed: Vec<ExampleId>,
    /// How many examples had no answer because of an error.
    pub errored: u64,
    /// Outcomes that the metric's rule for errors left out.
    pub excluded: u64,
    /// One-sided 95 % bounds, lower and upper: what proves or refutes a threshold. Those of a rate of single, unrelated
    /// outcomes are Clopper-Pearson's; an end that too little data leaves open is missing.
    pub bounds: (Option<f64>, Option<f64>),
    /// How the interval and the bounds were found; `None` where there are none, except over one example or one cluster,
    /// which is why there are none.
    pub method: Option<IntervalMethod>,
}
