//! Studies: several runs over one dataset and suite that are looked at together. What is stored already is used again,
//! so that the same study asked for a second time goes on where the first stopped.

use super::reusing::Tape;
use super::{RunEstimate, StartRun, SubjectId, Workbench, WorkbenchError, found};
use crate::domain::action::Action;
use crate::domain::actor::Actor;
use crate::domain::ids::{DatasetVersionId, PromptName, RunId, SuiteVersionId, VersionId};
use crate::domain::money::UsdNanos;
use crate::domain::prompt::PromptContent;
use crate::domain::run::{Caps, RunSettings, RunTotals, RuntimeContext, Selection, Subject};
use crate::domain::variant::Variant;
use crate::evals::compare::RunScores;
use crate::store::Change;

/// What all runs of a study share.
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    /// The data.
    pub dataset: DatasetVersionId,
    /// The checks.
    pub suite: SuiteVersionId,
    /// What surrounds its runs. A stored run counts only where it is the same.
    pub context: RuntimeContext,
    /// How requests are sent; the caps are over all runs that the study starts or goes on with.
    pub settings: RunSettings,
    /// Endpoints by provider, for where the settings name none.
    pub endpoints: Vec<(String, String)>,
}

/// What a run of a study is to test.
#[derive(Debug, Clone, PartialEq)]
pub enum Candidate {
    /// A version as it is.
    Version(VersionId),
    /// A variant; it is stored when a run of it begins.
    Variant(Box<Variant>),
}

impl Candidate {
    /// The prompt that it is a version of, or made from one of.
    fn prompt(&self) -> &PromptName {
        match self {
            Self::Version(id) => &id.prompt,
            Self::Variant(variant) => &variant.content.of.prompt,
        }
    }
}

/// Whether a run that a study needs is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It is, and its results count.
    Finished(RunId),
    /// It was begun and can go on.
    Unfinished(RunId),
    /// It is not.
    Missing,
}

impl Stored {
    /// The run, where it has finished.
    pub fn finished(self) -> Option<RunId> {
        match self {
            Self::Finished(run) => Some(run),
            Self::Unfinished(_) | Self::Missing => None,
        }
    }
}

/// What the runs of a study that are missing would take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StudyEstimate {
    /// Runs that are stored and used again.
    pub stored: u64,
    /// Runs to start or to go on with.
    pub runs: u64,
    /// Their outcomes, each at least one request.
    pub outcomes: u64,
    /// Money; `None` where a price is unknown.
    pub cost: Option<UsdNanos>,
}

impl Workbench {
    /// The subject of what is to be tested.
    pub fn subject_of(&self, tested: &Candidate) -> Result<Subject, WorkbenchError> {
        Ok(match tested {
            Candidate::Version(id) => {
                let version = self.version(id)?;
                Subject::Prompt {
                    version: version.id,
                    content_hash: version.content_hash,
                }
            }
            Candidate::Variant(variant) => variant.subject()?,
        })
    }

    /// Starts a run of a study, or goes on with it.
    pub fn begin_run(
        &self,
        actor: &Actor,
        study: &Study,
        tested: &Candidate,
        stored: Stored,
        caps: Caps,
    ) -> Result<RunId, WorkbenchError> {
        match stored {
            Stored::Finished(run) => Ok(run),
            Stored::Unfinished(run) => {
                self.resume_run(actor, run, caps)?;
                Ok(run)
            }
            Stored::Missing => self.start_tested(actor, study, tested, caps, None),
        }
    }

    /// Starts a run of one example of the dataset, that was picked in another run.
    pub fn begin_example(
        &self,
        actor: &Actor,
        study: &Study,
        tested: &Candidate,
        selection: Selection,
    ) -> Result<RunId, WorkbenchError> {
        self.start_tested(actor, study, tested, study.settings.caps, Some(selection))
    }

    fn start_tested(
        &self,
        actor: &Actor,
        study: &Study,
        tested: &Candidate,
        caps: Caps,
        selection: Option<Selection>,
    ) -> Result<RunId, WorkbenchError> {
        if let Candidate::Variant(variant) = tested
            && self.store.variant(&variant.id)?.is_none()
        {
            let label = variant.subject()?.label();
            Change::new(self.audit(actor, Action::VariantKeep, &label, "")?)
                .put_variant(variant)?
                .commit(&self.store)?;
        }
        let mut start = self.study_start(study, tested)?;
        start.settings.caps = caps;
        self.start_run_with(actor, &start, selection, &Tape::Off)
    }

