//! A trace: one production request, and the release that answered it.

use serde::{Deserialize, Serialize};

use super::ids::{PromotionId, TraceId, VersionId};
use super::money::UsdNanos;
use super::outcome::Usage;
use super::time::Timestamp;

/// A timed part of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// What happened.
    pub name: String,
    /// From the start of the trace, in milliseconds.
    pub start_ms: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// What went wrong.
    pub error: Option<String>,
}

/// What somebody said of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// `thumbs_up`, `thumbs_down` or the application's own word.
    pub kind: String,
    /// In words.
    pub comment: String,
    /// When.
    pub at: Timestamp,
}

/// One production request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The application's id of it.
    pub id: TraceId,
    /// The release that answered.
    pub release: PromotionId,
    /// The version behind it, as the application says.
    pub version: VersionId,
    /// The answer's text.
    pub response: String,
    /// Its parts.
    pub spans: Vec<Span>,
    /// Tokens.
    pub usage: Usage,
    /// Cost; `None` where the price is unknown.
    pub cost: Option<UsdNanos>,
    /// What people said of it.
    pub feedback: Vec<Feedback>,
    /// When it began.
    pub started_at: Timestamp,
}
