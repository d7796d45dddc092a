//! What one outcome adds to one metric.

use super::entry::NANOS_PER_USD;
use crate::domain::example::ExampleContent;
use crate::domain::grader::ScoreValue;
use crate::domain::metric::{ErrorRule, Metric, MetricKind};
use crate::domain::outcome::Outcome;
use crate::evals::classes;

/// What one outcome adds to one metric: a value, where it has one.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::evals) struct Mark {
    /// Hits of a rate, or the number of a mean.
    pub(in crate::evals) sum: f64,
    /// Trials of a rate, or 1 for a number.
    pub(in crate::evals) count: u32,
    /// Whether it counts against the metric.
    pub(super) is_missed: bool,
    /// Whether the metric's rule for errors left it out.
    pub(super) is_excluded: bool,
    /// Whether the grader gave no verdict, so that it counts against the metric and yet says nothing.
    pub(super) is_undecided: bool,
}

impl Mark {
    pub(in crate::evals) fn of(metric: &Metric, outcome: &Outcome, example: &ExampleContent) -> Self {
        if metric.kind.is_expense() {
            return Self::number(expense(&metric.kind, outcome));
        }
        if outcome.is_errored() && metric.errors == Some(ErrorRule::Exclude) {
            return Self {
                is_excluded: true,
                ..Self::default()
            };
        }
        match &metric.kind {
            MetricKind::Recall(class) => {
                Self::trial(classes::should_have(class, example), classes::has(class, outcome))
            }
            MetricKind::Precision(class) => {
                Self::trial(classes::has(class, outcome), classes::should_have(class, example))
            }
            MetricKind::F1(class) => {
                let (should, has) = (classes::should_have(class, example), classes::has(class, outcome));
                // 2 TP / (2 TP + FP + FN), which is 2 TP over all that should have the class and all that have it.
                Self {
                    sum: if should && has { 2.0 } else { 0.0 },
                    count: u32::from(should) + u32::from(has),
                    is_missed: should != has,
                    ..Self::default()
                }
            }
            kind => match (kind.grader(), kind.field()) {
                (Some(grader), _) => Self::graded(kind, grader, outcome),
                (_, Some(field)) => {
                    let truth = classes::truth(field, example);
                    let is_hit = truth.is_some() && truth == classes::answer(field, outcome);
                    Self::trial(truth.is_some(), is_hit)
                }
                (None, None) => Self::default(),
            },
        }
    }

    fn graded(kind: &MetricKind, grader: &str, outcome: &Outcome) -> Self {
        let score = outcome.scores.iter().find(|score| score.grader == grader);
        if score.is_none() && outcome.error.is_none() && !outcome.steps.is_empty() {
            // A grader of a step that no route led to has nothing to say.
            return Self::default();
        }
        let score = score.filter(|_| outcome.error.is_none());
        let is_hit = score.is_some_and(|score| score.passed);
        let is_undecided = score.is_some_and(|score| !score.gave_verdict());
        let mark = match kind {
            MetricKind::ScoreMean { .. } | MetricKind::ScorePercentile { .. } => {
                // A grader that measures nothing says pass or fail, which is 1 or 0.
                let value = score.and_then(|score| score.value).map(ScoreValue::get);
                let number = value.unwrap_or(if is_hit { 1.0 } else { 0.0 });
                Self {
                    is_missed: !is_hit,
                    ..Self::number(Some(number))
                }
            }
            _ => Self::trial(true, is_hit),
        };
        Self { is_undecided, ..mark }
    }

    fn trial(is_trial: bool, is_hit: bool) -> Self {
        Self {
            sum: if is_trial && is_hit { 1.0 } else { 0.0 },
            count: u32::from(is_trial),
            is_missed: is_trial && !is_hit,
            ..Self::default()
        }
    }

    fn number(number: Option<f64>) -> Self {
        Self {
            sum: number.unwrap_or(0.0),
            count: u32::from(number.is_some()),
            ..Self::default()
        }
    }
}

/// The latency of an answer in milliseconds, or what is known of its cost in billionths of a dollar. What an error left
/// without an answer has neither: as $0 it would make a run cheaper the more of it fails.
fn expense(kind: &MetricKind, outcome: &Outcome) -> Option<f64> {
    if outcome.error.is_some() {
        return None;
    }
    match kind {
        MetricKind::LatencyPercentile { .. } | MetricKind::LatencyMean => Some(outcome.latency_ms as f64),
        _ => outcome
            .cost_of_asking()
            .map(|cost| (cost.as_usd() * NANOS_PER_USD).round()),
    }
}
