//! What scores are worth: rates and means with their intervals, comparisons, gates, plans, judges, canaries.
//! May use: nothing of ours; plain integers and `f64` in and out. Every rate comes from counts, never from a rate.
//! Must never: do I/O, read a clock, draw random numbers but from a seed it is given, or give NaN: what is undefined is
//! `None`, what makes no sense is a [`StatsError`]. A doc's "vector `name`" is the name of its reference cases.
//!
//! | looking for | file |
//! | --- | --- |
//! | one rate, two rates, rates as written | `interval`, `proportions`, `decimal` |
//! | a gate on a rate, and what it takes to prove one | `gate`, `planning`, `power` |
//! | two runs over the same examples | `paired` (pass or fail), `paired_means` (numbers) |
//! | means, two samples, ranks, bootstrap | `means`, `ranks`, `bootstrap`, `random` |
//! | latency and cost | `quantile`, `sketch`, `means` (ratios) |
//! | labels and judges | `classification`, `agreement`, `calibration` |
//! | repeats, rankings, many tests at once | `repeats`, `ranking`, `correction` |
//! | canaries | [`sequential`], `canary`, `bucketing` |

pub mod sequential;
pub mod special;

mod agreement;
mod bootstrap;
mod bucketing;
mod calibration;
mod canary;
mod classification;
mod correction;
mod decimal;
mod error;
mod gate;
mod interval;
mod means;
mod paired;
mod paired_means;
mod planning;
mod power;
mod proportions;
mod quantile;
mod random;
mod ranking;
mod ranks;
mod repeats;
mod sample;
mod sketch;

pub use agreement::{Kappa, kappa_from_table};
pub use bootstrap::{
    Bca, BootstrapMean, ClusterBootstrapMean, bca_from_replicates, bootstrap_mean, cluster_bootstrap_mean,
};
pub use bucketing::{
    BUCKETS, FlagdBucket, RampCounts, ReleaseBucket, flagd_fractional, fnv1a32, growthbook_bucket, launchdarkly_bucket,
    murmur3_32, ramp_counts, release_bucket, unleash_normalized,
};
pub use calibration::{
    CorrectedRate, JudgeWeight, JudgedRate, PredictionPowered, ShiftedRate, lang_reiczigel, ppi_mean, rogan_gladen,
};
pub use canary::{
    CanaryDecision, CanaryReason, Guard, GuardAction, OnTimeout, SampleRatio, Stage, canary_decision,
    sample_ratio_mismatch,
};
pub use classification::{ClassScores, Classification, classification, classification_from_table};
pub use correction::{Adjusted, Correction, adjust_p};
pub use decimal::{Decimal, consistent_counts};
pub use error::StatsError;
pub use gate::{
    Comparison, Evidence, GateResult, Point, Policy, Verdict, misses_allowed, rate_decimals, threshold_gate,
    threshold_gate_by,
};
pub use interval::{Method, ProportionBound, ProportionInterval, Side, proportion_bound, proportion_interval};
pub use means::{
    ClusteredMean, MeanInterval, MeanWithMissing, MissingPolicy, Ratio, WelchTest, clustered_mean, mean_interval,
    mean_with_missing, ratio_of_means, welch_t,
};
pub use paired::{
    McNemar, NonInferiority, NonInferiorityVerdict, PairedCounts, PairedDifference, PairedMethod, mcnemar,
    non_inferiority, paired_difference, paired_difference_by,
};
pub use paired_means::{
    MeanNonInferiority, PairedRatio, PairedT, log_ratio_paired, non_inferiority_mean, paired_t, sign_flip,
};
pub use planning::{hits_for_lower_bound, n_for_lower_bound};
pub use power::{
    OperatingCharacteristic, SampleSize, ScoreVariance, TwoSampleSize, detectable_difference, gate_characteristic,
    mcnemar_power, n_mean, n_non_inferiority, n_paired_binary, n_two_rates, proof_characteristic,
};
pub use proportions::{
    Alternative, FisherTest, RateDifference, ZTest, binom_test, fisher_exact, prob_second_greater, rate_difference,
    two_rates_z,
};
pub use quantile::{
    QuantileInterval, QuantileRanks, quantile_interval, quantile_linear, quantile_nearest_rank, quantile_ranks,
};
pub use random::{SplitMix64, resample_indices};
pub use ranking::{Game, Strengths, bradley_terry, elo_sequence};
pub use ranks::{MannWhitney, Shift, hodges_lehmann, mann_whitney};
pub use repeats::{
    Consistency, DatasetPassAtK, PassAtK, VarianceComponents, consistency, pass_at_k, pass_at_k_dataset,
    variance_components,
};
pub use sample::Limits;
pub use sketch::DdSketch;

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

/// A one-sided bound is an end of the two-sided interval at `2 confidence - 1`.
fn check_one_sided(confidence: f64) -> Result<(), StatsError> {
    if confidence > 0.5 && confidence < 1.0 {
        Ok(())
    } else {
        Err(StatsError::BadConfidence(confidence))
    }
}

fn check_counts(k: u64, n: u64) -> Result<(), StatsError> {
    if k <= n {
        Ok(())
    } else {
        Err(StatsError::BadCounts { k, n })
    }
}

fn check_alpha(alpha: f64) -> Result<(), StatsError> {
    if alpha > 0.0 && alpha < 1.0 {
        Ok(())
    } else {
        Err(StatsError::BadAlpha(alpha))
    }
}

fn check_level(level: f64) -> Result<(), StatsError> {
    if (0.0..=1.0).contains(&level) {
        Ok(())
    } else {
        Err(StatsError::BadLevel(level))
    }
}

fn check_margin(margin: f64) -> Result<(), StatsError> {
    if margin.is_finite() && margin >= 0.0 {
        Ok(())
    } else {
        Err(StatsError::BadMargin(margin))
    }
}

fn check_positive_parameter(name: &'static str, value: f64) -> Result<(), StatsError> {
    if value > 0.0 && value.is_finite() {
        Ok(())
    } else {
        let domain = "a positive number";
        Err(StatsError::BadParameter { name, domain, value })
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
