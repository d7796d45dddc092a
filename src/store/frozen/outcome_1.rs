//! Layout 1 of outcomes: before repeats, rounds of tool calls, streamed and reused answers, and the cost of each try.

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

/// As layout 2 has it too.
#[derive(Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "an export writes them by these names")]
pub(super) struct Usage1 {
    input_tokens: Option<u64>,
    cached_tokens: Option<u64>,
    output_tokens: Option<u64>,
    reasoning_tokens: Option<u64>,
}

impl From<Usage1> for Usage {
    fn from(old: Usage1) -> Self {
        Self {
            input_tokens: old.input_tokens,
            cached_tokens: old.cached_tokens,
            cache_write_tokens: None,
            output_tokens: old.output_tokens,
            reasoning_tokens: old.reasoning_tokens,
        }
    }
}

/// As layout 2 has it too.
#[derive(Serialize, Deserialize)]
pub(super) struct Score1 {
    grader: String,
    passed: bool,
    explanation: String,
}

impl From<Score1> for Score {
    fn from(old: Score1) -> Self {
        Self {
            grader: old.grader,
            passed: old.passed,
            explanation: old.explanation,
            value: None,
            part_of: Vec::new(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct ToolCall1 {
    id: String,
    name: String,
    arguments: String,
    result: Option<JsonText>,
}

#[derive(Serialize, Deserialize)]
struct Attempt1 {
    latency_ms: u64,
    status: Option<u16>,
    error: Option<OutcomeError>,
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct Outcome1 {
    run: RunId,
    index: u64,
    example: ExampleId,
    example_hash: ContentHash,
    rendered: Vec<RenderedMessage>,
    documents: Vec<DocumentRef>,
    tool_calls: Vec<ToolCall1>,
    raw_response: String,
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
    attempts: Vec<Attempt1>,
    cost: Option<UsdNanos>,
    error: Option<OutcomeError>,
    scores: Vec<Score1>,
    failure_category: Option<FailureCategory>,
    finished_at: Timestamp,
}

impl From<Outcome1> for Outcome {
    fn from(old: Outcome1) -> Self {
        let tool_call = |call: ToolCall1| ToolCall {
            id: call.id,
            name: call.name,
            arguments: call.arguments,
            result: call.result,
            round: 0,
        };
        let attempt = |attempt: Attempt1| Attempt {
            latency_ms: attempt.latency_ms,
            status: attempt.status,
            error: attempt.error,
            usage: Usage::default(),
            cost: None,
            waited_ms: 0,
        };
        Self {
            run: old.run,
            index: old.index,
            repeat: 0,
            example: old.example,
            example_hash: old.example_hash,
            rendered: old.rendered,
            documents: old.documents,
            tool_calls: old.tool_calls.into_iter().map(tool_call).collect(),
            raw_response: old.raw_response,
            earlier_responses: Vec::new(),
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
            time_to_first_token_ms: None,
            attempts: old.attempts.into_iter().map(attempt).collect(),
            reused_from: None,
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
