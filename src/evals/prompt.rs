//! Asks one prompt, and goes on asking while the model calls tools that have canned results.

use std::sync::Arc;

use serde_json::Value as Json;
use tokio::time::Instant;

use super::ask::Asked;
use super::conversation::{Conversation, Turn};
use super::pipeline::PromptWork;
use super::render::{RenderError, Renderer};
use super::reuse::Reuse;
use crate::domain::example::{Example, ExampleContent, ExampleContext};
use crate::domain::model::{ModelConfig, ToolChoice};
use crate::domain::money::UsdNanos;
use crate::domain::outcome::{ErrorKind, Outcome, OutcomeError, RenderedMessage};
use crate::providers::limiter::{Limiter, Permit};
use crate::providers::retry::{Patience, RetryBudget, exchange};
use crate::providers::{ChatRequest, Provider};

/// A prompt that is ready to be asked.
pub(super) struct PromptAsker {
    attempts_max: u32,
    limiter: Option<Arc<Limiter>>,
    retries: RetryBudget,
    model: ModelConfig,
    renderer: Renderer,
    provider: Arc<dyn Provider>,
    reuse: Option<Arc<Reuse>>,
}

/// Why nothing was sent.
pub(super) struct NotSent(pub(super) String);

impl From<RenderError> for NotSent {
    fn from(error: RenderError) -> Self {
        Self(error.to_string())
    }
}

impl NotSent {
    /// The outcome that says so.
    pub(super) fn outcome(self, blank: Outcome) -> Outcome {
        Outcome {
            cost: Some(UsdNanos::default()),
            error: Some(OutcomeError {
                kind: ErrorKind::Render,
                message: self.0,
            }),
            ..blank
        }
    }
}

impl PromptAsker {
    /// Compiles the templates.
    pub(super) fn new(work: &PromptWork, attempts_max: u32, reuse: Option<Arc<Reuse>>) -> Result<Self, RenderError> {
        Ok(Self {
            reuse,
            attempts_max,
            limiter: work.limiter.clone(),
            retries: RetryBudget::default(),
            model: work.prompt.model.clone(),
            renderer: Renderer::new(&work.prompt)?,
            provider: Arc::clone(&work.provider),
        })
    }

    /// The model that is asked, with its settings.
    pub(super) fn model(&self) -> &ModelConfig {
        &self.model
    }

    /// The messages for an example.
    pub(super) fn render(&self, example: &ExampleContent) -> Result<Vec<RenderedMessage>, NotSent> {
        Ok(self.renderer.render(example)?)
    }

    /// The messages for an input.
    pub(super) fn render_input(&self, input: Json, around: &ExampleContext) -> Result<Vec<RenderedMessage>, NotSent> {
        Ok(self.renderer.render_input(input, around)?)
    }

    /// The outcome with the answer of an earlier run, where the run may use one and there is one.
    pub(super) async fn known(&self, blank: &Outcome, messages: &[RenderedMessage]) -> Option<Outcome> {
        self.reuse.as_ref()?.answer(blank, &self.model, messages).await
    }

    /// Waits for a place among the requests that the endpoint takes; `None` where their number is fixed.
    pub(super) async fn enter(&self) -> Option<Permit> {
        let limiter = self.limiter.as_ref()?;
        loop {
            if let Some(permit) = limiter.try_enter() {
                return Some(permit);
            }
            limiter.freed().await;
        }
    }

    /// Asks until there is an answer, or an end to it. Nothing is graded.
    pub(super) async fn send(
        &self,
        blank: Outcome,
        messages: Vec<RenderedMessage>,
        example: &Example,
        ends_at: Option<Instant>,
    ) -> Asked {
        let mut request = ChatRequest::new(self.model.clone(), messages);
        request.repeat = blank.repeat;
        let mut conversation = Conversation::new(example);
        let patience = Patience {
            attempts_max: self.attempts_max,
            ends_at,
            budget: &self.retries,
            limiter: self.limiter.as_deref(),
        };
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
                    Turn::Answer(reply) => return conversation.answered(blank, request.messages, *reply).into(),
                },
                Err(error) => {
                    let outcome = conversation.failed(blank, request.messages, error);
                    return Asked { outcome, wait };
                }
            }
        }
    }
}

fn after_results(choice: &ToolChoice) -> ToolChoice {
    match choice {
        ToolChoice::Required | ToolChoice::Named(_) => ToolChoice::Auto,
        other => other.clone(),
    }
}
