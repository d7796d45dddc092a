//! Layout 4 of outcomes: before reused answers of steps, and reused judgements.

use serde::{Deserialize, Serialize};

use crate::domain::grader::Score;
use crate::domain::hash::ContentHash;
use crate::domain::ids::{ExampleId, RunId, VersionId};
use crate::domain::json::JsonText;
use crate::domain::judgement::{JudgedBy, Judgement};
use crate::domain::money::UsdNanos;
use crate::domain::outcome::{
    Attempt, DocumentRef, FailureCategory, Outcome, OutcomeError, RenderedMessage, ToolCall, Usage,
};
use crate::domain::run::AnswerSource;
use crate::domain::step::StepOutcome;
use crate::domain::time::Timestamp;

#[derive(Serialize, Deserialize)]
struct StepOutcome4 {
    name: String,
    version: VersionId,
    content_hash: ContentHash,
    rendered: Vec<RenderedMessage>,
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
    attempts: Vec<Attempt>,
    cost: Option<UsdNanos>,
    error: Option<OutcomeError>,
}

#[derive(Serialize, Deserialize)]
struct Judgement4 {
    grader: String,
    judge: JudgedBy,
    source: AnswerSource,
    repeat: u32,
    is_swapped: bool,
    rendered: Vec<RenderedMessage>,
    raw_response: String,
    label: Option<String>,
    score: Option<f64>,
    passed: Option<bool>,
    explanation: String,
    resolved_model: Option<String>,
    usage: Usage,
    latency_ms: u64,
    cost: Option<UsdNanos>,
    error: Option<OutcomeError>,
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct Outcome4 {
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
    judgements: Vec<Judgement4>,
    steps: Vec<StepOutcome4>,
    failure_category: Option<FailureCategory>,
    finished_at: Timestamp,
}

impl From<StepOutcome4> for StepOutcome {
    fn from(old: StepOutcome4) -> Self {
        Self {
            name: old.name,
            version: old.version,
            content_hash: old.content_hash,
            rendered: old.rendered,
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
            attempts: old.attempts,
            reused_from: None,
            cost: old.cost,
            error: old.error,
        }
    }
}

impl From<Judgement4> for Judgement {
    fn from(old: Judgement4) -> Self {
        Self {
            grader: old.grader,
            judge: old.judge,
            source: old.source,
            repeat: old.repeat,
            is_swapped: old.is_swapped,
            rendered: old.rendered,
            raw_response: old.raw_response,
            label: old.label,
            score: old.score,
            passed: old.passed,
            explanation: old.explanation,
            resolved_model: old.resolved_model,
            usage: old.usage,
            latency_ms: old.latency_ms,
            reused_from: None,
            cost: old.cost,
            error: old.error,
        }
    }
}

impl From<Outcome4> for Outcome {
    fn from(old: Outcome4) -> Self {
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
            judgements: old.judgements.into_iter().map(Judgement::from).collect(),
            steps: old.steps.into_iter().map(StepOutcome::from).collect(),
            failure_category: old.failure_category,
            finished_at: old.finished_at,
        }
    }
}
