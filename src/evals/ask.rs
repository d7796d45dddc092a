//! Asks one example of the model and makes an outcome of what comes back, whatever comes back.

use std::sync::Arc;
use std::time::Duration;

use super::EvalError;
use super::category::category;
use super::conversation::{Conversation, Turn};
use super::graders::{Cause, GraderError, Graders, Observed};
use super::parse::Answer;
use super::pipeline::{Job, Now};
use super::render::Renderer;
use super::reuse::Reuse;
use crate::domain::example::{Example, ExampleContent};
use crate::domain::hash::ContentHash;
use crate::domain::ids::RunId;
use crate::domain::json::JsonText;
use crate::domain::model::{ModelConfig, ToolChoice};
use crate::domain::money::UsdNanos;
use crate::domain::outcome::{DocumentRef, ErrorKind, Outcome, OutcomeError, OutcomePlace, RenderedMessage, Usage};
use crate::providers::limiter::{Limiter, Permit};
use crate::providers::retry::{Patience, RetryBudget, exchange};
use crate::providers::{ChatRequest, Provider};

/// What every example of a run shares.
pub(super) struct Asker {
    run: RunId,
    attempts_max: u32,
    deadline_ms: Option<u64>,
    limiter: Option<Arc<Limiter>>,
    retries: RetryBudget,
    model: ModelConfig,
    renderer: Renderer,
    graders: Graders,
    provider: Arc<dyn Provider>,
    reuse: Option<Reuse>,
    now: Now,
}

/// What came of asking.
pub(super) struct Asked {
    pub(super) outcome: Outcome,
    /// How long the provider asks to wait, where that is longer than a request waits: the error is not the example's.
    pub(super) wait: Option<Duration>,
}

impl From<Outcome> for Asked {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, wait: None }
    }
}

impl Asker {
    /// Compiles templates and graders.
    pub(super) fn new(job: &Job) -> Result<Self, EvalError> {
        Ok(Self {
            run: job.run.id,
            attempts_max: job.run.settings.attempts_max,
            deadline_ms: job.run.settings.deadline_ms,
            limiter: job.limiter.clone(),
            retries: RetryBudget::default(),
            model: job.prompt.model.clone(),
            renderer: Renderer::new(&job.prompt)?,
            graders: Graders::compile(&job.suite, &job.prompt, &job.judges)?,
            provider: Arc::clone(&job.provider),
            reuse: Reuse::of(job),
            now: Arc::clone(&job.now),
        })
    }

    /// Checks that the judges could be shown an answer to this example.
    pub(super) fn check_judges(&self, example: &ExampleContent) -> Result<(), GraderError> {
        self.graders.check_judges(example)
    }

    /// Renders, asks, parses and grades. The place at the provider is given back before the graders ask any model.
    pub(super) async fn ask(&self, place: OutcomePlace, example: &Example, permit: Option<Permit>) -> Asked {
        let asked = match self.renderer.render(&example.content) {
            Ok(messages) => {
                let asked = self.unanswered(place, example);
                match self.reused(&asked, &messages).await {
                    Some(outcome) => outcome.into(),
                    None => self.send(asked, messages, example).await,
                }
            }
            Err(error) => Asked::from(Outcome {
                // Nothing was sent.
                cost: Some(UsdNanos::default()),
                error: Some(OutcomeError {
                    kind: ErrorKind::Render,
                    message: error.to_string(),
                }),
                ..self.unanswered(place, example)
            }),
        };
        drop(permit);
        let graded = self.graded(asked.outcome, example).await;
        Asked {
            wait: asked.wait.or(graded.wait),
            ..graded
        }
    }

    /// The outcome of an example whose asking came to an end that no rule foresees.
    pub(super) fn broken(&self, place: OutcomePlace, example: &Example, message: String) -> Outcome {
        let outcome = Outcome {
            error: Some(OutcomeError {
                kind: ErrorKind::BadResponse,
                message,
            }),
            ..self.unanswered(place, example)
        };
        self.finished(outcome, None)
    }

