//! Layout 2 of outcomes: before tokens that were written to a cache, and before scores with a value.

use serde::{Deserialize, Serialize};

use super::outcome_1::{Score1, Usage1};
use crate::domain::grader::Score;
use crate::domain::hash::ContentHash;
use crate::domain::ids::{ExampleId, RunId};
use crate::domain::json::JsonText;
use crate::domain::money::UsdNanos;
use crate::domain::outcome::{Attempt, DocumentRef, FailureCategory, Outcome, OutcomeError, RenderedMessage, ToolCall};
use crate::domain::time::Timestamp;

#[derive(Serialize, Deserialize)]
struct Attempt2 {
    latency_ms: u64,
    status: Option<u16>,
    error: Option<OutcomeError>,
    usage: Usage1,
    cost: Option<UsdNanos>,
    waited_ms: u64,
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct Outcome2 {
    run: RunId,
    index: u64,
    repeat: u32,
    example: ExampleId,
    example_hash: ContentHash,
    rendered: Vec<RenderedMessage>,
    documents: Vec<DocumentRef>,
    tool_calls: Vec<ToolCall>,
    raw_response: String,
    earlier_responses: Vec<String>,
    text: Option<String>,
    parsed: Option<JsonText>,
    parse_error: Option<String>,
    refusal: Option<String>,
    finish_reason: Option<String>,
    resolved_model: Option<String>,
    system_fingerprint: Option<String>,
    response_id: Option<String>,
    usage: Usage1,
    latency_ms: u64,
    time_to_first_token_ms: Option<u64>,
    attempts: Vec<Attempt2>,
    reused_from: Option<RunId>,
    cost: Option<UsdNanos>,
    error: Option<OutcomeError>,
    scores: Vec<Score1>,
    failure_category: Option<FailureCategory>,
    finished_at: Timestamp,
}

impl From<Outcome2> for Outcome {
    fn from(old: Outcome2) -> Self {
        let attempt = |attempt: Attempt2| Attempt {
            latency_ms: attempt.latency_ms,
            status: attempt.status,
            error: attempt.error,
            usage: attempt.usage.into(),
            cost: attempt.cost,
            waited_ms: attempt.waited_ms,
        };
        Self {
            run: old.run,
            index: old.index,
            repeat: old.repeat,
            example: old.example,
            example_hash: old.example_hash,
            rendered: old.rendered,
            documents: old.documents,
            tool_calls: old.tool_calls,
            raw_response: old.raw_response,
            earlier_responses: old.earlier_responses,
            text: old.text,
            parsed: old.parsed,
            parse_error: old.parse_error,
            refusal: old.refusal,
            finish_reason: old.finish_reason,
            resolved_model: old.resolved_model,
            system_fingerprint: old.system_fingerprint,
            response_id: old.response_id,
            usage: old.usage.into(),
            latency_ms: old.latency_ms,
            time_to_first_token_ms: old.time_to_first_token_ms,
            attempts: old.attempts.into_iter().map(attempt).collect(),
            reused_from: old.reused_from,
            cost: old.cost,
            error: old.error,
            scores: old.scores.into_iter().map(Score::from).collect(),
            judgements: Vec::new(),
            steps: Vec::new(),
            failure_category: old.failure_category,
            finished_at: old.finished_at,
        }
    }
}