    /// What the missing runs of a study would take.
    pub fn estimate_study(&self, study: &Study, runs: &[(Candidate, Stored)]) -> Result<StudyEstimate, WorkbenchError> {
        let mut estimate = StudyEstimate {
            cost: Some(UsdNanos::default()),
            ..StudyEstimate::default()
        };
        for (tested, stored) in runs {
            let done = match stored {
                Stored::Finished(_) => {
                    estimate.stored += 1;
                    continue;
                }
                Stored::Unfinished(run) => self.store.outcome_count(*run)?,
                Stored::Missing => 0,
            };
            let start = self.study_start(study, tested)?;
            let RunEstimate { outcomes, cost, .. } =
                self.estimate_content(tested.prompt(), &self.tested_content(tested)?, &start)?;
            estimate.runs += 1;
            estimate.outcomes += outcomes.saturating_sub(done);
            estimate.cost = estimate.cost.zip(cost).map(|(sum, cost)| sum + cost);
        }
        Ok(estimate)
    }

    /// What each example of a run came to.
    pub fn scores_of(&self, run: RunId) -> Result<RunScores, WorkbenchError> {
        let suite = found(self.store.run(run)?, "run", &run)?.suite;
        self.run_scores(run, &self.suite(&suite)?)
    }

    pub(super) fn tested_content(&self, tested: &Candidate) -> Result<PromptContent, WorkbenchError> {
        Ok(match tested {
            Candidate::Version(id) => self.version(id)?.content,
            Candidate::Variant(variant) => variant.content.prompt.clone(),
        })
    }

    pub(super) fn study_start(&self, study: &Study, tested: &Candidate) -> Result<StartRun, WorkbenchError> {
        let model = self.tested_content(tested)?.model;
        let mut settings = study.settings.clone();
        let configured = study.endpoints.iter().find(|(provider, _)| *provider == model.provider);
        settings.base_url = settings.base_url.or_else(|| configured.map(|(_, url)| url.clone()));
        Ok(StartRun {
            subject: match tested {
                Candidate::Version(id) => SubjectId::Prompt(id.clone()),
                Candidate::Variant(variant) => SubjectId::Variant(variant.id),
            },
            dataset: study.dataset.clone(),
            suite: study.suite.clone(),
            base: None,
            environment: None,
            context: study.context.clone(),
            settings,
        })
    }
}

/// What is left of caps after runs that took this much; `None` where one of them is used up.
pub fn caps_left(caps: Caps, spent: &RunTotals, elapsed_ms: u64) -> Option<Caps> {
    fn left<T: PartialOrd + Copy>(cap: Option<T>, spent: T, less: impl Fn(T, T) -> T) -> Result<Option<T>, ()> {
        match cap {
            Some(cap) if spent >= cap => Err(()),
            Some(cap) => Ok(Some(less(cap, spent))),
            None => Ok(None),
        }
    }
    let less = |cap: u64, spent: u64| cap - spent;
    let tokens = spent.input_tokens.saturating_add(spent.output_tokens);
    Some(Caps {
        cost: left(caps.cost, spent.cost, |cap, spent| UsdNanos(cap.0 - spent.0)).ok()?,
        tokens: left(caps.tokens, tokens, less).ok()?,
        errors: left(caps.errors, spent.errored, less).ok()?,
        elapsed_ms: left(caps.elapsed_ms, elapsed_ms, less).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_the_caps_is_for_the_runs_that_follow() {
        let caps = Caps {
            cost: Some(UsdNanos(100)),
            tokens: Some(50),
            errors: None,
            elapsed_ms: Some(1_000),
        };
        let mut spent = RunTotals {
            cost: UsdNanos(40),
            input_tokens: 20,
            output_tokens: 10,
            errored: 7,
            ..RunTotals::default()
        };
        let left = caps_left(caps, &spent, 600).unwrap();
        let expected = Caps {
            cost: Some(UsdNanos(60)),
            tokens: Some(20),
            errors: None,
            elapsed_ms: Some(400),
        };
        assert_eq!(left, expected);
        assert_eq!(caps_left(caps, &spent, 1_000), None);
        spent.cost = UsdNanos(100);
        assert_eq!(caps_left(caps, &spent, 0), None);
        assert_eq!(caps_left(Caps::default(), &spent, u64::MAX), Some(Caps::default()));
    }
}
