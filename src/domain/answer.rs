//! Stored answers: the exact request that one answers, and where it lies.

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::hash::ContentHash;
use super::ids::RunId;
use super::model::ModelConfig;
use super::outcome::{Outcome, OutcomePlace, RenderedMessage};

/// Everything that a request to a model depends on. Two that hash the same would be sent byte for byte the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExactRequest<'a> {
    /// Where it goes, without secrets.
    base_url: Option<&'a str>,
    /// The provider, the model and all its settings.
    model: &'a ModelConfig,
    /// The messages as sent.
    messages: &'a [RenderedMessage],
    /// Which of the example's repeats: a repeat is asked to get another answer.
    repeat: u32,
    /// The example, where the model has tools: their canned results go back to the model and come from it.
    example: Option<ContentHash>,
}

impl<'a> ExactRequest<'a> {
    /// The request that `outcome` is about, which need not be answered yet, with these messages.
    pub fn new(
        base_url: Option<&'a str>,
        model: &'a ModelConfig,
        messages: &'a [RenderedMessage],
        outcome: &Outcome,
    ) -> Self {
        Self {
            base_url,
            model,
            messages,
            repeat: outcome.repeat,
            example: (!model.tools.is_empty()).then_some(outcome.example_hash),
        }
    }

    /// SHA-256 over its canonical JSON.
    ///
    /// # Errors
    ///
    /// As [`ContentHash::of`].
    pub fn hash(&self) -> Result<ContentHash, DomainError> {
        ContentHash::of(self)
    }
}

/// Where the newest answer to a request lies: the outcome that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAnswer {
    /// The run that got it.
    pub run: RunId,
    /// The outcome's place.
    pub index: u64,
    /// The outcome's repeat.
    pub repeat: u32,
}

impl StoredAnswer {
    /// Where the outcome lies in its run.
    pub fn place(&self) -> OutcomePlace {
        OutcomePlace {
            index: self.index,
            repeat: self.repeat,
        }
    }
}
