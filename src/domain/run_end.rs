//! What a run came to.

use serde::{Deserialize, Serialize};

use super::confusion::Confusion;
use super::gate::Gate;
use super::hash::ContentHash;
use super::ids::RunId;
use super::metric::{MetricResult, Slice};
use super::path_result::PathResult;
use super::progress::LatencySummary;
use super::run::{EndState, RunTotals};
use super::time::Timestamp;

/// What a run came to. Written once; after it the run never changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunEnd {
    /// The run.
    pub run: RunId,
    /// How it ended.
    pub state: EndState,
    /// Counts.
    pub totals: RunTotals,
    /// Every metric over the whole run and over each slice.
    pub results: Vec<MetricResult>,
    /// The gate; `None` for a cancelled run, and for one that asked a selection.
    pub gate: Option<Gate>,
    /// SHA-256 over the outcomes' bytes in order of example, so that a changed outcome shows.
    pub outcomes_hash: ContentHash,
    /// Models that answered.
    pub resolved_models: Vec<String>,
    /// When.
    pub ended_at: Timestamp,
    /// The answers to each classification field that a metric sums up.
    pub confusions: Vec<Confusion>,
    /// How the metrics moved against the base run; `None` where there is none to compare with.
    pub against_base: Option<AgainstBase>,
    /// What came of each path that examples took through a chain, the most frequent first; none for a prompt.
    pub paths: Vec<PathResult>,
    /// How long its answers took; `None` where there is none, and where an earlier program recorded the end.
    pub latencies: Option<LatencySummary>,
}

/// What moved against the base run. Every metric of which each example has a value is tested over the whole run and
/// over each slice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgainstBase {
    /// The base run.
    pub run: RunId,
    /// How many tests were made: with many, some look like a regression by chance.
    pub tests: u64,
    /// The regressions that stand out, the surest first.
    pub regressions: Vec<Regression>,
}

/// A metric that looks worse than in the base run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Regression {
    /// The metric.
    pub metric: String,
    /// The slice; the whole run where not given.
    pub slice: Option<Slice>,
    /// Candidate less base; of latency and cost candidate over base.
    pub effect: f64,
    /// Examples that both runs have a value of.
    pub pairs: u64,
    /// Chance of as bad a result or a worse one, were nothing worse.
    pub p_value: f64,
    /// The same, corrected for all tests (Holm).
    pub holm: f64,
    /// The same, as a share of false ones among those that are listed (Benjamini-Hochberg).
    pub false_discovery: f64,
    /// Whether it stands after Holm's correction at 5 %; otherwise it is a lead to follow, and no more.
    pub is_flagged: bool,
}
