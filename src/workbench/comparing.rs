//! Runs beside each other, example by example.

use std::collections::BTreeMap;

use super::{Workbench, WorkbenchError, found};
use crate::domain::diff::{PromptDiff, diff};
use crate::domain::hash::ContentHash;
use crate::domain::ids::{ExampleId, RunId};
use crate::domain::prompt::PromptContent;
use crate::domain::run::{Run, RunEnd};
use crate::domain::suite::SuiteVersion;
use crate::domain::unit::Units;
pub use crate::evals::compare::{ExampleScores, Group, MetricDelta, RunComparison, RunScores, SliceFlips};
use crate::evals::compare::{Pairs, Side, compare};
pub use crate::evals::paired::{Change, Effect, PairedMethod, p_text, points};
use crate::releases::evidence::caveats;

/// Most examples that a comparison of several runs lists.
const SPLIT_MAX: usize = 1_000;

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
    /// What became of the examples, the metrics and the slices; first what else differs, and what weakens the results
    /// of either.
    pub result: RunComparison,
    /// What the numbers of its metrics are of.
    pub units: Units,
    /// What changed in the prompt; `None` for chains.
    pub diff: Option<PromptDiff>,
}

/// Several runs beside their base.
#[derive(Debug, Clone, PartialEq)]
pub struct SideBySide {
    /// Each candidate against the base, in the order given.
    pub comparisons: Vec<Comparison>,
    /// The examples that every run has with the same content and that not all pass or fail, in the base's order, at
    /// most a thousand.
    pub split: Vec<SplitExample>,
    /// How many such examples there are.
    pub split_count: u64,
}

/// An example about which runs disagree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitExample {
    /// The example.
    pub example: ExampleId,
    /// Whether it passes in the base, and in each candidate.
    pub passed: Vec<bool>,
}

impl Workbench {
    /// Compares two runs, example by example. Only examples with the same content are compared.
    pub fn compare_runs(&self, base: RunId, candidate: RunId) -> Result<Comparison, WorkbenchError> {
        self.compare_sides(&self.compared_run(base)?, &self.compared_run(candidate)?)
    }

    /// Compares runs with one that they have as their base.
    pub fn compare_many(&self, base: RunId, candidates: &[RunId]) -> Result<SideBySide, WorkbenchError> {
        let base = self.compared_run(base)?;
        let candidates = candidates
            .iter()
            .map(|candidate| self.compared_run(*candidate))
            .collect::<Result<Vec<_>, _>>()?;
        let comparisons = candidates
            .iter()
            .map(|candidate| self.compare_sides(&base, candidate))
            .collect::<Result<Vec<_>, _>>()?;
        let mut split = split_examples(&base, &candidates);
        let split_count = split.len() as u64;
        split.truncate(SPLIT_MAX);
        Ok(SideBySide {
            comparisons,
            split,
            split_count,
        })
    }

    fn compare_sides(&self, base: &ComparedRun, candidate: &ComparedRun) -> Result<Comparison, WorkbenchError> {
        let mut result = compare(base.side(), candidate.side());
        for side in [base, candidate] {
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
        let contents = base.content.as_ref().zip(candidate.content.as_ref());
        Ok(Comparison {
            base_subject: base.run.subject.label(),
            candidate_subject: candidate.run.subject.label(),
            base: base.run.id,
            candidate: candidate.run.id,
            result,
            units: Units::of(&candidate.suite.content.metrics),
            diff: contents.map(|(old, new)| diff(old, new)),
        })
    }

    /// How a metric moved from one run to another over the same suite. `None` where it cannot be paired.
    pub fn metric_effect(&self, base: RunId, candidate: RunId, metric: &str) -> Result<Option<Effect>, WorkbenchError> {
        let (base, candidate) = (self.scores_of(base)?, self.scores_of(candidate)?);
        Ok(base
            .metric_at(metric)
            .and_then(|at| Pairs::new(&base, &candidate).metric(at).ok()))
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
        let suite = self.suite(&run.suite)?;
        // Of a chain the prompt that answers at its end; its other steps are part of what was changed.
        let content = self.store.contents_of(&run.subject)?.pop();
        Ok(ComparedRun {
            content,
            end: self.store.run_end(id)?,
            scores: self.run_scores(id, &suite)?,
            suite,
            run,
        })
    }

    /// What each example of a run came to. Holds one small entry for each.
    pub(super) fn run_scores(&self, id: RunId, suite: &SuiteVersion) -> Result<RunScores, WorkbenchError> {
        let mut scores = RunScores::new(&suite.content);
        self.store.each_outcome(id, |outcome| -> Result<(), WorkbenchError> {
            let example = self.store.example(&outcome.example_hash)?;
            let example = found(example, "example", &format!("{id}/{}", outcome.example))?;
            scores.push(outcome, &example.content);
            Ok(())
        })?;
        Ok(scores)
    }
}

/// A run with what the comparison names first.
struct ComparedRun {
    run: Run,
    content: Option<PromptContent>,
    suite: SuiteVersion,
    end: Option<RunEnd>,
    scores: RunScores,
}

impl ComparedRun {
    fn side(&self) -> Side<'_> {
        Side {
            run: &self.run,
            content: self.content.as_ref(),
            suite: &self.suite.content,
            end: self.end.as_ref(),
            scores: &self.scores,
        }
    }
}

fn split_examples(base: &ComparedRun, candidates: &[ComparedRun]) -> Vec<SplitExample> {
    let passed = |run: &ComparedRun| -> BTreeMap<(ExampleId, ContentHash), bool> {
        let examples = run.scores.examples();
        examples
            .map(|scores| ((scores.example.clone(), scores.hash), scores.passed()))
            .collect()
    };
    let candidates: Vec<_> = candidates.iter().map(passed).collect();
    let in_all = base.scores.examples().filter_map(|scores| {
        let key = (scores.example.clone(), scores.hash);
        let others = candidates.iter().map(|candidate| candidate.get(&key).copied());
        let passed = std::iter::once(Some(scores.passed()))
            .chain(others)
            .collect::<Option<Vec<bool>>>()?;
        let (example, _) = key;
        Some(SplitExample { example, passed })
    });
    in_all
        .filter(|split| split.passed.iter().any(|passed| Some(passed) != split.passed.first()))
        .collect()
}
