//! Asks one example of the model and makes an outcome of what comes back, whatever comes back.

use std::sync::Arc;

use super::EvalError;
use super::category::category;
use super::graders::Graders;
use super::parse::Answer;
use super::pipeline::{Job, Now};
use super::render::Renderer;
use crate::domain::example::Example;
use crate::domain::hash::ContentHash;
use crate::domain::ids::RunId;
use crate::domain::json::JsonText;
use crate::domain::model::ModelConfig;
use crate::domain::money::UsdNanos;
use crate::domain::outcome::{
    DocumentRef, ErrorKind, Outcome, OutcomeError, OutcomePlace, RenderedMessage, ToolCall, Usage,
};
use crate::providers::limiter::Limiter;
use crate::providers::retry::{Patience, RetryBudget, exchange};
use crate::providers::{ChatReply, ChatRequest, Provider, ProviderError};

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
    now: Now,
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
            graders: Graders::compile(&job.suite, &job.prompt)?,
            provider: Arc::clone(&job.provider),
            now: Arc::clone(&job.now),
        })
    }

    /// Renders, asks, parses and grades.
    pub(super) async fn ask(&self, place: OutcomePlace, example: &Example) -> Outcome {
        let outcome = match self.renderer.render(&example.content) {
            Ok(messages) => self.send(self.unanswered(place, example), messages, example).await,
            Err(error) => Outcome {
                // Nothing was sent.
                cost: Some(UsdNanos::default()),
                error: Some(OutcomeError {
                    kind: ErrorKind::Render,
                    message: error.to_string(),
                }),
                ..self.unanswered(place, example)
            },
        };
        self.judged(outcome, example)
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
        self.judged(outcome, example)
    }

    async fn send(&self, outcome: Outcome, messages: Vec<RenderedMessage>, example: &Example) -> Outcome {
        let request = ChatRequest {
            model: self.model.clone(),
            messages,
        };
        let exchange = exchange(&*self.provider, &request, self.patience()).await;
        let mut outcome = Outcome {
            rendered: request.messages,
            attempts: exchange.attempts,
            ..outcome
        };
        outcome.sum_attempts();
        match exchange.reply {
            Ok(reply) => answered(outcome, reply, example),
            Err(error) => failed(outcome, error),
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

    /// Parses and grades an answer, and says where a failure lies.
    fn judged(&self, mut outcome: Outcome, example: &Example) -> Outcome {
        let mut cause = None;
        if outcome.error.is_none() {
            let answer = Answer::new(outcome.text.clone().unwrap_or_default());
            let grades = self.graders.grade(&answer, &example.content);
            outcome.scores = grades.scores;
            cause = grades.cause;
            if self.graders.reads_json() {
                match answer.parsed {
                    Ok(value) => outcome.parsed = Some(JsonText::from_value(&value)),
                    Err(error) => outcome.parse_error = Some(error),
                }
            }
        }
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
            failure_category: None,
            finished_at: (self.now)(),
        }
    }
}

fn answered(outcome: Outcome, reply: ChatReply, example: &Example) -> Outcome {
    Outcome {
        tool_calls: with_results(reply.tool_calls, example),
        raw_response: reply.raw,
        text: reply.text,
        refusal: reply.refusal,
        finish_reason: reply.finish_reason,
        system_fingerprint: reply.system_fingerprint,
        response_id: reply.response_id,
        latency_ms: reply.latency_ms,
        resolved_model: reply.resolved_model,
        ..outcome
    }
}

fn failed(outcome: Outcome, error: ProviderError) -> Outcome {
    Outcome {
        raw_response: error.raw.unwrap_or_default(),
        latency_ms: error.latency_ms,
        error: Some(OutcomeError {
            kind: error.kind,
            message: error.message,
        }),
        ..outcome
    }
}

/// Calls with the canned results of the example's context.
fn with_results(calls: Vec<ToolCall>, example: &Example) -> Vec<ToolCall> {
    let canned = &example.content.context.tool_results;
    let with_result = |call: ToolCall| {
        let result = canned
            .iter()
            .find(|canned| canned.tool == call.name)
            .map(|canned| canned.result.clone());
        ToolCall { result, ..call }
    };
    calls.into_iter().map(with_result).collect()
}
