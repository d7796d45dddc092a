//! The steps of a chain's outcome as texts: what each was sent, what it said, and what was made of it.

use super::super::run_figures;
use crate::domain::step::StepOutcome;

/// What each step was sent and said.
pub(super) fn messages_text(steps: &[StepOutcome]) -> String {
    let texts: Vec<String> = steps.iter().map(step_text).collect();
    texts.join("\n\n")
}

/// The replies as they came.
pub(super) fn raw_text(steps: &[StepOutcome]) -> String {
    let texts = steps
        .iter()
        .map(|step| format!("== {} ==\n{}", step.name, step.raw_response));
    texts.collect::<Vec<_>>().join("\n\n")
}

fn step_text(step: &StepOutcome) -> String {
    let latency = run_figures::latency(step.latency_ms);
    let cost = step.cost_text();
    let mut parts = vec![format!("== {}  {}  {latency}  {cost} ==", step.name, step.version)];
    let messages = step.rendered.iter();
    parts.extend(messages.map(|message| format!("-- {} --\n{}", message.role, message.text)));
    let calls = step.tool_calls.iter();
    parts.extend(calls.map(|call| format!("tool call {}({})", call.name, call.arguments)));
    parts.extend(step.text.as_ref().map(|text| format!("-- answer --\n{text}")));
    parts.extend(step.refusal.as_ref().map(|refusal| format!("-- refusal --\n{refusal}")));
    parts.extend(step.parsed.as_ref().map(|parsed| format!("-- parsed --\n{parsed}")));
    parts.extend(step.parse_error.as_ref().map(|error| format!("not parsed: {error}")));
    let error = step.error.as_ref();
    parts.extend(error.map(|error| format!("{}: {}", error.kind.as_str(), error.message)));
    parts.join("\n")
}
