//! Layout 3 of outcomes: before judgements and the steps of chains.

use serde::{Deserialize, Serialize};

use crate::domain::grader::Score;
use crate::domain::hash::ContentHash;
use crate::domain::ids::{ExampleId, RunId};
use crate::domain::json::JsonText;
use crate::domain::money::UsdNanos;
use crate::domain::outcome::{
    Attempt, DocumentRef, FailureCategory, Outcome, OutcomeError, RenderedMessage, ToolCall, Usage,
};
use crate::domain::time::Timestamp;

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct Outcome3 {
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
    usage: Usage,
    latency_ms: u64,
    time_to_first_token_ms: Option<u64>,
    attempts: Vec<Attempt>,
    reused_from: Option<RunId>,
    cost: Option<UsdNanos>,
    error: Option<OutcomeError>,
    scores: Vec<Score>,
    failure_category: Option<FailureCategory>,
    finished_at: Timestamp,
}

impl From<Outcome3> for Outcome {
    fn from(old: Outcome3) -> Self {
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
            usage: old.usage,
            latency_ms: old.latency_ms,
            time_to_first_token_ms: old.time_to_first_token_ms,
            attempts: old.attempts,
            reused_from: old.reused_from,
            cost: old.cost,
            error: old.error,
            scores: old.scores,
            judgements: Vec::new(),
            steps: Vec::new(),
            failure_category: old.failure_category,
            finished_at: old.finished_at,
        }
    }
}
