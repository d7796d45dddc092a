//! Providers: the models that answer, one module for each wire format.
//! May use: `domain`, and the HTTP client, which no other layer may.
//! Must never: store anything, decide a rule, or let a secret into a message, a reply or a record.
//!
//! A provider makes one attempt and says whether another may help; [`retry::exchange`] makes the attempts.

mod base_url;
mod http;
pub mod limiter;
mod openai;
pub mod price;
mod redact;
pub mod retry;
mod secret;
pub mod simulated;
mod simulation;

pub use openai::OpenAiProvider;
pub use retry::{Exchange, Patience, RetryBudget, exchange};
pub use secret::Secret;
pub use simulation::SimulatedProvider;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::model::ModelConfig;
use crate::domain::money::UsdNanos;
use crate::domain::outcome::{ErrorKind, RenderedMessage, ToolCall, Usage};
use crate::domain::run::AnswerSource;

/// The providers that [`connect`] knows.
pub const PROVIDER_NAMES: [&str; 2] = ["openai", "simulated"];

/// What is asked of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatRequest {
    /// Which model, and with which settings.
    pub model: ModelConfig,
    /// The messages in order.
    pub messages: Vec<RenderedMessage>,
}

/// What came back from one attempt that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatReply {
    /// The body as text before anything was parsed, without secrets.
    pub raw: String,
    /// The model's text in it; `None` where it only called tools or refused.
    pub text: Option<String>,
    /// The calls that it asks for, without results.
    pub tool_calls: Vec<ToolCall>,
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
    /// The HTTP status; `None` where no HTTP was spoken.
    pub status: Option<u16>,
    /// From the first byte sent to the last received, in milliseconds.
    pub latency_ms: u64,
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

    /// Whether a model answers or the simulated one.
    fn source(&self) -> AnswerSource;

    /// What an answer of this model cost; `None` where the price or the tokens are unknown, never a guess.
    fn cost(&self, model_name: &str, usage: &Usage) -> Option<UsdNanos>;

    /// Settings that mean something else here than their name says, one sentence each, to be shown before a run.
    fn notes(&self, model: &ModelConfig) -> Vec<String>;
}

/// Where requests go, and how long one attempt may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Such as `http://127.0.0.1:8080/v1`; `None` for what the environment or the provider says.
    pub base_url: Option<String>,
    /// Time for one attempt.
    pub timeout: Duration,
}

/// What the environment says about providers. Read once, so that tests need not change the environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    /// `OPENAI_API_KEY`, sent to whichever endpoint is used.
    pub api_key: Option<Secret>,
    /// `OPENAI_BASE_URL`, for endpoints without one.
    pub base_url: Option<String>,
}

impl Environment {
    /// Reads the variables of this process. One that is empty or not Unicode counts as not set.
    pub fn read() -> Self {
        let variable = |name: &str| std::env::var(name).ok();
        Self {
            api_key: variable("OPENAI_API_KEY").and_then(|key| Secret::new(&key)),
            base_url: variable("OPENAI_BASE_URL").filter(|url| !url.trim().is_empty()),
        }
    }
}

/// Makes a provider ready: `openai` or `simulated`. Nothing is sent yet.
///
/// # Errors
///
/// The name is unknown, the base URL is none, or the key that it needs is not set.
pub fn connect(provider: &str, endpoint: &Endpoint) -> Result<Arc<dyn Provider>, ProviderError> {
    connect_in(&Environment::read(), provider, endpoint)
}

/// [`connect`] with the environment as a value.
///
/// # Errors
///
/// As [`connect`].
pub fn connect_in(
    environment: &Environment,
    provider: &str,
    endpoint: &Endpoint,
) -> Result<Arc<dyn Provider>, ProviderError> {
    match provider {
        "openai" => Ok(Arc::new(OpenAiProvider::connect(environment, endpoint)?)),
        "simulated" => Ok(Arc::new(SimulatedProvider)),
        _ => {
            let known = PROVIDER_NAMES.join(", ");
            let message = format!("unknown provider '{provider}': known are {known}");
            Err(ProviderError::new(ErrorKind::BadRequest, Retry::No, message))
        }
    }
}
