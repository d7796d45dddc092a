//! A judgement: what a model that judges said of one answer, with all that led to it.

use serde::{Deserialize, Serialize};

use super::hash::ContentHash;
use super::ids::VersionId;
use super::money::UsdNanos;
use super::outcome::{OutcomeError, RenderedMessage, Usage};

/// One answer of a judge. A grader that asks several judges, or one of them several times, leaves one for each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The grader that asked.
    pub grader: String,
    /// The judge: the prompt version that was asked.
    pub judge: VersionId,
    /// The hash of its content.
    pub judge_hash: ContentHash,
    /// Which of the judge's repeats, from 0.
    pub repeat: u32,
    /// Whether the two answers of a pairwise comparison stood in the other order.
    pub is_swapped: bool,
    /// The messages as sent.
    pub rendered: Vec<RenderedMessage>,
    /// The reply's bytes as text before anything was parsed.
    pub raw_response: String,
    /// What it chose: a class, `first`, `second` or `tie`.
    pub label: Option<String>,
    /// The number that it gave, on the rubric's own scale.
    pub score: Option<f64>,
    /// Its reasons, in its words.
    pub explanation: String,
    /// The model that answered, which an alias may hide.
    pub resolved_model: Option<String>,
    /// Tokens.
    pub usage: Usage,
    /// Time of all tries together, in milliseconds.
    pub latency_ms: u64,
    /// What it cost; `None` where the price is unknown.
    pub cost: Option<UsdNanos>,
    /// Why there is no judgement.
    pub error: Option<OutcomeError>,
}
