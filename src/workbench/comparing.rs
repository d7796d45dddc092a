//! Two runs, example by example.

use super::{SubjectId, Workbench, WorkbenchError, found};
use crate::domain::ids::RunId;
use crate::domain::model::ModelConfig;
use crate::domain::run::{Run, RunEnd};
use crate::evals::compare::{Comparer, Side};
pub use crate::evals::compare::{Group, MetricDelta};
use crate::releases::evidence::caveats;

/// Two runs, example by example.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The base run.
    pub base: RunId,
    /// What it tested.
    pub base_subject: String,
    /// The candidate run.
    pub candidate: RunId,
    /// What it tested.
    pub candidate_subject: String,
    /// Where dataset, suite or model differ, and what weakens the results of either; read these first.
    pub differences: Vec<String>,
    /// Failed in the base, pass now.
    pub fixed: Group,
    /// Passed in the base, fail now.
    pub broken: Group,
    /// Fail in both.
    pub still_failing: Group,
    /// Pass in both.
    pub both_right: Group,
    /// Each metric over the whole run.
    pub metrics: Vec<MetricDelta>,
    /// Chance of so uneven flips if neither version were better: exact `McNemar`, mid-p.
    pub p_value: Option<f64>,
}

impl Workbench {
    /// Compares two runs, example by example. Only examples with the same content are compared.
    pub fn compare_runs(&self, base: RunId, candidate: RunId) -> Result<Comparison, WorkbenchError> {
        let base = self.compared_run(base)?;
        let candidate = self.compared_run(candidate)?;
        let mut comparer = Comparer::new(base.side(), candidate.side());
        self.store
            .each_outcome(base.run.id, |outcome| -> Result<(), WorkbenchError> {
                comparer.push_base(outcome);
                Ok(())
            })?;
        self.store
            .each_outcome(candidate.run.id, |outcome| -> Result<(), WorkbenchError> {
                comparer.push_candidate(outcome);
                Ok(())
            })?;
        let mut result = comparer.finish();
        for side in [&base, &candidate] {
            let caveats = caveats(&self.store, &side.run, side.end.as_ref())?.sentences();
            let caveats = caveats
                .into_iter()
                .map(|sentence| format!("{}: {sentence}", side.run.id));
            result.differences.extend(caveats);
        }
        if result.compared() == 0 {
            return Err(WorkbenchError::refused(
                format!(
                    "{} and {} share no example with the same content",
                    base.run.id, candidate.run.id
                ),
                "run both versions on the same dataset version",
            ));
        }
        Ok(Comparison {
            base_subject: base.run.subject.label(),
            candidate_subject: candidate.run.subject.label(),
            base: base.run.id,
            candidate: candidate.run.id,
            differences: result.differences,
            fixed: result.fixed,
            broken: result.broken,
            still_failing: result.still_failing,
            both_right: result.both_right,
            metrics: result.metrics,
            p_value: result.p_value,
        })
    }

    /// A run against its base's newest finished run on the same dataset; `None` where there is none.
    pub(super) fn compare_with_base(&self, run: &Run) -> Result<Option<Comparison>, WorkbenchError> {
        match self.base_run(run)? {
            Some(base) => self.compare_runs(base.id, run.id).map(Some),
            None => Ok(None),
        }
    }

    fn compared_run(&self, id: RunId) -> Result<ComparedRun, WorkbenchError> {
        let run = found(self.store.run(id)?, "run", &id)?;
        let tested = self.tested(&SubjectId::from(&run.subject))?;
        // Of a chain the model that answers at its end; its other steps are part of what was changed.
        let last = found(tested.versions().last(), "version", &run.subject.label())?;
        Ok(ComparedRun {
            model: last.content.model.clone(),
            end: self.store.run_end(id)?,
            run,
        })
    }
}

/// A run with what the comparison names first.
struct ComparedRun {
    run: Run,
    model: ModelConfig,
    end: Option<RunEnd>,
}

impl ComparedRun {
    fn side(&self) -> Side<'_> {
        Side {
            run: &self.run,
            model: &self.model,
            end: self.end.as_ref(),
        }
    }
}
