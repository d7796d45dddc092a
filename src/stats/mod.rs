//! What scores are worth: intervals, gate evidence, paired comparison, planning, quantiles, classification.
//! May use: nothing of ours; plain integers and `f64` in and out. Every rate comes from counts, never from a rate.
//! Must never: do I/O, read a clock, draw random numbers, or give NaN: what is undefined is `None`.

pub mod special;

mod classification;
mod gate;
mod interval;
mod paired;
mod planning;
mod quantile;

pub use classification::{ClassScores, Classification, classification};
pub use gate::{
    Comparison, Evidence, GateResult, Point, Policy, Verdict, misses_allowed, rate_decimals, threshold_gate,
};
pub use interval::{Method, ProportionBound, ProportionInterval, Side, proportion_bound, proportion_interval};
pub use paired::{
    McNemar, NonInferiority, NonInferiorityVerdict, PairedCounts, PairedDifference, mcnemar, non_inferiority,
    paired_difference,
};
pub use planning::{hits_for_lower_bound, n_for_lower_bound};
pub use quantile::{quantile_linear, quantile_nearest_rank};

/// Input for which no answer exists.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StatsError {
    /// More successes than trials.
    #[error("counts do not fit: {k} of {n}")]
    BadCounts {
        /// Successes.
        k: u64,
        /// Trials.
        n: u64,
    },
    /// Confidence outside the open interval from 0 to 1.
    #[error("confidence must lie between 0 and 1, not {0}")]
    BadConfidence(f64),
    /// Threshold of a rate outside 0 to 1.
    #[error("threshold must lie in 0 to 1, not {0}")]
    BadThreshold(f64),
    /// An equality gate on a rate other than never or always.
    #[error("an equality gate needs threshold 0 or 1, not {0}")]
    EqualityNeedsZeroOrOne(f64),
    /// Negative or infinite non-inferiority margin.
    #[error("margin must be a finite number from 0, not {0}")]
    BadMargin(f64),
    /// Quantile level outside 0 to 1.
    #[error("quantile level must lie in 0 to 1, not {0}")]
    BadLevel(f64),
    /// NaN or infinity among the values.
    #[error("value {index} is not a finite number")]
    NotFinite {
        /// Position of the first such value, from 0.
        index: usize,
    },
    /// A label that is not in the declared set.
    #[error("label {0:?} is not one of the declared labels")]
    UnknownLabel(String),
    /// Two lists that should go together differ in length.
    #[error("lists differ in length: {left} and {right}")]
    LengthMismatch {
        /// Length of the first.
        left: usize,
        /// Length of the second.
        right: usize,
    },
}

/// `k / n`, or nothing for no trials.
fn rate(k: u64, n: u64) -> Option<f64> {
    (n > 0).then(|| k as f64 / n as f64)
}

fn check_confidence(confidence: f64) -> Result<(), StatsError> {
    if confidence > 0.0 && confidence < 1.0 {
        Ok(())
    } else {
        Err(StatsError::BadConfidence(confidence))
    }
}

fn check_threshold(threshold: f64) -> Result<(), StatsError> {
    if (0.0..=1.0).contains(&threshold) {
        Ok(())
    } else {
        Err(StatsError::BadThreshold(threshold))
    }
}

/// The first number at which a predicate that turns from false to true once is true.
/// It is taken to be false at `false_at` and true at `true_at`.
fn first_true(mut false_at: u64, mut true_at: u64, predicate: impl Fn(u64) -> bool) -> u64 {
    while true_at - false_at > 1 {
        let middle = false_at.midpoint(true_at);
        if predicate(middle) {
            true_at = middle;
        } else {
            false_at = middle;
        }
    }
    true_at
}
