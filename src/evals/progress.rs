//! Makes a run's progress out of what is saved.

use std::collections::VecDeque;

use super::metrics::Tally;
use crate::domain::outcome::{ErrorKind, Outcome};
use crate::domain::progress::{FailureLine, RECENT_FAILURES_MAX, RunProgress, SCORE_POINTS_MAX};
use crate::domain::run::{Run, RunState, RunTotals};
use crate::domain::time::Timestamp;
use crate::providers::limiter::{Pace, Slowed};

/// The progress of a run of which nothing is known yet.
pub fn beginning(run: &Run) -> RunProgress {
    RunProgress {
        run: run.id,
        state: RunState::Running,
        outcome_count: run.outcome_count(),
        totals: RunTotals::default(),
        in_flight: 0,
        concurrency: run.settings.concurrency,
        elapsed_ms: 0,
        rate_per_s: 0.0,
        eta_ms: None,
        latencies: None,
        results: Vec::new(),
        score_points: Vec::new(),
        recent_failures: Vec::new(),
        notice: None,
    }
}

/// The share of passed outcomes over time, in points of equal distance: when there are too many, every other one goes.
#[derive(Debug)]
struct ScorePoints {
    points: Vec<f64>,
    outcomes_per_point: u64,
}

impl ScorePoints {
    fn push(&mut self, totals: &RunTotals) {
        if !totals.saved.is_multiple_of(self.outcomes_per_point) {
            return;
        }
        self.points.push(totals.passed as f64 / totals.saved as f64);
        if self.points.len() > SCORE_POINTS_MAX {
            self.points = self.points.iter().skip(1).step_by(2).copied().collect();
            self.outcomes_per_point *= 2;
        }
    }
}

/// What a progress shows besides the sums.
#[derive(Debug)]
pub(super) struct Meter {
    blank: RunProgress,
    began_at: Timestamp,
    saved_here: u64,
    points: ScorePoints,
    recent_failures: VecDeque<FailureLine>,
    rate_limited: u64,
}

impl Meter {
    pub(super) fn new(run: &Run, concurrency: u32, began_at: Timestamp) -> Self {
        Self {
            blank: RunProgress {
                concurrency,
                ..beginning(run)
            },
            began_at,
            saved_here: 0,
            points: ScorePoints {
                points: Vec::new(),
                outcomes_per_point: 1,
            },
            recent_failures: VecDeque::new(),
            rate_limited: 0,
        }
    }

    /// Takes in an outcome that this process saved.
    pub(super) fn push_new(&mut self, outcome: &Outcome, totals: &RunTotals) {
        self.saved_here += 1;
        let errors = outcome.all_attempts().filter_map(|attempt| attempt.error.as_ref());
        let rate_limited = errors.filter(|error| error.kind == ErrorKind::RateLimited).count();
        self.rate_limited += u64::try_from(rate_limited).unwrap_or(u64::MAX);
        self.push(outcome, totals);
    }

    /// Takes in an outcome that was saved; `totals` already count it.
    pub(super) fn push(&mut self, outcome: &Outcome, totals: &RunTotals) {
        self.points.push(totals);
        if let Some(why) = outcome.why() {
            self.recent_failures.push_front(FailureLine {
                example: outcome.example.clone(),
                why,
                latency_ms: outcome.latency_ms,
            });
            self.recent_failures.truncate(RECENT_FAILURES_MAX);
        }
    }

    pub(super) fn progress(
        &self,
        tally: &Tally,
        state: RunState,
        in_flight: usize,
        pace: Option<Pace>,
        now: Timestamp,
    ) -> RunProgress {
        let totals = tally.totals();
        let elapsed_ms = now.since_ms(self.began_at);
        RunProgress {
            state,
            totals,
            in_flight: u32::try_from(in_flight).unwrap_or(u32::MAX),
            concurrency: pace.map_or(self.blank.concurrency, |pace| pace.window.min(self.blank.concurrency)),
            elapsed_ms,
            rate_per_s: if elapsed_ms == 0 {
                0.0
            } else {
                self.saved_here as f64 * 1_000.0 / elapsed_ms as f64
            },
            eta_ms: self.eta_ms(&totals, elapsed_ms),
            latencies: tally.latencies().summary(),
            results: tally.whole_results(),
            score_points: self.points.points.clone(),
            recent_failures: self.recent_failures.iter().cloned().collect(),
            notice: self.notice(pace),
            ..self.blank.clone()
        }
    }

    /// What slows the run down.
    fn notice(&self, pace: Option<Pace>) -> Option<String> {
        let again = (self.rate_limited > 0).then(|| format!("{} were sent again later", self.rate_limited));
        let most = self.blank.concurrency;
        let slowed = match pace {
            Some(Pace {
                opens_in: Some(left), ..
            }) => format!("the provider asks to wait {} s", left.as_millis().div_ceil(1_000)),
            Some(Pace {
                window,
                slowed: Some(slowed),
                ..
            }) if window < most => {
                let by = match slowed {
                    Slowed::ByLimit => "the provider's limits",
                    Slowed::ByFailures => "its failures",
                };
                format!("slowed to {window} of {most} in flight by {by}")
            }
            _ => return again.map(|again| format!("the provider limits requests: {again}")),
        };
        Some(again.map_or(slowed.clone(), |again| format!("{slowed}; {again}")))
    }

    /// Whole-number arithmetic: no rate that is rounded first.
    fn eta_ms(&self, totals: &RunTotals, elapsed_ms: u64) -> Option<u64> {
        let left = self.blank.outcome_count.saturating_sub(totals.saved);
        left.checked_mul(elapsed_ms)?.checked_div(self.saved_here)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn score_points_stay_few_and_even() {
        let mut points = ScorePoints {
            points: Vec::new(),
            outcomes_per_point: 1,
        };
        for saved in 1..=10_000_u64 {
            let totals = RunTotals {
                saved,
                passed: saved / 2,
                ..RunTotals::default()
            };
            points.push(&totals);
            assert!(points.points.len() <= SCORE_POINTS_MAX);
        }
        assert!(points.points.len() >= SCORE_POINTS_MAX / 2);
        assert!(points.points.iter().skip(1).all(|share| (share - 0.5).abs() < 0.01));
    }
}
