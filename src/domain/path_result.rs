//! What came of the examples that took one path through a chain, and what follows for its steps.

use serde::{Deserialize, Serialize};

use super::money::UsdNanos;

/// The examples of a run that took the same steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathResult {
    /// The steps that ran, in order. An example without an answer ends with the step that failed. None for all the
    /// paths together that are too rare to be told apart.
    pub steps: Vec<String>,
    /// Outcomes that took it.
    pub outcomes: u64,
    /// Of those, passed by every grader.
    pub passed: u64,
    /// Of those, without an answer.
    pub errored: u64,
    /// What they cost together, as far as known.
    pub cost: UsdNanos,
    /// Those whose cost is not wholly known.
    pub cost_unknown: u64,
    /// Time from the first step to the last of those with an answer, in milliseconds: the median and the 95th
    /// percentile; `None` where none has one.
    pub latency_ms: Option<[u64; 2]>,
}

impl PathResult {
    /// `route → refund → reply`.
    pub fn label(&self) -> String {
        if self.steps.is_empty() {
            "other paths".into()
        } else {
            self.steps.join(" → ")
        }
    }

    /// Cost of one outcome, as far as known; `None` where nothing is.
    pub fn mean_cost(&self) -> Option<UsdNanos> {
        let priced = self.outcomes.checked_sub(self.cost_unknown)?;
        self.cost.0.checked_div(priced).map(UsdNanos)
    }
}

/// What came of one step of a chain in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepResult {
    /// The step.
    pub name: String,
    /// Outcomes in which it ran.
    pub reached: u64,
    /// Of those, that ended with it, without an answer.
    pub errored: u64,
}

/// What came of these steps, as far as paths are told apart.
pub fn step_results<'a>(steps: impl Iterator<Item = &'a str>, paths: &[PathResult]) -> Vec<StepResult> {
    let sum = |counts: &dyn Fn(&PathResult) -> u64| paths.iter().map(counts).sum();
    steps
        .map(|name| StepResult {
            name: name.to_owned(),
            reached: sum(&|path| {
                let runs = path.steps.iter().any(|step| step == name);
                if runs { path.outcomes } else { 0 }
            }),
            errored: sum(&|path| {
                let ends = path.steps.last().is_some_and(|step| step == name);
                if ends { path.errored } else { 0 }
            }),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(steps: &[&str], outcomes: u64, errored: u64) -> PathResult {
        PathResult {
            steps: steps.iter().map(|step| (*step).into()).collect(),
            outcomes,
            passed: outcomes - errored,
            errored,
            cost: UsdNanos(300),
            cost_unknown: 1,
            latency_ms: None,
        }
    }

    #[test]
    fn steps_are_counted_over_all_paths() {
        let paths = [
            path(&["route", "refund", "reply"], 6, 1),
            path(&["route", "reply"], 3, 0),
            path(&["route"], 1, 1),
        ];
        let results = step_results(["route", "refund", "reply"].into_iter(), &paths);
        let counts: Vec<_> = results.iter().map(|step| (step.reached, step.errored)).collect();
        assert_eq!(counts, [(10, 1), (6, 0), (9, 1)]);
        assert_eq!(paths[0].label(), "route → refund → reply");
        assert_eq!((paths[0].mean_cost(), paths[2].mean_cost()), (Some(UsdNanos(60)), None));
    }
}
