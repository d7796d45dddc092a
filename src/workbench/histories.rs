//! What happened to one thing over all runs: the runs of a version, the outcomes of an example.

use serde::Serialize;

use super::{RepeatVerdict, RunSummary, SubjectId, Workbench, WorkbenchError, found};
use crate::domain::hash::ContentHash;
use crate::domain::ids::{DatasetName, DatasetVersionId, ExampleId, RunId, SuiteVersionId};
use crate::domain::run::{AnswerSource, Run};
use crate::domain::time::Timestamp;

/// Runs that are read at once on the way back through all of them.
const RUNS_PER_READ: usize = 200;

/// What became of an example in one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExampleInRun {
    /// The run.
    pub run: RunId,
    /// What it tested.
    pub subject: String,
    /// The dataset version that the example was of.
    pub dataset: DatasetVersionId,
    /// The checks.
    pub suite: SuiteVersionId,
    /// Who answered.
    pub answers: AnswerSource,
    /// The example's content then: another hash is another question.
    pub example_hash: ContentHash,
    /// Each repeat that is saved, in order.
    pub repeats: Vec<RepeatVerdict>,
    /// Whether the first repeat passed.
    pub passed: bool,
    /// Why the first repeat failed.
    pub why: Option<String>,
    /// The model that answered it.
    pub resolved_model: Option<String>,
    /// When it was done.
    pub finished_at: Timestamp,
}

impl Workbench {
    /// The runs of a version, older than `before` (or the newest), newest first: read from an index.
    pub fn runs_of(
        &self,
        subject: &SubjectId,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<RunSummary>, WorkbenchError> {
        self.tested(subject)?;
        let ids = match subject {
            SubjectId::Prompt(version) => self.store.runs_of_before(version, before, limit)?,
            SubjectId::Chain(chain) => self.store.runs_of_chain_before(chain, before, limit)?,
            SubjectId::Variant(variant) => {
                let runs = self.store.runs_of_variant(variant)?.into_iter();
                runs.filter(|id| before.is_none_or(|before| *id < before))
                    .take(limit)
                    .collect()
            }
        };
        ids.into_iter().map(|id| self.run_summary(id)).collect()
    }

    /// What became of an example in each run that asked it, those before `before` (or all), newest first. Each run of
    /// the dataset takes one look into the index, however many outcomes it has.
    pub fn example_history(
        &self,
        dataset: &DatasetName,
        example: &ExampleId,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<ExampleInRun>, WorkbenchError> {
        let (mut history, mut last) = (Vec::new(), before);
        while history.len() < limit {
            let page = self.store.runs(last, RUNS_PER_READ)?;
            let Some(oldest) = page.last() else { break };
            last = Some(oldest.id);
            for run in page.iter().filter(|run| run.dataset.name == *dataset) {
                history.extend(self.example_in(run, example)?);
                if history.len() == limit {
                    break;
                }
            }
        }
        Ok(history)
    }

    fn example_in(&self, run: &Run, example: &ExampleId) -> Result<Option<ExampleInRun>, WorkbenchError> {
        let Some(outcome) = self.store.outcome_of(run.id, example)? else {
            return Ok(None);
        };
        Ok(Some(ExampleInRun {
            run: run.id,
            subject: run.subject.label(),
            dataset: run.dataset.clone(),
            suite: run.suite.clone(),
            answers: run.answers,
            repeats: self.repeats(run.id, outcome.index)?.saved,
            passed: outcome.passed(),
            why: outcome.why(),
            example_hash: outcome.example_hash,
            resolved_model: outcome.resolved_model,
            finished_at: outcome.finished_at,
        }))
    }

    /// The newest run before this one that asked the example, and whether it passed there.
    pub fn example_before(&self, run: RunId, example: &ExampleId) -> Result<Option<(RunId, bool)>, WorkbenchError> {
        let dataset = found(self.store.run(run)?, "run", &run)?.dataset.name;
        let newest = self.example_history(&dataset, example, Some(run), 1)?.pop();
        Ok(newest.map(|before| (before.run, before.passed)))
    }
}