    /// The outcome with an earlier run's answer, where the run may use one.
    async fn reused(&self, asked: &Outcome, messages: &[RenderedMessage]) -> Option<Outcome> {
        self.reuse.as_ref()?.find(asked, &self.model, messages).await
    }

    /// Asks, and goes on asking while the model calls tools that have canned results.
    async fn send(&self, outcome: Outcome, messages: Vec<RenderedMessage>, example: &Example) -> Asked {
        let mut request = ChatRequest::new(self.model.clone(), messages);
        let mut conversation = Conversation::new(example);
        let patience = self.patience();
        loop {
            let exchange = exchange(&*self.provider, &request, patience).await;
            let wait = exchange.asked_long();
            conversation.attempts.extend(exchange.attempts);
            match exchange.reply {
                Ok(reply) => match conversation.take(reply) {
                    Turn::Calls(round) => {
                        request.rounds.push(round);
                        // A choice that forces a call would force one for ever.
                        request.model.tool_choice = after_results(&request.model.tool_choice);
                    }
                    Turn::Answer(reply) => return conversation.answered(outcome, request.messages, *reply).into(),
                },
                Err(error) => {
                    let outcome = conversation.failed(outcome, request.messages, error);
                    return Asked { outcome, wait };
                }
            }
        }
    }

    /// How long one example is tried, from now.
    fn patience(&self) -> Patience<'_> {
        Patience {
            attempts_max: self.attempts_max,
            ends_at: self.deadline_ms.map(Patience::end_after),
            budget: &self.retries,
            limiter: self.limiter.as_deref(),
        }
    }

    /// Parses and grades an answer.
    async fn graded(&self, mut outcome: Outcome, example: &Example) -> Asked {
        if outcome.error.is_some() {
            return self.finished(outcome, None).into();
        }
        let answer = Answer::new(outcome.text.clone().unwrap_or_default());
        let grades = self
            .graders
            .grade(Observed::of(&outcome, &answer), &example.content)
            .await;
        outcome.scores = grades.scores;
        outcome.judgements = grades.asked.judgements;
        if self.graders.reads_json() {
            match answer.parsed {
                Ok(value) => outcome.parsed = Some(JsonText::from_value(&value)),
                Err(error) => outcome.parse_error = Some(error),
            }
        }
        Asked {
            outcome: self.finished(outcome, grades.cause),
            wait: grades.asked.wait,
        }
    }

    /// Says where a failure lies, and when it was done.
    fn finished(&self, mut outcome: Outcome, cause: Option<Cause>) -> Outcome {
        outcome.failure_category = category(&outcome, cause, &self.model);
        outcome.finished_at = (self.now)();
        outcome
    }

    /// An outcome that says only which example it is of.
    fn unanswered(&self, place: OutcomePlace, example: &Example) -> Outcome {
        let documents = example.content.context.documents.iter().map(|document| DocumentRef {
            id: document.id.clone(),
            version: document.version.clone(),
            content_hash: ContentHash::of_bytes(document.text.as_bytes()),
        });
        Outcome {
            run: self.run,
            index: place.index,
            repeat: place.repeat,
            example: example.content.id.clone(),
            example_hash: example.content_hash,
            rendered: Vec::new(),
            documents: documents.collect(),
            tool_calls: Vec::new(),
            raw_response: String::new(),
            earlier_responses: Vec::new(),
            text: None,
            parsed: None,
            parse_error: None,
            refusal: None,
            finish_reason: None,
            resolved_model: None,
            system_fingerprint: None,
            response_id: None,
            usage: Usage::default(),
            latency_ms: 0,
            time_to_first_token_ms: None,
            attempts: Vec::new(),
            reused_from: None,
            cost: None,
            error: None,
            scores: Vec::new(),
            judgements: Vec::new(),
            steps: Vec::new(),
            failure_category: None,
            finished_at: (self.now)(),
        }
    }
}

fn after_results(choice: &ToolChoice) -> ToolChoice {
    match choice {
        ToolChoice::Required | ToolChoice::Named(_) => ToolChoice::Auto,
        other => other.clone(),
    }
}
