//! The outcomes of a run: its failures, and one case with everything about it.

use super::{Workbench, WorkbenchError, found};
use crate::domain::example::Example;
use crate::domain::ids::{ExampleId, RunId};
use crate::domain::outcome::{Outcome, OutcomePlace};
use crate::domain::progress::FailureLine;
use crate::domain::run::{EndState, Run};

/// A failure in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureRow {
    /// The example's place in the dataset version, and the repeat.
    pub place: OutcomePlace,
    /// The example and why it failed.
    pub line: FailureLine,
    /// Whether it passed in the base's newest run; `None` where that is not known.
    pub passed_before: Option<bool>,
}

impl FailureRow {
    /// The example as people tell it from others: with the number of the repeat, where it is not the first.
    pub fn label(&self) -> String {
        match self.place.repeat {
            0 => self.line.example.to_string(),
            repeat => format!("{} #{}", self.line.example, repeat + 1),
        }
    }
}

/// One outcome with its example.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseView {
    /// The outcome.
    pub outcome: Outcome,
    /// The example.
    pub example: Example,
    /// The base's newest run on the same dataset, and whether the example passed there.
    pub before: Option<(RunId, bool)>,
}

impl Workbench {
    /// Failures of a run in order of place, after `after`.
    pub fn failures(
        &self,
        id: RunId,
        after: Option<OutcomePlace>,
        limit: usize,
    ) -> Result<Vec<FailureRow>, WorkbenchError> {
        let run = found(self.store.run(id)?, "run", &id)?;
        let before = self.base_run(&run)?;
        let mut rows = Vec::new();
        for (place, line) in self.store.failures(id, after, limit)? {
            let passed_before = match &before {
                Some(base) => self
                    .store
                    .outcome_of(base.id, &line.example)?
                    .map(|outcome| outcome.passed()),
                None => None,
            };
            rows.push(FailureRow {
                place,
                line,
                passed_before,
            });
        }
        Ok(rows)
    }

    /// One outcome with its example.
    pub fn case(&self, id: RunId, place: OutcomePlace) -> Result<CaseView, WorkbenchError> {
        let run = found(self.store.run(id)?, "run", &id)?;
        let outcome = found(
            self.store.outcome(id, place)?,
            "example",
            &format!("{id} at place {}", place.index),
        )?;
        let example = found(self.store.example(&outcome.example_hash)?, "example", &outcome.example)?;
        let before = match self.base_run(&run)? {
            Some(base) => self
                .store
                .outcome_of(base.id, &outcome.example)?
                .map(|before| (base.id, before.passed())),
            None => None,
        };
        Ok(CaseView {
            outcome,
            example,
            before,
        })
    }

    /// The outcome of an example of a run.
    pub fn outcome(&self, id: RunId, example: &ExampleId) -> Result<CaseView, WorkbenchError> {
        let outcome = found(
            self.store.outcome_of(id, example)?,
            "example",
            &format!("{id}/{example}"),
        )?;
        self.case(id, outcome.place())
    }

    /// The newest finished run of a run's base on the same dataset, other than the run itself.
    pub(super) fn base_run(&self, run: &Run) -> Result<Option<Run>, WorkbenchError> {
        let Some(base) = &run.base else { return Ok(None) };
        for id in self.store.runs_of(base)? {
            let candidate = found(self.store.run(id)?, "run", &id)?;
            let is_finished = self
                .store
                .run_end(id)?
                .is_some_and(|end| end.state == EndState::Finished);
            let asked_all = candidate.selection.is_none();
            if is_finished && asked_all && id != run.id && candidate.dataset_hash == run.dataset_hash {
                return Ok(Some(candidate));
            }
        }
        Ok(None)
    }
}
