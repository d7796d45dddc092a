//! Where a run stands right now: the latest value, not a history. Counts are of outcomes on disk.

use serde::{Deserialize, Serialize};

use super::ids::{ExampleId, RunId};
use super::metric::MetricResult;
use super::run::{RunState, RunTotals};

/// Upper ends of the latency chart's bars, in milliseconds; one more bar takes the rest.
pub const LATENCY_BAR_ENDS_MS: [u64; 5] = [250, 500, 1_000, 2_000, 4_000];
/// Failures that a progress carries, newest first.
pub const RECENT_FAILURES_MAX: usize = 12;
/// Points of the score chart.
pub const SCORE_POINTS_MAX: usize = 120;

/// How long the answers of a run took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LatencySummary {
    /// Median, 95th and 99th percentile in milliseconds, by nearest rank.
    pub percentiles_ms: [u64; 3],
    /// How many answers fall under each end of [`LATENCY_BAR_ENDS_MS`], and above the last.
    pub bars: [u64; 6],
}

/// One failed example, in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureLine {
    /// The example.
    pub example: ExampleId,
    /// The first thing that went wrong, with its explanation.
    pub why: String,
    /// How long the answer took, in milliseconds.
    pub latency_ms: u64,
}

/// A run's progress.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunProgress {
    /// The run.
    pub run: RunId,
    /// Where it stands.
    pub state: RunState,
    /// How many outcomes it has when it is finished.
    pub outcome_count: u64,
    /// Counts of saved outcomes.
    pub totals: RunTotals,
    /// Requests in flight.
    pub in_flight: u32,
    /// Requests in flight at most, as the provider takes them now.
    pub concurrency: u32,
    /// Since this process began to work on it, in milliseconds.
    pub elapsed_ms: u64,
    /// Outcomes saved in a second by this process.
    pub rate_per_s: f64,
    /// Expected time to the end, in milliseconds.
    pub eta_ms: Option<u64>,
    /// How long the answers took; `None` where there is none.
    pub latencies: Option<LatencySummary>,
    /// Metrics so far.
    pub results: Vec<MetricResult>,
    /// Share of passed outcomes over time, at most [`SCORE_POINTS_MAX`] points.
    pub score_points: Vec<f64>,
    /// The newest failures.
    pub recent_failures: Vec<FailureLine>,
    /// What slows it down, and what is done about it.
    pub notice: Option<String>,
}

impl RunProgress {
    /// `in flight 8 of 50`. Where the provider takes fewer than are on their way: `in flight 64, going down to 50`.
    pub fn in_flight_text(&self) -> String {
        let (in_flight, most) = (self.in_flight, self.concurrency);
        if in_flight > most {
            format!("in flight {in_flight}, going down to {most}")
        } else {
            format!("in flight {in_flight} of {most}")
        }
    }
}
