//! Providers: the models that answer, one module for each wire format.
//! May use: `domain`, and the HTTP client, which no other layer may.
//! Must never: store anything, decide a rule, or let a secret into a message, a reply or a record.
//!
//! A provider makes one attempt and says whether another may help; [`retry::exchange`] makes the attempts.

mod anthropic;
mod base_url;
pub mod cassette;
mod command;
mod embeddings;
mod environment;
mod failure;
mod flags;
mod gemini;
mod http;
mod http_provider;
pub mod limiter;
mod limits;
mod ollama;
mod openai;
mod openai_responses;
pub mod price;
mod redact;
pub mod retry;
mod secret;
mod services;
pub mod simulated;
mod simulation;
mod stream;
mod wire;

pub use environment::Environment;
pub use limits::RateLimits;
pub use price::PriceTable;
pub use retry::{Exchange, Patience, RetryBudget, exchange};
pub use secret::Secret;
pub use services::{connect, connect_embeddings, connect_in, connect_taped, provider_names};
pub use simulation::SimulatedProvider;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::json::JsonText;
use crate::domain::model::ModelConfig;
use crate::domain::money::UsdNanos;
use crate::domain::outcome::{ErrorKind, RenderedMessage, ToolCall, Usage};
use crate::domain::prompt::Role;
use crate::domain::run::AnswerSource;

/// What is asked of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatRequest {
    /// Which model, and with which settings.
    pub model: ModelConfig,
    /// The messages in order.
    pub messages: Vec<RenderedMessage>,
    /// What the model called after them, and what the tools answered.
    pub rounds: Vec<ToolRound>,
    /// Which repeat of its example asks, from 0. It is sent to nobody: only the simulated model, which is to answer
    /// otherwise now and then, goes by it.
    pub repeat: u32,
}

impl ChatRequest {
    /// A request before any tool was called.
    pub fn new(model: ModelConfig, messages: Vec<RenderedMessage>) -> Self {
        Self {
            model,
            messages,
            rounds: Vec::new(),
            repeat: 0,
        }
    }
}

/// A turn in which the model called tools and got their results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolRound {
    /// The model's message as [`ChatReply::message`] gave it: it goes back as it came, since providers want their own
    /// thoughts and signatures again.
    pub message: JsonText,
    /// Its calls with their results.
    pub calls: Vec<ToolCall>,
}

/// What came back from one attempt that was answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChatReply {
    /// The body as text before anything was parsed, without secrets.
    pub raw: String,
    /// The model's text in it; `None` where it only called tools or refused.
    pub text: Option<String>,
    /// The calls that it asks for, without results.
    pub tool_calls: Vec<ToolCall>,
    /// The message with the calls in the provider's own form, for a [`ToolRound`]; `None` where there are none.
    pub message: Option<JsonText>,
    /// What it refused with.
    pub refusal: Option<String>,
    /// Why generation ended, in the provider's word.
    pub finish_reason: Option<String>,
    /// The model that answered, which an alias may hide.
    pub resolved_model: Option<String>,
    /// The provider's own mark of its configuration.
    pub system_fingerprint: Option<String>,
    /// The provider's id of the response.
    pub response_id: Option<String>,
    /// Tokens, as the provider counted them.
    pub usage: Usage,
    /// What it cost, as the provider says or else by list price; `None` where neither is known.
    pub cost: Option<UsdNanos>,
    /// What the provider says about how much more it takes.
    pub rate_limits: RateLimits,
    /// The HTTP status; `None` where no HTTP was spoken.
    pub status: Option<u16>,
    /// From the first byte sent to the last received, in milliseconds.
    pub latency_ms: u64,
    /// From the first byte sent to the first piece of text or of a call, thoughts apart, in milliseconds; `None` where
    /// the answer was not streamed.
    pub time_to_first_token_ms: Option<u64>,
}

/// Whether the same request may get an answer later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The cause may pass.
    Yes,
    /// It will fail again.
    No,
}

/// Why an attempt has no answer, or a provider cannot be used at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    /// What kind, as outcomes record it.
    pub kind: ErrorKind,
    /// What failed and why, without secrets.
    pub message: String,
    /// The HTTP status, where one came.
    pub status: Option<u16>,
    /// How long the provider asks to wait.
    pub retry_after: Option<Duration>,
    /// Whether another attempt may help.
    pub retry: Retry,
    /// The body that came instead of an answer, without secrets.
    pub raw: Option<String>,
    /// Tokens that the provider counted all the same, as in a stream that was cut.
    pub usage: Box<Usage>,
    /// What the provider says about how much more it takes.
    pub rate_limits: Box<RateLimits>,
    /// How long the attempt took, in milliseconds.
    pub latency_ms: u64,
    /// Whether it may have been charged all the same: the request went out, and nobody said that it was refused.
    pub may_be_charged: bool,
}

impl ProviderError {
    /// An error before any reply: no status, no body. A request without an answer in time, or with one that cannot be
    /// read, may have been charged.
    pub fn new(kind: ErrorKind, retry: Retry, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            status: None,
            retry_after: None,
            retry,
            raw: None,
            usage: Box::default(),
            rate_limits: Box::default(),
            latency_ms: 0,
            may_be_charged: matches!(kind, ErrorKind::Timeout | ErrorKind::BadResponse),
        }
    }
}

/// An answer on its way.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<ChatReply, ProviderError>> + Send + 'a>>;

/// A place where models answer.
pub trait Provider: Send + Sync {
    /// Makes one attempt.
    fn answer<'a>(&'a self, request: &'a ChatRequest) -> Answering<'a>;

    /// Whether a model answers, the simulated one, or a cassette.
    fn source(&self) -> AnswerSource;

    /// Where requests go, without secrets, whoever named it; `None` where there is no such place.
    fn endpoint(&self) -> Option<String> {
        None
    }

    /// What tokens of this model cost at list price; `None` where the price or the tokens are unknown, never a guess.
    fn cost(&self, model_name: &str, usage: &Usage) -> Option<UsdNanos>;

    /// Settings that mean something else here than their name says, one sentence each, to be shown before a run.
    fn notes(&self, model: &ModelConfig) -> Vec<String>;

    /// The same for messages of these roles, in the order of the prompt.
    fn role_notes(&self, _roles: &[Role]) -> Vec<String> {
        Vec::new()
    }
}

/// Where requests go, how long one attempt may take, and what it costs.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// Such as `http://127.0.0.1:8080/v1`, or a program and its arguments for `command`; `None` for what the
    /// environment or the provider says.
    pub base_url: Option<String>,
    /// Time for one attempt.
    pub timeout: Duration,
    /// List prices.
    pub prices: Arc<PriceTable>,
}
