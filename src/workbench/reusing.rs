//! Answers that are not asked anew: those of earlier runs, and those of a cassette.

use super::WorkbenchError;
use crate::domain::alias::Alias;
use crate::domain::answer::{ExactRequest, StoredAnswer};
use crate::domain::hash::ContentHash;
use crate::domain::model::ModelConfig;
use crate::domain::outcome::Outcome;
use crate::domain::run::{AnswerSource, Run};
use crate::evals::pipeline::StoreFault;
use crate::providers::cassette::CassetteError;
pub use crate::providers::cassette::Tape;
use crate::store::{Change, Store, StoreError};

/// Finds answers of earlier runs for a run that may use them.
pub(super) struct StoredAnswers {
    store: Store,
    alias: Alias,
}

impl StoredAnswers {
    /// `None` for a run that asks everything anew.
    pub(super) fn of(store: &Store, run: &Run, model: &ModelConfig) -> Option<Self> {
        run.settings.reuses_answers.then(|| Self {
            store: store.clone(),
            alias: Alias::new(model, run.settings.endpoint_of(&model.provider)),
        })
    }

    /// The outcome that holds the newest answer to a request. An answer of a model that the name does not stand for any
    /// more is none: the request would get another.
    pub(super) fn find(&self, request: &ContentHash) -> Result<Option<Outcome>, StoreFault> {
        let Some(answer) = self.store.answer(request)? else {
            return Ok(None);
        };
        let outcome = self.store.outcome(answer.run, answer.place())?;
        let now = self.store.resolution(&self.alias)?.map(|now| now.model);
        Ok(outcome.filter(|outcome| {
            let is_current = outcome.resolved_model == now || now.is_none();
            outcome.error.is_none() && is_current
        }))
    }
}

/// Keeps where the answers of a run lie, so that later runs find them.
///
/// Every run of a model keeps them, whether or not it uses any: whoever changes a grader wants the answers of the run
/// before. It is one small record an outcome, some 140 bytes of the 2 kB that one takes in the journal.
pub(super) struct AnswerIndex {
    base_url: Option<String>,
    model: ModelConfig,
}

impl AnswerIndex {
    /// `None` where asking again costs nothing, or nothing was asked.
    pub(super) fn of(run: &Run, model: &ModelConfig) -> Option<Self> {
        (run.answers == AnswerSource::Model).then(|| Self {
            base_url: run.settings.endpoint_of(&model.provider).map(str::to_owned),
            model: model.clone(),
        })
    }

    /// Adds to the change that saves an outcome where its answer lies. Errors are never used again.
    pub(super) fn note(&self, change: Change, outcome: &Outcome) -> Result<Change, StoreError> {
        if let Some(from) = outcome.reused_from {
            return change.put_reused(outcome.run, from);
        }
        if outcome.error.is_some() {
            return Ok(change);
        }
        let request = ExactRequest::new(self.base_url.as_deref(), &self.model, &outcome.rendered, outcome);
        let answer = StoredAnswer {
            run: outcome.run,
            index: outcome.index,
            repeat: outcome.repeat,
        };
        change.put_answer(&request.hash()?, answer)
    }
}

impl From<CassetteError> for WorkbenchError {
    fn from(error: CassetteError) -> Self {
        let hint = error.hint();
        Self::invalid(error.to_string(), hint)
    }
}
