//! Which stored runs a study may use again, and what forbids others that look like them.

use super::studying::{Candidate, Stored, Study};
use super::{Workbench, WorkbenchError, found};
use crate::domain::hash::ContentHash;
use crate::domain::ids::{ExampleId, RunId};
use crate::domain::outcome::OutcomePlace;
use crate::domain::run::{AnswerSource, Run, RuntimeContext, Subject};
use crate::releases::evidence::caveats;
use crate::store::Store;

/// What a run must be that stands for one that a study would start.
struct Wanted {
    subject: Subject,
    dataset: ContentHash,
    suite: ContentHash,
    answers: AnswerSource,
    context: RuntimeContext,
    repeats: u32,
    provider: String,
    endpoint: Option<String>,
}

impl Wanted {
    /// Whether a run tested the same with the same checks over the same dataset.
    fn is_of(&self, run: &Run) -> bool {
        run.subject.content_hash() == self.subject.content_hash()
            && run.dataset_hash == self.dataset
            && run.suite_hash == self.suite
    }

    /// Why a run of the same is other evidence all the same; `None` where it is not.
    fn difference(&self, run: &Run) -> Option<String> {
        let endpoint = run.settings.endpoint_of(&self.provider);
        let named = |endpoint: Option<&str>| endpoint.unwrap_or("no endpoint that is recorded").to_owned();
        if run.answers != self.answers {
            let (was, is) = (run.answers.as_str(), self.answers.as_str());
            return Some(format!("{was} answered, and here it is {is}"));
        }
        if let Some(difference) = run.context.difference(&self.context) {
            return Some(difference);
        }
        if run.settings.repeats != self.repeats {
            let (was, is) = (run.settings.repeats, self.repeats);
            return Some(format!("it asked each example {was} times, and here --repeats is {is}"));
        }
        if endpoint != self.endpoint.as_deref() {
            let (was, is) = (named(endpoint), named(self.endpoint.as_deref()));
            return Some(format!("it asked at {was}, and here it is {is}"));
        }
        let reuses = run.settings.reuses_answers;
        reuses.then(|| "it was started with --reuse, so that its answers are those of other runs".into())
    }
}

impl Workbench {
    /// Looks for a run of this subject that the study can use: over the same dataset and suite by content, all of its
    /// examples, as many repeats, the same runtime context and endpoint, and answers that are fresh and of the model as
    /// it is now.
    pub fn stored_run(&self, study: &Study, tested: &Candidate) -> Result<Stored, WorkbenchError> {
        let wanted = self.wanted(study, tested)?;
        for run in self.runs_like(&wanted)? {
            if run.selection.is_some() || wanted.difference(&run).is_some() {
                continue;
            }
            if self.fault_of(&run)?.is_none() {
                return Ok(Stored::Finished(run.id));
            }
            if self.state_of(run.id)?.can_resume() {
                return Ok(Stored::Unfinished(run.id));
            }
        }
        Ok(Stored::Missing)
    }

    /// The newest run that has every repeat of an example and that the study could use for it, also one that asked
    /// other examples not, or not yet.
    pub(super) fn stored_example(
        &self,
        study: &Study,
        tested: &Candidate,
        example: &ExampleId,
    ) -> Result<Option<RunId>, WorkbenchError> {
        let wanted = self.wanted(study, tested)?;
        for run in self.runs_like(&wanted)? {
            if wanted.difference(&run).is_none() && self.has_example(&run, example)? && !self.is_stale(&run)? {
                return Ok(Some(run.id));
            }
        }
        Ok(None)
    }

    /// Whether each repeat of an example has its outcome in a run.
    pub fn has_outcomes_of(&self, run: RunId, example: &ExampleId) -> Result<bool, WorkbenchError> {
        self.has_example(&found(self.store.run(run)?, "run", &run)?, example)
    }

    /// The newest run of the same that a study does not use, and why; `None` where there is none. Runs that asked a
    /// selection are not meant to stand for others.
    pub fn passed_over(&self, study: &Study, tested: &Candidate) -> Result<Option<(RunId, String)>, WorkbenchError> {
        let wanted = self.wanted(study, tested)?;
        for run in self.runs_like(&wanted)? {
            if run.selection.is_some() {
                continue;
            }
            let why = match wanted.difference(&run) {
                Some(why) => Some(why),
                None => self.fault_of(&run)?,
            };
            if let Some(why) = why {
                return Ok(Some((run.id, why)));
            }
        }
        Ok(None)
    }

    fn wanted(&self, study: &Study, tested: &Candidate) -> Result<Wanted, WorkbenchError> {
        let start = self.study_start(study, tested)?;
        let model = self.tested_content(tested)?.model;
        let provider = self.connect(&model, &start.settings)?;
        let endpoint = start.settings.endpoint_of(&model.provider).map(str::to_owned);
        Ok(Wanted {
            subject: self.subject_of(tested)?,
            dataset: self.dataset(&study.dataset)?.content_hash,
            suite: self.suite(&study.suite)?.content_hash,
            answers: provider.source(),
            context: start.context,
            repeats: start.settings.repeats,
            endpoint: endpoint.or_else(|| provider.endpoint()),
            provider: model.provider,
        })
    }

    /// Runs of the same subject, dataset and suite, newest first.
    fn runs_like(&self, wanted: &Wanted) -> Result<Vec<Run>, WorkbenchError> {
        let mut runs = Vec::new();
        for id in runs_of(&self.store, &wanted.subject)? {
            let run = found(self.store.run(id)?, "run", &id)?;
            if wanted.is_of(&run) {
                runs.push(run);
            }
        }
        Ok(runs)
    }

    /// Why a run does not have a fresh outcome for every example; `None` where it has.
    fn fault_of(&self, run: &Run) -> Result<Option<String>, WorkbenchError> {
        let end = self.store.run_end(run.id)?;
        let Some(end) = end.filter(|end| end.totals.saved == run.outcome_count()) else {
            return Ok(Some(format!(
                "it is {} and lacks outcomes",
                self.state_of(run.id)?.as_str()
            )));
        };
        Ok(caveats(&self.store, run, Some(&end))?.stale_texts().next())
    }

    fn is_stale(&self, run: &Run) -> Result<bool, WorkbenchError> {
        let end = self.store.run_end(run.id)?;
        Ok(!caveats(&self.store, run, end.as_ref())?.stale.is_empty())
    }

    fn has_example(&self, run: &Run, example: &ExampleId) -> Result<bool, WorkbenchError> {
        let Some(first) = self.store.outcome_of(run.id, example)? else {
            return Ok(false);
        };
        for repeat in 0..run.settings.repeats.max(1) {
            let place = OutcomePlace {
                index: first.index,
                repeat,
            };
            if self.store.outcome(run.id, place)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Runs of a subject, newest first.
fn runs_of(store: &Store, subject: &Subject) -> Result<Vec<RunId>, WorkbenchError> {
    Ok(match subject {
        Subject::Prompt { version, .. } => store.runs_of(version)?,
        Subject::Variant { variant, .. } => store.runs_of_variant(variant)?,
        Subject::Chain { .. } => Vec::new(),
    })
}
