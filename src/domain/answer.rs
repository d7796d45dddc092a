//! Stored answers and judgements: the exact request that one answers, and where it lies.

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::hash::ContentHash;
use super::ids::RunId;
use super::judgement::Judgement;
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

/// Everything that a request to a judge depends on, and which of its judgements it asks for.
///
/// One judge may be asked the same by several graders, several times, in both orders, of equal answers to several
/// examples and in each repeat of an example. All these are to say what they say independently of each other, so that
/// none stands for another one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JudgeRequest<'a> {
    /// Where it goes, without secrets.
    pub endpoint: Option<&'a str>,
    /// The provider, the model and all its settings, as the judge's version has them.
    pub model: &'a ModelConfig,
    /// The messages as sent.
    pub messages: &'a [RenderedMessage],
    /// The grader that asks.
    pub grader: &'a str,
    /// Which of the judge's repeats, which gives each a seed of its own.
    pub judge_repeat: u32,
    /// Whether the other answer of a pairwise comparison stands first.
    pub is_swapped: bool,
    /// What it judges.
    pub judged: Judged,
}

/// An answer that is judged: to which example, and in which of its repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// The content of the example.
    pub example: ContentHash,
    /// The repeat, from 0.
    pub repeat: u32,
}

impl From<&Outcome> for Judged {
    fn from(outcome: &Outcome) -> Self {
        Self {
            example: outcome.example_hash,
            repeat: outcome.repeat,
        }
    }
}

impl<'a> JudgeRequest<'a> {
    /// The request that a judgement answers.
    pub fn of(endpoint: Option<&'a str>, model: &'a ModelConfig, judgement: &'a Judgement, judged: Judged) -> Self {
        Self {
            endpoint,
            model,
            messages: &judgement.rendered,
            grader: &judgement.grader,
            judge_repeat: judgement.repeat,
            is_swapped: judgement.is_swapped,
            judged,
        }
    }

    /// SHA-256 over its canonical JSON, in which no [`ExactRequest`] can be the same.
    ///
    /// # Errors
    ///
    /// As [`ContentHash::of`].
    pub fn hash(&self) -> Result<ContentHash, DomainError> {
        ContentHash::of(self)
    }
}

/// Which part of an outcome holds an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerPart {
    /// All of it: the answer of a prompt.
    Whole,
    /// The step of a chain at this place among those that ran, from 0.
    Step(u32),
    /// The judgement at this place, from 0.
    Judgement {
        /// The place.
        at: u32,
        /// Where it was asked for, without secrets: the run does not record where its judges answer.
        endpoint: Option<String>,
    },
}

/// Where the newest answer to a request lies: the outcome that holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAnswer {
    /// The run that got it.
    pub run: RunId,
    /// The outcome's place.
    pub index: u64,
    /// The outcome's repeat.
    pub repeat: u32,
    /// Which part of it.
    pub part: AnswerPart,
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

/// A stored answer as it was found.
#[derive(Debug, Clone, PartialEq)]
pub enum KnownAnswer {
    /// That of a prompt or of a chain's step, in an outcome that has nothing else of use.
    Answer(Box<Outcome>),
    /// A judgement.
    Judgement(Box<Judgement>),
}

impl KnownAnswer {
    /// That part of an outcome, with the run that asked for it; `None` where it has no such part, or an error instead
    /// of an answer.
    pub fn of(mut outcome: Outcome, part: &AnswerPart) -> Option<Self> {
        let place = |at: u32| usize::try_from(at).ok();
        let run = outcome.run;
        match part {
            AnswerPart::Whole => {
                outcome.reused_from = outcome.reused_from.or(Some(run));
                outcome.error.is_none().then(|| Self::Answer(Box::new(outcome)))
            }
            AnswerPart::Step(at) => {
                let step = outcome.steps.get(place(*at)?)?.clone();
                if step.error.is_some() {
                    return None;
                }
                let of_step = Outcome {
                    text: step.text.clone(),
                    latency_ms: step.latency_ms,
                    time_to_first_token_ms: None,
                    reused_from: step.reused_from.or(Some(run)),
                    error: None,
                    steps: Vec::new(),
                    ..outcome
                };
                Some(Self::Answer(Box::new(of_step.said_by(step))))
            }
            AnswerPart::Judgement { at, .. } => {
                let judgement = outcome.judgements.get(place(*at)?)?.clone();
                let reused_from = judgement.reused_from.or(Some(run));
                let is_answered = judgement.error.is_none();
                is_answered.then(|| {
                    Self::Judgement(Box::new(Judgement {
                        reused_from,
                        ..judgement
                    }))
                })
            }
        }
    }

    /// The model that answered, which an alias may hide.
    pub fn resolved_model(&self) -> Option<&String> {
        match self {
            Self::Answer(outcome) => outcome.resolved_model.as_ref(),
            Self::Judgement(judgement) => judgement.resolved_model.as_ref(),
        }
    }
}
