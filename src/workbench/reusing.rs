//! Answers that are not asked anew: those of earlier runs, and those of a cassette.

use std::collections::BTreeSet;

use super::WorkbenchError;
use crate::domain::alias::Alias;
use crate::domain::answer::{AnswerPart, ExactRequest, JudgeRequest, KnownAnswer, StoredAnswer};
use crate::domain::hash::ContentHash;
use crate::domain::ids::{RunId, VersionId};
use crate::domain::judgement::JudgedBy;
use crate::domain::model::ModelConfig;
use crate::domain::outcome::Outcome;
use crate::domain::run::{AnswerSource, Run};
use crate::evals::pipeline::{Job, PromptWork, StoreFault, Work};
use crate::providers::cassette::CassetteError;
pub use crate::providers::cassette::Tape;
use crate::store::{Change, Store, StoreError};

/// Finds answers and judgements of earlier runs for a run that may use them.
pub(super) struct StoredAnswers {
    store: Store,
    run: RunId,
}

impl StoredAnswers {
    /// `None` for a run that asks everything anew.
    pub(super) fn of(store: &Store, run: &Run) -> Option<Self> {
        run.settings.reuses_answers.then(|| Self {
            store: store.clone(),
            run: run.id,
        })
    }

    /// The newest answer to a request. An answer of a model that the name does not stand for any more is none: the
    /// request would get another. Nor is one of the same run: examples that ask the same are asked one by one, so that
    /// what the run says of chance is true.
    pub(super) fn find(&self, request: &ContentHash, alias: &Alias) -> Result<Option<KnownAnswer>, StoreFault> {
        let Some(stored) = self.store.answer(request)?.filter(|stored| stored.run != self.run) else {
            return Ok(None);
        };
        let outcome = self.store.outcome(stored.run, stored.place())?;
        let known = outcome.and_then(|outcome| KnownAnswer::of(outcome, &stored.part));
        let now = self.store.resolution(alias)?.map(|now| now.model);
        Ok(known.filter(|known| now.is_none() || known.resolved_model() == now.as_ref()))
    }
}

/// A model that a run asks, where it asks it.
struct Asked {
    model: ModelConfig,
    endpoint: Option<String>,
}

impl Asked {
    /// `None` where asking again costs nothing, or nothing was asked.
    fn of(run: &Run, work: &PromptWork) -> Option<Self> {
        let model = &work.prompt.model;
        (work.provider.source() == AnswerSource::Model).then(|| Self {
            model: model.clone(),
            endpoint: run.settings.endpoint_of(&model.provider).map(str::to_owned),
        })
    }
}

/// Keeps where the answers and judgements of a run lie, so that later runs find them.
///
/// Every run of a model keeps them, whether or not it uses any: whoever changes a grader wants the answers of the run
/// before. It is one small record for each, some 140 bytes of the 2 kB that an outcome takes in the journal.
pub(super) struct AnswerIndex {
    /// The model of the prompt, or those of the steps of a chain by name.
    tested: Vec<(Option<String>, Asked)>,
    judges: Vec<(VersionId, Asked)>,
}

impl AnswerIndex {
    pub(super) fn of(job: &Job) -> Self {
        let run = &job.run;
        let tested = match &job.work {
            Work::Prompt(work) => vec![(None, Asked::of(run, work))],
            Work::Chain { steps, .. } => {
                let named = steps
                    .iter()
                    .map(|step| (Some(step.step.name.clone()), Asked::of(run, &step.work)));
                named.collect()
            }
        };
        let tested = tested.into_iter().filter_map(|(name, asked)| Some((name, asked?)));
        let judges = job
            .judges
            .aliases()
            .into_iter()
            .filter_map(|(judge, alias)| match judge {
                // Vectors are not kept, so that there is nothing to use again.
                JudgedBy::Embeddings(_) => None,
                JudgedBy::Prompt(judge) => {
                    let ready = job.judges.prompts.get(&judge.version)?;
                    let asked = Asked {
                        model: ready.version.content.model.clone(),
                        endpoint: alias.endpoint,
                    };
                    Some((judge.version, asked))
                }
            });
        Self {
            tested: tested.collect(),
            judges: judges.collect(),
        }
    }

    /// Adds to the change that saves an outcome where its answers lie. Errors are never used again.
    pub(super) fn note(&self, mut change: Change, outcome: &Outcome) -> Result<Change, StoreError> {
        let judgements = outcome.judgements.iter().filter_map(|judgement| judgement.reused_from);
        let sources: BTreeSet<RunId> = outcome.reused_from().chain(judgements).collect();
        for from in sources {
            change = change.put_reused(outcome.run, from)?;
        }
        for (request, part) in self.answers(outcome)?.into_iter().chain(self.judgements(outcome)?) {
            let answer = StoredAnswer {
                run: outcome.run,
                index: outcome.index,
                repeat: outcome.repeat,
                part,
            };
            change = change.put_answer(&request, &answer)?;
        }
        Ok(change)
    }

    /// The requests that were asked for the answer, and where in the outcome each was answered.
    fn answers(&self, outcome: &Outcome) -> Result<Vec<(ContentHash, AnswerPart)>, StoreError> {
        let mut answers = Vec::new();
        for (name, Asked { model, endpoint }) in &self.tested {
            let (messages, part) = match name {
                None if outcome.error.is_none() && outcome.reused_from.is_none() => {
                    (&outcome.rendered, AnswerPart::Whole)
                }
                None => continue,
                Some(name) => {
                    let mut places = (0_u32..).zip(&outcome.steps);
                    match places.find(|(_, step)| &step.name == name) {
                        Some((at, step)) if step.error.is_none() && step.reused_from.is_none() => {
                            (&step.rendered, AnswerPart::Step(at))
                        }
                        _ => continue,
                    }
                }
            };
            let request = ExactRequest::new(endpoint.as_deref(), model, messages, outcome);
            answers.push((request.hash()?, part));
        }
        Ok(answers)
    }

    /// The same for what its judges were asked.
    fn judgements(&self, outcome: &Outcome) -> Result<Vec<(ContentHash, AnswerPart)>, StoreError> {
        let mut answers = Vec::new();
        for (at, judgement) in (0_u32..).zip(&outcome.judgements) {
            let JudgedBy::Prompt(judge) = &judgement.judge else {
                continue;
            };
            let asked = self.judges.iter().find(|(version, _)| version == &judge.version);
            let (Some((_, asked)), None, None) = (asked, &judgement.error, judgement.reused_from) else {
                continue;
            };
            let endpoint = asked.endpoint.clone();
            let request = JudgeRequest::of(endpoint.as_deref(), &asked.model, judgement, outcome.into()).hash()?;
            answers.push((request, AnswerPart::Judgement { at, endpoint }));
        }
        Ok(answers)
    }
}

impl From<CassetteError> for WorkbenchError {
    fn from(error: CassetteError) -> Self {
        let hint = error.hint();
        Self::invalid(error.to_string(), hint)
    }
}
