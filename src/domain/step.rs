//! What one step of a chain did for one example.

use serde::{Deserialize, Serialize};

use super::hash::ContentHash;
use super::ids::{RunId, VersionId};
use super::json::JsonText;
use super::money::UsdNanos;
use super::outcome::{Attempt, OutcomeError, RenderedMessage, ToolCall, Usage};

/// One step that ran. A step that no route led to leaves none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepOutcome {
    /// The step's name within the chain.
    pub name: String,
    /// The prompt version that it ran.
    pub version: VersionId,
    /// The hash of its content.
    pub content_hash: ContentHash,
    /// The messages as sent.
    pub rendered: Vec<RenderedMessage>,
    /// Tool calls with their results.
    pub tool_calls: Vec<ToolCall>,
    /// The reply's bytes as text before anything was parsed.
    pub raw_response: String,
    /// The replies of earlier rounds, which only called tools, in order.
    pub earlier_responses: Vec<String>,
    /// The model's text in it.
    pub text: Option<String>,
    /// What the step's parser made of the text.
    pub parsed: Option<JsonText>,
    /// Why it could not be parsed.
    pub parse_error: Option<String>,
    /// What the model refused with.
    pub refusal: Option<String>,
    /// Why generation ended, in the provider's word.
    pub finish_reason: Option<String>,
    /// The model that answered, which an alias may hide.
    pub resolved_model: Option<String>,
    /// The provider's own mark of its configuration.
    pub system_fingerprint: Option<String>,
    /// The provider's id of the response.
    pub response_id: Option<String>,
    /// Tokens.
    pub usage: Usage,
    /// From the first byte sent to the last received, over all turns, in milliseconds.
    pub latency_ms: u64,
    /// Every try.
    pub attempts: Vec<Attempt>,
    /// The run whose stored answer was used instead of asking again.
    pub reused_from: Option<RunId>,
    /// What all tries cost; `None` where the price is unknown.
    pub cost: Option<UsdNanos>,
    /// Why there is no answer.
    pub error: Option<OutcomeError>,
}

impl StepOutcome {
    /// Whether it ended the example: there is no answer, or none that its parser could read.
    pub fn has_failed(&self) -> bool {
        self.error.is_some() || self.parse_error.is_some()
    }

    /// What it cost, or whose answer it has.
    pub fn cost_text(&self) -> String {
        match (self.reused_from, self.cost) {
            (Some(run), _) => format!("reused from {run}"),
            (None, Some(cost)) => cost.to_string(),
            (None, None) => "cost unknown".to_owned(),
        }
    }
}
